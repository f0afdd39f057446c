package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/quota"
	"leadline/shared/schema"
	"leadline/shared/telemetry"
	"leadline/shared/tenant"
)

const (
	pushPath = "/v1/push"
	// maxListed is how many rows of wrong syntax an answer lists.
	maxListed = 100
	// retryAfter is when to come back after a failure of ours.
	retryAfter = 5 * time.Second
)

// objectTable is where the settings of objects are found: a store.Schemas.
type objectTable interface {
	Object(ctx context.Context, organization, connection, name string) (schema.Object, error)
}

// objectKey names an object.
type objectKey struct{ organization, connection, name string }

// isPush tells whether a request is one of rows.
func isPush(request events.APIGatewayV2HTTPRequest) bool {
	return request.RouteKey == "POST "+pushPath || request.RawPath == pushPath
}

// receipt is the answer to a push that is queued.
type receipt struct {
	Batch  string `json:"batch"`
	Status string `json:"status"`
	Object string `json:"object"`
	Rows   int    `json:"rows"`
	// Refused counts the rows whose syntax is wrong, and Errors lists the first of them. They are set aside.
	Refused int            `json:"refused"`
	Errors  []push.Refusal `json:"errors"`
	// URL says what became of the batch.
	URL string `json:"url"`
}

// push answers one push: 202 once the inbox has the rows, else a problem.
func (h *handler) push(ctx context.Context, request events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	from, stands, accepted, err := h.takePush(ctx, request)
	if err != nil {
		if from == nil {
			from = &origin{}
		}
		answer := h.refuse(ctx, from.organization, from.connection, err)
		maps.Copy(answer.Headers, stands.Headers())
		switch {
		case answer.StatusCode == http.StatusUnauthorized:
			answer.Headers["www-authenticate"] = `Basic realm="leadline", Bearer realm="leadline"`
		case answer.StatusCode >= http.StatusInternalServerError:
			answer.Headers["retry-after"] = seconds(retryAfter)
		}
		return answer
	}
	telemetry.Count(ctx, "Accepted", 1)
	telemetry.Count(ctx, "Rows", accepted.Rows)
	if accepted.Errors == nil {
		accepted.Errors = []push.Refusal{}
	}
	body, _ := json.Marshal(accepted) // texts and numbers always encode
	answer := events.APIGatewayV2HTTPResponse{StatusCode: http.StatusAccepted, Body: string(body),
		Headers: map[string]string{"content-type": "application/json", "location": accepted.URL}}
	maps.Copy(answer.Headers, stands.Headers())
	return answer
}

// takePush judges one push and puts its rows into the inbox. It gives who sent it and where they stand once these are
// known, on failure too. Who sends is judged before what is sent.
func (h *handler) takePush(ctx context.Context, request events.APIGatewayV2HTTPRequest) (*origin, quota.Standing, *receipt, error) {
	var stands quota.Standing
	now := h.now()
	body, err := rowsOf(request, h.pushMax)
	if err != nil {
		return nil, stands, nil, err
	}
	rows, malformed := push.Parse(body)
	shown, err := credentialsOf(request.Headers, rows)
	if f := fault.Of(err); f != nil && f.Code == codeNoCredentials && malformed != nil {
		return nil, stands, nil, malformed // perhaps they cannot be read for it
	}
	if err != nil {
		return nil, stands, nil, err
	}
	from, err := h.senders.identify(ctx, shown, request.QueryStringParameters["connection"], now)
	if err != nil {
		return from, stands, nil, err
	}
	if malformed != nil {
		return from, stands, nil, malformed
	}
	key, err := batchKey(request.Headers, rows.Key)
	if err != nil {
		return from, stands, nil, err
	}
	settings, err := h.settings(ctx, objectKey{from.organization, from.connection, rows.Object}, now)
	if err != nil {
		return from, stands, nil, err
	}
	accepted := &receipt{Status: string(push.Queued), Object: rows.Object, Rows: rows.Count}
	accepted.Refused, accepted.Errors = rows.Refusals(settings, maxListed)
	if stands, err = h.count(ctx, from, int64(rows.Count), now); err != nil {
		return from, stands, nil, err
	}
	if accepted.Batch, err = h.queueRows(ctx, from, rows, key, now); err != nil {
		if stands.Limit > 0 {
			h.quota.GiveBack(from.organization, int64(rows.Count), now)
			stands.Remaining += int64(rows.Count)
		}
		return from, stands, nil, err
	}
	accepted.URL = h.baseURL + pushPath + "/" + accepted.Batch
	return from, stands, accepted, nil
}

// count takes rows of the organization's quota of a day of UTC.
func (h *handler) count(ctx context.Context, from *origin, rows int64, now time.Time) (quota.Standing, error) {
	stands, err := h.quota.Take(ctx, from.organization, rows, from.rowsPerDay, now)
	if f := fault.Of(err); err != nil && (f == nil || f.Code != quota.CodeExceeded) {
		err = behind(err, "count rows")
	}
	return stands, err
}

// queueRows puts rows into the inbox, without the credentials that came with them, and gives the batch's name.
func (h *handler) queueRows(ctx context.Context, from *origin, rows push.Request, key string, now time.Time) (string, error) {
	id, err := delivery.NewID(now, h.random)
	if err != nil {
		return "", err
	}
	batch := &delivery.BatchPart{ID: id, Client: from.client, Object: rows.Object, First: 1}
	if key == "" {
		batch.Public = push.PublicID(from.mac, id)
	} else {
		batch.Sum = rows.Sum()
		batch.Claim, batch.Public = push.KeyedID(from.mac, from.scope, key, batch.Sum)
	}
	return batch.Public, h.inbox.put(ctx, delivery.Delivery{ID: id, Organization: from.organization, Connection: from.connection,
		Connector: tenant.ClientConnector, Kind: delivery.Push, ReceivedAt: now.UTC(), Body: rows.Body(), Batch: batch})
}

// batchKey gives the sender's own key of a batch, from the header or the body; empty without one.
func batchKey(headers map[string]string, fromBody string) (string, error) {
	key, sent := header(headers, "idempotency-key")
	if !sent {
		return fromBody, nil
	}
	if err := push.CheckKey(key); err != nil {
		return "", err
	}
	if fromBody != "" && fromBody != key {
		return "", fault.New(fault.Invalid, "conflicting_batch_keys", "The Idempotency-Key header and the batch in the body differ. Send one of them.")
	}
	return key, nil
}

// settings gives how the rows of an object are read. They may be as old as clients are remembered: ingest, which has the
// last word, may see newer ones.
func (h *handler) settings(ctx context.Context, key objectKey, now time.Time) (push.Settings, error) {
	settings, err := h.objects.find(ctx, key, now)
	if fault.Is(err, fault.NotFound) {
		return push.Settings{}, nil
	}
	return settings, err
}

func newObjects(table objectTable, keep time.Duration) *remembered[objectKey, push.Settings] {
	return remember("object", keep, nil, func(ctx context.Context, key objectKey) (push.Settings, error) {
		o, err := table.Object(ctx, key.organization, key.connection, key.name)
		return push.Settings{IDField: o.IDField, VersionField: o.VersionField}, err
	})
}
