package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/syncing"
)

// step takes one step of the stream's phase and gives the stream as it then is. Whatever it writes besides is written so
// that doing it again is no change.
func (w *worker) step(ctx context.Context) (syncing.Stream, error) {
	switch w.stream.Phase {
	case syncing.Reading:
		if w.stream.Object == syncing.LogObject {
			return w.readLog(ctx)
		}
		if w.stream.Counts.Found < 0 && w.stream.Pages == 0 && w.stream.StartedAt.IsZero() {
			return w.expect(ctx)
		}
		return w.readPage(ctx, w.stream.Scope)
	case syncing.Rereading:
		// What was changed meanwhile, as far as the provider can tell, and what was created; what was created before and changed
		// without a trace is found by the sweep of the next run.
		o, _ := w.object()
		return w.readPage(ctx, w.run.Again(o, w.stream.SourceAt.Add(o.Sweep-syncing.Overlap)))
	case syncing.Comparing:
		return w.compare(ctx)
	case syncing.Counting:
		return w.countBoth(ctx)
	}
	return w.stream, fault.New(fault.Internal, "unknown_phase", "engine: a stream is in the phase %q", w.stream.Phase)
}

// expect asks the provider how much there is to be read, where it can tell.
func (w *worker) expect(ctx context.Context) (syncing.Stream, error) {
	next := w.stream
	next.StartedAt = w.Now().UTC()
	if w.run.Plan.Kind == syncing.Changes {
		return next, nil
	}
	n, err := w.count(ctx, w.stream.Scope)
	if n.Known {
		next.Counts.Found = n.N
	}
	return next, err
}

// count asks the provider how many records there are. One that refuses to tell does not tell.
func (w *worker) count(ctx context.Context, scope connector.Scope) (connector.Count, error) {
	if w.definition.Pull.Count == nil {
		return connector.Count{}, nil
	}
	n, err := w.definition.Pull.Count(ctx, w.client, w.request(scope))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Forbidden) || fault.Is(err, fault.NotFound) {
		return connector.Count{}, nil
	}
	return n, err
}

func (w *worker) request(scope connector.Scope) connector.PageRequest {
	return connector.PageRequest{Object: w.stream.Object, Scope: scope, Cursor: w.stream.Cursor, Now: w.Now().UTC()}
}

// readPage reads one page of a scope and has it stored.
func (w *worker) readPage(ctx context.Context, scope connector.Scope) (syncing.Stream, error) {
	asked := w.Now().UTC()
	page, err := w.definition.Pull.Page(ctx, w.client, w.request(scope))
	if err == nil {
		err = w.moves(asked, page)
	}
	if err != nil {
		return w.stream, err
	}
	counts, err := w.Pages.ProcessPage(ctx, intake.Page{
		Organization: w.conn.Organization, Connection: w.conn.ID, Connector: w.conn.Connector, Object: w.stream.Object,
		Name:   strings.Join([]string{w.run.ID, w.stream.Object, string(w.stream.Phase), w.stream.Cursor}, "\n"),
		ReadAt: asked, Began: w.stream.StartedAt, Since: w.conn.CreatedAt, Raw: page.Raw, Changes: page.Changes, Refused: page.Refused,
	})
	if err != nil {
		return w.stream, fmt.Errorf("engine: store a page of %s: %w", w.stream.Object, err)
	}
	next := w.stream
	next.Counts = next.Counts.Add(counts)
	if page.Total != nil && next.Counts.Found < 0 && w.stream.Phase == syncing.Reading {
		next.Counts.Found = *page.Total
	}
	if next.SourceAt.IsZero() {
		next.SourceAt = page.At.UTC()
		if page.At.IsZero() {
			next.SourceAt = asked
		}
	}
	if w.stream.Phase == syncing.Reading && scope.Kind == connector.All {
		if err := w.keepSeen(ctx, page.Changes, page.Refused); err != nil {
			return w.stream, err
		}
	}
	if w.stream.Phase == syncing.Reading {
		next.Pages++
	}
	next.Cursor = page.Next
	if page.Next == "" || page.Next != w.stream.Cursor {
		next.StuckSince = time.Time{}
	} else if next.StuckSince.IsZero() {
		next.StuckSince = asked
	}
	if page.NotBefore.After(asked) {
		next.WaitUntil, next.Waiting = page.NotBefore.UTC(), w.definition.Title+" to prepare the data"
	}
	if page.Next == "" {
		next.Phase = w.after(w.stream.Phase)
	}
	return next, nil
}

// patience is for how long a provider may prepare a page.
const patience = 48 * time.Hour

// moves refuses a page that asks for itself: at once, or again and again for too long.
func (w *worker) moves(asked time.Time, page connector.Page) error {
	switch s := w.stream; {
	case page.Next == "" || page.Next != s.Cursor:
	case !page.NotBefore.After(asked):
		return fault.New(fault.Internal, "cursor_stands_still", "engine: the page behind a cursor of %s is the page of that cursor", s.Object)
	case !s.StuckSince.IsZero() && asked.Sub(s.StuckSince) > patience:
		return fault.New(fault.Invalid, "never_ready", "%s prepares the data since %s and is not done. Start it anew.", w.definition.Title, s.StuckSince.UTC().Format("2006-01-02 15:04"))
	}
	return nil
}

// after gives the phase that follows.
func (w *worker) after(p syncing.Phase) syncing.Phase {
	o, _ := w.object()
	plan := w.run.Plan
	whole := w.stream.Scope.Kind == connector.All && (plan.Kind == syncing.Reconcile || plan.Kind == syncing.Import && plan.Mode == syncing.Full)
	switch {
	case p == syncing.Reading && whole && !o.Small && (o.Serves(connector.ChangedSince) || o.Serves(connector.CreatedBetween)):
		return syncing.Rereading
	case p != syncing.Comparing && whole && o.Absent && plan.Kind == syncing.Reconcile:
		return syncing.Comparing
	case p != syncing.Counting && whole:
		return syncing.Counting
	}
	return syncing.Finished
}

// readLog reads one page of the provider's log of changes.
func (w *worker) readLog(ctx context.Context) (syncing.Stream, error) {
	if w.definition.Log == nil {
		return w.stream, fault.New(fault.Invalid, "no_log", "%s keeps no log of changes any more.", w.definition.Title)
	}
	asked := w.Now().UTC()
	page, err := w.definition.Log.Read(ctx, w.client, connector.LogRequest{From: w.stream.Scope.From, Cursor: w.stream.Cursor})
	if err != nil {
		return w.stream, err
	}
	counts, err := w.Pages.ProcessPage(ctx, intake.Page{
		Organization: w.conn.Organization, Connection: w.conn.ID, Connector: w.conn.Connector, Object: syncing.LogObject,
		Name:   strings.Join([]string{w.run.ID, syncing.LogObject, w.stream.Cursor}, "\n"),
		ReadAt: asked, Since: w.conn.CreatedAt, Posted: true, Raw: page.Raw, Changes: page.Changes, Refused: page.Refused,
	})
	if err != nil {
		return w.stream, fmt.Errorf("engine: store a page of the log: %w", err)
	}
	for len(page.Touched) > 0 {
		n := min(len(page.Touched), connector.MaxIDs)
		if err := w.Control.Reread(ctx, w.conn.Organization, w.conn.ID, page.Touched[:n], nil); err != nil {
			return w.stream, err
		}
		page.Touched = page.Touched[n:]
	}
	next := w.stream
	next.Counts = next.Counts.Add(counts)
	if next.StartedAt.IsZero() {
		next.StartedAt = asked
	}
	if next.SourceAt.IsZero() {
		next.SourceAt = page.At.UTC()
		if page.At.IsZero() {
			next.SourceAt = asked
		}
	}
	next.Pages++
	if next.Cursor = page.Next; page.Next == "" {
		next.Phase = syncing.Finished
	}
	return next, nil
}

// remember notes in the state of the connection what a run's streams that have ended have learnt. It may be done again, and
// behind what later runs remembered.
func (t task) remember(ctx context.Context, r syncing.Run, streams ...syncing.Stream) error {
	_, err := t.change(ctx, func(state *syncing.State) {
		if state.Objects == nil {
			state.Objects = map[string]syncing.ObjectState{}
		}
		if state.Marks == nil {
			state.Marks = map[string]time.Time{}
		}
		for _, s := range streams {
			t.mark(state.Marks, r, s)
			state.Objects[s.Object] = learnt(state.Objects[s.Object], r.Plan, s)
		}
	})
	return err
}

// mark notes from when on the next incremental run reads.
func (t task) mark(marks map[string]time.Time, r syncing.Run, s syncing.Stream) {
	everything := s.Scope.Kind == connector.All || r.Plan.Kind == syncing.Changes || r.Plan.Mode == syncing.Incremental
	if s.Phase != syncing.Finished || !everything || !s.SourceAt.After(marks[s.Object]) {
		return
	}
	if log := marks[syncing.LogObject]; s.Object != syncing.LogObject {
		// What was deleted since the first reading began stands in the log alone, as does what of it had come in before that by
		// webhooks or by parts.
		switch {
		case t.definition.Log == nil:
		case log.IsZero():
			marks[syncing.LogObject] = earlier(t.conn.CreatedAt, s.SourceAt)
		case marks[s.Object].IsZero():
			marks[syncing.LogObject] = earlier(log, s.SourceAt)
		}
		marks[s.Object] = s.SourceAt
		return
	}
	if t.definition.Log == nil {
		return
	}
	// The log goes on where it was read to. A run that began before anything was imported may have left out what lies between.
	gap := s.Scope.From.After(marks[s.Object])
	if keeps := t.definition.Log.Keeps; keeps > 0 && !s.Scope.From.After(r.CreatedAt.Add(-keeps)) {
		gap = false // there is no more
	}
	if !gap && !marks[s.Object].IsZero() {
		marks[s.Object] = s.SourceAt
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// learnt adds what a stream has learnt to what is known of its object.
func learnt(o syncing.ObjectState, plan syncing.Plan, s syncing.Stream) syncing.ObjectState {
	if !s.UpdatedAt.Before(o.ReadAt) {
		o.Problem, o.ReadAt = s.Problem, s.UpdatedAt
	}
	if s.Stored >= 0 && !s.UpdatedAt.Before(o.At) {
		o.Stored, o.Source, o.How, o.At = s.Stored, s.Source, s.SourceHow, s.UpdatedAt
	}
	if plan.Kind == syncing.Reconcile && s.Phase == syncing.Finished && !s.UpdatedAt.Before(o.DriftAt) {
		drift := s.Counts
		o.Drift, o.DriftAt = &drift, s.UpdatedAt
	}
	return o
}
