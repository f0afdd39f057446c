package main

import (
	"context"
	"strings"
	"testing"

	"leadline/shared/nudge"
	"leadline/shared/outbound"
	"leadline/shared/secret"
)

const slackWebhook = "https://hooks.slack.com/services/T000/B000/slack5ecret"

// slackFake is Slack: it notes what it is sent, and answers with a status.
type slackFake struct {
	sent   []outbound.Request
	status int
}

func (f *slackFake) Post(_ context.Context, r outbound.Request) (outbound.Answer, error) {
	f.sent = append(f.sent, r)
	a := outbound.Answer{Attempt: outbound.Attempt{Status: max(f.status, 200)}}
	if f.status >= 300 {
		a.Problem, a.Answer = "It answered 404 Not Found.", "no_service"
	}
	return a, nil
}

// gone deletes what is at a path.
func (s *system) gone(path string) answer {
	s.t.Helper()
	return s.do(request{method: "DELETE", path: path, key: s.owner})
}

// told stores a nudge of somebody, in the inbox and on its way by e-mail.
func (s *system) told(member, id string, change func(*nudge.Nudge)) {
	s.t.Helper()
	n := nudge.Nudge{ID: id, Organization: ours, Member: member, At: s.clock.now(), Rule: "near_tier", Kind: nudge.NearTier, Program: "prg_1", Period: "2026-11", Causes: []string{"tier/deals/10"},
		Outcome: nudge.Sent, Language: "en", Rev: 1, Posts: []nudge.Post{{Channel: nudge.Inbox, Subject: "2 deals", Text: "Only 2 <deals>", State: nudge.PostSent},
			{Channel: nudge.Email, Subject: "2 deals", Text: "Only 2 deals", State: nudge.PostWaiting}}}
	if change != nil {
		change(&n)
	}
	_, err := s.finance.Nudges.TellNudge(s.t.Context(), n)
	s.must(err)
}

// nudging is a world in which somebody was told something, and the organization says how.
func (w *world) nudging() {
	w.t.Helper()
	if w.params["participant"] == "" {
		w.params["participant"] = w.params["member"]
	}
	w.params["nudge_rule"], w.params["language"], w.params["channel"], w.params["nudge"] = "near_tier", "de", "all", "01NUDGE"
	w.told(w.params["participant"], "01NUDGE", nil)
	box, err := w.handler.box(w.t.Context(), ours)
	w.must(err)
	setup := nudge.Default(ours)
	setup.Webhook, setup.Hint, setup.Rev = box.Seal(secret.PurposeSlack, []byte(slackWebhook)), "cret", 1
	setup.Wordings = []nudge.Wording{{Rule: "near_tier", Language: "de", Subject: "x", Text: "{left}", Rev: 1}}
	w.must(w.finance.Nudges.SaveNudgeSetup(w.t.Context(), setup))
}

func TestNudgeRules(t *testing.T) {
	s := newSystem(t)
	rules := walk[NudgeRule](s, s.owner, "/v1/nudge-rules?limit=3")
	if len(rules) != 8 || rules[0].ID != "goal_missed" || rules[0].Rev != 0 {
		t.Fatalf("%+v", rules)
	}
	path := "/v1/nudge-rules/near_tier"
	first := s.get(s.owner, path).want(t, 200)
	body := map[string]any{"kind": "near_tier", "share": "0.25", "channels": []string{"inbox", "email"}, "cap": map[string]any{"times": 2, "hours": 12}}
	changed := s.do(request{method: "PUT", path: path, key: s.owner, body: body, header: map[string]string{"If-Match": first.header.Get("ETag")}}).want(t, 200)
	if r := read[NudgeRule](t, changed); r.Share != "0.25" || r.Rev != 1 || r.Cap.Times != 2 || len(r.Placeholders) == 0 {
		t.Errorf("%+v", r)
	}
	s.do(request{method: "PUT", path: path, key: s.owner, body: body, header: map[string]string{"If-Match": first.header.Get("ETag")}}).want(t, 412, "precondition_failed")
	s.put(s.owner, path, map[string]any{"kind": "paid", "channels": []string{"inbox"}, "cap": map[string]any{}}).want(t, 409, "kind_stays")
	half := map[string]any{"id": "half", "kind": "quota_reached", "attainment": "0.5", "channels": []string{"inbox"}, "cap": map[string]any{}}
	s.put(s.owner, "/v1/nudge-rules/half", map[string]any{"kind": "quota_reached", "channels": []string{"inbox"}, "cap": map[string]any{}}).want(t, 404, "not_found")
	s.post(s.owner, "/v1/nudge-rules", half).want(t, 201)
	s.post(s.owner, "/v1/nudge-rules", half).want(t, 409, "taken")
	s.post(s.owner, "/v1/nudge-rules", map[string]any{"id": "Half", "kind": "quota_reached", "channels": []string{"inbox"}, "cap": map[string]any{}}).want(t, 422)
	s.post(s.owner, "/v1/nudge-rules", map[string]any{"id": "third", "kind": "quota_reached", "attainment": "a third", "channels": []string{"inbox"}, "cap": map[string]any{}}).want(t, 400)
	s.post(s.owner, "/v1/nudge-rules", map[string]any{"id": "week", "kind": "nothing_logged", "channels": []string{"inbox"}, "cap": map[string]any{}}).want(t, 400, "invalid_rule")
	s.gone("/v1/nudge-rules/half").want(t, 204)
	s.gone("/v1/nudge-rules/half").want(t, 404, "not_found")
	s.get(s.owner, "/v1/nudge-rules/half").want(t, 404, "not_found")
}

func TestNudgeWordings(t *testing.T) {
	s := newSystem(t)
	path := "/v1/nudge-rules/near_tier/wordings/de-AT/"
	refused := s.put(s.owner, path+"all", map[string]any{"subject": "x", "text": "Servus {nmae}, noch {left}"}).want(t, 400, "invalid_wording")
	if text := string(refused.body); !strings.Contains(text, "{nmae}") || !strings.Contains(text, "character 8 of the text") {
		t.Errorf("%s", text)
	}
	s.put(s.owner, path+"all", map[string]any{"subject": "Noch {left}", "text": "Servus {name}, noch {left}"}).want(t, 200)
	s.put(s.owner, path+"fax", map[string]any{"text": "x"}).want(t, 404, "not_found")
	own := walk[NudgeWording](s, s.owner, "/v1/nudge-rules/near_tier/wordings?limit=4")
	if len(own) != 10 || !own[0].Own || own[0].Channel != "all" || own[1].Own {
		t.Errorf("%+v", own)
	}
	preview := func(body map[string]any) NudgePreview {
		return read[NudgePreview](t, s.post(s.owner, "/v1/nudge-rules/near_tier/preview", body).want(t, 200))
	}
	for _, c := range []struct {
		body map[string]any
		want string
	}{
		{map[string]any{"channel": "email", "language": "de-AT"}, "Servus Imogen, noch 2 Abschlüsse"},
		{map[string]any{"channel": "email", "language": "de"}, "Nur noch 2 Abschlüsse"},
		{map[string]any{"channel": "slack", "language": "hi"}, "<@U012AB3CD>: only 2 deals"},
		{map[string]any{"channel": "slack", "text": "<!channel> {name}"}, "&lt;!channel&gt; Imogen"},
	} {
		if got := preview(c.body).Text; !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: %q", c.body, got)
		}
	}
	s.post(s.owner, "/v1/nudge-rules/near_tier/preview", map[string]any{"channel": "email", "subject": "x", "text": "{prizes}"}).want(t, 400, "invalid_wording")
	s.gone(path+"all").want(t, 204)
	s.gone(path+"all").want(t, 404, "not_found")
	s.put(s.owner, "/v1/nudge-rules/none/wordings/de/all", map[string]any{"subject": "x", "text": "x"}).want(t, 404, "not_found")
}

func TestNudgeSettingsAndSlack(t *testing.T) {
	s := newSystem(t)
	fake := s.handler.Slack.(*slackFake)
	settings := func(channels ...string) map[string]any {
		return map[string]any{"channels": channels, "zone": "Europe/Berlin", "quiet_hours": map[string]any{"from": "20:00", "until": "08:00"}, "per_day": 2}
	}
	if got := read[NudgeSetup](t, s.get(s.owner, "/v1/nudge-settings").want(t, 200)); len(got.Channels) != 1 || got.Slack != nil || got.PerDay != 3 {
		t.Errorf("%+v", got)
	}
	s.put(s.owner, "/v1/nudge-settings", settings("inbox", "slack")).want(t, 400, "no_webhook")
	s.post(s.owner, "/v1/nudge-settings/slack/test", nil).want(t, 404, "not_found")
	for _, wrong := range []string{"https://example.com/services/x", "http://hooks.slack.com/services/x", "https://hooks.slack.com/other", "https://hooks.slack.com/services/x?y=1"} {
		s.put(s.owner, "/v1/nudge-settings/slack", map[string]any{"webhook": wrong}).want(t, 400)
	}
	set := s.put(s.owner, "/v1/nudge-settings/slack", map[string]any{"webhook": slackWebhook}).want(t, 200)
	if got := read[NudgeSetup](t, set); got.Slack == nil || got.Slack.Hint != "cret" || strings.Contains(string(set.body), "5ecret") {
		t.Errorf("%s", set.body)
	}
	stored, err := s.finance.Nudges.NudgeSetup(t.Context(), ours)
	if err != nil || strings.Contains(string(stored.Webhook), "5ecret") {
		t.Errorf("stored in the clear: %q, %v", stored.Webhook, err)
	}
	if got := read[SlackTest](t, s.post(s.owner, "/v1/nudge-settings/slack/test", nil).want(t, 200)); !got.Taken || len(fake.sent) != 1 || fake.sent[0].URL != slackWebhook {
		t.Errorf("%+v, sent %+v", got, fake.sent)
	}
	fake.status = 404
	if got := read[SlackTest](t, s.post(s.owner, "/v1/nudge-settings/slack/test", nil).want(t, 200)); got.Taken || !strings.Contains(got.Problem, "It says no_service.") {
		t.Errorf("%+v", got)
	}
	s.put(s.owner, "/v1/nudge-settings", settings("inbox", "slack")).want(t, 200)
	s.put(s.owner, "/v1/nudge-settings", map[string]any{"channels": []string{"inbox"}, "zone": "Mars", "quiet_hours": map[string]any{}, "per_day": 2}).want(t, 400, "unknown_zone")
	s.put(s.owner, "/v1/nudge-settings", map[string]any{"channels": []string{"inbox"}, "quiet_hours": map[string]any{"from": "25:00", "until": "08:00"}, "per_day": 2}).want(t, 400, "invalid_quiet_hours")
	s.gone("/v1/nudge-settings/slack").want(t, 204)
	if got := read[NudgeSetup](t, s.get(s.owner, "/v1/nudge-settings").want(t, 200)); len(got.Channels) != 1 || got.Slack != nil {
		t.Errorf("%+v", got)
	}
}

func TestTheInbox(t *testing.T) {
	o := newOffice(t)
	rep := o.ids["rep"]
	o.told(rep, "01A", nil)
	o.told(rep, "01B", func(n *nudge.Nudge) { n.Posts = n.Posts[1:] })
	o.told(rep, "01C", func(n *nudge.Nudge) { n.Outcome, n.Why, n.Posts = nudge.Suppressed, nudge.WhyOptedOut, nil })
	o.told(o.ids["other"], "01D", nil)
	for _, key := range []string{o.keys["rep"], o.admin} {
		who := "me"
		if key == o.admin {
			who = rep
		}
		items := walk[InboxItem](o.system, key, "/v1/participants/"+who+"/inbox?limit=1")
		if len(items) != 1 || items[0].ID != "01A" || items[0].Text != "Only 2 <deals>" || items[0].ReadAt != nil {
			t.Errorf("%+v", items)
		}
	}
	o.get(o.keys["lead"], "/v1/participants/"+rep+"/inbox").want(t, 404, "not_found")
	o.get(o.keys["other"], "/v1/participants/"+rep+"/inbox").want(t, 404, "not_found")
	o.get(o.keys["nobody"], "/v1/participants/me/inbox").want(t, 403, "no_member")
	o.post(o.keys["other"], "/v1/participants/"+rep+"/inbox/01A/read", nil).want(t, 404, "not_found")
	o.post(o.keys["rep"], "/v1/participants/me/inbox/01D/read", nil).want(t, 404, "not_found")
	o.post(o.keys["rep"], "/v1/participants/me/inbox/01A/read", nil).want(t, 204)
	if items := walk[InboxItem](o.system, o.keys["rep"], "/v1/participants/me/inbox"); items[0].ReadAt == nil {
		t.Errorf("%+v", items)
	}
	if all := walk[Nudge](o.system, o.admin, "/v1/nudges?limit=2"); len(all) != 4 || all[0].ID != "01D" || len(all[3].Posts) != 2 {
		t.Errorf("%+v", all)
	}
	if some := walk[Nudge](o.system, o.admin, "/v1/nudges?outcome=suppressed&rule=near_tier&participant="+rep); len(some) != 1 || some[0].Why != "opted_out" || some[0].Posts == nil {
		t.Errorf("%+v", some)
	}
	o.get(o.keys["lead"], "/v1/nudges").want(t, 403, "role_not_sufficient")
}

func TestNudgePreferences(t *testing.T) {
	o := newOffice(t)
	path := "/v1/participants/me/nudge-preferences"
	first := o.get(o.keys["rep"], path).want(t, 200)
	body := map[string]any{"language": "de", "zone": "Asia/Kolkata", "quiet_hours": map[string]any{"from": "19:00", "until": "09:00"}, "mutes": []any{map[string]any{"rule": "overtaken", "channel": "email"}}, "slack_user": "U012AB3CD"}
	o.do(request{method: "PUT", path: path, key: o.keys["rep"], body: body, header: map[string]string{"If-Match": first.header.Get("ETag")}}).want(t, 200)
	o.do(request{method: "PUT", path: path, key: o.keys["rep"], body: body, header: map[string]string{"If-Match": first.header.Get("ETag")}}).want(t, 412, "precondition_failed")
	if got := read[NudgePreferences](t, o.get(o.admin, "/v1/participants/"+o.ids["rep"]+"/nudge-preferences").want(t, 200)); got.Zone != "Asia/Kolkata" || got.QuietHours.From != "19:00" || len(got.Mutes) != 1 {
		t.Errorf("%+v", got)
	}
	o.put(o.admin, "/v1/participants/"+o.ids["rep"]+"/nudge-preferences", map[string]any{"off": true}).want(t, 200)
	o.put(o.keys["lead"], "/v1/participants/"+o.ids["rep"]+"/nudge-preferences", map[string]any{"off": false}).want(t, 404, "not_found")
	for _, wrong := range []map[string]any{{"zone": "Mars"}, {"language": "?"}, {"slack_user": "!here"}, {"mutes": []any{map[string]any{}}}} {
		o.put(o.keys["rep"], path, wrong).want(t, 400)
	}
}
