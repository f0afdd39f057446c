package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/push"
	"leadline/shared/quota"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

// Config is what receive reads from its environment.
type Config struct {
	Stage                     string `env:"STAGE"`
	LogLevel                  string `env:"LOG_LEVEL"`
	Tenancy                   string `env:"TABLE_TENANCY"`
	Intake                    string `env:"TABLE_INTAKE"`
	Inbox                     string `env:"QUEUE_INBOX"`
	Payloads                  string `env:"BUCKET_PAYLOADS"`
	SecretsKey                string `env:"KEY_SECRETS"`
	SignatureToleranceSeconds int    `env:"SIGNATURE_TOLERANCE_SECONDS"`
	HookCacheSeconds          int    `env:"HOOK_CACHE_SECONDS"`
	ClientCacheSeconds        int    `env:"CLIENT_CACHE_SECONDS"`
	BodyMaxBytes              int    `env:"BODY_MAX_BYTES"`
	PushMaxBytes              int    `env:"PUSH_MAX_BYTES"`
	MessageMaxBytes           int    `env:"MESSAGE_MAX_BYTES"`
	// BaseURL has no slash at its end; empty for addresses of batches without a host.
	BaseURL string `env:"BASE_URL"`
}

// stores are what receive looks things up in.
type stores struct {
	tenancy table
	members clientTable
	schemas objectTable
}

// handler answers what is posted to /hooks/{token} and to /v1/push.
type handler struct {
	hooks   *hooks
	senders *senders
	objects *remembered[objectKey, push.Settings]
	quota   *quota.Meter
	inbox   inbox
	// tolerance is how far a signature's time may lie from now.
	tolerance time.Duration
	// bodyMax is the most bytes that the body of a webhook may have, pushMax that of a push, unpacked.
	bodyMax, pushMax int
	baseURL          string
	now              func() time.Time
	random           io.Reader
	log              *slog.Logger
}

func newHandler(cfg Config, log *slog.Logger, s stores, k keyring, queue sender, p payloads) *handler {
	keep := time.Duration(cfg.ClientCacheSeconds) * time.Second
	return &handler{
		hooks:     newHooks(s.tenancy, k, connector.NewRegistry(connectors.All()...), time.Duration(cfg.HookCacheSeconds)*time.Second),
		senders:   newSenders(s, k, keep),
		objects:   newObjects(s.schemas, keep),
		quota:     quota.NewRows(s.members),
		inbox:     inbox{queue: queue, payloads: p, messageMax: cfg.MessageMaxBytes},
		tolerance: time.Duration(cfg.SignatureToleranceSeconds) * time.Second,
		bodyMax:   cfg.BodyMaxBytes, pushMax: cfg.PushMaxBytes, baseURL: cfg.BaseURL,
		now: time.Now, random: rand.Reader, log: log,
	}
}

// margin is the time kept from the invocation's own, so that there is an answer where something behind hangs.
const margin = time.Second

// Handle answers one POST: 200 once the inbox has the body, 202 once it has the rows of a client, else a problem. Its error
// is always nil, for a failed invocation has no answer of ours.
func (h *handler) Handle(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	if isPush(request) {
		return h.push(ctx, request), nil
	}
	id, found, err := h.receive(ctx, request)
	if err != nil {
		if found == nil {
			found = &hook{}
		}
		return h.refuse(ctx, found.Organization, found.Connection, err), nil
	}
	telemetry.Count(ctx, "Accepted", 1)
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"content-type": "application/json"},
		Body:       fmt.Sprintf(`{"delivery":%q}`, id),
	}, nil
}

// receive judges one request and puts its body into the inbox. It gives the delivery's id, and the hook once it is known,
// on failure too.
func (h *handler) receive(ctx context.Context, request events.APIGatewayV2HTTPRequest) (string, *hook, error) {
	now := h.now()
	hook, err := h.hooks.find(ctx, request.PathParameters["token"], now)
	if err != nil {
		return "", nil, err
	}
	body, err := bodyOf(request, h.bodyMax, hook.form)
	if err != nil {
		return "", hook, err
	}
	if hook, err = h.verify(ctx, hook, request.Headers, body, now); err != nil {
		return "", hook, err
	}
	if !hook.form && !json.Valid(body) {
		return "", hook, fault.New(fault.Invalid, "invalid_json", "The body is no JSON.")
	}
	id, err := delivery.NewID(now, h.random)
	if err != nil {
		return "", hook, err
	}
	return id, hook, h.inbox.put(ctx, delivery.Delivery{ID: id, Organization: hook.Organization, Connection: hook.Connection,
		Connector: hook.Connector, Kind: delivery.Webhook, ReceivedAt: now.UTC(), Body: body, Parked: hook.Status == tenant.Paused})
}

// verify checks the signature. What does not fit the keys that are cached is checked once more against the keys of now,
// so that a rotated key works at once. It gives the hook that it looked at last.
func (h *handler) verify(ctx context.Context, known *hook, headers map[string]string, body []byte, now time.Time) (*hook, error) {
	err := known.verify(headers, body, now, h.tolerance)
	if err == nil || !known.mayBeStale(err, now) {
		return known, err
	}
	fresh, err := h.hooks.read(ctx, known.TokenHash, now)
	if err != nil {
		return known, err
	}
	return fresh, fresh.verify(headers, body, now, h.tolerance)
}

// refuse makes the answer to what was not accepted. What is nobody's, for its URL or its sender is unknown, is counted but
// not logged: anyone can send it.
func (h *handler) refuse(ctx context.Context, organization, connection string, err error) events.APIGatewayV2HTTPResponse {
	p := problem.From(err)
	code := strings.TrimPrefix(p.Type, problem.TypePrefix)
	telemetry.Count(ctx, "Refused_"+code, 1)
	level := slog.LevelWarn
	if p.Status >= http.StatusInternalServerError {
		telemetry.Fault(ctx, err)
		level = slog.LevelError
	}
	attributes := []any{telemetry.KeyCode, code, telemetry.KeyFault, string(fault.KindOf(err)), telemetry.KeyError, err.Error()}
	if organization != "" {
		attributes = append(attributes, telemetry.KeyOrganization, organization, telemetry.KeyConnection, connection)
	}
	if organization != "" || level == slog.LevelError {
		h.log.Log(ctx, level, "refused", attributes...)
	}
	answer := events.APIGatewayV2HTTPResponse{
		StatusCode: p.Status,
		Headers:    map[string]string{"content-type": problem.ContentType},
		Body:       string(p.JSON()),
	}
	if f := fault.Of(err); f != nil && f.RetryAfter > 0 {
		answer.Headers["retry-after"] = seconds(f.RetryAfter)
	}
	return answer
}

// seconds gives a duration in whole seconds, not less than it.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

// behind gives the failure of something that receive depends on its one meaning for the sender: try again later.
func behind(err error, what string) error {
	return fault.Wrap(err, fault.Unavailable, "unavailable", "receive: %s", what)
}
