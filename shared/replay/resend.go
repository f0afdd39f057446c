package replay

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/outbound"
	"leadline/shared/store"
)

// maxResent is how many deliveries a step of a resend looks at.
const maxResent = 200

// Resender does jobs of the kind job.Resend: it sends deliveries to a destination again.
type Resender struct {
	Deliveries store.Deliveries
	Outbox     outbound.Outbox
}

// Step sends one page of the job's deliveries and gives the job as it then is, for the caller to save. Each keeps its
// webhook-id, so that a receiver tells what it had already from what it missed.
func (r *Resender) Step(ctx context.Context, j job.Job) (job.Job, error) {
	var p job.ResendParams
	if err := json.Unmarshal(j.Params, &p); err != nil || p.Destination == "" || p.Until.IsZero() {
		return j, fault.New(fault.Invalid, "invalid_params", "The job does not say which deliveries to send again.")
	}
	filter := store.DeliveryFilter{From: p.From, Until: p.Until}
	page, next, err := r.Deliveries.LoggedDeliveries(ctx, j.Organization, p.Destination, filter, store.Page{Cursor: j.Cursor, Limit: maxResent})
	if err != nil {
		return j, fmt.Errorf("replay: deliveries: %w", err)
	}
	wanted := page[:0:0]
	for _, e := range page {
		// What is being retried arrives by itself, unless it is stuck.
		if e.Outcome == outbound.GivenUp || e.Outcome == outbound.Skipped || p.All && e.Outcome == outbound.Delivered || e.Stuck(p.Until) {
			wanted = append(wanted, e)
		}
	}
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, e := range wanted {
		group.Go(func() error { return r.Outbox.Send(sending, e.Again()) })
	}
	if err := group.Wait(); err != nil {
		return j, err
	}
	j.Counts = counted(j.Counts, CountFound, len(page))
	j.Counts = counted(j.Counts, CountReplayed, len(wanted))
	if j.Cursor = next; next == "" {
		j.Status = job.Done
	}
	return j, nil
}
