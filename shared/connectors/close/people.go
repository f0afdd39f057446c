package close

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// rosterState is the cursor of people: the groups whose members are known, and those still to be asked for.
type rosterState struct {
	Version int      `json:"v"`
	Known   []crew   `json:"known,omitempty"`
	Rest    []string `json:"rest,omitempty"`
}

// crew is a group with its members: https://developer.close.com/api/resources/groups.
type crew struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []member `json:"members,omitempty"`
	// Tags stand for the members in a cursor, which must be short.
	Tags []string `json:"tags,omitempty"`
}

type member struct {
	User string `json:"user_id"`
}

// tag is short for an id, as good as unique.
func tag(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

func (g crew) has(user string) bool {
	return slices.Contains(g.Members, member{User: user}) || slices.Contains(g.Tags, tag(user))
}

// people reads the groups first, then everybody at once. Close knows no reporting line.
func people(ctx context.Context, c connector.Client, cursor string) (connector.PeoplePage, error) {
	var s rosterState
	if cursor != "" {
		if err := json.Unmarshal([]byte(cursor), &s); err != nil || s.Version != cursorVersion {
			return connector.PeoplePage{}, fault.New(fault.Invalid, "invalid_cursor", "The cursor is none of this connector, or of another version of it.")
		}
	} else if err := s.begin(ctx, c); err != nil {
		return connector.PeoplePage{}, err
	}
	n := min(singles, len(s.Rest))
	for _, id := range s.Rest[:n] {
		var g crew
		if _, err := get(ctx, c, one(pathGroups, id), nil, &g); fault.Is(err, fault.NotFound) {
			continue
		} else if err != nil {
			return connector.PeoplePage{}, err
		}
		for _, m := range g.Members {
			g.Tags = append(g.Tags, tag(m.User))
		}
		g.Members = nil
		s.Known = append(s.Known, g)
	}
	if s.Rest = s.Rest[n:]; len(s.Rest) == 0 {
		everybody, err := roster(ctx, c, s.Known)
		return connector.PeoplePage{People: everybody}, err
	}
	s.Version = cursorVersion
	next, _ := json.Marshal(s) // texts and lists of them
	if len(next) > connector.MaxCursorBytes {
		return connector.PeoplePage{}, fault.New(fault.Invalid, "too_many_members", "Close has more groups with more members than can be kept in mind at once.")
	}
	return connector.PeoplePage{Next: string(next)}, nil
}

// begin lists the groups. Where the list gives their members, as it does to some who ask for them by name, that is all;
// where it does not, each group is asked for by itself.
func (s *rosterState) begin(ctx context.Context, c connector.Client) error {
	var answer struct {
		Data []struct {
			ID      string   `json:"id"`
			Name    string   `json:"name"`
			Members []member `json:"members"`
		} `json:"data"`
	}
	_, err := get(ctx, c, pathGroups, url.Values{"_fields": {"id,name,members"}}, &answer)
	if fault.Is(err, fault.Forbidden) {
		return nil // nobody is in a team
	}
	if err != nil {
		return err
	}
	if answer.Data == nil {
		return unreadable("There is no data in Close's list of groups.")
	}
	for _, g := range answer.Data {
		if g.Members == nil {
			s.Rest = append(s.Rest, g.ID)
		} else {
			s.Known = append(s.Known, crew{ID: g.ID, Name: g.Name, Members: g.Members})
		}
	}
	return nil
}

// worker is a membership as /organization/{id}/ shows it.
type worker struct {
	User        string   `json:"user_id"`
	Name        string   `json:"user_full_name"`
	First       string   `json:"user_first_name"`
	Last        string   `json:"user_last_name"`
	Email       string   `json:"user_email"`
	Phone       string   `json:"user_phone"`
	Role        string   `json:"role_id"`
	Permissions []string `json:"permissions_granted"`
}

// roster joins memberships, users, roles and groups.
func roster(ctx context.Context, c connector.Client, groups []crew) ([]connector.Person, error) {
	_, _, a, err := readOrganization(ctx, c)
	if err != nil {
		return nil, err
	}
	var o struct {
		Active   []worker `json:"memberships"`
		Inactive []worker `json:"inactive_memberships"`
	}
	if err := a.Decode(&o); err != nil {
		return nil, err
	}
	if o.Active == nil {
		return nil, unreadable("There are no memberships in Close's answer.")
	}
	roles, err := readRoles(ctx, c)
	if err != nil {
		return nil, err
	}
	users, err := readUsers(ctx, c)
	if err != nil {
		return nil, err
	}
	byID := map[string]connector.Person{}
	for i, list := range [][]worker{o.Inactive, o.Active} { // who is in both has come back
		for _, w := range list {
			if w.User != "" {
				byID[w.User] = w.person(i == 1, roles, users[w.User], groups)
			}
		}
	}
	everybody := make([]connector.Person, 0, len(byID))
	for _, p := range byID {
		everybody = append(everybody, p)
	}
	slices.SortFunc(everybody, func(a, b connector.Person) int { return cmp.Compare(a.ID, b.ID) })
	return everybody, nil
}

// readUsers reads the rows of /user/ by their ids, for what memberships do not say.
func readUsers(ctx context.Context, c connector.Client) (map[string]map[string]any, error) {
	users := map[string]map[string]any{}
	for s, pages := 0, 0; pages < 100; pages++ { // of 100 each
		v := url.Values{"_limit": {number(pageRows)}}
		if s > 0 {
			v.Set("_skip", number(s))
		}
		l, err := getList(ctx, c, pathUsers, v)
		if err != nil {
			return nil, err
		}
		for _, row := range l.Data {
			if u, ok := row.(map[string]any); ok {
				users[rowID(row)] = u
			}
		}
		if !l.HasMore || len(l.Data) == 0 {
			break
		}
		s += stride(len(l.Data))
	}
	return users, nil
}

func (w worker) person(active bool, roles map[string]role, user map[string]any, groups []crew) connector.Person {
	p := connector.Person{ID: w.User, Name: w.Name, Email: w.Email, Phone: w.Phone, Active: active}
	if p.Name == "" {
		p.Name = strings.TrimSpace(w.First + " " + w.Last)
	}
	if user != nil {
		first, _ := user["first_name"].(string)
		last, _ := user["last_name"].(string)
		email, _ := user["email"].(string)
		p.Name, p.Email = cmp.Or(p.Name, strings.TrimSpace(first+" "+last)), cmp.Or(p.Email, email)
		p.CreatedAt, _ = readTime(user[fieldCreated])
	}
	p.Role = roleOf(w, roles)
	p.Admin = w.Role == "admin" || slices.Contains(p.Role.Permissions, permissionManage)
	for _, g := range groups {
		if g.has(w.User) {
			p.Teams = append(p.Teams, connector.Team{ID: g.ID, Name: g.Name})
		}
	}
	return p
}

// roleOf reads a membership's role. The predefined ones have words for ids, and need not be in the list.
func roleOf(w worker, roles map[string]role) connector.Role {
	r, known := roles[w.Role]
	if !known {
		r.ID = w.Role
		switch w.Role {
		case "admin":
			r.Name, r.Permissions = "Admin", []string{permissionManage, permissionViewAll}
		case "superuser":
			r.Name, r.Permissions = "Super User", []string{permissionViewAll}
		case "user":
			r.Name, r.Permissions = "User", []string{permissionViewAll}
		case "restricteduser":
			r.Name, r.Permissions = "Restricted User", []string{permissionViewAll}
		}
	}
	permissions := slices.Concat(r.Permissions, w.Permissions)
	slices.Sort(permissions)
	out := connector.Role{ID: r.ID, Name: r.Name, Permissions: slices.Compact(permissions), Unassigned: r.Behavior == "allow_unassigned"}
	out.SeesAll = slices.Contains(out.Permissions, permissionViewAll)
	for _, field := range r.VisibleBy {
		out.VisibleBy = append(out.VisibleBy, "custom."+field)
	}
	return out
}
