package incentive_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// office is a world of members a, b, c ..., known in the CRM as user_a, user_b ... Everybody takes part but for what away says.
type office struct {
	members []string
	// managers and teams hold what was so when, the latest first.
	managers map[string][]since
	teams    map[string][]since
	away     map[string]calendar.Span
	rates    []money.Rate
	leads    map[string]record.Fields
	// asked are the ids of the records that were asked for.
	asked []string
}

// since is what is so from a day on: one name, or several.
type since struct {
	from  calendar.Date
	names string
}

var _ incentive.World = (*office)(nil)

// officeOf makes one of members, with managers as "a>b b>c": a reports to b.
func officeOf(members, managers string) *office {
	o := &office{members: strings.Fields(members), managers: map[string][]since{}, teams: map[string][]since{}, away: map[string]calendar.Span{}, leads: map[string]record.Fields{}}
	for _, line := range strings.Fields(managers) {
		who, whom, _ := strings.Cut(line, ">")
		o.managers[who] = []since{{"", whom}}
	}
	return o
}

func at(all []since, on calendar.Date) []string {
	for _, one := range all {
		if one.from <= on {
			return strings.Fields(one.names)
		}
	}
	return nil
}

func (o *office) Find(to view.End, key string) *record.Record {
	if to.Source == view.Master() {
		member, known := o.MemberOf("conn_1", key)
		if !known {
			return nil
		}
		return &record.Record{Key: record.Key{Object: "user", ID: member}, Fields: record.Fields{"id": quote(member)}}
	}
	o.asked = append(o.asked, key)
	if fields, found := o.leads[key]; found {
		return &record.Record{Key: record.Key{Connection: "conn_1", Object: "lead", ID: key}, Fields: fields}
	}
	return nil
}

func (o *office) MemberOf(connection, text string) (string, bool) {
	member := strings.TrimPrefix(text, "user_")
	return member, connection == "conn_1" && slices.Contains(o.members, member)
}

func (o *office) Chain(member string, on calendar.Date) []string {
	var chain []string
	for next := at(o.managers[member], on); len(next) > 0; next = at(o.managers[next[0]], on) {
		chain = append(chain, next[0])
	}
	return chain
}

func (o *office) TeamsOf(member string, on calendar.Date) []string { return at(o.teams[member], on) }

func (o *office) Team(name string, on calendar.Date) []string {
	var in []string
	for _, m := range o.members {
		if slices.Contains(o.TeamsOf(m, on), name) {
			in = append(in, m)
		}
	}
	return in
}

func (o *office) TakesPart(p program.Participants, member string, on calendar.Date) bool {
	if away, is := o.away[member]; is && away.Holds(on) || slices.Contains(p.Except, member) {
		return false
	}
	return len(p.Members) == 0 || slices.Contains(p.Members, member)
}

func (o *office) Rate(from, to string, on calendar.Date) (money.Rate, bool) {
	for _, r := range o.rates {
		if r.From == from && r.To == to && r.Span.Holds(on) {
			return r, true
		}
	}
	return money.Rate{}, false
}

func quote(text string) json.RawMessage { return json.RawMessage(`"` + text + `"`) }

// dealView is a view of deals, with the lead of each and its owner.
func dealView() (view.View, map[string]view.Link) {
	deals := view.Source{Connection: "conn_1", Object: "opportunity"}
	leads := view.Source{Connection: "conn_1", Object: "lead"}
	v := view.View{Base: deals, Owner: "owner.id",
		Joins: []view.Join{{Name: "lead", Link: "lead"}, {Name: "owner", Link: "owner"}},
		Columns: []view.Column{
			{Name: "lead.segment", From: "lead", Field: "segment", Type: schema.Text},
			{Name: "owner.id", From: "owner", Field: "id", Type: schema.Text},
		}}
	for _, of := range []struct {
		kind  schema.Type
		names string
	}{
		{schema.Text, "user_id helper status currency region stage"}, {schema.MultiChoice, "helpers"}, {schema.Number, "value part seats"},
		{schema.Date, "won lost paid"}, {schema.DateTime, "won_at"},
	} {
		for _, name := range strings.Fields(of.names) {
			v.Columns = append(v.Columns, view.Column{Name: name, Field: name, Type: of.kind})
		}
	}
	return v, map[string]view.Link{
		"lead":  {From: view.End{Source: deals, Field: "lead_id"}, To: view.End{Source: leads}, Cardinality: view.ToOne},
		"owner": {From: view.End{Source: deals, Field: "user_id"}, To: view.End{Source: view.Master(), Field: view.ExternalID("conn_1")}, Cardinality: view.ToOne},
	}
}

// deal makes a record, won by user_a on 5 March 2026 for 1000, as JSON fields change it: a null takes away.
func deal(t testing.TB, id, changes string) incentive.Base {
	t.Helper()
	fields := record.Fields{}
	for _, text := range []string{`{"user_id": "user_a", "status": "won", "value": 1000, "won": "2026-03-05", "lead_id": "lead_1"}`, changes} {
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatal(err)
		}
	}
	return incentive.Base{Record: &record.Record{Key: record.Key{Organization: "org_1", Connection: "conn_1", Object: "opportunity", ID: id}, Rev: 3, Fields: fields}}
}

// salesComponent counts deals by the value of each, on the day when it was won.
func salesComponent() program.Component {
	return program.Component{Name: "sales", Value: "row.value"}
}

// resolvedDeals is what salesComponent comes from, dated by won.
func resolvedDeals() program.Resolved {
	v, links := dealView()
	return program.Resolved{View: v, Links: links, Dates: []view.Dating{{Column: "won"}}, Owner: v.Owner}
}

// versionOf makes a version in force from 2026 on, in USD and UTC by months.
func versionOf(number int, components ...program.Component) program.Version {
	v := program.Version{Number: number, From: "2026-01-01", Sources: map[string]program.Resolved{}, Definition: program.Definition{
		Kind: program.Commission, Currency: "USD", Zone: "UTC", Period: calendar.Monthly, Components: components}}
	for _, c := range components {
		v.Sources[c.Name] = resolvedDeals()
	}
	return v
}

func compiled(t testing.TB, versions ...program.Version) *incentive.Plan {
	t.Helper()
	p, err := incentive.Compile(versions)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func num(t testing.TB, text string) *number.Number {
	t.Helper()
	n, err := number.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return &n
}

// told writes credits as lines, in the order of their days, kinds and participants.
func told(credits []incentive.Credit) []string {
	var lines []string
	for _, c := range credits {
		line := fmt.Sprintf("%s %s %s: %s = %s", c.Date, c.Kind, c.Participant, c.Share, c.Value)
		for _, mark := range []struct {
			is   bool
			text string
		}{
			{c.Levels > 0, fmt.Sprintf(", %d up", c.Levels)}, {c.Company, ", company"}, {c.Reversal, ", reversal"}, {c.TakeBack, ", takes back"},
			{c.Currency != "", fmt.Sprintf(", %s %s", c.Worth, c.Currency)}, {c.Key != "", ", key " + c.Key}, {!c.Weight.IsZero(), ", weight " + c.Weight.String()},
			{c.Release != "", ", released " + string(c.Release)}, {c.Version > 1, fmt.Sprintf(", version %d", c.Version)},
		} {
			if mark.is {
				line += mark.text
			}
		}
		for dimension, value := range c.Cell {
			line += fmt.Sprintf(", %s %q", dimension, value)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// why writes refusals as lines.
func why(refusals []incentive.Refusal) []string {
	var lines []string
	for _, r := range refusals {
		line := r.Step + " " + r.Code + ": " + r.Detail
		if r.Problem {
			line = "problem: " + line
		}
		lines = append(lines, line)
	}
	return lines
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
