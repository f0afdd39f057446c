// Package upload loads files that clients uploaded: lines of JSON, one row each, packed with gzip or not. It reads a file
// as a stream, twice: to learn how many rows it has and, where the object is new, what they look like; then to send the
// rows through the inbox in chunks, as pushes. It holds one chunk at a time.
package upload

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"leadline/shared/blob"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/push"
	"leadline/shared/quota"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// chunksPerStep is how many chunks a step of the job sends. A crash repeats one step at most.
const chunksPerStep = 10

// Options are what a Loader works with. All of them are required.
type Options struct {
	Payloads blob.Store
	Batches  store.Batches
	Schemas  store.Schemas
	// Inbox takes messages, fair by group: a queue.Sender.
	Inbox interface {
		Send(ctx context.Context, group string, body []byte) error
	}
	// Rows counts the rows of files against what an organization may push in a day. Take takes all of them or none: its
	// error has the code quota.CodeExceeded if there are not enough.
	Rows interface {
		Take(ctx context.Context, organization string, rows int64, now time.Time) error
		GiveBack(organization string, rows int64, taken time.Time)
	}
	Now func() time.Time
}

// Loader does jobs of the kind job.Load. It is safe for concurrent use.
type Loader struct {
	Options
	// open is the file whose chunks were sent last, kept open for the next step.
	mu   sync.Mutex
	open *reading
}

// reading is a file of which some chunks were read.
type reading struct {
	batch string
	*cutter
	file io.Closer
}

// New makes a Loader.
func New(o Options) *Loader { return &Loader{Options: o} }

// The names of a job's Counts: what was sent so far. CountDone is what Total counts.
const (
	CountDone   = "done"
	CountRows   = "rows"
	CountChunks = "chunks"
)

// Result is what a job ends with.
type Result struct {
	// Batch is the name of the batch in the API, which tells what became of the rows.
	Batch  string `json:"batch"`
	Rows   int64  `json:"rows"`
	Chunks int    `json:"chunks"`
}

// Step takes one step and gives the job as it then is, for the caller to save. The first step goes through the whole
// file; its end is the cursor "0". Each further step sends some chunks; the cursor is how many were sent. A step may be
// repeated: its chunks have the same names, and rows that are sent twice change nothing.
//
// A file that cannot be loaded ends the job, and the batch is refused with the same problem.
func (l *Loader) Step(ctx context.Context, j job.Job) (job.Job, error) {
	var p job.LoadParams
	if err := json.Unmarshal(j.Params, &p); err != nil || p.Batch == "" || p.Upload == "" {
		return j, fault.New(fault.Invalid, "invalid_params", "The job does not say which file to load.")
	}
	batch, err := l.Batches.Batch(ctx, j.Organization, p.Batch)
	if err != nil {
		return j, fmt.Errorf("upload: batch: %w", err)
	}
	switch {
	case batch.Status == push.Refused: // and then came a crash
		err = fault.New(fault.Invalid, "refused", "%s", batch.Problem)
	case j.Cursor == "":
		j, err = l.examine(ctx, j, p, batch)
	default:
		j, err = l.send(ctx, j, p, batch)
	}
	if f := fault.Of(err); f != nil && f.Kind == fault.Invalid {
		j.Status, j.Problem = job.Failed, f.Message
		return j, l.Ended(ctx, j)
	}
	return j, err
}

// Ended refuses the batch of a job that failed or was cancelled. The same again is no change.
func (l *Loader) Ended(ctx context.Context, j job.Job) error {
	var p job.LoadParams
	if err := json.Unmarshal(j.Params, &p); err != nil || p.Batch == "" {
		return nil // a job that names no batch has none to refuse
	}
	batch, err := l.Batches.Batch(ctx, j.Organization, p.Batch)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && (batch.Status == push.Refused || batch.Status == push.Finished):
		return nil
	case err != nil:
		return fmt.Errorf("upload: batch: %w", err)
	}
	batch.Status, batch.Problem, batch.FinishedAt = push.Refused, j.Problem, l.Now().UTC()
	if j.Status == job.Cancelled {
		batch.Problem = "The load was cancelled."
	}
	if n := j.Counts[CountRows]; n > 0 {
		batch.Problem += " The first " + strconv.FormatInt(n, 10) + " rows had been taken before that, and stay."
	}
	if err := l.Batches.SaveBatch(ctx, batch); err != nil {
		return fmt.Errorf("upload: refuse batch: %w", err)
	}
	return nil
}

// examine goes through the file once. The batch is saved before its first chunk is sent, and then left to those who
// finish the chunks.
func (l *Loader) examine(ctx context.Context, j job.Job, p job.LoadParams, batch push.Batch) (job.Job, error) {
	r, err := l.start(ctx, p, batch)
	if err != nil {
		return j, err
	}
	defer r.file.Close()
	learned, err := l.unknown(ctx, batch)
	if err != nil {
		return j, err
	}
	if learned != nil {
		r.each = learned.take
	}
	for err == nil {
		_, err = r.next()
	}
	if err != io.EOF {
		return j, err
	}
	if err := r.in.sound(); err != nil {
		return j, err
	}
	if err := l.begin(ctx, batch, r.cutter, learned); err != nil {
		return j, err
	}
	j.Cursor, j.Total = "0", int64(r.rows)
	j.Counts = map[string]int64{CountDone: 0, CountRows: 0, CountChunks: 0}
	return j, nil
}

// begin counts the rows of a file that was examined, stores what was learned of its object, and says how much it has. Of
// a batch that is announced already the rows were counted by the try before.
func (l *Loader) begin(ctx context.Context, batch push.Batch, examined *cutter, learned *learner) error {
	rows, now := int64(examined.rows), l.Now()
	counted := batch.Status == push.Running
	if !counted {
		err := l.Rows.Take(ctx, batch.Organization, rows, now)
		if f := fault.Of(err); f != nil && f.Code == quota.CodeExceeded {
			return fault.New(fault.Invalid, quota.CodeExceeded, "%s", f.Message)
		}
		if err != nil {
			return fmt.Errorf("upload: count rows: %w", err)
		}
	}
	err := l.fix(ctx, batch, learned)
	if err == nil {
		err = l.announce(ctx, batch, rows, examined.chunks)
	}
	if err != nil && !counted {
		l.Rows.GiveBack(batch.Organization, rows, now)
	}
	return err
}

// announce saves how much the batch has, unless that is known: it is read again, for if this is not the first try, chunks
// may be finished already.
func (l *Loader) announce(ctx context.Context, batch push.Batch, rows int64, chunks int) error {
	batch, err := l.Batches.Batch(ctx, batch.Organization, batch.ID)
	if err != nil {
		return fmt.Errorf("upload: batch: %w", err)
	}
	if batch.Status == push.Running && batch.Rows == rows && batch.Chunks == chunks {
		return nil
	}
	batch.Status, batch.Rows, batch.Chunks = push.Running, rows, chunks
	if err := l.Batches.SaveBatch(ctx, batch); err != nil {
		return fmt.Errorf("upload: save batch: %w", err)
	}
	return nil
}

// send sends the next chunks.
func (l *Loader) send(ctx context.Context, j job.Job, p job.LoadParams, batch push.Batch) (job.Job, error) {
	sent, err := strconv.Atoi(j.Cursor)
	if err != nil {
		return j, fault.New(fault.Internal, "invalid_cursor", "upload: the job's cursor is no number of chunks")
	}
	if j.Counts = maps.Clone(j.Counts); j.Counts == nil {
		j.Counts = map[string]int64{}
	}
	r := l.take(batch.ID, sent)
	for range chunksPerStep {
		var c chunk
		r, c, err = l.nextChunk(ctx, p, batch, sent, r)
		if err == io.EOF {
			l.close(r)
			return finished(j, batch)
		}
		if err == nil {
			err = l.sendChunk(ctx, batch, c)
		}
		if err != nil {
			l.close(r)
			return j, err
		}
		sent++
		j.Cursor = strconv.Itoa(sent)
		j.Counts[CountChunks], j.Counts[CountRows], j.Counts[CountDone] = int64(sent), int64(r.rows), int64(r.rows)
	}
	l.keep(r)
	return j, nil
}

// nextChunk reads the chunk behind those that were sent, from the open file if there is one, and gives the file. What has
// been open since another invocation may have been cut off: then it is opened again.
func (l *Loader) nextChunk(ctx context.Context, p job.LoadParams, batch push.Batch, sent int, r *reading) (*reading, chunk, error) {
	if r != nil {
		c, err := r.next()
		if err == nil || err == io.EOF {
			return r, c, unchanged(r, batch, sent, err)
		}
		l.close(r)
	}
	r, err := l.skipTo(ctx, p, batch, sent)
	if err != nil {
		return nil, chunk{}, err
	}
	c, err := r.next()
	return r, c, unchanged(r, batch, sent, err)
}

// unchanged gives the error of reading a chunk, or another one if the file is not the one that was examined.
func unchanged(r *reading, batch push.Batch, sent int, err error) error {
	if err == nil && sent >= batch.Chunks || err == io.EOF && (sent != batch.Chunks || int64(r.rows) != batch.Rows) {
		return changed()
	}
	return err
}

func changed() error {
	return fault.New(fault.Invalid, "file_changed", "The file was replaced while it was being loaded. Upload it again, as a new batch.")
}

func finished(j job.Job, batch push.Batch) (job.Job, error) {
	result, err := json.Marshal(Result{Batch: batch.Public, Rows: batch.Rows, Chunks: batch.Chunks})
	if err != nil {
		return j, fmt.Errorf("upload: result: %w", err)
	}
	j.Status, j.Result = job.Done, result
	return j, nil
}

// sendChunk puts a chunk into the bucket and tells the inbox of it.
func (l *Loader) sendChunk(ctx context.Context, batch push.Batch, c chunk) error {
	var packed bytes.Buffer
	if err := delivery.Pack(&packed, c.body); err != nil {
		return err
	}
	id, err := chunkID(batch.ID, c.number)
	if err != nil {
		return err
	}
	key := "inbox/" + batch.Organization + "/" + batch.ID + "-" + strconv.Itoa(c.number) + ".gz"
	if err := l.Payloads.Put(ctx, key, packed.Bytes()); err != nil {
		return fmt.Errorf("upload: keep a chunk: %w", err)
	}
	message, err := delivery.Delivery{ID: id, Organization: batch.Organization, Connection: batch.Connection, Connector: tenant.ClientConnector,
		Kind: delivery.File, ReceivedAt: batch.ReceivedAt, Payload: &record.PayloadRef{Key: key, Length: int64(packed.Len())},
		Batch: &delivery.BatchPart{ID: batch.ID, Public: batch.Public, Client: batch.Client, Object: batch.Object, Number: c.number, First: c.first},
	}.Encode()
	if err != nil {
		return err
	}
	if err := l.Inbox.Send(ctx, batch.Organization, message); err != nil {
		return fmt.Errorf("upload: send a chunk: %w", err)
	}
	return nil
}

// chunkID names the delivery of a chunk: the batch's ULID with the number of the chunk in its last 32 bits, so that the
// same chunk has the same id whenever it is sent, and ids sort as the chunks do.
func chunkID(batch string, number int) (string, error) {
	id, err := ulid.ParseStrict(batch)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "invalid_batch", "upload: the id of the batch is no ULID")
	}
	binary.BigEndian.PutUint32(id[12:], uint32(number))
	return id.String(), nil
}

// take gives the file that was kept open, if it is that of the batch and so many chunks were read of it.
func (l *Loader) take(batch string, chunks int) *reading {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.open
	l.open = nil
	if r == nil || r.batch == batch && r.chunks == chunks {
		return r
	}
	l.close(r)
	return nil
}

// keep leaves a file open for the next step.
func (l *Loader) keep(r *reading) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close(l.open)
	l.open = r
}

func (l *Loader) close(r *reading) {
	if r != nil {
		_ = r.file.Close() // it was read only
	}
}

// skipTo opens the file and reads the chunks that were sent before.
func (l *Loader) skipTo(ctx context.Context, p job.LoadParams, batch push.Batch, sent int) (*reading, error) {
	r, err := l.start(ctx, p, batch)
	if err != nil {
		return nil, err
	}
	for r.chunks < sent {
		if _, err := r.next(); err != nil {
			l.close(r)
			if err == io.EOF {
				err = changed()
			}
			return nil, err
		}
	}
	return r, nil
}

// start opens the file.
func (l *Loader) start(ctx context.Context, p job.LoadParams, batch push.Batch) (*reading, error) {
	body, size, err := l.Payloads.Open(ctx, p.Upload)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Invalid, "missing_file", "There is no uploaded file. Upload it before you have it loaded.")
	}
	if err != nil {
		return nil, fmt.Errorf("upload: open: %w", err)
	}
	rows, err := newRows(body, size, maxUnpackedBytes)
	if err != nil {
		_ = body.Close() // it was read only
		return nil, err
	}
	return &reading{batch: batch.ID, cutter: newCutter(rows, batch.Object), file: body}, nil
}
