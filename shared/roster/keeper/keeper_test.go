package keeper_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/roster"
	"leadline/shared/roster/keeper"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const (
	ours = "org_000000000001"
	crm  = "conn_crm"
)

// world is a keeper over memory.
type world struct {
	*keeper.Keeper
	t       *testing.T
	members *memory.Roster
	people  *memory.Members
	journal *memory.Journal
	now     time.Time
}

func newWorld(t *testing.T) *world {
	tenancy := memory.NewTenancy()
	w := &world{t: t, members: memory.NewRoster(tenancy), people: memory.NewMembers(tenancy), journal: memory.NewJournal(),
		now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.Keeper = w.over(w.members)
	return w
}

// over is a keeper over another store.
func (w *world) over(s store.Roster) *keeper.Keeper {
	return keeper.New(keeper.Options{Roster: s, People: w.people, Journal: w.journal, Now: func() time.Time { return w.now }, Random: rand.Reader})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) all() []roster.Member {
	w.t.Helper()
	members, _, err := w.members.Members(w.t.Context(), ours, store.Page{Limit: store.MaxLimit})
	w.must(err)
	return members
}

// of gives the member that a user is.
func (w *world) of(user string) roster.Member {
	w.t.Helper()
	m, err := w.members.MemberOf(w.t.Context(), ours, roster.External{Connection: crm, ID: user})
	w.must(err)
	return m
}

func (w *world) notices() []notice.Notice {
	w.t.Helper()
	notices, _, err := w.journal.Notices(w.t.Context(), ours, store.Page{Limit: 100})
	w.must(err)
	return notices
}

func (w *world) admin() roster.Author {
	return roster.Author{Source: roster.ByAdmin, By: "key_1", At: w.now}
}

func user(id string) roster.User {
	return roster.User{ExternalID: id, Name: "U " + id, Email: id + "@example.com", Active: true}
}

func users(n int) []roster.User {
	var all []roster.User
	for i := range n {
		all = append(all, user(fmt.Sprintf("u%03d", i)))
	}
	return all
}

func codeOf(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	return fmt.Sprint(err)
}

func TestSync(t *testing.T) {
	w := newWorld(t)
	w.must(w.people.CreatePerson(t.Context(), tenant.Person{ID: "per_1", Organization: ours, Email: "U001@example.com", Rev: 1}, nil))
	w.must(w.people.CreatePerson(t.Context(), tenant.Person{ID: "per_2", Organization: ours, Email: "u002@example.com", Status: tenant.Offboarded, Rev: 1}, nil))
	staff := users(70) // more than one save
	staff[0].Role.Name, staff[0].Teams, staff[1].Teams = "Sales Manager", []roster.UserTeam{{ID: "g", Name: "East"}}, []roster.UserTeam{{ID: "g", Name: "East"}}
	r, err := w.Sync(t.Context(), ours, crm, staff, w.now)
	if err != nil || r.New != 70 || r.Changed != 0 || r.Proposals != 69 {
		t.Fatalf("got %+v %v", r, err)
	}
	if w.of("u001").Person != "per_1" || w.of("u002").Person != "" {
		t.Error("the accounts are linked otherwise")
	}
	again, err := w.Sync(t.Context(), ours, crm, staff, w.now)
	if err != nil || again.New+again.Changed != 0 {
		t.Fatalf("again: %+v %v", again, err)
	}
	edition, err := w.members.Edition(t.Context(), ours)
	if w.must(err); edition != 4 {
		t.Errorf("%d saves, want 4", edition)
	}
	entries, _, err := w.journal.Entries(t.Context(), ours, store.AuditFilter{Operation: keeper.OperationSync}, store.Page{Limit: 10})
	if err != nil || len(entries) != 1 || entries[0].Actor != crm || !strings.Contains(entries[0].Detail, "70 new") {
		t.Errorf("noted %+v %v", entries, err)
	}
	if got := w.notices(); len(got) != 1 || got[0].Kind != notice.ManagersProposed || !strings.Contains(got[0].Text, "69 proposals") {
		t.Errorf("told %+v", got)
	}
	for _, m := range w.all() {
		if m.Organization != ours || m.Rev != 1 || !strings.HasPrefix(m.ID, "mem_") || len(m.ID) != 16 {
			t.Fatalf("stored %+v", m)
		}
	}
}

func TestTheDaysAreThoseOfTheOrganization(t *testing.T) {
	w := newWorld(t)
	w.now = time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	w.Zone = func(context.Context, string) (*time.Location, error) { return time.FixedZone("east", 3600), nil }
	u := user("u")
	_, err := w.Sync(t.Context(), ours, crm, []roster.User{u}, w.now)
	w.must(err)
	w.now = w.now.Add(time.Hour)
	u.Admin = true
	_, err = w.Sync(t.Context(), ours, crm, []roster.User{u}, w.now)
	w.must(err)
	if m := w.of("u"); m.At("2026-11-23").Role != roster.Admin || m.At("2026-11-22").Role != roster.Partner {
		t.Errorf("got %+v", m.Facts)
	}
	if today, err := w.Today(t.Context(), ours); err != nil || today != "2026-11-23" {
		t.Errorf("today is %s %v", today, err)
	}
	w.Zone = func(context.Context, string) (*time.Location, error) { return nil, errors.New("down") }
	if _, err := w.Sync(t.Context(), ours, crm, []roster.User{u}, w.now); err == nil {
		t.Error("no zone, no error")
	}
}

func TestWhatNeedsAnAdminIsTold(t *testing.T) {
	w := newWorld(t)
	staff := users(20)
	_, err := w.Sync(t.Context(), ours, crm, staff, w.now)
	w.must(err)
	if got := w.notices(); len(got) != 0 {
		t.Errorf("told %+v", got)
	}
	for range 2 {
		r, err := w.Sync(t.Context(), ours, crm, staff[10:], w.now)
		if w.must(err); len(r.Held) != 10 {
			t.Errorf("held %v", r.Held)
		}
	}
	if got := w.notices(); len(got) != 1 || !strings.Contains(got[0].Text, "10 members no more") {
		t.Errorf("told %+v", got)
	}
	staff[0].Manager, staff[1].Manager = "u001", "u000"
	if _, err = w.Sync(t.Context(), ours, crm, staff, w.now.Add(time.Second)); err != nil || len(w.notices()) != 2 {
		t.Errorf("told %+v %v", w.notices(), err)
	}
}

// racing has somebody else change the roster before each of the first saves.
type racing struct {
	store.Roster
	races int
}

func (r *racing) SaveMembers(ctx context.Context, organization string, members []roster.Member, edition int64, receipt *store.Receipt) error {
	if r.races--; r.races >= 0 {
		n, err := r.Edition(ctx, organization)
		other := roster.Member{ID: fmt.Sprintf("mem_other%d", r.races), Organization: organization, Email: "u000@example.com", Rev: 1}
		if err := errors.Join(err, r.Roster.SaveMembers(ctx, organization, []roster.Member{other}, n, nil)); err != nil {
			return err
		}
	}
	return r.Roster.SaveMembers(ctx, organization, members, edition, receipt)
}

func TestOthersAreFaster(t *testing.T) {
	w := newWorld(t)
	if r, err := w.over(&racing{w.members, 1}).Sync(t.Context(), ours, crm, users(1), w.now); err != nil || r.Linked != 1 || w.of("u000").ID != "mem_other0" {
		t.Errorf("it does not see what came between: %+v %v", r, err)
	}
	_, err := w.over(&racing{w.members, 100}).Sync(t.Context(), ours, "conn_two", users(30), w.now)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// dying fails at a save.
type dying struct {
	store.Roster
	saves int
}

func (d *dying) SaveMembers(ctx context.Context, organization string, members []roster.Member, edition int64, r *store.Receipt) error {
	if d.saves--; d.saves < 0 {
		return fault.New(fault.Unavailable, "unavailable", "down")
	}
	return d.Roster.SaveMembers(ctx, organization, members, edition, r)
}

// TestASyncThatDiesGoesOn: at each save, and the whole again ends as if nothing had been.
func TestASyncThatDiesGoesOn(t *testing.T) {
	for saves := range 4 {
		w := newWorld(t)
		if _, err := w.over(&dying{w.members, saves}).Sync(t.Context(), ours, crm, users(70), w.now); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("got %v", err)
		}
		if r, err := w.Sync(t.Context(), ours, crm, users(70), w.now); err != nil || len(w.all()) != 70 || r.New != 70-20*saves {
			t.Errorf("after %d saves: %d members, %+v %v", saves, len(w.all()), r, err)
		}
	}
}

// TestNobodyComesToLeadHimself though two change different members at once.
func TestNobodyComesToLeadHimself(t *testing.T) {
	w := newWorld(t)
	_, err := w.Sync(t.Context(), ours, crm, users(2), w.now)
	w.must(err)
	a, b := w.of("u000").ID, w.of("u001").ID
	errs := make(chan error)
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		go func() {
			errs <- w.Change(context.Background(), ours, nil, func(members roster.Roster) ([]roster.Member, error) {
				m := members[pair[0]].Own()
				_, err := m.Set(roster.Manager, roster.Span{}, roster.Value{Manager: pair[1]}, w.admin())
				return []roster.Member{m}, err
			})
		}()
	}
	got := []string{codeOf(<-errs), codeOf(<-errs)}
	slices.Sort(got)
	if got[0] != "<nil>" && got[1] != "<nil>" || !slices.Contains(got, "circular") {
		t.Errorf("got %v", got)
	}
}

func TestImport(t *testing.T) {
	w := newWorld(t)
	_, err := w.Sync(t.Context(), ours, crm, users(3), w.now)
	w.must(err)
	w.must(w.people.CreatePerson(t.Context(), tenant.Person{ID: "per_1", Organization: ours, Email: "new@example.com", Rev: 1}, nil))
	file := []byte("email,manager,name\nu001@example.com,u000@example.com,\nnew@example.com,u001@example.com,New\n")
	by := roster.Author{Source: roster.ByCSV, By: "key_1", At: w.now}
	dry, err := w.Import(t.Context(), ours, file, by, true)
	if err != nil || len(dry.Changes) != 2 || len(w.all()) != 3 || w.of("u001").At("2026-11-22").Manager != "" {
		t.Fatalf("dry: %+v %v", dry, err)
	}
	bad, err := w.Import(t.Context(), ours, append(file, "nobody@example.com,,\n"...), by, false)
	if err != nil || len(bad.Errors) != 1 || bad.Errors[0].Line != 4 || len(bad.Changes) > 0 || len(w.all()) != 3 {
		t.Errorf("all or nothing: %+v %v", bad, err)
	}
	cells, err := w.Import(t.Context(), ours, append(file, "a,b,c,d\n"...), by, false)
	if err != nil || len(cells.Errors) != 1 || len(cells.Changes) > 0 || len(w.all()) != 3 {
		t.Errorf("a row that cannot be read: %+v %v", cells, err)
	}
	for i, want := range []int{2, 0} {
		done, err := w.Import(t.Context(), ours, file, by, false)
		if err != nil || len(done.Changes) != want || len(w.all()) != 4 {
			t.Errorf("time %d: %+v %v", i, done, err)
		}
	}
	if !slices.ContainsFunc(w.all(), func(m roster.Member) bool { return m.Person == "per_1" && m.Name == "New" }) {
		t.Error("the account of the new member is not found")
	}
	if _, err := w.Import(t.Context(), ours, nil, by, false); codeOf(err) != "invalid_csv" {
		t.Errorf("got %v", err)
	}
}

func TestProposalsAreDecided(t *testing.T) {
	w := newWorld(t)
	staff := users(4)
	for i := range staff {
		staff[i].Teams = []roster.UserTeam{{ID: "g", Name: "East"}}
	}
	staff[0].Role.Name, staff[1].Role.Name = "Manager", "Manager"
	_, err := w.Sync(t.Context(), ours, crm, staff, w.now)
	w.must(err)
	all, members, err := w.Proposals(t.Context(), ours)
	if err != nil || len(all) != 2 || len(all[0].Candidates) != 2 || len(members) != 4 {
		t.Fatalf("proposed %+v %v", all, err)
	}
	a, b, rep, other := w.of("u000").ID, w.of("u001").ID, w.of("u002").ID, w.of("u003").ID
	accept := func(id, candidate string) error {
		_, err := w.Accept(t.Context(), ours, id, candidate, roster.Span{From: "2026-01-01"}, w.admin())
		return err
	}
	if got := codeOf(accept("manager-"+rep, "")); got != "ambiguous_proposal" {
		t.Errorf("got %s", got)
	}
	if got := codeOf(accept("manager-"+rep, other)); got != "no_candidate" {
		t.Errorf("got %s", got)
	}
	for range 2 {
		w.must(accept("manager-"+rep, b))
	}
	if m := w.of("u002"); m.At("2026-01-01").Manager != b || m.At("2025-12-31").Manager != "" {
		t.Errorf("got %+v", m.Facts)
	}
	for _, id := range []string{"manager-" + rep, "manager-nobody", "x", "same_person-" + rep} {
		if got := codeOf(accept(id, a)); got != "not_found" {
			t.Errorf("%s: %s", id, got)
		}
		if got := codeOf(w.Refuse(t.Context(), ours, id, a, w.admin())); got != "not_found" {
			t.Errorf("%s: %s", id, got)
		}
	}
	refuse := func(candidate string) error {
		return w.Refuse(t.Context(), ours, "manager-"+other, candidate, w.admin())
	}
	if got := codeOf(refuse(rep)); got != "no_candidate" {
		t.Errorf("got %s", got)
	}
	for range 2 {
		w.must(refuse(a))
	}
	if all, _, _ := w.Proposals(t.Context(), ours); len(all) != 1 || len(all[0].Candidates) != 1 || all[0].Candidates[0].Member != b {
		t.Errorf("proposed %+v", all)
	}
	for range 2 {
		w.must(refuse(""))
	}
	if all, _, _ := w.Proposals(t.Context(), ours); len(all) != 0 {
		t.Errorf("proposed %+v", all)
	}
}

func TestTwoBecomeOne(t *testing.T) {
	w := newWorld(t)
	twice := users(2)
	twice[1].Email = twice[0].Email
	_, err := w.Sync(t.Context(), ours, crm, twice, w.now)
	w.must(err)
	all, _, err := w.Proposals(t.Context(), ours)
	if err != nil || len(all) != 1 || all[0].Kind != roster.ProposeSame {
		t.Fatalf("proposed %+v %v", all, err)
	}
	for range 2 {
		into, err := w.Accept(t.Context(), ours, all[0].ID, "", roster.Span{}, w.admin())
		if err != nil || w.of("u000").ID != into || w.of("u001").ID != into {
			t.Errorf("%s %v", into, err)
		}
	}
	if r, err := w.Sync(t.Context(), ours, crm, twice, w.now.Add(time.Hour)); err != nil || r.New+r.Changed > 0 || r.Proposals > 0 {
		t.Errorf("the next sync: %+v %v", r, err)
	}
}

func TestErase(t *testing.T) {
	w := newWorld(t)
	_, err := w.Sync(t.Context(), ours, crm, users(1), w.now)
	w.must(err)
	id := w.of("u000").ID
	for range 2 {
		w.must(w.Erase(t.Context(), ours, id))
	}
	u := user("u000")
	u.Admin = true
	_, err = w.Sync(t.Context(), ours, crm, []roster.User{u}, w.now.Add(time.Hour))
	w.must(err)
	if m := w.of("u000"); m.Name+m.Email+m.Phone+m.Person != "" || m.At("2026-11-22").Role != roster.Admin || m.ID != id {
		t.Errorf("got %+v", m)
	}
	if err := w.Erase(t.Context(), ours, "mem_nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}
