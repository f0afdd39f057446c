package main

import (
	"leadline/shared/dispute"
	"leadline/shared/openapitest"
	"leadline/shared/tenant"
)

const (
	// disputeAdmins are the operations of disputes that admins have, disputePersonal those of whoever sees the figures.
	disputeAdmins   = "answer-dispute resolve-dispute reject-dispute set-dispute-settings"
	disputePersonal = "get-statement-document open-dispute list-disputes get-dispute reply-to-dispute withdraw-dispute"
)

// disputing is a world in which a final statement is disputed: by the key that withdraws it, or by somebody else.
func (w *world) disputing(op openapitest.Operation) {
	w.t.Helper()
	w.settling("")
	ctx := w.t.Context()
	st, err := w.finance.Settlements.Statement(ctx, ours, w.params["program"], w.params["period"], w.params["participant"])
	w.must(err)
	by := "per_other"
	if op.ID == "withdraw-dispute" || op.ID == "reply-to-dispute" {
		by = w.ownersToo()
	}
	d := dispute.Dispute{ID: "dsp_000000000009", Organization: ours, Program: st.Program, Period: st.Period, Participant: st.Participant, Line: dispute.Line{Of: dispute.Whole},
		State: dispute.Open, OpenedBy: by, OpenedAt: w.clock.now(), Deadline: w.clock.now().AddDate(0, 0, 14), UpdatedAt: w.clock.now(), Rev: 1,
		Evidence: dispute.Evidence{Document: st.Document, Revision: st.Revision, Final: true, Reckoned: st.Reckoned, Currency: st.Currency},
		Messages: []dispute.Message{{By: by, At: w.clock.now(), Text: "A deal is missing."}}}
	w.must(w.finance.Disputes.SaveDispute(ctx, d, nil))
	w.params["dispute"] = d.ID
}

// ownersToo gives the person whose own key w.own is, and makes the owner's key one of that person, too.
func (w *world) ownersToo() string {
	w.t.Helper()
	own, err := w.tenancy.APIKey(w.t.Context(), tenant.HashToken(w.own))
	w.must(err)
	text, key, err := tenant.NewAPIKey(ours, "owner", tenant.Owner, w.clock.now(), w.handler.Random)
	w.must(err)
	key.Person = own.Person
	w.must(w.tenancy.CreateAPIKey(w.t.Context(), key))
	w.owner = text
	return own.Person
}

// disputeBody is what an operation of disputes takes; nil for others.
func (w *world) disputeBody(operation string) any {
	return map[string]any{
		"open-dispute":   map[string]any{"program": w.params["program"], "period": w.params["period"], "participant": w.params["participant"], "line": map[string]any{"of": "statement"}, "text": "A deal is missing."},
		"answer-dispute": map[string]any{"text": "Which one?"}, "reply-to-dispute": map[string]any{"text": "That of Acme."},
		"resolve-dispute": map[string]any{"amount": "12.50", "reason": "It was yours."}, "reject-dispute": map[string]any{"reason": "It was lost."},
		"set-dispute-settings": map[string]any{"days": 7},
	}[operation]
}
