package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/payee"
	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
	"leadline/shared/secret"
	"leadline/shared/tax"
)

// collecting is the work on one part of the collecting.
type collecting struct {
	*Keeper
	b      payout.Batch
	payer  payee.Payer
	assess payout.Assess
	box    secret.Box
	// mu guards what follows: what was found, by participant.
	mu      sync.Mutex
	taken   map[string]payout.Payment
	left    map[string]payout.Payment
	refused string
}

// collect takes what is owed to the participants of a part, decides who is in it, and stores their payments. A part that was decided
// before, by this or another worker, stays as it was: what was taken beyond it is given back.
func (k *Keeper) collect(ctx context.Context, b payout.Batch, part int, participants []string) error {
	outcome, decided, err := k.Payouts.PayoutOutcome(ctx, b.Organization, b.ID, payout.WorkCollecting, part)
	if err != nil {
		return fmt.Errorf("payout: outcome: %w", err)
	}
	c := &collecting{Keeper: k, b: b, taken: map[string]payout.Payment{}, left: map[string]payout.Payment{}}
	switch {
	case decided || b.Rejected != "" || b.State != payout.Collecting:
		err = each(participants, func(id string) error { return c.find(ctx, id) })
	default:
		if err = c.open(ctx); err == nil {
			err = each(participants, func(id string) error { return c.one(ctx, id) })
		}
	}
	if err != nil {
		return err
	}
	if c.refused != "" {
		if _, err := k.change(ctx, b, func(b payout.Batch) (payout.Batch, bool, error) {
			return b.Refuse(c.refused, k.Now()), b.State == payout.Collecting && b.Rejected == "", nil
		}); err != nil {
			return err
		}
	}
	if !decided {
		if outcome, err = k.Payouts.DecidePayoutPart(ctx, b.Organization, b.ID, payout.WorkCollecting, part, c.outcome(participants)); err != nil {
			return fmt.Errorf("payout: decide: %w", err)
		}
	}
	return c.settle(ctx, outcome)
}

// open reads what all participants of the part go by.
func (c *collecting) open(ctx context.Context) (err error) {
	if c.payer, err = c.Payees.Payer(ctx, c.b.Organization, c.b.Payer); err != nil {
		return fmt.Errorf("payout: payer: %w", err)
	}
	if c.payer.TaxRules != "" {
		rules, err := tax.Named(c.payer.TaxRules)
		if err != nil {
			return fmt.Errorf("payout: tax rules: %w", err)
		}
		c.assess = rules.Assess
	}
	c.box, err = c.Box(ctx, c.b.Organization)
	return err
}

// one takes what is owed to a participant.
func (c *collecting) one(ctx context.Context, participant string) error {
	if err := onTime(ctx); err != nil {
		return err
	}
	profile, snapshot, err := c.profile(ctx, participant)
	if err != nil {
		return err
	}
	var last payout.Payment
	rows, err := c.Books.Post(ctx, c.b.Organization, participant, func(book ledger.Book) ([]ledger.Posting, error) {
		p, postings, err := payout.Take(book, profile, c.payer, c.assess, c.b)
		if last = p; err != nil || len(postings) == 0 {
			return nil, err
		}
		last.Bank = snapshot
		postings[0].Cause.Document, err = c.keep(ctx, last)
		return postings, err
	})
	if f := fault.Of(err); f != nil && f.Code == payout.CodeTax {
		c.mu.Lock()
		c.refused = f.Message
		c.mu.Unlock()
		return c.find(ctx, participant)
	}
	if err != nil {
		return fmt.Errorf("payout: collect: %w", err)
	}
	if len(rows) == 0 {
		if err := c.find(ctx, participant); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(rows) > 0 {
		c.taken[participant] = last
	} else if _, found := c.taken[participant]; !found && last.LeftOut != "" {
		c.left[participant] = last
	}
	return nil
}

// profile reads how a participant is paid, and seals what the bank file will say of it. One whose account cannot be paid in the
// batch's format has no Bank.
func (c *collecting) profile(ctx context.Context, participant string) (payee.Profile, []byte, error) {
	p, err := c.Payees.Profile(ctx, c.b.Organization, participant)
	if fault.Is(err, fault.NotFound) {
		return payee.Profile{}, nil, nil
	}
	if err != nil {
		return p, nil, fmt.Errorf("payout: profile: %w", err)
	}
	if len(p.Bank) == 0 {
		return p, nil, nil
	}
	bank, err := payee.OpenBank(c.box, c.b.Organization, participant, p.Bank)
	if err != nil {
		return p, nil, err
	}
	if bankfile.Fits(c.b.Format, bank, c.b.Currency) != nil {
		p.Bank = nil
		return p, nil, nil
	}
	snapshot, err := payout.Snapshot{Organization: c.b.Organization, Batch: c.b.ID, Owner: participant, Name: p.LegalName, Country: p.Country, Bank: bank}.Seal(c.box)
	return p, snapshot, err
}

// find looks for what was taken from a participant before.
func (c *collecting) find(ctx context.Context, participant string) error {
	if err := onTime(ctx); err != nil {
		return err
	}
	p, _, found, err := c.collected(ctx, c.b, participant)
	if err == nil && found {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.taken[participant] = p
	}
	return err
}

// collected gives the payment of a participant, and the row, as the ledger has them for a batch.
func (k *Keeper) collected(ctx context.Context, b payout.Batch, participant string) (p payout.Payment, row ledger.Row, found bool, err error) {
	row, found, err = k.Books.Find(ctx, b.Organization, participant, payout.CollectCause(b.ID))
	if err != nil || !found {
		return p, row, false, err
	}
	p, err = k.load(ctx, b.Organization, row.Cause.Document)
	return p, row, err == nil, err
}

func documentKey(organization, hash string) string { return "payouts/" + organization + "/" + hash }

// keep stores what a payment is taken as, before it is posted: who is killed behind the posting finds it by the row.
func (k *Keeper) keep(ctx context.Context, p payout.Payment) (hash string, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "unencodable_payment", "payout: encode a payment")
	}
	sum := sha256.Sum256(text)
	hash = hex.EncodeToString(sum[:])
	return hash, k.Documents.Put(ctx, documentKey(p.Organization, hash), text)
}

func (k *Keeper) load(ctx context.Context, organization, hash string) (payout.Payment, error) {
	var p payout.Payment
	text, err := k.Documents.Get(ctx, documentKey(organization, hash))
	if err != nil {
		return p, fmt.Errorf("payout: document %s: %w", hash, err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != hash {
		return p, fault.New(fault.Internal, "corrupt_document", "payout: the document %s holds something else", hash)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fault.Wrap(err, fault.Internal, "corrupt_document", "payout: decode document %s", hash)
	}
	return p, nil
}

// outcome says what was found, in the order of the part.
func (c *collecting) outcome(participants []string) payout.Outcome {
	var o payout.Outcome
	for _, id := range participants {
		if p, taken := c.taken[id]; taken {
			o.Taken, o.Sums = append(o.Taken, id), o.Sums.Add(p)
		} else if p, left := c.left[id]; left {
			o.Left = append(o.Left, payout.LeftPart{Participant: id, Why: p.LeftOut, Gross: p.Gross, Back: p.Back})
			o.Sums = o.Sums.Add(p)
		}
	}
	return o
}

// settle stores the payments that the part was decided to have, and gives back what was taken beyond them.
func (c *collecting) settle(ctx context.Context, o payout.Outcome) error {
	var beyond []string
	for id := range c.taken {
		if !slices.Contains(o.Taken, id) {
			beyond = append(beyond, id)
		}
	}
	if err := each(beyond, func(id string) error { return c.giveBack(ctx, c.b, id, c.b.SubmittedBy) }); err != nil {
		return err
	}
	if err := each(o.Taken, func(id string) error {
		p, known := c.taken[id]
		if !known { // another worker's
			var err error
			var found bool
			if p, _, found, err = c.collected(ctx, c.b, id); err != nil {
				return err
			}
			if !found {
				return fault.New(fault.Internal, "missing_posting", "payout: the part was decided to have %s, from whom nothing was taken", id)
			}
		}
		return c.save(ctx, p)
	}); err != nil {
		return err
	}
	return each(o.Left, func(l payout.LeftPart) error {
		return c.save(ctx, payout.Payment{Organization: c.b.Organization, Batch: c.b.ID, Participant: l.Participant, Gross: l.Gross, Back: l.Back,
			EndToEnd: payout.EndToEnd(c.b.ID, l.Participant), State: payout.PaymentLeftOut, LeftOut: l.Why, CreatedAt: c.b.CreatedAt, Rev: 1})
	})
}

// save stores a new payment; one that is stored was by whoever did the part before, and may have gone on.
func (c *collecting) save(ctx context.Context, p payout.Payment) error {
	err := c.Payouts.SavePayment(ctx, p)
	if err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("payout: save payment: %w", err)
	}
	return nil
}
