package credential_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/credential"
	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

const organization = "org_000000000001"

// provider is a small provider with API keys and OAuth 2 whose refresh tokens work once.
type provider struct {
	*httptest.Server
	mu      sync.Mutex
	keys    map[string]string // account by key or access token
	refresh string            // the refresh token that works
	code    string            // the code that works, once
	// challenge is what the verifier must fit.
	challenge string
	account   string
	serial    int
	refreshes int
	forms     []map[string][]string
	expiresIn string
	// token, if set, answers instead of the token endpoint; after is called when a token was given, before it is answered.
	token func(w http.ResponseWriter) bool
	after func(w http.ResponseWriter) bool
	calls int
}

func newProvider(t *testing.T) *provider {
	p := &provider{keys: map[string]string{"api_first_key": "orga_1", "api_second_key": "orga_1", "api_other_key": "orga_2"}, refresh: "refresh-0", account: "orga_1", expiresIn: "3600"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/me/", p.me)
	mux.HandleFunc("POST /oauth2/token/", p.grant)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) me(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	key, _, basic := r.BasicAuth()
	if !basic {
		key = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	account, known := p.keys[key]
	if !known {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"The key %s is not known."}`, key)
		return
	}
	fmt.Fprintf(w, `{"account":%q}`, account)
}

func (p *provider) grant(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm()
	p.forms = append(p.forms, r.PostForm)
	if p.token != nil && p.token(w) {
		return
	}
	refuse := func(word string) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":%q,"error_description":"no %s"}`, word, r.PostForm.Get("refresh_token"))
	}
	if r.PostForm.Get("client_id") != "client" || r.PostForm.Get("client_secret") != "client-secret" {
		refuse("invalid_client")
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "refresh_token":
		p.refreshes++
		if r.PostForm.Get("refresh_token") != p.refresh {
			refuse("invalid_grant")
			return
		}
	case "authorization_code":
		if p.code == "" || r.PostForm.Get("code") != p.code || r.PostForm.Get("redirect_uri") != "https://api.leadline.example/v1/oauth/callback" || challengeOf(r.PostForm.Get("code_verifier")) != p.challenge {
			refuse("invalid_grant")
			return
		}
		p.code = ""
	case "client_credentials":
	default:
		refuse("unsupported_grant_type")
		return
	}
	p.serial++
	access := fmt.Sprintf("access-%d", p.serial)
	p.refresh = fmt.Sprintf("refresh-%d", p.serial)
	p.keys[access] = p.account
	if p.after != nil && p.after(w) {
		return
	}
	fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"expires_in":%s,"token_type":"Bearer"}`, access, p.refresh, p.expiresIn)
}

// with changes the provider.
func (p *provider) with(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func definition() connector.Definition {
	return connector.Definition{Name: "example", Title: "Example", API: &connector.API{
		BaseURL: "https://api.example.com/v1", Hosts: []string{"api.example.com"},
		Logins: []connector.Login{
			{Kind: connector.APIKey, Authorize: func(h http.Header, key string) {
				h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(key+":")))
			}, Check: func(key string) string {
				if !strings.HasPrefix(key, "api_") {
					return "it does not begin with api_."
				}
				return ""
			}},
			{Kind: connector.OAuth2, AuthorizeURL: "https://app.example.com/oauth2/authorize/?x=1", TokenURL: "/oauth2/token/", Scopes: []string{"all", "offline"}, Rotates: true},
			{Kind: connector.ClientCredentials, TokenURL: "/oauth2/token/"},
		},
		Judge: func(a connector.Answer) connector.Verdict {
			v := connector.StandardJudge(a)
			v.Message = connector.ErrorText(a.Body, "error")
			return v
		},
		Probe: func(ctx context.Context, c connector.Client) (connector.Identity, error) {
			a, err := c.Do(ctx, connector.Request{Method: http.MethodGet, Path: "/me/"})
			if err != nil {
				return connector.Identity{}, err
			}
			var me struct{ Account string }
			err = a.Decode(&me)
			return connector.Identity{AccountID: me.Account, AccountName: "Name of " + me.Account, UserID: "user_1", UserName: "Ann",
				Missing: []connector.MissingPermission{{Permission: "manage_webhooks", Needed: "Live changes."}}}, err
		},
	}}
}

// clock is a clock that stands; sleeping moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type world struct {
	*testing.T
	provider *provider
	tenancy  *memory.Tenancy
	logins   *memory.Logins
	store    *flaky
	clock    *clock
	conn     tenant.Connection
	keyring  *secret.Keyring
	sleep    func(context.Context, time.Duration) error
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, provider: newProvider(t), tenancy: memory.NewTenancy(), clock: &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, keyring: secrettest.NewKeyring(t)}
	w.logins = memory.NewLogins(w.tenancy)
	w.store = &flaky{Store: w.logins}
	wrapped, err := w.keyring.NewDataKey(t.Context(), organization)
	w.must(err)
	w.must(w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, DataKey: wrapped}))
	w.conn = tenant.Connection{ID: "conn_000000000001", Organization: organization, Connector: "example", BaseURL: w.provider.URL + "/v1", Rev: 1}
	w.sleep = func(_ context.Context, d time.Duration) error { w.clock.advance(d); return nil }
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// keeper makes one more worker.
func (w *world) keeper() *credential.Keeper {
	return credential.New(credential.Options{Store: w.store, Organizations: w.tenancy, Keyring: w.keyring, Connectors: connector.NewRegistry(definition(), connector.Definition{Name: "mute"}),
		Service: rest.New(rest.Options{AllowLoopback: true, Now: w.clock.now}), CallbackURL: "https://api.leadline.example/v1/oauth/callback",
		Now: w.clock.now, Sleep: func(ctx context.Context, d time.Duration) error { return w.sleep(ctx, d) }})
}

// call makes a request of a worker.
func (w *world) call(k *credential.Keeper) error {
	w.Helper()
	c, err := k.Client(w.conn)
	w.must(err)
	_, err = c.Do(w.Context(), connector.Request{Method: http.MethodGet, Path: "/me/"})
	return err
}

// byKey stores a login by API key.
func (w *world) byKey(key string) {
	w.Helper()
	tried, err := w.keeper().Try(w.Context(), w.conn, credential.Offer{Kind: connector.APIKey, APIKey: key})
	w.must(err)
	w.must(w.logins.SaveLogin(w.Context(), tried.Login))
}

// byOAuth stores a login that a person agreed to.
func (w *world) byOAuth() {
	w.Helper()
	k := w.keeper()
	returned := w.agree(k, credential.Offer{ClientID: "client", ClientSecret: "client-secret"}, false)
	tried, err := k.Finish(w.Context(), w.conn, returned, "code-1")
	w.must(err)
	w.must(w.logins.SaveLogin(w.Context(), tried.Login))
}

func (w *world) login() credential.Login {
	w.Helper()
	l, err := w.logins.Login(w.Context(), organization, w.conn.ID)
	w.must(err)
	return l
}

// wants checks kind and code, and that no secret is told.
func (w *world) wants(err error, kind fault.Kind, code string) {
	w.Helper()
	if fault.KindOf(err) != kind || err != nil && (fault.Of(err) == nil || fault.Of(err).Code != code) {
		w.Fatalf("got %v (%s), want %s %s", err, fault.KindOf(err), kind, code)
	}
	for _, word := range []string{"api_first_key", "api_second_key", "api_other_key", "api_bad_key", "refresh-", "access-", "client-secret", "code-1"} {
		if err != nil && strings.Contains(err.Error(), word) {
			w.Fatalf("%v tells %s", err, word)
		}
	}
}

// flaky is a store that fails as a test says.
type flaky struct {
	credential.Store
	mu    sync.Mutex
	fails []error
	// lost says that a failed write arrived.
	lost  bool
	saved []credential.Login
	hook  func(credential.Login)
}

func (f *flaky) SaveLogin(ctx context.Context, l credential.Login) error {
	f.mu.Lock()
	var err error
	if len(f.fails) > 0 {
		err, f.fails = f.fails[0], f.fails[1:]
	}
	lost, hook := f.lost, f.hook
	f.mu.Unlock()
	if hook != nil {
		hook(l)
	}
	if err != nil && !lost {
		return err
	}
	if saveErr := f.Store.SaveLogin(ctx, l); saveErr != nil {
		return saveErr
	}
	f.mu.Lock()
	f.saved = append(f.saved, l)
	f.mu.Unlock()
	return err
}

func unavailable() error { return fault.New(fault.Unavailable, "unavailable", "the table is away") }
