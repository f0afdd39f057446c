package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// behind names the place right behind a group: what was done with is not begun again.
func behind(name string) string { return name + "\x00" }

// groups goes through what has names, in their order, from the position on. each tells whether it is through with one.
func (r *run) groups(names []string, each func(name string) (bool, error)) (bool, error) {
	for _, name := range names {
		if name < r.at.Group {
			continue
		}
		if name != r.at.Group {
			r.at.Group, r.at.Sub, r.at.Page, r.at.N = name, "", "", 0
		}
		if done, err := each(name); err != nil || !done {
			return false, err
		}
		r.at.Group, r.at.Sub, r.at.Page, r.at.N = behind(name), "", "", 0
	}
	return true, nil
}

// subs does the same within a group.
func (r *run) subs(names []string, each func(name string) (bool, error)) (bool, error) {
	for _, name := range names {
		if name < r.at.Sub {
			continue
		}
		if name != r.at.Sub {
			r.at.Sub, r.at.Page, r.at.N = name, "", 0
		}
		if done, err := each(name); err != nil || !done {
			return false, err
		}
		r.at.Sub, r.at.Page, r.at.N = behind(name), "", 0
	}
	return true, nil
}

// pages goes through the pages of a list from the position on, until the step has done enough.
func (r *run) pages(each func(cursor string) (next string, err error)) (bool, error) {
	for {
		if r.budget <= 0 {
			return false, nil
		}
		r.budget--
		next, err := each(r.at.Page)
		if err != nil {
			return false, err
		}
		r.at.Page, r.at.N = next, 0
		if next == "" {
			return true, nil
		}
	}
}

// spent notes what is more work than a request: so many bytes.
func (r *run) spent(bytes int) { r.budget -= 1 + bytes/(128<<10) }

// maxPage is the page of a list whose items are small.
const maxPage = 1000

// all reads a whole list that is never long.
func all[T any](ctx context.Context, read func(context.Context, store.Page) ([]T, string, error)) ([]T, error) {
	var items []T
	for page := (store.Page{Limit: maxPage}); ; {
		some, next, err := read(ctx, page)
		if err != nil {
			return nil, err
		}
		items = append(items, some...)
		if page.Cursor = next; next == "" {
			return items, nil
		}
	}
}

// connectionIDs gives the connections of the organization.
func (r *run) connectionIDs(ctx context.Context) ([]string, error) {
	if r.connections == nil {
		var err error
		r.connections, err = all(ctx, func(ctx context.Context, p store.Page) ([]tenant.Connection, string, error) {
			return r.Tenancy.Connections(ctx, r.job.Organization, p)
		})
		if err != nil {
			return nil, fmt.Errorf("connections: %w", err)
		}
	}
	ids := make([]string, len(r.connections))
	for i, c := range r.connections {
		ids[i] = c.ID
	}
	slices.Sort(ids)
	return ids, nil
}

func (r *run) connection(id string) tenant.Connection {
	for _, c := range r.connections {
		if c.ID == id {
			return c
		}
	}
	return tenant.Connection{ID: id, Organization: r.job.Organization}
}

// objectNames gives the objects that a connection has records of: those with a schema, and those that the job names.
func (r *run) objectNames(ctx context.Context, connection string) ([]string, error) {
	var names []string
	objects, err := r.schemas(ctx, connection)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		names = append(names, o.Name)
	}
	for key := range r.who.records {
		if key.Connection == connection {
			names = append(names, key.Object)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (r *run) schemas(ctx context.Context, connection string) ([]schema.Object, error) {
	objects, err := all(ctx, func(ctx context.Context, p store.Page) ([]schema.Object, string, error) {
		return r.Schemas.Objects(ctx, r.job.Organization, connection, p)
	})
	if err != nil {
		return nil, fmt.Errorf("schemas: %w", err)
	}
	return objects, nil
}

// object gives the schema of an object; one without has no settings of its own.
func (r *run) object(ctx context.Context, connection, name string) (schema.Object, error) {
	key := [2]string{connection, name}
	if o, known := r.objects[key]; known {
		return o, nil
	}
	o, err := r.Schemas.Object(ctx, r.job.Organization, connection, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return o, fmt.Errorf("schema: %w", err)
	}
	r.objects[key] = o
	return o, nil
}

// days gives the UTC days on which a connection can have kept payloads. A day more at the beginning costs nothing and
// forgives a clock that is wrong.
func (r *run) days(c tenant.Connection, org tenant.Organization) []string {
	first := c.CreatedAt
	if first.IsZero() {
		first = org.CreatedAt
	}
	var days []string
	for day := first.UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour); !day.After(r.Now()); day = day.Add(24 * time.Hour) {
		days = append(days, day.Format(time.DateOnly))
	}
	return days
}

// read gets an object that a stored reference leads to; found is false for one that is gone. What does not lie where the
// reference says is gone, too: what is Invalid would end the job.
func (r *run) read(ctx context.Context, get func(context.Context) ([]byte, error)) (body []byte, found bool, err error) {
	body, err = get(ctx)
	r.spent(len(body))
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil, false, nil
	}
	return body, err == nil, err
}

// get reads an object by its key, if it is one of the organization's.
func (r *run) get(ctx context.Context, key string) (body []byte, found bool, err error) {
	if !r.owns(key) {
		return nil, false, nil
	}
	return r.read(ctx, func(ctx context.Context) ([]byte, error) { return r.Payloads.Get(ctx, key) })
}

// owns tells whether a key of the payload bucket is one of the organization's: keys come from what is stored.
func (r *run) owns(key string) bool {
	parts := strings.SplitN(key, "/", 3)
	return len(parts) == 3 && parts[1] == r.job.Organization
}

// errRaces is what gives a step back that others were faster than each time.
var errRaces = errors.New("changed by others too often")

// races is how often a write is tried that others are faster with.
const races = 8

func contended(what string) error {
	return fault.Wrap(errRaces, fault.Unavailable, "contended", "privacy: the %s changes too often", what)
}
