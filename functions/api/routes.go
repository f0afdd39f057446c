package main

import (
	"context"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/quota"
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
	// ingest lets in those who may only ingest, too: API keys of that role, and clients with their own credentials.
	ingest bool
	// reads says that it changes nothing, though its method is another than GET.
	reads bool
	// status is that of success, 200 if zero.
	status int
	// body is the most bytes that a body may have, maxRequestBytes if zero.
	body int64
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
				Description: "Connections to CRMs and client software, the records that came in through them, what changed in each, what was set aside, what was sent on, and what people earn by all of it.\n\n" +
					"Errors are `application/problem+json` (RFC 9457). Lists come in pages: pass `next` of one page as `cursor` of the following " +
					"one, with the same filters; the last page has no `next`, and a page may be shorter than `limit`.\n\n" +
					"What can be changed has an ETag: with it in `If-Match`, a change happens only if nobody else was faster. A POST that would do harm if it were " +
					"sent twice takes an `Idempotency-Key`: for 24 hours the same request with the same key, from the same API key, gets the same answer and does nothing.\n\n" +
					"An organization may have a quota of requests; `RateLimit` and `RateLimit-Policy` say what is left of it, and beyond it the answer is 429 with `Retry-After`. " +
					"Whatever changes something, or tries to, is in the audit log before it is answered.\n\n" +
					"Percent-encode each part of a path twice if it holds anything but letters, digits and `-._~`: the gateway in front of the API " +
					"decodes the path once.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "An API key, `llk_` and 43 more characters. Its role says what it may do: a reader reads, a manager also pushes rows, replays and accepts schemas, " +
					"an admin changes everything but owners, an owner everything; ingest may push rows and read its batches, nothing else. A key of a person may do at most what that person may."},
				"client":    {Type: "http", Scheme: "basic", Description: "A client's `clientid` and `clientSecret`."},
				"body":      {Type: "apiKey", In: "header", Name: "(in the body)", Description: "`clientid` and `clientSecret` as parts of the body."},
				"signature": {Type: "apiKey", In: "header", Name: "(the provider's)", Description: "A signature of the raw body, as each provider signs. For Close: `close-sig-hash` and `close-sig-timestamp`."},
			}},
			Tags: tags(),
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{asProblem},
	})
	h.registerService(api)
	h.registerMembers(api)
	h.registerPeople(api)
	h.registerRoster(api)
	h.registerAPIKeys(api)
	h.registerAudit(api)
	h.registerClients(api)
	h.registerOnboarding(api)
	h.registerBatches(api)
	h.registerUploads(api)
	h.registerObjects(api)
	h.registerSchemas(api)
	h.registerViews(api)
	h.registerPrograms(api)
	h.registerTemplates(api)
	h.registerRates(api)
	h.registerGoals(api)
	h.registerStandings(api)
	h.registerPayees(api)
	h.registerSettlements(api)
	h.registerPayouts(api)
	h.registerLedger(api)
	h.registerTaxRules(api)
	h.registerSettledDocuments(api)
	h.registerDisputes(api)
	h.registerCapitalized(api)
	h.registerNudges(api)
	h.registerPoints(api)
	h.registerGames(api)
	h.registerConnections(api)
	h.registerKeys(api)
	h.registerLogins(api)
	h.registerRuns(api)
	h.registerSyncs(api)
	h.registerRecords(api)
	h.registerHistory(api)
	h.registerQuarantine(api)
	h.registerDestinations(api)
	h.registerDeliveries(api)
	h.registerJobs(api)
	h.registerPrivacy(api)
	describeDoors(api)
	return api
}

// tags are the chapters of the description.
func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "organization", Description: "Who may do what: the organization with its quotas, people, API keys; what was done, and what needs attention."},
		{Name: "members", Description: "Who sells, who leads those who do: with role, team and manager, each for a time; taken over from CRMs, and set by admins."},
		{Name: "connections", Description: "An organization's logins at its providers."},
		{Name: "syncs", Description: "What is read from a provider and when, and each run of it with its progress."},
		{Name: "clients", Description: "Client software that pushes rows, with its credentials."},
		{Name: "push", Description: "Rows that clients push, in batches or as files."},
		{Name: "objects", Description: "The kinds of record of a connection, with their schemas."},
		{Name: "views", Description: "Links between data sources, views joined along them, and variables measured over views: standard ones, and your own."},
		{Name: "programs", Description: "Commission plans and contests: drafts, versions, what a change would do, what they go by."},
		{Name: "standings", Description: "What people earn by programs, and why, down to each record."},
		{Name: "ledger", Description: "The double-entry book of what is owed and paid: rows are only ever added, each names its cause and is chained to the one before."},
		{Name: "settlements", Description: "From calculated to paid: periods of programs frozen, approved, locked; what later changes adjust, and what people adjust by hand."},
		{Name: "payouts", Description: "Batches of payments: collected from the ledger with the tax on them, approved by others, released once, with their bank files and what banks send back; and who approves."},
		{Name: "disputes", Description: "What people object to in statements, with the evidence frozen: answered, resolved by an adjustment, or rejected with a reason, within a deadline."},
		{Name: "payees", Description: "Who pays, who is paid, and to which account: bank details and tax ids change with a second person's approval."},
		{Name: "tax", Description: "Rules of withholding as dated data, and what would be withheld by them."},
		{Name: "points", Description: "Points, and the game around selling: badges, levels, streaks and tiers by rules of your own."},
		{Name: "nudges", Description: "What people are told of where they stand: rules over standings, wordings, what each person wants to hear, and the inbox."},
		{Name: "records", Description: "The records of a connection and what changed in them."},
		{Name: "quarantine", Description: "What came in and could not be applied."},
		{Name: "destinations", Description: "Where events are sent, and what was sent."},
		{Name: "jobs", Description: "Long work with its progress."},
		{Name: "privacy", Description: "What is kept of a person: export and erasure."},
		{Name: "service", Description: "About the service itself."},
	}
}

// register adds a route whose handler knows who is calling.
func register[I, O any](api huma.API, h *handler, r route, handle func(context.Context, caller, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Tags: []string{r.tag}, Summary: r.summary, Description: r.text,
		DefaultStatus: r.status, MaxBodyBytes: maxRequestBytes,
		Errors: append([]int{http.StatusServiceUnavailable}, r.errors...),
	}
	if r.body > 0 {
		op.MaxBodyBytes = r.body
	}
	if r.needs != "" {
		op.Description = strings.TrimPrefix(op.Description+"\n\nNeeds the role `"+string(r.needs)+"`", "\n\n")
		op.Security = []map[string][]string{{"key": {}}}
		if r.ingest {
			op.Description += " or `" + string(tenant.Ingest) + "`, or a client's credentials"
			op.Security = append(op.Security, map[string][]string{"client": {}})
		}
		op.Description += "."
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
		op.Middlewares = huma.Middlewares{h.authorize(r)}
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

// refuse gives the answer to an error, and logs the error if it is our fault.
func (h *handler) refuse(ctx context.Context, operation string, err error) (*problem.Problem, http.Header) {
	f := fault.Of(err)
	exceeded := fault.Is(err, fault.RateLimited) && f.Code == quota.CodeExceeded
	switch kind := fault.KindOf(err); kind {
	case fault.Internal, fault.Unavailable, fault.RateLimited:
		if exceeded {
			break
		}
		telemetry.Fault(ctx, err)
		h.Log.Error("failed", "operation", operation, telemetry.KeyFault, string(kind), telemetry.KeyError, fault.Brief(err))
		if kind == fault.RateLimited { // it is not this caller who asks too much, but all of them together
			err = fault.Wrap(err, fault.Unavailable, "unavailable", "api: throttled")
		}
	}
	p, header := problem.From(err), http.Header{}
	actOf(ctx).outcome = codeOf(p)
	switch p.Status {
	case http.StatusTooManyRequests:
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer") // https://www.rfc-editor.org/rfc/rfc6750#section-3
	}
	return p, header
}

// codeOf gives the code of a problem.
func codeOf(p *problem.Problem) string { return strings.TrimPrefix(p.Type, problem.TypePrefix) }

// asProblem turns the errors that huma makes itself, all of them about requests, into problems. It keeps what was sent
// out of them.
func asProblem(ctx huma.Context, _ string, body any) (any, error) {
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
	actOf(ctx.Context()).outcome = code
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
