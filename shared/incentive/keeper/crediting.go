package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// tries is how often a record is credited again where somebody else credited it in between.
const tries = 6

// changed credits the records of a message in all editions that are made of them, and gathers whom that touches. What fails in one
// edition keeps no other from being credited.
func (r *round) changed(ctx context.Context, i int, m Message) error {
	o, err := r.organization(ctx, m.Organization)
	if err != nil || len(o.programs) == 0 {
		return err
	}
	var failed error
	for _, p := range o.programs {
		for _, e := range p.LiveAndBuilding() {
			if m.Edition != "" && m.Edition != e.ID {
				continue
			}
			err := r.changedIn(ctx, i, m, o, p, e)
			if f := fault.Of(err); f != nil && f.Code == incentive.CodeBroken {
				err = r.blame(ctx, who{p.Organization, p.ID, e.ID, ""}, err)
			}
			failed = errors.Join(failed, err)
		}
		failed = errors.Join(failed, r.watch(ctx, p))
	}
	return failed
}

func (r *round) changedIn(ctx context.Context, i int, m Message, o *known, p program.Program, e program.Edition) error {
	keys, err := r.bases(ctx, m, e)
	if err != nil || len(keys) == 0 {
		return err
	}
	plan, err := r.plan(ctx, p, e)
	if err != nil {
		return err
	}
	c := r.crediting(ctx, o, p, plan)
	return each(keys, func(n int) error {
		f, _, err := c.credit(ctx, keys[n])
		if err == nil {
			r.order(i, p, plan, f)
		}
		return err
	})
}

// bases gives the records of a message that an edition credits, and those that its other records are joined to.
func (r *round) bases(ctx context.Context, m Message, e program.Edition) ([]record.Key, error) {
	var keys, far []record.Key
	for _, key := range m.Records {
		key.Organization = m.Organization
		base, joined := reads(e, key)
		if base {
			keys = append(keys, key)
		}
		if !joined {
			continue
		}
		for other, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]record.Key, string, error) {
			return r.Credits.JoinedTo(ctx, m.Organization, e.ID, key, page)
		}) {
			if err != nil {
				return nil, fmt.Errorf("keeper: what is joined to %s: %w", key.Object, err)
			}
			far = append(far, other)
		}
	}
	if len(far) <= MaxRecords {
		keys = append(keys, far...)
		far = nil
	}
	for len(far) > 0 { // a record that very many are joined to is too much for one invocation
		n := min(len(far), MaxRecords)
		if err := r.Outbox.Send(ctx, Message{Kind: Changed, Organization: m.Organization, Edition: e.ID, Records: far[:n]}, 0); err != nil {
			return nil, err
		}
		far = far[n:]
	}
	slices.SortFunc(keys, compareKeys)
	return slices.Compact(keys), nil
}

// order gathers the units that a footprint touches.
func (r *round) order(i int, p program.Program, plan *plan, f incentive.Footprint) {
	if len(f.Touched) == 0 {
		return
	}
	today := dateOf(r.Now().Add(skew), plan) // asked once the credits are stored: see periodOf
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range f.Touched {
		if name := plan.periodOf(t.Date, today); name != "" {
			r.want(who{p.Organization, p.ID, plan.edition.ID, t.Participant}, name, i)
		}
	}
	r.orders = append(r.orders, ordered{i, f})
}

// crediting credits the records of one edition.
type crediting struct {
	*Keeper
	p     program.Program
	plan  *plan
	world *world
}

func (k *Keeper) crediting(ctx context.Context, o *known, p program.Program, plan *plan) *crediting {
	return &crediting{Keeper: k, p: p, plan: plan, world: k.world(ctx, o, p.Organization, plan)}
}

// credit brings the credits of a record up to it, and gives its footprint, with what is to be reckoned anew, and how many
// credits it has now. The footprint is read before the record, and replaced only if it is still the same: so of two that
// credit at once, the one with the older record fails, and tries again.
func (c *crediting) credit(ctx context.Context, key record.Key) (incentive.Footprint, int, error) {
	for range tries {
		f, n, err := c.once(ctx, key)
		if !fault.Is(err, fault.Conflict) {
			return f, n, err
		}
		telemetry.Count(ctx, "CreditedAtOnce", 1)
	}
	return incentive.Footprint{}, 0, fault.New(fault.Unavailable, "contended", "Others credit the same record of %s again and again.", key.Object)
}

func (c *crediting) once(ctx context.Context, key record.Key) (incentive.Footprint, int, error) {
	before, err := c.Credits.Footprint(ctx, key.Organization, c.plan.edition.ID, key)
	if err != nil {
		return before, 0, fmt.Errorf("keeper: footprint: %w", err)
	}
	rec, err := c.Records.Get(ctx, key)
	if fault.Is(err, fault.NotFound) {
		rec, err = record.Record{Key: key, Deleted: true}, nil
	}
	if err != nil {
		return before, 0, fmt.Errorf("keeper: record: %w", err)
	}
	w := c.world.again()
	credits, refusals := c.plan.Credit(incentive.Base{Record: &rec}, w)
	switch {
	case fault.Is(w.err, fault.Invalid): // nobody but the one who wrote the program can mend it
		credits, refusals = nil, []incentive.Refusal{{Step: "join", Code: fault.Of(w.err).Code, Detail: fault.Of(w.err).Message, Problem: true}}
	case w.err != nil:
		return before, 0, w.err
	}
	next := incentive.Footprint{Organization: key.Organization, Edition: c.plan.edition.ID, Record: key, RecordRev: rec.Rev, Joined: w.keys(),
		Refusals: problems(refusals), Rev: before.Rev + 1, At: c.Now().UTC()}
	for _, credit := range credits {
		next.Credits = append(next.Credits, incentive.CreditRef{Participant: credit.Participant, Date: credit.Date, ID: credit.ID})
	}
	next.Hash = digest(credits)
	same := next.Hash == before.Hash && slices.Equal(next.Joined, before.Joined) && slices.Equal(next.Refusals, before.Refusals)
	if same || before.Rev == 0 && len(credits)+len(next.Joined)+len(next.Refusals) == 0 {
		return before, len(credits), nil // with what it touched before, if that was not ordered yet
	}
	next.Touched = touched(before, next, next.Hash != before.Hash)
	err = c.Credits.SaveFootprint(ctx, next, before, credits, gone(before.Credits, next.Credits))
	if f := fault.Of(err); f != nil && f.Code == store.CodeTooMany { // in two saves: this one removes, the next try puts
		err = c.remove(ctx, before, next)
	}
	if err != nil {
		return before, 0, err
	}
	telemetry.Count(ctx, "Credited", 1)
	return next, len(credits), c.unmoved(ctx, w, before)
}

// unmoved gives a Conflict if a record that was joined for the first time has changed since it was read: whoever heard of that
// change did not find yet that this one is joined to it.
func (c *crediting) unmoved(ctx context.Context, w *world, before incentive.Footprint) error {
	for key, read := range w.found {
		if slices.Contains(before.Joined, key) {
			continue
		}
		now, err := c.Records.Get(ctx, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("keeper: record: %w", err)
		}
		if there := err == nil; there != (read != nil) || there && now.Rev != read.Rev {
			return fault.New(fault.Conflict, store.CodeStale, "a joined record has changed")
		}
	}
	return nil
}

// remove takes away the credits that a record has no more, and gives a Conflict, for the record has to be credited again.
func (c *crediting) remove(ctx context.Context, before, next incentive.Footprint) error {
	left := next
	left.Hash, left.Credits, left.Joined, left.Refusals = "", nil, before.Joined, nil
	for _, ref := range before.Credits {
		if slices.Contains(next.Credits, ref) {
			left.Credits = append(left.Credits, ref)
		}
	}
	if err := c.Credits.SaveFootprint(ctx, left, before, nil, gone(before.Credits, next.Credits)); err != nil {
		return err
	}
	return fault.New(fault.Conflict, store.CodeStale, "the footprint has changed")
}

// problems gives the refusals that somebody must look at.
func problems(refusals []incentive.Refusal) []incentive.Refusal {
	var found []incentive.Refusal
	for _, r := range refusals {
		if r.Problem {
			found = append(found, r)
		}
	}
	return found
}

// gone gives the credits of before that are not in next.
func gone(before, next []incentive.CreditRef) []incentive.CreditRef {
	var out []incentive.CreditRef
	for _, b := range before {
		if !slices.Contains(next, b) {
			out = append(out, b)
		}
	}
	return out
}

// touched gives whom a change touches: everybody who had credit, or has it now, and whom an earlier change touched for whom
// nothing was ordered.
func touched(before, next incentive.Footprint, differs bool) []incentive.CreditRef {
	all := slices.Clone(before.Touched)
	if differs {
		all = append(append(all, before.Credits...), next.Credits...)
	}
	for i := range all {
		all[i].ID = ""
	}
	slices.SortFunc(all, func(a, b incentive.CreditRef) int {
		if a.Participant != b.Participant {
			return compareTexts(a.Participant, b.Participant)
		}
		return compareTexts(string(a.Date), string(b.Date))
	})
	return slices.Compact(all)
}

func compareTexts(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
