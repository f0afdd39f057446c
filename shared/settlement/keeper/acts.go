package keeper

import (
	"context"
	"fmt"
	"slices"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/program"
	"leadline/shared/schedule"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// PolicyKind names the approval policy of settlements; see store.Settlements.
const PolicyKind = "settlement"

// ordering is how long the first message of long work waits, so that what orders it is stored when it comes.
const ordering = time.Second

// terms are what a program says of its periods.
type terms struct {
	kind     calendar.Kind
	calendar calendar.Calendar
	currency string
	zone     *time.Location
	from     calendar.Date
	until    calendar.Date // empty for no end
}

func (k *Keeper) terms(ctx context.Context, p program.Program) (terms, error) {
	versions, err := k.Incentives.Shown(ctx, p)
	if err != nil {
		return terms{}, err
	}
	last := versions[len(versions)-1]
	zone, err := schedule.Location(last.Definition.Zone)
	if err != nil {
		zone = time.UTC
	}
	return terms{kind: last.Definition.Period, calendar: last.Definition.Calendar, currency: last.Definition.Currency, zone: zone, from: versions[0].From, until: last.Until}, nil
}

// Get reads the settlement of a period; an open one where nothing was done yet. Invalid (calendar.CodePeriod) for what is no period
// of the program.
func (k *Keeper) Get(ctx context.Context, p program.Program, period string) (settlement.Settlement, error) {
	t, err := k.terms(ctx, p)
	if err != nil {
		return settlement.Settlement{}, err
	}
	return k.get(ctx, p, t, period)
}

func (k *Keeper) get(ctx context.Context, p program.Program, t terms, period string) (settlement.Settlement, error) {
	at, err := t.calendar.Named(t.kind, period)
	if err != nil {
		return settlement.Settlement{}, err
	}
	if at.Until <= t.from || t.until != "" && at.From >= t.until {
		return settlement.Settlement{}, fault.New(fault.Invalid, calendar.CodePeriod, "%s is not a period of the program: no version of it is in force then.", at.Name)
	}
	s, err := k.Settlements.Settlement(ctx, p.Organization, p.ID, at.Name)
	if fault.Is(err, fault.NotFound) {
		return settlement.New(p.Organization, p.ID, at, t.currency), nil
	}
	if err != nil {
		return s, fmt.Errorf("settlement: %w", err)
	}
	return s, nil
}

// Calculate begins to freeze a period, or to freeze it anew: Get shows how far that has come.
func (k *Keeper) Calculate(ctx context.Context, p program.Program, period string, by approval.Actor) (settlement.Settlement, error) {
	t, err := k.terms(ctx, p)
	if err != nil {
		return settlement.Settlement{}, err
	}
	s, err := k.get(ctx, p, t, period)
	if err == nil {
		err = k.expected(s)
	}
	if err != nil {
		return s, err
	}
	before, err := k.before(ctx, p, t, s)
	if err != nil {
		return s, err
	}
	run, err := k.NewID()
	if err != nil {
		return s, err
	}
	now := k.Now().UTC()
	next, err := s.Begin(before, p.Live.ID, calendar.DateOf(now, t.zone), settlement.Job{Run: run, By: by.ID, At: now})
	if err != nil {
		return s, err
	}
	next.Behind = slices.Clone(by.Makers)
	return next, k.order(ctx, next, Freeze)
}

// before gives the settlement of the period before; nil for the first that is ever settled. So an organization that comes with periods
// that were paid elsewhere begins where it likes, and goes on from there.
func (k *Keeper) before(ctx context.Context, p program.Program, t terms, s settlement.Settlement) (*settlement.Settlement, error) {
	previous := t.calendar.Previous(s.Period)
	all, _, err := k.Settlements.Settlements(ctx, p.Organization, p.ID, store.Page{Limit: store.MaxLimit})
	if err != nil {
		return nil, fmt.Errorf("settlement: settlements: %w", err)
	}
	all = slices.DeleteFunc(all, func(one settlement.Settlement) bool {
		return one.Period.Name == s.Period.Name || one.Revision == 0 || one.State == settlement.Open && one.Work.Kind == ""
	})
	if at := slices.IndexFunc(all, func(one settlement.Settlement) bool { return one.Period.Name == previous.Name }); at >= 0 {
		return &all[at], nil
	}
	for _, one := range all {
		if one.Period.Name > s.Period.Name {
			return nil, fault.New(fault.Conflict, settlement.CodeOrder, "A later period, %s, is settled: what changed in %s is settled as adjustments in a later one.",
				one.Period.Name, s.Period.Name)
		}
	}
	if len(all) == 0 || previous.Until <= t.from {
		return nil, nil
	}
	open := settlement.New(p.Organization, p.ID, previous, t.currency)
	return &open, nil
}

// order stores a settlement whose work begins, and has it done. The message goes first, and waits a moment: were it the other way
// round, a crash in between would leave work that nobody does.
func (k *Keeper) order(ctx context.Context, s settlement.Settlement, kind Kind) error {
	m := Message{Kind: kind, Organization: s.Organization, Program: s.Program, Period: s.Period.Name, Run: s.Work.Run}
	if err := k.send(ctx, m, ordering); err != nil {
		return err
	}
	return k.store(ctx, s)
}

// Submit asks for the approvals of a period.
func (k *Keeper) Submit(ctx context.Context, p program.Program, period string, by approval.Actor) (settlement.Settlement, error) {
	return k.act(ctx, p, period, func(s settlement.Settlement, _ approval.Policy, _ calendar.Date) (settlement.Settlement, error) {
		next, err := s.Submit(by.ID, k.Now())
		next.Behind = append(slices.Clone(s.Behind), by.Makers...)
		return next, err
	})
}

// Approve gives the approval that comes next.
func (k *Keeper) Approve(ctx context.Context, p program.Program, period string, by approval.Actor) (settlement.Settlement, error) {
	hands, err := k.hands(ctx, p, period)
	if err != nil {
		return settlement.Settlement{}, err
	}
	return k.act(ctx, p, period, func(s settlement.Settlement, policy approval.Policy, on calendar.Date) (settlement.Settlement, error) {
		return s.Approve(policy, by, hands, on, k.Now())
	})
}

// hands gives who made the manual adjustments that are pending: whoever adds to a period does not approve it.
func (k *Keeper) hands(ctx context.Context, p program.Program, period string) ([]string, error) {
	var hands []string
	for one, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Manual, string, error) {
		return k.Settlements.Manuals(ctx, p.Organization, p.ID, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("settlement: adjustments: %w", err)
		}
		if one.State == settlement.ManualPending && one.Period <= period {
			hands = append(hands, one.By)
		}
	}
	return hands, nil
}

// Reject refuses a period, with a reason.
func (k *Keeper) Reject(ctx context.Context, p program.Program, period, reason string, by approval.Actor) (settlement.Settlement, error) {
	return k.act(ctx, p, period, func(s settlement.Settlement, policy approval.Policy, on calendar.Date) (settlement.Settlement, error) {
		return s.Reject(policy, by, reason, on, k.Now())
	})
}

// Reopen gives up what was frozen.
func (k *Keeper) Reopen(ctx context.Context, p program.Program, period string) (settlement.Settlement, error) {
	return k.act(ctx, p, period, func(s settlement.Settlement, _ approval.Policy, _ calendar.Date) (settlement.Settlement, error) {
		return s.Reopen(k.Now())
	})
}

// act changes a settlement, if nobody else does at once: Conflict (store.CodeStale).
func (k *Keeper) act(ctx context.Context, p program.Program, period string,
	change func(settlement.Settlement, approval.Policy, calendar.Date) (settlement.Settlement, error)) (settlement.Settlement, error) {
	t, err := k.terms(ctx, p)
	if err != nil {
		return settlement.Settlement{}, err
	}
	s, err := k.get(ctx, p, t, period)
	if err == nil {
		err = k.expected(s)
	}
	if err != nil {
		return s, err
	}
	policy, err := k.Settlements.Policy(ctx, p.Organization, PolicyKind)
	if err != nil {
		return s, fmt.Errorf("settlement: policy: %w", err)
	}
	next, err := change(s, policy, calendar.DateOf(k.Now(), t.zone))
	if err != nil {
		return s, err
	}
	return next, k.store(ctx, next)
}

// Lock begins to post a period that is approved. Its statements are summed up again before: what was approved is what is posted.
func (k *Keeper) Lock(ctx context.Context, p program.Program, period string, by approval.Actor) (settlement.Settlement, error) {
	s, err := k.Get(ctx, p, period)
	if err == nil {
		err = k.expected(s)
	}
	if err != nil {
		return s, err
	}
	var totals settlement.Totals
	for one, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Statement, string, error) {
		return k.Settlements.Statements(ctx, p.Organization, p.ID, s.Period.Name, page)
	}) {
		if err != nil {
			return s, fmt.Errorf("settlement: statements: %w", err)
		}
		if one.Revision != s.Revision {
			continue
		}
		if totals, err = totals.Plus(one.Totals()); err != nil {
			return s, err
		}
	}
	run, err := k.NewID()
	if err != nil {
		return s, err
	}
	next, err := s.Lock(totals, settlement.Job{Run: run, By: by.ID, At: k.Now()})
	if err != nil {
		return s, err
	}
	return next, k.order(ctx, next, Post)
}

// Withdraw takes back a manual adjustment that is pending. Conflict if a period is being settled that may hold it, or it was posted.
func (k *Keeper) Withdraw(ctx context.Context, p program.Program, m settlement.Manual) (settlement.Manual, error) {
	if m.State != settlement.ManualPending {
		return m, fault.New(fault.Conflict, settlement.CodeState, "The adjustment %s is %s, and cannot be withdrawn: make another that takes it back.", m.ID, m.State)
	}
	for s, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]settlement.Settlement, string, error) {
		return k.Settlements.Settlements(ctx, p.Organization, p.ID, page)
	}) {
		if err != nil {
			return m, fmt.Errorf("settlement: settlements: %w", err)
		}
		if !final(s.State) && (s.State != settlement.Open || s.Work.Kind != "") && m.Period <= s.Period.Name {
			return m, fault.New(fault.Conflict, settlement.CodeState, "The period %s holds the adjustment %s: reopen it first, withdraw, and have it calculated anew.", s.Period.Name, m.ID)
		}
	}
	m.State, m.Rev = settlement.ManualWithdrawn, m.Rev+1
	return m, k.Settlements.SaveManual(ctx, m, nil)
}
