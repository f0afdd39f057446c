package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Destination is a URL that events are sent to.
type Destination struct {
	ID             string              `json:"id" example:"dst_4f0c9a2b1x7z"`
	Name           string              `json:"name"`
	URL            string              `json:"url" example:"https://hosted.rudderlabs.com/v1/webhook"`
	Kind           string              `json:"kind" enum:"track,events" doc:"What it gets. track: one RudderStack track event for each event of a CRM. events: what happens to participants here, such as points.awarded and tier.changed."`
	Types          []string            `json:"types,omitempty" nullable:"false" doc:"The types of events that a destination of the kind events gets; absent for all."`
	Connections    []string            `json:"connections" nullable:"false" doc:"Whose events it gets; empty for all."`
	Headers        []string            `json:"headers" nullable:"false" doc:"The names of the headers that are sent with each event; their values are never shown."`
	SeedTimestamps bool                `json:"seed_timestamps" doc:"Write originalTimestamp as RudderStack's documentation shows it, with the weekday for the day."`
	Status         string              `json:"status" enum:"active,disabled,failed" doc:"failed: switched off by us, for lasting failure or because it answered 410."`
	Problem        string              `json:"problem,omitempty" doc:"Why it fails or was switched off."`
	FailingSince   *time.Time          `json:"failing_since,omitempty" doc:"Since when it has answered nothing but failures."`
	Secrets        []DestinationSecret `json:"secrets" nullable:"false" doc:"The secrets that sign now, newest first."`
	CreatedAt      time.Time           `json:"created_at"`
	UpdatedAt      time.Time           `json:"updated_at"`
	Rev            int64               `json:"rev" doc:"Counts the changes. Its ETag."`
}

// DestinationSecret signs what is sent. It is never shown again.
type DestinationSecret struct {
	Fingerprint string     `json:"fingerprint" doc:"The first 8 hex digits of the SHA-256 of the secret."`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"When a replaced secret no longer signs; absent for the present one."`
}

// DestinationWithSecret is a destination with what is shown of it once.
type DestinationWithSecret struct {
	Destination
	Secret string `json:"secret" doc:"Checks the signatures as Standard Webhooks says (whsec_...). It is shown only now." example:"whsec_..."`
}

func (h *handler) registerDestinations(api huma.API) {
	register(api, h, route{
		id: "create-destination", method: http.MethodPost, path: "/v1/destinations", tag: "destinations", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Send events to a URL", text: "Signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature), retried over three days. The URL must be https and lead to a public address.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.createDestination)
	register(api, h, route{
		id: "list-destinations", method: http.MethodGet, path: "/v1/destinations", tag: "destinations", needs: tenant.Reader,
		summary: "List destinations", text: "By id.", errors: []int{400},
	}, h.listDestinations)
	register(api, h, route{
		id: "get-destination", method: http.MethodGet, path: "/v1/destinations/{destination}", tag: "destinations", needs: tenant.Reader,
		summary: "Get a destination", errors: []int{404},
	}, h.getDestination)
	register(api, h, route{
		id: "update-destination", method: http.MethodPut, path: "/v1/destinations/{destination}", tag: "destinations", needs: tenant.Admin,
		summary: "Change a destination", text: "Headers and connections that are left out stay as they are, the headers unless the URL leads to another server; an empty object or list removes them.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.updateDestination)
	register(api, h, route{
		id: "delete-destination", method: http.MethodDelete, path: "/v1/destinations/{destination}", tag: "destinations", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Delete a destination", text: "What is under way to it is dropped.", errors: []int{404},
	}, h.deleteDestination)
	register(api, h, route{
		id: "rotate-destination-secret", method: http.MethodPost, path: "/v1/destinations/{destination}/rotate-secret", tag: "destinations", needs: tenant.Admin,
		summary: "Replace the secret of a destination", text: "Until the overlap is over, both the new and the replaced secret sign: each event carries two signatures.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, h.rotateDestinationSecret)
	for _, to := range []struct {
		verb, text string
		status     outbound.Status
	}{
		{"disable", "What comes for it is noted as skipped, and can be replayed.", outbound.Disabled},
		{"enable", "Also the way back for one that was switched off for failing.", outbound.Active},
	} {
		register(api, h, route{
			id: to.verb + "-destination", method: http.MethodPost, path: "/v1/destinations/{destination}/" + to.verb, tag: "destinations", needs: tenant.Admin,
			summary: strings.ToUpper(to.verb[:1]) + to.verb[1:] + " a destination", text: to.text, errors: []int{404, 409, 412},
		}, func(ctx context.Context, c caller, in *destinationStatusInput) (*destinationOutput, error) {
			return h.setDestinationStatus(ctx, c, in, to.verb, to.status)
		})
	}
}

// DestinationFields are what can be said of a destination.
type DestinationFields struct {
	Name           string            `json:"name" minLength:"1" maxLength:"200"`
	URL            string            `json:"url" minLength:"1" maxLength:"2048"`
	Kind           string            `json:"kind,omitempty" enum:"track,events" doc:"track if left out of a new one. It never changes."`
	Types          []string          `json:"types,omitempty" maxItems:"20" nullable:"false" enum:"points.awarded,badge.earned,level.reached,tier.changed" doc:"Which events a destination of the kind events gets: all if empty. Left out of a change, it stays as it is."`
	Connections    []string          `json:"connections,omitempty" maxItems:"100" nullable:"false" doc:"Whose events it gets: all if empty. Left out of a change, it stays as it is."`
	Headers        map[string]string `json:"headers,omitempty" doc:"Sent with each event, such as Authorization. At most 20, 4 kB together. Names that begin with webhook- are ours."`
	SeedTimestamps bool              `json:"seed_timestamps,omitempty"`
}

type createDestinationInput struct {
	ResendInput
	Body DestinationFields
}

type destinationWithSecretOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     DestinationWithSecret
}

func (h *handler) createDestination(ctx context.Context, c caller, in *createDestinationInput) (*destinationWithSecretOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-destination", "", in.Body)
	if err != nil {
		return nil, err
	}
	created, err := once(ctx, h, c, a, http.StatusCreated, func() (DestinationWithSecret, func(*store.Receipt) error, error) {
		org, err := h.organization(ctx, c.organization)
		if err != nil {
			return DestinationWithSecret{}, nil, err
		}
		err = room(ctx, "destinations", org.Quotas.Destinations, func(ctx context.Context, p store.Page) ([]outbound.Destination, string, error) {
			return h.Destinations.Destinations(ctx, c.organization, p)
		}, func(outbound.Destination) bool { return true })
		if err != nil {
			return DestinationWithSecret{}, nil, err
		}
		now := h.Now().UTC()
		d := outbound.Destination{Organization: c.organization, Kind: outbound.Kind(cmp.Or(in.Body.Kind, string(outbound.Track))), Status: outbound.Active, CreatedAt: now, UpdatedAt: now, Rev: 1}
		if d.ID, err = tenant.NewID(tenant.DestinationID, h.Random); err != nil {
			return DestinationWithSecret{}, nil, err
		}
		if err := h.describe(ctx, c, &d, in.Body); err != nil {
			return DestinationWithSecret{}, nil, err
		}
		d.URL = in.Body.URL
		text, sealed, err := h.newDestinationSecret(ctx, c, now)
		if err != nil {
			return DestinationWithSecret{}, nil, err
		}
		d.Secrets = []outbound.Secret{sealed}
		return DestinationWithSecret{Destination: h.showDestination(d), Secret: text}, func(receipt *store.Receipt) error {
			return h.Destinations.CreateDestination(ctx, d, receipt)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &destinationWithSecretOutput{Location: "/v1/destinations/" + created.ID, ETag: etag(created.Rev), Body: created}, nil
}

// describe checks what is said of a destination and puts it into it, but for its URL.
func (h *handler) describe(ctx context.Context, c caller, d *outbound.Destination, in DestinationFields) error {
	if err := outbound.CheckURL(in.URL, h.AllowLoopback); err != nil {
		return err
	}
	for _, id := range in.Connections {
		if _, err := h.connection(ctx, c, id); err != nil {
			return err
		}
	}
	if in.Headers == nil && len(d.HeaderNames) > 0 && !sameOrigin(d.URL, in.URL) {
		return fault.New(fault.Invalid, "headers_needed",
			"The URL leads somewhere else, which must not learn the headers that were meant for the old one. Send them again, or {} for none.")
	}
	if in.Kind != "" && outbound.Kind(in.Kind) != d.Kind {
		return fault.New(fault.Invalid, "kind_is_fixed", "The kind of a destination never changes. Make another destination.")
	}
	if d.Kind != outbound.Events && len(in.Types) > 0 {
		return fault.New(fault.Invalid, "no_types", "Types are for destinations of the kind events.")
	}
	if d.Kind == outbound.Events && len(in.Connections) > 0 {
		return fault.New(fault.Invalid, "no_connections", "Events come from no connection: leave connections out.")
	}
	if in.Types != nil {
		d.Types = in.Types
	}
	if in.Connections != nil {
		d.Connections = in.Connections
	}
	d.Name, d.SeedTimestamps = in.Name, in.SeedTimestamps
	if in.Headers == nil {
		return nil
	}
	if err := outbound.CheckHeaders(in.Headers); err != nil {
		return err
	}
	d.Headers, d.HeaderNames = nil, outbound.HeaderNames(in.Headers)
	if len(in.Headers) == 0 {
		return nil
	}
	text, err := json.Marshal(in.Headers)
	if err != nil {
		return err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return err
	}
	d.Headers = box.Seal(secret.PurposeHeaders, text)
	return nil
}

// sameOrigin tells whether two URLs lead to the same server.
func sameOrigin(a, b string) bool {
	one, err := url.Parse(a)
	two, otherErr := url.Parse(b)
	return err == nil && otherErr == nil && one.Scheme == two.Scheme && strings.EqualFold(one.Host, two.Host)
}

func (h *handler) newDestinationSecret(ctx context.Context, c caller, now time.Time) (string, outbound.Secret, error) {
	text, err := outbound.NewSecret(h.Random)
	if err != nil {
		return "", outbound.Secret{}, err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return "", outbound.Secret{}, err
	}
	return text, outbound.NewSigner(text, box.Seal(secret.PurposeSigningKey, []byte(text)), now), nil
}

type destinationsOutput struct{ Body list[Destination] }

func (h *handler) listDestinations(ctx context.Context, c caller, in *PageInput) (*destinationsOutput, error) {
	body, err := page(ctx, h, c, *in, listing[outbound.Destination, Destination]{
		scope: []string{"destinations"},
		read: func(ctx context.Context, p store.Page) ([]outbound.Destination, string, error) {
			return h.Destinations.Destinations(ctx, c.organization, p)
		},
		show: func(d outbound.Destination) (Destination, int, bool) {
			return h.showDestination(d), 1024 + 128*len(d.Connections) + escapedLength([]byte(d.Name+d.URL+d.Problem+strings.Join(d.HeaderNames, ""))), true
		},
	})
	return &destinationsOutput{body}, err
}

// DestinationInput names a destination.
type DestinationInput struct {
	Destination string `path:"destination" maxLength:"64" example:"dst_4f0c9a2b1x7z"`
}

// DestinationChangeInput is what a change of a destination takes.
type DestinationChangeInput struct {
	DestinationInput
	MatchInput
}

type destinationOutput struct {
	ETag string `header:"ETag"`
	Body Destination
}

func (h *handler) getDestination(ctx context.Context, c caller, in *DestinationInput) (*destinationOutput, error) {
	d, err := h.destination(ctx, c, in.Destination)
	if err != nil {
		return nil, err
	}
	return &destinationOutput{ETag: etag(d.Rev), Body: h.showDestination(d)}, nil
}

type updateDestinationInput struct {
	DestinationChangeInput
	Body DestinationFields
}

func (h *handler) updateDestination(ctx context.Context, c caller, in *updateDestinationInput) (*destinationOutput, error) {
	d, err := h.destination(ctx, c, in.Destination)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, d.Rev); err != nil {
		return nil, err
	}
	if err := h.describe(ctx, c, &d, in.Body); err != nil {
		return nil, err
	}
	if now := h.Now().UTC(); d.URL != in.Body.URL {
		d = d.WithURL(in.Body.URL, now)
	} else {
		d = d.Changed(now)
	}
	if err := stale(h.Destinations.UpdateDestination(ctx, d, nil), in.IfMatch); err != nil {
		return nil, err
	}
	return &destinationOutput{ETag: etag(d.Rev), Body: h.showDestination(d)}, nil
}

type destinationStatusInput struct {
	DestinationChangeInput
	ResendInput
}

func (h *handler) setDestinationStatus(ctx context.Context, c caller, in *destinationStatusInput, verb string, status outbound.Status) (*destinationOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, verb+"-destination", in.Destination, nil)
	if err != nil {
		return nil, err
	}
	changed, err := once(ctx, h, c, a, http.StatusOK, func() (Destination, func(*store.Receipt) error, error) {
		d, err := h.destination(ctx, c, in.Destination)
		if err != nil {
			return Destination{}, nil, err
		}
		if err := checkMatch(in.IfMatch, d.Rev); err != nil || d.Status == status {
			return h.showDestination(d), nil, err
		}
		d = d.WithStatus(status, h.Now().UTC())
		return h.showDestination(d), func(receipt *store.Receipt) error {
			return stale(h.Destinations.UpdateDestination(ctx, d, receipt), in.IfMatch)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &destinationOutput{ETag: etag(changed.Rev), Body: changed}, nil
}

func (h *handler) deleteDestination(ctx context.Context, c caller, in *DestinationInput) (*struct{}, error) {
	if _, err := h.destination(ctx, c, in.Destination); err != nil {
		return nil, err
	}
	return nil, h.Destinations.DeleteDestination(ctx, c.organization, in.Destination)
}

type rotateDestinationInput struct {
	DestinationChangeInput
	ResendInput
	Body *struct {
		OverlapSeconds *overlap `json:"overlap_seconds,omitempty" doc:"How long the secret that it replaces still signs, too: 86400 (a day) if left out, at most 30 days."`
	} `nameHint:"NewDestinationSecret"`
}

func (h *handler) rotateDestinationSecret(ctx context.Context, c caller, in *rotateDestinationInput) (*destinationWithSecretOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "rotate-destination-secret", in.Destination, in.Body)
	if err != nil {
		return nil, err
	}
	rotated, err := once(ctx, h, c, a, http.StatusOK, func() (DestinationWithSecret, func(*store.Receipt) error, error) {
		d, err := h.destination(ctx, c, in.Destination)
		if err != nil {
			return DestinationWithSecret{}, nil, err
		}
		if err := checkMatch(in.IfMatch, d.Rev); err != nil {
			return DestinationWithSecret{}, nil, err
		}
		overlap := defaultOverlap
		if in.Body != nil && in.Body.OverlapSeconds != nil {
			overlap = time.Duration(*in.Body.OverlapSeconds) * time.Second
		}
		now := h.Now().UTC()
		text, sealed, err := h.newDestinationSecret(ctx, c, now)
		if err != nil {
			return DestinationWithSecret{}, nil, err
		}
		d = d.Rotate(sealed, overlap, now)
		return DestinationWithSecret{Destination: h.showDestination(d), Secret: text}, func(receipt *store.Receipt) error {
			return stale(h.Destinations.UpdateDestination(ctx, d, receipt), in.IfMatch)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &destinationWithSecretOutput{ETag: etag(rotated.Rev), Body: rotated}, nil
}

func (h *handler) destination(ctx context.Context, c caller, id string) (outbound.Destination, error) {
	d, err := h.Destinations.Destination(ctx, c.organization, id)
	return d, notFound(err, "There is no destination %q.", id)
}

func (h *handler) showDestination(d outbound.Destination) Destination {
	out := Destination{ID: d.ID, Name: d.Name, URL: d.URL, Kind: string(d.Kind), Types: d.Types, Connections: append([]string{}, d.Connections...),
		Headers: append([]string{}, d.HeaderNames...), SeedTimestamps: d.SeedTimestamps, Status: string(d.Status), Problem: d.Problem,
		FailingSince: someTime(d.FailingSince), Secrets: []DestinationSecret{}, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Rev: d.Rev}
	for _, s := range d.ValidSecrets(h.Now()) {
		out.Secrets = append(out.Secrets, DestinationSecret{Fingerprint: s.Fingerprint, CreatedAt: s.CreatedAt, ExpiresAt: someTime(s.ExpiresAt)})
	}
	return out
}
