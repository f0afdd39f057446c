package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/tenant"
)

// providerTimeout is how long a provider has for an answer: less than whoever called us waits.
const providerTimeout = 8 * time.Second

// loginTestsPerMinute is how often an organization may have providers asked about its logins: plenty for people, too little
// for whoever tries keys.
const loginTestsPerMinute = 30

// production is the name of the stage that real customers use.
const production = "prod"

// NewLogin is what to log in with at a provider.
type NewLogin struct {
	Kind         string `json:"kind" enum:"api_key,oauth2,client_credentials" doc:"oauth2 needs a person who agrees at authorize_url."`
	APIKey       string `json:"api_key,omitempty" maxLength:"4096" doc:"For api_key."`
	ClientID     string `json:"client_id,omitempty" maxLength:"1024" doc:"For the others: of the app that is registered at the provider, with /v1/oauth/callback of this API as its redirect URL."`
	ClientSecret string `json:"client_secret,omitempty" maxLength:"4096"`
}

func (l NewLogin) offer() credential.Offer {
	return credential.Offer{Kind: connector.LoginKind(l.Kind), APIKey: l.APIKey, ClientID: l.ClientID, ClientSecret: l.ClientSecret}
}

// ConnectionLogin is how a connection logs in. Its secrets are never shown.
type ConnectionLogin struct {
	Kind        string              `json:"kind" enum:"api_key,oauth2,client_credentials"`
	State       string              `json:"state" enum:"ok,pending,revoked,reconnect" doc:"pending: a person has still to agree at the provider. revoked: the provider refuses it. reconnect: its tokens are lost, a person must log in again."`
	Reason      string              `json:"reason,omitempty" doc:"Why it is not ok."`
	Since       *time.Time          `json:"since,omitempty" doc:"Since when it is in this state."`
	Fingerprint string              `json:"fingerprint,omitempty" doc:"The first 8 hex digits of the SHA-256 of the API key, or of the client's secret."`
	ExpiresAt   *time.Time          `json:"expires_at,omitempty" doc:"When the access token runs out. It is renewed before."`
	User        *ProviderUser       `json:"user,omitempty" doc:"Whose login it is."`
	Missing     []MissingPermission `json:"missing_permissions" nullable:"false" doc:"What it may not do."`
	TestedAt    *time.Time          `json:"tested_at,omitempty" doc:"When the provider last said all this."`
}

// Account is an account at a provider.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// ProviderUser is a user at a provider.
type ProviderUser struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// MissingPermission is what a login may not do.
type MissingPermission struct {
	Permission string `json:"permission" doc:"In the provider's words."`
	Needed     string `json:"needed" doc:"What will not work without it."`
}

// LoginTest is what a test of a login told.
type LoginTest struct {
	Identity     *Identity           `json:"identity,omitempty" doc:"Who we are at the provider."`
	Permissions  []string            `json:"permissions,omitempty" nullable:"false" doc:"What the login may do, in the provider's words."`
	Missing      []MissingPermission `json:"missing_permissions,omitempty" nullable:"false" doc:"What it may not do, and what that is needed for; absent where nothing is missing."`
	AuthorizeURL string              `json:"authorize_url,omitempty" doc:"Where a person agrees, within 15 minutes. Only the last one that was given out works."`
}

// Identity is who a login is at a provider.
type Identity struct {
	Account Account      `json:"account"`
	User    ProviderUser `json:"user"`
}

// TestedConnection is a connection with what a test of its login told.
type TestedConnection struct {
	Connection
	LoginTest
}

type testedConnectionOutput struct {
	ETag string `header:"ETag"`
	Body TestedConnection
}

func (h *handler) registerLogins(api huma.API) {
	register(api, h, route{
		id: "replace-login", method: http.MethodPut, path: "/v1/connections/{connection}/login", tag: "connections", needs: tenant.Admin,
		summary: "Log in with something else",
		text: "Also the way to log in for the first time, and again. The new login is tested before it takes the place of the old one, which works on until then. A login at another account of the provider is refused unless accept_other_account says otherwise. " +
			"One by oauth2 gives authorize_url; the old one works on until a person has agreed there.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, h.replaceLogin)
	register(api, h, route{
		id: "test-connection", method: http.MethodPost, path: "/v1/connections/{connection}/test", tag: "connections", needs: tenant.Admin,
		summary: "Test the login of a connection", text: "Asks the provider who we are and what we may do. A login that was refused and works again is ok again.", errors: []int{400, 404, 409},
	}, h.testConnection)
	register(api, h, route{
		id: "authorize-connection", method: http.MethodPost, path: "/v1/connections/{connection}/authorize", tag: "connections", needs: tenant.Admin,
		summary: "Get a fresh authorize_url", text: "For a connection that logs in, or is to log in, by oauth2, with the client that it knows already.", errors: []int{400, 404, 409, 413, 415},
	}, h.authorizeConnection)
	register(api, h, route{
		id: "update-connection", method: http.MethodPut, path: "/v1/connections/{connection}/settings", tag: "connections", needs: tenant.Admin,
		summary: "Change name and base URL of a connection", text: "What is left out stays as it is. Another base_url is tested with the login first; an empty one is the provider's usual place.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.updateConnection)
	h.registerCallback(api)
}

// baseURL gives a connection's base URL as it is kept: empty for the provider's own.
func (h *handler) baseURL(d connector.Definition, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if d.API == nil {
		return "", fault.New(fault.Invalid, "no_api", "%s is only listened to; it has no base_url.", d.Title)
	}
	base, err := h.Service.CheckBaseURL(*d.API, text)
	if base == d.API.BaseURL {
		base = ""
	}
	return base, err
}

// mayConnect refuses what this stage must not log in to: customers' data, from a stage that is for trying things out.
func (h *handler) mayConnect(conn tenant.Connection) error {
	d, known := h.Connectors[conn.Connector]
	if !known || d.API == nil {
		return fault.New(fault.Invalid, "no_api", "There is no connector %q that logs in at its provider.", conn.Connector)
	}
	if h.Stage == production || h.AllowProductionCRM || !rest.Production(*d.API, conn.BaseURL) {
		return nil
	}
	return fault.New(fault.Invalid, "production_crm", "The stage %q does not log in to %s itself, only to a sandbox: give its base_url. Who runs the stage can allow it with ALLOW_PRODUCTION_CRM.", h.Stage, d.Title)
}

// mayTry refuses what mayConnect does, and what asks providers too often.
func (h *handler) mayTry(ctx context.Context, conn tenant.Connection) error {
	if err := h.mayConnect(conn); err != nil {
		return err
	}
	_, err := h.loginTests.Take(ctx, conn.Organization, 1, loginTestsPerMinute, h.Now())
	return err
}

// logIn tries what somebody wants to log in with, or asks for an authorization. It gives the connection and the login as
// they are to be stored together.
func (h *handler) logIn(ctx context.Context, conn tenant.Connection, in NewLogin, acceptOther bool) (tenant.Connection, credential.Login, LoginTest, error) {
	if err := h.mayTry(ctx, conn); err != nil {
		return conn, credential.Login{}, LoginTest{}, err
	}
	if in.Kind == string(connector.OAuth2) {
		login, to, err := h.credentials.Ask(ctx, conn, in.offer(), acceptOther)
		return conn, login, LoginTest{AuthorizeURL: to}, providerFault(err)
	}
	tried, err := h.credentials.Try(ctx, conn, in.offer())
	if err == nil {
		err = credential.CheckAccount(conn, tried.Identity, acceptOther)
	}
	if err != nil {
		return conn, credential.Login{}, LoginTest{}, providerFault(err)
	}
	return conn.WithAccount(tried.Identity.AccountID, tried.Identity.AccountName, h.Now().UTC()), tried.Login, showTest(tried.Identity), nil
}

// providerFault says what went wrong at the provider in its own words: none of it is a fault of ours, or of the caller's
// role.
func providerFault(err error) error {
	if !credential.FromProvider(err) || fault.Is(err, fault.Revoked) {
		return err
	}
	code := "connection_test_failed"
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.RateLimited) {
		code = "provider_unavailable"
	}
	return fault.Wrap(err, fault.Conflict, code, "%s Nothing was changed.", fault.Of(err).Message)
}

// tend tells whoever sees to connections that one has logged in.
func (h *handler) tend(ctx context.Context, organization string, conn Connection) error {
	if conn.Login == nil || conn.Login.State != string(credential.OK) {
		return nil
	}
	return h.control.Tend(ctx, organization, conn.ID)
}

type replaceLoginInput struct {
	ConnectionInput
	MatchInput
	Body struct {
		NewLogin
		AcceptOther bool `json:"accept_other_account,omitempty" doc:"Another account of the provider is welcome: its records become those of this connection."`
	} `nameHint:"ReplacedLogin"`
}

func (h *handler) replaceLogin(ctx context.Context, c caller, in *replaceLoginInput) (*testedConnectionOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, conn.Rev); err != nil {
		return nil, err
	}
	rev := conn.Rev
	conn, login, test, err := h.logIn(ctx, conn, in.Body.NewLogin, in.Body.AcceptOther)
	if err != nil {
		return nil, err
	}
	if conn.Rev == rev {
		err = h.Logins.SaveLogin(ctx, login) // a person has still to agree
	} else {
		err = h.connect(ctx, conn, login)
	}
	if err := changedMeanwhile(err, in.IfMatch); err != nil {
		return nil, err
	}
	return h.answerTest(ctx, conn, login, test)
}

// connect stores a connection with its login, and forgets what it logged in with before.
func (h *handler) connect(ctx context.Context, conn tenant.Connection, login credential.Login) error {
	org, err := h.organization(ctx, conn.Organization)
	if err != nil {
		return err
	}
	if err := h.Logins.Connect(ctx, conn, conn.HookOf(org), login, nil); err != nil {
		return err
	}
	h.credentials.Forget(conn.Organization, conn.ID)
	return nil
}

// answerTest gives the answer to what tested a login, and has the connection seen to.
func (h *handler) answerTest(ctx context.Context, conn tenant.Connection, login credential.Login, test LoginTest) (*testedConnectionOutput, error) {
	shown := h.showConnection(conn, &login)
	if test.Identity != nil {
		if err := h.tend(ctx, conn.Organization, shown); err != nil {
			return nil, err
		}
	}
	return &testedConnectionOutput{ETag: etag(conn.Rev), Body: TestedConnection{shown, test}}, nil
}

func (h *handler) testConnection(ctx context.Context, c caller, in *ConnectionInput) (*testedConnectionOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	if err := h.mayTry(ctx, conn); err != nil {
		return nil, err
	}
	tried, err := h.credentials.Test(ctx, conn)
	if err != nil {
		return nil, providerFault(err)
	}
	return h.answerTest(ctx, conn, tried.Login, showTest(tried.Identity))
}

type updateConnectionInput struct {
	ConnectionInput
	MatchInput
	Body struct {
		Name    string  `json:"name,omitempty" maxLength:"200" doc:"What people call the connection."`
		BaseURL *string `json:"base_url,omitempty" maxLength:"2048" doc:"Where the provider's API stands for this connection."`
	} `nameHint:"ConnectionSettings"`
}

func (h *handler) updateConnection(ctx context.Context, c caller, in *updateConnectionInput) (*connectionOutput, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, conn.Rev); err != nil {
		return nil, err
	}
	name, base := conn.Name, conn.BaseURL
	if in.Body.Name != "" {
		name = in.Body.Name
	}
	if in.Body.BaseURL != nil {
		if base, err = h.baseURL(h.Connectors[conn.Connector], *in.Body.BaseURL); err != nil {
			return nil, err
		}
	}
	if name == conn.Name && base == conn.BaseURL {
		return answerConnection(h.shown(ctx, conn))
	}
	moved := base != conn.BaseURL
	conn = conn.WithSettings(name, base, h.Now().UTC())
	if moved {
		if err := h.tryThere(ctx, conn); err != nil {
			return nil, err
		}
	}
	org, err := h.organization(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	if err := changedMeanwhile(h.Tenancy.UpdateConnection(ctx, conn, conn.HookOf(org), nil), in.IfMatch); err != nil {
		return nil, err
	}
	return answerConnection(h.shown(ctx, conn))
}

// tryThere tests the login that a connection has, if it has one that works, at the connection's new place.
func (h *handler) tryThere(ctx context.Context, conn tenant.Connection) error {
	login, err := h.Logins.Login(ctx, conn.Organization, conn.ID)
	if fault.Is(err, fault.NotFound) || err == nil && login.State != credential.OK {
		return nil
	}
	if err != nil {
		return err
	}
	if err := h.mayTry(ctx, conn); err != nil {
		return err
	}
	identity, err := h.credentials.Probe(ctx, conn)
	if err == nil {
		err = credential.CheckAccount(conn, identity, false)
	}
	return providerFault(err)
}

func showAccount(id, name string) *Account {
	if id == "" {
		return nil
	}
	return &Account{ID: id, Name: name}
}

func showLogin(l *credential.Login) *ConnectionLogin {
	if l == nil {
		return nil
	}
	out := &ConnectionLogin{Kind: string(l.Kind), State: string(l.State), Reason: l.Reason, Fingerprint: l.Fingerprint,
		Missing: showMissing(l.Missing), Since: present(l.StateAt), ExpiresAt: present(l.ExpiresAt), TestedAt: present(l.TestedAt)}
	if l.UserID != "" {
		out.User = &ProviderUser{ID: l.UserID, Name: l.UserName}
	}
	return out
}

func showTest(i connector.Identity) LoginTest {
	test := LoginTest{Permissions: i.Permissions, Identity: &Identity{Account: Account{ID: i.AccountID, Name: i.AccountName},
		User: ProviderUser{ID: i.UserID, Name: i.UserName, Email: i.UserEmail}}}
	if len(i.Missing) > 0 {
		test.Missing = showMissing(i.Missing)
	}
	return test
}

func showMissing(all []connector.MissingPermission) []MissingPermission {
	out := make([]MissingPermission, len(all))
	for n, m := range all {
		out[n] = MissingPermission(m)
	}
	return out
}

// present gives a time that may be absent.
func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
