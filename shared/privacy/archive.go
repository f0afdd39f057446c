package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/push"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// indexPage is how many objects of kept payloads are looked at together: one can be large.
const indexPage = 10

// archived is an object of kept payloads with something of the person in it.
type archived struct {
	connection tenant.Connection
	key        string
	bytes      []byte
	bodies     []kept
}

// kept is a body with something of the person in it.
type kept struct {
	delivery.PayloadEntry
	body []byte
	match
}

// match is what of a body is the person's.
type match struct {
	// whole says that all of it is; rows are the places, from 0, of those rows that are, of a client's body or of a page that
	// was read.
	whole bool
	rows  []int
	// contents are those of a client's body.
	contents push.Contents
	// page are all rows of a page that was read, by their places in body.
	page []span
	body []byte
}

// row gives one of the rows; nil if there is none.
func (m match) row(i int) json.RawMessage {
	switch {
	case i < 0 || i >= max(len(m.page), len(m.contents.Rows)):
		return nil
	case m.page != nil:
		return m.body[m.page[i].from:m.page[i].until]
	}
	return m.contents.Rows[i]
}

func (m match) none() bool { return !m.whole && len(m.rows) == 0 }

// walkArchive looks at all kept payloads, by connection and day.
func (r *run) walkArchive(ctx context.Context) (bool, error) {
	connections, err := r.connectionIDs(ctx)
	if err != nil {
		return false, err
	}
	org, err := r.Tenancy.Organization(ctx, r.job.Organization)
	if err != nil {
		return false, fmt.Errorf("organization: %w", err)
	}
	return r.groups(connections, func(id string) (bool, error) {
		connection := r.connection(id)
		return r.subs(r.days(connection, org), func(date string) (bool, error) {
			day, err := time.Parse(time.DateOnly, date)
			if err != nil {
				return false, fmt.Errorf("day: %w", err)
			}
			return r.pages(func(cursor string) (string, error) {
				indexes, next, err := r.Intake.Payloads(ctx, r.job.Organization, id, day, store.Page{Cursor: cursor, Limit: indexPage})
				if err != nil {
					return "", fmt.Errorf("indexes: %w", err)
				}
				for _, index := range indexes {
					if err := r.lookAtObject(ctx, connection, index); err != nil {
						return "", err
					}
				}
				return next, nil
			})
		})
	})
}

func (r *run) lookAtObject(ctx context.Context, connection tenant.Connection, index delivery.PayloadIndex) error {
	object, found, err := r.get(ctx, index.Object)
	if err != nil || !found { // what is gone was forgotten for its age
		return err
	}
	o := archived{connection: connection, key: index.Object, bytes: object}
	for _, e := range index.Entries {
		r.count(CountDone, 1)
		p := e.Payload
		if p.Offset < 0 || p.Length <= 0 || p.Offset > int64(len(object)) || p.Length > int64(len(object))-p.Offset {
			r.count(CountUnreadable, 1)
			continue
		}
		body, err := delivery.Unpack(object[p.Offset : p.Offset+p.Length])
		if err != nil {
			r.count(CountUnreadable, 1)
			continue
		}
		m, err := r.judge(ctx, connection, e.Kind, p, body)
		if err != nil {
			return err
		}
		if !m.none() {
			o.bodies = append(o.bodies, kept{PayloadEntry: e, body: body, match: m})
		}
	}
	if len(o.bodies) == 0 {
		return nil
	}
	return r.act.archived(ctx, o)
}

// judge tells what of a kept body is the person's.
func (r *run) judge(ctx context.Context, c tenant.Connection, kind string, at record.PayloadRef, body []byte) (match, error) {
	if isErased(body) {
		return match{}, nil
	}
	if c.Connector == tenant.ClientConnector {
		return r.judgeRows(ctx, c, body)
	}
	if kind == delivery.Fetch {
		return r.judgePage(c, body), nil
	}
	if r.found.Payloads[placeOf(at)] || r.who.JSON(body) || r.isAbout(c, body) {
		return match{whole: true}, nil
	}
	return match{}, nil
}

// isAbout tells whether a webhook is about a record of the person.
func (r *run) isAbout(c tenant.Connection, body []byte) bool {
	definition, known := r.Connectors[c.Connector]
	if len(r.found.Records[c.ID]) == 0 || !known || definition.Webhook == nil {
		return false
	}
	changes, err := definition.Webhook.Parse(body)
	if err != nil { // it was set aside, and is about no record
		return false
	}
	for _, change := range changes {
		if r.found.hasRecord(c.ID, change.Object, change.ID) {
			return true
		}
	}
	return false
}

// judgeRows tells which rows of a client's body are the person's. A body that has no rows is one whole.
func (r *run) judgeRows(ctx context.Context, c tenant.Connection, body []byte) (match, error) {
	contents, err := push.ReadBody(body)
	if err != nil {
		return match{whole: r.who.JSON(body)}, nil
	}
	m := match{contents: contents}
	var ids map[string]bool
	idField := push.DefaultIDField
	if ids = r.found.Records[c.ID][contents.Object]; len(ids) > 0 {
		o, err := r.object(ctx, c.ID, contents.Object)
		if err != nil {
			return match{}, err
		}
		if o.IDField != "" {
			idField = o.IDField
		}
	}
	for i, row := range contents.Rows {
		if r.who.JSON(row) || len(ids) > 0 && ids[rowID(row, idField)] {
			m.rows = append(m.rows, i)
		}
	}
	return m, nil
}

// rowID gives the id of the record that a row is about, as intake reads it, whatever else is wrong with the row; empty if
// it has none.
func rowID(row json.RawMessage, idField string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(row, &fields) != nil || fields[idField] == nil {
		return ""
	}
	bare := record.Fields{idField: fields[idField]}
	if idField != push.ActionField {
		bare[push.ActionField] = json.RawMessage(`"delete"`)
	}
	r, err := push.Judge(bare.Canonical(), 1, push.Settings{IDField: idField})
	if err != nil {
		return ""
	}
	return r.ID
}

// cachedBody is the payload that was read last: the entries of one batch lie side by side.
type cachedBody struct {
	place string
	body  []byte
	found bool
	match
}

// payload reads a payload by its reference and tells what of it is the person's.
func (r *run) payload(ctx context.Context, c tenant.Connection, kind string, p record.PayloadRef) (cachedBody, error) {
	place := placeOf(p)
	if r.lastBody.place == place {
		return r.lastBody, nil
	}
	b := cachedBody{place: place}
	if !r.owns(p.Key) {
		return b, nil
	}
	packed, found, err := r.read(ctx, func(ctx context.Context) ([]byte, error) {
		return r.Payloads.GetRange(ctx, p.Key, p.Offset, p.Length)
	})
	if err != nil {
		return b, fmt.Errorf("payload: %w", err)
	}
	if found {
		if b.body, err = delivery.Unpack(packed); err != nil {
			r.count(CountUnreadable, 1)
		} else {
			b.found = true
			if b.match, err = r.judge(ctx, c, kind, p, b.body); err != nil {
				return b, err
			}
		}
	}
	r.lastBody = b
	return b, nil
}
