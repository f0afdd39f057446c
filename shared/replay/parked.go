package replay

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"leadline/shared/delivery"
	"leadline/shared/store"
)

// Parked sends what came in while a connection was paused through the inbox again.
type Parked struct {
	Intake store.Intake
	Inbox  Inbox
}

// Replay sends all webhooks of a connection that were received from a time on and before another, and gives their number.
// What was applied before is found to be there.
func (p Parked) Replay(ctx context.Context, organization, connection, connector string, from, until time.Time) (int, error) {
	sent := 0
	// An index stands on the day of the oldest delivery in it, which may have waited for a while.
	for day := from.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1); day.Before(until); day = day.AddDate(0, 0, 1) {
		for index, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]delivery.PayloadIndex, string, error) {
			return p.Intake.Payloads(ctx, organization, connection, day, page)
		}) {
			if err != nil {
				return sent, fmt.Errorf("replay: kept payloads: %w", err)
			}
			group, sending := errgroup.WithContext(ctx)
			group.SetLimit(parallel)
			for _, e := range index.Entries {
				if e.Kind != "" || e.ReceivedAt.Before(from) || !e.ReceivedAt.Before(until) {
					continue
				}
				sent++
				group.Go(func() error { return p.send(sending, index, connector, e) })
			}
			if err := group.Wait(); err != nil {
				return sent, err
			}
		}
	}
	return sent, nil
}

// send sends one delivery under its own name, so that its event is announced once.
func (p Parked) send(ctx context.Context, index delivery.PayloadIndex, connector string, e delivery.PayloadEntry) error {
	payload := e.Payload
	return p.Inbox.Send(ctx, delivery.Delivery{ID: e.Delivery, Organization: index.Organization, Connection: index.Connection, Connector: connector,
		Kind: delivery.Webhook, ReceivedAt: e.ReceivedAt, Payload: &payload, Unparked: true})
}
