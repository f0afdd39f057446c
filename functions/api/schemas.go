package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/snippet"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// fieldType is a schema.Type that describes itself.
type fieldType string

// Schema lists the types.
func (fieldType) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, t := range schema.Types() {
		s.Enum = append(s.Enum, string(t))
	}
	return s
}

// SchemaField is one field of an object.
type SchemaField struct {
	Name     string    `json:"name" maxLength:"256" example:"amount"`
	Type     fieldType `json:"type"`
	Choices  []string  `json:"choices,omitempty" nullable:"false" maxItems:"200" doc:"The values that a choice takes; any if left out."`
	Required bool      `json:"required,omitempty" doc:"It must be there, and not null, when a record is created."`
	Title    string    `json:"title,omitempty" readOnly:"true" maxLength:"1024" doc:"What people call it at the source."`
	Refers   string    `json:"refers,omitempty" readOnly:"true" maxLength:"256" doc:"The object whose records it names, as the source says."`
}

// SchemaVersion is one state of an object's schema.
type SchemaVersion struct {
	Version int           `json:"version"`
	Origin  string        `json:"origin" enum:"template,sample,first_dump,proposal,followed" doc:"Where it came from: declared, inferred from a sample or from the first rows that came, a proposal that was accepted, or followed from a CRM."`
	At      time.Time     `json:"at"`
	By      string        `json:"by,omitempty" doc:"The API key that declared or accepted it."`
	Fields  []SchemaField `json:"fields" nullable:"false" doc:"By name."`
}

// Proposal is the version that the schema would have to have for the rows that broke it.
type Proposal struct {
	Changes   []SchemaChange `json:"changes" nullable:"false"`
	Rows      int64          `json:"rows" doc:"How many rows were set aside for it."`
	Full      bool           `json:"full,omitempty" doc:"Rows ask for more fields than an object may have. Those beyond are not among the changes, and their rows do not pass."`
	Since     time.Time      `json:"since"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// SchemaChange is what a proposal does to one field.
type SchemaChange struct {
	Field    string          `json:"field"`
	From     fieldType       `json:"from,omitempty" doc:"Its type now; absent for a new field."`
	To       fieldType       `json:"to"`
	Choices  []string        `json:"choices,omitempty" nullable:"false" doc:"Choices that are added."`
	Optional bool            `json:"optional,omitempty" doc:"It is no longer required."`
	Rows     int64           `json:"rows" doc:"How many rows ask for it."`
	Examples []SchemaExample `json:"examples" nullable:"false" doc:"The first few."`
}

// SchemaExample is a value that broke the schema.
type SchemaExample struct {
	Value string `json:"value" doc:"Its JSON, cut to 120 bytes."`
	Entry string `json:"entry" doc:"The quarantine entry of its row."`
}

func (h *handler) registerSchemas(api huma.API) {
	const object = "/v1/connections/{connection}/objects/{object}"
	register(api, h, route{
		id: "list-schema-versions", method: http.MethodGet, path: object + "/versions", tag: "objects", needs: tenant.Reader,
		summary: "List the versions of an object's schema", text: "Newest first.", errors: []int{400, 404},
	}, h.listVersions)
	register(api, h, route{
		id: "accept-proposal", method: http.MethodPost, path: object + "/proposal/accept", tag: "objects", needs: tenant.Manager,
		summary: "Accept the proposed version of a schema", text: "The rows that were set aside for it are replayed. Send If-Match, so that you accept what you saw.", errors: []int{404, 409, 412},
	}, h.acceptProposal)
	register(api, h, route{
		id: "refuse-proposal", method: http.MethodPost, path: object + "/proposal/refuse", tag: "objects", needs: tenant.Manager,
		summary: "Refuse the proposed version of a schema", text: "The rows stay in the quarantine, to be corrected or discarded. The next row that breaks the schema proposes anew.", errors: []int{404, 409, 412},
	}, h.refuseProposal)
	register(api, h, route{
		id: "get-json-schema", method: http.MethodGet, path: object + "/json-schema", tag: "objects", needs: tenant.Reader,
		summary: "Get the schema of an object's rows as JSON Schema", text: "To be given to the team that pushes them.", errors: []int{404},
	}, h.getJSONSchema)
	register(api, h, route{
		id: "get-sample-request", method: http.MethodGet, path: object + "/sample-request", tag: "objects", needs: tenant.Reader,
		summary: "Get a sample request with an object's own fields, ready to copy", text: "In curl, JavaScript and Python. They read the secret from LEADLINE_CLIENT_SECRET.", errors: []int{400, 404},
	}, h.getSampleRequest)
	register(api, h, route{
		id: "list-templates", method: http.MethodGet, path: "/v1/templates", tag: "objects", needs: tenant.Reader,
		summary: "List ready-made objects", text: "To declare an object by.",
	}, h.listTemplates)
	register(api, h, route{
		id: "infer-schema", method: http.MethodPost, path: "/v1/infer-schema", tag: "objects", needs: tenant.Reader,
		reads: true, summary: "See what schema sample rows make", text: "Nothing is stored.", errors: []int{400, 413, 415}, body: maxSampleBytes,
	}, h.inferSchema)
}

type listVersionsInput struct {
	ObjectInput
	PageInput
}

type versionsOutput struct{ Body list[SchemaVersion] }

func (h *handler) listVersions(ctx context.Context, c caller, in *listVersionsInput) (*versionsOutput, error) {
	o, err := h.object(ctx, c, in.ObjectInput)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[schema.Version, SchemaVersion]{
		scope: []string{"versions", o.Connection, o.Name},
		read: func(ctx context.Context, p store.Page) ([]schema.Version, string, error) {
			return h.Schemas.Versions(ctx, c.organization, o.Connection, o.Name, p)
		},
		show: func(v schema.Version) (SchemaVersion, int, bool) {
			return showVersion(v), 256 + schemaBytes(v.Fields), true
		},
	})
	return &versionsOutput{body}, err
}

func (h *handler) acceptProposal(ctx context.Context, c caller, in *ObjectChangeInput) (*objectOutput, error) {
	accepted := func(o schema.Object) bool {
		return o.Proposal == nil && o.Present.Origin == schema.Accepted && o.Present.By == c.actor
	}
	out, err := h.changeObject(ctx, c, *in, accepted, func(o *schema.Object) (bool, error) {
		if o.Proposal == nil {
			return false, noProposal(o.Name)
		}
		next := schema.Next(*o)
		next.Origin, next.At, next.By = schema.Accepted, h.Now().UTC(), c.actor
		o.Present, o.Proposal = next, nil
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	// A resend starts another replay, which finds nothing more to do.
	return out, h.replayAll(ctx, c, in.Connection, out.Body.Name, quarantine.SchemaMismatch)
}

func (h *handler) refuseProposal(ctx context.Context, c caller, in *ObjectChangeInput) (*objectOutput, error) {
	return h.changeObject(ctx, c, *in, nil, func(o *schema.Object) (bool, error) {
		if o.Proposal == nil {
			return false, noProposal(o.Name)
		}
		o.Proposal = nil
		return false, nil
	})
}

func noProposal(object string) error {
	return fault.New(fault.Conflict, "no_proposal", "No other version of the schema of %q is proposed.", object)
}

// jsonSchema is a JSON Schema that describes itself.
type jsonSchema json.RawMessage

// MarshalJSON gives it as it is.
func (s jsonSchema) MarshalJSON() ([]byte, error) { return s, nil }

// Schema says that it is an object.
func (jsonSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "JSON Schema 2020-12."}
}

type jsonSchemaOutput struct{ Body jsonSchema }

func (h *handler) getJSONSchema(ctx context.Context, c caller, in *ObjectInput) (*jsonSchemaOutput, error) {
	o, err := h.object(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	return &jsonSchemaOutput{jsonSchema(schema.JSONSchema(o))}, nil
}

type sampleRequestInput struct {
	ObjectInput
	Client string `query:"client" maxLength:"64" doc:"The clientid to write into it; that of the connection's only client if left out."`
}

// SampleRequest is a request to copy.
type SampleRequest struct {
	Curl       string `json:"curl"`
	JavaScript string `json:"javascript"`
	Python     string `json:"python"`
}

type sampleRequestOutput struct{ Body SampleRequest }

func (h *handler) getSampleRequest(ctx context.Context, c caller, in *sampleRequestInput) (*sampleRequestOutput, error) {
	o, err := h.object(ctx, c, in.ObjectInput)
	if err != nil {
		return nil, err
	}
	if o.Follows {
		return nil, fault.New(fault.Invalid, "not_a_client_connection", "The rows of %q come from a CRM; nobody pushes them.", o.Name)
	}
	clients, err := h.clientsOf(ctx, c, o.Connection)
	if err != nil {
		return nil, err
	}
	id := in.Client
	switch {
	case id == "" && len(clients) == 1:
		id = clients[0].ID
	case id == "":
		id = "cli_..."
	case !slices.ContainsFunc(clients, func(client tenant.Client) bool { return client.ID == id }):
		return nil, fault.New(fault.NotFound, "not_found", "No client %q pushes into connection %q.", id, o.Connection)
	}
	s := snippet.Push(snippet.Request{URL: h.BaseURL + "/v1/push", ClientID: id, Object: o.Title, IDField: o.IDField, VersionField: o.VersionField, Fields: o.Present.Fields})
	return &sampleRequestOutput{SampleRequest{Curl: s.Curl, JavaScript: s.JavaScript, Python: s.Python}}, nil
}

// clientsOf lists the clients that push into a connection.
func (h *handler) clientsOf(ctx context.Context, c caller, connection string) ([]tenant.Client, error) {
	var found []tenant.Client
	for client, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]tenant.Client, string, error) {
		return h.Members.Clients(ctx, c.organization, page)
	}) {
		if err != nil {
			return nil, err
		}
		if client.Connection == connection {
			found = append(found, client)
		}
	}
	return found, nil
}

// ObjectTemplate is a ready-made object.
type ObjectTemplate struct {
	Name        string        `json:"name" example:"sales_transactions"`
	Title       string        `json:"title"`
	Description string        `json:"description"`
	IDField     string        `json:"id_field" doc:"The field that names a record, unless another is chosen."`
	Fields      []SchemaField `json:"fields" nullable:"false"`
	Sample      Fields        `json:"sample" doc:"A row of it, without the action."`
}

type templatesOutput struct{ Body list[ObjectTemplate] }

func (h *handler) listTemplates(context.Context, caller, *struct{}) (*templatesOutput, error) {
	out := &templatesOutput{Body: list[ObjectTemplate]{Items: []ObjectTemplate{}}}
	for _, t := range schema.Templates() {
		sample, err := record.ParseFields([]byte(t.Sample))
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, ObjectTemplate{Name: t.Name, Title: t.Title, Description: t.Description, IDField: t.IDField,
			Fields: showSchema(t.Fields), Sample: Fields(sample)})
	}
	return out, nil
}

type inferInput struct {
	Body struct {
		Rows    []sampleRow `json:"rows" minItems:"1" maxItems:"1000" nullable:"false"`
		IDField string      `json:"id_field,omitempty" maxLength:"256" doc:"The field that names a record; id if left out."`
	} `nameHint:"SampleRows"`
}

type inferOutput struct {
	Body struct {
		Fields []SchemaField `json:"fields" nullable:"false"`
	} `nameHint:"InferredSchema"`
}

func (h *handler) inferSchema(_ context.Context, _ caller, in *inferInput) (*inferOutput, error) {
	fields, err := inferFields(orID(in.Body.IDField), in.Body.Rows)
	out := &inferOutput{}
	out.Body.Fields = showSchema(fields)
	return out, err
}

// sampleRow is a row as it would be pushed.
type sampleRow json.RawMessage

// UnmarshalJSON keeps it as it is: numbers keep all their digits.
func (r *sampleRow) UnmarshalJSON(text []byte) error {
	*r = append((*r)[:0], text...)
	return nil
}

// MarshalJSON gives it as it is.
func (r sampleRow) MarshalJSON() ([]byte, error) { return r, nil }

// Schema says that it is an object.
func (sampleRow) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// inferFields infers what rows look like, as they are pushed: without their action. id is the field that names a record.
func inferFields(id string, rows []sampleRow) ([]schema.Field, error) {
	all := make([]record.Fields, len(rows))
	for i, row := range rows {
		fields, err := record.ParseFields(row)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "invalid_row", "Row %d cannot be read: it is no object, or nests too deep.", i+1)
		}
		delete(fields, push.ActionField)
		all[i] = fields
	}
	return schema.Infer(id, all...)
}

func readFields(in []SchemaField) []schema.Field {
	fields := make([]schema.Field, len(in))
	for i, f := range in {
		fields[i] = schema.Field{Name: f.Name, Type: schema.Type(f.Type), Choices: f.Choices, Required: f.Required}
	}
	return fields
}

func showSchema(fields []schema.Field) []SchemaField {
	out := make([]SchemaField, len(fields))
	for i, f := range fields {
		out[i] = SchemaField{Name: f.Name, Type: fieldType(f.Type), Choices: f.Choices, Required: f.Required, Title: f.Title, Refers: f.Refers}
	}
	return out
}

// schemaBytes is about how long fields are in an answer.
func schemaBytes(fields []schema.Field) int {
	n := 0
	for _, f := range fields {
		n += 64 + escapedLength([]byte(f.Name+f.Title+f.Refers))
		for _, c := range f.Choices {
			n += 4 + escapedLength([]byte(c))
		}
	}
	return n
}

func showVersion(v schema.Version) SchemaVersion {
	return SchemaVersion{Version: v.Number, Origin: string(v.Origin), At: v.At, By: v.By, Fields: showSchema(v.Fields)}
}

func showProposal(p *schema.Proposal) *Proposal {
	if p == nil {
		return nil
	}
	out := &Proposal{Changes: []SchemaChange{}, Rows: p.Rows, Full: p.Full, Since: p.Since, UpdatedAt: p.UpdatedAt}
	for _, change := range p.Changes {
		shown := SchemaChange{Field: change.Field, From: fieldType(change.From), To: fieldType(change.To), Choices: change.Choices,
			Optional: change.Optional, Rows: change.Rows, Examples: []SchemaExample{}}
		for _, e := range change.Examples {
			shown.Examples = append(shown.Examples, SchemaExample(e))
		}
		out.Changes = append(out.Changes, shown)
	}
	return out
}
