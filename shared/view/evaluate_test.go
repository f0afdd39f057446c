package view_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/view"
)

// shelf is records of data sources in the order of their ids.
type shelf map[view.Source][]record.Record

func (s shelf) List(_ context.Context, of view.Source, cursor string, limit int) ([]record.Record, string, error) {
	var got []record.Record
	for _, r := range s[of] {
		if r.ID <= cursor {
			continue
		}
		if len(got) == limit {
			return got, got[limit-1].ID, nil
		}
		got = append(got, r)
	}
	return got, "", nil
}

func (s shelf) Get(_ context.Context, of view.Source, ids []string) ([]record.Record, error) {
	var got []record.Record
	for _, r := range s[of] {
		if slices.Contains(ids, r.ID) {
			got = append(got, r)
		}
	}
	return got, nil
}

func of(object string) view.Source { return view.Source{Connection: "conn_1", Object: object} }

// standard gives the generated links and one generated view and variable.
func standard(t testing.TB, viewName, variableName string) (map[string]view.Link, view.View, view.Variable) {
	t.Helper()
	links := map[string]view.Link{}
	var v view.View
	var variable view.Variable
	for _, i := range view.Generate("close", "conn_1", closeObjects(), view.ReadHints("close", closeRecords())) {
		switch {
		case i.Kind == view.KindLink:
			links[i.Name] = *i.Definition.Link
		case i.Kind == view.KindView && i.Name == viewName:
			v = *i.Definition.View
		case i.Kind == view.KindVariable && i.Name == variableName:
			variable = *i.Definition.Variable
		}
	}
	if v.Base.Object == "" || variableName != "" && variable.View != viewName {
		t.Fatalf("%s and %s are not generated", viewName, variableName)
	}
	return links, v, variable
}

// measure evaluates a variable over a shelf, in pages of a size.
func measure(t testing.TB, links map[string]view.Link, v view.View, variable view.Variable, s shelf, members []view.Member, pageSize int, period view.Period, within view.Range, clock view.Clock) ([]view.Value, view.Skipped) {
	t.Helper()
	plan, err := view.Compile(v, links)
	if err != nil {
		t.Fatal(err)
	}
	m, err := view.NewMeter(variable, v, period, within, clock)
	if err != nil {
		t.Fatal(err)
	}
	reader := view.NewReader(plan, s, members, clock)
	for cursor := ""; ; {
		rows, next, err := reader.Page(context.Background(), cursor, pageSize)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			m.Add(&rows[i])
		}
		if cursor = next; next == "" {
			return m.Values(), m.Skipped
		}
	}
}

// text writes values as "member period currency groups = amount (rows)".
func text(values []view.Value) []string {
	var lines []string
	for _, v := range values {
		lines = append(lines, fmt.Sprintf("%s %s %s%v = %s (%d)", v.Member, v.Period, v.Currency, v.Groups, v.Amount.RatString(), v.Rows))
	}
	return lines
}

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := view.Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestAgainstAPlainFold evaluates the generated variables over random opportunities, and the same by a naive loop that
// knows nothing of views.
func TestAgainstAPlainFold(t *testing.T) {
	zone := berlin(t)
	clock := view.Clock{At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Zone: zone}
	members := []view.Member{{ID: "mem_1", External: map[string][]string{"conn_1": {"user_1", "user_9"}, "conn_2": {"user_2"}}}, {ID: "mem_2", External: map[string][]string{"conn_1": {"user_2"}}}}
	memberOf := map[string]string{"user_1": "mem_1", "user_9": "mem_1", "user_2": "mem_2"}
	digits := map[string]int64{"USD": 1, "JPY": 100, "KWD": 0}
	rapid.Check(t, func(r *rapid.T) {
		type deal struct{ user, status, currency, period, value, won, lost, created string }
		var deals []deal
		s := shelf{}
		n := rapid.IntRange(0, 40).Draw(r, "deals")
		day := func(label string) string {
			return time.Unix(rapid.Int64Range(1_767_000_000, 1_780_000_000).Draw(r, label), 0).UTC().Format("2006-01-02")
		}
		instant := func(label string) string {
			return time.Unix(rapid.Int64Range(1_767_000_000, 1_780_000_000).Draw(r, label), 0).UTC().Format("2006-01-02T15:04:05.000000+00:00")
		}
		for i := range n {
			d := deal{user: rapid.SampledFrom([]string{"user_1", "user_2", "user_9", "user_x", ""}).Draw(r, "user"), status: rapid.SampledFrom([]string{"won", "lost", "active"}).Draw(r, "status"),
				currency: rapid.SampledFrom([]string{"USD", "JPY", "KWD"}).Draw(r, "currency"), period: rapid.SampledFrom([]string{"one_time", "monthly", "annual"}).Draw(r, "period"),
				value: rapid.SampledFrom([]string{"0", "1", "9007199254740993", "333", "-50", "1e2", "0.1"}).Draw(r, "value"), created: instant("created")}
			if rapid.Bool().Draw(r, "dated") {
				d.won = day("won")
			}
			if rapid.Bool().Draw(r, "ended") {
				d.lost = instant("lost")
			}
			deals = append(deals, d)
			fields := map[string]any{"user_id": nullable(d.user), "status_type": d.status, "value_currency": d.currency, "value_period": d.period,
				"value": json.Number(d.value), "date_won": nullable(d.won), "date_lost": nullable(d.lost), "date_created": d.created}
			f, err := record.FieldsOf(fields)
			if err != nil {
				r.Fatal(err)
			}
			s[of("opportunity")] = append(s[of("opportunity")], record.Record{Key: record.Key{ID: fmt.Sprintf("oppo_%03d", i)}, Fields: f},
				record.Record{Key: record.Key{ID: fmt.Sprintf("oppo_%03d_gone", i)}, Deleted: true})
		}
		want := map[string]map[string]*big.Rat{"close-deals_won": {}, "close-value_won_monthly": {}, "close-cycle_time": {}, "close-win_rate": {}}
		counts := map[string]int64{}
		put := func(variable, key string, v *big.Rat) {
			if want[variable][key] == nil {
				want[variable][key] = new(big.Rat)
			}
			want[variable][key].Add(want[variable][key], v)
			counts[variable+key]++
		}
		for _, d := range deals {
			owner := memberOf[d.user]
			if d.status == "won" && d.won != "" {
				month := d.won[:7]
				put("close-deals_won", owner+" "+month+" []", big.NewRat(1, 1))
				created, _ := time.Parse(time.RFC3339Nano, d.created)
				from, _ := time.Parse(time.DateOnly, created.In(zone).Format(time.DateOnly))
				until, _ := time.Parse(time.DateOnly, d.won)
				put("close-cycle_time", owner+" "+month+" []", big.NewRat(int64(until.Sub(from)/time.Hour), 24))
				put("close-win_rate", owner+" "+month+" []", big.NewRat(1, 1))
				if d.period == "monthly" {
					v, _ := new(big.Rat).SetString(d.value)
					switch digits[d.currency] {
					case 100:
						v.Quo(v, big.NewRat(100, 1))
					case 0:
						v.Mul(v, big.NewRat(10, 1))
					}
					put("close-value_won_monthly", owner+" "+month+" "+d.currency+"[]", v)
				}
			}
			if d.status == "lost" && d.lost != "" {
				at, _ := time.Parse(time.RFC3339Nano, d.lost)
				put("close-win_rate", owner+" "+at.In(zone).Format("2006-01")+" []", new(big.Rat))
			}
		}
		for variableName, expected := range want {
			links, v, variable := standard(t, "close-user_close_opportunity_view", variableName)
			var lines []string
			for _, key := range slices.Sorted(maps.Keys(expected)) {
				total, rows := expected[key], counts[variableName+key]
				if variableName == "close-cycle_time" || variableName == "close-win_rate" {
					total.Quo(total, big.NewRat(rows, 1))
				}
				if variableName == "close-win_rate" {
					total.Mul(total, big.NewRat(100, 1))
				}
				lines = append(lines, fmt.Sprintf("%s = %s (%d)", key, total.RatString(), rows))
			}
			for _, size := range []int{1, 7, 100} {
				got, _ := measure(t, links, v, variable, s, members, size, view.Month, view.Range{}, clock)
				sorted := text(got)
				slices.Sort(sorted)
				slices.Sort(lines)
				if !slices.Equal(sorted, lines) {
					r.Fatalf("%s in pages of %d:\n%s\nwant\n%s", variableName, size, strings.Join(sorted, "\n"), strings.Join(lines, "\n"))
				}
			}
		}
	})
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// plain is a view of one object without joins.
func plain(columns ...view.Column) view.View {
	for i := range columns {
		columns[i].Field = columns[i].Name
	}
	return view.View{Base: of("x"), Columns: columns}
}

func rows(fields ...string) shelf {
	s := shelf{}
	for i, f := range fields {
		r := living(fmt.Sprintf("x_%03d", i), f)
		s[of("x")] = append(s[of("x")], r)
	}
	return s
}

func TestMeasures(t *testing.T) {
	v := plain(view.Column{Name: "n", Type: schema.Number}, view.Column{Name: "s", Type: schema.Text}, view.Column{Name: "a", Type: schema.DateTime},
		view.Column{Name: "b", Type: schema.DateTime}, view.Column{Name: "m", Type: schema.Money}, view.Column{Name: "c", Type: schema.Text})
	s := rows(`{"n":1,"s":"x","a":"2026-01-31T23:30:00Z","b":"2026-02-01T11:30:00Z","m":{"amount":12.345,"currency":"EUR"},"c":"JPY"}`,
		`{"n":0.1,"s":"y","a":"2026-02-01","b":"2026-02-03T00:00:00Z","m":{"amount":1,"currency":"JPY"},"c":"BHD"}`,
		`{"n":0.2,"s":"x","m":{"amount":1,"currency":"EUR"},"c":"nothing"}`,
		`{"n":null,"a":"soon","b":"2026-02-03T00:00:00Z"}`)
	for name, c := range map[string]struct {
		variable view.Variable
		want     []string
		skipped  view.Skipped
	}{
		"count":    {view.Variable{Measure: view.Count}, []string{" all [] = 4 (4)"}, view.Skipped{}},
		"sum":      {view.Variable{Measure: view.Sum, Column: "n"}, []string{" all [] = 13/10 (3)"}, view.Skipped{Empty: 1}},
		"scaled":   {view.Variable{Measure: view.Sum, Column: "n", Scale: "1/60"}, []string{" all [] = 13/600 (3)"}, view.Skipped{Empty: 1}},
		"average":  {view.Variable{Measure: view.Average, Column: "n"}, []string{" all [] = 13/30 (3)"}, view.Skipped{Empty: 1}},
		"min":      {view.Variable{Measure: view.Min, Column: "n"}, []string{" all [] = 1/10 (3)"}, view.Skipped{Empty: 1}},
		"max":      {view.Variable{Measure: view.Max, Column: "n"}, []string{" all [] = 1 (3)"}, view.Skipped{Empty: 1}},
		"distinct": {view.Variable{Measure: view.Distinct, Column: "s"}, []string{" all [] = 2 (3)"}, view.Skipped{Empty: 1}},
		"ratio": {view.Variable{Measure: view.Ratio, Scale: "100", Share: []view.Condition{{Column: "s", Op: view.Equal, Value: json.RawMessage(`"x"`)}}},
			[]string{" all [] = 50 (4)"}, view.Skipped{}},
		"grouped": {view.Variable{Measure: view.Count, GroupBy: []string{"s"}}, []string{" all [] = 1 (1)", " all [x] = 2 (2)", " all [y] = 1 (1)"}, view.Skipped{}},
		// Half a day between two instants, two days of the calendar from a day.
		"duration": {view.Variable{Measure: view.Duration, Column: "a", Until: "b"}, []string{" all [] = 5/4 (2)"}, view.Skipped{Empty: 1, Unreadable: 1}},
		"money":    {view.Variable{Measure: view.Sum, Column: "m"}, []string{" all EUR[] = 2669/2 (2)", " all JPY[] = 1 (1)"}, view.Skipped{Empty: 1}},
		"hundredths": {view.Variable{Measure: view.Sum, Column: "n", Amounts: view.Hundredths, Currency: "c"}, []string{" all BHD[] = 1 (1)", " all JPY[] = 1/100 (1)"},
			view.Skipped{Empty: 1, Unreadable: 1}},
		"major units": {view.Variable{Measure: view.Max, Column: "n", Amounts: view.MajorUnits, Currency: "c"}, []string{" all BHD[] = 100 (1)", " all JPY[] = 1 (1)"},
			view.Skipped{Empty: 1, Unreadable: 1}},
		"minor units": {view.Variable{Measure: view.Min, Column: "n", Amounts: view.MinorUnits, Currency: "c"}, []string{" all BHD[] = 1/10 (1)", " all JPY[] = 1 (1)"},
			view.Skipped{Empty: 1, Unreadable: 1}},
		"dated": {view.Variable{Measure: view.Count, Dates: []view.Dating{{Column: "a"}}}, []string{" 2026-02 [] = 2 (2)"}, view.Skipped{Undated: 1, Unreadable: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, skipped := measure(t, nil, v, c.variable, s, nil, 2, view.Month, view.Range{}, view.Clock{Zone: berlin(t)})
			if lines := text(got); !slices.Equal(lines, c.want) || skipped != c.skipped {
				t.Errorf("got %q %+v, want %q %+v", lines, skipped, c.want, c.skipped)
			}
		})
	}
}

// TestPeriodsGoByTheZone: an instant is on another day elsewhere, a day is not; summer time begins and ends.
func TestPeriodsGoByTheZone(t *testing.T) {
	v := plain(view.Column{Name: "at", Type: schema.DateTime})
	s := rows(`{"at":"2026-03-31T22:30:00Z"}`, `{"at":"2026-10-31T23:30:00Z"}`, `{"at":"2026-10-31"}`, `{"at":"2027-01-03T12:00:00+00:00"}`, `{"at":"1969-12-31T23:59:59Z"}`)
	count := view.Variable{Measure: view.Count, Dates: []view.Dating{{Column: "at"}}}
	for zone, want := range map[string]map[view.Period]string{
		"UTC": {view.Month: "1969-12 2026-03 2026-10 2027-01", view.Day: "1969-12-31 2026-03-31 2026-10-31 2027-01-03", view.Week: "1970-W01 2026-W14 2026-W44 2026-W53",
			view.Quarter: "1969-Q4 2026-Q1 2026-Q4 2027-Q1", view.Year: "1969 2026 2027", view.Ever: "all"},
		"Europe/Berlin":    {view.Month: "1970-01 2026-04 2026-10 2026-11 2027-01"},
		"America/New_York": {view.Month: "1969-12 2026-03 2026-10 2027-01"},
	} {
		for period, names := range want {
			location, err := view.Zone(zone)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := measure(t, nil, v, count, s, nil, 10, period, view.Range{}, view.Clock{Zone: location})
			var periods []string
			for _, value := range got {
				periods = append(periods, value.Period)
			}
			if strings.Join(periods, " ") != names {
				t.Errorf("%s by %s: got %v, want %s", zone, period, periods, names)
			}
		}
	}
	day := func(text string) time.Time { d, _ := time.Parse(time.DateOnly, text); return d }
	got, skipped := measure(t, nil, v, count, s, nil, 10, view.Ever, view.Range{From: day("2026-10-31"), Until: day("2026-10-31")}, view.Clock{Zone: time.UTC})
	if len(got) != 1 || got[0].Rows != 2 || skipped.OutOfRange != 3 {
		t.Errorf("the range has %+v, skipped %+v", got, skipped)
	}
	for _, zone := range []string{"Local", "Mars/Base", "../etc/passwd"} {
		if _, err := view.Zone(zone); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", zone, err)
		}
	}
}

func TestConditions(t *testing.T) {
	columns := []view.Column{{Name: "n", Type: schema.Number}, {Name: "s", Type: schema.Text}, {Name: "d", Type: schema.Date}, {Name: "at", Type: schema.DateTime},
		{Name: "b", Type: schema.Boolean}, {Name: "many", Type: schema.MultiChoice}, {Name: "j", Type: schema.JSON}, {Name: "u", Type: schema.Unknown}, {Name: "r", Type: schema.Reference}}
	s := rows(`{"n":1.0,"s":"Abc","d":"2026-01-01","at":"2026-01-01T12:00:00Z","b":true,"many":["x","y"],"u":true,"r":7}`,
		`{"n":2,"s":"","d":"2026-11-22","at":"2026-11-22","b":false,"many":[],"j":{"a":1},"u":"t","r":"7"}`, `{"n":null}`)
	all := []string{"x_000", "x_001", "x_002"}
	for _, c := range []struct {
		column string
		op     view.Op
		value  string
		want   []string // nil for a condition that is refused
	}{
		{"n", view.Equal, "1", all[:1]}, {"n", view.Equal, "1.00", all[:1]}, {"n", view.NotEqual, "1", all[1:]}, {"n", view.In, "[1,2]", all[:2]}, {"n", view.NotIn, "[1]", all[1:]},
		{"n", view.Less, "2", all[:1]}, {"n", view.LessOrEqual, "2", all[:2]}, {"n", view.Greater, "1", all[1:2]}, {"n", view.GreaterOrEqual, "1e0", all[:2]},
		{"n", view.IsNull, "", all[2:]}, {"n", view.NotNull, "", all[:2]}, {"n", view.Equal, `"1"`, nil}, {"n", view.Contains, "1", nil}, {"n", view.In, "[]", nil}, {"n", view.In, "1", nil},
		{"n", view.Equal, "", nil}, {"n", view.Equal, "null", nil}, {"n", view.IsNull, "1", nil}, {"n", view.Equal, "1e999999999", nil}, {"n", "like", "1", nil}, {"x", view.Equal, "1", nil},
		{"s", view.Equal, `"Abc"`, all[:1]}, {"s", view.Contains, `"bc"`, all[:1]}, {"s", view.Contains, `"BC"`, all[:0]}, {"s", view.NotEqual, `"Abc"`, all[1:]}, {"s", view.Less, `"B"`, nil},
		{"d", view.Equal, `"2026-01-01"`, all[:1]}, {"d", view.Less, `"2026-11-22"`, all[:1]}, {"d", view.LessOrEqual, `"2026-11-22"`, all[:2]}, {"d", view.Less, `"2026-11-22T00:00:00Z"`, nil},
		{"d", view.OlderThan, "0", all[:2]}, {"d", view.OlderThan, "1", all[:1]}, {"d", view.OlderThan, "325", all[:1]}, {"d", view.OlderThan, "326", all[:0]}, {"d", view.OlderThan, "-1", nil}, {"d", view.OlderThan, "1.5", nil},
		{"at", view.GreaterOrEqual, `"2026-01-01"`, all[:2]}, {"at", view.Greater, `"2026-01-01"`, all[1:2]}, {"at", view.Greater, `"2026-01-01T11:59:59Z"`, all[:2]}, {"at", view.Less, `"2026-01-01T12:00:00+01:00"`, all[:0]},
		{"at", view.Equal, `"2026-01-01T12:00:00Z"`, nil}, {"at", view.OlderThan, "1", all[:1]},
		{"b", view.Equal, "true", all[:1]}, {"b", view.NotEqual, "true", all[1:]}, {"b", view.Equal, `"true"`, nil}, {"b", view.In, "[true]", nil},
		{"many", view.Contains, `"y"`, all[:1]}, {"many", view.Equal, `"y"`, nil}, {"many", view.NotNull, "", all[:2]},
		{"j", view.NotNull, "", all[1:2]}, {"j", view.Equal, `{"a":1}`, nil}, {"u", view.Equal, `"t"`, all[1:2]}, {"u", view.Equal, "true", all[:1]}, {"r", view.Equal, `"7"`, all[:2]},
	} {
		condition := view.Condition{Column: c.column, Op: c.op, Value: json.RawMessage(c.value)}
		v := plain(slices.Clone(columns)...)
		v.Filter = []view.Condition{condition}
		plan, err := view.Compile(v, nil)
		if c.want == nil {
			if f := fault.Of(err); f == nil || f.Code != view.CodeBroken {
				t.Errorf("%s %s %s is taken: %v", c.column, c.op, c.value, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %s %s: %v", c.column, c.op, c.value, err)
			continue
		}
		got, _, err := view.NewReader(plan, s, nil, view.Clock{At: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC), Zone: time.UTC}).Page(context.Background(), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, row := range got {
			ids = append(ids, row.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s %s %s: got %v, want %v", c.column, c.op, c.value, ids, c.want)
		}
	}
}

// TestJoins leads from a contact over its lead to the member, finds members by e-mail, and others by a field.
func TestJoins(t *testing.T) {
	links, v, _ := standard(t, "close-user_close_contact_view", "")
	s := shelf{of("contact"): {living("cont_1", `{"lead_id":"lead_1"}`), living("cont_2", `{"lead_id":"lead_2"}`), living("cont_3", `{"lead_id":"lead_gone"}`), living("cont_4", `{"lead_id":null}`)},
		of("lead"): {living("lead_1", `{"display_name":"Acme","custom.cf_owner":"user_1"}`), living("lead_2", `{"display_name":"Bmce","custom.cf_owner":"user_off"}`),
			{Key: record.Key{ID: "lead_gone"}, Deleted: true}}}
	members := []view.Member{{ID: "mem_1", Name: "Ann", Email: "Ann@Example.com", Teams: []string{"East"}, Active: true, External: map[string][]string{"conn_1": {"user_1"}}}}
	plan, err := view.Compile(v, links)
	if err != nil {
		t.Fatal(err)
	}
	reader := view.NewReader(plan, s, members, view.Clock{Zone: time.UTC})
	got, next, err := reader.Page(t.Context(), "", 10)
	if err != nil || next != "" {
		t.Fatal(next, err)
	}
	at := func(row view.Row, column string) string { return string(row.Values[v.Column(column)]) }
	var lines []string
	for _, row := range got {
		lines = append(lines, fmt.Sprint(row.ID, " ", at(row, "lead.display_name"), " ", at(row, "owner.id"), " ", at(row, "owner.teams")))
	}
	want := []string{`cont_1 "Acme" "mem_1" ["East"]`, `cont_2 "Bmce"  `, `cont_3   `, `cont_4   `}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	if reader.Read != 4+3 {
		t.Errorf("%d records were read for 4 and the 3 that they lead to", reader.Read)
	}
	if _, _, err := reader.Page(t.Context(), "", 10); err != nil || reader.Read != 11 {
		t.Errorf("what is known is read again: %d, %v", reader.Read, err)
	}

	byEmail := map[string]view.Link{"l": {From: view.End{Source: of("x"), Field: "rep"}, To: view.End{Source: view.Master(), Field: "email"}, Cardinality: view.ToOne},
		"many": {From: view.End{Source: of("x"), Field: "tags"}, To: view.End{Source: of("tag"), Field: "code"}, Cardinality: view.ToMany}}
	w := plain(view.Column{Name: "rep", Type: schema.Text})
	w.Joins = []view.Join{{Name: "owner", Link: "l"}, {Name: "tag", Link: "many", First: true}}
	w.Columns = append(w.Columns, view.Column{Name: "owner", From: "owner", Field: "id", Type: schema.Text}, view.Column{Name: "tag", From: "tag", Field: "", Type: schema.Text})
	t2 := rows(`{"rep":" ANN@example.com ","tags":["nowhere",2,"a"]}`, `{"rep":"bob@example.com","tags":[]}`)
	t2[of("tag")] = []record.Record{living("tag_1", `{"code":"a"}`), living("tag_2", `{"code":2}`), living("tag_3", `{"code":2}`)}
	if plan, err = view.Compile(w, byEmail); err != nil {
		t.Fatal(err)
	}
	got, _, err = view.NewReader(plan, t2, members, view.Clock{Zone: time.UTC}).Page(t.Context(), "", 10)
	if err != nil || len(got) != 2 || string(got[0].Values[1]) != `"mem_1"` || string(got[0].Values[2]) != `"tag_2"` || got[1].Values[1] != nil || got[1].Values[2] != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestWhatIsGone makes no row and is joined to none, and what is not there is looked for once.
func TestWhatIsGone(t *testing.T) {
	links := map[string]view.Link{"id": {From: view.End{Source: of("x"), Field: "tags"}, To: view.End{Source: of("tag")}, Cardinality: view.ToMany},
		"code": {From: view.End{Source: of("x"), Field: "code"}, To: view.End{Source: of("tag"), Field: "code"}, Cardinality: view.ToOne}}
	v := view.View{Base: of("x"), Joins: []view.Join{{Name: "tag", Link: "id", First: true}, {Name: "coded", Link: "code"}},
		Columns: []view.Column{{Name: "tag", From: "tag", Type: schema.Text}, {Name: "coded", From: "coded", Type: schema.Text}}}
	s := rows(`{"tags":["tag_gone","nowhere","tag_2"],"code":"a"}`, `{"tags":["nowhere"],"code":["a","b"]}`, `{"tags":["nowhere"],"code":["b"]}`)
	s[of("x")] = append(s[of("x")], record.Record{Key: record.Key{ID: "x_gone"}, Deleted: true})
	s[of("tag")] = []record.Record{living("tag_2", `{"code":"a"}`), living("tag_1", `{"code":["a","b"]}`), {Key: record.Key{ID: "tag_gone"}, Deleted: true, Fields: record.Fields{"code": []byte(`"a"`)}}}
	plan, err := view.Compile(v, links)
	if err != nil {
		t.Fatal(err)
	}
	reader := view.NewReader(plan, unordered{s}, nil, view.Clock{Zone: time.UTC})
	got, _, err := reader.Page(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, row := range got {
		lines = append(lines, fmt.Sprintf("%s %s %s", row.ID, row.Values[0], row.Values[1]))
	}
	// Of the two tags with the code a the first by id counts; a link to one leads nowhere from two.
	if want := []string{`x_000 "tag_2" "tag_1"`, `x_001  `, `x_002  "tag_1"`}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	read := reader.Read
	if _, _, err := reader.Page(t.Context(), "", 10); err != nil || reader.Read != read+4 {
		t.Errorf("%d records are read again for 4 of the base: %v", reader.Read-read, err)
	}
}

// unordered lists the base in order, and all else as it lies.
type unordered struct{ shelf }

func (u unordered) List(ctx context.Context, source view.Source, cursor string, limit int) ([]record.Record, string, error) {
	if source == of("x") {
		return u.shelf.List(ctx, source, cursor, limit)
	}
	return u.shelf[source], "", nil
}

// TestALargeDataSource is searched as far as it may be, and that is said.
func TestALargeDataSource(t *testing.T) {
	links := map[string]view.Link{"code": {From: view.End{Source: of("x"), Field: "code"}, To: view.End{Source: of("tag"), Field: "code"}, Cardinality: view.ToOne}}
	v := view.View{Base: of("x"), Joins: []view.Join{{Name: "tag", Link: "code"}}, Columns: []view.Column{{Name: "tag", From: "tag", Type: schema.Text}}}
	for n, incomplete := range map[int]bool{view.MaxSearched: false, view.MaxSearched + 1: true} {
		s := rows(`{"code":1}`)
		for i := range n {
			s[of("tag")] = append(s[of("tag")], living(fmt.Sprintf("tag_%06d", i), fmt.Sprintf(`{"code":%d}`, i)))
		}
		plan, err := view.Compile(v, links)
		if err != nil {
			t.Fatal(err)
		}
		reader := view.NewReader(plan, s, nil, view.Clock{Zone: time.UTC})
		got, _, err := reader.Page(t.Context(), "", 10)
		if err != nil || string(got[0].Values[0]) != `"tag_000001"` || (len(reader.Incomplete) > 0) != incomplete {
			t.Errorf("%d: got %+v, incomplete %v, %v", n, got, reader.Incomplete, err)
		}
	}
}

// TestWhatIsKeptOutside of its record for its size is there, and cannot be compared or measured.
func TestWhatIsKeptOutside(t *testing.T) {
	v := plain(view.Column{Name: "body", Type: schema.Text}, view.Column{Name: "n", Type: schema.Number})
	r := record.Record{Key: record.Key{ID: "x_1"}, Fields: record.Fields{}, Large: map[string]record.Large{"body": {Bytes: 1 << 20}, "n": {Bytes: 1 << 20}}}
	s := shelf{of("x"): {r}}
	for op, want := range map[view.Op]int{view.NotNull: 1, view.IsNull: 0} {
		v.Filter = []view.Condition{{Column: "body", Op: op}}
		plan, err := view.Compile(v, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := view.NewReader(plan, s, nil, view.Clock{Zone: time.UTC}).Page(t.Context(), "", 10)
		if err != nil || len(got) != want {
			t.Errorf("%s: %d rows, %v", op, len(got), err)
		}
	}
	v.Filter = nil
	if got, skipped := measure(t, nil, v, view.Variable{Measure: view.Sum, Column: "n"}, s, nil, 10, view.Ever, view.Range{}, view.Clock{Zone: time.UTC}); len(got) != 0 || skipped.Unreadable != 1 {
		t.Errorf("got %+v, %+v", got, skipped)
	}
}

type failing struct{ shelf }

func (failing) Get(context.Context, view.Source, []string) ([]record.Record, error) {
	return nil, errors.New("down")
}

// TestAReadThatFails is no missing record.
func TestAReadThatFails(t *testing.T) {
	links, v, _ := standard(t, "close-user_close_contact_view", "")
	plan, err := view.Compile(v, links)
	if err != nil {
		t.Fatal(err)
	}
	s := failing{shelf{of("contact"): {living("cont_1", `{"lead_id":"lead_1"}`)}}}
	if _, _, err := view.NewReader(plan, s, nil, view.Clock{Zone: time.UTC}).Page(t.Context(), "", 10); err == nil {
		t.Error("nothing is said")
	}
}

// TestTheMasterIsABaseToo pages through the members.
func TestTheMasterIsABaseToo(t *testing.T) {
	plan, err := view.Compile(view.View{Base: view.Master(), Columns: []view.Column{{Name: "name", Field: "name", Type: schema.Text}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	reader := view.NewReader(plan, shelf{}, []view.Member{{ID: "mem_3", Name: "C"}, {ID: "mem_1", Name: "A"}, {ID: "mem_2", Name: "B"}}, view.Clock{Zone: time.UTC})
	var names []string
	for cursor := ""; ; {
		got, next, err := reader.Page(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range got {
			names = append(names, string(row.Values[0]))
		}
		if cursor = next; next == "" {
			break
		}
	}
	if !slices.Equal(names, []string{`"A"`, `"B"`, `"C"`}) {
		t.Errorf("got %v", names)
	}
}

func TestDecimal(t *testing.T) {
	for fraction, want := range map[string]string{"5/4": "1.25 true", "3": "3 true", "-1/8": "-0.125 true", "1/3": "0.333333333333 false", "2/3": "0.666666666667 false",
		"1/8192": "0.000122070313 false", "1/4096": "0.000244140625 true", "9007199254740993/100": "90071992547409.93 true"} {
		n, _ := new(big.Rat).SetString(fraction)
		text, exact := view.Decimal(n)
		if got := fmt.Sprint(text, " ", exact); got != want {
			t.Errorf("%s: got %s, want %s", fraction, got, want)
		}
	}
}
