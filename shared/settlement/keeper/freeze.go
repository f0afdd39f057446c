package keeper

import (
	"context"
	"fmt"
	"slices"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// freezing freezes the statements of one revision of a settlement.
type freezing struct {
	*Keeper
	s       settlement.Settlement
	p       program.Program
	locked  []string // periods
	pending map[string][]settlement.Manual
}

// freeze freezes a participant's statement, unless one of the revision is frozen already: that one stands then. False for somebody
// of whom there is nothing to state.
func (f freezing) freeze(ctx context.Context, participant string) (settlement.Statement, bool, error) {
	if st, found, err := f.frozen(ctx, participant); err != nil || found {
		return st, found, err
	}
	d, settles, err := f.document(ctx, participant)
	if err != nil || d.Empty() {
		return settlement.Statement{}, false, err
	}
	text, hash, err := d.Encode()
	if err != nil {
		return settlement.Statement{}, false, err
	}
	if err := f.save(ctx, f.s.Organization, f.s.Program, text, hash); err != nil {
		return settlement.Statement{}, false, err
	}
	st := d.Statement(hash, settles)
	saved, err := f.Settlements.SaveStatement(ctx, st)
	if err != nil {
		return st, false, fmt.Errorf("settlement: save a statement: %w", err)
	}
	if saved {
		return st, true, nil
	}
	// Somebody else froze it at once: what was stored first stands.
	if st, saved, err = f.frozen(ctx, participant); err == nil && !saved {
		err = fault.New(fault.Unavailable, "superseded", "The settlement is being frozen anew.")
	}
	return st, true, err
}

// document makes a statement whole, as things stand, and stores what it was reckoned from.
func (f freezing) document(ctx context.Context, participant string) (settlement.Document, []settlement.Settles, error) {
	draft := settlement.Draft{Settlement: f.s, Title: f.p.Name, Participant: participant, At: f.s.Work.At}
	var err error
	if draft.Manual, err = f.claimed(ctx, f.pending[participant]); err != nil {
		return settlement.Document{}, nil, err
	}
	now, hash, err := f.reckoned(ctx, f.p, participant, f.s.Period.Name)
	if err != nil {
		return settlement.Document{}, nil, err
	}
	if now != nil {
		draft.Reckoned, draft.Hash = now, hash
		if err := f.keep(ctx, *now); err != nil {
			return settlement.Document{}, nil, err
		}
	}
	if draft.Payer, err = f.payer(ctx, f.s.Organization, participant); err != nil {
		return settlement.Document{}, nil, err
	}
	var settles []settlement.Settles
	if draft.Adjustments, settles, err = f.differences(ctx, f.p, participant, f.locked, func(r settlement.Reckoned) error { return f.keep(ctx, r) }); err != nil {
		return settlement.Document{}, nil, err
	}
	d, err := settlement.NewDocument(draft)
	return d, settles, err
}

// claimed gives the manual adjustments that a statement takes: those that are still pending. Their Rev is counted up, so that somebody
// who is about to withdraw one finds it changed.
func (f freezing) claimed(ctx context.Context, pending []settlement.Manual) ([]settlement.Manual, error) {
	var all []settlement.Manual
	for _, m := range pending {
		for {
			stored, err := f.Settlements.Manual(ctx, m.Organization, m.Program, m.ID)
			if err != nil {
				return nil, fmt.Errorf("settlement: adjustment: %w", err)
			}
			if stored.State != settlement.ManualPending {
				break
			}
			stored.Rev++
			err = f.Settlements.SaveManual(ctx, stored, nil)
			if f := fault.Of(err); f != nil && f.Code == store.CodeStale {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("settlement: take an adjustment: %w", err)
			}
			all = append(all, stored)
			break
		}
	}
	return all, nil
}

// frozen reads the statement of the revision; false if there is none yet.
func (f freezing) frozen(ctx context.Context, participant string) (settlement.Statement, bool, error) {
	st, err := f.Settlements.Statement(ctx, f.s.Organization, f.s.Program, f.s.Period.Name, participant)
	if fault.Is(err, fault.NotFound) {
		return st, false, nil
	}
	if err != nil {
		return st, false, fmt.Errorf("settlement: statement: %w", err)
	}
	return st, st.Revision == f.s.Revision, nil
}

// keep stores what a period was reckoned as.
func (f freezing) keep(ctx context.Context, r settlement.Reckoned) error {
	text, hash, err := r.Encode()
	if err != nil {
		return err
	}
	return f.save(ctx, f.s.Organization, f.s.Program, text, hash)
}

// payer gives who pays a participant; nobody, if that was not said.
func (k *Keeper) payer(ctx context.Context, organization, participant string) (string, error) {
	profile, err := k.Payees.Profile(ctx, organization, participant)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("settlement: payee: %w", err)
	}
	return profile.Payer, nil
}

// differences compares what some locked periods of a participant are settled as with what they come to now. What they come to is given
// to keep, where it differs.
func (k *Keeper) differences(ctx context.Context, p program.Program, participant string, locked []string,
	keep func(now settlement.Reckoned) error) ([]settlement.Adjustment, []settlement.Settles, error) {
	if len(locked) == 0 {
		return nil, nil, nil
	}
	known, err := k.Settlements.SettledOf(ctx, p.Organization, p.ID, participant)
	if err != nil {
		return nil, nil, fmt.Errorf("settlement: settled: %w", err)
	}
	var all []settlement.Adjustment
	var settles []settlement.Settles
	for _, period := range locked {
		at := slices.IndexFunc(known, func(s settlement.Settled) bool { return s.Period == period })
		settled := settlement.Settled{Period: period}
		if at >= 0 {
			settled = known[at]
		}
		standing, err := k.Credits.Standing(ctx, incentive.Unit{Organization: p.Organization, Program: p.ID, Edition: p.Live.ID, Participant: participant, Period: period})
		switch {
		case fault.Is(err, fault.NotFound):
			standing = incentive.Standing{}
		case err != nil:
			return nil, nil, fmt.Errorf("settlement: standing: %w", err)
		}
		if standing.ResultHash == settled.ResultHash && settlement.PrizesDigest(standing.Prizes) == settled.Prizes {
			continue
		}
		was, now, hash, err := k.both(ctx, p, participant, period, settled)
		if err != nil {
			return nil, nil, err
		}
		if now != nil {
			if err := keep(*now); err != nil {
				return nil, nil, err
			}
		}
		adjustments, err := k.adjustments(ctx, p, settled, was, now)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, adjustments...)
		settles = append(settles, settlement.Settles{Period: period, From: settled.Reckoned, To: hash})
	}
	return all, settles, nil
}

// adjustments gives the differences of a period, with what is known of the records behind them: if one that is as it was when the period
// was settled last counts otherwise now, it is for people or the plan. A record that cannot be read fails it: a wrong cause would be
// frozen.
func (k *Keeper) adjustments(ctx context.Context, p program.Program, settled settlement.Settled, was, now *settlement.Reckoned) ([]settlement.Adjustment, error) {
	by := settled.By
	if by == "" {
		by = settled.Period
	}
	last, err := k.Settlements.Settlement(ctx, p.Organization, p.ID, by)
	if err != nil {
		return nil, fmt.Errorf("settlement: %s: %w", by, err)
	}
	var failed error
	facts := settlement.Facts{Unchanged: func(key record.Key) bool {
		key.Organization = p.Organization
		r, err := k.Records.Get(ctx, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			failed = fmt.Errorf("settlement: record: %w", err)
		}
		return err == nil && !r.StoredAt.After(last.LockedAt)
	}}
	all := facts.Differences(settled.Period, was, now)
	return all, failed
}

// both gives what a period is settled as, and what it comes to now with its hash; nil for nothing.
func (k *Keeper) both(ctx context.Context, p program.Program, participant, period string, settled settlement.Settled) (was, now *settlement.Reckoned, hash string, err error) {
	if settled.Reckoned != "" {
		before, err := k.Reckoned(ctx, p.Organization, p.ID, settled.Reckoned)
		if err != nil {
			return nil, nil, "", err
		}
		was = &before
	}
	now, hash, err = k.reckoned(ctx, p, participant, period)
	return was, now, hash, err
}

// reckoned gives what a period of a participant comes to as it stands now, with its hash; nil where nothing is reckoned.
func (k *Keeper) reckoned(ctx context.Context, p program.Program, participant, period string) (*settlement.Reckoned, string, error) {
	s, err := k.Incentives.Statement(ctx, p, participant, period)
	if f := fault.Of(err); f != nil && f.Code == incentives.CodeNotReckoned {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("settlement: reckon %s: %w", period, err)
	}
	r := settlement.Reckoned{Engine: incentive.Revision, Standing: s.Standing, Input: s.Input, Result: s.Result, Titles: map[string]string{}}
	for _, v := range s.Versions {
		r.Versions = append(r.Versions, v.Number)
		for _, c := range v.Definition.Components {
			if c.Title != "" {
				r.Titles[c.Name] = c.Title
			}
		}
	}
	_, hash, err := r.Encode()
	return &r, hash, err
}
