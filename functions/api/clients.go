package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Client is a team's software that pushes rows.
type Client struct {
	ClientID   string         `json:"clientid" doc:"What the client sends as clientid. It is no secret." example:"cli_4f0c9a2b1x7z"`
	Name       string         `json:"name"`
	Connection string         `json:"connection" doc:"Where its rows go." example:"conn_4f0c9a2b1x7z"`
	Status     string         `json:"status" enum:"active,disabled" doc:"A disabled client is refused as if it did not exist."`
	Secrets    []ClientSecret `json:"secrets" nullable:"false" doc:"The secrets that are accepted now, newest first."`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
	Rev        int64          `json:"rev" doc:"Counts the changes. Its ETag."`
}

// ClientSecret is a clientSecret, never shown again.
type ClientSecret struct {
	Fingerprint string     `json:"fingerprint" doc:"The first 8 hex digits of the SHA-256 of the secret."`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"When a replaced secret stops being accepted; absent for the present one."`
}

// ClientWithSecret is a client with what is shown of it once.
type ClientWithSecret struct {
	Client
	ClientSecret string `json:"clientSecret" doc:"What the client sends as clientSecret. It is shown only now."`
	PushURL      string `json:"push_url" doc:"Where it posts its rows."`
}

func (h *handler) registerClients(api huma.API) {
	register(api, h, route{
		id: "create-client", method: http.MethodPost, path: "/v1/clients", tag: "clients", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Make credentials for client software", text: "Makes a connection of its own for the rows, unless one is named.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.createClient)
	register(api, h, route{
		id: "list-clients", method: http.MethodGet, path: "/v1/clients", tag: "clients", needs: tenant.Reader,
		summary: "List clients", text: "By clientid.", errors: []int{400},
	}, h.listClients)
	register(api, h, route{
		id: "get-client", method: http.MethodGet, path: "/v1/clients/{client}", tag: "clients", needs: tenant.Reader,
		summary: "Get a client", errors: []int{404},
	}, h.getClient)
	register(api, h, route{
		id: "rotate-client-secret", method: http.MethodPost, path: "/v1/clients/{client}/rotate-secret", tag: "clients", needs: tenant.Admin,
		summary: "Replace the secret of a client", text: "At most two secrets are accepted at a time: the new one, and until the overlap is over the one that it replaces. With an overlap of 0 the old one is refused within a minute.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, h.rotateClientSecret)
	for _, to := range []struct {
		verb, text string
		status     tenant.Status
	}{
		{"disable", "Refuse its rows, within a minute. What came in before is still processed.", tenant.Disabled},
		{"enable", "Take its rows again.", tenant.Active},
	} {
		register(api, h, route{
			id: to.verb + "-client", method: http.MethodPost, path: "/v1/clients/{client}/" + to.verb, tag: "clients", needs: tenant.Admin,
			summary: strings.ToUpper(to.verb[:1]) + to.verb[1:] + " a client", text: to.text, errors: []int{404, 409, 412},
		}, func(ctx context.Context, c caller, in *ClientChangeInput) (*clientOutput, error) {
			return h.setClientStatus(ctx, c, in, to.verb, to.status)
		})
	}
}

type createClientInput struct {
	ResendInput
	Body struct {
		Name       string `json:"name" minLength:"1" maxLength:"200" example:"Warehouse"`
		Connection string `json:"connection,omitempty" maxLength:"64" doc:"An existing connection of client software to push into. Without it a new one is made."`
	} `nameHint:"NewClient"`
}

type clientWithSecretOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     ClientWithSecret
}

func (h *handler) createClient(ctx context.Context, c caller, in *createClientInput) (*clientWithSecretOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-client", "", in.Body)
	if err != nil {
		return nil, err
	}
	created, err := once(ctx, h, c, a, http.StatusCreated, func() (ClientWithSecret, func(*store.Receipt) error, error) {
		org, err := h.organization(ctx, c.organization)
		if err != nil {
			return ClientWithSecret{}, nil, err
		}
		client, conn, text, err := h.newClient(ctx, org, c, in)
		if err != nil {
			return ClientWithSecret{}, nil, err
		}
		err = room(ctx, "clients", org.Quotas.Clients, func(ctx context.Context, p store.Page) ([]tenant.Client, string, error) {
			return h.Members.Clients(ctx, c.organization, p)
		}, func(tenant.Client) bool { return true })
		return h.withSecret(client, text), func(receipt *store.Receipt) error {
			return h.Members.CreateClient(ctx, client, client.HookOf(org), conn, receipt)
		}, err
	})
	if err != nil {
		return nil, err
	}
	return &clientWithSecretOutput{Location: "/v1/clients/" + created.ClientID, ETag: etag(created.Rev), Body: created}, nil
}

// newClient makes a client, its connection if it needs a new one, and the text of its secret.
func (h *handler) newClient(ctx context.Context, org tenant.Organization, c caller, in *createClientInput) (client tenant.Client, conn *tenant.Connection, text string, err error) {
	now := h.Now().UTC()
	client = tenant.Client{Organization: c.organization, Connection: in.Body.Connection, Name: in.Body.Name, Status: tenant.Active,
		CreatedAt: now, UpdatedAt: now, Rev: 1}
	if client.Connection != "" {
		existing, err := h.connection(ctx, c, client.Connection)
		if err != nil {
			return client, nil, "", err
		}
		if existing.Connector != tenant.ClientConnector {
			return client, nil, "", fault.New(fault.Invalid, "not_a_client_connection", "Rows can only be pushed into a connection of client software; this one is to %s.", existing.Connector)
		}
	} else {
		if err := h.roomForConnection(ctx, org); err != nil {
			return client, nil, "", err
		}
		conn = &tenant.Connection{Organization: c.organization, Connector: tenant.ClientConnector, Name: in.Body.Name, Status: tenant.Active,
			CreatedAt: now, UpdatedAt: now, Rev: 1}
		if conn.ID, err = tenant.NewID(tenant.ConnectionID, h.Random); err != nil {
			return client, nil, "", err
		}
		client.Connection = conn.ID
	}
	if client.ID, err = tenant.NewID(tenant.ClientID, h.Random); err != nil {
		return client, nil, "", err
	}
	text, secret, err := tenant.NewClientSecret(now, h.Random)
	client.Secrets = []tenant.ClientSecret{secret}
	return client, conn, text, err
}

func (h *handler) withSecret(client tenant.Client, text string) ClientWithSecret {
	return ClientWithSecret{Client: h.showClient(client), ClientSecret: text, PushURL: h.BaseURL + "/v1/push"}
}

type clientsOutput struct{ Body list[Client] }

func (h *handler) listClients(ctx context.Context, c caller, in *PageInput) (*clientsOutput, error) {
	body, err := page(ctx, h, c, *in, listing[tenant.Client, Client]{
		scope: []string{"clients"},
		read: func(ctx context.Context, p store.Page) ([]tenant.Client, string, error) {
			return h.Members.Clients(ctx, c.organization, p)
		},
		show: func(client tenant.Client) (Client, int, bool) { return h.showClient(client), 1024, true },
	})
	return &clientsOutput{body}, err
}

// ClientInput names a client.
type ClientInput struct {
	Client string `path:"client" maxLength:"64" example:"cli_4f0c9a2b1x7z"`
}

type clientOutput struct {
	ETag string `header:"ETag"`
	Body Client
}

func (h *handler) getClient(ctx context.Context, c caller, in *ClientInput) (*clientOutput, error) {
	client, err := h.clientOf(ctx, c, in.Client)
	if err != nil {
		return nil, err
	}
	return &clientOutput{ETag: etag(client.Rev), Body: h.showClient(client)}, nil
}

// ClientChangeInput is what a change of a client takes.
type ClientChangeInput struct {
	ClientInput
	ResendInput
	MatchInput
}

type rotateClientInput struct {
	ClientChangeInput
	Body *struct {
		OverlapSeconds *overlap `json:"overlap_seconds,omitempty" doc:"How long the secret that it replaces is still accepted: 86400 (a day) if left out, at most 30 days."`
	} `nameHint:"NewClientSecret"`
}

func (h *handler) rotateClientSecret(ctx context.Context, c caller, in *rotateClientInput) (*clientWithSecretOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "rotate-client-secret", in.Client, in.Body)
	if err != nil {
		return nil, err
	}
	rotated, err := once(ctx, h, c, a, http.StatusOK, func() (ClientWithSecret, func(*store.Receipt) error, error) {
		client, err := h.clientOf(ctx, c, in.Client)
		if err != nil {
			return ClientWithSecret{}, nil, err
		}
		if err := checkMatch(in.IfMatch, client.Rev); err != nil {
			return ClientWithSecret{}, nil, err
		}
		accepted := defaultOverlap
		if in.Body != nil && in.Body.OverlapSeconds != nil {
			accepted = time.Duration(*in.Body.OverlapSeconds) * time.Second
		}
		now := h.Now().UTC()
		text, secret, err := tenant.NewClientSecret(now, h.Random)
		if err != nil {
			return ClientWithSecret{}, nil, err
		}
		client = client.Rotate(secret, accepted, now)
		write, err := h.changeClient(ctx, c, client, in.IfMatch)
		return h.withSecret(client, text), write, err
	})
	if err != nil {
		return nil, err
	}
	return &clientWithSecretOutput{ETag: etag(rotated.Rev), Body: rotated}, nil
}

func (h *handler) setClientStatus(ctx context.Context, c caller, in *ClientChangeInput, verb string, status tenant.Status) (*clientOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, verb+"-client", in.Client, nil)
	if err != nil {
		return nil, err
	}
	changed, err := once(ctx, h, c, a, http.StatusOK, func() (Client, func(*store.Receipt) error, error) {
		client, err := h.clientOf(ctx, c, in.Client)
		if err != nil {
			return Client{}, nil, err
		}
		if err := checkMatch(in.IfMatch, client.Rev); err != nil || client.Status == status {
			return h.showClient(client), nil, err
		}
		client = client.WithStatus(status, h.Now().UTC())
		write, err := h.changeClient(ctx, c, client, in.IfMatch)
		return h.showClient(client), write, err
	})
	if err != nil {
		return nil, err
	}
	return &clientOutput{ETag: etag(changed.Rev), Body: changed}, nil
}

// changeClient gives what stores a change of a client.
func (h *handler) changeClient(ctx context.Context, c caller, client tenant.Client, ifMatch string) (func(*store.Receipt) error, error) {
	org, err := h.organization(ctx, c.organization)
	return func(receipt *store.Receipt) error {
		return stale(h.Members.UpdateClient(ctx, client, client.HookOf(org), receipt), ifMatch)
	}, err
}

func (h *handler) clientOf(ctx context.Context, c caller, id string) (tenant.Client, error) {
	client, err := h.Members.Client(ctx, c.organization, id)
	return client, notFound(err, "There is no client %q.", id)
}

func (h *handler) showClient(client tenant.Client) Client {
	out := Client{ClientID: client.ID, Name: client.Name, Connection: client.Connection, Status: string(client.Status), Secrets: []ClientSecret{},
		CreatedAt: client.CreatedAt, UpdatedAt: client.UpdatedAt, Rev: client.Rev}
	for _, s := range client.ValidSecrets(h.Now()) {
		out.Secrets = append(out.Secrets, ClientSecret{Fingerprint: s.Fingerprint, CreatedAt: s.CreatedAt, ExpiresAt: someTime(s.ExpiresAt)})
	}
	return out
}
