package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/secret"
	"leadline/shared/tenant"
)

// rereadAfter is how old what is known of a destination must be to be read again before an event is skipped: somebody
// may have just switched it on to replay what it missed.
const rereadAfter = time.Second

// target is what is known of a destination.
type target struct {
	outbound.Destination
	// keys are those of Secrets, one for one.
	keys    [][]byte
	headers map[string]string
	readAt  time.Time
}

func (t *target) validKeys(at time.Time) [][]byte {
	var keys [][]byte
	for i, s := range t.Secrets {
		if s.Valid(at) {
			keys = append(keys, t.keys[i])
		}
	}
	return keys
}

// target gives the destination of a message, from memory where it can; nil if it is gone. One that takes events must be
// sure to be switched off, if it is.
func (d *Deliverer) target(ctx context.Context, m outbound.Delivery, sure bool) (*target, error) {
	now, name := d.Now(), m.Organization+"/"+m.Destination
	known, found := d.targets.Get(name, now)
	if found && (known == nil || known.Status == outbound.Active || !sure || now.Sub(known.readAt) < rereadAfter) {
		return known, nil
	}
	read, err, _ := d.reads.Do(name, func() (any, error) {
		t, err := d.readTarget(ctx, m.Organization, m.Destination)
		if err != nil {
			return nil, err
		}
		d.targets.Put(name, t, now, now.Add(d.Remember))
		return t, nil
	})
	if err != nil {
		return nil, err
	}
	return read.(*target), nil
}

func (d *Deliverer) readTarget(ctx context.Context, organization, id string) (*target, error) {
	t := &target{readAt: d.Now()}
	var err error
	t.Destination, err = d.Destinations.Destination(ctx, organization, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	box, err := d.box(ctx, organization)
	if err != nil {
		return nil, err
	}
	for _, s := range t.Secrets {
		text, err := box.Open(secret.PurposeSigningKey, s.Sealed)
		if err != nil {
			return nil, fmt.Errorf("outbound: open a secret of %s: %w", id, err)
		}
		key, err := outbound.DecodeSecret(string(text))
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "invalid_secret", "outbound: decode a secret of %s", id)
		}
		t.keys = append(t.keys, key)
	}
	if len(t.Headers) > 0 {
		text, err := box.Open(secret.PurposeHeaders, t.Headers)
		if err != nil {
			return nil, fmt.Errorf("outbound: open the headers of %s: %w", id, err)
		}
		if err := json.Unmarshal(text, &t.headers); err != nil {
			return nil, fault.New(fault.Internal, "invalid_headers", "outbound: the headers of %s cannot be read", id)
		}
	}
	return t, nil
}

// box opens the data key of an organization.
func (d *Deliverer) box(ctx context.Context, organization string) (secret.Box, error) {
	now := d.Now()
	org, known := d.orgs.Get(organization, now)
	if !known {
		var err error
		if org, err = d.Organizations.Organization(ctx, organization); err != nil {
			return secret.Box{}, fmt.Errorf("outbound: read the organization: %w", err)
		}
		d.orgs.Put(organization, tenant.Organization{ID: org.ID, DataKey: org.DataKey}, now, now.Add(keepOrganization))
	}
	return d.Keyring.Open(ctx, organization, org.DataKey)
}
