package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// post writes a frozen statement to the ledger, and notes what the periods that it is about are settled as from now on; false where
// there was nothing to state. Each step may be repeated; that it is done is noted last.
func (k *Keeper) post(ctx context.Context, s settlement.Settlement, participant string) (settlement.Statement, bool, error) {
	st, err := k.Settlements.Statement(ctx, s.Organization, s.Program, s.Period.Name, participant)
	if fault.Is(err, fault.NotFound) || err == nil && st.Revision != s.Revision { // the statements that there are were summed before
		return st, false, nil
	}
	if err != nil {
		return st, false, fmt.Errorf("settlement: statement: %w", err)
	}
	if st.Posted {
		return st, true, nil
	}
	d, err := k.Document(ctx, s.Organization, s.Program, st.Document)
	if err != nil {
		return st, false, err
	}
	var r settlement.Reckoned
	if st.Reckoned != "" {
		if r, err = k.Reckoned(ctx, s.Organization, s.Program, st.Reckoned); err != nil {
			return st, false, err
		}
	}
	postings := settlement.Postings(d, r, s.LockedBy, calendar.DateOf(s.Work.At, time.UTC))
	if _, err := k.Books.Post(ctx, s.Organization, participant, func(ledger.Book) ([]ledger.Posting, error) { return postings, nil }); err != nil {
		return st, false, err
	}
	if err := k.settledAs(ctx, s, st, r); err != nil {
		return st, false, err
	}
	for _, m := range d.Manual {
		if err := k.taken(ctx, s, m); err != nil {
			return st, false, err
		}
	}
	st.Posted = true
	return st, true, k.Settlements.PostStatement(ctx, s.Organization, s.Program, s.Period.Name, participant, s.Revision)
}

// settledAs notes what the period, and the earlier ones that the statement adjusts, are settled as.
func (k *Keeper) settledAs(ctx context.Context, s settlement.Settlement, st settlement.Statement, r settlement.Reckoned) error {
	note := func(period, hash string, r settlement.Reckoned) error {
		return k.Settlements.SaveSettled(ctx, settlement.Settled{Organization: s.Organization, Program: s.Program, Participant: st.Participant, Period: period,
			Reckoned: hash, ResultHash: r.Standing.ResultHash, Prizes: settlement.PrizesDigest(r.Standing.Prizes), By: s.Period.Name})
	}
	for _, one := range st.Settles {
		var now settlement.Reckoned
		if one.To != "" {
			var err error
			if now, err = k.Reckoned(ctx, s.Organization, s.Program, one.To); err != nil {
				return err
			}
		}
		if err := note(one.Period, one.To, now); err != nil {
			return fmt.Errorf("settlement: note %s: %w", one.Period, err)
		}
	}
	if err := note(s.Period.Name, st.Reckoned, r); err != nil {
		return fmt.Errorf("settlement: note %s: %w", s.Period.Name, err)
	}
	return nil
}

// taken notes that a manual adjustment is posted.
func (k *Keeper) taken(ctx context.Context, s settlement.Settlement, m settlement.Manual) error {
	for {
		stored, err := k.Settlements.Manual(ctx, s.Organization, s.Program, m.ID)
		if err != nil {
			return fmt.Errorf("settlement: adjustment: %w", err)
		}
		if stored.State == settlement.ManualPosted {
			return nil
		}
		stored.State, stored.SettledIn, stored.Rev = settlement.ManualPosted, s.Period.Name, stored.Rev+1
		err = k.Settlements.SaveManual(ctx, stored, nil)
		if f := fault.Of(err); f != nil && f.Code == store.CodeStale {
			continue
		}
		return err
	}
}

// seal binds what the ledger holds now, once for each settlement.
func (k *Keeper) seal(ctx context.Context, s settlement.Settlement) (int64, error) {
	roots, _, err := k.Books.Ledger.Roots(ctx, s.Organization, store.Page{Limit: 1})
	if err != nil {
		return 0, fmt.Errorf("settlement: roots: %w", err)
	}
	if len(roots) > 0 && roots[0].Program == s.Program && roots[0].Period == s.Period.Name {
		return roots[0].Number, nil
	}
	root, err := k.Books.Seal(ctx, s.Organization, s.Program, s.Period.Name)
	return root.Number, err
}

// Settled says that statements of a period are final, to whoever tells people.
type Settled struct {
	Of           string   `json:"of"` // SettledKind
	Organization string   `json:"organization"`
	Program      string   `json:"program"`
	Period       string   `json:"period"`
	Participants []string `json:"participants"`
}

// SettledKind is the Of of each Settled.
const SettledKind = "settled"

// tell says whose statements are final. It is told once the settlement is locked, and is lost with a crash in between: nobody's pay
// depends on it.
func (k *Keeper) tell(ctx context.Context, s settlement.Settlement) error {
	if k.Told == nil {
		return nil
	}
	all, err := k.list(ctx, s, nil)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(all, 2*perPart) {
		body, err := json.Marshal(Settled{Of: SettledKind, Organization: s.Organization, Program: s.Program, Period: s.Period.Name, Participants: some})
		if err != nil {
			return fault.Wrap(err, fault.Internal, "unencodable_message", "settlement: encode who is told")
		}
		if err := k.Told.Send(ctx, s.Organization, body); err != nil {
			return fmt.Errorf("settlement: tell: %w", err)
		}
	}
	return nil
}
