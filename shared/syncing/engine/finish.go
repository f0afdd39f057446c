package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/telemetry"
)

// tally is the cursor of the phase Counting.
type tally struct {
	heads string
	alive int64
}

func (c tally) text() string { return strconv.FormatInt(c.alive, 10) + " " + c.heads }

func tallyOf(text string) (c tally) {
	alive, heads, _ := strings.Cut(text, " ")
	c.alive, _ = strconv.ParseInt(alive, 10, 64) // empty at first
	c.heads = heads
	return c
}

// countBoth counts what is stored, a page at a time, and at last asks how much the provider has.
func (w *worker) countBoth(ctx context.Context) (syncing.Stream, error) {
	next, c := w.stream, tallyOf(w.stream.Cursor)
	for pages := 0; ; pages++ {
		heads, following, err := w.Records.Heads(ctx, w.conn.Organization, w.conn.ID, w.stream.Object, store.Page{Cursor: c.heads, Limit: store.MaxLimit})
		if err != nil {
			return w.stream, fmt.Errorf("engine: count what is stored: %w", err)
		}
		for _, h := range heads {
			if !h.Deleted {
				c.alive++
			}
		}
		if c.heads = following; following == "" {
			break
		}
		if pages >= 20 {
			next.Cursor = c.text()
			return next, nil
		}
	}
	if err := w.loadSeen(ctx); err != nil {
		return w.stream, err
	}
	next.Stored = c.alive
	next.Source, next.SourceHow = int64(len(w.seen)), fmt.Sprintf("ids listed by %d pages", w.stream.Pages)
	n, err := w.count(ctx, connector.Scope{Kind: connector.All})
	if err != nil {
		return w.stream, err
	}
	if n.Known {
		next.Source, next.SourceHow = n.N, n.Source
	}
	next.Phase, next.Cursor = syncing.Finished, ""
	return next, nil
}

// finish ends the run if all of its streams have ended. Whoever comes second finds it done.
func (t task) finish(ctx context.Context, r syncing.Run) error {
	streams, err := t.Syncs.Streams(ctx, r.Organization, r.ID)
	if err != nil {
		return fmt.Errorf("engine: streams: %w", err)
	}
	stopped := 0
	for _, s := range streams {
		if !s.Phase.Final() {
			return nil
		}
		if s.Phase == syncing.Stopped {
			stopped++
		}
	}
	// Each has noted it by itself, but for those that died before that.
	if err := t.remember(ctx, r, streams...); err != nil {
		return err
	}
	for range contests {
		next, err := t.Syncs.Run(ctx, r.Organization, r.Connection, r.ID)
		if err != nil {
			return fmt.Errorf("engine: run: %w", err)
		}
		if next.Status.Final() {
			return t.concluded(ctx, next, streams)
		}
		now := t.Now().UTC()
		report := syncing.NewReport(streams, now)
		next.Status, next.Report, next.FinishedAt, next.UpdatedAt = syncing.Done, &report, now, now
		next.Problem = ""
		if stopped > 0 {
			next.Problem = fmt.Sprintf("%d of %d objects could not be read to their end.", stopped, len(streams))
		}
		if stopped == len(streams) {
			next.Status = syncing.Failed
		}
		next.Rev++
		switch err := t.Syncs.UpdateRun(ctx, next, nil); {
		case err == nil:
			telemetry.Count(ctx, "RunsEnded", 1)
			return t.concluded(ctx, next, streams)
		case !fault.Is(err, fault.Conflict):
			return fmt.Errorf("engine: end run: %w", err)
		}
	}
	return fault.New(fault.Unavailable, "contended", "engine: run %s is being changed by too many at once", r.ID)
}

// concluded does what follows the end of a run. It is done again by the run's last watch.
func (t task) concluded(ctx context.Context, r syncing.Run, streams []syncing.Stream) error {
	if r.Status == syncing.Cancelled || r.Report == nil {
		return nil
	}
	if r.Status == syncing.Done {
		if err := t.noteRun(ctx, r, streams); err != nil {
			return err
		}
	}
	for _, n := range noticesOf(r, streams, t.conn.Name) {
		if err := t.Tell(ctx, n); err != nil {
			return fmt.Errorf("engine: tell of run %s: %w", r.ID, err)
		}
	}
	return nil
}

// noteRun notes a run that ended well.
func (t task) noteRun(ctx context.Context, r syncing.Run, streams []syncing.Stream) error {
	state, err := t.Syncs.State(ctx, r.Organization, r.Connection)
	if err != nil {
		return fmt.Errorf("engine: state: %w", err)
	}
	if !r.FinishedAt.After(state.LastRunAt) { // it is noted, or a later one
		return nil
	}
	whole := len(r.Plan.Objects) == 0 && (r.Plan.Mode == syncing.Full || r.Plan.Kind == syncing.Reconcile) &&
		!slices.ContainsFunc(streams, func(s syncing.Stream) bool { return s.Counts.Held > 0 || s.Phase == syncing.Stopped })
	_, err = t.change(ctx, func(s *syncing.State) {
		if r.FinishedAt.After(s.LastRunAt) {
			s.LastRun, s.LastRunAt = r.ID, r.FinishedAt
		}
		switch {
		case !whole || s.ProbedAt.IsZero():
		case r.Plan.Kind == syncing.Reconcile:
			s.Trusted = s.Identity.Permissions
		default: // an import does not tell what it was not shown: what it could see with more permissions is there still
			s.Trusted = slices.Compact(slices.Sorted(slices.Values(slices.Concat(s.Trusted, s.Identity.Permissions))))
		}
	})
	return err
}

// unusual tells whether a reconciliation found more than what no webhook tells of, and what is on its way: the run shows
// the rest, too, but nobody is called for it.
func unusual(c syncing.Counts) bool {
	return c.Stored()+c.Deleted > max(20, c.Fetched/100)
}

// noticesOf gives what the admins are told of a run that has ended.
func noticesOf(r syncing.Run, streams []syncing.Stream, connection string) []notice.Notice {
	var notices []notice.Notice
	add := func(kind notice.Kind, text string, table notice.Table) {
		notices = append(notices, notice.Notice{ID: delivery.NamedID(r.FinishedAt, "run", r.ID, string(kind)), Organization: r.Organization, At: r.FinishedAt,
			Kind: kind, Subject: "connections/" + r.Connection + "/runs/" + r.ID, Text: text, Table: table})
	}
	var total syncing.Counts
	var held int64
	for _, s := range streams {
		total = total.Add(s.Counts)
		held += s.Counts.Held
	}
	switch {
	case r.Plan.Kind == syncing.Import && r.Status == syncing.Failed:
		add(notice.ImportFailed, fmt.Sprintf("The import of %s failed. %s", connection, problems(streams)), notice.Table{})
	case r.Plan.Kind == syncing.Import:
		text := fmt.Sprintf("The import of %s is done: %d records were read, %d stored, %d were here already, %d refused.",
			connection, total.Fetched, total.Stored(), total.Unchanged+total.Newer, total.Refused)
		if p := problems(streams); p != "" {
			text += " " + p
		}
		add(notice.ImportDone, text, reportTable(*r.Report))
	case r.Plan.Kind == syncing.Reconcile && unusual(total):
		add(notice.DriftFound, fmt.Sprintf("%s differed from what was stored, and was put right: %d records were missing, %d older, %d other, %d deleted there.",
			connection, total.Missing, total.Stale, total.Differing, total.Deleted), driftTable(streams))
	}
	if held > 0 {
		add(notice.DeletionsHeld, fmt.Sprintf("%d records of %s wait for you before they are deleted. %s", held, connection, problems(streams)), notice.Table{})
	}
	return notices
}

// problems joins what went wrong with streams.
func problems(streams []syncing.Stream) string {
	var all []string
	for _, s := range streams {
		if s.Problem != "" {
			all = append(all, s.Object+": "+s.Problem)
		}
	}
	return strings.Join(all, " ")
}

func number(n int64) string {
	if n < 0 {
		return "unknown"
	}
	return strconv.FormatInt(n, 10)
}

func reportTable(r syncing.Report) notice.Table {
	t := notice.Table{Columns: []string{"Object", "There", "Here", "Differs", "Where the count comes from"}}
	for _, o := range r.Objects {
		differs := strconv.FormatInt(o.Difference, 10)
		if o.Source < 0 || o.Stored < 0 {
			differs = "unknown"
		}
		if o.Explained != "" {
			differs += " (" + o.Explained + ")"
		}
		t.Rows = append(t.Rows, []string{o.Object, number(o.Source), number(o.Stored), differs, o.SourceHow})
	}
	return t
}

func driftTable(streams []syncing.Stream) notice.Table {
	t := notice.Table{Columns: []string{"Object", "Missing", "Older", "Other", "Deleted there"}}
	for _, s := range streams {
		if c := s.Counts; c.Drift() > 0 {
			t.Rows = append(t.Rows, []string{s.Object, number(c.Missing), number(c.Stale), number(c.Differing), number(c.Deleted)})
		}
	}
	return t
}
