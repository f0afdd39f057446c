package privacy

import (
	"context"
	"fmt"

	"leadline/shared/dispute"
	"leadline/shared/fault"
	"leadline/shared/roster"
	"leadline/shared/store"
)

// disputeData is a dispute about a member's statement, in an export.
type disputeData struct {
	ID       string        `json:"id"`
	Program  string        `json:"program"`
	Period   string        `json:"period"`
	State    string        `json:"state"`
	OpenedBy string        `json:"opened_by"`
	OpenedAt string        `json:"opened_at"`
	Messages []messageData `json:"messages"`
	Outcome  string        `json:"outcome,omitempty"`
}

// messageData is something that was said in one.
type messageData struct {
	By   string `json:"by"`
	At   string `json:"at"`
	Text string `json:"text"`
}

// disputesOf gives the disputes about a member's statements. All of the organization are gone through: few are opened, and those that
// somebody opened for others would not be found by participant.
func (o Options) disputesOf(ctx context.Context, m roster.Member) ([]dispute.Dispute, error) {
	var found []dispute.Dispute
	for d, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]dispute.Dispute, string, error) {
		return o.Disputes.Disputes(ctx, m.Organization, p)
	}) {
		if err != nil {
			return nil, fmt.Errorf("disputes: %w", err)
		}
		if d.Participant == m.ID {
			found = append(found, d)
		}
	}
	return found, nil
}

// disputes tells the disputes about a member's statements.
func (e exporter) disputes(ctx context.Context, m roster.Member) ([]disputeData, error) {
	all, err := e.disputesOf(ctx, m)
	if err != nil {
		return nil, err
	}
	var out []disputeData
	for _, d := range all {
		shown := disputeData{ID: d.ID, Program: d.Program, Period: d.Period, State: string(d.State), OpenedBy: d.OpenedBy, OpenedAt: timeText(d.OpenedAt)}
		for _, said := range d.Messages {
			shown.Messages = append(shown.Messages, messageData{said.By, timeText(said.At), said.Text})
		}
		if d.Resolution != nil {
			shown.Outcome = d.Resolution.Reason
		}
		out = append(out, shown)
	}
	return out, nil
}

// disputes takes the texts out of the disputes about a member's statements. That there were some stays, with how they ended.
func (e eraser) disputes(ctx context.Context, m roster.Member) error {
	all, err := e.disputesOf(ctx, m)
	if err != nil {
		return err
	}
	for _, d := range all {
		for !d.Erased {
			err := e.Disputes.SaveDispute(ctx, d.Erase(e.Now().UTC()), nil)
			if err == nil {
				break
			}
			if !fault.Is(err, fault.Conflict) {
				return fmt.Errorf("erase a dispute: %w", err)
			}
			if d, err = e.Disputes.Dispute(ctx, d.Organization, d.ID); err != nil { // somebody said something meanwhile
				return fmt.Errorf("erase a dispute: %w", err)
			}
		}
	}
	return nil
}
