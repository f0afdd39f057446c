package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
)

type (
	pushed struct {
		Batch   string `json:"batch"`
		Rows    int64  `json:"rows"`
		Refused int64  `json:"refused"`
	}
	batch struct {
		Batch    string           `json:"batch"`
		Status   string           `json:"status"`
		Problem  string           `json:"problem,omitempty"`
		Object   string           `json:"object,omitempty"`
		Client   string           `json:"client,omitempty"`
		Rows     int64            `json:"rows,omitempty"`
		Counts   map[string]int64 `json:"counts"`
		Received *time.Time       `json:"received_at,omitempty"`
		Outcomes []rowOutcome     `json:"outcomes,omitempty"`
		Next     string           `json:"next,omitempty"`
	}
	rowOutcome struct {
		Row     int    `json:"row"`
		ID      string `json:"id,omitempty"`
		Outcome string `json:"outcome"`
		Code    string `json:"code,omitempty"`
		By      int    `json:"by,omitempty"`
		Detail  string `json:"detail,omitempty"`
		Entry   string `json:"entry,omitempty"`
	}
)

// The bounds of a request that pushes rows: below those of the API, for rows are not of one size.
const (
	maxPushBytes = 3 << 20
	maxRowBytes  = 1 << 20
)

// pusher pushes rows with the credentials of a client.
type pusher struct {
	c                  *command
	url, id, secretKey string
}

func (c *command) pushCommand() *cobra.Command {
	var object, client string
	var size int
	var wait bool
	cmd := &cobra.Command{
		Use: "push FILE", Short: "Push the rows of a file, as client software does", Args: cobra.ExactArgs(1),
		Long: "Push the rows of a file, as client software does: NDJSON, a row on each line, or a JSON array; - reads stdin. A row without an action is created.\n\n" +
			"The client is that of `make run`, or --client with its secret in LEADLINE_CLIENT_SECRET. Pushing the same file again changes nothing: each batch is named by what is in it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := c.pusher(client)
			if err != nil {
				return err
			}
			rows, closeFile, total, err := c.openRows(args[0])
			if err != nil {
				return err
			}
			defer closeFile()
			return p.push(cmd.Context(), object, rows, total, size, wait)
		},
	}
	cmd.Flags().StringVar(&object, "object", "", "the objectname of the rows")
	cmd.Flags().StringVar(&client, "client", "", "the clientid")
	cmd.Flags().IntVar(&size, "batch", 1000, "how many rows go into one request, at most 10000")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until all rows are applied, and say what became of them")
	_ = cmd.MarkFlagRequired("object") // it is there
	return cmd
}

func (c *command) pusher(client string) (*pusher, error) {
	base, secretText := c.getenv("LEADLINE_URL"), c.getenv("LEADLINE_CLIENT_SECRET")
	if client == "" || base == "" {
		r, err := c.readRunFile()
		if err != nil {
			return nil, err
		}
		if client == "" {
			client, secretText = r.Client.ClientID, r.Client.ClientSecret
		}
		if base == "" {
			base = r.BaseURL
		}
	}
	if client == "" || secretText == "" {
		return nil, usagef("say --client, and its secret in LEADLINE_CLIENT_SECRET")
	}
	return &pusher{c: c, url: base, id: client, secretKey: secretText}, nil
}

// rowReader gives rows one after another, io.EOF behind the last, and how many bytes were read so far.
type rowReader func() (row json.RawMessage, read int64, err error)

// openRows opens a file of rows.
func (c *command) openRows(name string) (rowReader, func(), int64, error) {
	in, closeFile, total := c.stdin, func() {}, int64(0)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, 0, err
		}
		info, err := f.Stat()
		if err != nil {
			_ = f.Close()
			return nil, nil, 0, err
		}
		in, closeFile, total = f, func() { _ = f.Close() }, info.Size()
	}
	rows, err := readRows(in)
	if err != nil {
		closeFile()
		return nil, nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return rows, closeFile, total, nil
}

// readRows reads NDJSON, or a JSON array.
func readRows(in io.Reader) (rowReader, error) {
	r := bufio.NewReaderSize(in, 64<<10)
	for { // what comes first tells the two apart
		b, err := r.ReadByte()
		if err == io.EOF {
			return nil, errors.New("there are no rows in it")
		}
		if err != nil {
			return nil, err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n\uFEFF"), rune(b)) && b < 0x80 {
			if err := r.UnreadByte(); err != nil {
				return nil, err
			}
			dec := json.NewDecoder(r)
			dec.UseNumber()
			if b == '[' {
				if _, err := dec.Token(); err != nil {
					return nil, err
				}
			}
			return decodeRows(dec, b == '['), nil
		}
	}
}

func decodeRows(dec *json.Decoder, array bool) rowReader {
	n := 0
	return func() (json.RawMessage, int64, error) {
		if array && !dec.More() {
			return nil, dec.InputOffset(), io.EOF
		}
		var row json.RawMessage
		err := dec.Decode(&row)
		if err != nil && err != io.EOF {
			err = fmt.Errorf("row %d: %w", n+1, err)
		}
		if len(row) > maxRowBytes {
			err = fmt.Errorf("row %d has %d bytes; at most %d are taken", n+1, len(row), maxRowBytes)
		}
		n++
		return row, dec.InputOffset(), err
	}
}

// withAction gives a row an action, if it has none.
func withAction(row json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(row, &fields) != nil || fields == nil {
		return row // the API says what is wrong with it
	}
	if _, has := fields["action"]; has {
		return row
	}
	rest := bytes.TrimSpace(row)[1:]
	comma := ","
	if len(fields) == 0 {
		comma = ""
	}
	return append([]byte(`{"action":"create"`+comma), rest...)
}

// push sends all rows in batches and, if wait, waits for what becomes of them.
func (p *pusher) push(ctx context.Context, object string, rows rowReader, total int64, size int, wait bool) error {
	if size < 1 || size > 10_000 {
		return usagef("a batch has 1 to 10000 rows")
	}
	sending := p.c.progress("Pushing")
	var batches []pushed
	var sum pushed
	data, n := []byte{'['}, 0
	flush := func(read int64) error {
		if n == 0 {
			return nil
		}
		answer, err := p.send(ctx, object, append(data, ']'))
		if err != nil {
			return err
		}
		batches = append(batches, answer)
		sum.Rows, sum.Refused = sum.Rows+answer.Rows, sum.Refused+answer.Refused
		sending.show(read, total, fmt.Sprintf("%d rows", sum.Rows))
		data, n = []byte{'['}, 0
		return nil
	}
	for {
		row, read, err := rows()
		if err == io.EOF {
			if err := flush(read); err != nil {
				return err
			}
			break
		}
		if err != nil {
			return err
		}
		row = withAction(row)
		if n == size || n > 0 && len(data)+len(row) > maxPushBytes {
			if err := flush(read); err != nil {
				return err
			}
		}
		if n > 0 {
			data = append(data, ',')
		}
		data, n = append(data, row...), n+1
	}
	sending.end()
	if len(batches) == 0 {
		return errors.New("there are no rows in it")
	}
	if !wait {
		return p.report(sum, nil, batches)
	}
	counts, err := p.await(ctx, batches, sum.Rows)
	if err != nil {
		return err
	}
	return p.report(sum, counts, batches)
}

// send pushes one batch. Its key is drawn from what is in it, so that it can be sent again without harm.
func (p *pusher) send(ctx context.Context, object string, data json.RawMessage) (pushed, error) {
	body, err := json.Marshal(map[string]any{"objectname": object, "data": data})
	if err != nil {
		return pushed{}, fmt.Errorf("write the request: %w", err)
	}
	digest := sha256.Sum256(body)
	header := p.header()
	header.Set("Content-Type", "application/json")
	header.Set("Idempotency-Key", hex.EncodeToString(digest[:]))
	answer, err := send(ctx, p.c.http, p.c.pause, http.MethodPost, p.url+"/v1/push", header, body)
	if err != nil {
		return pushed{}, err
	}
	var out pushed
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, fmt.Errorf("the answer to a push is not understood: %w", err)
	}
	return out, nil
}

func (p *pusher) header() http.Header {
	basic := base64.StdEncoding.EncodeToString([]byte(p.id + ":" + p.secretKey))
	return http.Header{"Authorization": {"Basic " + basic}, "Accept": {"application/json"}}
}

// await waits until all batches are finished and adds up what became of their rows.
func (p *pusher) await(ctx context.Context, batches []pushed, rows int64) (map[string]int64, error) {
	applying := p.c.progress("Applying")
	defer applying.end()
	counts := map[string]int64{}
	var done int64
	for _, sent := range batches {
		for {
			answer, err := send(ctx, p.c.http, p.c.pause, http.MethodGet, p.url+"/v1/push/"+url.PathEscape(sent.Batch)+"?limit=1", p.header(), nil)
			if err != nil {
				return nil, err
			}
			var b batch
			if err := json.Unmarshal(answer, &b); err != nil {
				return nil, fmt.Errorf("the answer about a batch is not understood: %w", err)
			}
			if b.Status == "refused" {
				return nil, fmt.Errorf("batch %s was refused: %s", b.Batch, b.Problem)
			}
			if b.Status == "finished" {
				for outcome, n := range b.Counts {
					counts[outcome] += n
				}
				done += sent.Rows
				applying.show(done, rows, "")
				break
			}
			if err := p.c.pause(ctx, 500*time.Millisecond); err != nil {
				return nil, err
			}
		}
	}
	return counts, nil
}

func (p *pusher) report(sum pushed, counts map[string]int64, batches []pushed) error {
	if p.c.asJSON {
		names := make([]string, len(batches))
		for i, b := range batches {
			names[i] = b.Batch
		}
		return p.c.printJSON(map[string]any{"rows": sum.Rows, "refused": sum.Refused, "counts": counts, "batches": names})
	}
	if counts == nil {
		p.c.printf("%d rows in %d batches are queued; %d of them are wrong in form and will be set aside.\n", sum.Rows, len(batches), sum.Refused)
		return nil
	}
	p.c.printf("%d rows in %d batches", sum.Rows, len(batches))
	for _, outcome := range []string{"applied", "superseded", "stale", "ignored", "set_aside"} {
		if counts[outcome] > 0 {
			p.c.printf(", %d %s", counts[outcome], outcome)
		}
	}
	p.c.printf(".\n")
	if counts["set_aside"] > 0 {
		p.c.printf("`leadline quarantine` shows what was set aside, and why.\n")
	}
	return nil
}
