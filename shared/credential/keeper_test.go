package credential_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/credential"
	"leadline/shared/fault"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// agree plays the person who is sent to the provider and comes back.
func (w *world) agree(k *credential.Keeper, o credential.Offer, acceptOther bool) credential.Returned {
	w.Helper()
	l, to, err := k.Ask(w.Context(), w.conn, o, acceptOther)
	w.must(err)
	w.must(w.logins.SaveLogin(w.Context(), l))
	u, err := url.Parse(to)
	w.must(err)
	q := u.Query()
	if !strings.HasPrefix(to, w.provider.URL+"/oauth2/authorize/?") || q.Get("x") != "1" || q.Get("response_type") != "code" || q.Get("client_id") != "client" ||
		q.Get("scope") != "all offline" || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != "https://api.leadline.example/v1/oauth/callback" {
		w.Fatalf("sent to %s", to)
	}
	w.provider.with(func() { w.provider.code, w.provider.challenge = "code-1", q.Get("code_challenge") })
	returned, err := k.Return(w.Context(), q.Get("state"))
	w.must(err)
	if returned.Organization != organization || returned.Connection != w.conn.ID {
		w.Fatalf("returned %+v", returned)
	}
	return returned
}

func TestTryAnAPIKey(t *testing.T) {
	w := newWorld(t)
	k := w.keeper()
	tried, err := k.Try(t.Context(), w.conn, credential.Offer{Kind: connector.APIKey, APIKey: "api_first_key"})
	w.must(err)
	if i := tried.Identity; i.AccountID != "orga_1" || i.UserName != "Ann" || len(i.Missing) != 1 {
		t.Errorf("who we are: %+v", i)
	}
	l := tried.Login
	if l.Rev != 1 || l.State != credential.OK || l.Generation != 1 || l.AccountName != "Name of orga_1" || len(l.Fingerprint) != 8 || !l.ExpiresAt.IsZero() || !l.TestedAt.Equal(w.clock.now()) || len(l.Missing) != 1 {
		t.Errorf("got %+v", l)
	}
	if strings.Contains(string(l.Sealed), "api_first_key") {
		t.Error("the key is stored in clear")
	}
	_, err = w.logins.Login(t.Context(), organization, w.conn.ID)
	w.wants(err, fault.NotFound, "not_found")
	w.must(w.logins.SaveLogin(t.Context(), l))
	w.wants(w.call(w.keeper()), "", "")

	for name, c := range map[string]struct {
		offer credential.Offer
		kind  fault.Kind
		code  string
	}{
		"refused":             {credential.Offer{Kind: connector.APIKey, APIKey: "api_bad_key"}, fault.Revoked, rest.CodeRefused},
		"no key's form":       {credential.Offer{Kind: connector.APIKey, APIKey: "first"}, fault.Invalid, credential.CodeIncomplete},
		"with a space":        {credential.Offer{Kind: connector.APIKey, APIKey: "api_first_key "}, fault.Invalid, credential.CodeIncomplete},
		"empty":               {credential.Offer{Kind: connector.APIKey}, fault.Invalid, credential.CodeIncomplete},
		"a person must agree": {credential.Offer{Kind: connector.OAuth2, ClientID: "client", ClientSecret: "client-secret"}, fault.Invalid, credential.CodeIncomplete},
		"unknown kind":        {credential.Offer{Kind: "magic"}, fault.Invalid, "unknown_login"},
		"no secret":           {credential.Offer{Kind: connector.ClientCredentials, ClientID: "client"}, fault.Invalid, credential.CodeIncomplete},
		"wrong secret":        {credential.Offer{Kind: connector.ClientCredentials, ClientID: "client", ClientSecret: "x"}, fault.Revoked, rest.CodeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.T = t
			_, err := k.Try(t.Context(), w.conn, c.offer)
			w.wants(err, c.kind, c.code)
		})
	}
	w.conn.Connector = "mute"
	_, err = k.Try(t.Context(), w.conn, credential.Offer{Kind: connector.APIKey, APIKey: "api_first_key"})
	w.wants(err, fault.Invalid, "no_api")
}

// TestRotationWithoutDowntime replaces a key while workers remember the old one.
func TestRotationWithoutDowntime(t *testing.T) {
	w := newWorld(t)
	w.byKey("api_first_key")
	worker, idle := w.keeper(), w.keeper()
	w.wants(w.call(worker), "", "")
	w.byKey("api_second_key")
	w.wants(w.call(worker), "", "") // the old one still works at the provider
	w.provider.with(func() { delete(w.provider.keys, "api_first_key") })
	w.wants(w.call(worker), "", "") // and now the worker finds the new one by itself
	w.wants(w.call(idle), "", "")
	if l := w.login(); l.Generation != 2 || l.State != credential.OK {
		t.Errorf("got %+v", l)
	}
	w.provider.with(func() { delete(w.provider.keys, "api_second_key") })
	err := w.call(worker)
	w.wants(err, fault.Revoked, rest.CodeRefused)
	l, err := worker.MarkRevoked(t.Context(), w.conn, err)
	w.must(err)
	if l.State != credential.Revoked || !l.StateAt.Equal(w.clock.now()) || !strings.Contains(l.Reason, "is not known") {
		t.Errorf("got %+v", l)
	}
	w.clock.advance(time.Hour)
	calls := w.provider.calls
	err = w.call(w.keeper())
	w.wants(err, fault.Revoked, credential.CodeNotOK)
	if w.provider.calls != calls {
		t.Error("a login that is known to be refused was tried")
	}
	again, err := worker.MarkRevoked(t.Context(), w.conn, err)
	if w.must(err); again.Rev != l.Rev || !again.StateAt.Equal(l.StateAt) {
		t.Errorf("marked again: %+v", again)
	}
}

// TestALateRefusal comes from a worker that used the key of before.
func TestALateRefusal(t *testing.T) {
	w := newWorld(t)
	w.byKey("api_first_key")
	k := w.keeper()
	w.provider.with(func() { delete(w.provider.keys, "api_first_key") })
	err := w.call(k)
	w.wants(err, fault.Revoked, rest.CodeRefused)
	w.byKey("api_second_key")
	l, markErr := k.MarkRevoked(t.Context(), w.conn, err)
	if w.must(markErr); l.State != credential.OK || l.Generation != 2 {
		t.Errorf("the new key pays for the old one: %+v", l)
	}
	w.wants(w.call(k), "", "")
}

func TestNoLogin(t *testing.T) {
	w := newWorld(t)
	w.wants(w.call(w.keeper()), fault.Revoked, credential.CodeNoLogin)
	_, err := w.keeper().Test(t.Context(), w.conn)
	w.wants(err, fault.Revoked, credential.CodeNoLogin)
}

func TestTestingAStoredLogin(t *testing.T) {
	w := newWorld(t)
	w.byKey("api_first_key")
	k := w.keeper()
	w.provider.with(func() { delete(w.provider.keys, "api_first_key") })
	_, err := k.Test(t.Context(), w.conn)
	w.wants(err, fault.Revoked, rest.CodeRefused)
	if l := w.login(); l.State != credential.Revoked {
		t.Errorf("got %+v", l)
	}
	// The key is switched on again at the provider: a test is what finds out.
	w.provider.with(func() { w.provider.keys["api_first_key"] = "orga_1" })
	w.wants(w.call(k), fault.Revoked, credential.CodeNotOK)
	w.clock.advance(time.Minute)
	tried, err := k.Test(t.Context(), w.conn)
	w.must(err)
	if l := w.login(); l.State != credential.OK || l.Reason != "" || !l.TestedAt.Equal(w.clock.now()) || tried.Identity.AccountID != "orga_1" {
		t.Errorf("got %+v", l)
	}
	w.wants(w.call(k), "", "")
	w.conn.AccountID = "orga_9"
	_, err = k.Test(t.Context(), w.conn)
	w.wants(err, fault.Conflict, credential.CodeOtherAccount)
}

func TestCheckAccount(t *testing.T) {
	w := newWorld(t)
	mine, other := connector.Identity{AccountID: "orga_1"}, connector.Identity{AccountID: "orga_2", AccountName: "Other"}
	w.must(credential.CheckAccount(w.conn, other, false)) // its first
	w.conn.AccountID, w.conn.AccountName = "orga_1", "Mine"
	w.must(credential.CheckAccount(w.conn, mine, false))
	w.must(credential.CheckAccount(w.conn, other, true))
	err := credential.CheckAccount(w.conn, other, false)
	w.wants(err, fault.Conflict, credential.CodeOtherAccount)
	if !strings.Contains(err.Error(), "Mine") || !strings.Contains(err.Error(), "Other") {
		t.Errorf("got %v", err)
	}
}

func TestAuthorization(t *testing.T) {
	w := newWorld(t)
	k := w.keeper()
	_, _, err := k.Ask(t.Context(), w.conn, credential.Offer{}, false)
	w.wants(err, fault.Invalid, credential.CodeIncomplete)
	returned := w.agree(k, credential.Offer{ClientID: "client", ClientSecret: "client-secret"}, true)
	if l := w.login(); l.State != credential.Pending || l.Asked == nil || !l.Asked.AcceptOther || len(l.Sealed) != 0 {
		t.Errorf("asked: %+v", l)
	}
	w.wants(w.call(k), fault.Revoked, credential.CodeNoLogin)
	tried, err := k.Finish(t.Context(), w.conn, returned, "code-1")
	w.must(err)
	l := tried.Login
	if l.State != credential.OK || l.Kind != connector.OAuth2 || l.Asked != nil || !l.ExpiresAt.Equal(w.clock.now().Add(time.Hour)) || l.AccountID != "orga_1" || l.Generation != 1 {
		t.Errorf("got %+v", l)
	}
	w.must(w.logins.SaveLogin(t.Context(), l))
	w.wants(w.call(k), "", "")

	_, err = k.Finish(t.Context(), w.conn, returned, "code-1")
	w.wants(err, fault.Invalid, credential.CodeAuthorization) // it works once

	// A fresh one takes the client that is known; what works goes on, and a later request is the only one that counts.
	first := w.agree(k, credential.Offer{}, false)
	second := w.agree(k, credential.Offer{}, false)
	w.wants(w.call(w.keeper()), "", "")
	_, err = k.Finish(t.Context(), w.conn, first, "code-1")
	w.wants(err, fault.Invalid, credential.CodeAuthorization)
	_, err = k.Finish(t.Context(), w.conn, second, "a wrong code")
	w.wants(err, fault.Revoked, rest.CodeRefused)
	_, err = k.Finish(t.Context(), w.conn, second, "code-1")
	w.wants(err, fault.Invalid, credential.CodeAuthorization) // also after a failure
	w.wants(w.call(w.keeper()), "", "")

	late := w.agree(k, credential.Offer{}, false)
	w.clock.advance(15 * time.Minute)
	_, err = k.Finish(t.Context(), w.conn, late, "code-1")
	w.wants(err, fault.Invalid, credential.CodeAuthorization)
}

func TestReconnectingToAnotherAccount(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.conn.AccountID = "orga_1"
	w.provider.with(func() { w.provider.account = "orga_2" })
	k := w.keeper()
	_, err := k.Finish(t.Context(), w.conn, w.agree(k, credential.Offer{}, false), "code-1")
	w.wants(err, fault.Conflict, credential.CodeOtherAccount)
	tried, err := k.Finish(t.Context(), w.conn, w.agree(k, credential.Offer{}, true), "code-1")
	if w.must(err); tried.Login.AccountID != "orga_2" {
		t.Errorf("got %+v", tried.Login)
	}
}

func TestWhatLeadsBackFromNowhere(t *testing.T) {
	w := newWorld(t)
	k := w.keeper()
	l, to, err := k.Ask(t.Context(), w.conn, credential.Offer{ClientID: "client", ClientSecret: "client-secret"}, false)
	w.must(err)
	w.must(w.logins.SaveLogin(t.Context(), l))
	u, _ := url.Parse(to)
	good := u.Query().Get("state")
	parts := strings.Split(good, ".")
	with := func(n int, text string) string {
		changed := append([]string{}, parts...)
		changed[n] = text
		return strings.Join(changed, ".")
	}
	for _, state := range []string{"", "x", good[:len(good)-2], good + "A", with(0, "org_000000000002"), with(1, "conn_000000000002"), with(2, parts[2][1:]+"A"), with(3, ""), with(3, "???"), good + ".x",
		strings.Repeat("a", 600), "org_x.conn_x..", with(0, "conn_000000000001")} {
		_, err := k.Return(t.Context(), state)
		w.wants(err, fault.Invalid, credential.CodeAuthorization)
	}
	if _, err := k.Return(t.Context(), good); err != nil {
		t.Error(err)
	}
	if err := credential.Denied("access_denied\"<script>"); !strings.Contains(err.Error(), `"access_deniedscript"`) {
		t.Errorf("got %v", err)
	}
}

// TestEightWorkersRefreshAtOnce: the provider takes a refresh token once.
func TestEightWorkersRefreshAtOnce(t *testing.T) {
	for _, ran := range []time.Duration{56 * time.Minute, 2 * time.Hour} {
		w := newWorld(t)
		w.byOAuth()
		w.clock.advance(ran)
		if ran > time.Hour {
			w.provider.with(func() { delete(w.provider.keys, "access-1") })
		}
		// Waiting for another worker takes no time here, only its turn.
		w.sleep = func(ctx context.Context, _ time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(20 * time.Millisecond):
				return nil
			}
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				err := w.call(w.keeper())
				for tries := 0; fault.Is(err, fault.RateLimited) && tries < 100; tries++ {
					time.Sleep(10 * time.Millisecond) // it comes back, as the engine does
					err = w.call(w.keeper())
				}
				if err != nil {
					t.Errorf("after %s: %v", ran, err)
				}
			})
		}
		group.Wait()
		if w.provider.refreshes != 1 {
			t.Errorf("after %s: %d refreshes, want 1", ran, w.provider.refreshes)
		}
		if l := w.login(); l.Generation != 2 || l.State != credential.OK || l.Lease != (credential.Lease{}) || !l.ExpiresAt.Equal(w.clock.now().Add(time.Hour)) {
			t.Errorf("after %s: %+v", ran, l)
		}
	}
}

// TestAnExpiredTokenIsFoundOutByItsRefusal, where the clocks do not agree.
func TestAnExpiredTokenIsFoundOutByItsRefusal(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	k := w.keeper()
	w.wants(w.call(k), "", "")
	w.provider.with(func() { delete(w.provider.keys, "access-1") })
	w.wants(w.call(k), "", "")
	w.wants(w.call(w.keeper()), "", "")
	if w.provider.refreshes != 1 {
		t.Errorf("%d refreshes", w.provider.refreshes)
	}
}

// TestStoredBeforeUsed looks at what is in the store when a fresh token is first used.
func TestStoredBeforeUsed(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(2 * time.Hour)
	w.store.fails = []error{nil, unavailable(), unavailable()}
	w.wants(w.call(w.keeper()), "", "")
	if l := w.login(); l.Generation != 2 || w.provider.refreshes != 1 {
		t.Errorf("got %+v after %d refreshes", l, w.provider.refreshes)
	}
	w.clock.advance(2 * time.Hour)
	calls := w.provider.calls
	for range 10 {
		w.store.fails = append(w.store.fails, unavailable())
	}
	w.store.fails[0] = nil // the lease
	w.wants(w.call(w.keeper()), fault.Unavailable, "unavailable")
	if w.provider.calls != calls {
		t.Error("a token was used that is not stored")
	}
}

// TestTheAnswerOfTheStoreIsLost after it wrote.
func TestTheAnswerOfTheStoreIsLost(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(2 * time.Hour)
	w.store.fails, w.store.lost = []error{nil, unavailable()}, true
	w.wants(w.call(w.keeper()), "", "")
	if l := w.login(); l.Generation != 2 || w.provider.refreshes != 1 {
		t.Errorf("got %+v after %d refreshes", l, w.provider.refreshes)
	}
}

// TestInterruptedRenewals crash between the provider's answer and the store, or hear no answer.
func TestInterruptedRenewals(t *testing.T) {
	for name, c := range map[string]struct {
		arrives bool
		state   credential.State
		code    string
	}{
		"the request had arrived":     {true, credential.Reconnect, credential.CodeNotOK},
		"the request had not arrived": {false, credential.OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.byOAuth()
			w.clock.advance(2 * time.Hour)
			hangUp := func(rw http.ResponseWriter) bool {
				conn, _, _ := http.NewResponseController(rw).Hijack()
				conn.Close()
				return true
			}
			w.provider.with(func() {
				if c.arrives {
					w.provider.after = hangUp
				} else {
					w.provider.token = hangUp
				}
			})
			w.wants(w.call(w.keeper()), fault.Unavailable, rest.CodeNoAnswer)
			if l := w.login(); l.State != credential.OK || l.Lease.Owner == "" {
				t.Fatalf("got %+v", l)
			}
			w.provider.with(func() { w.provider.after, w.provider.token = nil, nil })
			err := w.call(w.keeper())
			if c.code == "" {
				w.wants(err, "", "")
			} else {
				w.wants(err, fault.Revoked, c.code)
			}
			l := w.login()
			if l.State != c.state || l.Lease != (credential.Lease{}) {
				t.Errorf("got %+v", l)
			}
			if l.State == credential.Reconnect && !strings.Contains(l.Reason, "interrupted") {
				t.Errorf("the reason is %q", l.Reason)
			}
			marked, err := w.keeper().MarkRevoked(t.Context(), w.conn, err)
			if c.code != "" && (err != nil || marked.State != credential.Reconnect) {
				t.Errorf("marked %+v, %v", marked, err)
			}
			if c.code != "" {
				// Logging in again is the way out.
				w.byOAuth()
				w.wants(w.call(w.keeper()), "", "")
			}
		})
	}
}

// TestAWorkerDiesWithTheLease: nobody waits for it longer than the lease.
func TestAWorkerDiesWithTheLease(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(2 * time.Hour)
	l := w.login()
	l.Rev++
	l.Lease = credential.Lease{Owner: "lease_dead", Until: w.clock.now().Add(30 * time.Second)}
	w.must(w.logins.SaveLogin(t.Context(), l))
	err := w.call(w.keeper())
	w.wants(err, fault.RateLimited, credential.CodeRenewing)
	if fault.Of(err).RetryAfter <= 0 || w.provider.refreshes != 0 {
		t.Errorf("got %v after %d refreshes", err, w.provider.refreshes)
	}
	w.clock.advance(30 * time.Second)
	w.wants(w.call(w.keeper()), "", "")
	if w.provider.refreshes != 1 {
		t.Errorf("%d refreshes", w.provider.refreshes)
	}
}

// TestATokenThatStillWorks is used on while its renewal fails, or is another's.
func TestATokenThatStillWorks(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(56 * time.Minute)
	w.provider.with(func() {
		w.provider.token = func(rw http.ResponseWriter) bool { rw.WriteHeader(http.StatusServiceUnavailable); return true }
	})
	w.wants(w.call(w.keeper()), "", "")
	w.provider.with(func() {
		w.provider.token = func(rw http.ResponseWriter) bool { rw.WriteHeader(http.StatusTooManyRequests); return true }
	})
	w.wants(w.call(w.keeper()), "", "")
	l := w.login()
	l.Rev++
	l.Lease = credential.Lease{Owner: "lease_other", Until: w.clock.now().Add(30 * time.Second)}
	w.must(w.logins.SaveLogin(t.Context(), l))
	before := w.clock.now()
	w.wants(w.call(w.keeper()), "", "")
	if !w.clock.now().Equal(before) {
		t.Error("a worker waited though its token works")
	}
	// It has run out: now the failure counts.
	w.clock.advance(5 * time.Minute)
	w.wants(w.call(w.keeper()), fault.RateLimited, "throttled")
}

// TestARevokedAuthorization is found out by its renewal.
func TestARevokedAuthorization(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(2 * time.Hour)
	w.provider.with(func() { w.provider.refresh = "none" })
	err := w.call(w.keeper())
	w.wants(err, fault.Revoked, credential.CodeNotOK)
	l := w.login()
	if l.State != credential.Revoked || !strings.Contains(l.Reason, "invalid_grant") || strings.Contains(l.Reason, "refresh-") {
		t.Errorf("got %+v", l)
	}
	marked, err := w.keeper().MarkRevoked(t.Context(), w.conn, err)
	if w.must(err); marked.Rev != l.Rev {
		t.Errorf("got %+v", marked)
	}
}

// TestAStolenLease: a worker is so slow that another takes the lease, and its answer is the newest all the same.
func TestAStolenLease(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(2 * time.Hour)
	w.provider.with(func() {
		w.provider.after = func(http.ResponseWriter) bool {
			l := w.login()
			l.Rev++
			l.Lease = credential.Lease{Owner: "lease_thief", Until: w.clock.now().Add(time.Minute)}
			w.must(w.logins.SaveLogin(context.Background(), l))
			return false
		}
	})
	w.wants(w.call(w.keeper()), "", "")
	if l := w.login(); l.Generation != 2 || l.Lease != (credential.Lease{}) {
		t.Errorf("got %+v", l)
	}
}

// TestReplacedWhileRenewed: an admin logs in anew while a worker renews; what the admin gave stands.
func TestReplacedWhileRenewed(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(2 * time.Hour)
	w.provider.with(func() {
		w.provider.after = func(http.ResponseWriter) bool {
			w.provider.after = nil
			w.provider.mu.Unlock()
			w.byKey("api_first_key")
			w.provider.mu.Lock()
			return false
		}
	})
	w.wants(w.call(w.keeper()), "", "")
	if l := w.login(); l.Kind != connector.APIKey || l.Generation != 2 {
		t.Errorf("got %+v", l)
	}
}

func TestClientCredentials(t *testing.T) {
	w := newWorld(t)
	k := w.keeper()
	w.provider.with(func() { w.provider.expiresIn = `"600"` })
	tried, err := k.Try(t.Context(), w.conn, credential.Offer{Kind: connector.ClientCredentials, ClientID: "client", ClientSecret: "client-secret"})
	w.must(err)
	if l := tried.Login; l.Kind != connector.ClientCredentials || !l.ExpiresAt.Equal(w.clock.now().Add(10*time.Minute)) {
		t.Errorf("got %+v", l)
	}
	w.must(w.logins.SaveLogin(t.Context(), tried.Login))
	w.wants(w.call(k), "", "")
	w.clock.advance(7 * time.Minute)
	w.wants(w.call(k), "", "")
	if w.provider.serial != 1 {
		t.Errorf("%d tokens, want one until it is nearly over", w.provider.serial)
	}
	w.clock.advance(2 * time.Minute)
	w.wants(w.call(k), "", "")
	if w.provider.serial != 2 {
		t.Errorf("%d tokens", w.provider.serial)
	}
}

// TestAuthorizationWithoutRefreshToken ends when its token does.
func TestAuthorizationWithoutRefreshToken(t *testing.T) {
	w := newWorld(t)
	w.provider.with(func() {
		w.provider.after = func(rw http.ResponseWriter) bool {
			fmt.Fprint(rw, `{"access_token":"access-1","expires_in":3600}`)
			return true
		}
	})
	w.byOAuth()
	w.clock.advance(56 * time.Minute)
	w.wants(w.call(w.keeper()), "", "")
	w.clock.advance(time.Hour)
	err := w.call(w.keeper())
	w.wants(err, fault.Revoked, credential.CodeNotOK)
	l, err := w.keeper().MarkRevoked(t.Context(), w.conn, err)
	if w.must(err); l.State != credential.Reconnect || !strings.Contains(l.Reason, "run out") {
		t.Errorf("got %+v", l)
	}
}

func TestTokenAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		kind   fault.Kind
		code   string
	}{
		"no JSON":             {200, "<html>", fault.Unavailable, "unreadable_token"},
		"no token":            {200, `{}`, fault.Unavailable, "unreadable_token"},
		"unauthorized":        {401, ``, fault.Revoked, credential.CodeNotOK},
		"invalid client":      {400, `{"error":"invalid_client"}`, fault.Revoked, credential.CodeNotOK},
		"something else":      {400, `{"error":"unsupported_grant_type","error_description":"no"}`, fault.Invalid, "token_refused"},
		"an error of no text": {400, `{"error":{"a":1}}`, fault.Invalid, "token_refused"},
		"a redirect":          {302, ``, fault.Invalid, "token_refused"},
		"too many":            {429, ``, fault.RateLimited, "throttled"},
		"failed":              {502, ``, fault.Unavailable, rest.CodeNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.byOAuth()
			w.clock.advance(2 * time.Hour)
			w.provider.with(func() {
				w.provider.token = func(rw http.ResponseWriter) bool { rw.WriteHeader(c.status); fmt.Fprint(rw, c.body); return true }
			})
			w.wants(w.call(w.keeper()), c.kind, c.code)
			if l := w.login(); l.Lease.Held(w.clock.now()) {
				t.Errorf("the lease is kept: %+v", l)
			}
		})
	}
}

// TestTokenRefusalsQuoteNoSecret has a token endpoint that quotes what it got, spelled in every way and under both names.
func TestTokenRefusalsQuoteNoSecret(t *testing.T) {
	const odd = "s3cr&t/<of>+nobody="
	escaped, _ := json.Marshal(odd)
	for name, words := range map[string]string{
		"plain": odd, "in a query": url.QueryEscape(odd), "in a path": url.PathEscape(odd), "in JSON": strings.Trim(string(escaped), `"`),
		"in the code": "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			body := fmt.Sprintf(`{"error":"invalid_client","error_description":"no client has client_secret=%s&x=1"}`, words)
			if name == "in the code" {
				body = fmt.Sprintf(`{"error":%s}`, escaped)
			}
			w.provider.with(func() {
				w.provider.token = func(rw http.ResponseWriter) bool { rw.WriteHeader(401); fmt.Fprint(rw, body); return true }
			})
			_, err := w.keeper().Try(t.Context(), w.conn, credential.Offer{Kind: connector.ClientCredentials, ClientID: "client", ClientSecret: odd})
			if w.wants(err, fault.Revoked, rest.CodeRefused); !strings.Contains(err.Error(), "[secret]") {
				t.Errorf("got %v", err)
			}
			for _, secret := range []string{odd, url.QueryEscape(odd), url.PathEscape(odd), strings.Trim(string(escaped), `"`)} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%v tells %s", err, secret)
				}
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	w := newWorld(t)
	w.byOAuth()
	w.clock.advance(2 * time.Hour)
	w.provider.Close()
	w.wants(w.call(w.keeper()), fault.Unavailable, rest.CodeUnreachable)
	if l := w.login(); l.Lease != (credential.Lease{}) {
		t.Errorf("nothing was sent, and still somebody may have: %+v", l)
	}
}

func TestSecretsPrintNothing(t *testing.T) {
	s := credential.Secrets{APIKey: "api_first_key", RefreshToken: "refresh-1"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, s); strings.Contains(got, "api_") || strings.Contains(got, "refresh") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	o := credential.Offer{APIKey: "api_first_key", ClientSecret: "refresh-1"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb+verb, o, &o); strings.Contains(got, "api_") || strings.Contains(got, "refresh") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	var log bytes.Buffer // which marshals what it does not know
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", s, "o", o)
	if strings.Contains(log.String(), "api_") || strings.Contains(log.String(), "refresh") {
		t.Errorf("logged %s", &log)
	}
	w := newWorld(t)
	w.byKey("api_first_key")
	if raw, err := json.Marshal(w.login()); err != nil || strings.Contains(string(raw), "api_first") {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestSecretsAreRememberedForAMinute(t *testing.T) {
	w := newWorld(t)
	w.byKey("api_first_key")
	k := w.keeper()
	reads := &counting{Store: w.store.Store}
	w.store.Store = reads
	for range 5 {
		w.wants(w.call(k), "", "")
	}
	if reads.n != 1 {
		t.Errorf("%d reads, want 1", reads.n)
	}
	w.clock.advance(time.Minute)
	w.wants(w.call(k), "", "")
	if reads.n != 2 {
		t.Errorf("%d reads after a minute, want 2", reads.n)
	}
	k.Forget(organization, w.conn.ID)
	w.wants(w.call(k), "", "")
	if reads.n != 3 {
		t.Errorf("%d reads after it was told to forget, want 3", reads.n)
	}
}

type counting struct {
	credential.Store
	n int
}

func (c *counting) Login(ctx context.Context, organization, connection string) (credential.Login, error) {
	c.n++
	return c.Store.Login(ctx, organization, connection)
}

func TestTheStoreIsAway(t *testing.T) {
	w := newWorld(t)
	w.byKey("api_first_key")
	w.store.Store = away{}
	w.wants(w.call(w.keeper()), fault.Unavailable, "unavailable")
	for name, err := range map[string]error{
		"test":   second(w.keeper().Test(t.Context(), w.conn)),
		"revoke": second(w.keeper().MarkRevoked(t.Context(), w.conn, &rest.SecretError{Generation: 1, Refusal: &connector.RefusedError{}})),
		"try":    second(w.keeper().Try(t.Context(), w.conn, credential.Offer{Kind: connector.APIKey, APIKey: "api_first_key"})),
	} {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := second(w.keeper().MarkRevoked(t.Context(), w.conn, errors.New("x"))); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

type away struct{}

func (away) SaveLogin(context.Context, credential.Login) error { return unavailable() }
func (away) Login(context.Context, string, string) (credential.Login, error) {
	return credential.Login{}, unavailable()
}
