package view_test

import (
	"slices"
	"testing"
	"time"

	"leadline/shared/schema"
	"leadline/shared/view"
)

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

// keep stores what Follow gives.
func keep(stored []view.Item, changed []view.Item) []view.Item {
	for _, c := range changed {
		i := slices.IndexFunc(stored, func(s view.Item) bool { return s.Kind == c.Kind && s.Name == c.Name })
		if i < 0 {
			stored = append(stored, c)
			continue
		}
		stored[i] = c
	}
	return stored
}

func find(t *testing.T, items []view.Item, name string) view.Item {
	t.Helper()
	i := slices.IndexFunc(items, func(s view.Item) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no %s", name)
	}
	return items[i]
}

func objects(t *testing.T, edit func(map[string]*schema.Object)) []schema.Object {
	t.Helper()
	all := closeObjects()
	named := map[string]*schema.Object{}
	for i := range all {
		named[all[i].Name] = &all[i]
	}
	edit(named)
	return all
}

func TestFollow(t *testing.T) {
	hints := view.ReadHints("close", closeRecords())
	generate := func(o []schema.Object) []view.Item { return view.Generate("close", "conn_1", o, hints) }
	stored := keep(nil, view.Follow("org_1", "conn_1", nil, generate(closeObjects()), day(1)))
	if first := find(t, stored, "close-user_close_lead_view"); first.Rev != 1 || first.Organization != "org_1" || !first.CreatedAt.Equal(day(1)) {
		t.Fatalf("got %+v", first)
	}
	if changed := view.Follow("org_1", "conn_1", stored, generate(closeObjects()), day(2)); len(changed) != 0 {
		t.Fatalf("nothing has changed, and yet %v", changed)
	}

	// A person edits one view, deletes another, and the source gets a field on each.
	edited := find(t, stored, "close-user_close_task_view")
	mine := edited.Clone().Definition
	mine.View.Title = "Mine"
	stored = keep(stored, []view.Item{edited.Edit(mine, "key_1", day(3))})
	removed, generated := find(t, stored, "close-user_close_contact_view").Remove("key_1", day(3))
	if !generated {
		t.Fatal("what was generated is deleted outright")
	}
	stored = keep(stored, []view.Item{removed})
	grown := objects(t, func(o map[string]*schema.Object) {
		for _, name := range []string{"task", "contact", "lead"} {
			o[name].Present.Fields = append(o[name].Present.Fields, schema.Field{Name: "zip", Type: schema.Text})
		}
	})
	changed := view.Follow("org_1", "conn_1", stored, generate(grown), day(4))
	stored = keep(stored, changed)
	if len(changed) != 3 {
		t.Errorf("%d items change", len(changed))
	}
	lead, task, contact := find(t, stored, "close-user_close_lead_view"), find(t, stored, "close-user_close_task_view"), find(t, stored, "close-user_close_contact_view")
	if lead.Rev != 2 || lead.State != view.Current || lead.Definition.View.Column("zip") < 0 || lead.By != "" {
		t.Errorf("got %+v", lead)
	}
	if task.Rev != 3 || task.State != view.Outdated || task.Definition.View.Title != "Mine" || task.Definition.View.Column("zip") >= 0 || !slices.Equal(task.News(), []string{"zip"}) {
		t.Errorf("got %+v", task)
	}
	if contact.State != view.Removed || contact.Definition.View.Column("zip") < 0 {
		t.Errorf("got %+v", contact)
	}

	// The object goes, with what stands on it, and comes back.
	gone := slices.DeleteFunc(slices.Clone(grown), func(o schema.Object) bool { return o.Name == "task" || o.Name == "activity.note" })
	stored = keep(stored, view.Follow("org_1", "conn_1", stored, generate(gone), day(5)))
	for _, name := range []string{"close-user_close_task_view", "close-user_close_activity_note_view", "close-notes_written", "close-task.lead_id"} {
		if i := find(t, stored, name); i.State != view.Retired {
			t.Errorf("%s is %s", name, i.State)
		}
	}
	if changed := view.Follow("org_1", "conn_1", stored, generate(gone), day(6)); len(changed) != 0 {
		t.Errorf("they go again: %v", changed)
	}
	stored = keep(stored, view.Follow("org_1", "conn_1", stored, generate(grown), day(7)))
	if i := find(t, stored, "close-user_close_activity_note_view"); i.State != view.Current || i.Origin != view.Generated {
		t.Errorf("got %+v", i)
	}
	if i := find(t, stored, "close-user_close_task_view"); i.Definition.View.Title != "Mine" || i.Origin != view.Edited {
		t.Errorf("got %+v", i)
	}

	restored, ok := find(t, stored, "close-user_close_task_view").Restore("key_2", day(8))
	if !ok || restored.Origin != view.Generated || restored.State != view.Current || restored.Definition.View.Column("zip") < 0 || restored.By != "key_2" {
		t.Errorf("got %+v", restored)
	}
	if _, ok := (view.Item{Origin: view.Own}).Restore("", day(8)); ok {
		t.Error("what a person made has no standard form")
	}
}

// TestARenamedStageKeepsItsVariable, and another of the same name has one of its own.
func TestARenamedStageKeepsItsVariable(t *testing.T) {
	hints := view.ReadHints("close", closeRecords())
	stored := keep(nil, view.Follow("org_1", "conn_1", nil, view.Generate("close", "conn_1", closeObjects(), hints), day(1)))
	records := closeRecords()
	records["status.opportunity"] = append(records["status.opportunity"][1:], living("stat_1", `{"id":"stat_1","label":"Demo held","pipeline_id":"pipe_1"}`),
		living("stat_4", `{"id":"stat_4","label":"Demo Completed","pipeline_id":"pipe_1"}`))
	stored = keep(stored, view.Follow("org_1", "conn_1", stored, view.Generate("close", "conn_1", closeObjects(), view.ReadHints("close", records)), day(2)))
	old := find(t, stored, "close-stage_entered_demo_completed")
	if old.Key != "close-stage_entered_stat_1" || old.Definition.Variable.Title != "Entered Demo held" || old.Rev != 2 {
		t.Errorf("got %+v", old)
	}
	if other := find(t, stored, "close-stage_entered_demo_completed_2"); other.Key != "close-stage_entered_stat_4" || other.Rev != 1 {
		t.Errorf("got %+v", other)
	}
}

func TestSuffix(t *testing.T) {
	item := func(connection, name, key string) view.Item {
		return view.Item{Kind: view.KindView, Connection: connection, Name: name, Key: key}
	}
	stored := []view.Item{item("conn_1", "close-a", "close-a"), item("conn_2", "close-a_2", "close-a"), item("conn_9", "hubspot-a", "hubspot-a"), {Kind: view.KindView, Name: "mine"}}
	for connection, want := range map[string]string{"conn_1": "", "conn_2": "_2", "conn_3": "_3"} {
		if got := view.Suffix(stored, "close", connection); got != want {
			t.Errorf("%s: got %q, want %q", connection, got, want)
		}
	}
	if got := view.Suffix(stored, "pipedrive", "conn_3"); got != "" {
		t.Errorf("got %q", got)
	}
}
