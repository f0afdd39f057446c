package privacy_test

import (
	"strings"
	"testing"

	"leadline/shared/dispute"
	"leadline/shared/job"
	"leadline/shared/roster"
)

// TestWhatWasDisputed: an export tells it, and an erasure takes the texts away and leaves that it was disputed, and what others said of
// theirs.
func TestWhatWasDisputed(t *testing.T) {
	w := newWorld(t)
	w.organization(ours)
	w.must(w.roster.SaveMembers(t.Context(), ours, []roster.Member{{ID: "mem_joe", Organization: ours, Email: "joe.doe@example.com", Rev: 1},
		{ID: "mem_ann", Organization: ours, Email: "ann@example.com", Rev: 1}}, 0, nil))
	for id, who := range map[string]string{"dsp_joe": "mem_joe", "dsp_ann": "mem_ann"} {
		w.must(w.disputes.SaveDispute(t.Context(), dispute.Dispute{ID: id, Organization: ours, Program: "prg_a", Period: "2026-10", Participant: who, State: dispute.Rejected, OpenedAt: noon,
			Messages: []dispute.Message{{By: "per_a", At: noon, Text: "Zebulon's deal"}}, Resolution: &dispute.Resolution{Reason: "Zebulon lost it"}, UpdatedAt: noon, Rev: 1}, nil))
	}
	w.runs(w.job(ours, "job_export", job.Export, job.Running, him()), w.Export)
	_, text := w.exported("exports/" + ours + "/" + "job_export" + ".ndjson.gz")
	for _, want := range []string{`"id":"dsp_joe"`, `"text":"Zebulon's deal"`, `"outcome":"Zebulon lost it"`} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%s is not told once: %s", want, text)
		}
	}
	if j := w.erase(him()); j.Status != job.Done {
		t.Errorf("erased %s %v", j.Status, j.Counts)
	}
	gone, err := w.disputes.Dispute(t.Context(), ours, "dsp_joe")
	w.must(err)
	if !gone.Erased || gone.Messages[0].Text != "" || gone.Resolution.Reason != "" || gone.State != dispute.Rejected {
		t.Errorf("left: %+v", gone)
	}
	if kept, err := w.disputes.Dispute(t.Context(), ours, "dsp_ann"); err != nil || kept.Erased || kept.Messages[0].Text == "" {
		t.Errorf("of another: %+v, %v", kept, err)
	}
}
