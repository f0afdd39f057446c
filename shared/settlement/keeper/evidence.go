package keeper

import (
	"context"

	"leadline/shared/fault"
	"leadline/shared/program"
	"leadline/shared/settlement"
)

// KeepReckoned stores what a period of a participant comes to as it stands now, under its hash, as the evidence of a dispute about
// a period that was not frozen. NotFound where nothing is reckoned.
func (k *Keeper) KeepReckoned(ctx context.Context, p program.Program, participant, period string) (settlement.Reckoned, string, error) {
	r, hash, err := k.reckoned(ctx, p, participant, period)
	if err != nil {
		return settlement.Reckoned{}, "", err
	}
	if r == nil {
		return settlement.Reckoned{}, "", fault.New(fault.NotFound, "not_found", "Nothing was reckoned for %s in %s.", participant, period)
	}
	text, _, err := r.Encode()
	if err != nil {
		return settlement.Reckoned{}, "", err
	}
	return *r, hash, k.save(ctx, p.Organization, p.ID, text, hash)
}
