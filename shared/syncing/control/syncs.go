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
	"leadline/shared/store"
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
	item := store.DueItem{At: y.NextAt, Key: dueKey(m), Queue: QueueName, Group: y.Organization, Body: body}
	if err := c.Due.Schedule(ctx, item); err != nil {
		return fmt.Errorf("control: schedule sync %s: %w", y.ID, err)
	}
	return nil
}

// Fire begins the run of a sync that is due at a time, and plans the next. A sync that was changed since is not due any
// more. Everything in it can be repeated: the run is named by the sync and the time.
func (c *Controller) Fire(ctx context.Context, conn tenant.Connection, y syncing.Sync, at time.Time) error {
	due := !y.Off && y.NextAt.Equal(at)
	again := !y.Off && y.LastAt.Equal(at) && !at.IsZero() // it was planned on, and perhaps no more than that
	if !due && !again {
		return nil
	}
	id := runAt(y, at)
	if due {
		y.LastRun, y.LastAt, y.UpdatedAt = id, at, c.Now().UTC()
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
	if conn.Status != tenant.Active {
		return nil // it reads again once it is active: nothing is lost, for it goes by its marks
	}
	if busy, err := c.busy(ctx, conn, y); err != nil || busy {
		return err
	}
	r, streams, err := c.prepare(ctx, conn, y.Plan, syncing.Run{ID: id, Sync: y.ID, CreatedAt: c.Now().UTC(), CreatedBy: y.ID})
	if fault.Is(err, fault.Conflict) { // nothing was imported yet
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.Store(ctx, r, streams, nil); err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	return nil
}

// busy tells whether the last run of the sync is still under way: the next one takes along what this one leaves.
func (c *Controller) busy(ctx context.Context, conn tenant.Connection, y syncing.Sync) (bool, error) {
	runs, _, err := c.Syncs.Runs(ctx, conn.Organization, conn.ID, store.Page{Limit: 20})
	if err != nil {
		return false, fmt.Errorf("control: runs: %w", err)
	}
	for _, r := range runs {
		if r.Sync == y.ID && !r.Status.Final() && r.ID != y.LastRun {
			return true, nil
		}
	}
	return false, nil
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
