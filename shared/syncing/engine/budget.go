package engine

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/connector/rest"
	"leadline/shared/fault"
	"leadline/shared/telemetry"
)

// The requests of a budget are counted in one place for all streams of its run: one before each step, the others that it made
// behind it.

// mustWait tells until when the stream must wait, if it must, and for what. If it need not, a request of the budget is taken.
func (w *worker) mustWait(ctx context.Context) (until time.Time, why string, err error) {
	now := w.Now()
	if w.stream.WaitUntil.After(now) {
		until, why = w.stream.WaitUntil, w.stream.Waiting
	}
	b := w.run.Plan.Budget
	if !b.Bounds() {
		return until, why, nil
	}
	const its = "its budget"
	if ok, next := b.Allows(now, 0); !ok {
		return next, its, nil
	}
	if b.RequestsPerDay == 0 || !until.IsZero() || w.taken != "" {
		return until, why, nil
	}
	window := "requests of " + w.run.ID + " on " + b.Day(now)
	used, err := w.use(ctx, window, 1)
	if err != nil {
		return until, why, err
	}
	w.taken = window
	if ok, next := b.Allows(now, used-1); !ok {
		w.giveBack(ctx)
		return next, its, nil
	}
	return until, why, nil
}

// use counts requests of a day.
func (w *worker) use(ctx context.Context, window string, n int64) (int64, error) {
	used, err := w.Members.Use(ctx, w.conn.Organization, window, n, w.Now().Add(48*time.Hour))
	if err != nil {
		return 0, fmt.Errorf("engine: budget: %w", err)
	}
	return used, nil
}

// charge counts the requests of a step against the run's budget, less the one that was taken before it.
func (w *worker) charge(ctx context.Context, u rest.Usage) error {
	window := w.taken
	if window == "" || u.Requests == 0 {
		return nil
	}
	w.taken = ""
	if u.Requests == 1 {
		return nil
	}
	_, err := w.use(ctx, window, u.Requests-1)
	return err
}

// giveBack gives back a request that was taken and not made. One that is lost on the way is one less that day.
func (w *worker) giveBack(ctx context.Context) {
	if w.taken == "" {
		return
	}
	if _, err := w.use(ctx, w.taken, -1); err != nil {
		w.Log.Info("a request of a budget is lost", telemetry.KeyOrganization, w.conn.Organization, "run", w.run.ID, telemetry.KeyError, fault.Brief(err))
	}
	w.taken = ""
}
