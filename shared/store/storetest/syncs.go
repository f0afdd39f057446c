package storetest

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	cadence "leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/syncing"
)

func runTests() []test {
	return append(runs().tests(), []test{
		{"a run and its streams are created together or not at all", func(t *testing.T, s Stores) {
			r := newRun("org_a", "run_a")
			streams := []syncing.Stream{newStream(r, "lead"), newStream(r, "activity.call")}
			ok(t, s.Syncs.CreateRun(ctx(t), r, streams, nil))
			other := newStream(r, "note")
			is(t, s.Syncs.CreateRun(ctx(t), r, []syncing.Stream{other}, nil), fault.Conflict, store.CodeTaken)
			got, err := s.Syncs.Streams(ctx(t), "org_a", "run_a")
			ok(t, err)
			same(t, got, []syncing.Stream{streams[1], streams[0]})
			none, err := s.Syncs.Streams(ctx(t), "org_b", "run_a")
			ok(t, err)
			if len(none) > 0 {
				t.Fatalf("another organization sees %v", none)
			}
		}},
		{"a run takes ninety streams", func(t *testing.T, s Stores) {
			r := newRun("org_a", "run_a")
			var streams []syncing.Stream
			for i := range 90 {
				streams = append(streams, newStream(r, fmt.Sprintf("object%02d", i)))
			}
			ok(t, s.Syncs.CreateRun(ctx(t), r, streams, nil))
			got, err := s.Syncs.Streams(ctx(t), "org_a", "run_a")
			ok(t, err)
			same(t, got, streams)
		}},
		{"a stream is saved by whoever knows its rev", func(t *testing.T, s Stores) {
			r := newRun("org_a", "run_a")
			stream := newStream(r, "lead")
			ok(t, s.Syncs.CreateRun(ctx(t), r, []syncing.Stream{stream}, nil))
			next := stream
			next.Rev, next.Cursor, next.Phase, next.Counts.Fetched = 2, "page 2", syncing.Comparing, 200
			ok(t, s.Syncs.SaveStream(ctx(t), next))
			other := next
			other.Cursor = "page 3"
			is(t, s.Syncs.SaveStream(ctx(t), other), fault.Conflict, store.CodeStale)
			got, err := s.Syncs.Stream(ctx(t), "org_a", "run_a", "lead")
			ok(t, err)
			same(t, got, next)
			_, err = s.Syncs.Stream(ctx(t), "org_a", "run_a", "contact")
			is(t, err, fault.NotFound, "")
			other.Object = "contact"
			is(t, s.Syncs.SaveStream(ctx(t), other), fault.Conflict, store.CodeStale)
		}},
		{"of those who save a stream at once one wins", func(t *testing.T, s Stores) {
			r := newRun("org_a", "run_a")
			stream := newStream(r, "lead")
			ok(t, s.Syncs.CreateRun(ctx(t), r, []syncing.Stream{stream}, nil))
			oneWins(t, atOnce(t, func(n int) error {
				mine := stream
				mine.Rev, mine.Cursor = 2, fmt.Sprint("worker ", n)
				return s.Syncs.SaveStream(ctx(t), mine)
			}))
		}},
	}...)
}

func syncTests() []test {
	return append(syncs().tests(), []test{
		{"a sync that is deleted is gone", func(t *testing.T, s Stores) {
			y := newSync("org_a", "sync_a")
			ok(t, s.Syncs.CreateSync(ctx(t), y, nil))
			ok(t, s.Syncs.DeleteSync(ctx(t), "org_b", y.Connection, y.ID))
			syncs().stands(t, s, "org_a", y)
			ok(t, s.Syncs.DeleteSync(ctx(t), "org_a", y.Connection, y.ID))
			ok(t, s.Syncs.DeleteSync(ctx(t), "org_a", y.Connection, y.ID))
			_, err := s.Syncs.Sync(ctx(t), "org_a", y.Connection, y.ID)
			is(t, err, fault.NotFound, "")
		}},
		{"what is not known of a connection is an empty state", func(t *testing.T, s Stores) {
			got, err := s.Syncs.State(ctx(t), "org_a", "conn_a")
			ok(t, err)
			same(t, got, syncing.State{Organization: "org_a", Connection: "conn_a"})
		}},
		{"a state is saved by whoever knows its rev", func(t *testing.T, s Stores) {
			state := newState()
			ok(t, s.Syncs.SaveState(ctx(t), state))
			again := state
			again.Problem = "another"
			is(t, s.Syncs.SaveState(ctx(t), again), fault.Conflict, store.CodeStale)
			next := state
			next.Rev, next.Problem, next.Marks = 2, "", map[string]time.Time{"lead": base()}
			ok(t, s.Syncs.SaveState(ctx(t), next))
			got, err := s.Syncs.State(ctx(t), "org_a", "conn_a")
			ok(t, err)
			same(t, got, next)
		}},
		{"of those who save a state at once one wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(n int) error {
				state := newState()
				state.Problem = fmt.Sprint(n)
				return s.Syncs.SaveState(ctx(t), state)
			}))
		}},
	}...)
}

// connectionOfSyncs is that of all runs and syncs of these tests.
const connectionOfSyncs = "conn_a"

func newRun(organization, id string) syncing.Run {
	return syncing.Run{ID: id, Organization: organization, Connection: connectionOfSyncs, Connector: "close", Sync: "sync_1",
		Plan: syncing.Plan{Kind: syncing.Import, Mode: syncing.Range, Objects: []string{"lead"}, From: base(), By: "created", Query: `{"a":"<b>"}`,
			Budget: syncing.Budget{RequestsPerDay: 10, From: "22:00", Until: "06:00", Days: []time.Weekday{time.Sunday}, Zone: "Europe/Berlin"}},
		Status: syncing.Running, Problem: "It waits.", CreatedBy: "key_1", CreatedAt: base(), UpdatedAt: base(), PausedFor: time.Minute,
		Report: &syncing.Report{At: base(), Agrees: true, Objects: []syncing.ReportObject{{Object: "lead", Source: 5, Stored: 5, SourceHow: "it says so"}}},
		Forget: base().Add(time.Hour), Rev: 1}
}

func changedRun(r syncing.Run) syncing.Run {
	r.Status, r.Problem, r.Report, r.FinishedAt, r.UpdatedAt, r.Rev = syncing.Done, "", nil, base(), base().Add(time.Hour), r.Rev+1
	return r
}

func newStream(r syncing.Run, object string) syncing.Stream {
	return syncing.Stream{Organization: r.Organization, Connection: r.Connection, Run: r.ID, Object: object, Phase: syncing.Reading,
		Scope:  connector.Scope{Kind: connector.CreatedBetween, From: base(), IDs: []string{"a"}},
		Cursor: `{"after":"x"}`, Counts: syncing.Counts{Found: -1, Fetched: 3, Held: 4}, SourceAt: base(), Requests: 2, WaitUntil: base(),
		Waiting: "its turn", Source: -1, Stored: 4, SourceHow: "x", StartedAt: base(), UpdatedAt: base(), Forget: r.Forget, Rev: 1}
}

func newSync(organization, id string) syncing.Sync {
	return syncing.Sync{ID: id, Organization: organization, Connection: connectionOfSyncs, Name: "Nightly", Plan: syncing.Plan{Kind: syncing.Reconcile},
		Schedule: cadence.Schedule{Kind: cadence.Manual}, NextAt: base(), LastRun: "run_1", LastAt: base(), CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func changedSync(y syncing.Sync) syncing.Sync {
	y.Name, y.Off, y.NextAt, y.UpdatedAt, y.Rev = "Other", true, time.Time{}, base().Add(time.Hour), y.Rev+1
	return y
}

func newState() syncing.State {
	return syncing.State{Organization: "org_a", Connection: "conn_a", Problem: "It is revoked.", ProblemCode: "revoked", ProblemSince: base(),
		Identity:     connector.Identity{AccountID: "orga_1", Permissions: []string{"a"}, Missing: []connector.MissingPermission{{Permission: "b", Needed: "c"}}},
		Subscription: syncing.SubscriptionState{ID: "whsub_1", Active: true, CheckedAt: base()},
		Objects:      map[string]syncing.ObjectState{"lead": {Stored: 1, Source: 2, Drift: &syncing.Counts{Missing: 1}}}, Rev: 1}
}

func runs() resource[syncing.Run] {
	return resource[syncing.Run]{
		make: newRun, changed: changedRun,
		inRev: func(r syncing.Run, by int64) syncing.Run { r.Rev += by; return r },
		id:    func(r syncing.Run) string { return r.ID },
		order: func(a, b syncing.Run) int { return cmp.Compare(b.ID, a.ID) },
		create: func(ctx context.Context, s Stores, r syncing.Run, receipt *store.Receipt) error {
			return s.Syncs.CreateRun(ctx, r, nil, receipt)
		},
		update: func(ctx context.Context, s Stores, r syncing.Run, receipt *store.Receipt) error {
			return s.Syncs.UpdateRun(ctx, r, receipt)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (syncing.Run, error) {
			return s.Syncs.Run(ctx, organization, connectionOfSyncs, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]syncing.Run, string, error) {
			return s.Syncs.Runs(ctx, organization, connectionOfSyncs, p)
		},
	}
}

func syncs() resource[syncing.Sync] {
	return resource[syncing.Sync]{
		make: newSync, changed: changedSync,
		inRev: func(y syncing.Sync, by int64) syncing.Sync { y.Rev += by; return y },
		id:    func(y syncing.Sync) string { return y.ID },
		order: func(a, b syncing.Sync) int { return cmp.Compare(a.ID, b.ID) },
		create: func(ctx context.Context, s Stores, y syncing.Sync, receipt *store.Receipt) error {
			return s.Syncs.CreateSync(ctx, y, receipt)
		},
		update: func(ctx context.Context, s Stores, y syncing.Sync, receipt *store.Receipt) error {
			return s.Syncs.UpdateSync(ctx, y, receipt)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (syncing.Sync, error) {
			return s.Syncs.Sync(ctx, organization, connectionOfSyncs, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]syncing.Sync, string, error) {
			return s.Syncs.Syncs(ctx, organization, connectionOfSyncs, p)
		},
	}
}
