package keeper

import (
	"context"
	"fmt"
	"runtime/debug"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/telemetry"
)

// blame notes in the run of an edition, and in the log, what the engine cannot reckon: no repetition can, so others go on without.
// The building of an edition has failed with it: one that lacks somebody is not shown. The first one's reason stands.
func (k *Keeper) blame(ctx context.Context, w who, cause error) error {
	telemetry.Count(ctx, "NotReckoned", 1)
	k.Log.Error("not reckoned", "organization", w.organization, "program", w.program, "edition", w.edition, "participant", w.participant,
		telemetry.KeyError, fault.Brief(cause))
	text := fault.Of(cause).Message
	if w.participant != "" {
		text = fmt.Sprintf("What %s earns cannot be reckoned: %s", w.participant, text)
	}
	for range tries {
		run, err := k.Runs.EditionRun(ctx, w.organization, w.edition)
		if err != nil {
			return fmt.Errorf("keeper: run: %w", err)
		}
		over := run.Phase == incentive.Done || run.Phase == incentive.Failed
		if run.Error != "" {
			return nil
		}
		if run.Error = text; !run.Refresh && !over {
			run.Phase, run.FinishedAt = incentive.Failed, k.Now().UTC()
			telemetry.Count(ctx, "BuildsFailed", 1)
		}
		run.Organization, run.Edition, run.Rev = w.organization, w.edition, run.Rev+1
		if err = k.Runs.SaveRun(ctx, run); err == nil {
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("keeper: save the run: %w", err)
		}
	}
	return fault.New(fault.Unavailable, "contended", "Others change the run of the edition again and again.")
}

// safely turns a panic into an error: one in a goroutine would end the process, and with it the work of all others.
func safely(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil { // what was thrown may hold what a record says, the stack does not
			err = fault.New(fault.Internal, "panic", "keeper: panicked with %T at %s", p, debug.Stack())
		}
	}()
	return do()
}
