package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/infra/sandbox/server"
	"leadline/shared/connector"
	"leadline/shared/connector/canarytest"
	"leadline/shared/connector/rest"
	"leadline/shared/connectors"
	"leadline/shared/credential"
	"leadline/shared/store"
	"leadline/shared/syncing"
	"leadline/shared/tenant"
)

// canaries is a world whose sandbox stands behind a proxy that knows every secret that went by.
type canaries struct {
	*world
	t      *testing.T
	proxy  *canarytest.Proxy
	keeper *credential.Keeper
	conn   tenant.Connection
	// said is what came of everything that was done.
	said []string
}

func newCanaries(t *testing.T) *canaries {
	t.Helper()
	c := &canaries{t: t}
	c.world = newWorldBehind(t, func(behind http.Handler) *httptest.Server {
		c.proxy = canarytest.New(t, behind)
		return c.proxy.Server
	})
	c.proxy.Note("the webhook token", hookToken)
	c.keeper = credential.New(credential.Options{Store: c.Logins, Organizations: c.parts.Tenancy, Keyring: c.Keyring, Connectors: connector.NewRegistry(connectors.All()...),
		Service: rest.New(rest.Options{AllowLoopback: true}), CallbackURL: "http://127.0.0.1:1/v1/oauth/callback"})
	var err error
	c.conn, err = c.parts.Tenancy.Connection(t.Context(), organization, connection)
	c.hear(err)
	return c
}

// hear notes an error, if there is one, in every way in which it can be told.
func (c *canaries) hear(err error) {
	if err != nil {
		c.said = append(c.said, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
}

// must fails the test.
func (c *canaries) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// process has the engine do something.
func (c *canaries) process(kind syncing.MessageKind, change func(*syncing.Message)) {
	m := syncing.Message{Kind: kind, Organization: organization, Connection: connection}
	if change != nil {
		change(&m)
	}
	c.hear(c.handler.engine.Process(c.t.Context(), m))
}

// well makes the login and the connection as good as new.
func (c *canaries) well(change func(*credential.Login)) {
	c.t.Helper()
	l, err := c.Logins.Login(c.t.Context(), organization, connection)
	c.must(err)
	l.State, l.Reason = credential.OK, ""
	l.Rev++
	if change != nil {
		change(&l)
	}
	c.must(c.Logins.SaveLogin(c.t.Context(), l))
	s, err := c.Syncs.State(c.t.Context(), organization, connection)
	c.must(err)
	s.Problem, s.Rev = "", s.Rev+1
	s.Subscription.MakingAt = time.Time{} // nobody is at it
	c.must(c.Syncs.SaveState(c.t.Context(), s))
}

// agree has a person agree at the sandbox, and gives what leads back, with the code.
func (c *canaries) agree() (credential.Returned, string) {
	c.t.Helper()
	ctx := c.t.Context()
	l, to, err := c.keeper.Ask(ctx, c.conn, credential.Offer{ClientID: server.DefaultClientID, ClientSecret: server.DefaultClientSecret}, false)
	c.must(err)
	c.must(c.Logins.SaveLogin(ctx, l))
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(to)
	c.must(err)
	c.must(response.Body.Close())
	back, err := url.Parse(response.Header.Get("Location"))
	c.must(err)
	c.proxy.Note("the state", back.Query().Get("state"))
	returned, err := c.keeper.Return(ctx, back.Query().Get("state"))
	c.must(err)
	return returned, back.Query().Get("code")
}

// check fails if a secret is anywhere but where it belongs, sealed.
func (c *canaries) check() {
	c.t.Helper()
	ctx := c.t.Context()
	texts := map[string]string{"an error": strings.Join(c.said, "\n"), "the log": c.log.String(), "the journal": fmt.Sprintf("%+v", c.Journal),
		"the queue": fmt.Sprintf("%+v", c.queue.sent), "the quarantine": fmt.Sprintf("%+v", c.Intake)}
	kept := []any{}
	for r, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]syncing.Run, string, error) {
		return c.Syncs.Runs(ctx, organization, connection, p)
	}) {
		c.must(err)
		streams, err := c.Syncs.Streams(ctx, organization, r.ID)
		c.must(err)
		kept = append(kept, r, streams)
	}
	state, err1 := c.Syncs.State(ctx, organization, connection)
	login, err2 := c.Logins.Login(ctx, organization, connection)
	conn, err3 := c.parts.Tenancy.Connection(ctx, organization, connection)
	text, err4 := json.Marshal(append(kept, state, login, conn))
	for _, err := range []error{err1, err2, err3, err4} {
		c.must(err)
	}
	texts["what is stored"] = string(text)
	for _, where := range slices.Sorted(maps.Keys(texts)) {
		c.proxy.Check(c.t, where, strings.ReplaceAll(strings.ReplaceAll(texts[where], `\u0026`, "&"), `\/`, "/"))
	}
}

// TestNoSecretGetsOut drives connector, client, keeper and engine through every way in which a provider can fail while it
// quotes all that it was sent: keys, tokens, codes, the client's secret, the webhook URL.
func TestNoSecretGetsOut(t *testing.T) {
	forms := map[string][]canarytest.Fault{}
	for _, f := range canarytest.Faults() {
		forms[f.Form] = append(forms[f.Form], f)
	}
	for _, form := range slices.Sorted(maps.Keys(forms)) {
		t.Run(form, func(t *testing.T) {
			c := newCanaries(t)
			c.process(syncing.Tend, nil)
			apiKey, err := c.Logins.Login(t.Context(), organization, connection)
			c.must(err)
			returned, code := c.agree()
			tried, err := c.keeper.Finish(t.Context(), c.conn, returned, code)
			c.must(err)
			for n, f := range forms[form] {
				c.start()
				c.spoil(&f, true)
				c.well(func(l *credential.Login) { l.Kind, l.Sealed, l.ExpiresAt = apiKey.Kind, apiKey.Sealed, time.Time{} })
				c.byKey(n)
				c.subscriptions(&f)
				c.well(func(l *credential.Login) {
					l.Kind, l.Sealed, l.ExpiresAt, l.Lease = connector.OAuth2, tried.Login.Sealed, time.Now().Add(-time.Minute), credential.Lease{}
				})
				c.byToken(&f)
				if len(c.said)+c.log.Len() == 0 {
					t.Error("nobody heard of it")
				}
			}
		})
	}
}

// spoil has requests answered with a fault: all of them, or those that change something.
func (c *canaries) spoil(f *canarytest.Fault, all bool) {
	c.proxy.Spoil(func(r *http.Request) *canarytest.Fault {
		if !all && r.Method == http.MethodGet {
			return nil
		}
		return f
	})
}

// spoilt ends that, and looks for secrets.
func (c *canaries) spoilt(f *canarytest.Fault, what string) {
	c.t.Helper()
	if c.proxy.Spoilt() == 0 {
		c.t.Errorf("%s: nothing was spoilt of %s", f.Name, what)
	}
	c.proxy.Spoil(nil)
	c.check()
}

// byKey does what is done by API key, while all is spoilt.
func (c *canaries) byKey(n int) {
	c.t.Helper()
	ctx, now := c.t.Context(), time.Now().UTC()
	_, err := c.keeper.Try(ctx, c.conn, credential.Offer{Kind: connector.APIKey, APIKey: "api_key-that-is-new-of-n0body"})
	c.hear(err)
	_, err = c.keeper.Test(ctx, c.conn)
	c.hear(err)
	c.well(nil)
	c.process(syncing.Tend, nil)
	r := syncing.Run{ID: fmt.Sprintf("run_%026d", n), Organization: organization, Connection: connection, Connector: "close", Plan: syncing.Plan{Kind: syncing.Import, Mode: syncing.Full, Objects: []string{"lead"}},
		Status: syncing.Queued, CreatedBy: "key_1", CreatedAt: now, UpdatedAt: now, Forget: now.Add(time.Hour), Rev: 1}
	c.must(c.Syncs.CreateRun(ctx, r, r.Streams(connectors.All()[0], syncing.State{}), nil))
	c.well(nil)
	c.process(syncing.GoOn, func(m *syncing.Message) { m.Run, m.Object = r.ID, "lead" })
	c.well(nil)
	c.process(syncing.Read, refs)
}

func refs(m *syncing.Message) {
	m.Refs = []connector.Ref{{Object: "lead", ID: gone}, {Object: "contact", Parent: gone}}
}

// subscriptions has a subscription made, and mended, while what changes something is spoilt.
func (c *canaries) subscriptions(f *canarytest.Fault) {
	c.t.Helper()
	c.spoilt(f, "reading by API key")
	for _, what := range []string{"made", "mended"} {
		c.well(nil)
		c.forgetSubscription(what == "made")
		c.spoil(f, false)
		c.process(syncing.Tend, c.byItself)
		c.spoilt(f, "a subscription that is "+what)
		c.well(nil)
		c.process(syncing.Tend, c.byItself) // now it is
	}
}

// byItself makes a message one that was planned.
func (c *canaries) byItself(m *syncing.Message) {
	s, err := c.Syncs.State(c.t.Context(), organization, connection)
	c.must(err)
	m.At = s.NextTendAt
}

// forgetSubscription pauses the subscription at the provider, or has nobody know it any more.
func (c *canaries) forgetSubscription(wholly bool) {
	c.model.PauseWebhooks("")
	if !wholly {
		return
	}
	s, err := c.Syncs.State(c.t.Context(), organization, connection)
	c.must(err)
	s.Subscription, s.Rev = syncing.SubscriptionState{}, s.Rev+1
	c.must(c.Syncs.SaveState(c.t.Context(), s))
}

// byToken does what is done by OAuth.
func (c *canaries) byToken(f *canarytest.Fault) {
	c.t.Helper()
	ctx := c.t.Context()
	c.spoil(f, false) // the renewal of the token
	_, err := c.keeper.Test(ctx, c.conn)
	c.hear(err)
	c.spoilt(f, "renewing a token")
	c.well(func(l *credential.Login) { l.ExpiresAt, l.Lease = time.Now().Add(time.Hour), credential.Lease{} })
	c.spoil(f, true)
	_, err = c.keeper.Probe(ctx, c.conn)
	c.hear(err)
	c.process(syncing.Read, refs)
	c.spoilt(f, "reading by a token")
	returned, code := c.agree()
	c.spoil(f, true)
	_, err = c.keeper.Finish(ctx, c.conn, returned, code)
	c.hear(err)
	c.spoilt(f, "exchanging a code")
}

// TestCanariesAreNoted: what the test above looks for went by.
func TestCanariesAreNoted(t *testing.T) {
	c := newCanaries(t)
	c.process(syncing.Tend, nil)
	returned, code := c.agree()
	if _, err := c.keeper.Finish(t.Context(), c.conn, returned, code); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, what := range c.proxy.Secrets() {
		got[what] = true
	}
	for _, what := range []string{"an API key", "the Authorization header", "the webhook token", "signature_key", "client_secret", "code", "code_verifier", "access_token", "refresh_token", "the state"} {
		if !got[what] {
			t.Errorf("%s was not noted among %v", what, slices.Sorted(maps.Keys(got)))
		}
	}
}
