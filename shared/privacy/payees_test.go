package privacy_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/payee"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tax"
)

// TestHowOneIsPaid: an export tells it with the last characters of account and tax id and nothing sealed; an erasure removes it, with
// the changes that were asked for, and leaves that of others.
func TestHowOneIsPaid(t *testing.T) {
	sealed := []byte("sealed-account")
	for _, budget := range []int{400, 1} {
		w := newWorld(t)
		w.organization(ours)
		w.must(w.roster.SaveMembers(t.Context(), ours, []roster.Member{
			{ID: "mem_joe", Organization: ours, Email: "joe.doe@example.com", Rev: 1}, {ID: "mem_ann", Organization: ours, Email: "ann@example.com", Rev: 1}}, 0, nil))
		for _, who := range []string{"mem_joe", "mem_ann"} {
			w.must(w.payees.SaveProfile(t.Context(), payee.Profile{Organization: ours, Participant: who, Payer: "pyr_a", LegalName: "Joe Zebulon Doe", Country: "DE",
				Class: tax.Agent, TaxID: sealed, TaxIDHint: "234F", Bank: sealed, BankHint: "3000", BankSince: noon, UpdatedAt: noon, Rev: 1}, nil))
			w.must(w.payees.SaveChange(t.Context(), payee.Change{ID: "chg_" + who, Organization: ours, Of: who, What: payee.OfBank, Sealed: sealed, Hint: "4000",
				State: payee.Waiting, RequestedBy: "per_joe", RequestedAt: noon, ExpiresAt: noon.Add(time.Hour), Rev: 1}, nil, nil, nil))
		}
		w.SetBudget(budget)
		w.runs(w.job(ours, "job_export", job.Export, job.Running, him()), w.Export)
		_, text := w.exported("exports/" + ours + "/" + "job_export" + ".ndjson.gz")
		for _, want := range []string{`"legal_name":"Joe Zebulon Doe"`, `"account_ends_with":"3000"`, `"tax_id_ends_with":"234F"`, `"ends_with":"4000"`, `"class":"agent"`, `"id":"chg_mem_joe"`} {
			if strings.Count(text, want) != 1 {
				t.Errorf("%s is not told once: %s", want, text)
			}
		}
		if strings.Contains(text, "sealed-account") || strings.Contains(text, base64.StdEncoding.EncodeToString(sealed)) {
			t.Errorf("the export tells what is sealed: %s", text)
		}
		if j := w.erase(him()); j.Status != job.Done {
			t.Errorf("erased %s %v", j.Status, j.Counts)
		}
		_, err := w.payees.Profile(t.Context(), ours, "mem_joe")
		_, changeErr := w.payees.Change(t.Context(), ours, "chg_mem_joe")
		if !fault.Is(err, fault.NotFound) || !fault.Is(changeErr, fault.NotFound) {
			t.Errorf("left: %v, %v", err, changeErr)
		}
		_, err = w.payees.Profile(t.Context(), ours, "mem_ann")
		w.must(err)
		_, err = w.payees.Change(t.Context(), ours, "chg_mem_ann")
		w.must(err)
	}
}

// stuckPayees cannot delete.
type stuckPayees struct{ store.Payees }

func (stuckPayees) DeleteProfile(context.Context, string, string) error {
	return fault.New(fault.Unavailable, "unavailable", "stuck")
}

// TestAMemberIsErasedLast: as long as it is not gone how a member is paid, the member is there to be found again.
func TestAMemberIsErasedLast(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	w.must(w.roster.SaveMembers(t.Context(), ours, []roster.Member{{ID: "mem_joe", Organization: ours, Email: "joe.doe@example.com", Rev: 1}}, 0, nil))
	w.Payees = stuckPayees{w.payees}
	if _, err := w.Erase(t.Context(), w.job(ours, jobID, job.Erase, job.Running, him())); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	if m, err := w.roster.Member(t.Context(), ours, "mem_joe"); err != nil || m.Erased || m.Email == "" {
		t.Errorf("%+v, %v", m, err)
	}
}
