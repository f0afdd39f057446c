package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/incentive/keeper"
)

// TestAPreviewTellsWhoIsAffected, the largest first, and changes nothing that is shown.
func TestAPreviewTellsWhoIsAffected(t *testing.T) {
	o := newOffice(t)
	o.deal("oppo_1", "rep", 1_000_000, "USD", "won", "2026-10-10")
	o.deal("oppo_2", "rep", 100_000, "USD", "won", "2026-11-10")
	o.deal("oppo_3", "other", 500_000, "USD", "won", "2026-11-10")
	p := o.published(o.made(o.plan(), "2026-10-01"))
	path := "/v1/programs/" + p.ID
	o.put(o.admin, path, map[string]any{"name": "Plan", "definition": o.paying("7%"), "from": "2026-12-01"}).want(t, 200)
	a := o.do(request{key: o.admin, method: http.MethodPost, path: path + "/previews", header: map[string]string{"idempotency-key": "k"}, body: map[string]any{"from": "2026-10-01"}}).want(t, 202)
	asked := read[ProgramPreview](t, a)
	at := a.header.Get("Location")
	if asked.Status != "running" || at != path+"/previews/"+asked.ID || asked.Summary != "" || asked.Before != nil {
		t.Errorf("asked for %+v at %s", asked, at)
	}
	again := o.do(request{key: o.admin, method: http.MethodPost, path: path + "/previews", header: map[string]string{"idempotency-key": "k"}, body: map[string]any{"from": "2026-10-01"}}).want(t, 202)
	if string(again.body) != string(a.body) || len(o.calculate.queue) == 0 {
		t.Errorf("a resend gives %s", again.body)
	}
	if got := read[ProgramPreview](t, o.get(o.admin, at).want(t, 200)); got.Status != "running" {
		t.Errorf("before it is made: %+v", got)
	}
	shown := o.get(o.admin, path+"/standings").want(t, 200)
	o.calculated(time.Second)
	got := read[ProgramPreview](t, o.get(o.admin, at+"?limit=2").want(t, 200))
	if got.Status != "done" || got.Summary != "2 people, +320.00 USD" || got.Affected != 2 || got.Records != 3 || got.Refused != 0 || got.Participants != 3 || got.Periods != 2 || got.From != "2026-10" ||
		got.Before.Text != "800.00 USD" || got.After.Text != "1120.00 USD" || got.Difference.Minor != 32_000 || len(got.Versions) != 1 || got.Versions[0].Number != 2 {
		t.Errorf("the preview is %+v", got)
	}
	if e := got.Effects; len(e) != 2 || e[0].Name != "REP" || e[0].Period != "2026-10" || e[0].Difference.Text != "200.00 USD" || e[1].Name != "OTHER" || e[1].Before.Minor != 25_000 || e[1].After.Minor != 35_000 {
		t.Errorf("the effects are %+v", e)
	}
	rest := read[ProgramPreview](t, o.get(o.admin, at+"?limit=2&cursor="+got.Next).want(t, 200))
	if len(rest.Effects) != 1 || rest.Next != "" || rest.Effects[0].Period != "2026-11" || rest.Effects[0].Participant != o.ids["rep"] {
		t.Errorf("the rest is %+v", rest)
	}
	if now := o.get(o.admin, path+"/standings").want(t, 200); string(now.body) != string(shown.body) {
		t.Errorf("shown was %s, and is %s", shown.body, now.body)
	}
	for _, id := range []string{"pre_none", "..", "a%252Fb"} {
		o.get(o.admin, path+"/previews/"+id).want(t, 404, "not_found")
	}
	for _, key := range []string{o.manager, o.keys["rep"]} {
		o.get(key, at).want(t, 403, "role_not_sufficient")
	}
}

// TestAPreviewInWords: of no change, of one person, of a new program.
func TestAPreviewInWords(t *testing.T) {
	o := newOffice(t)
	o.deal("oppo_1", "rep", 123_456_700, "USD", "won", "2026-11-10")
	preview := func(p Program) ProgramPreview {
		asked := o.post(o.admin, "/v1/programs/"+p.ID+"/previews", nil).want(t, 202)
		o.calculated(time.Second)
		return read[ProgramPreview](t, o.get(o.admin, asked.header.Get("Location")).want(t, 200))
	}
	p := o.made(o.plan(), "2026-11-01")
	if got := preview(p); got.Summary != "1 person (REP), +61,728.35 USD" || got.Before.Minor != 0 {
		t.Errorf("of a new one: %+v", got)
	}
	p = o.published(p)
	if got := preview(p); got.Summary != "Nobody is affected." || len(got.Effects) != 0 || got.Effects == nil {
		t.Errorf("of no change: %+v", got)
	}
	for minor, want := range map[int64]string{0: "+0.00 USD", -5: "-0.05 USD", 99_999: "+999.99 USD", 100_000: "+1,000.00 USD", -123_456_789: "-1,234,567.89 USD"} {
		if got := signedMoney(minor, "USD"); got != want {
			t.Errorf("%d is written %s, want %s", minor, got, want)
		}
	}
	if got := signedMoney(1_234_567, "JPY"); got != "+1,234,567 JPY" {
		t.Errorf("yen are written %s", got)
	}
}

// TestAPreviewThatFailsSaysWhy: the keeper stored that it did.
func TestAPreviewThatFailsSaysWhy(t *testing.T) {
	o := newOffice(t)
	p := o.made(o.plan(), "2026-11-01")
	at := o.post(o.admin, "/v1/programs/"+p.ID+"/previews", nil).want(t, 202).header.Get("Location")
	key := "previews/" + ours + "/" + p.ID + "/" + at[strings.LastIndex(at, "/")+1:] + ".json"
	if _, err := o.payloads.Get(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(keeper.Preview{ID: "pre_1", Status: keeper.PreviewFailed, Error: "There are too many records."})
	o.must(err)
	o.must(o.payloads.Put(t.Context(), key, text))
	if got := read[ProgramPreview](t, o.get(o.admin, at).want(t, 200)); got.Status != "failed" || got.Error != "There are too many records." || got.Summary != "" || got.Before != nil {
		t.Errorf("the preview is %+v", got)
	}
}
