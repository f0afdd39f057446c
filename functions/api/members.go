package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// role is a tenant.Role that describes itself.
type role string

// Schema lists the roles.
func (role) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "From most to least: owner, admin, manager (pushes rows, replays, accepts schemas), reader; ingest may push rows and read its batches, nothing else."}
	for _, r := range tenant.Roles() {
		s.Enum = append(s.Enum, string(r))
	}
	return s
}

// Quotas bound what an organization may use.
type Quotas struct {
	RequestsPerMinute int64 `json:"requests_per_minute" doc:"Requests to this API. 0: no bound, as everywhere here."`
	RowsPerDay        int64 `json:"rows_per_day" doc:"Rows pushed by clients, by UTC day. Webhooks of CRMs are never refused."`
	Connections       int64 `json:"connections"`
	Clients           int64 `json:"clients"`
	Destinations      int64 `json:"destinations"`
	APIKeys           int64 `json:"api_keys"`
	People            int64 `json:"people"`
}

// Organization is the caller's organization.
type Organization struct {
	ID        string    `json:"id" example:"org_4f0c9a2b1x7z"`
	Name      string    `json:"name"`
	Quotas    Quotas    `json:"quotas" doc:"What it may use; the operator of this installation sets them."`
	CreatedAt time.Time `json:"created_at"`
	Rev       int64     `json:"rev" doc:"Counts the changes. Its ETag."`
}

func (h *handler) registerMembers(api huma.API) {
	h.registerNotices(api)
	register(api, h, route{
		id: "get-organization", method: http.MethodGet, path: "/v1/organization", tag: "organization", needs: tenant.Reader,
		summary: "Get your organization, with its quotas",
	}, h.getOrganization)
	register(api, h, route{
		id: "rename-organization", method: http.MethodPut, path: "/v1/organization", tag: "organization", needs: tenant.Owner,
		summary: "Rename your organization", errors: []int{400, 409, 412, 413, 415},
	}, h.renameOrganization)
}

type organizationOutput struct {
	ETag string `header:"ETag"`
	Body Organization
}

func (h *handler) getOrganization(ctx context.Context, c caller, _ *struct{}) (*organizationOutput, error) {
	org, err := h.organization(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	return showOrganization(org), nil
}

// MatchInput is what a change takes that must not undo somebody else's.
type MatchInput struct {
	IfMatch string `header:"If-Match" maxLength:"255" doc:"The ETag as last read. If it has changed since, nothing happens."`
}

type renameOrganizationInput struct {
	MatchInput
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
	} `nameHint:"OrganizationName"`
}

func (h *handler) renameOrganization(ctx context.Context, c caller, in *renameOrganizationInput) (*organizationOutput, error) {
	org, err := h.organization(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, org.Rev); err != nil || org.Name == in.Body.Name {
		return showOrganization(org), err
	}
	org.Name, org.UpdatedAt = in.Body.Name, h.Now().UTC()
	org.Rev++
	if err := stale(h.Members.UpdateOrganization(ctx, org), in.IfMatch); err != nil {
		return nil, err
	}
	return showOrganization(org), nil
}

func showOrganization(org tenant.Organization) *organizationOutput {
	return &organizationOutput{ETag: etag(org.Rev), Body: Organization{ID: org.ID, Name: org.Name, Quotas: Quotas(org.Quotas),
		CreatedAt: org.CreatedAt, Rev: org.Rev}}
}

// stale says what it means that something was changed by somebody else between our read and our write.
func stale(err error, ifMatch string) error {
	f := fault.Of(err)
	switch {
	case f == nil || f.Code != store.CodeStale:
		return err
	case ifMatch != "":
		return preconditionFailed()
	}
	return fault.New(fault.Conflict, "changed_meanwhile", "It was changed by another request at the same time. Read it and try again.")
}

// room refuses to make one more where a quota is used up. Two requests at once may both find room: the quotas guard
// against flood, not against one too many.
func room[T any](ctx context.Context, what string, quota int64, read func(context.Context, store.Page) ([]T, string, error), counts func(T) bool) error {
	if quota <= 0 {
		return nil
	}
	var n int64
	for item, err := range store.All(ctx, read) {
		if err != nil {
			return err
		}
		if counts(item) {
			n++
		}
		if n >= quota {
			return fault.New(fault.Conflict, "quota_exceeded", "The organization may have %d %s, and has them.", quota, what)
		}
	}
	return nil
}

// someTime gives a time that may be absent.
func someTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
