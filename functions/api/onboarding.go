package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/schema"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Onboarding is how far a connection of client software has come.
type Onboarding struct {
	Connection string           `json:"connection"`
	Done       bool             `json:"done"`
	Steps      []OnboardingStep `json:"steps" nullable:"false"`
}

// OnboardingStep is one thing to be done.
type OnboardingStep struct {
	Step  string `json:"step" enum:"credentials,schema,confirmed,first_rows,clean"`
	Title string `json:"title"`
	Done  bool   `json:"done"`
	Next  string `json:"next,omitempty" doc:"What to do, where it is not done: a request to this API."`
}

func (h *handler) registerOnboarding(api huma.API) {
	register(api, h, route{
		id: "get-onboarding", method: http.MethodGet, path: "/v1/connections/{connection}/onboarding", tag: "clients", needs: tenant.Reader,
		summary: "See how far client software has come", text: "Five steps: credentials, a schema, its confirmation, the first rows, and nothing left in quarantine.", errors: []int{400, 404},
	}, h.getOnboarding)
}

type onboardingOutput struct{ Body Onboarding }

func (h *handler) getOnboarding(ctx context.Context, c caller, in *ConnectionInput) (*onboardingOutput, error) {
	conn, err := h.clientConnection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	clients, err := h.clientsOf(ctx, c, conn.ID)
	if err != nil {
		return nil, err
	}
	pushing := slices.ContainsFunc(clients, func(client tenant.Client) bool { return client.Status == tenant.Active })
	// One page says enough: a team that has hundreds of objects is not new here.
	objects, _, err := h.Schemas.Objects(ctx, c.organization, conn.ID, store.Page{Limit: 200})
	if err != nil {
		return nil, err
	}
	open, _, err := h.Intake.Entries(ctx, c.organization, store.QuarantineFilter{Connection: conn.ID, Status: "open"}, store.Page{Limit: 1})
	if err != nil {
		return nil, err
	}
	rows, err := h.anyRecord(ctx, objects)
	if err != nil {
		return nil, err
	}
	draft, object := "", ""
	for _, o := range objects {
		if o.State == schema.Draft && draft == "" {
			draft = o.Name
		}
		if object == "" {
			object = o.Name
		}
	}
	at := "/v1/connections/" + conn.ID
	steps := []OnboardingStep{
		{"credentials", "The team has a clientid and a clientSecret", pushing, "POST /v1/clients"},
		{"schema", "An object is declared by a template or a sample, or came with the first rows", len(objects) > 0, "POST " + at + "/objects"},
		{"confirmed", "Its schema is confirmed", len(objects) > 0 && draft == "", "POST " + at + "/objects/" + orPlaceholder(draft) + "/confirm"},
		{"first_rows", "Rows were pushed and applied", rows, "GET " + at + "/objects/" + orPlaceholder(object) + "/sample-request"},
		{"clean", "Nothing waits in the quarantine", rows && len(open) == 0, "GET /v1/quarantine?connection=" + conn.ID + "&status=open"},
	}
	out := &onboardingOutput{Onboarding{Connection: conn.ID, Done: true, Steps: steps}}
	for i := range steps {
		if steps[i].Done {
			steps[i].Next = ""
		} else {
			out.Body.Done = false
		}
	}
	return out, nil
}

func orPlaceholder(object string) string {
	if object == "" {
		return "{object}"
	}
	return url.PathEscape(object)
}

// maxObjectsAsked bounds the work where many objects are declared and none has records.
const maxObjectsAsked = 20

// anyRecord tells whether any of the first confirmed objects has a record.
func (h *handler) anyRecord(ctx context.Context, objects []schema.Object) (bool, error) {
	asked := 0
	for _, o := range objects {
		if o.State != schema.Confirmed {
			continue
		}
		if asked++; asked > maxObjectsAsked {
			break
		}
		found, _, err := h.Records.List(ctx, o.Organization, o.Connection, o.Name, store.Page{Limit: 1})
		if err != nil || len(found) > 0 {
			return len(found) > 0, err
		}
	}
	return false, nil
}
