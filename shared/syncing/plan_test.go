package syncing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/syncing"
)

// noon is the time at which the runs of these tests are made.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// crm has one object of each sort: what changed can be asked for (deal), only what was created (note), nothing (tag), and
// one that is small (user).
func crm() connector.Definition {
	return connector.Definition{Name: "crm", Title: "CRM", Pull: &connector.Pull{Objects: []connector.Object{
		{Name: "deal", Scopes: []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween, connector.Matching}},
		{Name: "note", Scopes: []connector.ScopeKind{connector.All, connector.CreatedBetween}, Sweep: 48 * time.Hour},
		{Name: "tag", Scopes: []connector.ScopeKind{connector.All}},
		{Name: "user", Scopes: []connector.ScopeKind{connector.All}, Small: true},
	}}, Log: &connector.Log{Keeps: 30 * 24 * time.Hour, Overlap: 10 * time.Minute}}
}

func TestPlans(t *testing.T) {
	day := noon.Add(-24 * time.Hour)
	plan := func(change func(*syncing.Plan)) syncing.Plan {
		p := syncing.Plan{Kind: syncing.Import, Mode: syncing.Full}
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		plan syncing.Plan
		says string // empty for a plan that is right
	}{
		"full":        {plan(func(*syncing.Plan) {}), ""},
		"incremental": {plan(func(p *syncing.Plan) { p.Mode, p.Objects = syncing.Incremental, []string{"note"} }), ""},
		"changes":     {syncing.Plan{Kind: syncing.Changes, From: day}, ""},
		"reconcile":   {syncing.Plan{Kind: syncing.Reconcile, Objects: []string{"deal"}, MaxDeletions: 7}, ""},
		"a range":     {plan(func(p *syncing.Plan) { p.Mode, p.By, p.From, p.Until = syncing.Range, "updated", day, noon }), ""},
		"open at one end": {plan(func(p *syncing.Plan) {
			p.Mode, p.By, p.Until, p.Objects = syncing.Range, "created", noon, []string{"deal", "note"}
		}), ""},
		"small ones come whole": {plan(func(p *syncing.Plan) {
			p.Mode, p.By, p.From, p.Objects = syncing.Range, "updated", day, []string{"user"}
		}), ""},
		"a search": {plan(func(p *syncing.Plan) { p.Mode, p.Query, p.Objects = syncing.Search, "*", []string{"deal"} }), ""},

		"no kind":               {plan(func(p *syncing.Plan) { p.Kind = "" }), `kind: "" is none of`},
		"another kind":          {plan(func(p *syncing.Plan) { p.Kind = "export" }), `kind: "export" is none of`},
		"an object too many":    {plan(func(p *syncing.Plan) { p.Objects = []string{"deal", "lead"} }), `objects[1]: CRM has no object "lead"; it has deal, note, tag, user.`},
		"a budget":              {plan(func(p *syncing.Plan) { p.Budget.From = "22:00" }), "budget.from and budget.until"},
		"deletions":             {syncing.Plan{Kind: syncing.Reconcile, MaxDeletions: -1}, "max_deletions"},
		"deletions elsewhere":   {plan(func(p *syncing.Plan) { p.MaxDeletions = 5 }), "max_deletions"},
		"a mode elsewhere":      {syncing.Plan{Kind: syncing.Reconcile, Mode: syncing.Full}, "for imports"},
		"a query elsewhere":     {syncing.Plan{Kind: syncing.Changes, Query: "*"}, "for imports"},
		"a span elsewhere":      {syncing.Plan{Kind: syncing.Changes, Until: noon}, "for imports"},
		"a from elsewhere":      {syncing.Plan{Kind: syncing.Reconcile, From: noon}, "for imports"},
		"a by elsewhere":        {syncing.Plan{Kind: syncing.Reconcile, By: "created"}, "for imports"},
		"no mode":               {plan(func(p *syncing.Plan) { p.Mode = "" }), `mode: "" is none of`},
		"another mode":          {plan(func(p *syncing.Plan) { p.Mode = "half" }), `mode: "half" is none of`},
		"a span of all":         {plan(func(p *syncing.Plan) { p.From = day }), "from, until and by are for"},
		"a by of all":           {plan(func(p *syncing.Plan) { p.By = "created" }), "from, until and by are for"},
		"a query of all":        {plan(func(p *syncing.Plan) { p.Query = "*" }), "query is for"},
		"a range of no time":    {plan(func(p *syncing.Plan) { p.Mode, p.By = syncing.Range, "created" }), "from, until: a range needs"},
		"a range of nothing":    {plan(func(p *syncing.Plan) { p.Mode, p.By, p.From, p.Until = syncing.Range, "created", noon, noon }), "until must lie behind"},
		"a range of which time": {plan(func(p *syncing.Plan) { p.Mode, p.From = syncing.Range, day }), "by: say"},
		"a range that it cannot tell": {plan(func(p *syncing.Plan) {
			p.Mode, p.By, p.From, p.Objects = syncing.Range, "updated", day, []string{"deal", "note"}
		}), "objects[1]: CRM cannot tell which note were updated"},
		"a search for nothing":    {plan(func(p *syncing.Plan) { p.Mode, p.Objects = syncing.Search, []string{"deal"} }), "query, objects: a search"},
		"a search in all":         {plan(func(p *syncing.Plan) { p.Mode, p.Query = syncing.Search, "*" }), "query, objects: a search"},
		"a search in two":         {plan(func(p *syncing.Plan) { p.Mode, p.Query, p.Objects = syncing.Search, "*", []string{"deal", "note"} }), "exactly one object"},
		"a search that is not to": {plan(func(p *syncing.Plan) { p.Mode, p.Query, p.Objects = syncing.Search, "*", []string{"note"} }), "objects[0]: CRM cannot be searched for note"},
	} {
		t.Run(name, func(t *testing.T) {
			wants(t, c.plan.Check(crm()), c.says)
		})
	}
	listens := crm()
	listens.Pull = nil
	wants(t, syncing.Plan{Kind: syncing.Import, Mode: syncing.Full}.Check(listens), "CRM gives no records")
}

// wants fails unless err is Invalid and says so, or is nil where nothing is to be said.
func wants(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && err != nil, says != "" && !fault.Is(err, fault.Invalid):
		t.Errorf("got %v, want %q", err, says)
	case says != "" && !strings.Contains(fault.Of(err).Message, says):
		t.Errorf("got %q, want %q", fault.Of(err).Message, says)
	}
}

func TestStreams(t *testing.T) {
	const overlap = syncing.Overlap
	day, week := noon.Add(-24*time.Hour), noon.Add(-7*24*time.Hour)
	marks := map[string]time.Time{"deal": day, "note": day, "tag": day, "user": noon.Add(-time.Hour), syncing.LogObject: day}
	all := connector.Scope{Kind: connector.All}
	since := func(at time.Time) connector.Scope { return connector.Scope{Kind: connector.ChangedSince, From: at} }
	created := func(at time.Time) connector.Scope {
		return connector.Scope{Kind: connector.CreatedBetween, From: at}
	}
	for name, c := range map[string]struct {
		plan  syncing.Plan
		marks map[string]time.Time
		want  map[string]connector.Scope
	}{
		"full": {syncing.Plan{Kind: syncing.Import, Mode: syncing.Full}, marks, map[string]connector.Scope{"deal": all, "note": all, "tag": all, "user": all}},
		"some": {syncing.Plan{Kind: syncing.Import, Mode: syncing.Full, Objects: []string{"user", "deal"}}, nil, map[string]connector.Scope{"deal": all, "user": all}},
		"created in a range": {syncing.Plan{Kind: syncing.Import, Mode: syncing.Range, By: "created", From: week, Until: day}, marks, map[string]connector.Scope{
			"deal": {Kind: connector.CreatedBetween, From: week, Until: day}, "note": {Kind: connector.CreatedBetween, From: week, Until: day}, "user": all}},
		"updated in a range": {syncing.Plan{Kind: syncing.Import, Mode: syncing.Range, By: "updated", From: week}, nil, map[string]connector.Scope{
			"deal": {Kind: connector.ChangedSince, From: week}, "user": all}},
		"a search": {syncing.Plan{Kind: syncing.Import, Mode: syncing.Search, Query: "q", Objects: []string{"deal"}}, marks, map[string]connector.Scope{"deal": {Kind: connector.Matching, Query: "q"}}},
		"what changed since": {syncing.Plan{Kind: syncing.Import, Mode: syncing.Incremental}, marks, map[string]connector.Scope{
			"deal": since(day.Add(-overlap)), "note": created(day.Add(-overlap - 48*time.Hour)), "tag": all, "user": all}},
		"what was never read": {syncing.Plan{Kind: syncing.Import, Mode: syncing.Incremental}, map[string]time.Time{"deal": day}, map[string]connector.Scope{
			"deal": since(day.Add(-overlap)), "note": all, "tag": all, "user": all}},
		"reconcile": {syncing.Plan{Kind: syncing.Reconcile}, marks, map[string]connector.Scope{"deal": all, "note": all, "tag": all, "user": all}},
		"changes, by the log's own overlap, what is read whole rarely": {syncing.Plan{Kind: syncing.Changes}, marks, map[string]connector.Scope{
			syncing.LogObject: since(day.Add(-10 * time.Minute)), "deal": since(day.Add(-overlap)), "note": created(day.Add(-overlap - 48*time.Hour)), "tag": all}},
		"changes of what was asked for, without the log": {syncing.Plan{Kind: syncing.Changes, Objects: []string{"user", "deal"}}, marks, map[string]connector.Scope{
			"deal": since(day.Add(-overlap)), "user": all}},
		"changes since earlier": {syncing.Plan{Kind: syncing.Changes, From: week}, marks, map[string]connector.Scope{
			syncing.LogObject: since(week.Add(-10 * time.Minute)), "deal": since(week.Add(-overlap)), "note": created(week.Add(-overlap - 48*time.Hour)), "tag": all, "user": all}},
		"changes since later": {syncing.Plan{Kind: syncing.Changes, From: noon.Add(-time.Minute), Objects: []string{"deal"}}, marks, map[string]connector.Scope{"deal": since(day.Add(-overlap))}},
		"changes since before what the log keeps": {syncing.Plan{Kind: syncing.Changes, From: noon.AddDate(-1, 0, 0)}, map[string]time.Time{"deal": day}, map[string]connector.Scope{
			syncing.LogObject: since(noon.AddDate(0, 0, -30)), "deal": since(noon.AddDate(-1, 0, 0).Add(-overlap))}},
		"changes where nothing was imported": {syncing.Plan{Kind: syncing.Changes}, nil, map[string]connector.Scope{syncing.LogObject: since(noon.Add(-10 * time.Minute))}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.plan.Check(crm()); err != nil {
				t.Fatal(err)
			}
			r := syncing.Run{ID: "run_1", Organization: "org_1", Connection: "conn_1", Plan: c.plan, CreatedAt: noon, Forget: noon.AddDate(0, 1, 0)}
			var order []string
			for _, s := range r.Streams(crm(), syncing.State{Marks: c.marks}) {
				order = append(order, s.Object)
				want, ok := c.want[s.Object]
				if !ok || s.Scope.Kind != want.Kind || !s.Scope.From.Equal(want.From) || !s.Scope.Until.Equal(want.Until) || s.Scope.Query != want.Query {
					t.Errorf("%s: %+v, want %+v", s.Object, s.Scope, want)
				}
				if s.Run != r.ID || s.Organization != r.Organization || s.Connection != r.Connection || s.Phase != syncing.Reading || s.Rev != 1 ||
					s.Counts.Found != -1 || s.Source != -1 || s.Stored != -1 || !s.UpdatedAt.Equal(noon) || !s.Forget.Equal(r.Forget) {
					t.Errorf("it begins as %+v", s)
				}
			}
			if len(order) != len(c.want) {
				t.Errorf("got %v, want %d", order, len(c.want))
			}
			rank := func(name string) int {
				return slices.IndexFunc(crm().Pull.Objects, func(o connector.Object) bool { return o.Name == name })
			}
			if !slices.IsSortedFunc(order, func(a, b string) int { return rank(a) - rank(b) }) {
				t.Errorf("they begin with %v", order)
			}
		})
	}
}

func TestARunHasNoMoreStreamsThanOneTransactionTakes(t *testing.T) {
	d := crm()
	for range 2 * syncing.MaxStreams {
		d.Pull.Objects = append(d.Pull.Objects, connector.Object{Name: "x", Scopes: []connector.ScopeKind{connector.All}})
	}
	r := syncing.Run{Plan: syncing.Plan{Kind: syncing.Reconcile}, CreatedAt: noon}
	if n := len(r.Streams(d, syncing.State{})); n != syncing.MaxStreams {
		t.Errorf("it has %d", n)
	}
}

// TestWhatIsReadWholeIsReadRarely: the mark decides, not the run.
func TestWhatIsReadWholeIsReadRarely(t *testing.T) {
	for age, want := range map[time.Duration]bool{6*time.Hour - time.Second: false, 6 * time.Hour: true} {
		r := syncing.Run{Plan: syncing.Plan{Kind: syncing.Changes}, CreatedAt: noon}
		got := slices.ContainsFunc(r.Streams(crm(), syncing.State{Marks: map[string]time.Time{"tag": noon.Add(-age)}}), func(s syncing.Stream) bool { return s.Object == "tag" })
		if got != want {
			t.Errorf("read %s ago, it is read: %t", age, got)
		}
	}
}

func TestCeiling(t *testing.T) {
	for _, c := range []struct{ most, stored, want int64 }{{0, 0, 10}, {0, 200, 10}, {0, 220, 11}, {0, 10_000, 500}, {3, 10_000, 3}, {1_000, 10, 1_000}} {
		if got := (syncing.Plan{Kind: syncing.Reconcile, MaxDeletions: c.most}).Ceiling(c.stored); got != c.want {
			t.Errorf("of %d, %d allowed: %d, want %d", c.stored, c.most, got, c.want)
		}
	}
}
