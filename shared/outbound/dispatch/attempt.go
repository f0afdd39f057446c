package dispatch

import (
	"context"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/telemetry"
)

// todo is what a message that finds an entry in the log still asks for.
type todo int

const (
	nothing todo = iota
	makeAttempt
	scheduleNext
)

// result is what came of an attempt.
type result struct {
	outbound.Answer
	// lost says that there was no body any more to be sent.
	lost bool
	// missed says that it failed by a fault of ours.
	missed bool
}

// take reads the log and tells what is left to do. Its entry is the one to which an attempt is added.
func (d *Deliverer) take(ctx context.Context, m outbound.Delivery) (outbound.LogEntry, todo, error) {
	stored, err := d.Deliveries.LoggedDelivery(ctx, m.Organization, m.Destination, m.ID)
	switch {
	case fault.Is(err, fault.NotFound) && m.Body == nil && m.Payload == nil:
		d.dropped(ctx, m, "its log is gone")
		return stored, nothing, nil
	case fault.Is(err, fault.NotFound):
		return outbound.LogEntry{Delivery: m, Outcome: outbound.Retrying}, makeAttempt, nil
	case err != nil:
		return stored, nothing, err
	}
	e, todo := takeUp(stored, m)
	return e, todo, nil
}

// takeUp is take where the log knows the delivery.
func takeUp(e outbound.LogEntry, m outbound.Delivery) (outbound.LogEntry, todo) {
	switch {
	case m.Replay < e.Replay: // a replay has begun, the old attempts end
		return e, nothing
	case m.Replay > e.Replay:
		e.Replay, e.Outcome, e.Attempts, e.NextAt = m.Replay, outbound.Retrying, nil, time.Time{}
		return e, makeAttempt
	case e.Outcome != outbound.Retrying || m.Attempt < len(e.Attempts):
		return e, nothing
	case m.Attempt == len(e.Attempts):
		return e, scheduleNext
	}
	return e, makeAttempt
}

// attempt posts an entry's event.
func (d *Deliverer) attempt(ctx context.Context, to *target, e outbound.LogEntry) (*result, error) {
	release, err := d.attempts.acquire(ctx, to.ID)
	if err != nil {
		return nil, err
	}
	defer release()
	if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) < outbound.AttemptTimeout+reserve {
		return nil, fault.New(fault.Unavailable, "no_time_left", "outbound: no time left for an attempt at %s", to.ID)
	}
	body, err := d.body(ctx, e)
	if fault.Is(err, fault.NotFound) {
		telemetry.Fault(ctx, err) // somebody should know; the log shows it, and can be replayed once the body is back
		return &result{lost: true, Answer: outbound.Answer{Attempt: outbound.Attempt{At: d.Now().UTC(), Problem: "Nothing was sent: the event is no longer kept."}}}, nil
	}
	if err != nil {
		return nil, err
	}
	answer, err := d.Client.Post(ctx, outbound.Request{URL: to.URL, Keys: to.validKeys(d.Now()), ID: e.Event, Body: body, Headers: to.headers})
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "interrupted", "outbound: the attempt at %s was interrupted", to.ID)
	}
	return &result{Answer: answer}, nil
}

func (d *Deliverer) body(ctx context.Context, e outbound.LogEntry) ([]byte, error) {
	if e.Payload == nil {
		return e.Body, nil
	}
	// All of it, whatever length the log knows: the replay of an event whose payload was corrected has put another.
	packed, err := d.Payloads.Get(ctx, e.Payload.Key)
	if err != nil {
		return nil, err
	}
	return delivery.Unpack(packed)
}

// conclude gives the entry as it is to be logged after an attempt, or without one, for a destination that is switched
// off. What the answer says of the destination is stored before.
func (d *Deliverer) conclude(ctx context.Context, to *target, e outbound.LogEntry, made *result) (outbound.LogEntry, error) {
	e.Rev++
	e.UpdatedAt, e.NextAt = d.Now().UTC(), time.Time{}
	if made == nil {
		e.Outcome = outbound.Skipped
		return e, nil
	}
	a := made.Attempt
	a.Number = len(e.Attempts) + 1
	e.Attempt, e.Attempts = a.Number, append(e.Attempts, a)
	if made.Delivered() {
		e.Outcome = outbound.Delivered
	} else if next, more := outbound.NextAttempt(e.Delivery, a, made.RetryAfter); more && !made.lost {
		e.Outcome, e.NextAt = outbound.Retrying, next
	} else {
		e.Outcome = outbound.GivenUp
	}
	if made.lost || made.missed {
		return e, nil
	}
	over, err := d.learn(ctx, to, e, made.Answer)
	if over && e.Outcome == outbound.Retrying {
		e.Outcome, e.NextAt = outbound.GivenUp, time.Time{}
	}
	return e, err
}
