package keeper

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// Keeper does what messages ask for. All of its fields are required, but for Moved.
type Keeper struct {
	Records  store.Records
	Roster   store.Roster
	Programs store.Programs
	Credits  store.Credits
	Runs     store.Runs
	// Inputs keeps what results were reckoned from, so that a statement can be made again to the byte.
	Inputs blob.Store
	Outbox Outbox
	// Moved leads to whoever looks after people as their standings change (see Moved); nil: nobody is told.
	Moved interface {
		Send(ctx context.Context, group string, body []byte) error
	}
	// NewID gives ids of runs.
	NewID func() (string, error)
	Now   func() time.Time
	Log   *slog.Logger
	// Known remembers programs and people for a moment; see NewMemory.
	Known *Memory
}

// reserve is the time that an invocation leaves unused: enough for the unit or page that it is on.
const reserve = 8 * time.Second

// late tells whether too little time is left to begin something else.
func late(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < reserve
}

// round is the work of one batch of messages: units are gathered, so that each is reckoned once, however many records of
// the batch touch it.
type round struct {
	*Keeper
	mu     sync.Mutex
	units  map[who]*wanted
	ranks  map[period]bool
	moved  map[period]map[string]bool
	orders []ordered
}

// who is a participant of an edition, period one of its periods.
type (
	who    struct{ organization, program, edition, participant string }
	period struct{ organization, program, edition, name string }
)

// wanted is what is to be reckoned of somebody: some periods, and whatever follows from them, for these messages.
type wanted struct {
	periods  []string
	messages []int
}

// ordered is a footprint whose touched units are gathered: once they are reckoned, or sent, that is noted.
type ordered struct {
	message   int
	footprint incentive.Footprint
}

// Process does what some messages ask for, and gives an error for each that is to come again. What changed goes first, so that a
// part of a run in the same batch keeps nobody waiting.
func (k *Keeper) Process(ctx context.Context, messages []Message) []error {
	errs := make([]error, len(messages))
	for _, first := range []bool{true, false} {
		var some []int
		for i, m := range messages {
			if (m.Kind == Changed || m.Kind == Unit) == first {
				some = append(some, i)
			}
		}
		if len(some) > 0 {
			k.round(ctx, messages, some, errs)
		}
	}
	return errs
}

// round does what some of the messages ask for. That a footprint's units are reckoned is noted last: whoever is killed before does
// all of it again, and has the periods ranked, whether it still finds something to write or not.
func (k *Keeper) round(ctx context.Context, messages []Message, some []int, errs []error) {
	r := &round{Keeper: k, units: map[who]*wanted{}, ranks: map[period]bool{}, moved: map[period]map[string]bool{}}
	_ = each(some, func(n int) error {
		i := some[n]
		if errs[i] = safely(func() error { return r.take(ctx, i, messages[i]) }); errs[i] != nil {
			return errs[i]
		}
		return nil
	})
	r.reckonAll(ctx, errs)
	for p := range r.ranks {
		m := Message{Kind: Ranks, Organization: p.organization, Program: p.program, Edition: p.edition, Period: p.name}
		if err := k.Outbox.Send(ctx, m, rankAfter); err != nil {
			fail(errs, err) // whose it is is not known any more: all come again, and find their work done
		}
	}
	if err := r.tellMoved(ctx); err != nil { // nobody's pay depends on it, and what is done again finds nothing moved
		k.Log.Warn("not told what moved", telemetry.KeyError, err.Error())
	}
	noted := make([]error, len(r.orders))
	_ = each(r.orders, func(n int) error {
		if f := r.orders[n].footprint; errs[r.orders[n].message] == nil {
			noted[n] = k.Credits.Ordered(ctx, f.Organization, f.Edition, f.Record, f.Rev)
		}
		return nil
	})
	for n, o := range r.orders {
		errs[o.message] = errors.Join(errs[o.message], noted[n])
	}
}

func fail(errs []error, err error) {
	for i := range errs {
		errs[i] = errors.Join(errs[i], err)
	}
}

// take does what a message asks for, but for units, which it gathers.
func (r *round) take(ctx context.Context, i int, m Message) error {
	switch m.Kind {
	case Changed:
		return r.changed(ctx, i, m)
	case Unit:
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, id := range append(m.Participants, m.Participant) {
			if id != "" {
				r.want(who{m.Organization, m.Program, m.Edition, id}, m.Period, i)
			}
		}
		return nil
	case Ranks:
		return r.rank(ctx, m)
	case Part:
		return r.part(ctx, i, m)
	case Build, Refresh:
		return r.build(ctx, m)
	case Tend:
		return r.tend(ctx, m)
	case Try:
		return r.try(ctx, m)
	case Drop:
		return r.drop(ctx, m)
	}
	return fault.New(fault.Internal, "unknown_message", "keeper: this version does not know messages of the kind %q", m.Kind)
}

// want gathers a unit. Whoever works at once with others holds mu.
func (r *round) want(w who, period string, message int) {
	u := r.units[w]
	if u == nil {
		u = &wanted{}
		r.units[w] = u
	}
	u.periods = append(u.periods, period)
	u.messages = append(u.messages, message)
}

// sendOn has somebody else reckon periods.
func (r *round) sendOn(ctx context.Context, w who, periods []string) error {
	for _, name := range periods {
		telemetry.Count(ctx, "SentOn", 1)
		m := Message{Kind: Unit, Organization: w.organization, Program: w.program, Edition: w.edition, Participant: w.participant, Period: name}
		if err := r.Outbox.Send(ctx, m, 0); err != nil {
			return err
		}
	}
	return nil
}

// reckonAll reckons what was gathered, as far as the time goes; the rest is sent on.
func (r *round) reckonAll(ctx context.Context, errs []error) {
	all := make([]who, 0, len(r.units))
	for w := range r.units {
		all = append(all, w)
	}
	failed := make([]error, len(all))
	_ = each(all, func(n int) error { // which of them failed is told to each of its messages
		failed[n] = safely(func() error {
			left, err := r.reckon(ctx, all[n], r.units[all[n]].periods, false)
			switch f := fault.Of(err); {
			case f != nil && f.Kind == fault.Invalid:
				return r.blame(ctx, all[n], err)
			case err != nil:
				return err
			}
			return r.sendOn(ctx, all[n], left)
		})
		return failed[n]
	})
	for n, w := range all {
		for _, i := range r.units[w].messages {
			errs[i] = errors.Join(errs[i], failed[n])
		}
	}
}
