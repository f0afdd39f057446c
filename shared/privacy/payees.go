package privacy

import (
	"context"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/payee"
	"leadline/shared/roster"
	"leadline/shared/store"
)

// paymentData is how a member is paid, in an export: of account and tax id, the last characters.
type paymentData struct {
	LegalName string       `json:"legal_name,omitempty"`
	Country   string       `json:"country,omitempty"`
	Payer     string       `json:"payer,omitempty"`
	Class     string       `json:"class,omitempty"`
	Rate      string       `json:"rate,omitempty"`
	GrossUp   bool         `json:"gross_up,omitempty"`
	Held      string       `json:"held,omitempty"`
	Account   string       `json:"account_ends_with,omitempty"`
	Since     string       `json:"account_since,omitempty"`
	TaxID     string       `json:"tax_id_ends_with,omitempty"`
	Changes   []changeData `json:"changes,omitempty"`
}

// changeData is a change of account or tax id that was asked for.
type changeData struct {
	ID          string `json:"id"`
	What        string `json:"what"`
	EndsWith    string `json:"ends_with,omitempty"`
	State       string `json:"state"`
	RequestedBy string `json:"requested_by"`
	RequestedAt string `json:"requested_at"`
	DecidedBy   string `json:"decided_by,omitempty"`
	DecidedAt   string `json:"decided_at,omitempty"`
	Reason      string `json:"reason,omitempty"`
}

// payment reads how a member is paid; nil for one of whom nobody said it.
func (e exporter) payment(ctx context.Context, m roster.Member) (*paymentData, error) {
	p, err := e.Payees.Profile(ctx, m.Organization, m.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("payment profile: %w", err)
	}
	out := &paymentData{LegalName: p.LegalName, Country: p.Country, Payer: p.Payer, Class: string(p.Class), GrossUp: p.GrossUp, Held: p.Held,
		Account: p.BankHint, Since: timeText(p.BankSince), TaxID: p.TaxIDHint}
	if p.Rate != nil {
		out.Rate = p.Rate.String()
	}
	changes, err := all(ctx, func(ctx context.Context, page store.Page) ([]payee.Change, string, error) {
		return e.Payees.ChangesOf(ctx, m.Organization, m.ID, page)
	})
	if err != nil {
		return nil, fmt.Errorf("changes of bank details: %w", err)
	}
	for _, c := range changes {
		c = c.At(e.Now())
		out.Changes = append(out.Changes, changeData{ID: c.ID, What: c.What, EndsWith: c.Hint, State: string(c.State), RequestedBy: c.RequestedBy,
			RequestedAt: timeText(c.RequestedAt), DecidedBy: c.DecidedBy, DecidedAt: timeText(c.DecidedAt), Reason: c.Reason})
	}
	return out, nil
}
