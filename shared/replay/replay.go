// Package replay sends what was set aside through the inbox again: one entry of the quarantine, or, as a job, all open
// ones that a filter selects. Replaying something twice does no harm.
package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
)

const (
	// maxPage is how many entries a step of the job looks at. A crash repeats one step at most.
	maxPage = 500
	// maxRows is how many rows of a payload one message asks for.
	maxRows = 1_000
	// parallel is how many messages are on their way at once.
	parallel = 8
)

// Options are what a Replayer works with. All of them are required.
type Options struct {
	Intake store.Intake
	// Connections tells which connector a connection has now: a release may have brought the one that was missing.
	Connections store.Tenancy
	Inbox       Inbox
	Now         func() time.Time
	Random      io.Reader
}

// Replayer does jobs of the kind job.Replay.
type Replayer struct{ Options }

// New makes a Replayer.
func New(o Options) *Replayer { return &Replayer{o} }

// The names of a job's Counts.
const (
	// CountFound is how many open entries matched so far, CountReplayed how many of them were sent.
	CountFound    = "found"
	CountReplayed = "replayed"
	CountMessages = "messages"
)

// Step replays one page of the job's entries and gives the job as it then is, for the caller to save: its cursor is that
// of the list of entries. Rows of one payload go in one message. An entry that is newer than Until is left alone.
func (r *Replayer) Step(ctx context.Context, j job.Job) (job.Job, error) {
	var p job.ReplayParams
	if err := json.Unmarshal(j.Params, &p); err != nil || p.Until == "" {
		return j, fault.New(fault.Invalid, "invalid_params", "The job does not say which entries to replay.")
	}
	filter := store.QuarantineFilter{Connection: p.Connection, Object: p.Object, Reason: quarantine.Reason(p.Reason), Status: quarantine.Open}
	page, next, err := r.Intake.Entries(ctx, j.Organization, filter, store.Page{Cursor: j.Cursor, Limit: maxPage})
	if err != nil {
		return j, fmt.Errorf("replay: entries: %w", err)
	}
	var entries []quarantine.Entry
	for _, e := range page {
		if e.ID <= p.Until {
			entries = append(entries, e)
		}
	}
	if err := r.refresh(ctx, entries); err != nil {
		return j, err
	}
	deliveries, err := r.deliveries(entries)
	if err != nil {
		return j, err
	}
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, d := range deliveries {
		group.Go(func() error { return r.Inbox.Send(sending, d) })
	}
	if err := group.Wait(); err != nil {
		return j, err
	}
	j.Counts = counted(j.Counts, CountFound, len(entries))
	j.Counts = counted(j.Counts, CountReplayed, len(entries))
	j.Counts = counted(j.Counts, CountMessages, len(deliveries))
	if j.Cursor = next; next == "" {
		j.Status = job.Done
	}
	return j, nil
}

// refresh names in entries whose connector was unknown the one that their connection has.
func (r *Replayer) refresh(ctx context.Context, entries []quarantine.Entry) error {
	for i, e := range entries {
		if e.Reason != quarantine.UnknownConnector {
			continue
		}
		connection, err := r.Connections.Connection(ctx, e.Organization, e.Connection)
		if err == nil {
			entries[i].Connector = connection.Connector
		} else if !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("replay: read a connection: %w", err)
		}
	}
	return nil
}

// deliveries gives what tries the entries again, each payload once for all of its rows.
func (r *Replayer) deliveries(entries []quarantine.Entry) ([]delivery.Delivery, error) {
	type source struct {
		connection, batch string
		payload           record.PayloadRef
		first             int
	}
	var all []delivery.Delivery
	open := map[source]int{} // the last delivery of each payload with rows
	for _, e := range entries {
		from := source{e.Connection, e.Batch, e.Payload, e.Row - e.Index}
		at, ok := open[from]
		if e.Row > 0 && ok && len(all[at].Rows) < maxRows {
			all[at].Rows = append(all[at].Rows, rowOf(e))
			continue
		}
		id, err := delivery.NewID(r.Now(), r.Random)
		if err != nil {
			return nil, err
		}
		d, err := Message(e, id, nil)
		if err != nil {
			return nil, err
		}
		if e.Row > 0 {
			open[from] = len(all)
		}
		all = append(all, d)
	}
	return all, nil
}

// counted gives counts with n more of one, and leaves those given as they are.
func counted(counts map[string]int64, name string, n int) map[string]int64 {
	counts = maps.Clone(counts)
	if counts == nil {
		counts = map[string]int64{}
	}
	counts[name] += int64(n)
	return counts
}
