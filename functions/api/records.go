package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Record is the present state of one record.
type Record struct {
	ID         string                 `json:"id" doc:"As the source calls it."`
	Object     string                 `json:"object" example:"opportunity"`
	Rev        int64                  `json:"rev" doc:"Counts the changes to the record, from 1."`
	Version    time.Time              `json:"version" doc:"When the source last changed the record, as it says itself. What is older is ignored."`
	Deleted    bool                   `json:"deleted" doc:"The record is gone at the source; it has no fields any more."`
	MergedInto string                 `json:"merged_into,omitempty" doc:"The record that this one was merged into."`
	Contested  bool                   `json:"contested" doc:"The source sent two contents with one version; this is one of them."`
	Fields     Fields                 `json:"fields"`
	Large      map[string]LargeSketch `json:"large,omitempty" doc:"Stands for the fields that are too large to be shown here. In lists: get the record to read them. In the record itself: the largest, where all its values together are longer than 4 MiB."`
	Source     Source                 `json:"source"`
	StoredAt   time.Time              `json:"stored_at"`
}

// Fields is the content of a record, each value exactly as the source wrote it: numbers keep all their digits.
type Fields record.Fields

// MarshalJSON gives the values untouched.
func (f Fields) MarshalJSON() ([]byte, error) { return record.Fields(f).MarshalJSON() }

// Schema describes fields: whatever the source sends.
func (Fields) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true,
		Description: "The content, by field, each value exactly as the source wrote it: numbers keep all their digits."}
}

// Source says what caused a state.
type Source struct {
	Kind     string `json:"kind" doc:"How it came." example:"webhook"`
	Delivery string `json:"delivery" doc:"The delivery that carried it."`
	Event    string `json:"event,omitempty" doc:"The source's id of the event."`
	Action   string `json:"action,omitempty" doc:"The source's word for what happened." example:"updated"`
	Row      int    `json:"row,omitempty" doc:"The row of a client's batch that it was."`
}

func (h *handler) registerRecords(api huma.API) {
	register(api, h, route{
		id: "list-records", method: http.MethodGet, path: "/v1/connections/{connection}/objects/{object}/records", tag: "records", needs: tenant.Reader,
		summary: "List the records of an object", text: "In an order that is stable and means nothing. The list may lag a second behind.", errors: []int{400, 404},
	}, h.listRecords)
	register(api, h, route{
		id: "get-record", method: http.MethodGet, path: "/v1/connections/{connection}/objects/{object}/records/{record}", tag: "records", needs: tenant.Reader,
		summary: "Get a record", text: "As it stands now, deleted or not, with its large fields: the smallest first, as far as all values together fit into 4 MiB. `large` names those that do not.", errors: []int{404},
	}, h.getRecord)
}

type listRecordsInput struct {
	ObjectInput
	PageInput
	Deleted string `query:"deleted" enum:"exclude,include,only" default:"exclude" doc:"What to do with records that are gone at the source."`
}

type recordsOutput struct{ Body list[Record] }

func (h *handler) listRecords(ctx context.Context, c caller, in *listRecordsInput) (*recordsOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[record.Record, Record]{
		scope: []string{"records", conn.ID, in.Object, in.Deleted},
		read: func(ctx context.Context, p store.Page) ([]record.Record, string, error) {
			return h.Records.List(ctx, c.organization, conn.ID, in.Object, p)
		},
		show: func(r record.Record) (Record, int, bool) {
			if r.Deleted && in.Deleted == "exclude" || !r.Deleted && in.Deleted == "only" {
				return Record{}, 0, false
			}
			out, size := showRecord(r)
			return out, 512 + size, true
		},
	})
	return &recordsOutput{body}, err
}

type RecordInput struct {
	ObjectInput
	Record string `path:"record" maxLength:"512" example:"oppo_8H2Ym0Q3"`
}

func (in *RecordInput) key(organization string) record.Key {
	return record.Key{Organization: organization, Connection: in.Connection, Object: in.Object, ID: in.Record}
}

type recordOutput struct{ Body Record }

func (h *handler) getRecord(ctx context.Context, c caller, in *RecordInput) (*recordOutput, error) {
	r, err := h.record(ctx, c, in)
	if err != nil {
		return nil, err
	}
	out, size := showRecord(r)
	large, err := h.largeFields(ctx, c.organization, r, maxValuesBytes-size)
	if err != nil {
		return nil, err
	}
	for name, value := range large {
		out.Fields[name] = value
		delete(out.Large, name)
	}
	return &recordOutput{out}, nil
}

// record reads a record of one of the caller's connections.
func (h *handler) record(ctx context.Context, c caller, in *RecordInput) (record.Record, error) {
	if _, err := h.connection(ctx, c, in.Connection); err != nil {
		return record.Record{}, err
	}
	key := in.key(c.organization)
	if len(key.Object) > record.MaxObjectBytes || len(key.ID) > record.MaxIDBytes { // nothing so named was ever stored
		return record.Record{}, fault.New(fault.NotFound, "not_found", "There is no such record.")
	}
	r, err := h.Records.Get(ctx, key)
	return r, notFound(err, "There is no record %q of object %q on connection %q.", in.Record, in.Object, in.Connection)
}

// showRecord gives a record as lists show it, and about how many bytes its values are.
func showRecord(r record.Record) (Record, int) {
	out := Record{ID: r.ID, Object: r.Object, Rev: r.Rev, Version: r.Version.Time(), Deleted: r.Deleted, MergedInto: r.MergedInto,
		Contested: r.Contested, Source: showSource(r.Source), StoredAt: r.StoredAt}
	var size int
	out.Fields, out.Large, size = showFields(r)
	return out, size
}

func showSource(s record.Source) Source {
	return Source{Kind: s.Kind, Delivery: s.Delivery, Event: s.Event, Action: s.Action, Row: s.Row}
}
