package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"leadline/shared/payout"
	"leadline/shared/store"
)

// Payouts implements store.Payouts. All is kept as JSON, so that nobody holds a part of what is stored.
type Payouts struct {
	tenancy  *Tenancy
	batches  map[owned]keptNoun
	newest   map[owned]string // what batches are sorted by
	payments map[paymentOf]keptNoun
	sorts    map[paymentOf]string
	parts    map[payoutPart][]byte
}

type (
	paymentOf  struct{ organization, batch, participant string }
	payoutPart struct {
		organization, batch, run, what string
		part                           int
	}
)

var _ store.Payouts = (*Payouts)(nil)

// NewPayouts makes an empty store whose receipts are those of another.
func NewPayouts(tenancy *Tenancy) *Payouts {
	return &Payouts{tenancy: tenancy, batches: map[owned]keptNoun{}, newest: map[owned]string{}, payments: map[paymentOf]keptNoun{},
		sorts: map[paymentOf]string{}, parts: map[payoutPart][]byte{}}
}

// SavePayoutBatch implements store.Payouts.
func (s *Payouts) SavePayoutBatch(ctx context.Context, b payout.Batch, receipt *store.Receipt) error {
	text, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := owned{b.Organization, b.ID}
	return s.tenancy.change(ctx, receipt, b.UpdatedAt, func() error {
		if s.batches[at].rev != b.Rev-1 {
			return stale("batch")
		}
		return nil
	}, func() {
		s.batches[at] = keptNoun{b.Rev, text}
		if b.Rev == 1 {
			s.newest[at] = timeSort(b.CreatedAt) + b.ID
		}
	})
}

// PayoutBatch implements store.Payouts.
func (s *Payouts) PayoutBatch(ctx context.Context, organization, id string) (payout.Batch, error) {
	kept, err := get(ctx, s.tenancy, s.batches, owned{organization, id}, "batch")
	if err != nil {
		return payout.Batch{}, err
	}
	return decodeNoun[payout.Batch](kept)
}

// PayoutBatches implements store.Payouts.
func (s *Payouts) PayoutBatches(ctx context.Context, organization string, p store.Page) ([]payout.Batch, string, error) {
	kept, next, err := page(ctx, []string{"payouts", organization}, p, true, func(after string) []entry[keptNoun] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[keptNoun]
		for at, noun := range s.batches {
			if at.organization == organization && (after == "" || s.newest[at] < after) {
				entries = append(entries, entry[keptNoun]{s.newest[at], noun})
			}
		}
		return entries
	})
	return decodeNouns[payout.Batch](kept, next, err)
}

// SavePayment implements store.Payouts.
func (s *Payouts) SavePayment(ctx context.Context, p payout.Payment) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := paymentOf{p.Organization, p.Batch, p.Participant}
	return s.tenancy.change(ctx, nil, p.CreatedAt, func() error {
		if s.payments[at].rev != p.Rev-1 {
			return stale("payment")
		}
		return nil
	}, func() {
		s.payments[at] = keptNoun{p.Rev, text}
		if p.Rev == 1 {
			s.sorts[at] = timeSort(p.CreatedAt) + p.Batch
		}
	})
}

// Payment implements store.Payouts.
func (s *Payouts) Payment(ctx context.Context, organization, batch, participant string) (payout.Payment, error) {
	kept, err := get(ctx, s.tenancy, s.payments, paymentOf{organization, batch, participant}, "payment")
	if err != nil {
		return payout.Payment{}, err
	}
	return decodeNoun[payout.Payment](kept)
}

// Payments implements store.Payouts.
func (s *Payouts) Payments(ctx context.Context, organization, batch string, p store.Page) ([]payout.Payment, string, error) {
	return s.listed(ctx, []string{"payments", organization, batch}, p, false, func(at paymentOf) (string, bool) {
		return at.participant, at.organization == organization && at.batch == batch
	})
}

// PaymentsOf implements store.Payouts.
func (s *Payouts) PaymentsOf(ctx context.Context, organization, participant string, p store.Page) ([]payout.Payment, string, error) {
	return s.listed(ctx, []string{"payments of", organization, participant}, p, true, func(at paymentOf) (string, bool) {
		return s.sorts[at], at.organization == organization && at.participant == participant
	})
}

func (s *Payouts) listed(ctx context.Context, list []string, p store.Page, descending bool, sort func(paymentOf) (string, bool)) ([]payout.Payment, string, error) {
	kept, next, err := page(ctx, list, p, descending, func(after string) []entry[keptNoun] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[keptNoun]
		for at, noun := range s.payments {
			if by, wanted := sort(at); wanted && (after == "" || descending && by < after || !descending && by > after) {
				entries = append(entries, entry[keptNoun]{by, noun})
			}
		}
		return entries
	})
	return decodeNouns[payout.Payment](kept, next, err)
}

// PlanPayoutPart implements store.Payouts.
func (s *Payouts) PlanPayoutPart(ctx context.Context, organization, batch, run string, part int, p payout.Plan) (payout.Plan, error) {
	return firstStands(ctx, s, payoutPart{organization, batch, run, "plan", part}, p)
}

// PayoutPlan implements store.Payouts.
func (s *Payouts) PayoutPlan(ctx context.Context, organization, batch, run string, part int) (payout.Plan, error) {
	text, err := get(ctx, s.tenancy, s.parts, payoutPart{organization, batch, run, "plan", part}, "part")
	if err != nil {
		return payout.Plan{}, err
	}
	return decodeNoun[payout.Plan](keptNoun{text: text})
}

// DecidePayoutPart implements store.Payouts.
func (s *Payouts) DecidePayoutPart(ctx context.Context, organization, batch, run string, part int, o payout.Outcome) (payout.Outcome, error) {
	return firstStands(ctx, s, payoutPart{organization, batch, run, "outcome", part}, o)
}

// firstStands stores a value unless there is one, and gives the one that stands.
func firstStands[T any](ctx context.Context, s *Payouts, at payoutPart, value T) (T, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return value, fmt.Errorf("store: %w", err)
	}
	if err := alive(ctx); err != nil {
		return value, err
	}
	s.tenancy.mu.Lock()
	defer s.tenancy.mu.Unlock()
	if s.parts[at] == nil {
		s.parts[at] = text
	}
	return decodeNoun[T](keptNoun{text: s.parts[at]})
}

// PayoutOutcome implements store.Payouts.
func (s *Payouts) PayoutOutcome(ctx context.Context, organization, batch, run string, part int) (payout.Outcome, bool, error) {
	if err := alive(ctx); err != nil {
		return payout.Outcome{}, false, err
	}
	s.tenancy.mu.RLock()
	defer s.tenancy.mu.RUnlock()
	text := s.parts[payoutPart{organization, batch, run, "outcome", part}]
	if text == nil {
		return payout.Outcome{}, false, nil
	}
	o, err := decodeNoun[payout.Outcome](keptNoun{text: text})
	return o, err == nil, err
}

// PayoutOutcomes implements store.Payouts.
func (s *Payouts) PayoutOutcomes(ctx context.Context, organization, batch, run string) ([]payout.Outcome, error) {
	kept, err := s.partsOf(ctx, payoutPart{organization, batch, run, "outcome", 0})
	if err != nil {
		return nil, err
	}
	all := make([]payout.Outcome, len(kept))
	for n, text := range kept {
		if all[n], err = decodeNoun[payout.Outcome](keptNoun{text: text}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// partsOf gives what is kept of the parts of a run, by number.
func (s *Payouts) partsOf(ctx context.Context, of payoutPart) ([][]byte, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	s.tenancy.mu.RLock()
	defer s.tenancy.mu.RUnlock()
	numbers := map[int][]byte{}
	for at, text := range s.parts {
		number := at.part
		if at.part = of.part; at == of {
			numbers[number] = text
		}
	}
	var kept [][]byte
	for _, number := range slices.Sorted(maps.Keys(numbers)) {
		kept = append(kept, numbers[number])
	}
	return kept, nil
}

// FinishPayoutPart implements store.Payouts.
func (s *Payouts) FinishPayoutPart(ctx context.Context, organization, batch, run string, part, participants int) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.tenancy.mu.Lock()
	defer s.tenancy.mu.Unlock()
	s.parts[payoutPart{organization, batch, run, "done", part}] = fmt.Append(nil, participants)
	return nil
}

// PayoutParts implements store.Payouts.
func (s *Payouts) PayoutParts(ctx context.Context, organization, batch, run string) (parts, participants int, err error) {
	kept, err := s.partsOf(ctx, payoutPart{organization, batch, run, "done", 0})
	if err != nil {
		return 0, 0, err
	}
	for _, text := range kept {
		people, err := decodeNoun[int](keptNoun{text: text})
		if err != nil {
			return 0, 0, err
		}
		participants += people
	}
	return len(kept), participants, nil
}
