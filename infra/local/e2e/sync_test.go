package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestProviders is one system that many organizations connect their CRMs to, each with a sandbox of its own.
func TestProviders(t *testing.T) {
	t.Parallel()
	// What is looked after every ten minutes is so every thirty seconds.
	s := start(t, t.TempDir(), "--queue-speed", "20", "--sandbox", "on", "--sandbox-flags", "-records 300 -play 2s")
	s.logged(t)
	for name, test := range map[string]func(*testing.T, *system){
		"what make run connects to":                                  testFirstRun,
		"live changes, lost webhooks and what puts them right":       testLive,
		"a subscription that was paused is found and its gap filled": testPausedSubscription,
		"the same for a user who is no admin":                        testPausedSubscriptionOfARep,
		"a paused connection loses nothing":                          testPausedConnection,
		"imports without events, merges, deleted leads":              testSilence,
		"people, views and variables":                                testPeople,
		"a second client takes half of the limit":                    testSecondClient,
		"clocks that differ":                                         testSkew,
		"a login by OAuth, renewed by eight workers at once":         testOAuth,
		"a key that is revoked in the middle of an import":           testRevoked,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// testFirstRun is what a newcomer sees: a team that is imported, and changes that come in by themselves.
func testFirstRun(t *testing.T, s *system) {
	var file struct {
		CRM     struct{ Connection, Import string }
		Sandbox struct{ URL string }
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "run.json"))
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil || file.CRM.Import == "" {
		t.Fatalf("run.json: %v, %s", err, text)
	}
	p := &provider{system: s, crm: &sandbox{url: file.Sandbox.URL}, id: file.CRM.Connection, path: "/v1/connections/" + file.CRM.Connection}
	run := p.ended(t, file.CRM.Import)
	var c apiConnection
	eventually(t, patience, "the connection is healthy", func() bool {
		c = p.connection(t)
		return c.State.Health == "healthy"
	})
	leads := slices.IndexFunc(c.State.Objects, func(o struct {
		Object         string
		Stored, Source int64
	}) bool {
		return o.Object == "lead" && o.Stored > 0 && o.Stored == o.Source
	})
	if leads < 0 {
		t.Errorf("the counts: %+v", c.State.Objects)
	}
	eventually(t, patience, "a change has come in by webhook", func() bool {
		for _, object := range []string{"opportunity", "activity.call", "activity.note", "task", "lead"} {
			if slices.ContainsFunc(list[posted](t, s, p.path+"/objects/"+object+"/records"), func(r posted) bool {
				return r.Source.Kind == "webhook" && r.StoredAt.After(run.FinishedAt)
			}) {
				return true
			}
		}
		return false
	})
}

// posted says how a record came in.
type posted struct {
	StoredAt time.Time `json:"stored_at"`
	Source   struct{ Kind string }
}

// picker gives ids of what the sandbox has of an object, always others.
type picker struct {
	crm  *sandbox
	left map[string][]string
}

// parent gives a lead, the same ones again and again.
func (p *picker) parent(t *testing.T) string {
	t.Helper()
	id := p.next(t, "lead")
	p.left["lead"] = append(p.left["lead"], id)
	return id
}

func (p *picker) next(t *testing.T, object string) string {
	t.Helper()
	if p.left == nil {
		p.left = map[string][]string{}
	}
	if _, known := p.left[object]; !known {
		p.left[object] = slices.Sorted(maps.Keys(p.crm.contents(t, object)))
	}
	all := p.left[object]
	if len(all) == 0 {
		t.Fatalf("there is no %s left", object)
	}
	p.left[object] = all[1:]
	return all[0]
}

// busy makes a few changes of every sort, each of another record.
func (p *picker) busy(t *testing.T, n int) {
	t.Helper()
	text := fmt.Sprintf("change %d at %s", n, time.Now().Format(time.RFC3339Nano))
	p.crm.change(t, crmChange{Action: "update", ID: p.parent(t), Fields: map[string]any{"name": text}})
	p.crm.change(t, crmChange{Action: "update", ID: p.next(t, "opportunity"), Fields: map[string]any{"note": text}})
	p.crm.change(t, crmChange{Action: "update", ID: p.next(t, "activity.note"), Fields: map[string]any{"note": text}})
	p.crm.change(t, crmChange{Action: "create", Object: "contact", Fields: map[string]any{"lead_id": p.parent(t), "name": text}})
	p.crm.change(t, crmChange{Action: "delete", ID: p.next(t, "activity.sms")})
}

// testLive changes records while they are imported, then loses a tenth of the webhooks.
func testLive(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "800", "-seed", "11")
	p := connect(t, s, crm, "live", crm.key(t, "Admin"))
	before := crm.stats(t).Webhooks.Sent
	pick := &picker{crm: crm}
	id := p.begin(t, "imports", struct{}{})
	rounds := 0
	for ; !p.run(t, id).final() && rounds < 15; rounds++ {
		pick.busy(t, rounds)
	}
	p.ended(t, id)
	crm.posted(t)
	if sent := crm.stats(t).Webhooks.Sent - before; rounds < 3 || sent < 4*rounds {
		t.Errorf("%d webhooks of %d rounds of changes: that is no life", sent, rounds)
	}
	d := p.same(t)
	t.Logf("%d records are the same after %d changes by webhook during the import", d.total, 5*rounds)

	crm.order(t, "webhooks", map[string]float64{"drop": 0.1})
	for i := range 40 {
		pick.change(t, i)
	}
	crm.posted(t)
	lost := crm.stats(t).Webhooks.Dropped
	crm.order(t, "webhooks", map[string]float64{"drop": 0})
	if lost == 0 {
		t.Fatal("no webhook was lost")
	}
	eventually(t, patience, "all but what was lost has come in", func() bool {
		d = p.drift(t, nil)
		return len(d.missing)+len(d.stale)+len(d.surplus) == lost && len(d.other) == 0
	})
	r := p.ended(t, p.begin(t, "reconciliations", struct{}{}))
	c := r.Progress.Counts
	if int(c.Missing) != len(d.missing) || int(c.Stale) != len(d.stale) || int(c.Deleted) != len(d.surplus) || c.Differing+c.Held+c.Refused != 0 {
		t.Errorf("%d webhooks were lost: %s; the reconciliation found %+v", lost, d, c)
	}
	t.Logf("%d webhooks were lost; missing %d, stale %d, surplus %d", lost, c.Missing, c.Stale, c.Deleted)
	p.same(t)
	p.told(t, "drift_found", "connections/"+p.id+"/runs/"+r.ID)
	if c := p.ended(t, p.begin(t, "reconciliations", struct{}{})).Progress.Counts; c.stored()+c.Deleted+c.Held+c.Absent != 0 {
		t.Errorf("the second reconciliation found %+v", c)
	}
}

// change makes changes of which each has one event about one record.
func (p *picker) change(t *testing.T, n int) {
	t.Helper()
	text := fmt.Sprintf("drift %d", n)
	p.crm.change(t, crmChange{Action: "update", ID: p.next(t, "contact"), Fields: map[string]any{"name": text}})
	p.crm.change(t, crmChange{Action: "update", ID: p.next(t, "activity.email"), Fields: map[string]any{"subject": text}})
	p.crm.change(t, crmChange{Action: "delete", ID: p.next(t, "task")})
	p.crm.change(t, crmChange{Action: "create", Object: "activity.note", Count: 8, Fields: map[string]any{"lead_id": p.parent(t), "note": text}})
}

// healed waits until a subscription was mended after a time, and what it missed was read.
func (p *provider) healed(t *testing.T, after time.Time) {
	t.Helper()
	eventually(t, patience, "the subscription is healed", func() bool {
		u := p.connection(t).State.Subscription
		return u.Active && u.HealedAt.After(after)
	})
	p.caughtUp(t, after)
}

// caughtUp waits until a run that began by itself after a time has read what changed.
func (p *provider) caughtUp(t *testing.T, after time.Time) {
	t.Helper()
	var run apiRun
	eventually(t, patience, "what changed is being read", func() bool {
		all := list[apiRun](t, p.system, p.path+"/runs?kind=changes")
		i := slices.IndexFunc(all, func(r apiRun) bool { return r.CreatedAt.After(after) })
		if i >= 0 {
			run = all[i]
		}
		return i >= 0
	})
	p.ended(t, run.ID)
}

func testPausedSubscription(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "300", "-seed", "12")
	p := connect(t, s, crm, "subscriber", crm.key(t, "Admin"))
	p.imports(t)
	pick := &picker{crm: crm}
	at := time.Now()
	crm.order(t, "webhooks/pause", map[string]string{})
	sent := crm.stats(t).Webhooks.Sent
	for i := range 10 {
		pick.busy(t, i)
	}
	p.healed(t, at)
	if n := crm.stats(t).Webhooks.Sent; n != sent {
		t.Errorf("%d webhooks were posted by a subscription that was paused", n-sent)
	}
	p.same(t)
	pick.busy(t, 10)
	p.same(t)
	if n := crm.stats(t).Webhooks.Sent; n == sent {
		t.Error("no webhook was posted after it was mended")
	}
}

// testPausedSubscriptionOfARep: the log shows the contents of events of the last hour only, so that what changed before is
// read record by record.
func testPausedSubscriptionOfARep(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "1200", "-seed", "13")
	const role = "Account Executive"
	p := connect(t, s, crm, "rep", crm.key(t, role))
	if c := p.connection(t); !slices.ContainsFunc(c.State.Why, func(why string) bool { return strings.Contains(why, "view_all_leads") }) || c.State.Health != "warning" {
		t.Errorf("a login that does not see all is %s: %v", c.State.Health, c.State.Why)
	}
	p.imports(t)
	own := crm.owned(t, crm.Keys[crm.key(t, role)])
	shows := func(object, id string, s state) bool {
		return object == "lead" && own[id] || object != "lead" && own[s.lead]
	}
	if d := p.sameOf(t, shows); d.total < 40 {
		t.Fatalf("the rep sees %d records only", d.total)
	}

	at, before := time.Now(), len(crm.requests(t, "/api/v1/"))
	crm.order(t, "webhooks/pause", map[string]string{})
	changed := 0
	for _, object := range []string{"contact", "activity.note", "activity.call", "opportunity"} {
		n := 0
		for id, is := range crm.contents(t, object) {
			if !own[is.lead] || n == 6 {
				continue
			}
			switch n++; n {
			case 1:
				crm.change(t, crmChange{Action: "delete", ID: id})
			default:
				crm.change(t, crmChange{Action: "touch", ID: id})
			}
			changed++
		}
	}
	// Ninety minutes later, by the clock there.
	crm.order(t, "clock", map[string]string{"skew": "90m"})
	p.post201(t, p.path+"/test", struct{}{}, nil)
	p.healed(t, at)
	crm.order(t, "clock", map[string]string{"skew": "0s"})
	d := p.sameOf(t, shows)
	t.Logf("%d changed records of %d are as they should be", changed, d.total)
	hidden := 0
	for _, r := range crm.requests(t, "/api/v1/")[before:] {
		if strings.Contains(r.Query, "id__in") || strings.Contains(r.Body, `"type":"id"`) || strings.HasPrefix(r.Path, "/api/v1/opportunity/oppo_") {
			hidden++
		}
	}
	if hidden == 0 {
		t.Error("no record was read by its id: the log showed all")
	}
}

// owned gives the leads of a user, by the field that decides who sees them.
func (c *sandbox) owned(t *testing.T, address string) map[string]bool {
	t.Helper()
	i := slices.IndexFunc(c.Users, func(u struct{ ID, Name, Email, Role, Group string }) bool { return u.Email == address })
	res, err := http.Get(c.url + "/_sandbox/contents?full=1&object=lead")
	if err != nil || i < 0 {
		t.Fatal(err, i)
	}
	defer res.Body.Close()
	own := map[string]bool{}
	for d := json.NewDecoder(res.Body); d.More(); {
		var line struct {
			ID     string
			Record map[string]any
		}
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Record["custom."+c.OwnerField] == c.Users[i].ID {
			own[line.ID] = true
		}
	}
	return own
}

// testPausedConnection: what comes in is kept, what is not told is read.
func testPausedConnection(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "300", "-seed", "14")
	p := connect(t, s, crm, "pauser", crm.key(t, "Admin"))
	p.imports(t)
	pick := &picker{crm: crm}
	p.post201(t, p.path+"/pause", nil, nil)
	if c := p.connection(t); c.Status != "paused" || c.State.Health != "inactive" {
		t.Errorf("a paused connection is %s and %s: %v", c.Status, c.State.Health, c.State.Why)
	}
	// Receivers notice within a minute.
	probe := pick.next(t, "activity.note")
	eventually(t, patience, "a change is kept back", func() bool {
		crm.change(t, crmChange{Action: "touch", ID: probe})
		crm.posted(t)
		want := crm.contents(t, "activity.note")[probe]
		for until := time.Now().Add(3 * time.Second); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
			if p.stored(t, "activity.note")[probe] == want {
				return false
			}
		}
		return true
	})
	for i := range 8 {
		pick.busy(t, i)
	}
	crm.posted(t)
	if status, answer := p.call(t, p.AdminKey, http.MethodPost, p.path+"/imports", struct{}{}); status != http.StatusConflict {
		t.Errorf("an import of a paused connection: %d %s", status, answer)
	}
	d := p.drift(t, nil)
	if d.none() {
		t.Error("a paused connection took everything")
	}
	at := time.Now()
	p.post201(t, p.path+"/resume", nil, nil)
	p.caughtUp(t, at)
	p.same(t)
	t.Logf("while paused, %d records were missing, %d older, %d too many", len(d.missing), len(d.stale), len(d.surplus))
	if c := p.connection(t); c.Status != "active" || c.State.Health != "healthy" {
		t.Errorf("resumed, it is %s and %s: %v", c.Status, c.State.Health, c.State.Why)
	}
}

// testSilence is what happens in Close without an event.
func testSilence(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "600", "-seed", "15")
	p := connect(t, s, crm, "silent", crm.key(t, "Admin"))
	p.imports(t)
	p.same(t)

	leads := slices.Sorted(maps.Keys(crm.contents(t, "lead")))
	crm.change(t, crmChange{Action: "merge", ID: leads[0], Into: leads[1]})
	p.same(t)

	crm.order(t, "bulk", map[string]any{"leads": 25, "events": false})
	crm.change(t, crmChange{Action: "delete", ID: leads[2]})
	eventually(t, patience, "the lead is deleted", func() bool { _, there := p.stored(t, "lead")[leads[2]]; return !there })
	d := p.drift(t, nil)
	if len(d.missing) < 75 || len(d.surplus) == 0 || len(d.stale)+len(d.other) > 0 {
		t.Errorf("before the reconciliation: %s", d)
	}
	c := p.ended(t, p.begin(t, "reconciliations", struct{}{})).Progress.Counts
	if int(c.Missing) != len(d.missing) || int(c.Deleted) != len(d.surplus) || c.Stale+c.Differing+c.Held+c.Refused != 0 {
		t.Errorf("%s; the reconciliation found %+v", d, c)
	}
	p.same(t)
	t.Logf("imported without events, and gone with a lead: missing %d, surplus %d", c.Missing, c.Deleted)
}

// testPeople: who works there, and what is seen of what they did.
func testPeople(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "600", "-seed", "16")
	p := connect(t, s, crm, "people", crm.key(t, "Admin"))
	type member struct {
		ID, Name, Role, Manager, Access string
		Active                          bool
		Teams                           []struct{ Name string }
	}
	var members []member
	eventually(t, patience, "there are members", func() bool {
		members = list[member](t, p.system, "/v1/members")
		return len(members) > 0
	})
	roles, teams, inactive := map[string]int{}, map[string]int{}, 0
	for _, m := range members {
		if !m.Active {
			inactive++
			continue
		}
		roles[m.Role]++
		for _, team := range m.Teams {
			if m.Role == "partner" {
				teams[team.Name]++
			}
		}
	}
	if len(members) != len(crm.Users) || inactive != 2 || roles["admin"] != 1 || roles["partner"] < 12 || len(teams) != 3 {
		t.Errorf("%d members: roles %v, teams %v, %d inactive", len(members), roles, teams, inactive)
	}
	var proposals struct {
		Items []struct {
			Kind, Member string
			Candidates   []struct{ Member, Reason string }
		}
	}
	p.get(t, "/v1/members/proposals", &proposals)
	proposed := 0
	for _, one := range proposals.Items {
		if one.Kind == "manager" && len(one.Candidates) > 0 {
			proposed++
		}
	}
	if proposed < 12 {
		t.Errorf("managers are proposed for %d members", proposed)
	}

	p.imports(t)
	counts := map[string]int{}
	for _, object := range crm.objects(t) {
		counts[object] = len(crm.contents(t, object))
	}
	views := list[struct{ Name string }](t, p.system, "/v1/views")
	for view, object := range map[string]string{"lead": "lead", "contact": "contact", "opportunity": "opportunity", "task": "task", "activity_call": "activity.call"} {
		name := "close-user_close_" + view + "_view"
		if !slices.ContainsFunc(views, func(v struct{ Name string }) bool { return v.Name == name }) {
			t.Errorf("there is no view %s among %v", name, views)
			continue
		}
		type row struct {
			ID     string
			Values map[string]json.RawMessage
		}
		rows := list[row](t, p.system, "/v1/views/"+name+"/rows")
		if len(rows) != counts[object] || len(rows) == 0 || len(rows[0].Values) < 4 {
			t.Errorf("%s has %d rows of %d records, such as %s", name, len(rows), counts[object], shown(rows[:min(1, len(rows))]))
		}
	}
	measured := 0
	for _, v := range list[struct{ Name, Unit string }](t, p.system, "/v1/variables") {
		var values struct {
			Unit     string
			Values   []struct{ Member, Value string }
			Complete bool
		}
		if !p.get(t, "/v1/variables/"+url.PathEscape(v.Name)+"/values?period=all", &values) || !values.Complete {
			t.Errorf("%s: %+v", v.Name, values)
		}
		if len(values.Values) > 0 && values.Unit != "" && slices.ContainsFunc(values.Values, func(one struct{ Member, Value string }) bool { return one.Member != "" && one.Value != "" }) {
			measured++
		}
	}
	if measured < 10 {
		t.Errorf("%d variables have values", measured)
	}
	t.Logf("%d members, managers proposed for %d, %d views, %d variables with values", len(members), proposed, len(views), measured)
}

// testSecondClient reads everything three times while somebody else uses half of the limit with the same key.
func testSecondClient(t *testing.T, s *system) {
	const window = time.Second
	crm := startSandbox(t, "-records", "1000", "-seed", "17", "-window", window.String())
	key := crm.key(t, "Admin")
	p := connect(t, s, crm, "shared", key)
	lists := []string{"opportunity", "task", "activity/call", "activity/email", "activity/note", "activity/sms", "lead"}
	const mark = "_limit=2"
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(400 * time.Millisecond) // 2.5 of 5 a second
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			for _, list := range lists {
				r, err := http.NewRequest(http.MethodGet, crm.url+"/api/v1/"+list+"/?"+mark, nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.SetBasicAuth(key, "")
				if res, err := http.DefaultClient.Do(r); err == nil {
					_ = res.Body.Close()
				}
			}
		}
	}()
	p.imports(t)
	p.imports(t)
	p.ended(t, p.begin(t, "reconciliations", struct{}{}))
	close(done)
	<-ended
	p.same(t)

	type count struct{ ours, theirs, refused, refusedThem int }
	total := count{}
	most := 0
	for group, requests := range byGroup(crm.requests(t, "/api/v1/")) {
		began, inWindow := time.Time{}, 0
		for _, r := range requests {
			if r.Time.Sub(began) >= window {
				began, inWindow = r.Time, 0
			}
			refused := r.Status == http.StatusTooManyRequests
			switch {
			case r.Query == mark && refused:
				total.refusedThem++
			case r.Query == mark:
				total.theirs++
			case refused:
				total.refused++
				inWindow++
			default:
				total.ours++
			}
			if most = max(most, inWindow); inWindow == 2 {
				t.Errorf("%s: a second request was refused in the window that began at %s", group, began.Format(time.RFC3339Nano))
			}
		}
	}
	if total.theirs < 100 {
		t.Errorf("the second client made %d requests", total.theirs)
	}
	t.Logf("requests: %d ours, %d of the second client; refused: %d ours, at most %d in a window of a group, and %d of the second client",
		total.ours, total.theirs, total.refused, most, total.refusedThem)
}

// byGroup puts requests into the groups of endpoints whose limit they count for.
func byGroup(all []crmRequest) map[string][]crmRequest {
	groups := map[string][]crmRequest{}
	for _, r := range all {
		parts := strings.Split(strings.Trim(strings.TrimPrefix(r.Path, "/api/v1/"), "/"), "/")
		n := 1
		switch {
		case parts[0] == "activity" && len(parts) > 2 && parts[1] == "status_change":
			n = 3
		case len(parts) > 1 && slices.Contains([]string{"activity", "custom_field", "status", "data"}, parts[0]):
			n = 2
		}
		name := r.Method + " " + strings.Join(parts[:n], "/")
		groups[name] = append(groups[name], r)
	}
	return groups
}

// testSkew: clocks that differ by three minutes make no difference. What lies further ahead is set aside, and applied when
// its time has come.
func testSkew(t *testing.T, s *system) {
	crm := startSandbox(t, "-records", "300", "-seed", "18")
	crm.order(t, "clock", map[string]string{"skew": "3m"})
	p := connect(t, s, crm, "skewed", crm.key(t, "Admin"))
	pick := &picker{crm: crm}
	id := p.begin(t, "imports", struct{}{})
	for i := range 4 {
		pick.busy(t, i)
	}
	p.ended(t, id)
	p.same(t)
	crm.order(t, "clock", map[string]string{"skew": "-3m"})
	for i := range 4 {
		pick.busy(t, 4+i)
	}
	p.same(t)
	p.ended(t, p.begin(t, "imports", map[string]string{"mode": "incremental"}))
	p.same(t)

	far, near := pick.next(t, "activity.note"), pick.next(t, "activity.note")
	was := p.stored(t, "activity.note")
	crm.order(t, "clock", map[string]string{"skew": "10m"})
	crm.change(t, crmChange{Action: "update", ID: far, Fields: map[string]any{"note": "far ahead"}})
	crm.order(t, "clock", map[string]string{"skew": "5m20s"})
	crm.change(t, crmChange{Action: "update", ID: near, Fields: map[string]any{"note": "a little ahead"}})
	aside := func() []apiEntry {
		return list[apiEntry](t, p.system, "/v1/quarantine?reason=future_version&object=activity.note&status=open")
	}
	p.ended(t, p.begin(t, "imports", map[string]any{"objects": []string{"activity.note"}}))
	if n := len(aside()); n != 2 {
		t.Errorf("%d notes are set aside, 2 are ahead of the clock", n)
	}
	crm.order(t, "clock", map[string]string{"skew": "0s"})
	if now := p.stored(t, "activity.note"); now[far] != was[far] || now[near] != was[near] {
		t.Error("a record from the future was stored")
	}
	eventually(t, patience, "what was a little ahead is applied when it is tried again", func() bool {
		for _, e := range aside() {
			if status, answer := p.call(t, p.AdminKey, http.MethodPost, "/v1/quarantine/"+e.ID+"/replay", nil); status != http.StatusAccepted && status != http.StatusConflict {
				t.Fatalf("replay: %d %s", status, answer)
			}
		}
		return p.stored(t, "activity.note")[near] == crm.contents(t, "activity.note")[near]
	})
	d := p.drift(t, nil)
	if want := []string{"activity.note " + far}; !slices.Equal(d.stale, want) || len(d.missing)+len(d.other)+len(d.surplus) > 0 {
		t.Errorf("all but one record are to be the same: %s", d)
	}
}
