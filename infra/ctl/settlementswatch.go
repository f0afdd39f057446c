package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// settlementWorkCommands begin what goes on after the answer, and show how far it is.
func (c *command) settlementWorkCommands() []*cobra.Command {
	var all []*cobra.Command
	for _, verb := range [][2]string{
		{"calculate", "Calculate a period that is over: freeze a statement for each participant. Again, it freezes anew"},
		{"lock", "Lock a period that is approved: post all statements to the ledger, for good"},
	} {
		var unwatched bool
		cmd := c.ofProgram(verb[0]+" PROGRAM PERIOD", verb[1], "  leadline settlements "+verb[0]+" prg_4f0c9a2b1x7z 2026-10", cobra.ExactArgs(2),
			func(ctx context.Context, api *client, id string, rest []string) error {
				var a kept[settlementState]
				err := api.post(ctx, nil, &a, settlementPath(id, rest[0], verb[0])...)
				if err != nil || unwatched {
					return showKept(c, &a, c.settled(ctx, api), err)
				}
				return c.watchSettlement(ctx, api, a)
			})
		cmd.Flags().BoolVar(&unwatched, "no-watch", false, "do not wait until it is done")
		all = append(all, cmd)
	}
	return append(all, c.ofProgram("watch PROGRAM PERIOD", "Show how far the calculating or locking of a period is until it ends", "  leadline settlements watch prg_4f0c9a2b1x7z 2026-10", cobra.ExactArgs(2),
		func(ctx context.Context, api *client, id string, rest []string) error {
			var a kept[settlementState]
			if err := api.get(ctx, &a, nil, settlementPath(id, rest[0])...); err != nil {
				return err
			}
			if a.is.Work == nil {
				return fmt.Errorf("nothing goes on: %s is %s", a.is.Period.Name, a.is.State)
			}
			return c.watchSettlement(ctx, api, a)
		}))
}

// watchSettlement draws how far the work on a period is until it ends, and shows the period then.
func (c *command) watchSettlement(ctx context.Context, api *client, began kept[settlementState]) error {
	a, err := c.awaitSettlement(ctx, api, began)
	if ctx.Err() != nil {
		return &halfway{errors.Join(err, ctx.Err()), fmt.Sprintf("It goes on: `leadline settlements watch %s %s` shows how far.", began.is.Program, began.is.Period.Name)}
	}
	return showKept(c, &a, c.settled(ctx, api), err)
}

// awaitSettlement waits until the work on a period ends. It is an error that it came to nothing, or that somebody else took it up.
func (c *command) awaitSettlement(ctx context.Context, api *client, a kept[settlementState]) (kept[settlementState], error) {
	if a.is.Work == nil {
		return a, nil // there was so little to do
	}
	began, of := a.is, int64(0)
	line, stall := c.progress(began.Work.doing()+" "+clean(began.Period.Name), count), c.stall()
	defer line.end()
	for {
		w := a.is.Work
		switch {
		case a.is.Revision != began.Revision:
			return a, fmt.Errorf("%s was calculated anew by somebody else, as revision %d", a.is.Period.Name, a.is.Revision)
		case w == nil && ended(began.Work.Kind, a.is.State):
			line.show(of, of, "")
			return a, nil
		case w == nil || w.Kind != began.Work.Kind:
			return a, fmt.Errorf("somebody else did something to %s: it is %s", a.is.Period.Name, a.is.State)
		case w.Error != "":
			return a, fmt.Errorf("%s %s came to nothing: %s", w.doing(), a.is.Period.Name, w.Error)
		}
		of = int64(w.Participants)
		line.show(int64(w.Done), of, "")
		if !stall.moved(w.Since, w.Participants, w.Done) {
			return a, fmt.Errorf("nothing has happened for %s: is settle running? What was done is kept", longest)
		}
		if err := stall.pause(ctx); err != nil {
			return a, err
		}
		var next kept[settlementState] // anew: what an answer leaves out is not to stay
		if err := api.get(ctx, &next, nil, settlementPath(began.Program, began.Period.Name)...); err != nil {
			return a, err
		}
		a = next
	}
}

// ended tells whether a period that is not worked on any more is where the work was to bring it.
func ended(kind, state string) bool {
	if kind == "posting" {
		return state == "locked" || state == "paid"
	}
	return state != "open"
}
