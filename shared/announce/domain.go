package announce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"leadline/shared/cache"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/store"
)

// Event is something that happened to a participant here.
type Event struct {
	// ID follows from what caused it: the same event again has the same. It becomes the webhook-id.
	ID string
	// Type is what happened: "points.awarded".
	Type string
	At   time.Time
	// Data is the JSON of what a receiver is told.
	Data any
}

// Domain tells an organization's destinations of the kind outbound.Events what happens here. It is safe for concurrent use.
type Domain struct {
	Options
	destinations *cache.Cache[string, []outbound.Destination]
}

// NewDomain makes a Domain.
func NewDomain(o Options) *Domain {
	return &Domain{Options: o, destinations: cache.New[string, []outbound.Destination](maxOrganizations)}
}

// Raise puts one message for each destination that wants events of the type into the deliver queue, also for those that are switched
// off, as Announce does. The body is {"id", "type", "at", "organization", "data"}. The same event again gives messages of the same
// ids, of which the log makes one delivery.
func (d *Domain) Raise(ctx context.Context, organization string, e Event) error {
	destinations, err := d.of(ctx, organization)
	if err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		ID           string    `json:"id"`
		Type         string    `json:"type"`
		At           time.Time `json:"at"`
		Organization string    `json:"organization"`
		Data         any       `json:"data"`
	}{e.ID, e.Type, e.At.UTC(), organization, e.Data})
	if err != nil {
		return fault.Wrap(err, fault.Internal, "unencodable_message", "announce: encode an event")
	}
	source := delivery.NamedID(e.At, e.ID)
	var failed []error
	for _, to := range destinations {
		if len(to.Types) > 0 && !slices.Contains(to.Types, e.Type) {
			continue
		}
		if err := d.Outbox.Send(ctx, outbound.NewDelivery(to, source, e.ID, e.Type, e.At, body)); err != nil {
			failed = append(failed, retriable(err))
		}
	}
	return errors.Join(failed...)
}

// of gives the event destinations of an organization.
func (d *Domain) of(ctx context.Context, organization string) ([]outbound.Destination, error) {
	now := d.Now()
	if known, ok := d.destinations.Get(organization, now); ok {
		return known, nil
	}
	var all []outbound.Destination
	for to, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]outbound.Destination, string, error) {
		return d.Destinations.Destinations(ctx, organization, page)
	}) {
		if err != nil {
			return nil, fmt.Errorf("announce: destinations: %w", err)
		}
		if to.Kind == outbound.Events {
			all = append(all, outbound.Destination{ID: to.ID, Organization: to.Organization, Types: to.Types})
		}
	}
	d.destinations.Put(organization, all, now, now.Add(d.Cache))
	return all, nil
}
