package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Object is a kind of record of a connection.
type Object struct {
	Name         string    `json:"name" doc:"As the source calls it; that of client software in lower case." example:"opportunity"`
	Title        string    `json:"title" doc:"As it was first written."`
	IDField      string    `json:"id_field,omitempty" doc:"The field that names a record. Only for client software, whose id is id unless chosen otherwise."`
	VersionField string    `json:"version_field,omitempty" doc:"The field that orders the states of a record: a time or a whole number. Without it the order of arrival counts."`
	Follows      bool      `json:"follows" doc:"The schema follows the source by itself (CRMs); otherwise rows are held to it."`
	State        string    `json:"state" enum:"draft,confirmed" doc:"Rows of a draft are set aside until its schema is confirmed."`
	Version      int       `json:"version" doc:"The number of the present version of its schema."`
	Fields       int       `json:"fields" doc:"How many fields it has."`
	Proposed     bool      `json:"proposed" doc:"Rows ask for another version of its schema: get the object to see it."`
	FirstSeen    time.Time `json:"first_seen" doc:"When its first record arrived, or it was declared."`
	Rev          int64     `json:"rev" doc:"Counts the changes. Its ETag."`
}

// ObjectWithSchema is an object with its present schema and what is proposed.
type ObjectWithSchema struct {
	Object
	Schema   SchemaVersion `json:"schema"`
	Proposal *Proposal     `json:"proposal,omitempty" doc:"The next version that rows ask for; accept or refuse it."`
}

func (h *handler) registerObjects(api huma.API) {
	register(api, h, route{
		id: "list-objects", method: http.MethodGet, path: "/v1/connections/{connection}/objects", tag: "objects", needs: tenant.Reader,
		summary: "List the objects of a connection", text: "By name: what it has sent, and what was declared.", errors: []int{400, 404},
	}, h.listObjects)
	register(api, h, route{
		id: "get-object", method: http.MethodGet, path: "/v1/connections/{connection}/objects/{object}", tag: "objects", needs: tenant.Reader,
		summary: "Get an object with its schema, and the version that rows ask for", errors: []int{404},
	}, h.getObject)
	register(api, h, route{
		id: "declare-object", method: http.MethodPost, path: "/v1/connections/{connection}/objects", tag: "objects", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Declare an object that a client will push",
		text:    "By a template, by sample rows, or by a list of fields: one of the three. It is a draft until it is confirmed. An object that is pushed without a declaration gets its schema from the first rows that come.",
		errors:  []int{400, 404, 409, 413, 415}, body: maxSampleBytes,
	}, h.declareObject)
	register(api, h, route{
		id: "change-draft", method: http.MethodPut, path: "/v1/connections/{connection}/objects/{object}", tag: "objects", needs: tenant.Admin,
		summary: "Declare a draft anew", text: "As long as it is not confirmed.", errors: []int{400, 404, 409, 412, 413, 415}, body: maxSampleBytes,
	}, h.changeDraft)
	register(api, h, route{
		id: "confirm-object", method: http.MethodPost, path: "/v1/connections/{connection}/objects/{object}/confirm", tag: "objects", needs: tenant.Manager,
		summary: "Confirm the schema of a draft", text: "Rows that were set aside for it are replayed.", errors: []int{404, 409, 412},
	}, h.confirmObject)
}

// maxSampleBytes bounds the sample rows of a declaration.
const maxSampleBytes = 1 << 20

type listObjectsInput struct {
	ConnectionInput
	PageInput
}

type objectsOutput struct{ Body list[Object] }

func (h *handler) listObjects(ctx context.Context, c caller, in *listObjectsInput) (*objectsOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[schema.Object, Object]{
		scope: []string{"objects", conn.ID},
		read: func(ctx context.Context, p store.Page) ([]schema.Object, string, error) {
			return h.Schemas.Objects(ctx, c.organization, conn.ID, p)
		},
		show: func(o schema.Object) (Object, int, bool) { return showObject(o), 1024, true },
	})
	return &objectsOutput{body}, err
}

// ObjectInput names an object of a connection.
type ObjectInput struct {
	ConnectionInput
	Object string `path:"object" maxLength:"128" example:"sales"`
}

// ObjectChangeInput is what a change of an object takes.
type ObjectChangeInput struct {
	ObjectInput
	MatchInput
}

type objectOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     ObjectWithSchema
}

func (h *handler) getObject(ctx context.Context, c caller, in *ObjectInput) (*objectOutput, error) {
	o, err := h.object(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	return answerObject(o), nil
}

// ObjectDeclaration says what an object will look like.
type ObjectDeclaration struct {
	IDField      string        `json:"id_field,omitempty" maxLength:"256" doc:"The field that names a record; id if left out." example:"transaction_id"`
	VersionField string        `json:"version_field,omitempty" maxLength:"256" doc:"The field that orders the states of a record: a time or a whole number. It cannot be changed once the object is confirmed." example:"updated_at"`
	Template     string        `json:"template,omitempty" maxLength:"64" doc:"The name of a template (list-templates)." example:"sales_transactions"`
	Sample       []sampleRow   `json:"sample,omitempty" maxItems:"1000" nullable:"false" doc:"Rows as they will be pushed; their types are inferred."`
	Fields       []SchemaField `json:"fields,omitempty" maxItems:"500" nullable:"false"`
}

type declareObjectInput struct {
	ConnectionInput
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"128" doc:"The objectname of the rows, in any case." example:"Sales"`
		ObjectDeclaration
	} `nameHint:"NewObject"`
}

func (h *handler) declareObject(ctx context.Context, c caller, in *declareObjectInput) (*objectOutput, error) {
	conn, err := h.clientConnection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	name, title, err := push.ObjectName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	now := h.Now().UTC()
	version, err := declare(in.Body.ObjectDeclaration, c.actor, now)
	if err != nil {
		return nil, err
	}
	o := schema.Object{Organization: c.organization, Connection: conn.ID, Name: name, Title: title, IDField: idOf(in.Body.ObjectDeclaration),
		VersionField: in.Body.VersionField, State: schema.Draft, Present: version, FirstSeen: now, UpdatedAt: now, Rev: 1}
	if err := h.Schemas.SaveObject(ctx, o, true); fault.Is(err, fault.Conflict) {
		stands, readErr := h.Schemas.Object(ctx, c.organization, conn.ID, name)
		if readErr != nil || !sameDeclaration(stands, o) { // a resend of what made it is none
			return nil, fault.New(fault.Conflict, "object_exists", "There is an object %q already. Change its draft, or let rows propose another version.", name)
		}
		o = stands
	} else if err != nil {
		return nil, err
	}
	out := answerObject(o)
	out.Location = "/v1/connections/" + conn.ID + "/objects/" + url.PathEscape(name)
	return out, nil
}

// sameDeclaration tells whether an object is still the draft that a declaration makes.
func sameDeclaration(a, b schema.Object) bool {
	return a.State == b.State && a.IDField == b.IDField && a.VersionField == b.VersionField && len(schema.Diff(a.Present, b.Present)) == 0
}

type changeDraftInput struct {
	ObjectChangeInput
	Body ObjectDeclaration
}

func (h *handler) changeDraft(ctx context.Context, c caller, in *changeDraftInput) (*objectOutput, error) {
	return h.changeObject(ctx, c, in.ObjectChangeInput, nil, func(o *schema.Object) (bool, error) {
		if o.State != schema.Draft {
			return false, fault.New(fault.Conflict, "not_a_draft", "The schema of %q is confirmed. Rows that break it propose its next version.", o.Name)
		}
		version, err := declare(in.Body, c.actor, h.Now().UTC())
		version.Number = o.Present.Number + 1
		o.Present, o.IDField, o.VersionField = version, idOf(in.Body), in.Body.VersionField
		return true, err
	})
}

func (h *handler) confirmObject(ctx context.Context, c caller, in *ObjectChangeInput) (*objectOutput, error) {
	confirmed := func(o schema.Object) bool { return o.State == schema.Confirmed }
	out, err := h.changeObject(ctx, c, *in, confirmed, func(o *schema.Object) (bool, error) {
		o.State = schema.Confirmed
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	// A resend starts another replay, which finds nothing more to do.
	return out, h.replayAll(ctx, c, in.Connection, out.Body.Name, quarantine.SchemaUnconfirmed)
}

// changeObject changes an object unless somebody else is faster. done, unless nil, tells whether the object is as the
// request wants it; change tells whether it made a new version.
func (h *handler) changeObject(ctx context.Context, c caller, in ObjectChangeInput, done func(schema.Object) bool, change func(*schema.Object) (bool, error)) (*objectOutput, error) {
	o, err := h.object(ctx, c, in.ObjectInput)
	if err != nil {
		return nil, err
	}
	err = checkMatch(in.IfMatch, o.Rev)
	// A resend finds done what it did itself; its If-Match names the state before that.
	if done != nil && done(o) && (err == nil || checkMatch(in.IfMatch, o.Rev-1) == nil) {
		return answerObject(o), nil
	}
	if err != nil {
		return nil, err
	}
	newVersion, err := change(&o)
	if err != nil {
		return nil, err
	}
	o.UpdatedAt = h.Now().UTC()
	o.Rev++
	if err := stale(h.Schemas.SaveObject(ctx, o, newVersion), in.IfMatch); err != nil {
		return nil, err
	}
	return answerObject(o), nil
}

// declare makes the first version of a schema.
func declare(in ObjectDeclaration, by string, now time.Time) (schema.Version, error) {
	v := schema.Version{Number: 1, At: now, By: by}
	given := 0
	for _, is := range []bool{in.Template != "", len(in.Sample) > 0, len(in.Fields) > 0} {
		if is {
			given++
		}
	}
	id := idOf(in)
	var fields []schema.Field
	var err error
	switch {
	case given != 1:
		return v, fault.New(fault.Invalid, "invalid_declaration", "Give one of template, sample and fields.")
	case strings.EqualFold(id, push.ActionField):
		return v, fault.New(fault.Invalid, "invalid_declaration", "The action is what a row does; it cannot name a record.")
	case id == in.VersionField:
		return v, fault.New(fault.Invalid, "invalid_declaration", "What names a record is the same in all its states; it cannot order them.")
	case in.Template != "":
		v.Origin = schema.Template
		fields, err = templateFields(in)
	case len(in.Sample) > 0:
		v.Origin = schema.Sample
		fields, err = inferFields(id, in.Sample)
	default:
		v.Origin = schema.Template
		fields = readFields(in.Fields)
	}
	if err != nil {
		return v, err
	}
	v.Fields, err = schema.Declare(id, in.VersionField, fields)
	return v, err
}

// templateFields gives the fields of a template, named and ordered by the fields that the admin chose.
func templateFields(in ObjectDeclaration) ([]schema.Field, error) {
	t, found := schema.FindTemplate(in.Template)
	if !found {
		return nil, fault.New(fault.Invalid, "unknown_template", "There is no template %q.", in.Template)
	}
	fields := slices.Clone(t.Fields)
	if idOf(in) != t.IDField { // declared anew under the other name
		fields = slices.DeleteFunc(fields, func(f schema.Field) bool { return f.Name == t.IDField })
	}
	if version := in.VersionField; version != "" && !slices.ContainsFunc(fields, func(f schema.Field) bool { return f.Name == version }) {
		fields = append(fields, schema.Field{Name: version, Type: schema.Unknown})
	}
	return fields, nil
}

// idOf gives the field that names a record.
func idOf(in ObjectDeclaration) string {
	if t, found := schema.FindTemplate(in.Template); found && in.IDField == "" {
		return t.IDField
	}
	return orID(in.IDField)
}

func orID(field string) string {
	if field == "" {
		return push.DefaultIDField
	}
	return field
}

// clientConnection reads a connection that client software pushes into.
func (h *handler) clientConnection(ctx context.Context, c caller, id string) (tenant.Connection, error) {
	conn, err := h.connection(ctx, c, id)
	if err == nil && conn.Connector != tenant.ClientConnector {
		err = fault.New(fault.Invalid, "not_a_client_connection", "This connection is to %s, whose objects follow it by themselves. Objects are declared for client software.", conn.Connector)
	}
	return conn, err
}

// object reads an object of a connection of the caller's organization; that of client software by its name in any case.
func (h *handler) object(ctx context.Context, c caller, in ObjectInput) (schema.Object, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return schema.Object{}, err
	}
	name := in.Object
	if conn.Connector == tenant.ClientConnector {
		if key, _, err := push.ObjectName(name); err == nil {
			name = key
		}
	}
	o, err := h.Schemas.Object(ctx, c.organization, conn.ID, name)
	return o, notFound(err, "Connection %q has no object %q.", conn.ID, in.Object)
}

func answerObject(o schema.Object) *objectOutput {
	return &objectOutput{ETag: etag(o.Rev), Body: ObjectWithSchema{Object: showObject(o), Schema: showVersion(o.Present), Proposal: showProposal(o.Proposal)}}
}

func showObject(o schema.Object) Object {
	return Object{Name: o.Name, Title: o.Title, IDField: o.IDField, VersionField: o.VersionField, Follows: o.Follows, State: string(o.State),
		Version: o.Present.Number, Fields: len(o.Present.Fields), Proposed: o.Proposal != nil, FirstSeen: o.FirstSeen, Rev: o.Rev}
}
