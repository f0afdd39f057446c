package privacy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"

	"leadline/shared/blob"
	"leadline/shared/job"
)

const (
	// maxPartBytes is about how long a part of an export gets before it is written.
	maxPartBytes = 8 << 20
	// MaxFileBytes is the longest export that becomes one file; what is longer stays in parts.
	MaxFileBytes = 500 << 20
)

// Kinds of lines.
const (
	kindRecord     = "record"
	kindHistory    = "history"
	kindPayload    = "payload"
	kindQuarantine = "quarantine"
	kindDelivery   = "delivery"
	kindPerson     = "person"
	kindMember     = "member"
	kindLogin      = "login"
	kindAudit      = "audit"
)

// line is one line of an export.
type line struct {
	Kind       string `json:"kind"`
	Connection string `json:"connection,omitempty"`
	Object     string `json:"object,omitempty"`
	ID         string `json:"id"`
	Data       any    `json:"data"`
}

// Result is what an export ends with.
type Result struct {
	// File is the key of the whole in the payload bucket: lines of JSON, packed with gzip. Files are its parts instead, in
	// order, where the whole would be longer than MaxFileBytes.
	File  string   `json:"file,omitempty"`
	Files []string `json:"files,omitempty"`
	Bytes int64    `json:"bytes"`
}

// parts is the part of an export that is being written.
type parts struct {
	buf bytes.Buffer
	z   *gzip.Writer
}

func fileKey(j job.Job) string { return "exports/" + j.Organization + "/" + j.ID + ".ndjson.gz" }

func partKey(j job.Job, n int) string {
	return fmt.Sprintf("exports/%s/%s/%06d.ndjson.gz", j.Organization, j.ID, n)
}

// write adds a line to the export.
func (r *run) write(ctx context.Context, l line) error {
	if r.out.z == nil {
		r.out.z = gzip.NewWriter(&r.out.buf)
	}
	enc := json.NewEncoder(r.out.z)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return fmt.Errorf("write a line: %w", err)
	}
	if r.out.buf.Len() > maxPartBytes {
		return r.flush(ctx)
	}
	return nil
}

// flush stores what was written as a part. A step that is repeated writes the same parts again.
func (r *run) flush(ctx context.Context) error {
	if r.out.z == nil {
		return nil
	}
	if err := r.out.z.Close(); err != nil {
		return fmt.Errorf("pack a part: %w", err)
	}
	if err := r.Payloads.Put(ctx, partKey(r.job, r.at.Part), r.out.buf.Bytes()); err != nil {
		return fmt.Errorf("store a part: %w", err)
	}
	r.at.Part, r.at.Bytes = r.at.Part+1, r.at.Bytes+int64(r.out.buf.Len())
	r.out = parts{}
	return nil
}

func (r *run) partKeys() []string {
	keys := make([]string, r.at.Part)
	for n := range keys {
		keys[n] = partKey(r.job, n)
	}
	return keys
}

// join makes one file of the parts: members of gzip, one after the other, are one. It has a step of its own.
func (r *run) join(ctx context.Context) (bool, error) {
	if r.out.z != nil {
		if err := r.flush(ctx); err != nil {
			return false, err
		}
	}
	if r.at.Bytes > MaxFileBytes {
		return true, nil
	}
	if r.at.Part == 0 { // nothing was found
		packed, err := fitted(nil, emptyBytes)
		if err != nil {
			return false, err
		}
		return true, r.Payloads.Put(ctx, fileKey(r.job), packed)
	}
	all := &joined{ctx: ctx, from: r.Payloads, keys: r.partKeys(), size: r.at.Bytes}
	defer all.close()
	if err := r.Payloads.PutFrom(ctx, fileKey(r.job), all, all.size); err != nil {
		return false, fmt.Errorf("join: %w", err)
	}
	r.budget = 0 // what was joined is saved before the parts go
	return true, nil
}

// tidy ends an export: the parts go, unless they are the export.
func (r *run) tidy(ctx context.Context) (bool, error) {
	result := Result{File: fileKey(r.job), Bytes: r.at.Bytes}
	if r.at.Bytes > MaxFileBytes {
		result.File, result.Files = "", r.partKeys()
	}
	text, err := json.Marshal(result)
	if err != nil {
		return false, fmt.Errorf("result: %w", err)
	}
	if result.File != "" {
		for _, key := range r.partKeys() {
			if err := r.Payloads.Delete(ctx, key); err != nil {
				return false, err
			}
		}
	}
	r.job.Status, r.job.Result = job.Done, text
	return true, r.Payloads.Delete(ctx, foundKey(r.job))
}

// joined reads objects as one, one after the other. It seeks to its beginning and its end, which is all that storing it
// needs.
type joined struct {
	ctx  context.Context
	from blob.Store
	keys []string
	size int64
	at   int64
	n    int // of the next object
	open io.ReadCloser
}

// Read implements io.Reader.
func (j *joined) Read(p []byte) (int, error) {
	for {
		if j.open == nil {
			if j.n == len(j.keys) || j.at == j.size {
				return 0, io.EOF
			}
			body, _, err := j.from.Open(j.ctx, j.keys[j.n])
			if err != nil {
				return 0, fmt.Errorf("privacy: open a part: %w", err)
			}
			j.open, j.n = body, j.n+1
		}
		n, err := j.open.Read(p)
		j.at += int64(n)
		if errors.Is(err, io.EOF) {
			j.close()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Seek implements io.Seeker.
func (j *joined) Seek(offset int64, whence int) (int64, error) {
	to := offset
	switch whence {
	case io.SeekCurrent:
		to += j.at
	case io.SeekEnd:
		to += j.size
	}
	switch to {
	case j.at:
	case 0, j.size:
		j.close()
		j.at, j.n = to, 0
	default:
		return 0, fmt.Errorf("privacy: the parts are read from the beginning only")
	}
	return j.at, nil
}

func (j *joined) close() {
	if j.open != nil {
		_ = j.open.Close() // it was read only
		j.open = nil
	}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
