package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/tenant"
)

const overlap = 24 * time.Hour

var newKey = strings.Repeat("a5", 32)

// rotate replaces the connection's key, the old one staying valid for overlap.
func (w *world) rotate(key string, overlap time.Duration) {
	w.t.Helper()
	w.update(func(c tenant.Connection) tenant.Connection { return c.Rotate(w.seal(key), overlap, w.now()) })
	w.calls.since()
}

func TestARotatedKeyWorksAtOnceAndTheOldOneForAWhile(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.signed("{}", w.key))
	w.pass(rereadAfter)
	w.rotate(newKey, overlap)
	w.accepts(w.signed("{}", newKey))
	w.made(map[string]int{"table": 1, "queue": 1})
	for _, key := range []string{w.key, newKey} {
		w.accepts(w.signed("{}", key))
		w.made(map[string]int{"queue": 1})
	}
	w.pass(overlap - time.Second)
	w.accepts(w.signed("{}", w.key))
	w.pass(time.Second)
	w.refuses(w.signed("{}", w.key), http.StatusUnauthorized, "invalid_signature")
	w.accepts(w.signed("{}", newKey))
}

func TestAnOldKeyRunsOutWhileTheHookIsRemembered(t *testing.T) {
	w := newWorld(t)
	w.rotate(newKey, 10*time.Second)
	w.accepts(w.signed("{}", w.key))
	w.pass(10*time.Second - time.Millisecond)
	w.accepts(w.signed("{}", w.key))
	w.pass(time.Millisecond)
	w.refuses(w.signed("{}", w.key), http.StatusUnauthorized, "invalid_signature")
	w.accepts(w.signed("{}", newKey))
}

func TestAKeyReplacedWithoutOverlapIsRefusedOnceTheHookIsReadAgain(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.signed("{}", w.key))
	w.rotate(newKey, 0)
	w.accepts(w.signed("{}", w.key)) // remembered
	w.pass(keep)
	w.refuses(w.signed("{}", w.key), http.StatusUnauthorized, "invalid_signature")
}

func TestAConnectionTakesEventsAsSoonAsItHasItsFirstKey(t *testing.T) {
	w := newWorld(t)
	w.conn, w.token = w.connect("conn_000000000002", "")
	w.refuses(w.signed("{}", newKey), http.StatusUnauthorized, "no_signing_key")
	w.rotate(newKey, 0)
	w.pass(rereadAfter)
	w.accepts(w.signed("{}", newKey))
}

func TestForgedSignaturesReadTheHookOnceASecond(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.calls.since()
	forged := w.signed("{}", newKey)
	for range 200 { // over ten seconds
		w.pass(50 * time.Millisecond)
		w.refuses(forged, http.StatusUnauthorized, "invalid_signature")
	}
	w.made(map[string]int{"table": 10})
	stale := w.request("{}")
	w.pass(tolerance + time.Second)
	w.accepts(w.request("{}"))
	w.calls.since()
	w.pass(10 * time.Second)
	w.refuses(stale, http.StatusUnauthorized, "stale_signature")
	w.refuses(without(w.request("{}"), "close-sig-hash"), http.StatusUnauthorized, "missing_signature")
	w.made(map[string]int{}) // no other key would help
}

func TestADisabledConnectionIsRefusedWithinTheCacheTime(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.update(func(c tenant.Connection) tenant.Connection { return c.WithStatus(tenant.Disabled, w.now()) })
	w.calls.since()
	w.pass(keep - time.Nanosecond)
	w.accepts(w.request("{}")) // still remembered
	w.made(map[string]int{"queue": 1})
	w.pass(time.Nanosecond)
	w.refuses(w.request("{}"), http.StatusNotFound, "not_found")
	w.made(map[string]int{"table": 1})
	w.refuses(w.request("{}"), http.StatusNotFound, "not_found")
	w.made(map[string]int{})
	w.update(func(c tenant.Connection) tenant.Connection { return c.WithStatus(tenant.Active, w.now()) })
	w.pass(unknownFor)
	w.accepts(w.request("{}"))
}

func TestADisabledConnectionIsForgottenWhenASignatureDoesNotFit(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	w.update(func(c tenant.Connection) tenant.Connection { return c.WithStatus(tenant.Disabled, w.now()) })
	w.pass(rereadAfter)
	w.refuses(w.signed("{}", newKey), http.StatusNotFound, "not_found")
	w.refuses(w.request("{}"), http.StatusNotFound, "not_found")
}

func TestAnUnknownURLIsLookedUpOnceInAWhile(t *testing.T) {
	w := newWorld(t)
	r := w.request("{}")
	r.PathParameters["token"] = "unknown"
	for range 100 {
		w.refuses(r, http.StatusNotFound, "not_found")
	}
	w.made(map[string]int{"table": 1})
	w.pass(unknownFor)
	w.refuses(r, http.StatusNotFound, "not_found")
	w.made(map[string]int{"table": 1})
}

func TestWhatCannotBeATokenIsNotLookedUp(t *testing.T) {
	w := newWorld(t)
	for _, token := range []string{"", strings.Repeat("x", maxTokenBytes+1)} {
		r := w.request("{}")
		r.PathParameters["token"] = token
		w.refuses(r, http.StatusNotFound, "not_found")
	}
	w.made(map[string]int{})
}

func TestAFloodOfUnknownURLsIsBounded(t *testing.T) {
	w := newWorld(t)
	w.accepts(w.request("{}"))
	_, cold := w.connect("conn_000000000002", w.key)
	w.calls.since()
	w.pass(time.Hour)       // saves up nothing
	for i := range 20_000 { // over twenty seconds
		w.pass(time.Millisecond)
		r := w.request("{}")
		r.PathParameters["token"] = "unknown" + strconv.Itoa(i)
		answer, err := w.h.Handle(t.Context(), r)
		if err != nil || answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("got %d, %v", answer.StatusCode, err)
		}
		if answer.StatusCode == http.StatusTooManyRequests && answer.Headers["retry-after"] != "1" {
			t.Fatalf("got %v", answer.Headers)
		}
	}
	if looked := w.calls.since()["table"]; looked > missBurst+21*missesPerSecond {
		t.Errorf("%d look-ups", looked)
	}
	if n := w.h.hooks.unknown.Len() + w.h.hooks.known.Len(); n > 2*maxHooks {
		t.Errorf("%d URLs are remembered", n)
	}
	w.accepts(w.request("{}")) // the flood is none of its business
	w.token = cold
	w.pass(time.Second)
	w.accepts(w.request("{}"))
}

func TestHooksAreRememberedUpToALimit(t *testing.T) {
	w := newWorld(t)
	first := w.token
	for i := range maxHooks + 100 {
		_, w.token = w.connect(fmt.Sprintf("conn_%012d", 100+i), w.key)
		w.accepts(w.request("{}"))
	}
	if n := w.h.hooks.known.Len(); n != maxHooks {
		t.Errorf("%d hooks are remembered", n)
	}
	w.token = first
	w.accepts(w.request("{}"))
}

func TestAConnectorWithoutWebhooksHasNoHook(t *testing.T) {
	w := newWorld(t)
	w.h.hooks.connectors = connector.NewRegistry(connector.Definition{Name: "close"})
	w.refuses(w.request("{}"), http.StatusInternalServerError, "internal")
}

func TestASpoiledKeyIsNoReasonToGiveUpTheEvent(t *testing.T) {
	w := newWorld(t)
	w.update(func(c tenant.Connection) tenant.Connection {
		c = c.Rotate(w.seal(newKey), 0, w.now())
		c.Keys[0].Sealed[0] ^= 1
		return c
	})
	w.refuses(w.signed("{}", newKey), http.StatusServiceUnavailable, "unavailable")
	w.rotate("no key of Close's", 0)
	w.refuses(w.signed("{}", newKey), http.StatusServiceUnavailable, "unavailable")
	w.rotate(newKey, 0)
	w.accepts(w.signed("{}", newKey))
}
