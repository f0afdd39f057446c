package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/roster"
	"leadline/shared/roster/keeper"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Member is somebody who sells, leads those who do, or administers them.
type Member struct {
	ID         string       `json:"id" example:"mem_4f0c9a2b1x7z"`
	Name       string       `json:"name"`
	Email      string       `json:"email,omitempty"`
	Phone      string       `json:"phone,omitempty"`
	Users      []MemberUser `json:"users" nullable:"false" doc:"The users of CRMs that the member is."`
	Person     string       `json:"person,omitempty" doc:"The account with which the member signs in." example:"per_4f0c9a2b1x7z"`
	At         string       `json:"at" doc:"The day, in the organization's calendar, of which the following is so." example:"2026-11-22"`
	Active     bool         `json:"active" doc:"Works here."`
	Role       string       `json:"role" enum:"partner,manager,admin"`
	Teams      []MemberTeam `json:"teams" nullable:"false"`
	Manager    string       `json:"manager,omitempty" doc:"The member whom this one reports to."`
	Access     string       `json:"access" enum:"own,team,all" doc:"Whose figures were given to the member to see. Admins see all, and who leads somebody sees those too, unless an admin stated the access."`
	MergedInto string       `json:"merged_into,omitempty" doc:"The member that this one turned out to be."`
	Erased     bool         `json:"erased,omitempty" doc:"Name, e-mail and phone were erased."`
	Facts      []MemberFact `json:"facts,omitempty" nullable:"false" doc:"What is said of the member and when that is so. Where an admin said something, that counts. Only where one member is asked for."`
	Past       []MemberFact `json:"past,omitempty" nullable:"false" doc:"What was said and does not count any more, with who changed it when."`
	CreatedAt  time.Time    `json:"created_at"`
	UpdatedAt  time.Time    `json:"updated_at"`
	Rev        int64        `json:"rev" doc:"Counts the changes. Its ETag."`
}

// MemberUser is a user of a CRM.
type MemberUser struct {
	Connection string `json:"connection" example:"conn_4f0c9a2b1x7z"`
	ID         string `json:"id" example:"user_a1"`
}

// MemberTeam is a group of a CRM, or one that an admin named.
type MemberTeam struct {
	Connection string `json:"connection,omitempty" doc:"Absent for a team that an admin named."`
	ID         string `json:"id,omitempty" doc:"The group's id in the CRM."`
	Name       string `json:"name"`
}

// MemberFact is something that is so of a member for a time.
type MemberFact struct {
	Kind    string        `json:"kind" enum:"active,role,teams,manager,access"`
	From    string        `json:"from,omitempty" doc:"The first day; absent for ever since."`
	Until   string        `json:"until,omitempty" doc:"The day when it ends, which is not in it; absent for no end."`
	Active  *bool         `json:"active,omitempty"`
	Role    string        `json:"role,omitempty"`
	Teams   []MemberTeam  `json:"teams,omitempty" nullable:"false"`
	Manager *string       `json:"manager,omitempty" doc:"Empty for nobody."`
	Access  *MemberAccess `json:"access,omitempty"`
	Source  string        `json:"source" enum:"crm,admin,csv"`
	User    *MemberUser   `json:"user,omitempty" doc:"The user of a CRM of whom it is said."`
	By      string        `json:"by" doc:"Who said it: an API key, or the connection."`
	At      time.Time     `json:"at" doc:"When."`
	Gone    *time.Time    `json:"gone,omitempty" doc:"When it was said otherwise."`
	GoneBy  string        `json:"gone_by,omitempty"`
}

// MemberAccess is what somebody may see.
type MemberAccess struct {
	Scope       string   `json:"scope" enum:"own,team,all" doc:"Whose figures."`
	Role        string   `json:"role,omitempty" doc:"The role in the CRM, by its id there."`
	RoleName    string   `json:"role_name,omitempty"`
	Permissions []string `json:"permissions,omitempty" nullable:"false" doc:"What the CRM permits."`
	AllRecords  bool     `json:"all_records" doc:"The CRM shows the records of others."`
	VisibleBy   []string `json:"visible_by,omitempty" nullable:"false" doc:"Otherwise the fields of leads that name who sees them."`
	Unassigned  bool     `json:"unassigned,omitempty" doc:"Leads in which those are empty are seen, too."`
}

func (h *handler) registerRoster(api huma.API) {
	register(api, h, route{
		id: "list-members", method: http.MethodGet, path: "/v1/members", tag: "members", needs: tenant.Reader,
		summary: "List members", text: "By id, as they are on a day. Those that turned out to be another are not listed.", errors: []int{400},
	}, h.listMembers)
	register(api, h, route{
		id: "get-member", method: http.MethodGet, path: "/v1/members/{member}", tag: "members", needs: tenant.Reader,
		summary: "Get a member with all that is said of it", errors: []int{400, 404},
	}, h.getMember)
	register(api, h, route{
		id: "get-member-tree", method: http.MethodGet, path: "/v1/members/tree", tag: "members", needs: tenant.Reader,
		summary: "Get who reports to whom", text: "From the top down: each member is followed by those who report to it. Who works here, and whom they report to.", errors: []int{400},
	}, h.memberTree)
	register(api, h, route{
		id: "link-member", method: http.MethodPut, path: "/v1/members/{member}/person", tag: "members", needs: tenant.Admin,
		summary: "Say with which account a member signs in", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.linkMember)
	registerFact(api, h, roster.Active, "whether a member works here", func(_ roster.Roster, b MemberActive) (roster.Value, error) {
		return roster.Value{Active: b.Value}, nil
	})
	registerFact(api, h, roster.RoleKind, "which role a member has", func(_ roster.Roster, b MemberRole) (roster.Value, error) {
		return roster.Value{Role: roster.Role(b.Value)}, nil
	})
	registerFact(api, h, roster.AccessKind, "whose figures a member sees", func(_ roster.Roster, b MemberScope) (roster.Value, error) {
		return roster.Value{Access: roster.Access{Scope: roster.Scope(b.Value)}}, nil
	})
	registerFact(api, h, roster.Manager, "whom a member reports to", func(all roster.Roster, b MemberManager) (roster.Value, error) {
		if b.Value == "" {
			return roster.Value{}, nil
		}
		id, err := roster.FindMember(all, nil, b.Value)
		return roster.Value{Manager: id}, err
	})
	registerFact(api, h, roster.Teams, "in which teams a member is", func(all roster.Roster, b MemberTeams) (v roster.Value, err error) {
		names := roster.NamesOf(all)
		for _, name := range b.Value {
			team, _, err := names.Find(name)
			if err != nil {
				return v, err
			}
			v.Teams = append(v.Teams, team)
		}
		return v, nil
	})
	h.registerRosterFiles(api)
}

// keeper changes the roster.
func (h *handler) keeper() *keeper.Keeper {
	return keeper.New(keeper.Options{Roster: h.Roster, People: h.Members, Journal: h.Journal, Now: h.Now, Random: h.Random})
}

func (h *handler) author(c caller, s roster.Source) roster.Author {
	return roster.Author{Source: s, By: c.actor, At: h.Now().UTC()}
}

// dayOr reads a day, today if there is none.
func (h *handler) dayOr(ctx context.Context, c caller, text string) (roster.Date, error) {
	if text == "" {
		return h.keeper().Today(ctx, c.organization)
	}
	return calendar.ParseDate(text)
}

// AtInput asks for how things are on a day.
type AtInput struct {
	At string `query:"at" maxLength:"10" example:"2026-11-22" doc:"How things are on this day; today if left out."`
}

type listMembersInput struct {
	PageInput
	AtInput
	Active  string `query:"active" enum:"true,false" doc:"Who works here then, or does not; all if left out."`
	Role    string `query:"role" enum:"partner,manager,admin"`
	Team    string `query:"team" maxLength:"200" doc:"Who is in this team: its name, or its id in the CRM."`
	Manager string `query:"manager" maxLength:"64" doc:"Who reports to this member, directly."`
}

type membersOutput struct{ Body list[Member] }

func (h *handler) listMembers(ctx context.Context, c caller, in *listMembersInput) (*membersOutput, error) {
	at, err := h.dayOr(ctx, c, in.At)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[roster.Member, Member]{
		scope: []string{"members", string(at), in.Active, in.Role, in.Team, in.Manager},
		read: func(ctx context.Context, p store.Page) ([]roster.Member, string, error) {
			return h.Roster.Members(ctx, c.organization, p)
		},
		show: func(m roster.Member) (Member, int, bool) {
			s := m.At(at)
			in := m.MergedInto == "" && (in.Active == "" || s.Active == (in.Active == "true")) && (in.Role == "" || string(s.Role) == in.Role) &&
				(in.Manager == "" || s.Manager == in.Manager) && (in.Team == "" || slices.ContainsFunc(s.Teams, func(g roster.Group) bool {
				return g.ID == in.Team || strings.EqualFold(g.Name, in.Team)
			}))
			return showMember(m, at), 512 + escapedLength([]byte(m.Name+m.Email+m.Phone)) + 200*len(s.Teams) + 100*len(m.External), in
		},
	})
	return &membersOutput{body}, err
}

// MemberInput names a member.
type MemberInput struct {
	Member string `path:"member" maxLength:"64" example:"mem_4f0c9a2b1x7z"`
}

type memberOutput struct {
	ETag string `header:"ETag"`
	Body Member
}

type getMemberInput struct {
	MemberInput
	AtInput
}

func (h *handler) getMember(ctx context.Context, c caller, in *getMemberInput) (*memberOutput, error) {
	at, err := h.dayOr(ctx, c, in.At)
	if err != nil {
		return nil, err
	}
	return h.memberAt(ctx, c, in.Member, at)
}

// memberAt answers with a member as it is on a day, and all that is said of it.
func (h *handler) memberAt(ctx context.Context, c caller, id string, at roster.Date) (*memberOutput, error) {
	m, err := h.Roster.Member(ctx, c.organization, id)
	if err != nil {
		return nil, notFound(err, "There is no member %q.", id)
	}
	out := showMember(m, at)
	for _, f := range m.Facts {
		if f.Gone.IsZero() {
			out.Facts = append(out.Facts, showFact(f))
		} else {
			out.Past = append(out.Past, showFact(f))
		}
	}
	return &memberOutput{ETag: etag(m.Rev), Body: out}, nil
}

type linkMemberInput struct {
	MemberInput
	MatchInput
	Body struct {
		Person string `json:"person" maxLength:"64" doc:"The id of a person; empty for none."`
	} `nameHint:"MemberPerson"`
}

func (h *handler) linkMember(ctx context.Context, c caller, in *linkMemberInput) (*memberOutput, error) {
	if in.Body.Person != "" {
		if _, err := h.person(ctx, c, in.Body.Person); err != nil {
			return nil, err
		}
	}
	explain(ctx, "%s", in.Body.Person)
	err := h.changeMember(ctx, c, in.Member, in.IfMatch, func(all roster.Roster, m *roster.Member) (bool, error) {
		for id, other := range all {
			if in.Body.Person != "" && id != m.ID && other.Person == in.Body.Person {
				return false, fault.New(fault.Conflict, "person_taken", "That is the account of member %s.", id)
			}
		}
		changed := m.Person != in.Body.Person
		m.Person, m.UpdatedAt = in.Body.Person, h.Now().UTC()
		return changed, nil
	})
	if err != nil {
		return nil, err
	}
	return h.memberToday(ctx, c, in.Member)
}

// changeMember changes one member, over the roster that it is part of.
func (h *handler) changeMember(ctx context.Context, c caller, id, ifMatch string, change func(all roster.Roster, m *roster.Member) (bool, error)) error {
	return h.keeper().Change(ctx, c.organization, nil, func(all roster.Roster) ([]roster.Member, error) {
		m, found := all[id]
		if !found {
			return nil, fault.New(fault.NotFound, "not_found", "There is no member %q.", id)
		}
		if err := checkMatch(ifMatch, m.Rev); err != nil {
			return nil, err
		}
		if m.MergedInto != "" {
			return nil, fault.New(fault.Conflict, "merged", "That member turned out to be %s. Change that one.", m.MergedInto)
		}
		m = m.Own()
		changed, err := change(all, &m)
		if err != nil || !changed {
			return nil, err
		}
		return []roster.Member{m}, nil
	})
}

func (h *handler) memberToday(ctx context.Context, c caller, id string) (*memberOutput, error) {
	today, err := h.keeper().Today(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	return h.memberAt(ctx, c, id, today)
}

func showMember(m roster.Member, at roster.Date) Member {
	s := m.At(at)
	out := Member{ID: m.ID, Name: m.Name, Email: m.Email, Phone: m.Phone, Users: []MemberUser{}, Person: m.Person, At: string(at), Active: s.Active,
		Role: string(s.Role), Teams: showTeams(s.Teams), Manager: s.Manager, Access: string(s.Scope), MergedInto: m.MergedInto, Erased: m.Erased,
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt, Rev: m.Rev}
	for _, e := range m.External {
		out.Users = append(out.Users, MemberUser(e))
	}
	return out
}

func showTeams(groups []roster.Group) []MemberTeam {
	teams := []MemberTeam{}
	for _, g := range groups {
		teams = append(teams, MemberTeam(g))
	}
	return teams
}

func showFact(f roster.Fact) MemberFact {
	out := MemberFact{Kind: string(f.Kind), From: string(f.From), Until: string(f.Until), Source: string(f.Source), By: f.By, At: f.At,
		Gone: someTime(f.Gone), GoneBy: f.GoneBy}
	if f.External != (roster.External{}) {
		user := MemberUser(f.External)
		out.User = &user
	}
	switch f.Kind {
	case roster.Active:
		out.Active = &f.Active
	case roster.RoleKind:
		out.Role = string(f.Role)
	case roster.Teams:
		out.Teams = showTeams(f.Teams)
	case roster.Manager:
		out.Manager = &f.Manager
	case roster.AccessKind:
		a := f.Access
		out.Access = &MemberAccess{Scope: string(a.Scope), Role: a.RoleID, RoleName: a.RoleName, Permissions: a.Permissions, AllRecords: a.AllRecords,
			VisibleBy: a.VisibleBy, Unassigned: a.Unassigned}
	}
	return out
}
