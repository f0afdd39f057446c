package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/syncing"
	"leadline/shared/syncing/engine"
	"leadline/shared/tenant"
)

// refusal is the fault of a request that a provider refused with words.
func refusal(kind fault.Kind, status int, words string) error {
	refused := &connector.RefusedError{Status: status, Verdict: connector.Verdict{Message: words}}
	return &fault.Error{Kind: kind, Code: "refused_by_provider", Message: "Toy refuses (" + refused.Error() + ").", Err: refused}
}

// logged has the engine log, and gives what it logs.
func (w *world) logged() *bytes.Buffer {
	var log bytes.Buffer
	w.engine.Log = slog.New(slog.NewJSONHandler(&log, nil))
	return &log
}

// TestLogsRepeatNoProvider: what a provider says may quote what it is about. Admins are told, logs are not.
func TestLogsRepeatNoProvider(t *testing.T) {
	const words = "nothing matches email:joe@example.com"
	for _, c := range []struct {
		kind   fault.Kind
		status int
		told   bool
	}{{fault.Invalid, 400, true}, {fault.Forbidden, 403, true}, {fault.NotFound, 404, true}, {fault.Unavailable, 503, true}, {fault.RateLimited, 429, false}} {
		t.Run(string(c.kind), func(t *testing.T) {
			w := newWorld(t)
			log := w.logged()
			w.deals("deal", 10)
			failures := 0
			w.crm.fail = func(string) error {
				if failures++; failures > 8 {
					return nil
				}
				return refusal(c.kind, c.status, words)
			}
			r := w.start(syncing.Plan{Kind: syncing.Import, Mode: syncing.Full})
			told := false
			w.must(w.engine.Process(t.Context(), syncing.Message{Kind: syncing.Tend, Organization: organization, Connection: connection}))
			w.must(w.engine.Process(t.Context(), syncing.Message{Kind: syncing.Read, Organization: organization, Connection: connection, Refs: []connector.Ref{{Object: "deal", ID: "x"}}}))
			w.run(func() bool {
				run, streams := w.get(r)
				text, err := json.Marshal(streams)
				w.must(err)
				told = told || strings.Contains(string(text), "joe@example.com")
				return run.Status.Final()
			})
			if strings.Contains(log.String(), "joe@") || c.kind != fault.RateLimited && !strings.Contains(log.String(), fmt.Sprint("status ", c.status)) {
				t.Errorf("logged %s", log)
			}
			if told != c.told {
				t.Errorf("the admins are told: %t", told)
			}
		})
	}
}

// quoting is a client of a provider that quotes what it is told to subscribe.
type quoting struct {
	*crm
	kind fault.Kind
}

func (q quoting) Do(_ context.Context, r connector.Request) (connector.Answer, error) {
	return connector.Answer{}, refusal(q.kind, 400, fmt.Sprintf("I cannot post to %v", r.Body))
}

// quotingLogins gives that client.
type quotingLogins struct {
	logins
	client quoting
}

func (l quotingLogins) Client(context.Context, tenant.Connection) (engine.Client, error) {
	return l.client, nil
}

// hooked knows one URL.
type hooked string

func (h hooked) URL(context.Context, tenant.Connection) (string, error) { return string(h), nil }
func (hooked) Accept(context.Context, tenant.Connection, string) error  { return nil }

// TestWebhookURLsAreRepeatedNowhere has a provider that quotes the URL, which is secret, in refusals and in what it says of
// the subscription.
func TestWebhookURLsAreRepeatedNowhere(t *testing.T) {
	const url = "https://leadline.example/hooks/t0ken_of-nobody"
	ask := func(ctx context.Context, c connector.Client) error {
		_, err := c.Do(ctx, connector.Request{Method: http.MethodPost, Path: "/hooks", Body: url})
		return err
	}
	paused := connector.SubscriptionState{ID: "sub_1", Problem: "It is paused. Latest error: POST " + url + " gave 503; path /hooks/t0ken_of-nobody."}
	for name, s := range map[string]connector.Subscription{
		"made": {Create: func(ctx context.Context, c connector.Client, _ string) (connector.Subscribed, error) {
			return connector.Subscribed{}, ask(ctx, c)
		}, Find: func(context.Context, connector.Client, string) ([]connector.SubscriptionState, error) {
			return nil, nil
		}},
		"looked for": {Find: func(ctx context.Context, c connector.Client, _ string) ([]connector.SubscriptionState, error) {
			return nil, ask(ctx, c)
		}},
		"mended in vain": {Check: func(context.Context, connector.Client, string) (connector.SubscriptionState, error) {
			return paused, nil
		},
			Mend: func(ctx context.Context, c connector.Client, _, _ string) error { return ask(ctx, c) }},
		"mended": {Check: func(context.Context, connector.Client, string) (connector.SubscriptionState, error) {
			return paused, nil
		},
			Mend: func(context.Context, connector.Client, string, string) error { return nil }},
	} {
		for _, kind := range []fault.Kind{fault.Invalid, fault.Forbidden, fault.Unavailable, fault.Revoked} {
			t.Run(name+" "+string(kind), func(t *testing.T) {
				w := newWorld(t)
				log := w.logged()
				d := w.engine.Connectors["toy"]
				d.Subscription = &s
				w.engine.Connectors["toy"] = d
				w.engine.Logins, w.engine.Hooks = quotingLogins{logins{w}, quoting{w.crm, kind}}, hooked(url)
				if s.Check != nil {
					w.must(w.syncs.SaveState(t.Context(), syncing.State{Organization: organization, Connection: connection,
						Subscription: syncing.SubscriptionState{ID: "sub_1", LastGoodAt: w.now().Add(-time.Hour)}, Rev: 1}))
				}
				w.must(w.engine.Process(t.Context(), syncing.Message{Kind: syncing.Tend, Organization: organization, Connection: connection}))
				state, err := w.syncs.State(t.Context(), organization, connection)
				w.must(err)
				text := fmt.Sprintf("%s %+v %+v", log, state, w.notices)
				if strings.Contains(text, "t0ken") {
					t.Errorf("the token is repeated: %s", text)
				}
				if !strings.Contains(text, "[secret]") && !strings.Contains(text, "status 400") {
					t.Errorf("nothing is said of it: %s", text)
				}
			})
		}
	}
}
