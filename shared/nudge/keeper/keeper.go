// Package keeper looks after people by the rules of package nudge: it reads how they stand, decides what to tell them, and has it
// sent.
//
// What is decided is written into the state of the person, nudge and all, in one conditional write, and only then stored for the
// inbox and handed to the deliver queue. Whoever dies in between leaves it there, pending, and the message that comes again finds it.
// So any number of workers may look after one person at once, and each cause is told once.
package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// Options of a Keeper. All are required.
type Options struct {
	Nudges   store.Nudges
	Programs store.Programs
	Roster   store.Roster
	Credits  store.Credits
	// Settlements is a store.Settlements, People a store.Members, Organizations a store.Tenancy.
	Settlements Settlements
	People      interface {
		Person(ctx context.Context, organization, id string) (tenant.Person, error)
	}
	Organizations interface {
		Organization(ctx context.Context, id string) (tenant.Organization, error)
	}
	// Incentives ranks a period as it stands now: an incentive/keeper.Keeper.
	Incentives interface {
		Shown(ctx context.Context, p program.Program) ([]program.Version, error)
		Board(ctx context.Context, p program.Program, name string) (incentives.Board, error)
	}
	Due store.Due
	// Queue is the nudge queue, Deliver the deliver queue.
	Queue, Deliver Sender
	Now            func() time.Time
	Log            *slog.Logger
}

// Sender puts messages into a queue, fair by group: a queue.Sender.
type Sender interface {
	Send(ctx context.Context, group string, body []byte) error
}

// Keeper does what messages ask for. It is safe for concurrent use.
type Keeper struct {
	Options
	known memory
}

// New makes a Keeper.
func New(o Options) *Keeper { return &Keeper{Options: o} }

const (
	// reserve is the time that an invocation leaves unused: enough for the person that it is on.
	reserve = 8 * time.Second
	// part is how many people a message names that we send ourselves.
	part = 25
	// tries is how often a state is read again that somebody else was faster with.
	tries = 12
)

func late(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < reserve
}

// Process does what some messages of the queue ask for, and gives an error for each that is to come again.
func (k *Keeper) Process(ctx context.Context, bodies [][]byte) []error {
	errs := make([]error, len(bodies))
	for i, body := range bodies {
		m, err := Decode(body)
		if err == nil {
			err = k.safely(func() error { return k.take(ctx, m) })
		}
		if err != nil {
			errs[i] = err
			telemetry.Fault(ctx, err)
		}
	}
	return errs
}

// safely makes an error of a panic, which is then one of this message alone.
func (k *Keeper) safely(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "panic", "nudge: a panic with %T", p)
		}
	}()
	return do()
}

// take does what one message asks for.
func (k *Keeper) take(ctx context.Context, m Message) error {
	o, err := k.organization(ctx, m.Organization)
	if fault.Is(err, fault.NotFound) { // it has gone
		return nil
	}
	if err != nil {
		return err
	}
	if err := k.orderLook(ctx, o, m.Of == Look && len(m.Participants) == 0); err != nil {
		return err
	}
	switch m.Of {
	case Moved:
		if err := k.orderBoard(ctx, o, m); err != nil {
			return err
		}
		return k.each(ctx, m, func(who string) error { return k.tend(ctx, o, who, scope{program: m.Program, period: m.Period}) })
	case Settled:
		if len(m.Participants) == 0 {
			return k.allSettled(ctx, m)
		}
		return k.each(ctx, m, func(who string) error {
			return k.tend(ctx, o, who, scope{program: m.Program, period: m.Period, settled: true})
		})
	case Look:
		if len(m.Participants) == 0 {
			return k.lookAtAll(ctx, o)
		}
		return k.each(ctx, m, func(who string) error { return k.tend(ctx, o, who, scope{}) })
	case Board:
		return k.board(ctx, o, m)
	case Fallen:
		return k.fallen(ctx, o, m)
	}
	return nil
}

// each looks after the participants of a message; those that there is no time for go into a message of their own.
func (k *Keeper) each(ctx context.Context, m Message, do func(participant string) error) error {
	var errs []error
	for i, id := range m.Participants {
		if late(ctx) {
			rest := m
			rest.Participants = m.Participants[i:]
			return errors.Join(append(errs, k.send(ctx, rest))...)
		}
		if strings.HasPrefix(id, incentive.TeamParticipant("")) { // a team is nobody who could be told
			continue
		}
		if err := do(id); err != nil {
			errs = append(errs, fmt.Errorf("nudge: %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// inParts sends a message about each part of some participants.
func (k *Keeper) inParts(ctx context.Context, m Message, all []string) error {
	for some := range slices.Chunk(all, part) {
		m.Participants = some
		if err := k.send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}
