package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"leadline/shared/outbound"
	"leadline/shared/record"
)

// demoDestination is what the destination of the demo is called.
const demoDestination = "demo receiver"

// trackPart is a receiver within the demo, to which its events are sent as track events.
type trackPart struct {
	*demo
	receiver    *receiver
	events      []received // guarded by receiver.mu
	destination destinationState
	// why says why there is no destination.
	why  error
	stop func()
}

// openTrack starts the receiver and makes it a destination, before the first event: ingest remembers the destinations of
// an organization for a while.
func (d *demo) openTrack(ctx context.Context) *trackPart {
	t := &trackPart{demo: d, stop: func() {}}
	t.receiver = &receiver{now: d.now, show: func(e received) { t.events = append(t.events, e) }}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.why = err
		return t
	}
	if t.why = t.direct(ctx, "http://"+listener.Addr().String()+"/"); t.why == nil {
		t.receiver.key, t.why = outbound.DecodeSecret(t.destination.Secret)
	}
	serving, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = t.receiver.serve(serving, listener) // without it nothing arrives, which is said
	}()
	t.stop = func() { end(); <-ended }
	return t
}

// direct makes a URL the destination of the demo. One that an earlier run left behind is used again.
func (t *trackPart) direct(ctx context.Context, url string) error {
	all, err := list[destinationState](ctx, t.api, 0, nil, "destinations")
	if err != nil {
		return err
	}
	fields := map[string]any{"name": demoDestination, "url": url, "kind": "track", "connections": []string{t.connection}}
	for _, left := range all.Items {
		if left.Name != demoDestination {
			continue
		}
		body, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		if _, err := t.api.call(ctx, request{method: http.MethodPut, path: []string{"destinations", left.ID}, body: body}, nil); err != nil {
			return err
		}
		if err := t.api.post(ctx, nil, nil, "destinations", left.ID, "enable"); err != nil {
			return err
		}
		return t.api.post(ctx, map[string]any{"overlap_seconds": 0}, &t.destination, "destinations", left.ID, "rotate-secret")
	}
	return t.api.post(ctx, fields, &t.destination, "destinations")
}

// close stops the receiver and removes the destination, also after Ctrl-C.
func (t *trackPart) close(ctx context.Context) {
	if t.destination.ID != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := t.api.call(ctx, request{method: http.MethodDelete, path: []string{"destinations", t.destination.ID}}, nil); err != nil {
			t.warn(err)
		}
	}
	t.stop()
}

// run shows how an event of Close arrived at the receiver.
func (t *trackPart) run(ctx context.Context) error {
	t.heading("An event of Close at a receiver on this machine, as a track event")
	event, ch, found := t.dealEvent()
	if t.why != nil || !found {
		if t.why != nil {
			t.printf("  There is no destination: %s\n", clean(t.why.Error()))
		}
		return nil
	}
	var arrived *received
	// Sent again it changes no record, but it is announced each time.
	const times, each = 3, 4 * time.Second
	for range times {
		err := t.tryFor(ctx, each, func() (bool, error) { arrived = t.with(ch.Event); return arrived != nil, nil })
		if err != nil {
			return err
		}
		if arrived != nil {
			break
		}
		if err := t.deliver(ctx, t.hook, event.sample); err != nil {
			return err
		}
	}
	if arrived == nil {
		t.printf("  It has not arrived within %s. Ingest asks for the destinations of an organization only now and then; run the demo again in a minute.\n", times*each)
		return nil
	}
	t.printf("  %s\n  %s\n", arrived.line(t.paint), t.paint.paint(dim, short(clean(string(arrived.body)), 400)))
	t.receiver.mu.Lock()
	all, verified := len(t.events), 0
	for _, e := range t.events {
		if e.verified {
			verified++
		}
	}
	t.receiver.mu.Unlock()
	t.printf("  %s arrived so far, %d of them with the right signature.\n", plural(int64(all), "track event"), verified)
	return t.showLog(ctx, ch.Event)
}

// dealEvent picks the event to show: the last that was applied to the record whose history is shown.
func (t *trackPart) dealEvent() (*posted, record.Change, bool) {
	name, _ := t.deal()
	for i := len(t.posted) - 1; i >= 0; i-- {
		p := t.posted[i]
		for _, ch := range p.changes {
			if p.why == nil && p.refused == nil && (recordName{ch.Object, ch.ID}) == name && ch.Event != "" {
				return p, ch, true
			}
		}
	}
	return nil, record.Change{}, false
}

// with gives the first event that arrived under a webhook-id.
func (t *trackPart) with(id string) *received {
	t.receiver.mu.Lock()
	defer t.receiver.mu.Unlock()
	for _, e := range t.events {
		if e.id == id {
			return &e
		}
	}
	return nil
}

// showLog shows what the delivery log says of the event.
func (t *trackPart) showLog(ctx context.Context, id string) error {
	var logged []deliveryState
	err := t.tryFor(ctx, 5*time.Second, func() (bool, error) { // it is written behind the delivery
		all, err := list[deliveryState](ctx, t.api, 100, nil, "destinations", t.destination.ID, "deliveries")
		logged = nil
		done := false
		for _, d := range all.Items {
			if d.Event == id {
				logged, done = append(logged, d), done || d.Outcome == "delivered"
			}
		}
		return done, err
	})
	if err != nil {
		return err
	}
	t.printf("\n")
	log := table{head: deliveryList().head}
	for _, d := range logged {
		log.add(deliveryList().cells(d)...)
	}
	t.printf("%s", log.format(t.paint, "  "))
	return nil
}
