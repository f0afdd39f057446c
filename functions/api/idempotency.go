package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/store"
)

// receiptLife is how long a resend is recognized.
const receiptLife = 24 * time.Hour

// ResendInput is what a POST takes that may be sent again safely.
type ResendInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Any text of the caller's own. For 24 hours the same request with the same key does nothing and gets the same answer."`
}

// attempt is one request that may be a resend. Without an Idempotency-Key it never is one.
type attempt struct {
	key, request string
}

// attempt identifies a request by who sends it, its operation, what its path names, and its body. Whose it is counts, for
// the answer may show what another caller may not have.
func (h *handler) attempt(ctx context.Context, c caller, key, operation, path string, body any) (attempt, error) {
	if key == "" {
		return attempt{}, nil
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return attempt{}, err
	}
	text, err := json.Marshal([]any{c.actor, operation, path, body})
	if err != nil {
		return attempt{}, fmt.Errorf("api: identify a request: %w", err)
	}
	// A MAC, not a hash: the body may hold a secret.
	return attempt{key: key, request: hex.EncodeToString(box.MAC(secret.PurposeReceipt, text))}, nil
}

// replay reads the answer that the same request got before into answer, and tells whether there is one.
func (h *handler) replay(ctx context.Context, c caller, a attempt, answer any) (bool, error) {
	if a.key == "" {
		return false, nil
	}
	receipt, err := h.Tenancy.Receipt(ctx, c.organization, a.key, h.Now())
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if receipt.Request != a.request {
		return false, fault.New(fault.Conflict, "idempotency_key_reused", "Another request was sent with this Idempotency-Key. Use a new one.")
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return false, err
	}
	text, err := box.Open(secret.PurposeReceipt, receipt.Answer)
	if err != nil {
		return false, fmt.Errorf("api: open a receipt: %w", err)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return false, fmt.Errorf("api: read a receipt: %w", err)
	}
	return true, nil
}

// receipt makes what is stored with the change that a request makes; nil if it carries no Idempotency-Key.
func (h *handler) receipt(ctx context.Context, c caller, a attempt, status int, answer any) (*store.Receipt, error) {
	if a.key == "" {
		return nil, nil
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("api: write a receipt: %w", err)
	}
	return &store.Receipt{Organization: c.organization, Key: a.key, Request: a.request, Status: status,
		Answer: box.Seal(secret.PurposeReceipt, text), ExpiresAt: h.Now().Add(receiptLife)}, nil
}

// once makes a change that a resend must not make again. change gives the answer and what stores the change together
// with the receipt, nil if there is nothing to change; it is not called for a resend.
func once[T any](ctx context.Context, h *handler, c caller, a attempt, status int, change func() (T, func(*store.Receipt) error, error)) (T, error) {
	var earlier T
	if found, err := h.replay(ctx, c, a, &earlier); found || err != nil {
		return earlier, err
	}
	answer, write, err := change()
	if err != nil {
		return answer, err
	}
	receipt, err := h.receipt(ctx, c, a, status, answer)
	if err != nil {
		return answer, err
	}
	switch {
	case write != nil:
		err = write(receipt)
	case receipt != nil: // what changes nothing now might later, when it is sent again
		err = h.Tenancy.SaveReceipt(ctx, *receipt, h.Now())
	}
	if fault.Is(err, fault.Conflict) {
		// The same request may have won the race.
		if found, replayErr := h.replay(ctx, c, a, &earlier); found || replayErr != nil {
			return earlier, replayErr
		}
	}
	return answer, err
}
