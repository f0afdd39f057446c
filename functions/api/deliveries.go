package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Delivery is one event on its way to a destination, with what became of it.
type Delivery struct {
	ID        string     `json:"id"`
	Event     string     `json:"event" doc:"The webhook-id: equal on every attempt and replay, so that the receiver can tell a repetition."`
	Type      string     `json:"type" example:"opportunity updated"`
	Outcome   string     `json:"outcome" enum:"retrying,delivered,given_up,skipped" doc:"skipped: the destination was switched off."`
	CreatedAt time.Time  `json:"created_at" doc:"When the event came in."`
	NextAt    *time.Time `json:"next_at,omitempty" doc:"When the next attempt is due."`
	Replays   int        `json:"replays" doc:"How often somebody asked for it to be sent again."`
	Attempts  []Attempt  `json:"attempts" nullable:"false" doc:"Those since the last replay, oldest first."`
}

// Attempt is one request to a destination.
type Attempt struct {
	Number       int       `json:"number"`
	At           time.Time `json:"at"`
	Status       int       `json:"status,omitempty" doc:"That of the answer; absent if there was none."`
	Milliseconds int64     `json:"milliseconds" doc:"How long it took."`
	Problem      string    `json:"problem,omitempty" doc:"Why there was no answer, or why it counts as a failure."`
	Answer       string    `json:"answer,omitempty" doc:"The first 1,024 bytes of the answer's body."`
}

// DeliveryWithBody is a delivery with what was sent.
type DeliveryWithBody struct {
	Delivery
	Bytes  int    `json:"bytes,omitempty" doc:"How long it is; absent once it is no longer kept."`
	Body   string `json:"body,omitempty" doc:"What was sent, byte for byte, if it has at most 1 MiB."`
	Base64 []byte `json:"base64,omitempty" doc:"What was sent, if it is longer and has at most 4 MiB."`
}

func (h *handler) registerDeliveries(api huma.API) {
	register(api, h, route{
		id: "list-deliveries", method: http.MethodGet, path: "/v1/destinations/{destination}/deliveries", tag: "destinations", needs: tenant.Reader,
		summary: "List what was sent to a destination", text: "Newest first; kept for 30 days.", errors: []int{400, 404},
	}, h.listDeliveries)
	register(api, h, route{
		id: "get-delivery", method: http.MethodGet, path: "/v1/destinations/{destination}/deliveries/{delivery}", tag: "destinations", needs: tenant.Reader,
		summary: "Get a delivery, with what was sent", errors: []int{404},
	}, h.getDelivery)
	register(api, h, route{
		id: "replay-delivery", method: http.MethodPost, path: "/v1/destinations/{destination}/deliveries/{delivery}/replay", tag: "destinations", needs: tenant.Manager,
		status: http.StatusAccepted, summary: "Send a delivery again", text: "With the same webhook-id, a fresh timestamp and signature, whatever became of it before.", errors: []int{404, 409},
	}, h.replayDelivery)
	register(api, h, route{
		id: "replay-deliveries", method: http.MethodPost, path: "/v1/destinations/{destination}/replay", tag: "destinations", needs: tenant.Manager,
		status: http.StatusAccepted, summary: "Send again what a destination missed", text: "As a job: everything since a time that was not delivered, or everything.", errors: []int{400, 404, 409, 413, 415},
	}, h.replayDeliveries)
}

type listDeliveriesInput struct {
	DestinationInput
	PageInput
	Outcome string    `query:"outcome" enum:"retrying,delivered,given_up,skipped" doc:"With this outcome only."`
	Type    string    `query:"type" maxLength:"256" doc:"Of this type only."`
	From    time.Time `query:"from" doc:"Not before."`
	Until   time.Time `query:"until" doc:"Before."`
}

type deliveriesOutput struct{ Body list[Delivery] }

func (h *handler) listDeliveries(ctx context.Context, c caller, in *listDeliveriesInput) (*deliveriesOutput, error) {
	d, err := h.destination(ctx, c, in.Destination)
	if err != nil {
		return nil, err
	}
	filter := store.DeliveryFilter{Outcome: outbound.Outcome(in.Outcome), Type: in.Type, From: in.From, Until: in.Until}
	body, err := page(ctx, h, c, in.PageInput, listing[outbound.LogEntry, Delivery]{
		scope: []string{"deliveries", d.ID, in.Outcome, in.Type, in.From.UTC().Format(time.RFC3339Nano), in.Until.UTC().Format(time.RFC3339Nano)},
		read: func(ctx context.Context, p store.Page) ([]outbound.LogEntry, string, error) {
			return h.Deliveries.LoggedDeliveries(ctx, c.organization, d.ID, filter, p)
		},
		show: func(e outbound.LogEntry) (Delivery, int, bool) {
			return showDelivery(e), deliveryBytes(e), true
		},
	})
	return &deliveriesOutput{body}, err
}

// DeliveryInput names a delivery.
type DeliveryInput struct {
	DestinationInput
	Delivery string `path:"delivery" maxLength:"128"`
}

type deliveryOutput struct{ Body DeliveryWithBody }

func (h *handler) getDelivery(ctx context.Context, c caller, in *DeliveryInput) (*deliveryOutput, error) {
	e, err := h.loggedDelivery(ctx, c, in)
	if err != nil {
		return nil, err
	}
	out := &deliveryOutput{DeliveryWithBody{Delivery: showDelivery(e)}}
	body, err := h.sentBody(ctx, e)
	if err != nil || len(body) == 0 {
		return out, err
	}
	out.Body.Bytes = len(body)
	if p := showPayload(body); p.Text != nil {
		out.Body.Body = *p.Text
	} else {
		out.Body.Base64 = p.Base64
	}
	return out, nil
}

// sentBody reads what was sent; nothing if it is no longer kept.
func (h *handler) sentBody(ctx context.Context, e outbound.LogEntry) ([]byte, error) {
	if e.Payload == nil {
		return e.Body, nil
	}
	packed, err := h.Payloads.Get(ctx, e.Payload.Key)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	body, err := delivery.Unpack(packed)
	return body, fault.Wrap(err, fault.Internal, "corrupt_payload", "api: body of delivery %s", e.ID)
}

type acceptedOutput struct{ Body Accepted }

// Accepted says what was queued.
type Accepted struct {
	ID string `json:"id" doc:"What was queued."`
}

func (h *handler) replayDelivery(ctx context.Context, c caller, in *DeliveryInput) (*acceptedOutput, error) {
	e, err := h.loggedDelivery(ctx, c, in)
	if err != nil {
		return nil, err
	}
	d, err := h.destination(ctx, c, in.Destination)
	if err != nil {
		return nil, err
	}
	if d.Status != outbound.Active {
		return nil, fault.New(fault.Conflict, "destination_off", "The destination is switched off. Enable it, then replay.")
	}
	message, err := e.Again().Encode()
	if err != nil {
		return nil, err
	}
	if err := h.Outbox.Send(ctx, c.organization, message); err != nil {
		return nil, err
	}
	return &acceptedOutput{Accepted{ID: e.ID}}, nil
}

type replayDeliveriesInput struct {
	DestinationInput
	ResendInput
	Body struct {
		Since time.Time `json:"since" doc:"What came in at this time or later."`
		All   bool      `json:"all,omitempty" doc:"Also what was delivered."`
	} `nameHint:"DeliveriesToReplay"`
}

func (h *handler) replayDeliveries(ctx context.Context, c caller, in *replayDeliveriesInput) (*jobOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "replay-deliveries", in.Destination, in.Body)
	if err != nil {
		return nil, err
	}
	d, err := h.destination(ctx, c, in.Destination)
	if err != nil {
		return nil, err
	}
	if d.Status != outbound.Active {
		return nil, fault.New(fault.Conflict, "destination_off", "The destination is switched off. Enable it, then replay.")
	}
	params, err := json.Marshal(job.ResendParams{Destination: d.ID, From: in.Body.Since.UTC(), Until: h.Now().UTC(), All: in.Body.All})
	if err != nil {
		return nil, err
	}
	return h.startJob(ctx, c, a, job.Resend, params)
}

func (h *handler) loggedDelivery(ctx context.Context, c caller, in *DeliveryInput) (outbound.LogEntry, error) {
	e, err := h.Deliveries.LoggedDelivery(ctx, c.organization, in.Destination, in.Delivery)
	return e, notFound(err, "There is no delivery %q to destination %q.", in.Delivery, in.Destination)
}

// deliveryBytes is about how long a delivery is in an answer.
func deliveryBytes(e outbound.LogEntry) int {
	n := 512 + escapedLength([]byte(e.Type))
	for _, a := range e.Attempts {
		n += 160 + escapedLength([]byte(a.Problem+a.Answer))
	}
	return n
}

func showDelivery(e outbound.LogEntry) Delivery {
	out := Delivery{ID: e.ID, Event: e.Event, Type: e.Type, Outcome: string(e.Outcome), CreatedAt: e.CreatedAt, NextAt: someTime(e.NextAt),
		Replays: e.Replay, Attempts: []Attempt{}}
	for _, a := range e.Attempts {
		out.Attempts = append(out.Attempts, Attempt{Number: a.Number, At: a.At, Status: a.Status, Milliseconds: a.Took, Problem: a.Problem, Answer: a.Answer})
	}
	return out
}
