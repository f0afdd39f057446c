package intake

import (
	"context"
	"fmt"
	"time"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/telemetry"
)

// settleWebhook applies what a CRM posted, or sets it aside, and announces it.
func (in *Intake) settleWebhook(ctx context.Context, it *item) error {
	why := fault.Of(nil)
	switch err := in.applyAll(ctx, it); {
	case fault.Is(err, fault.Invalid):
		why = fault.Of(err)
	case err != nil:
		return err
	}
	// Set aside before it is announced: an event that fails at both is told by what kept it from its record.
	if why != nil {
		if err := in.setAside(ctx, it, why); err != nil {
			return err
		}
	}
	if err := in.rereadTouched(ctx, it); err != nil {
		return err
	}
	switch err := in.announce(ctx, it); {
	case fault.Is(err, fault.Invalid) && why == nil:
		return in.setAside(ctx, it, fault.Of(err))
	case err != nil && !fault.Is(err, fault.Invalid):
		return err
	case why != nil || it.Replay == "":
		return nil
	}
	return in.resolve(ctx, it.Organization, it.Replay)
}

// announce tells destinations of a webhook, whether or not it was applied: what they get is the event, not the record.
func (in *Intake) announce(ctx context.Context, it *item) error {
	if in.Announce == nil {
		return nil
	}
	if err := in.Announce.Announce(ctx, it.Delivery); err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	return nil
}

func (in *Intake) applyAll(ctx context.Context, it *item) error {
	definition, ok := in.Connectors[it.Connector]
	if !ok || definition.Webhook == nil {
		return fault.New(fault.Invalid, string(quarantine.UnknownConnector), "There is no connector %q that takes webhooks.", it.Connector)
	}
	changes, err := definition.Webhook.Parse(it.Body)
	if err != nil {
		return err
	}
	// All before any: a delivery is applied whole or set aside whole.
	for _, c := range changes {
		if err := in.guard(c.Object, c.Version.Time()); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if err := in.applyChange(ctx, it, c); err != nil {
			return err
		}
	}
	return nil
}

// guard refuses a version from the future: applied, it would freeze the record until then.
func (in *Intake) guard(object string, at time.Time) *fault.Error {
	if at.Sub(in.Now()) <= in.ClockGuard {
		return nil
	}
	return fault.New(fault.Invalid, string(quarantine.FutureVersion),
		"The %s is dated %s, more than %s ahead of our clock. Replay it after that time, or correct the clock of the source.",
		object, at.UTC().Format(time.RFC3339), in.ClockGuard)
}

func (in *Intake) applyChange(ctx context.Context, it *item, c record.Change) error {
	if err := in.follow(ctx, it, c); err != nil {
		return err
	}
	rec := recordOf(it, c, in.Now().UTC())
	if !rec.Deleted {
		if err := in.keepLarge(ctx, &rec); err != nil {
			return err
		}
	}
	outcome, err := in.apply(ctx, rec)
	if err != nil {
		return err
	}
	telemetry.Count(ctx, string(outcome), 1)
	if outcome == Contested {
		return in.reread(ctx, it, []connector.Ref{{Object: c.Object, ID: c.ID}})
	}
	return nil
}

// rereadTouched has read again what an event touched without saying how it has become.
func (in *Intake) rereadTouched(ctx context.Context, it *item) error {
	definition, ok := in.Connectors[it.Connector]
	if !ok || definition.Webhook == nil || definition.Webhook.Touched == nil {
		return nil
	}
	return in.reread(ctx, it, definition.Webhook.Touched(it.Body))
}

func (in *Intake) reread(ctx context.Context, it *item, refs []connector.Ref) error {
	if in.Reread == nil || len(refs) == 0 {
		return nil
	}
	if err := in.Reread.Reread(ctx, it.Organization, it.Connection, refs, nil); err != nil {
		return fmt.Errorf("intake: have read again: %w", err)
	}
	return nil
}
