package standard_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/roster"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
	"leadline/shared/view"
	"leadline/shared/view/standard"
)

type world struct {
	*standard.Keeper
	schemas *memory.Schemas
	records *memory.Records
	views   *memory.Views
	conn    tenant.Connection
}

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func newWorld(t *testing.T) *world {
	w := &world{schemas: memory.NewSchemas(), records: memory.NewRecords(), views: memory.NewViews(memory.NewTenancy()),
		conn: tenant.Connection{ID: "conn_1", Organization: "org_1", Connector: "close"}}
	w.Keeper = &standard.Keeper{Schemas: w.schemas, Records: w.records, Views: w.views, Now: now}
	w.schema(t, "lead", "created_by", "id", "custom.cf_owner:user")
	w.schema(t, "opportunity", "id", "status_type", "user_id")
	w.schema(t, "activity.opportunity_status_change", "date_created@", "id", "new_status_id", "user_id")
	return w
}

// schema stores an object; "name:object" is a field that refers, "name@" one of the type date_time.
func (w *world) schema(t *testing.T, name string, fields ...string) {
	t.Helper()
	o := schema.Object{Organization: "org_1", Connection: "conn_1", Name: name, Title: name, Follows: true, State: schema.Confirmed, Rev: 1}
	for _, f := range fields {
		field := schema.Field{Name: f, Type: schema.Text}
		if at := slices.Index([]byte(f), ':'); at > 0 {
			field.Name, field.Refers = f[:at], f[at+1:]
		}
		if f[len(f)-1] == '@' {
			field.Name, field.Type = f[:len(f)-1], schema.DateTime
		}
		o.Present.Fields = append(o.Present.Fields, field)
	}
	slices.SortFunc(o.Present.Fields, func(a, b schema.Field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	if err := w.schemas.SaveObject(t.Context(), o, true); err != nil {
		t.Fatal(err)
	}
}

func (w *world) record(t *testing.T, object, id, fields string) {
	t.Helper()
	f, err := record.ParseFields([]byte(fields))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.records.PutNewer(t.Context(), record.Record{Key: record.Key{Organization: "org_1", Connection: "conn_1", Object: object, ID: id}, Version: record.Version{Micros: 1}, Fields: f}); err != nil {
		t.Fatal(err)
	}
}

// TestFollow reads what records tell: stages become variables.
func TestFollow(t *testing.T) {
	w := newWorld(t)
	w.record(t, "status.opportunity", "stat_1", `{"id":"stat_1","label":"Demo","pipeline_id":"p"}`)
	done, err := w.Follow(t.Context(), w.conn)
	if err != nil || done.Created < 6 || done.Changed+done.Outdated+done.Retired != 0 {
		t.Fatalf("got %+v, %v", done, err)
	}
	if again, err := w.Follow(t.Context(), w.conn); err != nil || again != (standard.Outcome{}) {
		t.Errorf("again: %+v, %v", again, err)
	}
	if _, err := w.views.Definition(t.Context(), "org_1", view.KindVariable, "close-stage_entered_demo"); err != nil {
		t.Error(err)
	}
	w.record(t, "role", "role_1", `{"visibility_user_lcf_ids":["cf_owner"]}`)
	if done, err := w.Follow(t.Context(), w.conn); err != nil || done.Changed != 1 { // the view says why
		t.Errorf("got %+v, %v", done, err)
	}
	w.conn.Connector = tenant.ClientConnector
	if done, err := w.Follow(t.Context(), w.conn); err != nil || done != (standard.Outcome{}) {
		t.Errorf("client software: %+v, %v", done, err)
	}
}

// TestFollowGoesOnWhereItWasInterrupted: a store that fails in the middle loses nothing.
func TestFollowGoesOnWhereItWasInterrupted(t *testing.T) {
	w := newWorld(t)
	w.Views = &failing{Views: w.views, after: 3}
	if _, err := w.Follow(t.Context(), w.conn); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	w.Views = w.views
	rest, err := w.Follow(t.Context(), w.conn)
	if err != nil {
		t.Fatal(err)
	}
	whole := newWorld(t)
	all, err := whole.Follow(t.Context(), whole.conn)
	if err != nil || rest.Created != all.Created-3 {
		t.Errorf("%d after 3, want %d together", rest.Created, all.Created)
	}
}

type failing struct {
	store.Views
	after int
}

func (f *failing) CreateDefinition(ctx context.Context, i view.Item, r *store.Receipt) error {
	if f.after--; f.after < 0 {
		return fault.Wrap(errors.New("down"), fault.Unavailable, "unavailable", "store")
	}
	return f.Views.CreateDefinition(ctx, i, r)
}

// TestTwoAtOnce: what a person changes while it is generated is not lost.
func TestTwoAtOnce(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Follow(t.Context(), w.conn); err != nil {
		t.Fatal(err)
	}
	w.schemaChange(t)
	w.Views = &meddling{Views: w.views, t: t}
	done, err := w.Follow(t.Context(), w.conn)
	if err != nil || done.Outdated != 1 {
		t.Fatalf("got %+v, %v", done, err)
	}
	i, err := w.views.Definition(t.Context(), "org_1", view.KindView, "close-user_close_lead_view")
	if err != nil || i.Definition.View.Title != "Mine" || i.State != view.Outdated {
		t.Errorf("got %+v, %v", i, err)
	}
	// Somebody who is always faster.
	w.Views = &meddling{Views: w.views, t: t, always: true}
	w.record(t, "role", "role_1", `{"visibility_user_lcf_ids":["cf_owner"]}`)
	if _, err := w.Follow(t.Context(), w.conn); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func (w *world) schemaChange(t *testing.T) {
	t.Helper()
	o, err := w.schemas.Object(t.Context(), "org_1", "conn_1", "lead")
	if err != nil {
		t.Fatal(err)
	}
	o.Present.Fields = append(o.Present.Fields, schema.Field{Name: "zip", Type: schema.Text})
	o.Rev++
	if err := w.schemas.SaveObject(t.Context(), o, true); err != nil {
		t.Fatal(err)
	}
}

// meddling edits what is about to be updated, once or always.
type meddling struct {
	store.Views
	t      *testing.T
	done   bool
	always bool
}

func (m *meddling) UpdateDefinition(ctx context.Context, i view.Item, r *store.Receipt) error {
	if i.Name == "close-user_close_lead_view" && (!m.done || m.always) {
		m.done = true
		stored, err := m.Definition(ctx, i.Organization, i.Kind, i.Name)
		if err != nil {
			m.t.Fatal(err)
		}
		mine := stored.Clone().Definition
		mine.View.Title = "Mine"
		if err := m.Views.UpdateDefinition(ctx, stored.Edit(mine, "key_1", now()), nil); err != nil {
			m.t.Fatal(err)
		}
	}
	return m.Views.UpdateDefinition(ctx, i, r)
}

func TestMembers(t *testing.T) {
	by := roster.Author{Source: roster.ByAdmin, By: "key_1", At: now()}
	ann := roster.Member{ID: "mem_1", Name: "Ann", Email: "ann@example.com", External: []roster.External{{Connection: "conn_1", ID: "user_1"}, {Connection: "conn_1", ID: "user_7"}}}
	for kind, v := range map[roster.Kind]roster.Value{roster.Active: {Active: true}, roster.RoleKind: {Role: roster.Lead}, roster.Teams: {Teams: []roster.Group{{Name: "East"}}}} {
		if _, err := ann.Set(kind, roster.Span{From: "2026-11-01"}, v, by); err != nil {
			t.Fatal(err)
		}
	}
	got := standard.Members([]roster.Member{ann, {ID: "mem_2", MergedInto: "mem_1"}}, "2026-11-22")
	if len(got) != 1 || got[0].ID != "mem_1" || !got[0].Active || got[0].Role != "manager" || !slices.Equal(got[0].Teams, []string{"East"}) || !slices.Equal(got[0].External["conn_1"], []string{"user_1", "user_7"}) {
		t.Errorf("got %+v", got)
	}
	if before := standard.Members([]roster.Member{ann}, "2026-10-31"); before[0].Active || len(before[0].Teams) != 0 {
		t.Errorf("got %+v", before)
	}
}

// TestSource reads several records at once: each that is there, and no failure is a missing one.
func TestSource(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for n := range 50 {
		id := string(rune('a'+n%26)) + string(rune('a'+n/26))
		ids = append(ids, id, id+" nowhere")
		w.record(t, "lead", id, `{}`)
	}
	of := view.Source{Connection: "conn_1", Object: "lead"}
	got, err := standard.Source{Records: w.records, Organization: "org_1"}.Get(t.Context(), of, ids)
	if err != nil || len(got) != 50 {
		t.Errorf("%d records, %v", len(got), err)
	}
	if got, err := (standard.Source{Records: w.records, Organization: "org_2"}).Get(t.Context(), of, ids); err != nil || len(got) != 0 {
		t.Errorf("another organization has %d records, %v", len(got), err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := (standard.Source{Records: w.records, Organization: "org_1"}).Get(ended, of, ids); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}
