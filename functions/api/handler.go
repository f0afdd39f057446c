// Command api is the Lambda function behind the HTTP API: who may do what, connections and clients, objects and their
// schemas, records and their history, batches, what was set aside, destinations and what was sent to them, incentive programs
// and what people earn by them, long jobs, and the journal of all of it.
package main

//go:generate go test -run TestOpenAPIFile -update .

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/blob"
	"leadline/shared/cache"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/credential"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	incentives "leadline/shared/incentive/keeper"
	"leadline/shared/problem"
	"leadline/shared/quota"
	"leadline/shared/secret"
	settlements "leadline/shared/settlement/keeper"
	"leadline/shared/store"
	"leadline/shared/syncing/control"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// Config is what api reads from its environment.
type Config struct {
	Stage           string `env:"STAGE"`
	LogLevel        string `env:"LOG_LEVEL"`
	Records         string `env:"TABLE_RECORDS"`
	History         string `env:"TABLE_HISTORY"`
	Intake          string `env:"TABLE_INTAKE"`
	Tenancy         string `env:"TABLE_TENANCY"`
	WorkTable       string `env:"TABLE_WORK"`
	Inbox           string `env:"QUEUE_INBOX"`
	DeliverQueue    string `env:"QUEUE_DELIVER"`
	JobsQueue       string `env:"QUEUE_JOBS"`
	FetchQueue      string `env:"QUEUE_FETCH"`
	CalculateQueue  string `env:"QUEUE_CALCULATE"`
	LedgerTable     string `env:"TABLE_LEDGER"`
	SettleQueue     string `env:"QUEUE_SETTLE"`
	NudgeQueue      string `env:"QUEUE_NUDGE"`
	Payloads        string `env:"BUCKET_PAYLOADS"`
	SecretsKey      string `env:"KEY_SECRETS"`
	BaseURL         string `env:"BASE_URL"`
	KeyCacheSeconds int    `env:"KEY_CACHE_SECONDS"`
	// AllowLoopback lets destinations be on the machine itself, by plain HTTP, for local development.
	AllowLoopback bool `env:"OUTBOUND_ALLOW_LOOPBACK"`
	// AllowProductionCRM lets a stage that is not production log in to providers themselves.
	AllowProductionCRM bool `env:"ALLOW_PRODUCTION_CRM"`
}

// sender puts a message into a queue, in the fair share of a group.
type sender interface {
	Send(ctx context.Context, group string, body []byte) error
}

// options are what a handler works with; all of them are required.
type options struct {
	Config
	finance
	Records      store.Records
	History      store.History
	Intake       store.Intake
	Schemas      store.Schemas
	Batches      store.Batches
	Tenancy      store.Tenancy
	Members      store.Members
	Destinations store.Destinations
	Logins       store.Logins
	Deliveries   store.Deliveries
	Jobs         store.Jobs
	Syncs        store.Syncs
	Views        store.Views
	Roster       store.Roster
	Programs     store.Programs
	Credits      store.Credits
	Runs         store.Runs
	Journal      store.Journal
	Payloads     blob.Store
	Signer       blob.Signer
	// Inbox, Outbox and Work lead to ingest, deliver and work.
	Inbox, Outbox, Work sender
	Keyring             *secret.Keyring
	Connectors          connector.Registry
	// Service reaches providers; Fetch leads to fetch, which reads from them.
	Service *rest.Service
	Fetch   control.Outbox
	// Calculate leads to calculate, which reckons what people earn.
	Calculate incentives.Outbox
	Version   string
	Now       func() time.Time
	Random    io.Reader
	Log       *slog.Logger
}

// cacheSize bounds a cache: more keys than a stage has, few enough that nobody fills the memory with made-up ones.
const cacheSize = 1000

type handler struct {
	options
	mux           *http.ServeMux
	keys          *cache.Cache[string, tenant.APIKey]
	unknown       *cache.Cache[string, struct{}]
	clients       *cache.Cache[string, tenant.ClientHook]
	organizations *cache.Cache[string, tenant.Organization]
	// keep is how long keys and organizations are remembered, keepUnknown how long keys that do not exist, and clients.
	keep, keepUnknown time.Duration
	// requests measures the requests of organizations.
	requests *quota.Meter
	// loginTests measures how often they have logins tried.
	loginTests *quota.Meter
	// credentials gives connections their secrets.
	credentials *credential.Keeper
	// control starts and stops runs.
	control *control.Controller
	// incentives shows what people earn, and why.
	incentives *incentives.Keeper
	// settlements takes periods of programs from calculated to paid.
	settlements *settlements.Keeper
	// rosters remembers who is who.
	rosters *cache.Cache[string, knownRoster]
}

func newHandler(o options) *handler {
	keep := time.Duration(o.KeyCacheSeconds) * time.Second
	h := &handler{
		options: o, mux: http.NewServeMux(), keep: keep, keepUnknown: min(keep, unknownKeyTTL),
		keys: cache.New[string, tenant.APIKey](cacheSize), unknown: cache.New[string, struct{}](cacheSize),
		clients: cache.New[string, tenant.ClientHook](cacheSize), organizations: cache.New[string, tenant.Organization](cacheSize),
		rosters:  cache.New[string, knownRoster](knownRosters),
		requests: quota.NewMeter(o.Members, "requests", time.Minute), loginTests: quota.NewMeter(o.Members, "login tests", time.Minute),
		control: control.New(control.Options{Outbox: o.Fetch, Syncs: o.Syncs, Connectors: o.Connectors, Random: o.Random}),
		credentials: credential.New(credential.Options{Store: o.Logins, Organizations: o.Tenancy, Keyring: o.Keyring, Connectors: o.Connectors, Service: o.Service,
			CallbackURL: o.BaseURL + callbackPath, Now: o.Now, Random: o.Random}),
	}
	h.incentives = &incentives.Keeper{Records: o.Records, Roster: o.Roster, Programs: o.Programs, Credits: o.Credits, Runs: o.Runs, Inputs: o.Payloads, Outbox: o.Calculate,
		NewID: func() (string, error) { return delivery.NewID(o.Now(), o.Random) }, Now: o.Now, Log: o.Log, Known: &incentives.Memory{}}
	h.settlements = newSettlements(o, h.incentives)
	newAPI(h.mux, h)
	return h
}

// Handle answers one request. It never returns an error: what fails is answered with a problem.
func (h *handler) Handle(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	w := newRecorder()
	r, err := newRequest(ctx, event)
	if err != nil {
		w.fail(problem.From(err))
	} else {
		h.serve(w, r, event.RequestContext.RequestID)
	}
	telemetry.Count(ctx, fmt.Sprintf("Status_%dxx", w.status/100), 1)
	return w.response(event.RequestContext.HTTP.Method), nil
}

// serve runs a request and notes it.
func (h *handler) serve(w *recorder, r *http.Request, id string) {
	r, a := withAct(r, id)
	h.route(w, r)
	if err := h.note(r.Context(), a, w); err != nil {
		p, header := h.refuse(r.Context(), a.operation, fault.Wrap(err, fault.Unavailable, "unavailable", "api: note in the audit log"))
		w.fail(p)
		for name := range header {
			w.header.Set(name, header.Get(name))
		}
	}
}

// route runs a request and sees to it that every error is a problem, those of the router and panics too.
func (h *handler) route(w *recorder, r *http.Request) {
	defer func() {
		if v := recover(); v != nil {
			err := fault.New(fault.Internal, "panic", "api: panic: %s", describePanic(v))
			telemetry.Fault(r.Context(), err)
			h.Log.Error("panic", telemetry.KeyFault, string(fault.Internal), telemetry.KeyError, err.Error(), "stack", string(debug.Stack()))
			actOf(r.Context()).outcome = err.Code
			w.fail(problem.From(err))
		}
	}()
	h.mux.ServeHTTP(w, r)
	if finished(w) {
		return
	}
	if w.status == http.StatusMethodNotAllowed {
		w.fail(problem.New(w.status, "method_not_allowed", "This path does not take "+r.Method+". It takes "+w.header.Get("Allow")+"."))
		return
	}
	// Not found, or a redirect to a cleaner spelling of the path, which no client of ours should need.
	w.fail(problem.New(http.StatusNotFound, "not_found", "There is nothing at this path. GET /v1/openapi.json lists what there is."))
}

// describePanic gives the text of a runtime error, and of anything else its type alone, for that might hold data.
func describePanic(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}
