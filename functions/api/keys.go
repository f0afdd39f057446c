package main

import (
	"context"
	"crypto/hmac"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// defaultOverlap is how long a replaced key is accepted if nobody says otherwise.
const defaultOverlap = 24 * time.Hour

type rotateKeyInput struct {
	ChangeInput
	Body struct {
		SignatureKey   string   `json:"signature_key" minLength:"1" maxLength:"4096" doc:"The new key, as the provider shows it."`
		OverlapSeconds *overlap `json:"overlap_seconds,omitempty" doc:"How long the key that it replaces is still accepted: 86400 (a day) if left out, at most 30 days."`
	} `nameHint:"NewSigningKey"`
}

// overlap is a number of seconds from 0 to tenant.MaxOverlap.
type overlap int

// Schema states the bounds.
func (overlap) Schema(huma.Registry) *huma.Schema {
	least, most := 0.0, tenant.MaxOverlap.Seconds()
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &most}
}

func (h *handler) registerKeys(api huma.API) {
	register(api, h, route{
		id: "rotate-key", method: http.MethodPost, path: "/v1/connections/{connection}/rotate-key", tag: "connections", needs: tenant.Admin,
		summary: "Replace the signing key of a connection",
		text:    "Also the way to give a connection its first key. At most two keys are accepted at a time: the new one, and until the overlap is over the one that it replaces. Sending the present key again changes nothing.",
		errors:  []int{400, 404, 409, 412, 413, 415},
	}, h.rotateKey)
}

func (h *handler) rotateKey(ctx context.Context, c caller, in *rotateKeyInput) (*connectionOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "rotate-key", in.Connection, in.Body)
	if err != nil {
		return nil, err
	}
	return answerConnection(once(ctx, h, c, a, http.StatusOK, func() (Connection, func(*store.Receipt) error, error) {
		conn, changed, err := h.rotated(ctx, c, in)
		if err != nil || !changed {
			return h.unchanged(ctx, conn, err)
		}
		return h.change(ctx, c, &in.ChangeInput, conn)
	}))
}

// rotated gives the connection with the new key, and whether that differs from what is stored.
func (h *handler) rotated(ctx context.Context, c caller, in *rotateKeyInput) (tenant.Connection, bool, error) {
	conn, err := h.connection(ctx, c, in.Connection)
	if err != nil {
		return conn, false, err
	}
	if err := checkMatch(in.IfMatch, conn.Rev); err != nil {
		return conn, false, err
	}
	definition, known := h.Connectors[conn.Connector]
	if !known || definition.Webhook == nil {
		return conn, false, fault.New(fault.Invalid, "unknown_connector", "There is no connector %q that takes webhooks.", conn.Connector)
	}
	now := h.Now().UTC()
	key, err := h.sealKey(ctx, c, definition.Webhook.Signature, in.Body.SignatureKey, now)
	if err != nil {
		return conn, false, err
	}
	same, err := h.isPresentKey(ctx, c, conn, in.Body.SignatureKey)
	if err != nil || same {
		return conn, false, err
	}
	accepted := defaultOverlap
	if in.Body.OverlapSeconds != nil {
		accepted = time.Duration(*in.Body.OverlapSeconds) * time.Second
	}
	return conn.Rotate(key, accepted, now), true, nil
}

// sealKey checks a signing key and gives the form in which it is stored.
func (h *handler) sealKey(ctx context.Context, c caller, signature connector.Signature, text string, now time.Time) (tenant.SigningKey, error) {
	if _, err := signature.Key(text); err != nil {
		return tenant.SigningKey{}, err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return tenant.SigningKey{}, err
	}
	return tenant.SigningKey{Fingerprint: tenant.Fingerprint(text), Sealed: box.Seal(secret.PurposeSigningKey, []byte(text)), CreatedAt: now}, nil
}

func (h *handler) isPresentKey(ctx context.Context, c caller, conn tenant.Connection, text string) (bool, error) {
	present := conn.PresentKey()
	if present == nil {
		return false, nil
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return false, err
	}
	old, err := box.Open(secret.PurposeSigningKey, present.Sealed)
	if err != nil {
		return false, fmt.Errorf("api: open the present key of connection %s: %w", conn.ID, err)
	}
	return hmac.Equal(old, []byte(text)), nil
}
