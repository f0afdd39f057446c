package main

import (
	"context"
	"strings"
	"testing"

	"leadline/shared/announce"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/outbound"
	"leadline/shared/store"
)

// silent tells nobody.
type silent struct{}

func (silent) Raise(context.Context, string, announce.Event) error { return nil }

// deaf takes no rows.
type deaf struct{ store.Ledger }

func (deaf) Append(context.Context, ledger.Book, []ledger.Row) error {
	return fault.New(fault.Unavailable, "unavailable", "The table is away.")
}

func TestTheGame(t *testing.T) {
	o := newOffice(t)
	if none := read[GameRules](t, o.get(o.keys["rep"], "/v1/game/rules").want(t, 200)); none.Rev != 0 {
		t.Errorf("rules that nobody wrote: %+v", none)
	}
	did := func(id string) map[string]any {
		return map[string]any{"participant": o.ids["rep"], "kind": "form_submitted", "id": id}
	}
	o.post(o.admin, "/v1/activities", did("a")).want(t, 400) // not declared
	wrote := o.put(o.admin, "/v1/game/rules", someRules()).want(t, 200)
	if read[GameRules](t, wrote).Rev != 1 {
		t.Errorf("%s", wrote.body)
	}
	stale := o.do(request{method: "PUT", path: "/v1/game/rules", key: o.admin, body: someRules(), header: map[string]string{"if-match": `"7"`}})
	stale.want(t, 412)
	wrong := someRules()
	wrong["levels"] = []any{map[string]any{"name": "One", "points": "many"}}
	wrong["badges"] = []any{map[string]any{"id": "b", "name": "B", "when": map[string]any{"program": "prg_none", "of": "earned", "at_least": "1"}}}
	refused := o.put(o.admin, "/v1/game/rules", wrong).want(t, 400)
	for _, place := range []string{"body.levels[0].points", "body.badges[0].when.program"} {
		if !strings.Contains(string(refused.body), place) {
			t.Errorf("%s says nothing of %s", refused.body, place)
		}
	}
	for _, id := range []string{"a", "a", "b"} {
		o.post(o.admin, "/v1/activities", did(id)).want(t, 202)
	}
	late := did("c")
	late["at"] = "2026-01-01T00:00:00Z"
	o.post(o.admin, "/v1/activities", late).want(t, 400)
	o.play()
	p := read[GameProfile](t, o.get(o.keys["rep"], "/v1/participants/me/game").want(t, 200))
	if p.Points != "5" || p.Level == nil || p.Level.Name != "One" || p.Tier == nil || p.Tier.Name != "bronze" || len(p.Badges) != 1 || p.Badges[0].ID != "eager" || len(p.Streaks) != 1 || p.Streaks[0].Current != 1 {
		t.Errorf("the profile is %+v", p)
	}
	o.get(o.keys["other"], "/v1/participants/"+o.ids["rep"]+"/game").want(t, 404)
	o.post(o.admin, "/v1/points/awards", award(o.ids["lead"], "9")).want(t, 201)
	o.play()
	board := read[list[GamePlace]](t, o.get(o.keys["rep"], "/v1/game/board").want(t, 200)).Items
	if len(board) != 1 || board[0].Rank != 2 || board[0].Awarded != "5" {
		t.Errorf("the board of who sees one is %+v", board)
	}
	if all := read[list[GamePlace]](t, o.get(o.admin, "/v1/game/board?limit=1").want(t, 200)); len(all.Items) != 1 || all.Items[0].Participant != o.ids["lead"] || all.Next == "" {
		t.Errorf("the first page of the board is %+v", all)
	}
}

// TestDestinationsOfEvents: the kind is chosen once, and types are for events alone.
func TestDestinationsOfEvents(t *testing.T) {
	s := newSystem(t)
	d := read[Destination](t, s.post(s.admin, "/v1/destinations", map[string]any{"name": "Game", "url": "https://example.com/x", "kind": "events", "types": []string{"tier.changed"}}).want(t, 201))
	if d.Kind != string(outbound.Events) || len(d.Types) != 1 {
		t.Errorf("made %+v", d)
	}
	path := "/v1/destinations/" + d.ID
	kept := read[Destination](t, s.put(s.admin, path, map[string]any{"name": "Other", "url": "https://example.com/x"}).want(t, 200))
	if kept.Kind != "events" || len(kept.Types) != 1 || kept.Name != "Other" {
		t.Errorf("changed to %+v", kept)
	}
	s.put(s.admin, path, map[string]any{"name": "Other", "url": "https://example.com/x", "kind": "track"}).want(t, 400)
	s.post(s.admin, "/v1/destinations", map[string]any{"name": "Track", "url": "https://example.com/x", "types": []string{"tier.changed"}}).want(t, 400)
	s.post(s.admin, "/v1/destinations", map[string]any{"name": "Odd", "url": "https://example.com/x", "kind": "events", "types": []string{"weather.changed"}}).want(t, 422)
}
