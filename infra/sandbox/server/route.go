package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leadline/infra/sandbox/crm"
)

// override reads a request whose query is in its body: POST with x-http-method-override: GET and _params.
func (c *call) override(r *http.Request) *answer {
	if r.Method != http.MethodPost || !strings.EqualFold(r.Header.Get("X-Http-Method-Override"), "GET") {
		return nil
	}
	var in struct {
		Params map[string]any `json:"_params"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		a := fail(http.StatusBadRequest, "The body is no JSON object with _params.")
		return &a
	}
	query := url.Values{}
	for name, v := range in.Params {
		query.Set(name, param(v))
	}
	c.method, c.query, c.body = http.MethodGet, query, nil
	return nil
}

func param(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var parts []string
		for _, one := range v {
			parts = append(parts, param(one))
		}
		return strings.Join(parts, ",")
	}
	return ""
}

// route finds what answers a request.
func (c *call) route() answer {
	first, rest, _ := strings.Cut(c.path, "/")
	switch first {
	case "me":
		return c.only(rest == "", http.MethodGet, c.me)
	case "organization":
		return c.only(rest == c.m.Team.OrganizationID, http.MethodGet, c.organization)
	case "data":
		return c.only(rest == "search", http.MethodPost, c.search)
	case "event":
		return c.events(rest)
	case "webhook":
		return c.webhooks(rest)
	case "export":
		return c.exports(rest)
	case "custom_field_schema":
		return c.only(true, http.MethodGet, func() answer { return c.schema(rest) })
	}
	switch {
	case c.path == "lead/merge":
		return c.only(true, http.MethodPost, c.merge)
	case c.path == "activity":
		return c.only(true, http.MethodGet, func() answer { return c.list(c.m.Spec(crm.Call), true) })
	}
	for _, k := range crm.Kinds() {
		if c.path == k.Path {
			return c.collection(k)
		}
		if id, ok := strings.CutPrefix(c.path, k.Path+"/"); ok && !strings.Contains(id, "/") {
			return c.item(k, id)
		}
	}
	for _, path := range crm.ConfigPaths() {
		if c.path == path {
			return c.configList(path)
		}
		if id, ok := strings.CutPrefix(c.path, path+"/"); ok && !strings.Contains(id, "/") {
			return c.configItem(path, id)
		}
	}
	return notFound()
}

// only calls do where the path is there and the method is the one it has.
func (c *call) only(there bool, method string, do func() answer) answer {
	switch {
	case !there:
		return notFound()
	case c.method != method:
		return notAllowed()
	}
	return do()
}

func (c *call) collection(k crm.Spec) answer {
	switch {
	case c.method == http.MethodGet:
		return c.list(k, false)
	case c.method == http.MethodPost && creatable(k.Kind):
		return c.create(k)
	}
	return notAllowed()
}

// creatable tells which kinds a request may make; others come from what happens in the CRM.
func creatable(k crm.Kind) bool {
	switch k {
	case crm.EmailThread, crm.Meeting, crm.Created, crm.TaskCompleted, crm.LeadMerge, crm.FormSubmission:
		return false
	}
	return true
}

// changeable tells which kinds a request may change.
func changeable(k crm.Kind) bool {
	switch k {
	case crm.EmailThread, crm.Created, crm.TaskCompleted, crm.LeadMerge, crm.FormSubmission, crm.LeadStatusChange, crm.OpportunityStatusChange:
		return false
	}
	return true
}

func (c *call) item(k crm.Spec, id string) answer {
	r := c.m.Get(id)
	if r == nil || r.Kind != k.Kind || !c.m.Sees(c.user, r) {
		return notFound()
	}
	switch {
	case c.method == http.MethodGet:
		return ok(c.m.Append(nil, r, c.fields()))
	case c.method == http.MethodPut && changeable(k.Kind):
		return c.update(r)
	case c.method == http.MethodDelete && k.Kind != crm.Created && k.Kind != crm.LeadMerge:
		if k.Kind == crm.Lead && !c.m.May(c.user, "delete_leads") {
			return forbidden("delete_leads")
		}
		c.m.Delete(r, c.change())
		if k.Kind == crm.CustomObject {
			return answer{status: http.StatusNoContent}
		}
		return ok([]byte("{}"))
	}
	return notAllowed()
}

// fields reads _fields; nil where it is not given.
func (c *call) fields() *crm.Fields {
	v := c.get("_fields")
	if v == "" {
		return nil
	}
	return crm.ParseFields(strings.Split(v, ","))
}

func (c *call) create(k crm.Spec) answer {
	in, err := c.object()
	if err != nil {
		return refuse(err)
	}
	if a := c.mayWrite(in); a != nil {
		return *a
	}
	r, err := c.m.Create(k.Kind, in, c.change())
	if err != nil {
		return refuse(err)
	}
	a := ok(c.m.Append(nil, r, c.fields()))
	if k.Kind == crm.CustomObject {
		a.status = http.StatusCreated
	}
	return a
}

func (c *call) update(r *crm.Record) answer {
	in, err := c.object()
	if err != nil {
		return refuse(err)
	}
	if a := c.mayWrite(in); a != nil {
		return *a
	}
	if err := c.m.Update(r, in, c.change()); err != nil {
		return refuse(err)
	}
	return ok(c.m.Append(nil, r, c.fields()))
}

// mayWrite refuses what names a lead that the person does not see.
func (c *call) mayWrite(in crm.Object) *answer {
	if id := in.Text("lead_id"); id != "" {
		if l := c.m.Get(id); l != nil && !c.m.Sees(c.user, l) {
			a := notFound()
			return &a
		}
	}
	return nil
}

func (c *call) merge() answer {
	if !c.m.May(c.user, "merge_leads") {
		return forbidden("merge_leads")
	}
	in, err := c.object()
	if err != nil {
		return refuse(err)
	}
	source, destination := c.m.Get(in.Text("source")), c.m.Get(in.Text("destination"))
	for name, l := range map[string]*crm.Record{"source": source, "destination": destination} {
		if l == nil || l.Kind != crm.Lead || !c.m.Sees(c.user, l) || source == destination {
			return refuse(&crm.Wrong{Fields: map[string]string{name: "Not the id of another lead."}})
		}
	}
	c.m.Merge(source, destination, c.change())
	return ok([]byte("{}"))
}
