package crm_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/crm"
)

func day() time.Time { return time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC) }

func build(o crm.Options) *crm.Model {
	if o.Now == nil {
		o.Now = day
	}
	return crm.New(o)
}

// everything renders all records of a CRM.
func everything(m *crm.Model) map[string]string {
	all := map[string]string{}
	for _, k := range crm.Kinds() {
		for _, r := range m.All(k.Kind) {
			all[r.ID] = string(m.Append(nil, r, nil))
		}
	}
	return all
}

func TestASeedDecidesAll(t *testing.T) {
	one, two := everything(build(crm.Options{Seed: 3, Records: 2000})), everything(build(crm.Options{Seed: 3, Records: 2000}))
	if len(one) != 2000 {
		t.Fatalf("%d records, want 2000", len(one))
	}
	for id, text := range one {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is no JSON: %s", id, text)
		}
		if two[id] != text {
			t.Fatalf("%s differs:\n%s\n%s", id, text, two[id])
		}
	}
	for id := range everything(build(crm.Options{Seed: 4, Records: 200})) {
		if one[id] != "" {
			t.Fatalf("another seed makes %s, too", id)
		}
	}
}

// TestContentsStay asks for all records again after some of them, and what they point at, were changed.
func TestContentsStay(t *testing.T) {
	m := build(crm.Options{Records: 1500})
	before := everything(m)
	changed := map[string]bool{}
	for i, l := range m.All(crm.Lead)[:30] {
		m.Touch(l, crm.Change{})
		changed[l.ID] = true
		if i%3 == 0 {
			if err := m.Update(l, crm.Object{{Key: "name", Value: crm.Quote("Renamed")}}, crm.Change{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for id, text := range everything(m) {
		if !changed[id] && text != before[id] {
			t.Errorf("%s was not touched and differs:\n%s\n%s", id, before[id], text)
		}
		if changed[id] && text == before[id] {
			t.Errorf("%s was touched and is the same", id)
		}
	}
}

func TestTheTeam(t *testing.T) {
	m := build(crm.Options{Records: 50})
	reps, inactive, roles := 0, 0, map[string]int{}
	for i := range m.Team.Users {
		u := &m.Team.Users[i]
		roles[m.Role(u).Name]++
		if !u.Active {
			inactive++
		} else if m.Role(u).Name == "Account Executive" {
			reps++
		}
	}
	if reps != 12 || inactive != 2 || roles["Admin"] != 1 || roles["Sales Manager"] != 3 || len(m.Team.Groups) != 3 {
		t.Errorf("%d reps, %d inactive, roles %v, %d groups", reps, inactive, roles, len(m.Team.Groups))
	}
	for _, g := range m.Team.Groups {
		if len(g.Members) != 5 || m.Role(m.User(g.Members[0])).Name != "Sales Manager" {
			t.Errorf("group %s: %v", g.Name, g.Members)
		}
	}
}

// TestTheDataHoldsItsTraps looks for what has hurt those who read Close.
func TestTheDataHoldsItsTraps(t *testing.T) {
	m := build(crm.Options{Records: 12_000})
	updated := map[string]int{}
	for _, r := range m.All(crm.Lead) {
		updated[m.Text(r, "date_updated")]++
	}
	ties := 0
	for _, n := range updated {
		ties = max(ties, n)
	}
	if ties < 450 {
		t.Errorf("at most %d leads share a date_updated, want more than two pages of a search", ties)
	}
	behind, future := 0, 0
	for _, r := range m.All(crm.Meeting) {
		created, updated, _ := r.Times()
		if updated < created {
			behind++
		}
		if created > day().UnixMicro() {
			future++
		}
		if updated > day().UnixMicro() {
			t.Fatalf("%s was updated in the future", r.ID)
		}
	}
	if behind == 0 || future == 0 {
		t.Errorf("%d meetings updated before created, %d created in the future", behind, future)
	}
	currencies, labels, big53, bodies, others := map[string]bool{}, map[string]bool{}, 0, 0, 0
	for _, r := range m.All(crm.Opportunity) {
		currencies[m.Text(r, "value_currency")], labels[m.Text(r, "status_label")] = true, true
	}
	for _, r := range m.All(crm.Lead) {
		if bytes.Contains(m.Own(r), []byte(":90071992547")) {
			big53++
		}
	}
	for _, r := range m.All(crm.Email) {
		if len(m.Text(r, "body_text")) > 16<<10 {
			bodies++
		}
	}
	for _, r := range m.All(crm.Task) {
		if m.Text(r, "_type") != "lead" {
			others++
		}
	}
	if len(currencies) < 4 || big53 == 0 || bodies == 0 || others == 0 {
		t.Errorf("currencies %v, %d large numbers, %d large bodies, %d tasks of other types", currencies, big53, bodies, others)
	}
	for _, want := range []string{"Demo Completed", "Contract Sent", "Proposal Sent", "Won", "Lost"} {
		if !labels[want] {
			t.Errorf("no opportunity is %s", want)
		}
	}
	for _, k := range crm.Kinds() {
		if m.Count(k.Kind) == 0 {
			t.Errorf("there is no %s", k.Object)
		}
	}
	types := map[string]bool{}
	for _, path := range crm.ConfigPaths() {
		list, _ := m.Config(path)
		for _, o := range list {
			if strings.HasPrefix(path, "custom_field/") {
				types[o.Text("type")] = true
			}
		}
	}
	for _, want := range strings.Fields("text textarea number date datetime choices user contact custom_object hidden") {
		if !types[want] {
			t.Errorf("there is no custom field of the type %s", want)
		}
	}
}

func TestAMillionRecordsFit(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := build(crm.Options{Records: 1_000_000})
	runtime.GC()
	runtime.ReadMemStats(&after)
	n := 0
	for _, c := range m.Counts() {
		n += c
	}
	if used := (after.HeapAlloc - before.HeapAlloc) >> 20; n != 1_000_000 || used > 500 {
		t.Errorf("%d records take %d MB", n, used)
	}
	runtime.KeepAlive(m)
}

func object(t *testing.T, text string) crm.Object {
	t.Helper()
	o, err := crm.ParseObject([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOpportunities(t *testing.T) {
	m := build(crm.Options{Records: 100})
	lead := m.All(crm.Lead)[0].ID
	r, err := m.Create(crm.Opportunity, object(t, `{"lead_id":"`+lead+`","value":5000,"value_period":"monthly","confidence":50}`), crm.Change{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"value_formatted": `"$50 monthly"`, "annualized_value": "60000", "expected_value": "2500", "annualized_expected_value": "30000",
		"status_label": `"Demo Completed"`, "pipeline_name": `"Sales"`, "date_won": "null"} {
		if got := string(m.Value(r, key)); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	if err := m.Update(r, object(t, `{"status":"Won"}`), crm.Change{}); err != nil {
		t.Fatal(err)
	}
	if m.Text(r, "date_won") != "2026-03-04" {
		t.Errorf("won on %q", m.Text(r, "date_won"))
	}
	if err := m.Update(r, object(t, `{"status":"Negotiation"}`), crm.Change{}); err != nil {
		t.Fatal(err)
	}
	if m.Text(r, "date_won") != "2026-03-04" {
		t.Error("date_won was cleared by moving back")
	}
	for _, text := range []string{`{"status":"Won","date_won":"2026-01-31"}`, `{"note":"Later"}`} {
		if err := m.Update(r, object(t, text), crm.Change{}); err != nil || m.Text(r, "date_won") != "2026-01-31" {
			t.Errorf("%s: won on %q, %v", text, m.Text(r, "date_won"), err)
		}
	}
	renewal := m.OpportunityStatuses()[6].ID
	for text, field := range map[string]string{
		`{"value":12.5}`: "value", `{"value":"1"}`: "value", `{"unknown":1}`: "unknown", `{"confidence":101}`: "confidence", `{"status_id":"stat_x"}`: "status_id",
		`{"status_id":"` + renewal + `","status":"Won"}`: "status", `{"value_period":"weekly"}`: "value_period", `{"custom.cf_x":1}`: "custom.cf_x",
		`{"status_id":"` + renewal + `","pipeline_id":"pipe_x"}`: "status_id", `{"user_id":"user_x"}`: "user_id", `{"contact_id":"cont_x"}`: "contact_id",
	} {
		before := string(m.Own(r))
		err, wrong := m.Update(r, object(t, text), crm.Change{}), (*crm.Wrong)(nil)
		if wrong, _ = err.(*crm.Wrong); wrong == nil || wrong.Fields[field] == "" {
			t.Errorf("%s: %v, want a refusal of %s", text, err, field)
		}
		if string(m.Own(r)) != before {
			t.Errorf("%s was refused and changed the record", text)
		}
	}
}

func TestCustomFields(t *testing.T) {
	m := build(crm.Options{Records: 100})
	lead := m.All(crm.Lead)[0]
	fields, _ := m.Config("custom_field/lead")
	byName := map[string]string{}
	for _, f := range fields {
		byName[f.Text("name")] = "custom." + f.Text("id")
	}
	set := func(text string) error { return m.Update(lead, object(t, text), crm.Change{}) }
	products := byName["Products"]
	for _, step := range []struct{ text, want string }{
		{`{"` + products + `":["Tents"]}`, `["Tents"]`},
		{`{"` + products + `.add":["Stoves"]}`, `["Tents","Stoves"]`},
		{`{"` + products + `.add":"Stoves"}`, `["Tents","Stoves"]`},
		{`{"` + products + `.remove":"Tents"}`, `["Stoves"]`},
		{`{"` + products + `":null}`, ``},
	} {
		if err := set(step.text); err != nil {
			t.Fatal(err)
		}
		if got := string(m.Value(lead, products)); got != step.want {
			t.Errorf("%s: %s, want %s", step.text, got, step.want)
		}
	}
	for _, text := range []string{`{"` + products + `":["Cars"]}`, `{"` + byName["Employees"] + `":"many"}`, `{"` + byName["Lead Owner"] + `":"user_x"}`, `{"` + byName["Employees"] + `.add":1}`} {
		if set(text) == nil {
			t.Errorf("%s was taken", text)
		}
	}
	n := "123456789012345678901234567890"
	if err := set(`{"` + byName["Account Number"] + `":` + n + `}`); err != nil {
		t.Fatal(err)
	}
	if _, ok := new(big.Int).SetString(string(m.Value(lead, byName["Account Number"])), 10); !ok || string(m.Value(lead, byName["Account Number"])) != n {
		t.Errorf("a large number became %s", m.Value(lead, byName["Account Number"]))
	}
}

func TestMerge(t *testing.T) {
	for _, how := range []crm.Moved{crm.Silent, crm.Touched, crm.Told} {
		var events []string
		m := build(crm.Options{Records: 400, Merge: how})
		source, destination := m.All(crm.Lead)[1], m.All(crm.Lead)[2]
		all := func(crm.Kind) bool { return true }
		moving, there := m.Children(source, all), len(m.Children(destination, all))
		old := map[string]string{}
		for _, r := range moving {
			old[r.ID] = m.Text(r, "date_updated")
		}
		m.Changed = func(e *crm.Event) { events = append(events, e.ObjectType+" "+e.Action) }
		m.Merge(source, destination, crm.Change{})
		if m.Get(source.ID) != nil {
			t.Error("the source is still there")
		}
		for _, r := range moving {
			if r.LeadID() != destination.ID || m.Text(r, "lead_id") != destination.ID {
				t.Errorf("%s is of %s", r.ID, m.Text(r, "lead_id"))
			}
			if same := m.Text(r, "date_updated") == old[r.ID]; same != (how == crm.Silent) {
				t.Errorf("merge %q: the same date_updated: %t", how, same)
			}
		}
		if got := len(m.Children(destination, all)); got != there+len(moving)+1 { // and the activity of the merge
			t.Errorf("the destination has %d children, want %d", got, there+len(moving)+1)
		}
		for _, want := range []string{"lead merged", "lead deleted"} {
			if !slices.Contains(events, want) {
				t.Errorf("there is no event %s", want)
			}
		}
		if told := len(events) > 2; told != (how == crm.Told) {
			t.Errorf("merge %q: events %v", how, events)
		}
	}
}

// TestEveryChangeHasATimeOfItsOwn changes a record many times in one millisecond.
func TestEveryChangeHasATimeOfItsOwn(t *testing.T) {
	m := build(crm.Options{Records: 100})
	r := m.All(crm.Contact)[0]
	last := ""
	for _, title := range []string{"A", "B", "C"} {
		if err := m.Update(r, crm.Object{{Key: "title", Value: crm.Quote(title)}}, crm.Change{}); err != nil {
			t.Fatal(err)
		}
		if now := m.Text(r, "date_updated"); now <= last {
			t.Errorf("%s was updated at %s, the change before at %s", title, now, last)
		} else {
			last = now
		}
	}
}
