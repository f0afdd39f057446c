package game

import (
	"leadline/shared/fault"
	"leadline/shared/ledger"
)

// The codes of refused acts on points.
const (
	CodeWholePoints = "whole_points" // Invalid: points are redeemed whole
	CodeNoAward     = "no_award"     // NotFound: there is no such award to revoke
	CodeNothingLeft = "nothing_left" // Conflict: no points are left of what was awarded
)

// The accounts of points.
func owed() ledger.Account { return ledger.Account{Kind: ledger.Owed, Unit: ledger.Points} }

func cost() ledger.Account { return ledger.Account{Kind: ledger.Cost, Unit: ledger.Points} }

// Posting gives what is posted for points that are due.
func (d Due) Posting() ledger.Posting {
	return ledger.Posting{Cause: ledger.Cause{Kind: ledger.Awarded, ID: d.Cause, Code: d.Code, By: "game"}, Date: d.Date,
		Legs: []ledger.Leg{{Account: cost(), Amount: -d.Amount}, {Account: owed(), Amount: d.Amount}}}
}

// Cause is the id of the cause that the points are posted under. An award is revoked once, whoever asks for it and how often.
func (p Points) Cause() string {
	if p.Kind == Revocation {
		return "revoked/" + p.Award
	}
	return p.ID
}

// Posting gives what is posted for what was asked for, into a book. Of a revocation, award is the row that is revoked: it takes at
// most what was awarded by it, and at most what is left, unless it is to be Negative. A redemption is whole points, and leaves nothing
// below zero.
func (p Points) Posting(b ledger.Book, award ledger.Row) (ledger.Posting, error) {
	out := ledger.Posting{Date: p.Date, Cause: ledger.Cause{ID: p.Cause(), Code: p.Reason, Ref: p.ID, By: p.By}}
	switch p.Kind {
	case Redemption:
		if p.Amount <= 0 || p.Amount%ledger.PointScale != 0 {
			return out, fault.New(fault.Invalid, CodeWholePoints, "Points are redeemed whole: 1 or more, without decimals.")
		}
		out.Cause.Kind = ledger.Spent
		out.Legs = []ledger.Leg{{Account: owed(), Amount: -p.Amount, Covered: true}, {Account: ledger.Account{Kind: ledger.Redeemed, Unit: ledger.Points}, Amount: p.Amount}}
	case Revocation:
		amount := Given(award)
		if award.Cause.Kind != ledger.Awarded || amount <= 0 {
			return out, fault.New(fault.NotFound, CodeNoAward, "%q awarded no points that could be revoked.", p.Award)
		}
		if p.Amount > 0 {
			amount = min(amount, p.Amount)
		}
		if !p.Negative {
			if amount = min(amount, b.Balance(owed())); amount <= 0 {
				return out, fault.New(fault.Conflict, CodeNothingLeft, "No points are left that could be revoked. Set allow_negative to have them owed.")
			}
		}
		out.Cause.Kind = ledger.Revoked
		out.Legs = []ledger.Leg{{Account: owed(), Amount: -amount, Covered: !p.Negative}, {Account: cost(), Amount: amount}}
	default:
		if p.Amount <= 0 {
			return out, fault.New(fault.Invalid, "out_of_range", "An award is more than 0 points.")
		}
		out.Cause.Kind = ledger.Awarded
		out.Legs = []ledger.Leg{{Account: cost(), Amount: -p.Amount}, {Account: owed(), Amount: p.Amount}}
	}
	return out, nil
}

// Given is what a row adds to the points that can be spent, in millionths; below zero it takes away.
func Given(r ledger.Row) int64 {
	sum := int64(0)
	for _, leg := range r.Legs {
		if leg.Account == owed() {
			sum += leg.Amount
		}
	}
	return sum
}

// After is how many points, in millionths, there were to spend with a row; false for one that is about no points.
func After(r ledger.Row) (int64, bool) {
	for i := len(r.Legs) - 1; i >= 0; i-- {
		if r.Legs[i].Account == owed() && i < len(r.Chain) {
			return r.Chain[i].Balance, true
		}
	}
	return 0, false
}

// Balance is what a participant has to spend, Spent what was spent, in millionths of points.
func Balance(b ledger.Book) (left, spent int64) {
	return b.Balance(owed()), b.Balance(ledger.Account{Kind: ledger.Redeemed, Unit: ledger.Points})
}
