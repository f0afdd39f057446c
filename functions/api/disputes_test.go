package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/dispute"
	"leadline/shared/settlement"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// disputed is a world whose period is locked, with two admins who are people, of whom nobody is the participant.
func disputed(t *testing.T) (w *world, ann string) {
	w = newWorld(t)
	w.programmed()
	w.settling("")
	person := read[Person](t, w.post(w.owner, "/v1/people", map[string]any{"email": "ann@example.com", "name": "Ann", "role": "admin"}).want(t, 201)).ID
	text, key, err := tenant.NewAPIKey(ours, "ann", tenant.Admin, w.clock.now(), w.handler.Random)
	w.must(err)
	key.Person = person
	w.must(w.tenancy.CreateAPIKey(t.Context(), key))
	return w, text
}

func (w *world) statementPath() string {
	return "/v1/programs/" + w.params["program"] + "/settlements/" + w.params["period"] + "/statements/"
}

func (w *world) objects(key string, line map[string]any) Dispute {
	w.t.Helper()
	return read[Dispute](w.t, w.post(key, "/v1/disputes", map[string]any{"program": w.params["program"], "period": w.params["period"], "line": line, "text": "It is too little."}).want(w.t, 201))
}

// TestDocumentsOfALockedStatementStay: as HTML and PDF, whatever changes afterwards.
func TestDocumentsOfALockedStatementStay(t *testing.T) {
	w, _ := disputed(t)
	path := w.statementPath() + w.params["participant"] + "/document?format="
	before := map[string][]byte{}
	for format, kind := range map[string]string{"html": "text/html", "pdf": "application/pdf"} {
		a := w.get(w.owner, path+format).want(t, 200)
		if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, kind) || !strings.Contains(a.header.Get("Content-Disposition"), `filename="statement-2026-11-`+w.params["participant"]+"."+format) {
			t.Errorf("%s: %v", format, a.header)
		}
		before[format] = a.body
	}
	if !bytes.HasPrefix(before["pdf"], []byte("%PDF-")) || !bytes.Contains(before["html"], []byte("Ow Ner")) || !bytes.Contains(before["html"], []byte("Final")) {
		t.Errorf("the page is %s", before["html"])
	}
	o := &office{system: w.system, conn: w.params["connection"]}
	w.clock.advance(time.Hour)
	o.deal("oppo_1", "own", 900_000, "USD", "won", "2026-11-10")
	w.calculated(time.Minute)
	for format, want := range before {
		if got := w.get(w.own, strings.Replace(path, w.params["participant"], "me", 1)+format).want(t, 200); !bytes.Equal(got.body, want) {
			t.Errorf("the %s changed", format)
		}
	}
	w.get(w.owner, path+"docx").want(t, 422)
	w.get(w.owner, w.statementPath()+"mem_000000000000/document").want(t, 404, "not_found")
}

func TestLongDocumentsArePacked(t *testing.T) {
	short := []byte("short")
	if got, encoding, err := packed(short); err != nil || encoding != "" || !bytes.Equal(got, short) {
		t.Errorf("%q %q %v", got, encoding, err)
	}
	if got, encoding, err := packed(make([]byte, maxDocumentBytes+1)); err != nil || encoding != "gzip" || len(got) > 1<<20 {
		t.Errorf("%d bytes %q %v", len(got), encoding, err)
	}
	noise := make([]byte, maxDocumentBytes+1)
	for i, x := 0, uint64(1); i < len(noise); i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		noise[i] = byte(x)
	}
	if _, _, err := packed(noise); err == nil {
		t.Error("what is too long is answered")
	}
}

// TestADisputeFromOpenedToResolved: its evidence stays, another admin resolves it, and its adjustment is made once.
func TestADisputeFromOpenedToResolved(t *testing.T) {
	w, ann := disputed(t)
	w.put(ann, "/v1/dispute-settings", map[string]any{"days": 3}).want(t, 200)
	d := w.objects(w.own, map[string]any{"of": "component", "component": "commission"})
	if d.State != "open" || d.Participant != w.params["participant"] || !d.Evidence.Final || d.Evidence.Document == "" || !d.Deadline.Equal(d.OpenedAt.AddDate(0, 0, 3)) || d.Overdue {
		t.Errorf("opened: %+v", d)
	}
	path := "/v1/disputes/" + d.ID
	first := read[DisputeWithLines](t, w.get(ann, path).want(t, 200))
	if len(first.Lines) == 0 || first.LinesInAll != len(first.Lines) || len(first.Credits) == 0 || first.Amount != d.Amount || d.Amount == "0" {
		t.Errorf("the evidence is %+v", first)
	}
	o := &office{system: w.system, conn: w.params["connection"]}
	o.deal("oppo_1", "own", 900_000, "USD", "won", "2026-11-10")
	w.calculated(time.Minute)
	w.post(ann, path+"/answer", map[string]any{"text": "Which one?"}).want(t, 200)
	w.post(w.own, path+"/reply", map[string]any{"text": "That of Acme."}).want(t, 200)
	w.post(w.own, path+"/resolve", map[string]any{"amount": "5", "reason": "x"}).want(t, 403)
	now := read[DisputeWithLines](t, w.get(w.own, path).want(t, 200))
	if a, b := jsonOf(first.Lines), jsonOf(now.Lines); a != b || len(now.Messages) != 3 || now.State != "open" {
		t.Errorf("the evidence was %s, and is %s", a, b)
	}
	w.clock.advance(4 * 24 * time.Hour)
	if late := read[list[Dispute]](t, w.get(ann, "/v1/disputes?overdue=true&state=open").want(t, 200)); len(late.Items) != 1 || !late.Items[0].Overdue {
		t.Errorf("overdue: %+v", late)
	}
	resolve := map[string]any{"amount": "12.50", "reason": "It was yours."}
	w.post(ann, path+"/resolve", map[string]any{"amount": "0", "reason": "x"}).want(t, 400, "out_of_range")
	done := read[Dispute](t, w.post(ann, path+"/resolve", resolve).want(t, 200))
	again := read[Dispute](t, w.post(ann, path+"/resolve", resolve).want(t, 200))
	if done.State != "resolved" || done.Resolution == nil || done.Resolution.Amount != "12.5" || again.Rev != done.Rev {
		t.Errorf("resolved: %+v, then %+v", done, again)
	}
	m, err := w.finance.Settlements.Manual(t.Context(), ours, d.Program, done.Resolution.Adjustment)
	w.must(err)
	if m.Dispute != d.ID || m.Amount != 1250 || m.State != settlement.ManualPending || m.Kind != settlement.ByHandMoney || m.Participant != d.Participant {
		t.Errorf("adjusted by %+v", m)
	}
	w.post(ann, path+"/resolve", map[string]any{"amount": "13", "reason": "More."}).want(t, 409, dispute.CodeEnded)
	w.post(ann, path+"/reject", map[string]any{"reason": "No."}).want(t, 409, dispute.CodeEnded)
	w.post(w.own, path+"/withdraw", nil).want(t, 409, dispute.CodeEnded)
	notices, _, err := w.journal.Notices(t.Context(), ours, store.Page{Limit: 10})
	w.must(err)
	told := 0
	for _, n := range notices {
		if n.Subject == "disputes/"+d.ID && !strings.Contains(n.Text, "too little") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times: %+v", told, notices)
	}
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// TestWhatWasCutShortIsFinished: a dispute that was resolved without its adjustment gets it when it is resolved again.
func TestWhatWasCutShortIsFinished(t *testing.T) {
	w, ann := disputed(t)
	d := w.objects(w.own, map[string]any{"of": "statement"})
	stored, err := w.finance.Disputes.Dispute(t.Context(), ours, d.ID)
	w.must(err)
	resolve := map[string]any{"amount": "1", "reason": "Yours."}
	key := request{key: ann, method: http.MethodPost, path: "/v1/disputes/" + d.ID + "/resolve", body: resolve}
	people := read[list[Person]](t, w.get(w.owner, "/v1/people").want(t, 200))
	by := ""
	for _, p := range people.Items {
		if p.Name == "Ann" {
			by = p.ID
		}
	}
	stored.State, stored.Rev, stored.EndedAt = dispute.Resolved, 2, w.clock.now()
	stored.Resolution = &dispute.Resolution{By: by, At: w.clock.now(), Reason: "Yours.", Adjustment: "adj_" + strings.TrimPrefix(d.ID, "dsp_"), Kind: settlement.ByHandMoney, Amount: 100, Period: "2026-12"}
	w.must(w.finance.Disputes.SaveDispute(t.Context(), stored, nil))
	w.do(key).want(t, 200)
	if _, err := w.finance.Settlements.Manual(t.Context(), ours, d.Program, stored.Resolution.Adjustment); err != nil {
		t.Error(err)
	}
}

func TestRefusedDisputes(t *testing.T) {
	w, ann := disputed(t)
	body := func(line map[string]any) map[string]any {
		return map[string]any{"program": w.params["program"], "period": w.params["period"], "participant": w.params["participant"], "line": line, "text": "x"}
	}
	w.post(w.own, "/v1/disputes", body(map[string]any{"of": "component", "component": "none"})).want(t, 400, dispute.CodeLine)
	other := body(map[string]any{"of": "statement"})
	other["participant"] = "mem_000000000000"
	w.post(w.own, "/v1/disputes", other).want(t, 404, "not_found")
	w.post(w.reader, "/v1/disputes", body(map[string]any{"of": "statement"})).want(t, 403)
	// Whoever opened one for somebody does not decide it.
	d := read[Dispute](t, w.post(ann, "/v1/disputes", body(map[string]any{"of": "statement"})).want(t, 201))
	path := "/v1/disputes/" + d.ID
	w.post(ann, path+"/resolve", map[string]any{"amount": "1", "reason": "x"}).want(t, 403, dispute.CodeFourEyes)
	w.post(ann, path+"/reject", map[string]any{"reason": "x"}).want(t, 403, dispute.CodeFourEyes)
	w.post(w.own, path+"/withdraw", nil).want(t, 403, dispute.CodeNotYours)
	w.post(w.own, path+"/reply", map[string]any{"text": "Mine."}).want(t, 200)
	w.post(w.owner, path+"/reject", map[string]any{"reason": "It is right."}).want(t, 200)
	if mine := read[list[Dispute]](t, w.get(ann, "/v1/disputes?mine=true&participant="+w.params["participant"]).want(t, 200)); len(mine.Items) != 1 || mine.Items[0].Resolution.Reason != "It is right." {
		t.Errorf("mine: %+v", mine)
	}
	if none := read[list[Dispute]](t, w.get(w.own, "/v1/disputes?mine=true").want(t, 200)); len(none.Items) != 0 {
		t.Errorf("of others: %+v", none)
	}
}
