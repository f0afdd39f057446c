package control

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"leadline/shared/connector"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/schedule"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// CheckSync tells what is wrong with a sync.
func (c *Controller) CheckSync(y syncing.Sync, d connector.Definition) error {
	if err := y.Schedule.Check(); err != nil {
		return err
	}
	return y.Plan.Check(d)
}

// spread is within what time after the stated one a sync begins, so that not all of them do in one second.
const spread = time.Minute

// Planned gives the sync with the time of its next run, which lies behind the one that was planned: a clock that is late
// must not plan the same run again.
func (c *Controller) Planned(y syncing.Sync) syncing.Sync {
	after := c.Now()
	if y.NextAt.After(after) && y.LastAt.Equal(y.NextAt) {
		after = y.NextAt
	}
	wait := schedule.Jitter(y.ID, spread)
	next, ok := y.Schedule.Next(after.Add(-wait))
	y.NextAt = time.Time{}
	if ok && !y.Off {
		y.NextAt = next.Add(wait).UTC()
	}
	return y
}

// Schedule sees to it that a sync which is stored runs at its NextAt. Repeated, it is no change.
func (c *Controller) Schedule(ctx context.Context, y syncing.Sync) error {
	if y.NextAt.IsZero() {
		return nil
	}
	m := syncing.Message{Kind: syncing.Due, Organization: y.Organization, Connection: y.Connection, Sync: y.ID, At: y.NextAt}
	body, err := m.Encode()
	if err != nil {
		return err
	}
	// Always an item, never a delayed message: one that is found by its time replaces itself.
	if err := c.Due.Schedule(ctx, dueItem(m, body, y.NextAt)); err != nil {
		return fmt.Errorf("control: schedule sync %s: %w", y.ID, err)
	}
	return nil
}

// Fire begins the run of a sync that is due at a time, and plans the next. A sync that was changed since is not due any
// more. Everything in it can be repeated: the run is named by the sync and the time.
func (c *Controller) Fire(ctx context.Context, conn tenant.Connection, y syncing.Sync, at time.Time) error {
	due := y.NextAt.Equal(at)
	again := y.LastAt.Equal(at) // it was planned on, and perhaps no more than that
	if y.Off || at.IsZero() || !due && !again {
		return nil
	}
	r, streams, wrong := c.dueRun(ctx, conn, y, at)
	if wrong != nil && !fault.Is(wrong, fault.Invalid) {
		return wrong
	}
	if due {
		if len(streams) > 0 {
			y.LastRun = r.ID
		}
		y.LastAt, y.UpdatedAt = at, c.Now().UTC()
		y = c.Planned(y)
		y.Rev++
		switch err := c.Syncs.UpdateSync(ctx, y, nil); {
		case fault.Is(err, fault.Conflict): // whoever changed it has planned it; the run is that of the time
			return fault.New(fault.Unavailable, "changed_meanwhile", "control: sync %s is being changed", y.ID)
		case err != nil:
			return fmt.Errorf("control: plan sync %s: %w", y.ID, err)
		}
	}
	if err := c.Schedule(ctx, y); err != nil {
		return err
	}
	if wrong != nil || len(streams) == 0 || y.LastRun != r.ID {
		return wrong
	}
	if err := c.Store(ctx, r, streams, nil); err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	return nil
}

// dueRun prepares the run of a sync at a time. It has no streams where none is to begin: while the connection is not active
// or the run before is under way, and where nothing was imported yet. Nothing is lost by that, for what comes next goes by
// the marks. The run before is watched over once more: one whose watch was lost would keep the sync from ever running again.
func (c *Controller) dueRun(ctx context.Context, conn tenant.Connection, y syncing.Sync, at time.Time) (syncing.Run, []syncing.Stream, error) {
	r := syncing.Run{ID: runAt(y, at), Sync: y.ID, CreatedAt: c.Now().UTC(), CreatedBy: y.ID}
	if conn.Status != tenant.Active {
		return r, nil, nil
	}
	if y.LastRun != "" && y.LastRun != r.ID {
		before, err := c.Syncs.Run(ctx, conn.Organization, conn.ID, y.LastRun)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return r, nil, fmt.Errorf("control: run %s: %w", y.LastRun, err)
		}
		if err == nil && !before.Status.Final() {
			return r, nil, c.WatchOn(ctx, before)
		}
	}
	next, streams, err := c.prepare(ctx, conn, y.Plan, r)
	if fault.Is(err, fault.Conflict) {
		return r, nil, nil
	}
	return next, streams, err
}

// runAt names the run of a sync at a time.
func runAt(y syncing.Sync, at time.Time) string {
	return runID(delivery.NamedID(at, y.Organization, y.Connection, y.ID, at.UTC().Format(time.RFC3339Nano)))
}

// Usual gives the syncs that a new connection begins with, in the time zone of its organization: what changed, every few
// minutes, for when webhooks fail; and everything, nightly.
func (c *Controller) Usual(conn tenant.Connection, zone string) ([]syncing.Sync, error) {
	now := c.Now().UTC()
	night := time.Duration(2)*time.Hour + schedule.Jitter(conn.ID, 3*time.Hour)
	syncs := []syncing.Sync{
		{Name: "Changes", Plan: syncing.Plan{Kind: syncing.Changes}, Schedule: schedule.Schedule{Kind: schedule.Every, EveryMinutes: 15, Zone: zone}},
		{Name: "Nightly reconciliation", Plan: syncing.Plan{Kind: syncing.Reconcile},
			Schedule: schedule.Schedule{Kind: schedule.Daily, At: []string{fmt.Sprintf("%02d:%02d", int(night.Hours()), int(night.Minutes())%60)}, Zone: zone}},
	}
	for i, y := range syncs {
		// Named by the connection, so that a second attempt makes no second one.
		about := sha256.Sum256([]byte(conn.ID + "\n" + y.Name))
		id, err := tenant.NewID("sync", strings.NewReader(string(about[:])+string(about[:])))
		if err != nil {
			return nil, fmt.Errorf("control: name of a sync: %w", err)
		}
		y.ID, y.Organization, y.Connection, y.CreatedAt, y.UpdatedAt, y.Rev = id, conn.Organization, conn.ID, now, now, 1
		syncs[i] = c.Planned(y)
	}
	return syncs, nil
}
