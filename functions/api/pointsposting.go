package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/game"
	games "leadline/shared/game/keeper"
	"leadline/shared/ledger"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/tenant"
)

// pointsID is the prefix of ids of what is done with points.
const pointsID = "pts"

// donePoints does something with points, and tells the game of it. What is asked for is stored first and then posted under a cause
// that follows from it: whoever sends the request again, with its Idempotency-Key, finds it, and has posted what was not.
func (h *handler) donePoints(ctx context.Context, c caller, key string, body any, p game.Points) (*pointsDoneOutput, error) {
	a, err := h.attempt(ctx, c, key, string(p.Kind), "", body)
	if err != nil {
		return nil, err
	}
	if p.ID, err = h.newPointsID(c, a, p.Kind); err != nil {
		return nil, err
	}
	p.Organization, p.By, p.At, p.Request = c.organization, approver(c).ID, h.Now().UTC(), a.request
	if err := h.wouldPost(ctx, p); err != nil {
		return nil, err
	}
	asked := p
	if p, err = h.Games.SavePoints(ctx, p); err != nil {
		return nil, err
	}
	if p.Request != asked.Request || p.Kind != asked.Kind {
		return nil, fault.New(fault.Conflict, "idempotency_key_reused", "Another request was sent with this Idempotency-Key. Use a new one.")
	}
	row, err := h.postPoints(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := games.Send(ctx, h.Nudge, games.Message{Of: games.Points, Organization: c.organization, Participants: []string{p.Participant}}); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "unavailable", "api: tell the game")
	}
	done := showPointsDone(p, row)
	explain(ctx, "%s of %s points for %s", p.Kind, done.Points, p.Participant)
	return &pointsDoneOutput{done}, nil
}

// newPointsID names what is done: by the Idempotency-Key of its caller, if there is one.
func (h *handler) newPointsID(c caller, a attempt, kind game.PointsKind) (string, error) {
	if a.key == "" {
		return tenant.NewID(pointsID, h.Random)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{c.organization, c.actor, string(kind), a.key}, "\n")))
	text := new(big.Int).SetBytes(sum[:]).Text(36)
	return pointsID + "_" + text[len(text)-12:], nil
}

// wouldPost refuses what cannot be, before anything is stored of it.
func (h *handler) wouldPost(ctx context.Context, p game.Points) error {
	if p.Kind == game.Revocation {
		_, err := h.revoked(ctx, p)
		return err
	}
	_, err := p.Posting(ledger.Book{}, ledger.Row{})
	return err
}

// revoked gives the row of the award that is to be revoked.
func (h *handler) revoked(ctx context.Context, p game.Points) (ledger.Row, error) {
	award, found, err := h.books().Find(ctx, p.Organization, p.Participant, p.Award)
	if err == nil && (!found || award.Cause.Kind != ledger.Awarded) {
		err = fault.New(fault.NotFound, game.CodeNoAward, "%q is no award of points of %s. The list of what changed the points has them all.", p.Award, p.Participant)
	}
	return award, err
}

// postPoints posts what was asked for, and gives its row: that which stands, if it was posted before.
func (h *handler) postPoints(ctx context.Context, p game.Points) (ledger.Row, error) {
	row, found, err := h.books().Find(ctx, p.Organization, p.Participant, p.Cause())
	if err != nil || found {
		return row, err
	}
	var award ledger.Row
	if p.Kind == game.Revocation {
		if award, err = h.revoked(ctx, p); err != nil {
			return row, err
		}
	}
	_, err = h.books().Post(ctx, p.Organization, p.Participant, func(b ledger.Book) ([]ledger.Posting, error) {
		posting, err := p.Posting(b, award)
		return []ledger.Posting{posting}, err
	})
	refused := err
	// Even of what is refused a row may stand now: somebody else did the same meanwhile.
	row, found, err = h.books().Find(ctx, p.Organization, p.Participant, p.Cause())
	switch {
	case err != nil || found:
		return row, err
	case fault.Of(refused) != nil && fault.Of(refused).Code == ledger.CodeNotCovered:
		return row, fault.New(fault.Conflict, ledger.CodeNotCovered, "There are not that many points to spend. The balance says how many there are.")
	case refused != nil:
		return row, refused
	default:
		return row, fault.New(fault.Internal, "not_posted", "api: points were posted and are not there")
	}
}

// dayOf reads a day; none is today, as the rules count days.
func (h *handler) dayOf(rules game.Rules, text string) (calendar.Date, error) {
	if text == "" {
		return games.DateOf(rules, h.Now()), nil
	}
	return calendar.ParseDate(text)
}

// pointsIn reads a number of points above 0.
func pointsIn(text string) (int64, error) {
	n, fits := game.Millionths(text)
	if !fits || n <= 0 {
		return 0, fault.New(fault.Invalid, "out_of_range", "%q is no number of points above 0 with at most 6 decimals.", brief(text))
	}
	return n, nil
}

func brief(text string) string {
	if len(text) > 30 {
		return hex.EncodeToString([]byte(text[:4])) + "..."
	}
	return text
}

// worth turns money into points.
func worth(rules game.Rules, p *game.Points, amount, currency string) error {
	n, err := number.Parse(amount)
	if err != nil {
		return err
	}
	digits, known := money.Digits(currency)
	minor := n.Mul(number.Ten(digits))
	if !known || !minor.IsInt() || minor.Sign() <= 0 {
		return fault.New(fault.Invalid, "out_of_range", "Money is an amount above 0 in a currency, with no more decimals than that has.")
	}
	if p.Money, err = minor.Round(0, number.HalfAway); err != nil {
		return err
	}
	points, rate, err := rules.Worth(p.Money, currency, p.Date)
	if err != nil {
		return err
	}
	p.Amount, p.Currency, p.Rate = points, currency, &rate
	return nil
}

func showPointsDone(p game.Points, r ledger.Row) PointsDone {
	given := game.Given(r)
	balance, _ := game.After(r)
	out := PointsDone{ID: p.ID, Kind: string(p.Kind), Participant: p.Participant, Points: game.Text(max(given, -given)), Balance: game.Text(balance), Reason: p.Reason, Note: p.Note,
		Award: p.Award, Cause: r.Cause.ID, Date: string(r.Date), By: p.By, At: r.At}
	if r.Cause.Ref != "" {
		out.ID = r.Cause.Ref // of an award that was revoked before, what was done then
	}
	if p.Rate != nil {
		out.Worth = &PointsRate{Amount: money.Major(money.Amount{Minor: p.Money, Currency: p.Currency}).String(), Currency: p.Currency, Points: p.Rate.Points}
	}
	return out
}
