package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// worker goes on with one stream.
type worker struct {
	task
	run    syncing.Run
	stream syncing.Stream
	client Client
	// taken names the day of whose budget a request was taken and not made yet; empty for none.
	taken string
	// unsaved says that the stream has requests that are not saved.
	unsaved bool
	// seen is what the stream's reading saw, while it is being compared.
	seen seen
}

// goOn goes on with the stream of the message until it ends, must wait, or the time is nearly over.
func (t task) goOn(ctx context.Context) error {
	stream, err := t.Syncs.Stream(ctx, t.conn.Organization, t.message.Run, t.message.Object)
	if fault.Is(err, fault.NotFound) {
		return nil // it was forgotten
	}
	if err != nil {
		return fmt.Errorf("engine: stream: %w", err)
	}
	w := &worker{task: t, stream: stream}
	goes, err := w.mayGoOn(ctx)
	if err != nil || !goes {
		return err
	}
	if stream.Phase.Final() {
		return w.ended(ctx)
	}
	switch w.client, err = t.Logins.Client(ctx, t.conn); {
	case fault.Is(err, fault.NotFound):
		return w.stop(ctx, err, "The connection has no login any more: give it one, and begin again.")
	case err != nil:
		return w.failed(ctx, err)
	}
	if err := w.began(ctx); err != nil {
		return err
	}
	defer w.giveBack(ctx)
	for first := true; ; first = false {
		if !first {
			if late(ctx) {
				telemetry.Count(ctx, "SentOn", 1)
				return t.Control.Send(ctx, control.MessageOf(w.stream), time.Time{})
			}
			if goes, err := w.mayGoOn(ctx); err != nil || !goes {
				return err
			}
		}
		wait, why, err := w.mustWait(ctx)
		if err != nil {
			return err
		}
		if !wait.IsZero() {
			return w.waitUntil(ctx, wait, why)
		}
		ends, err := w.advance(ctx)
		if err != nil || ends {
			return err
		}
	}
}

// mayGoOn reads the run, and tells whether anything is to be done for it now.
func (w *worker) mayGoOn(ctx context.Context) (bool, error) {
	var err error
	w.run, err = w.Syncs.Run(ctx, w.conn.Organization, w.conn.ID, w.message.Run)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("engine: run: %w", err)
	}
	return !w.run.Status.Final() && w.run.Status != syncing.Paused && w.conn.Status == tenant.Active, nil
}

// began notes that the run has begun. Whoever else does that at the same time does the same.
func (w *worker) began(ctx context.Context) error {
	if w.run.Status != syncing.Queued {
		return nil
	}
	next := w.run
	next.Status, next.UpdatedAt = syncing.Running, w.Now().UTC()
	next.Rev++
	if err := w.Syncs.UpdateRun(ctx, next, nil); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("engine: begin run: %w", err)
	}
	return nil
}

// advance takes one step and saves it. It tells whether the worker is done with the stream for now.
func (w *worker) advance(ctx context.Context) (ends bool, err error) {
	next, err := w.step(ctx)
	usage := w.client.Take()
	if err := w.charge(ctx, usage); err != nil {
		return true, err
	}
	if err != nil {
		count(&w.stream, usage)
		w.unsaved = usage.Requests > 0
		return true, w.failed(ctx, err)
	}
	count(&next, usage)
	if w.stream.Failures > 0 {
		w.Log.Info("went on", telemetry.KeyOrganization, w.conn.Organization, "run", w.run.ID, "object", w.stream.Object, "failures", w.stream.Failures)
	}
	next.Failures = 0
	if !next.WaitUntil.After(w.Now()) {
		next.WaitUntil, next.Waiting = time.Time{}, ""
	}
	saved, err := w.save(ctx, next)
	if err != nil || !saved {
		return true, err
	}
	telemetry.Count(ctx, "Pages", 1)
	if w.stream.Phase.Final() {
		return true, w.ended(ctx)
	}
	return false, nil
}

func count(s *syncing.Stream, u rest.Usage) {
	s.Requests += u.Requests
	s.Retries += u.Retries + u.Failed
	s.Throttled += u.Throttled
}

// save stores the stream as it is next. It is not saved if another worker goes on with it.
func (w *worker) save(ctx context.Context, next syncing.Stream) (bool, error) {
	next.Rev, next.UpdatedAt = w.stream.Rev+1, w.Now().UTC()
	if next.Phase.Final() {
		next.FinishedAt = next.UpdatedAt
	}
	err := w.Syncs.SaveStream(ctx, next)
	if fault.Is(err, fault.Conflict) {
		telemetry.Count(ctx, "Superseded", 1)
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("engine: save stream: %w", err)
	}
	w.stream = next
	return true, nil
}

// ended does what follows the end of a stream.
func (w *worker) ended(ctx context.Context) error {
	if err := w.remember(ctx, w.run, w.stream); err != nil {
		return err
	}
	return w.finish(ctx, w.run)
}

const (
	// shortWait is up to when a wait is not worth being noted.
	shortWait = 20 * time.Second
	// maxFailures is how many failures in a row a stream may have: about a day.
	maxFailures = 60
	// maxFailuresOfChanges is that of a sync that reads what changed, about half an hour: while one of its runs lasts there is
	// no other, and the next one goes on from where this one has not come.
	maxFailuresOfChanges = 10
	maxBackoff           = 30 * time.Minute
)

func (w *worker) mayFail() int {
	if w.run.Sync != "" && w.run.Plan.Kind == syncing.Changes {
		return maxFailuresOfChanges
	}
	return maxFailures
}

// waitUntil lets the stream go on at a time.
func (w *worker) waitUntil(ctx context.Context, at time.Time, why string) error {
	if w.unsaved || at.Sub(w.Now()) > shortWait && (!w.stream.WaitUntil.Equal(at) || w.stream.Waiting != why) {
		next := w.stream
		next.WaitUntil, next.Waiting = at.UTC(), why
		if saved, err := w.save(ctx, next); err != nil || !saved {
			return err
		}
	}
	return w.Control.Send(ctx, control.MessageOf(w.stream), at)
}

// failed decides what becomes of the stream after an error: a provider's limit is waited for, what may pass is tried again
// after ever longer pauses, a login that is refused stops all of the connection, and anything else stops this stream alone.
func (w *worker) failed(ctx context.Context, err error) error {
	kind, f := fault.KindOf(err), fault.Of(err)
	if ctx.Err() != nil {
		return err
	}
	telemetry.Count(ctx, "PagesFailed", 1)
	switch kind {
	case fault.RateLimited:
		wait := max(time.Second, f.RetryAfter)
		return w.waitUntil(ctx, w.Now().Add(wait+jitter(wait/4)), "the limit of "+w.definition.Title)
	case fault.Revoked:
		return w.revoked(ctx, err)
	case fault.Forbidden, fault.Invalid, fault.NotFound, fault.Conflict:
		return w.stop(ctx, err, f.Message)
	}
	if w.stream.Failures >= w.mayFail() {
		return w.stop(ctx, err, fmt.Sprintf("It failed %d times in a row, at last so: %s", w.stream.Failures, words(err)))
	}
	next := w.stream
	next.Failures++
	backoff := min(maxBackoff, time.Second<<min(next.Failures, 12))
	at := w.Now().Add(backoff/2 + jitter(backoff/2)).UTC()
	next.WaitUntil, next.Waiting = at, words(err)
	// Not an error: a retry that helps calls nobody.
	w.Log.Info("will try again", telemetry.KeyOrganization, w.conn.Organization, "run", w.run.ID, "object", w.stream.Object,
		"failures", next.Failures, "in_seconds", int(at.Sub(w.Now()).Seconds()), telemetry.KeyFault, string(kind), telemetry.KeyError, fault.Brief(err))
	if saved, err := w.save(ctx, next); err != nil || !saved {
		return err
	}
	return w.Control.Send(ctx, control.MessageOf(w.stream), at)
}

// words gives what people are told of an error.
func words(err error) string {
	if f := fault.Of(err); f != nil && f.Kind != fault.Internal {
		return f.Message
	}
	return "Something went wrong on our side."
}

// stop ends the stream with a problem, which logs tell by its cause; the others of the run go on.
func (w *worker) stop(ctx context.Context, cause error, problem string) error {
	next := w.stream
	next.Phase, next.Problem, next.WaitUntil, next.Waiting = syncing.Stopped, problem, time.Time{}, ""
	saved, err := w.save(ctx, next)
	if err != nil || !saved {
		return err
	}
	w.Log.Warn("stopped", telemetry.KeyOrganization, w.conn.Organization, "run", w.run.ID, "object", w.stream.Object, telemetry.KeyError, fault.Brief(cause))
	return w.ended(ctx)
}

// jitter spreads what would come at once.
func jitter(within time.Duration) time.Duration {
	if within <= 0 {
		return 0
	}
	return rand.N(within)
}

// object gives what the connector says of the stream's object.
func (w *worker) object() (connector.Object, bool) {
	for _, o := range w.definition.Pull.Objects {
		if o.Name == w.stream.Object {
			return o, true
		}
	}
	return connector.Object{}, false
}
