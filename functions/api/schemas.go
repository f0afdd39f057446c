package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
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
	Choices  []string  `json:"choices,omitempty" doc:"The values that a choice takes; any if left out."`
	Required bool      `json:"required,omitempty" doc:"It must be there, and not null, when a record is created."`
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
	Since     time.Time      `json:"since"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// SchemaChange is what a proposal does to one field.
type SchemaChange struct {
	Field    string          `json:"field"`
	From     fieldType       `json:"from,omitempty" doc:"Its type now; absent for a new field."`
	To       fieldType       `json:"to"`
	Choices  []string        `json:"choices,omitempty" doc:"Choices that are added."`
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
		summary: "See what schema sample rows make", text: "Nothing is stored.", errors: []int{400, 413, 415}, body: maxSampleBytes,
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
			return showVersion(v), 256 + 320*len(v.Fields), true
		},
	})
	return &versionsOutput{body}, err
}

func (h *handler) acceptProposal(ctx context.Context, c caller, in *ObjectChangeInput) (*objectOutput, error) {
	out, err := h.changeObject(ctx, c, *in, func(o *schema.Object) (bool, error) {
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
	return out, h.replayAll(ctx, c, in.Connection, out.Body.Name, "schema_mismatch")
}

func (h *handler) refuseProposal(ctx context.Context, c caller, in *ObjectChangeInput) (*objectOutput, error) {
	return h.changeObject(ctx, c, *in, func(o *schema.Object) (bool, error) {
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

type jsonOutput struct {
	Body json.RawMessage
}

func (h *handler) getJSONSchema(ctx context.Context, c caller, in *ObjectInput) (*jsonOutput, error) {
	o, err := h.object(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	text, err := schema.JSONSchema(o)
	return &jsonOutput{text}, err
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
	if o.IDField == "" {
		return nil, fault.New(fault.Invalid, "not_a_client_connection", "The rows of %q come from a CRM; nobody pushes them.", o.Name)
	}
	id := in.Client
	if id == "" {
		id = "cli_..."
		client, only, err := h.onlyClient(ctx, c, o.Connection)
		if err != nil {
			return nil, err
		}
		if only {
			id = client.ID
		}
	} else if _, err := h.clientOf(ctx, c, id); err != nil {
		return nil, err
	}
	s := snippet.Push(snippet.Request{URL: h.BaseURL + "/v1/push", ClientID: id, Object: o.Title, IDField: o.IDField, VersionField: o.VersionField, Fields: o.Present.Fields})
	return &sampleRequestOutput{SampleRequest{Curl: s.Curl, JavaScript: s.JavaScript, Python: s.Python}}, nil
}

// onlyClient gives the client that pushes into a connection, if there is exactly one.
func (h *handler) onlyClient(ctx context.Context, c caller, connection string) (tenant.Client, bool, error) {
	var found []tenant.Client
	for cursor, first := "", true; first || cursor != ""; first = false {
		clients, next, err := h.Members.Clients(ctx, c.organization, store.Page{Cursor: cursor, Limit: 200})
		if err != nil {
			return tenant.Client{}, false, err
		}
		for _, client := range clients {
			if client.Connection == connection {
				found = append(found, client)
			}
		}
		cursor = next
	}
	if len(found) != 1 {
		return tenant.Client{}, false, nil
	}
	return found[0], true, nil
}

// ObjectTemplate is a ready-made object.
type ObjectTemplate struct {
	Name   string        `json:"name" example:"sales"`
	Title  string        `json:"title"`
	About  string        `json:"about"`
	Fields []SchemaField `json:"fields" nullable:"false"`
	Sample Fields        `json:"sample" doc:"A row of it."`
}

type templatesOutput struct{ Body list[ObjectTemplate] }

func (h *handler) listTemplates(context.Context, caller, *struct{}) (*templatesOutput, error) {
	out := &templatesOutput{Body: list[ObjectTemplate]{Items: []ObjectTemplate{}}}
	for _, t := range schema.Templates() {
		sample, err := record.ParseFields([]byte(t.Sample))
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, ObjectTemplate{Name: t.Name, Title: t.Title, About: t.About, Fields: showFields(t.Fields), Sample: Fields(sample)})
	}
	return out, nil
}

func templateFields(name string) ([]schema.Field, error) {
	for _, t := range schema.Templates() {
		if t.Name == name {
			return t.Fields, nil
		}
	}
	return nil, fault.New(fault.Invalid, "unknown_template", "There is no template %q.", name)
}

type inferInput struct {
	Body struct {
		Rows []record.Fields `json:"rows" minItems:"1" maxItems:"1000"`
	} `nameHint:"SampleRows"`
}

type inferOutput struct {
	Body struct {
		Fields []SchemaField `json:"fields" nullable:"false"`
	} `nameHint:"InferredSchema"`
}

func (h *handler) inferSchema(_ context.Context, _ caller, in *inferInput) (*inferOutput, error) {
	fields, err := inferFields(in.Body.Rows)
	out := &inferOutput{}
	out.Body.Fields = showFields(fields)
	return out, err
}

// inferFields infers what rows look like, as they are pushed: without their action.
func inferFields(rows []record.Fields) ([]schema.Field, error) {
	maps := make([]map[string]json.RawMessage, len(rows))
	for i, row := range rows {
		maps[i] = map[string]json.RawMessage{}
		for name, value := range row {
			if name != "action" {
				maps[i][name] = value
			}
		}
	}
	return schema.Infer(maps...)
}

func readFields(in []SchemaField) []schema.Field {
	fields := make([]schema.Field, len(in))
	for i, f := range in {
		fields[i] = schema.Field{Name: f.Name, Type: schema.Type(f.Type), Choices: f.Choices, Required: f.Required}
	}
	return fields
}

func showFields(fields []schema.Field) []SchemaField {
	out := make([]SchemaField, len(fields))
	for i, f := range fields {
		out[i] = SchemaField{Name: f.Name, Type: fieldType(f.Type), Choices: f.Choices, Required: f.Required}
	}
	return out
}

func showVersion(v schema.Version) SchemaVersion {
	return SchemaVersion{Version: v.Number, Origin: string(v.Origin), At: v.At, By: v.By, Fields: showFields(v.Fields)}
}

func showProposal(p *schema.Proposal) *Proposal {
	if p == nil {
		return nil
	}
	out := &Proposal{Changes: []SchemaChange{}, Rows: p.Rows, Since: p.Since, UpdatedAt: p.UpdatedAt}
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
