package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// chaos is a world in which everything happens at once: changes, lost and late webhooks, deaths, duplicates, pauses, outages.
type chaos struct {
	*world
	rt     *rapid.T
	random *rand.Rand
	// silent says that something changed of which nothing tells.
	silent bool
	hidden []row
}

var objects = []string{"deal", "lead", "note", "tag"}

// change lets records be made, changed or deleted.
func (c *chaos) change() {
	for range 1 + c.random.IntN(6) {
		c.advance(time.Duration(1+c.random.IntN(2_000)) * time.Millisecond)
		r := row{object: objects[c.random.IntN(len(objects))], updated: c.now(), value: c.random.IntN(1000)}
		r.id = fmt.Sprintf("%s_%05d", r.object, c.random.IntN(130))
		if r.object == "note" {
			r.parent = fmt.Sprintf("lead_%05d", c.random.IntN(130))
		}
		if slices.ContainsFunc(c.hidden, func(h row) bool { return h.object == r.object && h.id == r.id }) {
			continue
		}
		_, there := c.crm.objects[r.object][r.id]
		r.deleted = there && c.random.IntN(5) == 0
		c.crm.put(r)
		if r.deleted && r.object == "lead" {
			for _, child := range c.crm.objects["note"] {
				if child.parent == r.id {
					c.crm.put(row{object: "note", id: child.id, updated: c.now(), deleted: true})
				}
			}
		}
	}
}

// post sends the webhook of a change, or loses it.
func (c *chaos) post(r row) {
	active := slices.ContainsFunc(slices.Collect(maps.Values(c.crm.subscriptions)), func(s connector.SubscriptionState) bool { return s.Active })
	for n := c.random.IntN(10); active && n > 0; n -= 8 { // lost, once, twice
		c.receive(r, time.Duration(c.random.IntN(600))*time.Second)
	}
}

func (c *chaos) hide() {
	o := objects[c.random.IntN(len(objects))]
	ids := slices.Sorted(maps.Keys(c.crm.objects[o]))
	if len(ids) > 0 && c.random.IntN(3) == 0 {
		c.silent = true
		c.hidden = append(c.hidden, c.crm.hide(o, ids[c.random.IntN(len(ids))])...)
	}
}

func (c *chaos) begin() {
	plan := []syncing.Plan{{Kind: syncing.Import, Mode: syncing.Full}, {Kind: syncing.Import, Mode: syncing.Incremental}, {Kind: syncing.Reconcile}, {Kind: syncing.Changes},
		{Kind: syncing.Import, Mode: syncing.Range, By: "updated", From: c.now().Add(-time.Hour), Objects: []string{"deal"}}}[c.random.IntN(5)]
	if plan.Objects == nil && c.random.IntN(2) == 0 {
		plan.Objects = objects[c.random.IntN(3):]
	}
	r, streams, err := c.control.Prepare(c.t.Context(), c.connection(), plan, "key_1")
	if fault.Is(err, fault.Conflict) || c.connection().Status != tenant.Active {
		return
	}
	c.must(err)
	c.must(c.control.Store(c.t.Context(), r, streams, nil))
}

// meddle pauses, resumes or cancels a run.
func (c *chaos) meddle() {
	for _, r := range c.runs() {
		if r.Status.Final() || c.random.IntN(2) == 0 {
			continue
		}
		how := []func(syncing.Run) (syncing.Run, bool, error){c.control.Paused, c.control.Resumed, c.control.Resumed, c.control.Cancelled}[c.random.IntN(4)]
		c.steer(r.ID, how)
		_, streams := c.get(r.ID)
		c.must(c.control.GoOn(c.t.Context(), slices.Collect(maps.Values(streams))))
	}
}

func (c *chaos) duplicate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range slices.Clone(c.queue) {
		if c.random.IntN(2) == 0 {
			c.queue = append(c.queue, delayed{m.at.Add(time.Duration(c.random.IntN(120)) * time.Second), m.body})
		}
	}
	c.random.Shuffle(len(c.queue), func(i, j int) { c.queue[i], c.queue[j] = c.queue[j], c.queue[i] })
}

func (c *chaos) fails(err error, oneIn int) {
	c.crm.fail = func(string) error {
		if c.random.IntN(oneIn) == 0 {
			return err
		}
		return nil
	}
}

// act does something.
func (c *chaos) act(what string) {
	switch what {
	case "change":
		c.change()
	case "hide":
		c.hide()
	case "show":
		c.crm.show(c.hidden)
		c.hidden = nil
	case "begin":
		c.begin()
	case "meddle":
		c.meddle()
	case "duplicate":
		c.duplicate()
	case "pause":
		c.become(tenant.Paused)
	case "disable":
		c.become(tenant.Disabled)
	case "enable":
		c.become(tenant.Active)
	case "revoke":
		c.fails(fault.New(fault.Revoked, "revoked", "The key is no longer valid."), 1)
	case "outage":
		c.fails(fault.New(fault.Unavailable, "down", "Toy is down."), 2)
	case "limit":
		c.fails(&fault.Error{Kind: fault.RateLimited, Code: "rate_limited", Message: "Too many.", RetryAfter: time.Duration(c.random.IntN(60)) * time.Second}, 2)
	case "heal":
		c.crm.fail = nil
		c.must(c.control.Tend(c.t.Context(), organization, connection))
	case "unsubscribe":
		for id := range c.crm.subscriptions {
			c.subscription(connector.SubscriptionState{ID: id, Problem: "It is paused."})
		}
	case "die":
		oneIn := 10 + c.random.IntN(100)
		c.dies = func(string, bool) bool { return c.random.IntN(oneIn) == 0 }
	case "live":
		c.dies = nil
	case "wait":
		c.pass(time.Duration(1+c.random.IntN(180)) * time.Minute)
	default:
		c.pass(time.Duration(1+c.random.IntN(5)) * time.Minute)
	}
}

// settle ends all trouble and lets everything that is under way come to its end.
func (c *chaos) settle() {
	c.dies, c.crm.fail, c.crm.notReady = nil, nil, 0
	c.crm.show(c.hidden)
	c.become(tenant.Active)
	c.must(c.control.Tend(c.t.Context(), organization, connection))
	for _, r := range c.runs() {
		if r.Status == syncing.Paused {
			c.steer(r.ID, c.control.Resumed)
			_, streams := c.get(r.ID)
			c.must(c.control.GoOn(c.t.Context(), slices.Collect(maps.Values(streams))))
		}
	}
	c.pass(100 * time.Minute)
	c.skew = 0
	imports := 0
	for _, r := range c.runs() {
		if !r.Status.Final() && c.now().Sub(r.CreatedAt) > 30*time.Minute {
			_, streams := c.get(r.ID)
			c.rt.Fatalf("the run %+v is still %s: %+v", r.Plan, r.Status, streams)
		}
		if r.Plan.Kind == syncing.Import && r.Status.Final() && r.Status != syncing.Cancelled {
			imports++
		}
	}
	told := 0
	for _, n := range c.notices {
		if n.Kind == notice.ImportDone || n.Kind == notice.ImportFailed {
			told++
		}
	}
	if told != imports {
		c.rt.Fatalf("%d imports have ended, %d were told of", imports, told)
	}
	if s := c.state(); !s.PausedAt.IsZero() || s.Problem != "" || !s.Subscription.Active || c.now().Sub(s.TendedAt) > 11*time.Minute || len(c.crm.subscriptions) != 1 {
		c.rt.Fatalf("known of the connection is %+v", s)
	}
	if n := c.waiting(syncing.Tend); n > 2 {
		c.rt.Fatalf("%d messages say that it is to be looked after", n)
	}
}

// agree fails unless both sides hold the same.
func (c *chaos) agree(when string, objects ...string) {
	for _, o := range objects {
		want, stored := map[string]int{}, c.stored(o)
		for id, r := range c.crm.objects[o] {
			want[id] = r.value
		}
		if !maps.Equal(want, stored) {
			for id := range want {
				if v, there := stored[id]; !there || v != want[id] {
					c.rt.Logf("%s is %d there, stored %t as %d", id, want[id], there, v)
				}
			}
			for id := range stored {
				if _, there := want[id]; !there {
					c.rt.Logf("%s is stored and not there", id)
				}
			}
			c.rt.Fatalf("%s, of %s %d are stored, %d there, and they differ", when, o, len(stored), len(want))
		}
	}
}

func (c *chaos) end(plan syncing.Plan) map[string]syncing.Stream {
	r, streams := c.finish(c.start(plan))
	if r.Status != syncing.Done {
		c.rt.Fatalf("the last run is %s: %+v", r.Status, streams)
	}
	return streams
}

// TestWhateverHappensBothSidesAgreeInTheEnd: after any schedule of changes, lost and late webhooks, deaths at any call,
// duplicates, wrong clocks, pauses, outages and runs of all kinds, a run of what changed brings what was read whole once up to
// what the provider has, as far as anything tells of it; a reconciliation brings all of it, and a second one finds nothing.
func TestWhateverHappensBothSidesAgreeInTheEnd(t *testing.T) {
	acts := []string{"change", "change", "change", "begin", "begin", "wait", "wait", "step", "step", "meddle", "duplicate", "pause", "disable", "enable", "enable", "revoke",
		"outage", "limit", "heal", "heal", "unsubscribe", "die", "die", "die", "live", "hide", "show", "begin", "wait"}
	rapid.Check(t, func(rt *rapid.T) {
		c := &chaos{world: newWorld(t, more), rt: rt, random: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
		c.stride = time.Minute
		c.crm.post = c.post
		c.skewed = func() time.Duration { return time.Duration(c.random.IntN(6_000)-3_000) * time.Millisecond }
		for _, o := range objects {
			c.deals(o, 60)
		}
		c.must(c.control.Tend(t.Context(), organization, connection))
		for _, what := range rapid.SliceOfN(rapid.SampledFrom(acts), 5, 60).Draw(rt, "acts") {
			c.act(what)
		}
		c.settle()
		c.end(syncing.Plan{Kind: syncing.Changes, From: c.now().Add(-time.Minute)})
		c.pass(11 * time.Minute) // what is to be read again is
		if !c.silent {
			for _, o := range objects {
				if !c.state().Marks[o].IsZero() {
					c.agree("after the changes", o)
				}
			}
		}
		whole := syncing.Plan{Kind: syncing.Reconcile, MaxDeletions: 1_000}
		c.end(whole)
		c.agree("in the end", objects...)
		for o, s := range c.end(whole) {
			if n := s.Counts; n.Drift() != 0 || n.Newer != 0 || n.Absent != 0 || n.Refused != 0 {
				rt.Fatalf("%s are reconciled, and then %+v", o, n)
			}
		}
	})
}
