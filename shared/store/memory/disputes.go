package memory

import (
	"context"
	"encoding/json"
	"fmt"

	"leadline/shared/dispute"
	"leadline/shared/store"
)

// Disputes implements store.Disputes. All is kept as JSON, so that nobody holds a part of what is stored.
type Disputes struct {
	tenancy  *Tenancy
	disputes map[owned]keptDispute
	settings map[owned]keptNoun
}

// keptDispute is a stored dispute with what it is found by.
type keptDispute struct {
	keptNoun
	of, sort string
}

var _ store.Disputes = (*Disputes)(nil)

// NewDisputes makes an empty store whose receipts are those of another.
func NewDisputes(tenancy *Tenancy) *Disputes {
	return &Disputes{tenancy: tenancy, disputes: map[owned]keptDispute{}, settings: map[owned]keptNoun{}}
}

// SaveDispute implements store.Disputes.
func (s *Disputes) SaveDispute(ctx context.Context, d dispute.Dispute, receipt *store.Receipt) error {
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at, kept := owned{d.Organization, d.ID}, keptDispute{keptNoun{d.Rev, text}, d.Participant, timeSort(d.OpenedAt) + d.ID}
	return s.tenancy.change(ctx, receipt, d.UpdatedAt, func() error {
		if before := s.disputes[at]; before.rev != d.Rev-1 || before.rev > 0 && (before.sort != kept.sort || before.of != kept.of) {
			return stale("dispute")
		}
		return nil
	}, func() { s.disputes[at] = kept })
}

// Dispute implements store.Disputes.
func (s *Disputes) Dispute(ctx context.Context, organization, id string) (dispute.Dispute, error) {
	kept, err := get(ctx, s.tenancy, s.disputes, owned{organization, id}, "dispute")
	if err != nil {
		return dispute.Dispute{}, err
	}
	return decodeDispute(organization, kept.keptNoun)
}

func decodeDispute(organization string, kept keptNoun) (dispute.Dispute, error) {
	d, err := decodeNoun[dispute.Dispute](kept)
	d.Organization, d.Rev = organization, kept.rev
	return d, err
}

// Disputes implements store.Disputes.
func (s *Disputes) Disputes(ctx context.Context, organization string, p store.Page) ([]dispute.Dispute, string, error) {
	return s.in(ctx, []string{"disputes", organization}, organization, p, func(keptDispute) bool { return true })
}

// DisputesOf implements store.Disputes.
func (s *Disputes) DisputesOf(ctx context.Context, organization, participant string, p store.Page) ([]dispute.Dispute, string, error) {
	return s.in(ctx, []string{"disputes of", organization, participant}, organization, p, func(k keptDispute) bool { return k.of == participant })
}

func (s *Disputes) in(ctx context.Context, list []string, organization string, p store.Page, which func(keptDispute) bool) ([]dispute.Dispute, string, error) {
	kept, next, err := page(ctx, list, p, true, func(after string) []entry[keptNoun] {
		s.tenancy.mu.RLock()
		defer s.tenancy.mu.RUnlock()
		var entries []entry[keptNoun]
		for at, k := range s.disputes {
			if at.organization == organization && which(k) && (p.Cursor == "" || k.sort < after) {
				entries = append(entries, entry[keptNoun]{k.sort, k.keptNoun})
			}
		}
		return entries
	})
	if err != nil {
		return nil, "", err
	}
	all := make([]dispute.Dispute, len(kept))
	for i, k := range kept {
		if all[i], err = decodeDispute(organization, k); err != nil {
			return nil, "", err
		}
	}
	return all, next, nil
}

// SaveDisputeSetting implements store.Disputes.
func (s *Disputes) SaveDisputeSetting(ctx context.Context, setting dispute.Setting) error {
	text, err := json.Marshal(setting)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	at := owned{setting.Organization, ""}
	return s.tenancy.change(ctx, nil, setting.UpdatedAt, func() error {
		if s.settings[at].rev != setting.Rev-1 {
			return stale("setting")
		}
		return nil
	}, func() { s.settings[at] = keptNoun{setting.Rev, text} })
}

// DisputeSetting implements store.Disputes.
func (s *Disputes) DisputeSetting(ctx context.Context, organization string) (dispute.Setting, error) {
	if err := alive(ctx); err != nil {
		return dispute.Setting{}, err
	}
	s.tenancy.mu.RLock()
	kept, found := s.settings[owned{organization, ""}]
	s.tenancy.mu.RUnlock()
	if !found {
		return dispute.Setting{Organization: organization, Days: dispute.DefaultDays}, nil
	}
	setting, err := decodeNoun[dispute.Setting](kept)
	setting.Organization, setting.Rev = organization, kept.rev
	return setting, err
}
