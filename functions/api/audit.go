package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/audit"
	"leadline/shared/delivery"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

const (
	// maxAgentBytes of what a client says it is are kept, maxTargetBytes of a path.
	maxAgentBytes  = 200
	maxTargetBytes = 1 << 10
)

// act is what the audit log will say of a request. It begins with where the request came from, and is filled in as it
// becomes known who asked for what, and how it ended. Each request has its own.
type act struct {
	address, agent, request, target, detail string
	caller                                  caller
	// operation is empty for what is not noted: what nobody proved to have asked for, and what only reads.
	operation string
	// outcome is the code of the problem that the request was refused with; empty for one that was done.
	outcome string
}

type actKey struct{}

// withAct gives a request the note of where it came from.
func withAct(r *http.Request, request string) (*http.Request, *act) {
	a := &act{address: r.RemoteAddr, agent: cut(r.UserAgent(), maxAgentBytes), request: request, target: target(r.URL.Path)}
	return r.WithContext(context.WithValue(r.Context(), actKey{}, a)), a
}

// actOf gives the note of the request; outside of one it gives one that nobody reads.
func actOf(ctx context.Context) *act {
	if a, ok := ctx.Value(actKey{}).(*act); ok {
		return a
	}
	return &act{}
}

// explain says what an act changed, for people, without secrets and without personal data.
func explain(ctx context.Context, format string, args ...any) {
	actOf(ctx).detail = strings.TrimSpace(fmt.Sprintf(format, args...))
}

// target names what a request acts on by its path, in which a caller may have put a secret by mistake.
func target(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	for i, part := range parts {
		for _, prefix := range []string{"llk_", "cls_", "whsec_"} {
			if strings.HasPrefix(part, prefix) {
				parts[i] = prefix + "..."
			}
		}
	}
	return cut(strings.Join(parts, "/"), maxTargetBytes)
}

// cut gives the beginning of a text as valid UTF-8.
func cut(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

// note writes an act into the audit log: every request that changes something, or tried to, done or refused. It is
// written before the answer is given. Where it cannot be, nobody is told that the act was done: they get a 503, and a
// resend notes it.
func (h *handler) note(ctx context.Context, a *act, w *recorder) error {
	if a.operation == "" {
		return nil
	}
	if location, found := strings.CutPrefix(w.header.Get("Location"), "/v1/"); found {
		if w.status == http.StatusCreated || strings.HasPrefix(location, a.target+"/") {
			a.target = location
		} else if a.detail == "" {
			a.detail = location
		}
	}
	now := h.Now().UTC()
	id, err := delivery.NewID(now, h.Random)
	if err != nil {
		return err
	}
	entry := audit.Entry{ID: id, Organization: a.caller.organization, At: now, Actor: a.caller.actor, ActorName: a.caller.name, Person: a.caller.person,
		Operation: a.operation, Target: a.target, Outcome: "done", Address: a.address, Agent: a.agent, Request: a.request, Detail: a.detail}
	if a.outcome != "" {
		entry.Outcome = a.outcome
	}
	return h.Journal.Record(ctx, entry)
}

// AuditEntry is one act.
type AuditEntry struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor" doc:"The API key or client that acted." example:"key_4f0c9a2b1x7z"`
	ActorName string    `json:"actor_name" doc:"What it was called then."`
	Person    string    `json:"person,omitempty" doc:"Whose key it was."`
	Operation string    `json:"operation" doc:"The operation of this API." example:"create-connection"`
	Target    string    `json:"target" doc:"What was acted on, as a path; what was made, where something was." example:"connections/conn_4f0c9a2b1x7z"`
	Outcome   string    `json:"outcome" doc:"done, or the code of the problem that it ended with. After unavailable and internal nobody knows whether it was done." example:"done"`
	Address   string    `json:"address,omitempty" doc:"Where the request came from."`
	Agent     string    `json:"agent,omitempty" doc:"What the client said it was."`
	Request   string    `json:"request,omitempty" doc:"The id of the request in the logs."`
	Detail    string    `json:"detail,omitempty" doc:"What it changed, or started."`
}

func (h *handler) registerAudit(api huma.API) {
	register(api, h, route{
		id: "list-audit", method: http.MethodGet, path: "/v1/audit", tag: "organization", needs: tenant.Admin,
		summary: "List what was done", text: "Every request with a valid key that changed something or tried to, newest first, with who, what, when and from where.",
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
				Target: e.Target, Outcome: e.Outcome, Address: e.Address, Agent: e.Agent, Request: e.Request, Detail: e.Detail}, 512 + escapedLength([]byte(e.ActorName+e.Agent+e.Target+e.Detail)), true
		},
	})
	return &auditOutput{body}, err
}
