package keeper

import (
	"context"
	"slices"

	"leadline/shared/program"
)

// Shown gives the versions of the edition that a program shows, in the order of their days, each with those on which it is in
// force. Conflict (CodeNotLive) of a program that shows nothing yet.
func (k *Keeper) Shown(ctx context.Context, p program.Program) ([]program.Version, error) {
	plan, err := k.shown(ctx, p)
	if err != nil {
		return nil, err
	}
	return slices.Clone(plan.versions), nil
}
