package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/job"
	"leadline/shared/tenant"
)

func (h *handler) registerPrivacy(api huma.API) {
	register(api, h, route{
		id: "export-person", method: http.MethodPost, path: "/v1/privacy/exports", tag: "privacy", needs: tenant.Owner, status: http.StatusAccepted,
		summary: "Export everything that is kept of a person",
		text:    "Records with their history, payloads, quarantine entries, deliveries, accounts. As a job, which ends with a file (NDJSON, gzip) that is kept for 7 days.",
		errors:  []int{400, 404, 409, 413, 415}, body: maxPersonBytes,
	}, func(ctx context.Context, c caller, in *privacyInput) (*jobOutput, error) {
		return h.startPrivacy(ctx, c, in, "export-person", job.Export)
	})
	register(api, h, route{
		id: "erase-person", method: http.MethodPost, path: "/v1/privacy/erasures", tag: "privacy", needs: tenant.Owner, status: http.StatusAccepted,
		summary: "Erase everything that is kept of a person",
		text:    "For good, wherever an export finds something. Erase the person in the CRM first: what it sends anew is taken as new.",
		errors:  []int{400, 404, 409, 413, 415}, body: maxPersonBytes,
	}, func(ctx context.Context, c caller, in *privacyInput) (*jobOutput, error) {
		return h.startPrivacy(ctx, c, in, "erase-person", job.Erase)
	})
}

// maxPersonBytes has room for every record that may be named, with the longest ids.
const maxPersonBytes = 256 << 10

// PersonToFind says whom an export or an erasure is about.
type PersonToFind struct {
	Emails  []string        `json:"emails,omitempty" maxItems:"20" nullable:"false" doc:"Everything that holds one of these addresses, without regard to case."`
	Phones  []string        `json:"phones,omitempty" maxItems:"20" nullable:"false" doc:"Everything that holds one of these numbers, however it is written: with country code, digits count."`
	Records []RecordAddress `json:"records,omitempty" maxItems:"100" nullable:"false" doc:"These records."`
}

// RecordAddress names a record.
type RecordAddress struct {
	Connection string `json:"connection" maxLength:"64"`
	Object     string `json:"object" maxLength:"128"`
	ID         string `json:"id" maxLength:"512"`
}

type privacyInput struct {
	ResendInput
	Body PersonToFind
}

func (h *handler) startPrivacy(ctx context.Context, c caller, in *privacyInput, operation string, kind job.Kind) (*jobOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, operation, "", in.Body)
	if err != nil {
		return nil, err
	}
	p := job.PersonParams{Emails: in.Body.Emails, Phones: in.Body.Phones}
	for _, r := range in.Body.Records {
		if _, err := h.connection(ctx, c, r.Connection); err != nil {
			return nil, err
		}
		p.Records = append(p.Records, job.RecordRef(r))
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	params, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return h.startJob(ctx, c, a, kind, params)
}
