package dynamo

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/roster"
	"leadline/shared/store"
)

// maxSteps is how many items a transaction takes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxSteps = 100

// Roster implements store.Roster in the table of Tenancy.
type Roster struct{ table }

// NewRoster uses the table of the name, that of Tenancy.
func NewRoster(client Client, table string) *Roster {
	return &Roster{newTable(client, table)}
}

// SaveMembers implements store.Roster in one GetItem for each member that is there already and one transaction: the members,
// the notes of users that come or go, the edition, the receipt.
func (s *Roster) SaveMembers(ctx context.Context, organization string, members []roster.Member, edition int64, receipt *store.Receipt) error {
	const what = "save members"
	if err := store.CheckMembers(organization, members); err != nil {
		return failed(err, what)
	}
	var steps []step
	var at time.Time
	before := roster.Roster{}
	for _, m := range members {
		if m.UpdatedAt.After(at) {
			at = m.UpdatedAt
		}
		if m.Rev == 1 {
			steps = append(steps, s.create(encodeMember(m), unlessThere, nil, taken("member")))
			continue
		}
		old, err := s.Member(ctx, organization, m.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err != nil || old.Rev != m.Rev-1 {
			return fmt.Errorf("store: %s: %w", what, stale("member"))
		}
		before[m.ID] = old
		steps = append(steps, s.replace(encodeMember(m), m.Rev-1, stale("member")))
	}
	users, err := s.userSteps(organization, before, roster.Of(members), members)
	if err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	steps = append(steps, users...)
	steps = s.withReceipt(append(steps, s.advance(organization, edition)), receipt, at)
	if len(steps) > maxSteps {
		return failed(fault.New(fault.Invalid, store.CodeTooMany, "too many users change with the members"), what)
	}
	return s.transact(ctx, what, steps...)
}

// userSteps are those that have users lead to the members that they are now.
func (s *Roster) userSteps(organization string, before, after roster.Roster, members []roster.Member) ([]step, error) {
	owner := map[roster.External]string{}
	for id, m := range before {
		for _, e := range m.External {
			owner[e] = id
		}
	}
	var steps []step
	now := map[roster.External]string{}
	for _, m := range members {
		for _, e := range m.External {
			if now[e] != "" {
				return nil, taken("user")
			}
			now[e] = m.ID
			i := newItem(memberUserKey(organization, e))
			i.setText("belongs_to", m.ID)
			switch from := owner[e]; from {
			case m.ID:
			case "":
				steps = append(steps, s.create(i, unlessThere, nil, taken("user")))
			default:
				steps = append(steps, s.create(i, "belongs_to = :from", item{":from": text(from)}, taken("user")))
			}
		}
	}
	for _, m := range members {
		for _, e := range before[m.ID].External {
			if !after[m.ID].Is(e) && now[e] == "" {
				steps = append(steps, s.remove(memberUserKey(organization, e), "belongs_to = :id", item{":id": text(m.ID)}, stale("member")))
			}
		}
	}
	return steps, nil
}

// advance is the step that counts a change of a roster, if it is still of an edition.
func (s *Roster) advance(organization string, edition int64) step {
	i := newItem(rosterKey(organization))
	i.setNumber("edition", edition+1)
	if edition == 0 {
		return s.create(i, unlessThere, nil, stale("roster"))
	}
	return s.create(i, "edition = :edition", item{":edition": number(edition)}, stale("roster"))
}

// Edition implements store.Roster in one GetItem.
func (s *Roster) Edition(ctx context.Context, organization string) (int64, error) {
	const what = "get roster"
	i, err := s.get(ctx, what, rosterKey(organization), "roster")
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	in := read(i)
	edition := in.number("edition")
	return edition, failed(in.err, what)
}

// Member implements store.Roster in one GetItem.
func (s *Roster) Member(ctx context.Context, organization, id string) (roster.Member, error) {
	const what = "get member"
	i, err := s.get(ctx, what, memberKey(organization, id), "member")
	if err != nil {
		return roster.Member{}, err
	}
	m, err := decodeMember(organization, i)
	return m, failed(err, what)
}

// MemberOf implements store.Roster in two GetItems.
func (s *Roster) MemberOf(ctx context.Context, organization string, external roster.External) (roster.Member, error) {
	const what = "get member of user"
	i, err := s.get(ctx, what, memberUserKey(organization, external), "member")
	if err != nil {
		return roster.Member{}, err
	}
	in := read(i)
	id := in.text("belongs_to")
	if in.err != nil {
		return roster.Member{}, failed(in.err, what)
	}
	return s.Member(ctx, organization, id)
}

// Members implements store.Roster in one Query, for each MB.
func (s *Roster) Members(ctx context.Context, organization string, p store.Page) ([]roster.Member, string, error) {
	q := query{what: "list members", partition: membersPartition(organization), consistent: true}
	return page(ctx, s.table, q, []string{"members", organization}, p, func(i item) (roster.Member, error) {
		return decodeMember(organization, i)
	})
}

func encodeMember(m roster.Member) item {
	i := newItem(memberKey(m.Organization, m.ID))
	i.setText("name", m.Name)
	i.setText("email", m.Email)
	i.setText("phone", m.Phone)
	i["external"] = encodeList(m.External, encodeExternal)
	i.setText("person", m.Person)
	i["facts"] = encodeList(m.Facts, encodeFact)
	i.setTexts("declined", m.Declined)
	i.setText("merged_into", m.MergedInto)
	i.setFlag("erased", m.Erased)
	i.setTime("created_at", m.CreatedAt)
	i.setTime("updated_at", m.UpdatedAt)
	i.setNumber("rev", m.Rev)
	return i
}

func decodeMember(organization string, i item) (roster.Member, error) {
	in := read(i)
	m := roster.Member{ID: unsortable(i.primary().sk), Organization: organization, Name: in.text("name"), Email: in.text("email"),
		Phone: in.text("phone"), External: decodeList(in, "external", decodeExternal), Person: in.text("person"),
		Facts: decodeList(in, "facts", decodeFact), Declined: in.texts("declined"), MergedInto: in.text("merged_into"),
		Erased: in.flag("erased"), CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"), Rev: in.number("rev")}
	return m, in.err
}

func encodeExternal(e roster.External) item {
	i := item{}
	i.setText("connection", e.Connection)
	i.setText("id", e.ID)
	return i
}

func decodeExternal(in *reader) roster.External {
	return roster.External{Connection: in.text("connection"), ID: in.text("id")}
}

func encodeGroup(g roster.Group) item {
	i := item{}
	i.setText("connection", g.Connection)
	i.setText("id", g.ID)
	i.setText("name", g.Name)
	return i
}

func decodeGroup(in *reader) roster.Group {
	return roster.Group{Connection: in.text("connection"), ID: in.text("id"), Name: in.text("name")}
}

// encodeFact keeps names short, for there are many facts.
func encodeFact(f roster.Fact) item {
	i := item{}
	i.setText("kind", string(f.Kind))
	i.setText("from", string(f.From))
	i.setText("until", string(f.Until))
	i.setFlag("active", f.Active)
	i.setText("role", string(f.Role))
	i["teams"] = encodeList(f.Teams, encodeGroup)
	i.setText("manager", f.Manager)
	i.setMap("access", encodeAccess(f.Access))
	i.setText("source", string(f.Source))
	i.setText("connection", f.External.Connection)
	i.setText("user", f.External.ID)
	i.setText("by", f.By)
	i.setNanos("at", f.At)
	i.setNanos("gone", f.Gone)
	i.setText("gone_by", f.GoneBy)
	return i
}

func decodeFact(in *reader) roster.Fact {
	access := in.part("access")
	f := roster.Fact{Kind: roster.Kind(in.text("kind")), Span: roster.Span{From: roster.Date(in.text("from")), Until: roster.Date(in.text("until"))},
		Value: roster.Value{Active: in.flag("active"), Role: roster.Role(in.text("role")), Teams: decodeList(in, "teams", decodeGroup),
			Manager: in.text("manager"), Access: decodeAccess(access)},
		Source: roster.Source(in.text("source")), External: roster.External{Connection: in.text("connection"), ID: in.text("user")},
		By: in.text("by"), At: in.nanos("at"), Gone: in.nanos("gone"), GoneBy: in.text("gone_by")}
	in.fail("access", access.err)
	return f
}

func encodeAccess(a roster.Access) item {
	i := item{}
	i.setText("scope", string(a.Scope))
	i.setText("role", a.RoleID)
	i.setText("role_name", a.RoleName)
	i.setTexts("permissions", a.Permissions)
	i.setFlag("all_records", a.AllRecords)
	i.setTexts("visible_by", a.VisibleBy)
	i.setFlag("unassigned", a.Unassigned)
	return i
}

func decodeAccess(in *reader) roster.Access {
	return roster.Access{Scope: roster.Scope(in.text("scope")), RoleID: in.text("role"), RoleName: in.text("role_name"), Permissions: in.texts("permissions"),
		AllRecords: in.flag("all_records"), VisibleBy: in.texts("visible_by"), Unassigned: in.flag("unassigned")}
}
