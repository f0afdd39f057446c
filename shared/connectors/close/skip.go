package close

import (
	"context"
	"net/url"
	"slices"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// skip is where the reading of a list by offset stands: one that has no filter. Rows that are added and deleted meanwhile
// shift such a list, so that each page reads the end of the one before once more.
type skip struct {
	Skip int      `json:"skip"`
	Seen []string `json:"seen,omitempty"`
}

// readSkip reads the next rows of a list; the next state is nil behind the last. A list that takes no offset is asked
// without one, unless it says that it has more.
func (p *pull) readSkip(ctx context.Context, s *skip, path string, v url.Values, pages bool) (*skip, error) {
	if v == nil {
		v = url.Values{}
	}
	if pages {
		v.Set("_limit", number(pageRows))
	}
	if s.Skip > 0 {
		v.Set("_skip", number(s.Skip))
	}
	l, err := getList(ctx, p.client, path, v)
	if refusedAs(err, codeMaxSkip) {
		return nil, fault.New(fault.Invalid, "list_too_deep", "Close does not let the list of %s be read to its end: "+
			"it allows no larger offset than %d, and offers no filter.", p.kind.title, s.Skip)
	}
	if err != nil {
		return nil, err
	}
	p.from(l.answer)
	fresh := 0
	for _, row := range l.Data {
		if id := rowID(row); id != "" && slices.Contains(s.Seen, id) {
			p.rows++ // read before
			continue
		}
		p.add(row)
		fresh++
	}
	switch {
	case !l.HasMore || len(l.Data) == 0:
		return nil, nil
	case fresh == 0:
		return &skip{Skip: s.Skip + len(l.Data), Seen: rowIDs(l.Data)}, nil
	}
	return &skip{Skip: s.Skip + stride(len(l.Data)), Seen: rowIDs(l.Data)}, nil
}

// readShort reads a short list.
func (p *pull) readShort(ctx context.Context, at position) (*position, error) {
	s := at.Skip
	if s == nil {
		s = &skip{}
	}
	next, err := p.readSkip(ctx, s, p.kind.path, nil, p.kind.pages)
	if err != nil || next == nil {
		return nil, err
	}
	return &position{Skip: next}, nil
}

// singles is how many records are asked for one by one within one page.
const singles = 5

// readGroups reads the list of groups, then each with its members, which the list does not give.
func (p *pull) readGroups(ctx context.Context, at position) (*position, error) {
	if at.Groups == nil {
		l, err := getList(ctx, p.client, pathGroups, nil)
		if err != nil {
			return nil, err
		}
		p.from(l.answer)
		if len(l.Data) == 0 {
			return nil, nil
		}
		return &position{Groups: rowIDs(l.Data)}, nil
	}
	rest, err := p.readSingles(ctx, at.Groups, false)
	if err != nil || len(rest) == 0 {
		return nil, err
	}
	return &position{Groups: rest}, nil
}

// readSingles reads the first few records by their ids and gives the others. missing says whether those that are not there
// are told.
func (p *pull) readSingles(ctx context.Context, ids []string, missing bool) (rest []string, err error) {
	n := min(singles, len(ids))
	for _, id := range ids[:n] {
		var row any
		a, err := get(ctx, p.client, one(p.kind.path, id), nil, &row)
		switch {
		case fault.Is(err, fault.NotFound):
			if missing {
				p.page.Missing = append(p.page.Missing, id)
			}
			continue
		case err != nil:
			return nil, err
		}
		p.from(a)
		p.add(row)
	}
	return ids[n:], nil
}

// organization is what /organization/{id}/ says of who works there.
type organization struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Active   []map[string]any `json:"memberships"`
	Inactive []map[string]any `json:"inactive_memberships"`
}

// whoami is what /me/ says that is needed.
type whoami struct {
	ID            string         `json:"id"`
	Email         string         `json:"email"`
	First         string         `json:"first_name"`
	Last          string         `json:"last_name"`
	Memberships   []membership   `json:"memberships"`
	Organizations []organization `json:"organizations"`
}

type membership struct {
	Organization string   `json:"organization_id"`
	Role         string   `json:"role_id"`
	Permissions  []string `json:"permissions_granted"`
}

// organization gives the id of the organization that the login belongs to: an API key and an access token belong to one.
func (w whoami) organization() string {
	switch {
	case len(w.Organizations) > 0:
		return w.Organizations[0].ID
	case len(w.Memberships) > 0:
		return w.Memberships[0].Organization
	}
	return ""
}

// readOrganization asks who we are, then for the organization.
func readOrganization(ctx context.Context, c connector.Client) (me whoami, o organization, a connector.Answer, err error) {
	if _, err = get(ctx, c, pathMe, nil, &me); err != nil {
		return me, o, a, err
	}
	if me.organization() == "" {
		return me, o, a, unreadable("Close does not say which organization the login belongs to.")
	}
	a, err = get(ctx, c, one(pathOrganizations, me.organization()), nil, &o)
	if err == nil && o.ID == "" {
		err = unreadable("Close's answer does not say what the organization is.")
	}
	return me, o, a, err
}

// readMemberships reads all memberships. In which list one stands says whether it is active.
func (p *pull) readMemberships(ctx context.Context) error {
	_, o, a, err := readOrganization(ctx, p.client)
	if err != nil {
		return err
	}
	if o.Active == nil {
		return unreadable("There are no memberships in Close's answer.")
	}
	p.from(a)
	active := map[string]bool{}
	for _, m := range o.Active {
		active[rowID(m)] = true
		m[fieldActive] = true
		p.add(m)
	}
	for _, m := range o.Inactive {
		if !active[rowID(m)] {
			m[fieldActive] = false
			p.add(m)
		}
	}
	return nil
}
