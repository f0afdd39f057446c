package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/hook"
	"leadline/shared/problem"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Connection is an organization's login at one provider.
type Connection struct {
	ID        string       `json:"id" example:"conn_4f0c9a2b1x7z"`
	Connector string       `json:"connector" doc:"The provider." example:"close"`
	Name      string       `json:"name"`
	Status    string       `json:"status" enum:"active,disabled,paused" doc:"A disabled connection refuses events as if it did not exist; a paused one keeps them until it is active again."`
	Keys      []SigningKey `json:"keys" nullable:"false" doc:"The signing keys that are accepted now, newest first."`
	BaseURL   string       `json:"base_url,omitempty" doc:"Where the provider's API stands for this connection; absent for its usual place."`
	Account   *Account     `json:"account,omitempty" doc:"The account at the provider; absent until the connection has logged in."`
	// Login is nil for a connection that only listens.
	Login *ConnectionLogin `json:"login,omitempty" doc:"What the connection logs in with at the provider; absent where it only listens."`
	// State is left out in lists.
	State     *ConnectionState `json:"state,omitempty" doc:"How it fares; only where one connection is asked for."`
	CreatedAt time.Time        `json:"created_at"`
	UpdatedAt time.Time        `json:"updated_at"`
	Rev       int64            `json:"rev" doc:"Counts the changes to the connection. Its ETag."`
}

// SigningKey is a key that the provider signs its events with. The key itself is never shown.
type SigningKey struct {
	Fingerprint string     `json:"fingerprint" doc:"The first 8 hex digits of the SHA-256 of the key as the provider writes it."`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"When a replaced key stops being accepted; absent for the present key."`
}

// CreatedConnection is a connection with what is shown of it once.
type CreatedConnection struct {
	Connection
	LoginTest
	WebhookURL string `json:"webhook_url" doc:"The URL that the provider posts its events to. It is secret, and shown only now."`
}

type connectionOutput struct {
	ETag string `header:"ETag"`
	Body Connection
}

type ConnectionInput struct {
	Connection string `path:"connection" maxLength:"64" example:"conn_4f0c9a2b1x7z"`
}

// ChangeInput is what a change of a connection takes.
type ChangeInput struct {
	ConnectionInput
	ResendInput
	IfMatch string `header:"If-Match" maxLength:"255" doc:"The ETag of the connection as last read. If it has changed since, nothing happens."`
}

func (h *handler) registerConnections(api huma.API) {
	register(api, h, route{
		id: "create-connection", method: http.MethodPost, path: "/v1/connections", tag: "connections", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Connect a provider",
		text: "With a login the connection is tested at once: the answer names account and user at the provider and says which permissions are missing; a login that does not work is told in the provider's words, and nothing is stored. " +
			"A login by oauth2 gives authorize_url, where a person agrees.\n\n" +
			"Gives the URL for the provider's webhook. Where Leadline can log in, it subscribes by itself. Elsewhere most providers hand out the signing key when they are told the URL: leave it out here then, and send it to rotate-key. Until there is a key, events are refused.",
		errors: []int{400, 409, 413, 415},
	}, h.createConnection)
	register(api, h, route{
		id: "list-connections", method: http.MethodGet, path: "/v1/connections", tag: "connections", needs: tenant.Reader,
		summary: "List connections", text: "By id.", errors: []int{400},
	}, h.listConnections)
	register(api, h, route{
		id: "get-connection", method: http.MethodGet, path: "/v1/connections/{connection}", tag: "connections", needs: tenant.Reader,
		summary: "Get a connection", errors: []int{404},
	}, h.getConnection)
	for _, to := range []struct {
		verb, text string
		status     tenant.Status
		errors     []int
	}{
		{"disable", "Refuse its events from now on. Receivers notice within a minute. What came in before is still processed.", tenant.Disabled, []int{404, 409, 412}},
		{"enable", "Take its events again.", tenant.Active, []int{404, 409, 412}},
		{"pause", "Keep what comes in, and read nothing more, until it is resumed: nothing is lost, however long that takes.", tenant.Paused, []int{400, 404, 409, 412}},
		{"resume", "Apply what came in meanwhile, and read what changed.", tenant.Active, []int{404, 409, 412}},
	} {
		register(api, h, route{
			id: to.verb + "-connection", method: http.MethodPost, path: "/v1/connections/{connection}/" + to.verb, tag: "connections", needs: tenant.Admin,
			summary: strings.ToUpper(to.verb[:1]) + to.verb[1:] + " a connection", text: to.text, errors: to.errors,
		}, func(ctx context.Context, c caller, in *ChangeInput) (*connectionOutput, error) {
			return h.setStatus(ctx, c, in, to.verb, to.status)
		})
	}
}

type createConnectionInput struct {
	ResendInput
	Body struct {
		Connector    string    `json:"connector" minLength:"1" maxLength:"64" example:"close" doc:"The provider."`
		Name         string    `json:"name" minLength:"1" maxLength:"200" example:"Close, production" doc:"What people call the connection."`
		SignatureKey string    `json:"signature_key,omitempty" maxLength:"4096" doc:"The key that the provider signs its events with, as it shows it."`
		BaseURL      string    `json:"base_url,omitempty" maxLength:"2048" doc:"Where the provider's API stands, if not in its usual place: a sandbox. Its host must be one of the provider's."`
		Login        *NewLogin `json:"login,omitempty" doc:"What to log in with; left out, the connection only listens."`
	} `nameHint:"NewConnection"`
}

type createConnectionOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     CreatedConnection
}

func (h *handler) createConnection(ctx context.Context, c caller, in *createConnectionInput) (*createConnectionOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-connection", "", in.Body)
	if err != nil {
		return nil, err
	}
	created, err := once(ctx, h, c, a, http.StatusCreated, func() (CreatedConnection, func(*store.Receipt) error, error) {
		conn, org, token, err := h.newConnection(ctx, c, in)
		if err != nil {
			return CreatedConnection{}, nil, err
		}
		url := hook.Address(h.BaseURL, token)
		if in.Body.Login == nil {
			answer := CreatedConnection{Connection: h.showConnection(conn, nil), WebhookURL: url}
			return answer, func(receipt *store.Receipt) error {
				return h.Tenancy.CreateConnection(ctx, conn, conn.HookOf(org), receipt)
			}, nil
		}
		conn, login, test, err := h.logIn(ctx, conn, *in.Body.Login, false)
		if err != nil {
			return CreatedConnection{}, nil, err
		}
		conn.Rev = 1
		answer := CreatedConnection{Connection: h.showConnection(conn, &login), LoginTest: test, WebhookURL: url}
		return answer, func(receipt *store.Receipt) error {
			return h.Logins.Connect(ctx, conn, conn.HookOf(org), login, receipt)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	if err := h.tend(ctx, c.organization, created.Connection); err != nil {
		return nil, err
	}
	return &createConnectionOutput{Location: "/v1/connections/" + created.ID, ETag: etag(created.Rev), Body: created}, nil
}

func (h *handler) newConnection(ctx context.Context, c caller, in *createConnectionInput) (conn tenant.Connection, org tenant.Organization, token string, err error) {
	if in.Body.Connector == tenant.ClientConnector {
		return conn, org, "", fault.New(fault.Invalid, "not_a_provider", "Client software needs credentials, not a webhook: POST /v1/clients makes both its connection and them.")
	}
	definition, known := h.Connectors[in.Body.Connector]
	if !known || definition.Webhook == nil && (definition.API == nil || in.Body.Login == nil || in.Body.SignatureKey != "") {
		return conn, org, "", fault.New(fault.Invalid, "unknown_connector", "There is no connector %q that takes webhooks.", in.Body.Connector)
	}
	if org, err = h.organization(ctx, c.organization); err != nil {
		return conn, org, "", err
	}
	if err := h.roomForConnection(ctx, org); err != nil {
		return conn, org, "", err
	}
	now := h.Now().UTC()
	conn = tenant.Connection{Organization: org.ID, Connector: definition.Name, Name: in.Body.Name, Status: tenant.Active,
		CreatedAt: now, UpdatedAt: now, Rev: 1}
	if in.Body.SignatureKey != "" {
		key, err := h.sealKey(ctx, c, definition.Webhook.Signature, in.Body.SignatureKey, now)
		if err != nil {
			return conn, org, "", err
		}
		conn.Keys = []tenant.SigningKey{key}
	}
	if conn.BaseURL, err = h.baseURL(definition, in.Body.BaseURL); err != nil {
		return conn, org, "", err
	}
	if conn.ID, err = tenant.NewID(tenant.ConnectionID, h.Random); err != nil {
		return conn, org, "", err
	}
	if token, err = tenant.NewToken(h.Random); err != nil {
		return conn, org, "", err
	}
	box, err := h.box(ctx, org.ID)
	if err != nil {
		return conn, org, "", err
	}
	return hook.With(box, conn, token), org, token, nil
}

// roomForConnection refuses to make one more connection, of whatever kind, where the quota is used up.
func (h *handler) roomForConnection(ctx context.Context, org tenant.Organization) error {
	return room(ctx, "connections", org.Quotas.Connections, func(ctx context.Context, p store.Page) ([]tenant.Connection, string, error) {
		return h.Tenancy.Connections(ctx, org.ID, p)
	}, func(tenant.Connection) bool { return true })
}

type connectionsOutput struct{ Body list[Connection] }

func (h *handler) listConnections(ctx context.Context, c caller, in *PageInput) (*connectionsOutput, error) {
	logins := map[string]*credential.Login{}
	for login, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]credential.Login, string, error) {
		return h.Logins.Logins(ctx, c.organization, p)
	}) {
		if err != nil {
			return nil, err
		}
		logins[login.Connection] = &login
	}
	body, err := page(ctx, h, c, *in, listing[tenant.Connection, Connection]{
		scope: []string{"connections"},
		read: func(ctx context.Context, p store.Page) ([]tenant.Connection, string, error) {
			return h.Tenancy.Connections(ctx, c.organization, p)
		},
		show: func(conn tenant.Connection) (Connection, int, bool) {
			return h.showConnection(conn, logins[conn.ID]), 4096, true
		},
	})
	return &connectionsOutput{body}, err
}

func (h *handler) getConnection(ctx context.Context, c caller, in *ConnectionInput) (*connectionOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	shown, err := h.shown(ctx, conn)
	if err == nil {
		shown.State, err = h.state(ctx, conn, shown.Login)
	}
	return answerConnection(shown, err)
}

func (h *handler) setStatus(ctx context.Context, c caller, in *ChangeInput, verb string, status tenant.Status) (*connectionOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, verb+"-connection", in.Connection, nil)
	if err != nil {
		return nil, err
	}
	changed, err := once(ctx, h, c, a, http.StatusOK, func() (Connection, func(*store.Receipt) error, error) {
		conn, err := h.connection(ctx, c, in.Connection)
		if err != nil {
			return Connection{}, nil, err
		}
		if err := checkMatch(in.IfMatch, conn.Rev); err != nil || conn.Status == status {
			return h.unchanged(ctx, conn, err)
		}
		if status == tenant.Paused {
			if err := h.pausing(ctx, conn); err != nil {
				return Connection{}, nil, err
			}
		}
		return h.change(ctx, c, in, conn.WithStatus(status, h.Now().UTC()))
	})
	// Also for one that was active already: the message may have been lost. Nothing is read of client software.
	if err == nil && status == tenant.Active && changed.Connector != tenant.ClientConnector {
		err = h.control.Resume(ctx, c.organization, in.Connection)
	}
	return answerConnection(changed, err)
}

// connection reads a connection of the caller's organization.
func (h *handler) connection(ctx context.Context, c caller, id string) (tenant.Connection, error) {
	conn, err := h.Tenancy.Connection(ctx, c.organization, id)
	return conn, notFound(err, "There is no connection %q.", id)
}

// change gives the answer to a change of a connection, and what stores it unless somebody else is faster.
func (h *handler) change(ctx context.Context, c caller, in *ChangeInput, conn tenant.Connection) (Connection, func(*store.Receipt) error, error) {
	org, err := h.organization(ctx, c.organization)
	if err != nil {
		return Connection{}, nil, err
	}
	shown, err := h.shown(ctx, conn)
	return shown, func(receipt *store.Receipt) error {
		return changedMeanwhile(h.Tenancy.UpdateConnection(ctx, conn, conn.HookOf(org), receipt), in.IfMatch)
	}, err
}

// changedMeanwhile says what a Conflict of a connection's change means.
func changedMeanwhile(err error, ifMatch string) error {
	switch {
	case fault.Is(err, fault.Conflict) && ifMatch != "":
		return preconditionFailed()
	case fault.Is(err, fault.Conflict):
		return fault.New(fault.Conflict, "changed_meanwhile", "The connection was changed by another request at the same time. Read it and try again.")
	}
	return err
}

// unchanged gives the answer of what changes nothing.
func (h *handler) unchanged(ctx context.Context, conn tenant.Connection, err error) (Connection, func(*store.Receipt) error, error) {
	if err != nil {
		return Connection{}, nil, err
	}
	shown, err := h.shown(ctx, conn)
	return shown, nil, err
}

func answerConnection(conn Connection, err error) (*connectionOutput, error) {
	if err != nil {
		return nil, err
	}
	return &connectionOutput{ETag: etag(conn.Rev), Body: conn}, nil
}

// shown shows a connection with its login.
func (h *handler) shown(ctx context.Context, conn tenant.Connection) (Connection, error) {
	login, err := h.Logins.Login(ctx, conn.Organization, conn.ID)
	if fault.Is(err, fault.NotFound) {
		return h.showConnection(conn, nil), nil
	}
	return h.showConnection(conn, &login), err
}

func (h *handler) showConnection(conn tenant.Connection, login *credential.Login) Connection {
	out := Connection{ID: conn.ID, Connector: conn.Connector, Name: conn.Name, Status: string(conn.Status), Keys: []SigningKey{},
		BaseURL: conn.BaseURL, Account: showAccount(conn.AccountID, conn.AccountName), Login: showLogin(login),
		CreatedAt: conn.CreatedAt, UpdatedAt: conn.UpdatedAt, Rev: conn.Rev}
	for _, k := range conn.ValidKeys(h.Now()) {
		key := SigningKey{Fingerprint: k.Fingerprint, CreatedAt: k.CreatedAt}
		if !k.ExpiresAt.IsZero() {
			key.ExpiresAt = &k.ExpiresAt
		}
		out.Keys = append(out.Keys, key)
	}
	return out
}

func etag(rev int64) string { return strconv.Quote(strconv.FormatInt(rev, 10)) }

// checkMatch holds a change to its If-Match, if it has one. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1
func checkMatch(ifMatch string, rev int64) error {
	if ifMatch == "" {
		return nil
	}
	for tag := range strings.SplitSeq(ifMatch, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(rev) {
			return nil
		}
	}
	return preconditionFailed()
}

func preconditionFailed() error {
	return fault.New(fault.Conflict, problem.PreconditionFailed, "It has changed since it was read: its ETag is not the one in If-Match. Read it again.")
}
