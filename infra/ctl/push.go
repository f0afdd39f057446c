package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	pushed struct {
		Batch   string `json:"batch"`
		Rows    int64  `json:"rows"`
		Refused int64  `json:"refused"`
		// first is the number of its first row in the file, at when it was taken, by the other side's clock.
		first int64
		at    time.Time
	}
	// pushReport is what --json tells of a push.
	pushReport struct {
		Rows    int64 `json:"rows"`
		Refused int64 `json:"refused"`
		// Before counts the batches that had been pushed before.
		Before  int              `json:"pushed_before"`
		Counts  map[string]int64 `json:"counts,omitempty"`
		Batches []string         `json:"batches"`
	}
)

const (
	// maxPushBytes of rows go into one request: less than the API takes, for on the way a body grows by escapes.
	maxPushBytes = 3 << 20
	// maxPushRows is how many rows a request may have.
	maxPushRows = 10_000
	// maxShownRows is how many rows that were not applied are listed.
	maxShownRows = 10
)

// pusher pushes the rows of one file.
type pusher struct {
	c          *command
	api        *client
	connection string
	object     string
	action     string
	size       int
	wait       bool
}

func (c *command) pushCommand() *cobra.Command {
	p := &pusher{c: c}
	var software string
	var upload bool
	cmd := &cobra.Command{
		Use: "push FILE", Short: "Push the rows of a file, as client software does", Args: cobra.ExactArgs(1),
		Long: "Push the rows of a file, as client software does: NDJSON (a row on each line) or a JSON array, plain or gzip; - reads stdin.\n\n" +
			"The client is that of `make run`, or --client with its secret in LEADLINE_CLIENT_SECRET; --connection pushes with the API key instead.\n\n" +
			"Pushing the same file again changes nothing, for 30 days (--upload: a day), if --batch and --action are the same: each batch is named by what is in it. " +
			"A file of more than a few hundred thousand rows goes better with --upload.",
		Example: "  leadline push sales.ndjson --object Sales\n  gunzip -c sales.gz | leadline push - --object Sales --json\n  leadline push all.ndjson.gz --object Sales --upload",
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.size < 1 || p.size > maxPushRows {
				return usagef("--batch must be 1 to %d rows", maxPushRows)
			}
			if !slices.Contains([]string{"create", "update", "delete"}, p.action) {
				return usagef("there is no action %q: want create, update or delete", p.action)
			}
			var err error
			if p.connection != "" {
				p.api, err = c.client()
			} else {
				p.api, err = c.clientSoftware(software)
			}
			if err != nil {
				return err
			}
			file, err := c.openRows(args[0])
			if err != nil {
				return err
			}
			defer file.close()
			if upload {
				return p.upload(cmd.Context(), args[0], file)
			}
			return p.push(cmd.Context(), args[0], file)
		},
	}
	cmd.Flags().StringVar(&p.object, "object", "", "the objectname of the rows")
	cmd.Flags().StringVar(&software, "client", "", "the clientid")
	cmd.Flags().StringVar(&p.connection, "connection", "", "push into this connection, with the API key")
	cmd.Flags().StringVar(&p.action, "action", "create", "what rows without an action do: create, update or delete")
	cmd.Flags().IntVar(&p.size, "batch", 1000, fmt.Sprintf("how many rows go into one request, at most %d", maxPushRows))
	cmd.Flags().BoolVar(&upload, "upload", false, "send the whole file at once, up to 1 GB packed, to be worked on from there")
	cmd.Flags().BoolVar(&p.wait, "wait", true, "wait until all rows are applied, and say what became of them")
	_ = cmd.MarkFlagRequired("object") // it is there
	cmd.MarkFlagsMutuallyExclusive("client", "connection")
	cmd.MarkFlagsMutuallyExclusive("batch", "upload")
	return cmd
}

// push sends all rows in batches and, if asked to, waits for what becomes of them.
func (p *pusher) push(ctx context.Context, name string, file *rowFile) error {
	name = describeFile(name)
	batches, err := p.sendAll(ctx, file)
	if err == nil && len(batches) == 0 {
		err = errNoRows
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
		if len(batches) == 0 {
			return err
		}
		return &halfway{err, fmt.Sprintf("The rows before row %d were pushed. Push the file again to go on; they will not be applied twice.", next(batches))}
	}
	if !p.wait {
		return p.report(pushReport{}, batches, nil)
	}
	report, failed, err := p.await(ctx, batches)
	if ctx.Err() != nil {
		return &halfway{err, "All rows are queued and go on being applied; `leadline batches` shows how far."}
	}
	if err != nil {
		return err
	}
	return p.report(report, batches, failed)
}

func describeFile(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
}

// next is the number of the first row behind the batches.
func next(batches []pushed) int64 {
	last := batches[len(batches)-1]
	return last.first + last.Rows
}

// sendAll sends the rows of a file, each batch once it is full, and gives what was sent also where it fails.
func (p *pusher) sendAll(ctx context.Context, file *rowFile) ([]pushed, error) {
	line := p.c.progress("Pushing", bytesOf)
	defer line.end()
	var batches []pushed
	name, err := json.Marshal(p.object)
	if err != nil {
		return nil, err
	}
	head := `{"objectname":` + string(name) + `,"data":[`
	body, rows, first := []byte(head), 0, int64(1)
	flush := func() error {
		if rows == 0 {
			return nil
		}
		sent, err := p.send(ctx, append(body, "]}"...), len(head), first)
		if err != nil {
			return err
		}
		batches = append(batches, sent)
		first += int64(rows)
		body, rows = append(body[:0], head...), 0
		line.show(file.read.n, file.size, fmt.Sprintf("%d rows", first-1))
		return nil
	}
	for {
		row, err := file.next()
		if err == io.EOF {
			return batches, flush()
		}
		if err != nil {
			return batches, err
		}
		if row = withAction(row, p.action); len(head)+len(row) > maxPushBytes {
			return batches, fmt.Errorf("row %d has %d bytes: too many for a request", first+int64(rows), len(row))
		}
		if rows == p.size || rows > 0 && len(body)+1+len(row) > maxPushBytes {
			if err := flush(); err != nil {
				return batches, err
			}
		}
		if rows > 0 {
			body = append(body, ',')
		}
		body, rows = append(body, row...), rows+1
	}
}

// send pushes one batch, whose rows begin behind head. Its key is drawn from them, their object and where they stand in
// the file, so that they can be sent again without harm.
func (p *pusher) send(ctx context.Context, body []byte, head int, first int64) (pushed, error) {
	hash := sha256.New()
	_, _ = fmt.Fprintf(hash, "%q %d ", p.objectKey(), first) // a hash takes everything
	_, _ = hash.Write(body[head:])
	sent := pushed{first: first}
	header, err := p.api.call(ctx, request{method: http.MethodPost, path: []string{"push"}, query: queryOf(map[string]string{"connection": p.connection}),
		body: body, header: http.Header{"Idempotency-Key": {hex.EncodeToString(hash.Sum(nil))}}}, &sent)
	if err != nil {
		return sent, err
	}
	sent.at, _ = http.ParseTime(header.Get("Date")) // zero if the other side does not say
	return sent, nil
}

// objectKey is the name of the object as it tells objects apart.
func (p *pusher) objectKey() string { return strings.ToLower(strings.TrimSpace(p.object)) }

// before tells whether a batch had been received before it was sent now: then nothing was done this time.
func (sent pushed) before(b batch) bool {
	const unsure = 2 * time.Second // for headers have whole seconds
	return b.Received != nil && !sent.at.IsZero() && b.Received.Before(sent.at.Add(-unsure))
}

// await waits until all batches are finished and adds up what became of their rows.
func (p *pusher) await(ctx context.Context, batches []pushed) (pushReport, []rowOutcome, error) {
	line := p.c.progress("Applying", count)
	defer line.end()
	report, total, done := pushReport{Counts: map[string]int64{}}, next(batches)-1, int64(0)
	var failed []rowOutcome
	for _, sent := range batches {
		b, err := p.c.awaitBatch(ctx, p.api, sent.Batch, func(b batch) { line.show(done+b.applied(), total, "") })
		if err != nil {
			return report, nil, err
		}
		for outcome, n := range b.Counts {
			report.Counts[outcome] += n
		}
		for _, o := range b.Outcomes {
			if o.Outcome == "set_aside" && len(failed) < maxShownRows {
				o.Row += int(sent.first) - 1
				failed = append(failed, o)
			}
		}
		if sent.before(b) {
			report.Before++
		}
		done += sent.Rows
		line.show(done, total, "")
	}
	return report, failed, nil
}

// report says what became of the rows.
func (p *pusher) report(r pushReport, batches []pushed, failed []rowOutcome) error {
	for _, b := range batches {
		r.Rows, r.Refused, r.Batches = r.Rows+b.Rows, r.Refused+b.Refused, append(r.Batches, b.Batch)
	}
	if p.c.asJSON {
		return p.c.printJSON(r)
	}
	text := fmt.Sprintf("%s in %s", plural(r.Rows, "row"), plural(int64(len(r.Batches)), "batch"))
	if r.Counts == nil {
		p.c.printf("%s queued.\n", text)
		if r.Refused > 0 {
			p.c.printf("%d are wrong in form and will be set aside.\n", r.Refused)
		}
		return nil
	}
	var parts []string
	for _, outcome := range outcomes() {
		if r.Counts[outcome] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", r.Counts[outcome], strings.ReplaceAll(outcome, "_", " ")))
		}
	}
	p.c.printf("%s: %s.\n", text, strings.Join(parts, ", "))
	switch {
	case r.Before == len(r.Batches):
		p.c.printf("All of it had been pushed before: nothing was done this time.\n")
	case r.Before > 0:
		p.c.printf("%s had been pushed before and did nothing this time.\n", plural(int64(r.Before), "batch"))
	}
	p.c.showFailed(failed, r.Counts["set_aside"])
	return nil
}

// outcomes lists what can become of a row.
func outcomes() []string { return []string{"applied", "superseded", "stale", "ignored", "set_aside"} }

// plural writes a number of things.
func plural(n int64, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	case strings.HasSuffix(what, "ch"):
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
