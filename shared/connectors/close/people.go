package close

import (
	"cmp"
	"context"
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
	Members []member `json:"members"`
}

type member struct {
	User string `json:"user_id"`
}

// people reads the groups first, a few at a time, then everybody at once. Close knows no reporting line.
func people(ctx context.Context, c connector.Client, cursor string) (connector.PeoplePage, error) {
	var s rosterState
	if cursor != "" {
		if err := json.Unmarshal([]byte(cursor), &s); err != nil || s.Version != cursorVersion {
			return connector.PeoplePage{}, fault.New(fault.Invalid, "invalid_cursor", "The cursor is none of this connector, or of another version of it.")
		}
	} else {
		l, err := getList(ctx, c, pathGroups, nil)
		switch {
		case fault.Is(err, fault.Forbidden): // nobody is in a team
		case err != nil:
			return connector.PeoplePage{}, err
		default:
			s.Rest = rowIDs(l.Data)
		}
	}
	n := min(singles, len(s.Rest))
	for _, id := range s.Rest[:n] {
		var g crew
		if _, err := get(ctx, c, one(pathGroups, id), nil, &g); fault.Is(err, fault.NotFound) {
			continue
		} else if err != nil {
			return connector.PeoplePage{}, err
		}
		s.Known = append(s.Known, g)
	}
	if s.Rest = s.Rest[n:]; len(s.Rest) > 0 {
		s.Version = cursorVersion
		next, _ := json.Marshal(s) // texts and lists of them
		return connector.PeoplePage{Next: string(next)}, nil
	}
	everybody, err := roster(ctx, c, s.Known)
	return connector.PeoplePage{People: everybody}, err
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
		if slices.Contains(g.Members, member{User: w.User}) {
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
