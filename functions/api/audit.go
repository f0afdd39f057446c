package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/audit"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// maxAgentBytes of what a client says it is are kept.
const maxAgentBytes = 200

// origin is where a request came from, for the audit log.
type origin struct{ address, agent, request, path string }

type originKey struct{}

// withOrigin notes where a request came from.
func withOrigin(r *http.Request, request string) *http.Request {
	agent := strings.ToValidUTF8(r.UserAgent(), "")
	if len(agent) > maxAgentBytes {
		agent = strings.ToValidUTF8(agent[:maxAgentBytes], "")
	}
	o := origin{address: r.RemoteAddr, agent: agent, request: request, path: strings.TrimPrefix(r.URL.Path, "/v1/")}
	return r.WithContext(context.WithValue(r.Context(), originKey{}, o))
}

// note writes an act into the audit log: every request that changes something, or tried to, done or refused. It is written
// before the answer is given; where it cannot be, the answer is a 503, and a resend notes it.
func (h *handler) note(ctx context.Context, c caller, method, operation string, outcome error) error {
	if method == http.MethodGet || c.organization == "" {
		return nil
	}
	switch fault.KindOf(outcome) {
	case fault.Internal, fault.Unavailable, fault.RateLimited:
		return nil // nothing was decided; what was done is noted when it is sent again
	}
	now := h.Now().UTC()
	id, err := delivery.NewID(now, h.Random)
	if err != nil {
		return err
	}
	from, _ := ctx.Value(originKey{}).(origin)
	entry := audit.Entry{ID: id, Organization: c.organization, At: now, Actor: c.actor, ActorName: c.name, Person: c.person,
		Operation: operation, Target: from.path, Outcome: "done", Address: from.address, Agent: from.agent, Request: from.request}
	if f := fault.Of(outcome); f != nil {
		entry.Outcome = f.Code
	}
	return h.Journal.Record(ctx, entry)
}

// AuditEntry is one act.
type AuditEntry struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor" doc:"The API key or client that acted, or operator for the leadline command." example:"key_4f0c9a2b1x7z"`
	ActorName string    `json:"actor_name" doc:"What it was called then."`
	Person    string    `json:"person,omitempty" doc:"Whose key it was."`
	Operation string    `json:"operation" doc:"The operation of this API." example:"create-connection"`
	Target    string    `json:"target" doc:"What was acted on, as a path." example:"connections/conn_4f0c9a2b1x7z"`
	Outcome   string    `json:"outcome" doc:"done, or the code of the problem that it was refused with." example:"done"`
	Address   string    `json:"address,omitempty" doc:"Where the request came from."`
	Agent     string    `json:"agent,omitempty" doc:"What the client said it was."`
	Request   string    `json:"request,omitempty" doc:"The id of the request in the logs."`
	Detail    string    `json:"detail,omitempty"`
}

func (h *handler) registerAudit(api huma.API) {
	register(api, h, route{
		id: "list-audit", method: http.MethodGet, path: "/v1/audit", tag: "organization", needs: tenant.Admin,
		summary: "List what was done", text: "Every request that changed something or was refused, newest first, with who, what, when and from where.",
		errors: []int{400},
	}, h.listAudit)
}

type listAuditInput struct {
	PageInput
	Actor     string    `query:"actor" maxLength:"64" doc:"By this key or client only."`
	Operation string    `query:"operation" maxLength:"64" doc:"This operation only."`
	From      time.Time `query:"from" doc:"Not before."`
	Until     time.Time `query:"until" doc:"Before."`
}

type auditOutput struct{ Body list[AuditEntry] }

func (h *handler) listAudit(ctx context.Context, c caller, in *listAuditInput) (*auditOutput, error) {
	filter := store.AuditFilter{Actor: in.Actor, Operation: in.Operation, From: in.From, Until: in.Until}
	body, err := page(ctx, h, c, in.PageInput, listing[audit.Entry, AuditEntry]{
		scope: []string{"audit", in.Actor, in.Operation, in.From.UTC().Format(time.RFC3339Nano), in.Until.UTC().Format(time.RFC3339Nano)},
		read: func(ctx context.Context, p store.Page) ([]audit.Entry, string, error) {
			return h.Journal.Entries(ctx, c.organization, filter, p)
		},
		show: func(e audit.Entry) (AuditEntry, int, bool) {
			return AuditEntry{ID: e.ID, At: e.At, Actor: e.Actor, ActorName: e.ActorName, Person: e.Person, Operation: e.Operation,
				Target: e.Target, Outcome: e.Outcome, Address: e.Address, Agent: e.Agent, Request: e.Request, Detail: e.Detail}, 512, true
		},
	})
	return &auditOutput{body}, err
}
