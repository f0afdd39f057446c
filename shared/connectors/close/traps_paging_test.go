package close_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors/close"
	"leadline/shared/fault"
)

// long is a time long before the tests' clock, in milliseconds.
var long = begin.Add(-300 * 24 * time.Hour).UnixMilli()

func apart(i int) int64 { return long + 1000*int64(i) }
func once(int) int64    { return long }

func read(t testing.TB, w *world) copied {
	t.Helper()
	var got copied
	if err := pull(t, w, all(), &got); err != nil {
		t.Fatal(err)
	}
	complete(t, w, got, true)
	return got
}

func TestTrapMaxSkip(t *testing.T) {
	for _, object := range []string{"opportunity", "task", "activity.call"} {
		w := newWorld(t, object)
		w.maxSkip = 0 // any offset at all is refused
		w.add(2500, apart, apart)
		read(t, w)
	}
}

func TestTrapMaxSkipWithinOneInstant(t *testing.T) {
	for object, tie := range map[string]func(int) int64{"opportunity": once, "task": once, "activity.call": once} {
		w := newWorld(t, object)
		w.maxSkip = 400
		w.add(450, tie, once)
		read(t, w) // by an offset, as far as it goes
		w.add(400, tie, once)
		err := pull(t, w, all(), &copied{})
		if f := fault.Of(err); f == nil || f.Code != "tied_beyond_cap" || !strings.Contains(f.Message, "one millisecond") {
			t.Errorf("%s: got %v", object, err)
		}
	}
}

// TestTrapOffsetsShift: users have no filter; what is deleted while they are read draws the others forward.
func TestTrapOffsetsShift(t *testing.T) {
	w := newWorld(t, "user")
	w.add(450, apart, apart)
	deleted := 0
	w.after = func() {
		if deleted < 36 { // of the first, nine with each page
			for range 9 {
				w.rows[deleted].gone, w.dirty = true, true
				deleted++
			}
		}
	}
	got := read(t, w)
	skips := []string{}
	for _, r := range w.requests {
		skips = append(skips, r.Query.Get("_skip"))
	}
	if want := []string{"", "90", "180", "270", "360"}; !slices.Equal(skips[:len(want)], want) {
		t.Errorf("got the offsets %q, want %q", skips, want)
	}
	if got.rows > 520 {
		t.Errorf("%d rows for 450 users: what was read before is to be left out", got.rows)
	}
}

func TestTrapPageSize(t *testing.T) {
	for object := range manners {
		w := newWorld(t, object)
		if w.limit = 100; object == "lead" {
			w.limit = 200
		}
		w.add(300, apart, apart)
		read(t, w)
	}
}

func TestTrapListsWithoutPages(t *testing.T) {
	w := newWorld(t, "pipeline")
	w.add(130, apart, apart)
	read(t, w)
	if first := w.requests[0].Query; len(first) != 0 {
		t.Errorf("a list that takes no offset was asked with %v", first)
	}
}

// TestTrapCursorLife: a chain that broke begins again at its lower bound, and one page that came in time goes on.
func TestTrapCursorLife(t *testing.T) {
	w := newWorld(t, "lead")
	w.add(900, once, once) // of one time in both orders: only a cursor leads on
	slow := 2
	w.after = func() {
		if slow > 0 && len(w.cursors) == 4 {
			slow--
			w.now = w.now.Add(40 * time.Second)
		}
	}
	read(t, w)
	w = newWorld(t, "lead")
	w.add(900, once, once)
	w.life = time.Second // shorter than documented: Close refuses it, and it is not tried for long
	w.tick = 2 * time.Second
	pages, cursor := 0, ""
	for ; pages < 12; pages++ {
		page, err := close.Definition().Pull.Page(t.Context(), w, connector.PageRequest{Object: "lead", Scope: all(), Cursor: cursor, Now: w.now})
		if err != nil {
			t.Fatalf("a cursor that is lost is no failure: %v", err)
		}
		if cursor = page.Next; cursor == "" {
			t.Fatal("the reading ended, though most of it could not be read")
		}
		if pages == 6 {
			w.life = time.Hour
		}
	}
	var got copied
	if err := pull(t, w, all(), &got); err != nil {
		t.Fatal(err)
	}
	complete(t, w, got, true)
}

func TestTrapTenThousand(t *testing.T) {
	w := newWorld(t, "lead")
	w.chain = 600
	w.add(5000, apart, apart)
	read(t, w)
	if len(w.cursors) > 0 && slices.ContainsFunc(w.requests, func(r connector.Request) bool { return strings.Contains(body(r), `"cursor"`) }) {
		t.Error("a cursor of Close was used, though times lead on")
	}
}

func TestTrapTenThousandOfOneTime(t *testing.T) {
	w := newWorld(t, "contact")
	w.add(12_000, apart, once)
	w.add(500, func(i int) int64 { return long + int64(i) }, apart)
	read(t, w)
}

func TestTrapTiedBeyondCap(t *testing.T) {
	w := newWorld(t, "lead")
	w.tick = 10 * time.Millisecond
	w.add(9_500, once, once)
	read(t, w)
	w.add(501, once, once)
	err := pull(t, w, all(), &copied{})
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != "tied_beyond_cap" || !strings.Contains(f.Message, "date_updated and date_created") {
		t.Errorf("got %v", err)
	}
}

// TestTrapStaleIndex: a row in the middle of the order is shown as it is by now; the rows behind it must not be passed over.
func TestTrapStaleIndex(t *testing.T) {
	w := newWorld(t, "lead")
	w.add(1000, apart, apart)
	w.lag = time.Minute
	for i := 199; i < 1000; i += 200 { // the last of each page
		w.touch(w.rows[i])
	}
	read(t, w)
}

// TestTrapDatesAhead: no clock is right; rows dated ahead are read like others, without a cursor.
func TestTrapDatesAhead(t *testing.T) {
	w := newWorld(t, "lead")
	w.tick = time.Minute
	ahead := begin.Add(300 * 24 * time.Hour).UnixMilli()
	w.add(900, apart, func(i int) int64 { return ahead + int64(i) })
	read(t, w)
}

func TestTrapBulkEditJustNow(t *testing.T) {
	w := newWorld(t, "lead")
	w.add(13_000, apart, apart)
	w.lag = 4 * time.Minute
	for _, r := range w.rows[100:12_500] {
		w.touch(r)
	}
	var got copied
	if err := pull(t, w, all(), &got); err != nil {
		t.Fatal(err)
	}
	complete(t, w, got, true)
}

func body(r connector.Request) string {
	text, _ := json.Marshal(r.Body)
	return string(text)
}

// TestTrapSearchBody pins the form of a search, which no machine-readable description has:
// https://developer.close.com/api/resources/advanced-filtering, and the conditions of the product's filter builder.
func TestTrapSearchBody(t *testing.T) {
	w := newWorld(t, "contact")
	w.add(1, apart, apart)
	var got copied
	if err := pull(t, w, connector.Scope{Kind: connector.ChangedSince, From: begin.Add(-time.Hour), Until: begin}, &got); err != nil {
		t.Fatal(err)
	}
	const want = `{"_fields":{"contact":["id","lead_id","name","display_name","title","emails","phones","urls","timezone","timezone_source","organization_id",` +
		`"created_by","updated_by","date_created","date_updated","custom"]},"_limit":200,"include_counts":true,` +
		`"query":{"queries":[{"object_type":"contact","type":"object_type"},` +
		`{"condition":{"before":{"type":"fixed_utc","value":"2026-06-01T12:00:00.000000+00:00"},"on_or_after":{"type":"fixed_utc","value":"2026-06-01T10:55:00.000000+00:00"},` +
		`"type":"moment_range"},"field":{"field_name":"date_updated","object_type":"contact","type":"regular_field"},"type":"field_condition"}],"type":"and"},` +
		`"sort":[{"direction":"asc","field":{"field_name":"date_updated","object_type":"contact","type":"regular_field"}}]}`
	if r := w.requests[0]; r.Method != "POST" || r.Path != "/data/search/" || body(r) != want {
		t.Errorf("got  %s\nwant %s", body(r), want)
	}
}

// TestTrapLeadsAreNotListed: neither whole nor by date.
func TestTrapLeadsAreNotListed(t *testing.T) {
	w := newWorld(t, "lead")
	w.add(250, apart, apart)
	for _, kind := range []connector.ScopeKind{connector.All, connector.ChangedSince, connector.CreatedBetween, connector.Matching} {
		if err := pull(t, w, connector.Scope{Kind: kind, From: begin.Add(-time.Hour), Query: "x"}, &copied{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range w.requests {
		if r.Path != "/data/search/" {
			t.Errorf("%s %s was asked", r.Method, r.Path)
		}
		for _, embedded := range []string{`"contacts"`, `"opportunities"`, `"tasks"`, "recent_calls", "custom.cf"} {
			if strings.Contains(body(r), embedded) {
				t.Errorf("a search asks for %s", embedded)
			}
		}
	}
}

func TestTrapTaskTypes(t *testing.T) {
	w := newWorld(t, "task")
	w.add(10, apart, apart)
	for _, scope := range []connector.Scope{all(), {Kind: connector.ChangedSince, From: begin}, {Kind: connector.IDs, IDs: []string{"x"}}, {Kind: connector.ChildrenOf, IDs: []string{"lead_1"}}} {
		if err := pull(t, w, scope, &copied{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range w.requests {
		if order := r.Query.Get("_order_by"); r.Query.Get("_type") != "all" || order != "date_created" && r.Query.Get("id__in") == "" {
			t.Errorf("tasks were asked for with %v", r.Query)
		}
	}
}

func TestTrapActivitiesAreSwept(t *testing.T) {
	for _, o := range close.Definition().Pull.Objects {
		if !strings.HasPrefix(o.Name, "activity.") {
			continue
		}
		if o.Serves(connector.ChangedSince) || !o.Serves(connector.CreatedBetween) || o.Sweep < 24*time.Hour {
			t.Errorf("%+v", o)
		}
	}
	w := newWorld(t, "activity.note")
	w.add(300, apart, apart)
	read(t, w)
	for _, r := range w.requests {
		for name := range r.Query {
			if strings.HasPrefix(name, "date_updated") {
				t.Errorf("activities were asked for by %s, which Close ignores", name)
			}
		}
	}
}

// TestTrapMeetingsAhead: created later than changed, and later than now.
func TestTrapMeetingsAhead(t *testing.T) {
	w := newWorld(t, "activity.meeting")
	ahead := begin.Add(400 * 24 * time.Hour).UnixMilli()
	w.add(350, func(i int) int64 { return ahead + int64(i)*60_000 }, apart)
	w.add(250, apart, apart)
	read(t, w)
	var got copied
	if err := pull(t, w, connector.Scope{Kind: connector.CreatedBetween, From: begin.Add(-24 * time.Hour)}, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.records) != 350 {
		t.Errorf("a sweep of the last day has %d meetings, want those ahead, too", len(got.records))
	}
}

func TestTrapActivitiesThatComeIn(t *testing.T) {
	w := newWorld(t, "activity.call")
	w.add(1500, apart, apart)
	n := 0
	w.after = func() {
		if n++; n < 10 {
			now := w.now.UnixMilli()
			w.add(7, func(int) int64 { return now }, func(int) int64 { return now })
		}
	}
	read(t, w)
}

func TestTrapAnswerWithoutData(t *testing.T) {
	for _, o := range close.Definition().Pull.Objects {
		for _, text := range []string{`{}`, `{"results":[]}`, `{"data":null}`, `[]`, `"x"`, ``, `{"data":{}}`} {
			c := &client{t: t, now: begin, answer: func(connector.Request) (int, any) { return 200, text }}
			page, err := close.Definition().Pull.Page(t.Context(), c, connector.PageRequest{Object: o.Name, Scope: all(), Now: begin})
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s, %s: got %+v, %v", o.Name, text, page, err)
			}
		}
	}
}

// TestTrapYearOne: a role has no time worth the name; the later reading of two counts.
func TestTrapYearOne(t *testing.T) {
	versions := []int64{}
	for _, now := range []time.Time{begin, begin.Add(time.Hour)} {
		c := &client{t: t, now: now, answer: func(connector.Request) (int, any) {
			return 200, `{"data":[{"id":"role_1","date_created":"0001-01-01T00:00:00","date_updated":"0001-01-01T00:00:00"},{"id":"admin","date_updated":"2026-01-01T00:00:00"}]}`
		}}
		page, err := close.Definition().Pull.Page(t.Context(), c, connector.PageRequest{Object: "role", Scope: all(), Now: now})
		if err != nil || len(page.Changes) != 2 || len(page.Refused) != 0 {
			t.Fatalf("got %+v, %v", page, err)
		}
		versions = append(versions, page.Changes[0].Version.Micros)
		if page.Changes[1].Version != at(t, "2026-01-01T00:00:00") {
			t.Errorf("a role that states a time: got %s", page.Changes[1].Version)
		}
	}
	if versions[0] != begin.UnixMicro() || versions[1] <= versions[0] {
		t.Errorf("got %v", versions)
	}
	c := &client{t: t, now: begin, answer: func(connector.Request) (int, any) {
		return 200, `{"data":[{"id":"lead_1","date_updated":"0001-01-01T00:00:00"},{"id":"lead_2"},{"id":3},[],{"id":""},{"id":"lead_3","date_updated":"2026-01-01T00:00:00+00:00"}],"cursor":null}`
	}}
	page, err := close.Definition().Pull.Page(t.Context(), c, connector.PageRequest{Object: "lead", Scope: all(), Now: begin})
	if err != nil || len(page.Changes) != 1 || len(page.Refused) != 5 {
		t.Fatalf("got %+v, %v", page, err)
	}
	reasons := map[string]int{}
	for _, r := range page.Refused {
		reasons[fmt.Sprintf("%d %s %s", r.Index, r.ID, r.Why.Code)]++
	}
	for _, want := range []string{"0 lead_1 missing_version", "1 lead_2 missing_version", "2  invalid_id", "3  not_an_object", "4  missing_id"} {
		if reasons[want] != 1 {
			t.Errorf("%s is not among %v", want, slices.Sorted(maps.Keys(reasons)))
		}
	}
}
