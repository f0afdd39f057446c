package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/tenant"
)

// exporter writes what is found.
type exporter struct{ *run }

func exporting(r *run) act { return exporter{r} }

// recordData is a record in an export, with its large values.
type recordData struct {
	Version    string         `json:"version"`
	Deleted    bool           `json:"deleted,omitempty"`
	MergedInto string         `json:"merged_into,omitempty"`
	StoredAt   string         `json:"stored_at"`
	Source     record.Source  `json:"source"`
	Fields     record.Fields  `json:"fields"`
	Dormant    *record.Fields `json:"dormant,omitempty"`
}

// historyData is a row of history in an export.
type historyData struct {
	Rev      int64                `json:"rev"`
	Version  string               `json:"version"`
	Deleted  bool                 `json:"deleted,omitempty"`
	StoredAt string               `json:"stored_at"`
	Source   record.Source        `json:"source"`
	Changes  []record.FieldChange `json:"changes"`
}

func (e exporter) records(ctx context.Context, page []looked) error {
	for _, v := range page {
		if !v.whole {
			for _, row := range v.rows {
				if err := e.row(ctx, row); err != nil {
					return err
				}
			}
			continue
		}
		e.found.noteRecord(v.Key)
		if err := e.record(ctx, v.Record); err != nil {
			return err
		}
		err := e.eachRow(ctx, v.Key, func() { e.budget-- }, func(row record.Revision) error {
			e.notePayload(row.Source)
			return e.row(ctx, row)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// notePayload notes the payload of a webhook about a record of the person.
func (r *run) notePayload(s record.Source) {
	if s.Kind == delivery.Webhook && s.Payload.Key != "" {
		r.found.note(r.found.Payloads, placeOf(s.Payload))
	}
}

func (e exporter) record(ctx context.Context, rec record.Record) error {
	data := recordData{Version: rec.Version.String(), Deleted: rec.Deleted, MergedInto: rec.MergedInto, StoredAt: timeText(rec.StoredAt), Source: rec.Source}
	var err error
	if data.Fields, err = e.whole(ctx, rec.Fields, rec.Large); err != nil {
		return err
	}
	if p := rec.Partial; p != nil && len(p.Dormant)+len(p.DormantLarge) > 0 {
		dormant, err := e.whole(ctx, p.Dormant, p.DormantLarge)
		if err != nil {
			return err
		}
		data.Dormant = &dormant
	}
	e.count(CountRecords, 1)
	return e.write(ctx, line{Kind: kindRecord, Connection: rec.Connection, Object: rec.Object, ID: rec.ID, Data: data})
}

// whole gives fields together with those that are kept by themselves.
func (e exporter) whole(ctx context.Context, fields record.Fields, larges map[string]record.Large) (record.Fields, error) {
	if fields = maps.Clone(fields); fields == nil {
		fields = record.Fields{}
	}
	for name, large := range larges {
		value, err := e.large(ctx, &large)
		if err != nil {
			return nil, err
		}
		if value != nil {
			fields[name] = value
		}
	}
	return fields, nil
}

// large reads a value that is kept by itself; nil if it is gone.
func (e exporter) large(ctx context.Context, large *record.Large) (json.RawMessage, error) {
	if large == nil {
		return nil, nil
	}
	value, err := e.Payloads.Get(ctx, large.Key(e.job.Organization))
	e.spent(len(value))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("large field: %w", err)
	}
	return value, nil
}

func (e exporter) row(ctx context.Context, row record.Revision) error {
	data := historyData{Rev: row.Rev, Version: row.Version.String(), Deleted: row.Deleted, StoredAt: timeText(row.StoredAt), Source: row.Source,
		Changes: []record.FieldChange{}}
	for _, c := range row.Changes {
		before, err := e.large(ctx, c.OldLarge)
		if err != nil {
			return err
		}
		after, err := e.large(ctx, c.NewLarge)
		if err != nil {
			return err
		}
		if before != nil {
			c.Old, c.OldLarge = before, nil
		}
		if after != nil {
			c.New, c.NewLarge = after, nil
		}
		data.Changes = append(data.Changes, c)
	}
	e.count(CountHistory, 1)
	return e.write(ctx, line{Kind: kindHistory, Connection: row.Connection, Object: row.Object, ID: row.ID, Data: data})
}

// rowData is a row of a client's payload in an export, by its place from 0.
type rowData struct {
	Index int             `json:"index"`
	Row   json.RawMessage `json:"row"`
}

// payloadData is a payload in an export: all of it, or the rows that are the person's.
type payloadData struct {
	ReceivedAt string            `json:"received_at"`
	Payload    record.PayloadRef `json:"payload"`
	Body       json.RawMessage   `json:"body,omitempty"`
	Rows       []rowData         `json:"rows,omitempty"`
}

func (e exporter) archived(ctx context.Context, o archived) error {
	for _, k := range o.bodies {
		if k.Kind == delivery.Fetch && k.whole { // nobody can tell whose it is besides; the person's records are exported as such
			continue
		}
		data := payloadData{ReceivedAt: timeText(k.ReceivedAt), Payload: k.Payload}
		if k.whole {
			data.Body = shown(k.body)
			e.found.note(e.found.Deliveries, k.Delivery)
		}
		for _, i := range k.rows {
			data.Rows = append(data.Rows, rowData{i, shown(k.row(i))})
		}
		e.count(CountPayloads, 1)
		if err := e.write(ctx, line{Kind: kindPayload, Connection: o.connection.ID, Object: k.contents.Object, ID: k.Delivery, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

func (e exporter) aside(ctx context.Context, a aside) error {
	if string(a.content) == erasedMark { // nothing is left of it
		return nil
	}
	e.count(CountQuarantine, 1)
	return e.write(ctx, line{Kind: kindQuarantine, Connection: a.Connection, Object: a.Object, ID: a.ID, Data: struct {
		Reason     string            `json:"reason"`
		Detail     string            `json:"detail"`
		Mismatches []schema.Mismatch `json:"mismatches,omitempty"`
		Status     string            `json:"status"`
		ReceivedAt string            `json:"received_at"`
		Row        int               `json:"row,omitempty"`
		Content    json.RawMessage   `json:"content"`
	}{string(a.Reason), a.Detail, a.Mismatches, string(a.Status), timeText(a.ReceivedAt), a.Row, shown(a.content)}})
}

func (e exporter) delivered(ctx context.Context, d delivered) error {
	e.count(CountDeliveries, 1)
	return e.write(ctx, line{Kind: kindDelivery, ID: d.ID, Data: struct {
		Destination string             `json:"destination"`
		Event       string             `json:"event"`
		Type        string             `json:"type"`
		Outcome     string             `json:"outcome"`
		CreatedAt   string             `json:"created_at"`
		Attempts    []outbound.Attempt `json:"attempts,omitempty"`
		Body        json.RawMessage    `json:"body"`
	}{d.Destination, d.Event, d.Type, string(d.Outcome), timeText(d.CreatedAt), d.Attempts, shown(d.content)}})
}

// keyData is an API key in an export: nothing that opens anything.
type keyData struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
	RevokedAt string `json:"revoked_at,omitempty"`
}

func (e exporter) person(ctx context.Context, p account) error {
	e.found.note(e.found.People, p.ID)
	keys := make([]keyData, len(p.keys))
	for i, k := range p.keys {
		keys[i] = keyOf(k)
	}
	mail := "all"
	if p.Mail != tenant.MailAll {
		mail = string(p.Mail)
	}
	e.count(CountPeople, 1)
	return e.write(ctx, line{Kind: kindPerson, ID: p.ID, Data: struct {
		Email     string    `json:"email"`
		Name      string    `json:"name"`
		Role      string    `json:"role"`
		Status    string    `json:"status"`
		Mail      string    `json:"mail"`
		CreatedAt string    `json:"created_at"`
		Keys      []keyData `json:"keys"`
	}{p.Email, p.Name, string(p.Role), string(p.Status), mail, timeText(p.CreatedAt), keys}})
}

func keyOf(k tenant.APIKey) keyData {
	return keyData{k.ID, k.Name, string(k.Role), timeText(k.CreatedAt), timeText(k.RevokedAt)}
}
