package close_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors/close"
	"leadline/shared/fault"
	"leadline/shared/record"
)

// eventLog is Close's: the newest first, 50 a page, cursors that want no date.
type eventLog struct {
	t        *testing.T
	events   []object
	requests []map[string][]string
	lost     bool // cursors are not taken
}

func (l *eventLog) serve(r connector.Request) (int, any) {
	l.requests = append(l.requests, r.Query)
	limit, _ := strconv.Atoi(r.Query.Get("_limit"))
	if r.Query.Has("_skip") || limit > 50 {
		return 400, `{"error":"no"}`
	}
	rows := slices.Clone(l.events)
	slices.Reverse(rows)
	cursor := r.Query.Get("_cursor")
	if cursor != "" && l.lost {
		return 400, `{"error":"bad"}`
	}
	if cursor != "" {
		if len(r.Query) != 2 {
			l.t.Errorf("a cursor came with %v", r.Query)
		}
		n, _ := strconv.Atoi(cursor)
		rows = rows[n:]
	} else {
		rows = slices.DeleteFunc(rows, func(e object) bool {
			at := e["date_updated"].(string) + "+00:00"
			return r.Query.Get("date_updated__gte") > at || r.Query.Has("date_updated__lte") && r.Query.Get("date_updated__lte") < at
		})
	}
	n := min(limit, len(rows))
	var next any
	if n < len(rows) || cursor == "" && n == limit {
		next = strconv.Itoa(len(l.events) - len(rows) + n)
		if cursor == "" {
			next = strconv.Itoa(slices.IndexFunc(l.events, func(e object) bool { return e["id"] == rows[n-1]["id"] }))
			i, _ := strconv.Atoi(next.(string))
			next = strconv.Itoa(len(l.events) - i)
		}
	}
	return 200, object{"data": rows[:n], "cursor_next": next, "cursor_previous": nil}
}

func entry(i int, objectType, action string) object {
	at := begin.Add(time.Duration(i-10_000) * time.Second).Format("2006-01-02T15:04:05.000000")
	return with(write(objectType, action, fmt.Sprintf("x_%d", i)), "id", fmt.Sprintf("ev_%d", i), "date_updated", at, "date_created", at)
}

func readLog(t *testing.T, l *eventLog, from time.Time) (changes []record.Change, touched []connector.Ref, pages int) {
	t.Helper()
	l.t = t
	c := &client{t: t, now: begin, answer: l.serve}
	for cursor := ""; ; {
		page, err := close.Definition().Log.Read(t.Context(), c, connector.LogRequest{From: from, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Refused) > 0 || page.At.IsZero() || len(page.Raw) == 0 {
			t.Errorf("got %+v", page)
		}
		changes, touched = append(changes, page.Changes...), append(touched, page.Touched...)
		if pages++; pages > 100 {
			t.Fatal("the log does not end")
		}
		if cursor = page.Next; cursor == "" {
			return changes, touched, pages
		}
	}
}

func TestTrapLogPaging(t *testing.T) {
	l := &eventLog{}
	for i := range 500 {
		l.events = append(l.events, entry(i, "contact", "updated"))
	}
	from := begin.Add((380 - 10_000) * time.Second)
	changes, _, pages := readLog(t, l, from)
	seen := map[string]bool{}
	for _, c := range changes {
		seen[c.ID] = true
	}
	for i := 380; i < 500; i++ {
		if !seen[fmt.Sprintf("x_%d", i)] {
			t.Errorf("entry %d is missing", i)
		}
	}
	if pages != 3 {
		t.Errorf("%d pages were read for 120 entries: it is for us to stop", pages)
	}
	if _, ok := l.requests[0]["date_updated__gte"]; !ok {
		t.Errorf("the first page was asked for with %v", l.requests[0])
	}
}

func TestTrapLogCursorLost(t *testing.T) {
	l := &eventLog{lost: true}
	for i := range 200 {
		l.events = append(l.events, entry(i, "contact", "updated"))
	}
	changes, _, _ := readLog(t, l, begin.Add(-10_000*time.Second))
	seen := map[string]bool{}
	for _, c := range changes {
		seen[c.ID] = true
	}
	if len(seen) != 200 {
		t.Errorf("got %d of 200 entries", len(seen))
	}
}

func TestTrapLogOverlap(t *testing.T) {
	if l := close.Definition().Log; l.Overlap < 5*time.Minute || l.Keeps != 30*24*time.Hour {
		t.Errorf("got %s and %s", l.Overlap, l.Keeps)
	}
}

func TestTrapLogDeletions(t *testing.T) {
	merge := object{"merge_source_lead_id": "x_2", "merge_destination_lead_id": "x_3"}
	l := &eventLog{events: []object{
		with(entry(1, "opportunity", "deleted"), "data", nil, "previous_data", object{"id": "x_1"}),
		with(entry(2, "lead", "deleted"), "data", nil, "previous_data", nil, "meta", merge),
		with(entry(3, "lead", "merged"), "meta", merge),
		with(entry(4, "note", "deleted"), "data", object{}, "previous_data", nil), // to those who are no admins
	}}
	changes, touched, _ := readLog(t, l, begin.Add(-time.Hour*24))
	gone := map[string]string{}
	for _, c := range changes {
		if c.Kind == record.Delete {
			gone[c.Object+" "+c.ID] = c.MergedInto
		}
	}
	if len(changes) != 5 || fmt.Sprint(gone) != "map[activity.note x_4: lead x_2:x_3 opportunity x_1:]" {
		t.Errorf("got %d changes, gone %v", len(changes), gone)
	}
	if fmt.Sprint(touched) != "[{  x_2} {  x_3}]" {
		t.Errorf("touched %v", touched)
	}
}

// TestTrapLogHidesData: entries older than an hour tell those who are no admins that something changed, and not how.
func TestTrapLogHidesData(t *testing.T) {
	l := &eventLog{events: []object{
		with(entry(1, "opportunity", "updated"), "data", nil),
		with(entry(2, "activity.call", "completed"), "data", object{}),
		with(entry(2, "activity.call", "updated"), "data", nil),
		with(entry(3, "task.lead", "created"), "data", nil),
		with(entry(4, "bulk_action.edit", "completed"), "data", nil),
		with(entry(5, "lead", "merged"), "data", nil, "meta", object{"merge_source_lead_id": "x_9", "merge_destination_lead_id": "x_5"}),
		entry(6, "contact", "updated"),
	}}
	changes, touched, _ := readLog(t, l, begin.Add(-time.Hour*24))
	if fmt.Sprint(touched) != "[{  x_9} {  x_5} {lead x_5 } {task x_3 } {activity.call x_2 } {opportunity x_1 }]" {
		t.Errorf("touched %v", touched)
	}
	if len(changes) != 2 || changes[0].ID != "x_6" || changes[1].ID != "x_9" || changes[1].MergedInto != "x_5" {
		t.Errorf("got %+v", changes)
	}
}

func TestLogEntriesThatCannotBeUnderstood(t *testing.T) {
	c := &client{t: t, now: begin, answer: func(connector.Request) (int, any) {
		return 200, object{"data": []any{7, object{}, with(entry(1, "lead", "updated"), "data", object{"id": 4}), entry(2, "lead", "updated")}, "cursor_next": nil}
	}}
	page, err := close.Definition().Log.Read(t.Context(), c, connector.LogRequest{From: begin.Add(-time.Hour * 24)})
	if err != nil || len(page.Changes) != 1 || len(page.Refused) != 3 || page.Next != "" {
		t.Fatalf("got %+v, %v", page, err)
	}
	for i, code := range []string{"not_an_object", "missing_object_type", "invalid_id"} {
		if r := page.Refused[i]; r.Index != i || r.Why.Kind != fault.Invalid || r.Why.Code != code {
			t.Errorf("got %+v", r)
		}
	}
	for _, cursor := range []string{"x", "{}", `{"v":9}`} {
		if _, err := close.Definition().Log.Read(t.Context(), c, connector.LogRequest{Cursor: cursor}); !fault.Is(err, fault.Invalid) {
			t.Errorf("cursor %q: got %v", cursor, err)
		}
	}
}
