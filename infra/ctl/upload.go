package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
)

// uploadPlace is where a file of rows is to be put.
type uploadPlace struct {
	Batch     string            `json:"batch"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	ExpiresAt time.Time         `json:"expires_at"`
	MaxBytes  int64             `json:"max_bytes"`
}

// packed is a file of rows as it is uploaded: NDJSON, gzip, each row with its action.
type packed struct {
	file *os.File
	size int64
	rows int64
	// key is drawn from the rows, so that to upload them again does nothing.
	key string
}

// upload sends a file as a whole and, if asked to, waits for what becomes of its rows.
func (p *pusher) upload(ctx context.Context, name string, file *rowFile) error {
	f, err := p.pack(ctx, file)
	if f != nil {
		defer func() {
			_ = f.file.Close()
			_ = os.Remove(f.file.Name())
		}()
	}
	if err != nil {
		return &halfway{fmt.Errorf("%s: %w", describeFile(name), err), "Nothing was uploaded."}
	}
	place, done, err := p.place(ctx, f)
	if err != nil {
		return err
	}
	if !done {
		if err := p.put(ctx, place, f); err != nil {
			return &halfway{fmt.Errorf("upload the file: %w", err), "Push it again to go on; nothing will be applied twice."}
		}
	}
	sent := []pushed{{Batch: place.Batch, Rows: f.rows, first: 1}}
	if !p.wait {
		return p.report(pushReport{}, sent, nil)
	}
	report, failed, err := p.await(ctx, sent)
	if ctx.Err() != nil {
		return &halfway{err, fmt.Sprintf("The file is uploaded and its rows go on being applied: `leadline batches watch %s` shows how far.", place.Batch)}
	}
	if err != nil {
		return err
	}
	if done {
		report.Before = 1
	}
	return p.report(report, sent, failed)
}

// pack writes the rows of a file into a temporary one.
func (p *pusher) pack(ctx context.Context, from *rowFile) (*packed, error) {
	line := p.c.progress("Packing", bytesOf)
	defer line.end()
	file, err := os.CreateTemp("", "leadline-*.ndjson.gz")
	if err != nil {
		return nil, err
	}
	to, hash := &packed{file: file}, sha256.New()
	z := gzip.NewWriter(file)
	both := io.MultiWriter(z, hash)
	_, _ = fmt.Fprintf(hash, "%q %q\n", p.connection, p.objectKey()) // a hash takes everything
	for {
		row, err := from.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return to, err
		}
		compact, err := onOneLine(withAction(row, p.action))
		if err != nil {
			return to, err
		}
		if _, err := both.Write(compact); err != nil {
			return to, err
		}
		to.rows++
		line.show(from.read.n, from.size, fmt.Sprintf("%d rows", to.rows))
	}
	if to.rows == 0 {
		return to, errNoRows
	}
	if err := z.Close(); err != nil {
		return to, err
	}
	to.key = hex.EncodeToString(hash.Sum(nil))
	to.size, err = file.Seek(0, io.SeekCurrent)
	return to, err
}

// place asks where to put a file, and tells whether the same file was put there before.
func (p *pusher) place(ctx context.Context, f *packed) (place uploadPlace, done bool, err error) {
	body, err := json.Marshal(map[string]string{"objectname": p.object, "connection": p.connection})
	if p.connection == "" {
		body, err = json.Marshal(map[string]string{"objectname": p.object})
	}
	if err != nil {
		return place, false, err
	}
	const places = 24 // as many as can have expired in the day for which the API remembers them
	for n := range places {
		key := fmt.Sprintf("%s %d", f.key, n)
		if _, err := p.api.call(ctx, request{method: http.MethodPost, path: []string{"uploads"}, body: body,
			header: http.Header{"Idempotency-Key": {key}}}, &place); err != nil {
			return place, false, err
		}
		var b batch
		if err := p.api.get(ctx, &b, url.Values{"limit": {"1"}, "only": {"failed"}}, "push", place.Batch); err != nil {
			return place, false, err
		}
		if b.Status != "uploading" {
			return place, true, nil
		}
		if place.MaxBytes > 0 && f.size > place.MaxBytes {
			return place, false, fmt.Errorf("the file has %s packed; at most %s are taken: split it", bytesOf(f.size), bytesOf(place.MaxBytes))
		}
		if place.ExpiresAt.After(p.c.now().Add(time.Minute)) {
			return place, false, nil
		}
	}
	return place, false, fmt.Errorf("the places that the API gives to upload to have all expired: is the clock of this machine right?")
}

// put writes the file to its place and says that it is complete.
func (p *pusher) put(ctx context.Context, place uploadPlace, f *packed) error {
	line := p.c.progress("Uploading", bytesOf)
	defer line.end()
	header := http.Header{}
	for name, value := range place.Headers {
		header.Set(name, value)
	}
	files := p.c.sender()
	files.http = &http.Client{Transport: p.c.http.Transport} // a large file takes its time
	_, _, err := files.stream(ctx, place.Method, place.URL, header, func() (io.Reader, int64, error) {
		_, err := f.file.Seek(0, io.SeekStart)
		return io.NopCloser(&drawn{counter{Reader: f.file}, line, f.size}), f.size, err
	})
	if err != nil {
		return err
	}
	line.end()
	_, err = p.api.call(ctx, request{method: http.MethodPost, path: []string{"uploads", place.Batch, "complete"}}, nil)
	return err
}

// drawn is a reader that shows how far it is read.
type drawn struct {
	counter
	line *progress
	size int64
}

func (r *drawn) Read(p []byte) (int, error) {
	n, err := r.counter.Read(p)
	r.line.show(r.n, r.size, "")
	return n, err
}
