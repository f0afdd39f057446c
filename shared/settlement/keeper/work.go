package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

const (
	// perPart is how many participants a worker does at once.
	perPart = 100
	// early is how long a message may come before what ordered it is stored.
	early = time.Minute
)

// reserve is the time that an invocation leaves unused: enough for the participants that it is at.
const reserve = 10 * time.Second

// late tells whether too little time is left to begin with another participant.
func late(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < reserve
}

// ordered reads the settlement whose work a message is part of; false if that work is not what goes on any more.
func (k *Keeper) ordered(ctx context.Context, m Message) (settlement.Settlement, bool, error) {
	s, err := k.Settlements.Settlement(ctx, m.Organization, m.Program, m.Period)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return s, false, fmt.Errorf("settlement: %w", err)
	}
	if err == nil && s.Work.Run == m.Run {
		return s, true, nil
	}
	if s.UpdatedAt.Before(m.At) && k.Now().Sub(m.At) < early {
		return s, false, fault.New(fault.Unavailable, "too_early", "The settlement is not stored yet.")
	}
	return s, false, nil
}

// begin lists who is in a settlement, and gives them to workers in parts. It may be repeated: the list is made once.
func (k *Keeper) begin(ctx context.Context, m Message) error {
	s, goesOn, err := k.ordered(ctx, m)
	if err != nil || !goesOn {
		return err
	}
	who, next := func() ([]string, error) { return k.participants(ctx, s) }, FreezePart
	if m.Kind == Post {
		who, next = nil, PostPart
	}
	all, err := k.list(ctx, s, who)
	if err != nil {
		return k.fail(ctx, m, err)
	}
	parts := slices.Collect(slices.Chunk(all, perPart))
	if s.Work.Parts != len(parts) || s.Work.Of != len(all) {
		s.Work.Parts, s.Work.Of = len(parts), len(all)
		s.Rev++
		if err := k.store(ctx, s); err != nil {
			return err
		}
	}
	for n, some := range parts {
		part := Message{Kind: next, Organization: m.Organization, Program: m.Program, Period: m.Period, Run: m.Run, Part: n + 1, Participants: some}
		if err := k.send(ctx, part, 0); err != nil {
			return err
		}
	}
	if len(parts) == 0 {
		return k.finish(ctx, m)
	}
	return nil
}

// store writes a settlement as it has become.
func (k *Keeper) store(ctx context.Context, s settlement.Settlement) error {
	if err := k.Settlements.SaveSettlement(ctx, s, nil); err != nil {
		return fmt.Errorf("settlement: save: %w", err)
	}
	return nil
}

// participants lists who gets something with a settlement, or may: who has a standing in the period, who has one, or had a statement, in a
// period that is locked, and for whom somebody noted an adjustment.
func (k *Keeper) participants(ctx context.Context, s settlement.Settlement) ([]string, error) {
	seen := map[string]bool{}
	locked, err := k.locked(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, period := range append(locked, s.Period.Name) {
		for one, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]string, string, error) {
			standings, next, err := k.Credits.Standings(ctx, s.Organization, s.Edition, period, page)
			ids := make([]string, len(standings))
			for i := range standings {
				ids[i] = standings[i].Participant
			}
			return ids, next, err
		}) {
			if err != nil {
				return nil, fmt.Errorf("settlement: standings: %w", err)
			}
			seen[one] = true
		}
	}
	for _, period := range locked {
		for one, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Settled, string, error) {
			return k.Settlements.SettledIn(ctx, s.Organization, s.Program, period, page)
		}) {
			if err != nil {
				return nil, fmt.Errorf("settlement: settled: %w", err)
			}
			seen[one.Participant] = true
		}
	}
	pending, err := k.pending(ctx, s)
	if err != nil {
		return nil, err
	}
	for id := range pending {
		seen[id] = true
	}
	all := make([]string, 0, len(seen))
	for id := range seen {
		if !strings.HasPrefix(id, incentive.TeamParticipant("")) { // a team is nobody who can be paid: what it does for its members stands in their statements
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all, nil
}

// locked names the periods of the program that are locked, before that of a settlement, in their order.
func (k *Keeper) locked(ctx context.Context, s settlement.Settlement) ([]string, error) {
	var names []string
	for one, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Settlement, string, error) {
		return k.Settlements.Settlements(ctx, s.Organization, s.Program, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("settlement: settlements: %w", err)
		}
		if final(one.State) && one.Period.Name < s.Period.Name {
			names = append(names, one.Period.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func final(s settlement.State) bool { return s == settlement.Locked || s == settlement.Paid }

// pending gives the manual adjustments that wait for a settlement of this period, by participant.
func (k *Keeper) pending(ctx context.Context, s settlement.Settlement) (map[string][]settlement.Manual, error) {
	all := map[string][]settlement.Manual{}
	for one, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Manual, string, error) {
		return k.Settlements.Manuals(ctx, s.Organization, s.Program, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("settlement: adjustments: %w", err)
		}
		if one.State == settlement.ManualPending && one.Period <= s.Period.Name {
			all[one.Participant] = append(all[one.Participant], one)
		}
	}
	return all, nil
}

// part freezes or posts the statements of some participants, and, when it is the last, goes on with the settlement.
func (k *Keeper) part(ctx context.Context, m Message) error {
	s, goesOn, err := k.ordered(ctx, m)
	if err != nil || !goesOn {
		return err
	}
	do, err := k.doing(ctx, m, s)
	if err != nil {
		return k.fail(ctx, m, err)
	}
	var mu sync.Mutex
	var sum settlement.Totals
	left := false
	err = each(m.Participants, func(i int) error {
		if late(ctx) {
			mu.Lock()
			defer mu.Unlock()
			left = true
			return nil
		}
		st, found, err := do(m.Participants[i])
		if err != nil {
			return fmt.Errorf("%s: %w", m.Participants[i], err)
		}
		if !found {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		sum, err = sum.Plus(st.Totals())
		return err
	})
	if err != nil {
		return k.fail(ctx, m, err)
	}
	if left { // what is done is found done when the part comes again
		return k.send(ctx, m, 0)
	}
	telemetry.Count(ctx, "Settled", len(m.Participants))
	if err := k.Settlements.FinishSettlementPart(ctx, m.Organization, m.Program, m.Period, m.Run, m.Part, len(m.Participants), sum); err != nil {
		return fmt.Errorf("settlement: finish part %d: %w", m.Part, err)
	}
	return k.finish(ctx, m)
}

// doing gives what is done to each participant of a part: the statement, and false where there is none.
func (k *Keeper) doing(ctx context.Context, m Message, s settlement.Settlement) (func(participant string) (settlement.Statement, bool, error), error) {
	if m.Kind == PostPart {
		return func(participant string) (settlement.Statement, bool, error) { return k.post(ctx, s, participant) }, nil
	}
	p, err := k.Programs.Program(ctx, m.Organization, m.Program)
	if err != nil {
		return nil, fmt.Errorf("settlement: program: %w", err)
	}
	if p.Live == nil {
		return nil, fault.New(fault.Conflict, incentives.CodeNotLive, "The program %s shows nothing: there is nothing to settle.", p.ID)
	}
	f := freezing{Keeper: k, s: s, p: p}
	if f.locked, err = k.locked(ctx, s); err != nil {
		return nil, err
	}
	f.pending, err = k.pending(ctx, s)
	return func(participant string) (settlement.Statement, bool, error) { return f.freeze(ctx, participant) }, err
}

// finish goes on with a settlement once all parts of its work are done. It may be repeated, by several at once.
func (k *Keeper) finish(ctx context.Context, m Message) error {
	s, goesOn, err := k.ordered(ctx, m)
	if err != nil || !goesOn {
		return err
	}
	parts, _, sum, err := k.Settlements.SettlementParts(ctx, m.Organization, m.Program, m.Period, m.Run)
	if err != nil {
		return fmt.Errorf("settlement: parts: %w", err)
	}
	if parts < s.Work.Parts {
		return nil
	}
	if s.Work.Kind == settlement.Freezing {
		if s, err = s.Frozen(m.Run, parts, sum, k.Now()); err != nil {
			return err
		}
		return k.settle(ctx, s)
	}
	if sum != s.Totals { // what is posted is what was approved, or it is not locked
		return k.fail(ctx, m, fault.New(fault.Internal, settlement.CodeTotals, "What was posted of %s comes to %d, and %d was approved, in minor units of %s.",
			s.Period.Name, sum.Credited, s.Totals.Credited, s.Currency))
	}
	root, err := k.seal(ctx, s)
	if err != nil {
		return err
	}
	if s, err = s.PostedAll(m.Run, parts, root, k.Now()); err != nil {
		return err
	}
	if err := k.settle(ctx, s); err != nil {
		return err
	}
	return k.tell(ctx, s)
}

// settle stores a settlement that came to the end of its work; somebody else may have been first.
func (k *Keeper) settle(ctx context.Context, s settlement.Settlement) error {
	err := k.store(ctx, s)
	if f := fault.Of(err); f != nil && f.Code == store.CodeStale {
		return nil
	}
	return err
}

// fail notes what a settlement's work fails at, where trying again does not help, for the admin to see; the message comes again,
// and ends where a person is called.
func (k *Keeper) fail(ctx context.Context, m Message, cause error) error {
	switch fault.KindOf(cause) {
	case fault.Unavailable, fault.RateLimited:
		return cause
	}
	s, goesOn, err := k.ordered(ctx, m)
	if err != nil || !goesOn {
		return errors.Join(cause, err)
	}
	if text := fault.Brief(cause); s.Work.Error != text {
		if s, err = s.Fail(m.Run, text, k.Now()); err == nil {
			err = k.store(ctx, s)
		}
	}
	return errors.Join(cause, err)
}
