package main

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// maxRequestBytes is far more than any request here needs.
const maxRequestBytes = 64 << 10

// route describes one operation of the API.
type route struct {
	id, method, path string
	tag              string
	summary, text    string
	// needs is the role that a key must have; empty for what anybody may ask.
	needs tenant.Role
	// status is that of success, 200 if zero.
	status int
	// errors are the statuses of the problems that this route answers with, besides those that all do.
	errors []int
}

// newAPI registers all routes with mux and gives the API with its description.
func newAPI(mux *http.ServeMux, h *handler) huma.API {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	// The errors that huma makes itself become problems on their way out (see asProblem), so they are described as such.
	// The other way, replacing huma.NewError, would change a global of the whole process.
	registry.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[problem.Problem]())
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Leadline",
				Version: "1",
				Description: "Connections to CRMs, the records that came in through them, what changed in each, and what was set aside.\n\n" +
					"Errors are `application/problem+json` (RFC 9457). Lists come in pages: pass `next` of one page as `cursor` of the following " +
					"one, with the same filters; the last page has no `next`, and a page may be shorter than `limit`.\n\n" +
					"Percent-encode each part of a path twice if it holds anything but letters, digits and `-._~`: the gateway in front of the API " +
					"decodes the path once.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "An API key, `llk_` and 43 more characters. Its role says what it may do: a viewer reads, an operator also replays, an admin does everything."},
			}},
			Tags: []*huma.Tag{
				{Name: "connections", Description: "An organization's logins at its providers."},
				{Name: "records", Description: "The records of a connection and what changed in them."},
				{Name: "quarantine", Description: "What came in and could not be applied."},
				{Name: "service", Description: "About the service itself."},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{asProblem},
	})
	h.registerService(api)
	h.registerConnections(api)
	h.registerKeys(api)
	h.registerRecords(api)
	h.registerHistory(api)
	h.registerQuarantine(api)
	return api
}

// register adds a route whose handler knows who is calling.
func register[I, O any](api huma.API, h *handler, r route, handle func(context.Context, caller, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Tags: []string{r.tag}, Summary: r.summary, Description: r.text,
		DefaultStatus: r.status, MaxBodyBytes: maxRequestBytes,
		Errors: append([]int{http.StatusServiceUnavailable}, r.errors...),
	}
	if r.needs != "" {
		op.Description += "\n\nNeeds the role `" + string(r.needs) + "`."
		op.Security = []map[string][]string{{"key": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
		op.Middlewares = huma.Middlewares{h.authorize(r.needs)}
	}
	registerOperation(api, h, op, handle)
}

// registerOperation adds an operation whose errors are answered with problems.
func registerOperation[I, O any](api huma.API, h *handler, op huma.Operation, handle func(context.Context, caller, *I) (*O, error)) {
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, callerOf(ctx), in)
		if err != nil {
			p, header := h.refuse(ctx, op.OperationID, err)
			return nil, huma.ErrorWithHeaders(p, header)
		}
		return out, nil
	})
}

// refuse gives the answer to an error, and notes the error if it is our fault.
func (h *handler) refuse(ctx context.Context, operation string, err error) (*problem.Problem, http.Header) {
	switch fault.KindOf(err) {
	case fault.Internal, fault.Unavailable, fault.RateLimited:
		telemetry.Fault(ctx, err)
		h.Log.Error("failed", "operation", operation, telemetry.KeyFault, string(fault.KindOf(err)), telemetry.KeyError, err.Error())
	}
	if fault.Is(err, fault.RateLimited) { // it is not this caller who asks too much, but all of them together
		err = fault.Wrap(err, fault.Unavailable, "unavailable", "api: throttled")
	}
	p, header := problem.From(err), http.Header{}
	switch p.Status {
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer") // https://www.rfc-editor.org/rfc/rfc6750#section-3
	}
	return p, header
}

// asProblem turns the errors that huma makes itself, all of them about requests, into problems. It keeps what was sent
// out of them.
func asProblem(_ huma.Context, _ string, body any) (any, error) {
	e, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	code, detail := "invalid_request", "The request does not fit the description of this operation (GET /v1/openapi.json)."
	switch e.Status {
	case http.StatusRequestEntityTooLarge:
		code, detail = problem.BodyTooLarge, "The body is too large."
	case http.StatusUnsupportedMediaType:
		code, detail = problem.UnsupportedMediaType, "The body must be JSON, with the header Content-Type: application/json."
	}
	p := problem.New(e.Status, code, detail)
	for _, part := range e.Errors {
		if part != nil && code == "invalid_request" {
			p.Errors = append(p.Errors, problem.Part{Location: part.Location, Message: part.Message})
		}
	}
	return p, nil
}

// notFound says what is not there, if err says that something is not.
func notFound(err error, format string, args ...any) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "not_found", format, args...)
	}
	return err
}
