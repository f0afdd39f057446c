package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/roster"
	"leadline/shared/store"
)

func rosterTests() []test {
	return append(rosterMembers().tests(), []test{
		{"a member with nothing but its names is kept", func(t *testing.T, s Stores) {
			m := roster.Member{ID: "mem_a", Organization: "org_a", Rev: 1}
			ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{m}, 0, nil))
			rosterMembers().stands(t, s, "org_a", m)
		}},
		{"each save is an edition, and a save over another is refused", editions},
		{"several members are saved at once, or none", membersAtOnce},
		{"a user leads to its member", usersLead},
		{"a user is one member", usersAreOne},
		{"what cannot be saved at once is refused", func(t *testing.T, s Stores) {
			many := make([]roster.Member, store.MaxMembers+1)
			for i := range many {
				many[i] = bareMember("org_a", fmt.Sprint("mem_", i))
			}
			is(t, s.Roster.SaveMembers(ctx(t), "org_a", many, 0, nil), fault.Invalid, store.CodeTooMany)
			is(t, s.Roster.SaveMembers(ctx(t), "org_a", nil, 0, nil), fault.Invalid, store.CodeTooMany)
			is(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{bareMember("org_b", "mem_a")}, 0, nil), fault.Invalid, "")
			ok(t, s.Roster.SaveMembers(ctx(t), "org_a", many[1:], 0, nil))
			pages(t, sortedMembers(many[1:]), rosterMembers().pages(t, s, "org_a"))
		}},
		{"what is given out is not shared", func(t *testing.T, s Stores) {
			m := newMember("org_a", "mem_a")
			ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{m}, 0, nil))
			got, err := s.Roster.Member(ctx(t), "org_a", "mem_a")
			ok(t, err)
			got.Facts[0].Manager, got.External[0].ID, got.Declined[0] = "changed", "changed", "changed"
			m.Facts[0].Manager = "changed"
			rosterMembers().stands(t, s, "org_a", newMember("org_a", "mem_a"))
		}},
	}...)
}

func editions(t *testing.T, s Stores) {
	edition := func(organization string, want int64) {
		t.Helper()
		got, err := s.Roster.Edition(ctx(t), organization)
		ok(t, err)
		same(t, got, want)
	}
	edition("org_a", 0)
	a, b := bareMember("org_a", "mem_a"), bareMember("org_a", "mem_b")
	ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{a}, 0, nil))
	edition("org_a", 1)
	edition("org_b", 0)
	for _, wrong := range []int64{0, 2, -1} {
		is(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{b}, wrong, nil), fault.Conflict, store.CodeStale)
	}
	edition("org_a", 1)
	_, err := s.Roster.Member(ctx(t), "org_a", "mem_b")
	is(t, err, fault.NotFound, "")
	ok(t, s.Roster.SaveMembers(ctx(t), "org_b", []roster.Member{bareMember("org_b", "mem_a")}, 0, nil))
	oneWins(t, atOnce(t, func(n int) error {
		return s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{bareMember("org_a", fmt.Sprint("mem_", n))}, 1, nil)
	}))
	edition("org_a", 2)
	a.Rev = 3
	is(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{a}, 2, nil), fault.Conflict, store.CodeStale)
	edition("org_a", 2)
	ended, end := context.WithCancel(ctx(t))
	end()
	_, err = s.Roster.Edition(ended, "org_a")
	is(t, err, fault.Unavailable, "")
}

func membersAtOnce(t *testing.T, s Stores) {
	a, b, c := newMember("org_a", "mem_a"), newMember("org_a", "mem_b"), newMember("org_a", "mem_c")
	ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{a, b}, 0, nil))
	receipt := newReceipt("k", base().Add(2*time.Hour))
	changed := rosterMembers().changed(a)
	for _, wrong := range [][]roster.Member{{c, changed, b}, {c, rosterMembers().inRev(changed, 1)}, {changed, b}} {
		err := s.Roster.SaveMembers(ctx(t), "org_a", wrong, 1, &receipt)
		is(t, err, fault.Conflict, "")
		same(t, all(t, 10, rosterMembers().pages(t, s, "org_a")), []roster.Member{a, b})
		_, err = s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
		is(t, err, fault.NotFound, "")
	}
	ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{c, changed}, 1, &receipt))
	same(t, all(t, 10, rosterMembers().pages(t, s, "org_a")), []roster.Member{changed, b, c})
}

func usersLead(t *testing.T, s Stores) {
	a := bareMember("org_a", "mem_a")
	a.External = []roster.External{{Connection: "conn_a", ID: "user_1"}, {Connection: "conn_a", ID: "user#2"}, {Connection: "conn_a#user", ID: "2"}}
	b := bareMember("org_b", "mem_b")
	b.External = a.External[:1]
	ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{a}, 0, nil))
	ok(t, s.Roster.SaveMembers(ctx(t), "org_b", []roster.Member{b}, 0, nil))
	of := func(organization string, e roster.External, want string) {
		t.Helper()
		got, err := s.Roster.MemberOf(ctx(t), organization, e)
		if want == "" {
			is(t, err, fault.NotFound, "")
			return
		}
		ok(t, err)
		same(t, got.ID, want)
	}
	for _, e := range a.External {
		of("org_a", e, "mem_a")
	}
	of("org_b", a.External[0], "mem_b")
	of("org_b", a.External[1], "")
	of("org_a", roster.External{Connection: "conn_b", ID: "user_1"}, "")
	of("org_a", roster.External{Connection: "user_1", ID: "conn_a"}, "")
	// One is given up, one moves to a member that is made in the same call.
	gone, moved := a.External[1], a.External[2]
	a.External, a.Rev = a.External[:1], 2
	c := bareMember("org_a", "mem_c")
	c.External = []roster.External{moved}
	ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{c, a}, 1, nil))
	of("org_a", gone, "")
	of("org_a", moved, "mem_c")
	of("org_a", a.External[0], "mem_a")
	// What was given up is free.
	d := bareMember("org_a", "mem_d")
	d.External = []roster.External{gone}
	ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{d}, 2, nil))
	of("org_a", gone, "mem_d")
}

func usersAreOne(t *testing.T, s Stores) {
	a, b, c := newMember("org_a", "mem_a"), newMember("org_a", "mem_b"), newMember("org_a", "mem_c")
	ok(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{a}, 0, nil))
	b.External = a.External
	is(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{b}, 1, nil), fault.Conflict, store.CodeTaken)
	kept := rosterMembers().changed(a) // it changes, and does not give the user up
	is(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{b, kept}, 1, nil), fault.Conflict, store.CodeTaken)
	b.External = c.External
	is(t, s.Roster.SaveMembers(ctx(t), "org_a", []roster.Member{b, c}, 1, nil), fault.Conflict, store.CodeTaken)
	same(t, all(t, 10, rosterMembers().pages(t, s, "org_a")), []roster.Member{a})
	got, err := s.Roster.MemberOf(ctx(t), "org_a", a.External[0])
	ok(t, err)
	same(t, got.ID, "mem_a")
}

func bareMember(organization, id string) roster.Member {
	return roster.Member{ID: id, Organization: organization, Name: id, CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func sortedMembers(members []roster.Member) []roster.Member {
	by := map[string]roster.Member{}
	for _, m := range members {
		by[m.ID] = m
	}
	var all []roster.Member
	for _, id := range slices.Sorted(maps.Keys(by)) {
		all = append(all, by[id])
	}
	return all
}

func newMember(organization, id string) roster.Member {
	at, crm := base(), roster.External{Connection: "conn_a", ID: "user of " + id}
	return roster.Member{ID: id, Organization: organization, Name: "Imogen Vance", Email: "I.Vance@Example.com", Phone: "+1 555 0100",
		External: []roster.External{crm}, Person: "per_a", Declined: []string{"manager-mem_z", "manager-mem_y"}, CreatedAt: at, UpdatedAt: at, Rev: 1,
		Facts: []roster.Fact{
			{Kind: roster.Manager, Span: roster.Span{From: "2026-01-01", Until: "2026-07-01"}, Value: roster.Value{Manager: "mem_z"}, Source: roster.ByCSV, By: "key_a",
				At: at, Gone: at.Add(time.Hour), GoneBy: "key_b"},
			{Kind: roster.Manager, Span: roster.Span{From: "2026-07-01"}, Source: roster.ByAdmin, By: "key_a", At: at},
			{Kind: roster.Active, Span: roster.Span{Until: "2027-01-01"}, Value: roster.Value{Active: true}, Source: roster.ByCRM, External: crm, By: "conn_a", At: at},
			{Kind: roster.RoleKind, Value: roster.Value{Role: roster.Lead}, Source: roster.ByCRM, External: crm, By: "conn_a", At: at},
			{Kind: roster.Teams, Value: roster.Value{Teams: []roster.Group{{Connection: "conn_a", ID: "group_1", Name: "East"}, {Name: "Own"}}}, Source: roster.ByAdmin, At: at},
			{Kind: roster.AccessKind, Value: roster.Value{Access: roster.Access{Scope: roster.All, RoleID: "role_1", RoleName: "Manager", Permissions: []string{"a", "b"},
				AllRecords: true, VisibleBy: []string{"cf_1"}, Unassigned: true}}, Source: roster.ByCRM, External: crm, By: "conn_a", At: at},
		}}
}

func rosterMembers() resource[roster.Member] {
	save := func(ctx context.Context, s Stores, m roster.Member, r *store.Receipt) error {
		edition, err := s.Roster.Edition(ctx, m.Organization)
		if err != nil {
			return err
		}
		return s.Roster.SaveMembers(ctx, m.Organization, []roster.Member{m}, edition, r)
	}
	return resource[roster.Member]{
		make: newMember,
		changed: func(m roster.Member) roster.Member {
			m = m.Own()
			m.Name, m.Email, m.Phone, m.Person, m.Erased, m.MergedInto = "", "", "", "", true, "mem_other"
			m.Facts, m.Declined, m.UpdatedAt, m.Rev = m.Facts[:len(m.Facts)/2], nil, base().Add(time.Hour), m.Rev+1
			return m
		},
		inRev:  func(m roster.Member, by int64) roster.Member { m.Rev += by; return m },
		id:     func(m roster.Member) string { return m.ID },
		create: save,
		update: func(ctx context.Context, s Stores, m roster.Member, r *store.Receipt) error {
			err := save(ctx, s, m, r)
			if f := fault.Of(err); f != nil && f.Code == store.CodeTaken && m.Rev == 1 {
				return fault.New(fault.Conflict, store.CodeStale, "a Rev of 1 is a creation") // refused in any case
			}
			return err
		},
		get: func(ctx context.Context, s Stores, organization, id string) (roster.Member, error) {
			return s.Roster.Member(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]roster.Member, string, error) {
			return s.Roster.Members(ctx, organization, p)
		},
	}
}
