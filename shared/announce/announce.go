// Package announce tells an organization's destinations of what its CRMs send: it turns a webhook into the event that
// each kind of destination gets, and puts one message for each destination into the deliver queue.
package announce

import (
	"context"
	"fmt"
	"slices"
	"time"

	"leadline/shared/cache"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/store"
	"leadline/shared/track"
)

// maxOrganizations bounds whose destinations are remembered.
const maxOrganizations = 10_000

// Options are what an Announcer works with. All of them are required.
type Options struct {
	Destinations store.Destinations
	Outbox       outbound.Outbox
	// Cache is for how long the destinations of an organization are believed without asking.
	Cache time.Duration
	Now   func() time.Time
}

// Announcer sends events on. It is safe for concurrent use.
type Announcer struct {
	Options
	mappers      map[string]mapper
	destinations *cache.Cache[string, []outbound.Destination]
}

// mapper turns the body of a webhook into a track event; Invalid if that cannot be.
type mapper func(body []byte, o track.Options) (track.Event, error)

// mappers gives the mapper of each connector whose webhooks become track events.
func mappers() map[string]mapper { return map[string]mapper{"close": track.Map} }

// New makes an Announcer.
func New(o Options) *Announcer {
	return &Announcer{Options: o, mappers: mappers(), destinations: cache.New[string, []outbound.Destination](maxOrganizations)}
}

// Announce puts one message for each track destination that wants the connection's events into the deliver queue, also for
// those that are switched off: the log shows what they missed, and it can be replayed. The same delivery again gives
// messages of the same ids, and so does its replay, which the log tells from a new delivery.
//
// A webhook that cannot be mapped is Invalid (quarantine.UnmappableEvent) if any destination wants it. What is no
// webhook, or comes from a connector without a mapper, is nothing to announce. The delivery must carry its body.
func (a *Announcer) Announce(ctx context.Context, d delivery.Delivery) error {
	toEvent, ok := a.mappers[d.Connector]
	if !ok || d.Kind != delivery.Webhook {
		return nil
	}
	destinations, err := a.of(ctx, d.Organization)
	if err != nil {
		return err
	}
	source := d.ID
	if d.Replay != "" {
		source = d.Replay
	}
	events := map[track.Options]track.Event{}
	var failed error
	for _, to := range destinations {
		if len(to.Connections) > 0 && !slices.Contains(to.Connections, d.Connection) {
			continue
		}
		o := track.Options{SeedTimestamps: to.SeedTimestamps}
		event, mapped := events[o]
		if !mapped {
			if event, err = toEvent(d.Body, o); err != nil {
				return fmt.Errorf("announce: %w", err)
			}
			events[o] = event
		}
		// One that fails does not keep the others waiting.
		if err := a.Outbox.Send(ctx, outbound.NewDelivery(to, source, event.ID, event.Type, d.ReceivedAt, event.Body)); err != nil && failed == nil {
			failed = retriable(err)
		}
	}
	return failed
}

// retriable keeps a message that the queue refuses from being taken for an event that cannot be mapped: it is a fault of
// ours.
func retriable(err error) error {
	if fault.Is(err, fault.Invalid) {
		return fault.Wrap(err, fault.Internal, "refused_message", "announce: the deliver queue refuses a message")
	}
	return fmt.Errorf("announce: %w", err)
}

// of gives the track destinations of an organization, with no more of them than announcing needs.
func (a *Announcer) of(ctx context.Context, organization string) ([]outbound.Destination, error) {
	now := a.Now()
	if known, ok := a.destinations.Get(organization, now); ok {
		return known, nil
	}
	var all []outbound.Destination
	for to, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]outbound.Destination, string, error) {
		return a.Destinations.Destinations(ctx, organization, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("announce: destinations: %w", err)
		}
		if to.Kind == outbound.Track {
			all = append(all, outbound.Destination{ID: to.ID, Organization: to.Organization, Connections: to.Connections, SeedTimestamps: to.SeedTimestamps})
		}
	}
	a.destinations.Put(organization, all, now, now.Add(a.Cache))
	return all, nil
}
