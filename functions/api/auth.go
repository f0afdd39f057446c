package main

import (
	"context"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/secret"
	"leadline/shared/tenant"
)

// unknownKeyTTL is how long a key that does not exist is remembered: short, for it may be made the next moment.
const unknownKeyTTL = 5 * time.Second

// caller is who sent a request: an organization, by one of its keys.
type caller struct {
	organization string
	role         tenant.Role
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// authorize lets through the requests whose key has a role that allows the needed one.
func (h *handler) authorize(needed tenant.Role) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		key, err := h.authenticate(ctx.Context(), ctx.Header("Authorization"))
		if err == nil && !key.Role.Allows(needed) {
			err = fault.New(fault.Forbidden, "role_not_sufficient", "This needs the role %s; the key has the role %s.", needed, key.Role)
		}
		if err != nil {
			p, header := h.refuse(ctx.Context(), ctx.Operation().OperationID, err)
			header.Set("Content-Type", problem.ContentType)
			for name := range header {
				ctx.SetHeader(name, header.Get(name))
			}
			ctx.SetStatus(p.Status)
			_, _ = ctx.BodyWriter().Write(p.JSON()) // it goes to memory
			return
		}
		next(huma.WithValue(ctx, callerKey{}, caller{organization: key.Organization, role: key.Role}))
	}
}

// authenticate finds the key of an Authorization header. A revoked key is refused at the latest when the cache has
// forgotten it.
func (h *handler) authenticate(ctx context.Context, header string) (tenant.APIKey, error) {
	scheme, text, _ := strings.Cut(header, " ")
	if header == "" || !strings.EqualFold(scheme, "Bearer") {
		return tenant.APIKey{}, fault.New(fault.Unauthorized, "missing_api_key", "Send an API key: Authorization: Bearer llk_...")
	}
	unknown := fault.New(fault.Unauthorized, "invalid_api_key", "There is no such API key, or it was revoked.")
	text = strings.TrimSpace(text)
	if !tenant.IsAPIKey(text) {
		return tenant.APIKey{}, unknown
	}
	hash, now := tenant.HashToken(text), h.Now()
	if _, known := h.unknown.Get(hash, now); known {
		return tenant.APIKey{}, unknown
	}
	key, cached := h.keys.Get(hash, now)
	if !cached {
		var err error
		key, err = h.Tenancy.APIKey(ctx, hash)
		if fault.Is(err, fault.NotFound) {
			h.unknown.Put(hash, struct{}{}, now, now.Add(h.keepUnknown))
			return tenant.APIKey{}, unknown
		}
		if err != nil {
			return tenant.APIKey{}, err
		}
		h.keys.Put(hash, key, now, now.Add(h.keep))
	}
	if !key.RevokedAt.IsZero() {
		return tenant.APIKey{}, unknown
	}
	return key, nil
}

// box opens what belongs to an organization.
func (h *handler) box(ctx context.Context, organization string) (secret.Box, error) {
	now := h.Now()
	if box, ok := h.boxes.Get(organization, now); ok {
		return box, nil
	}
	org, err := h.organization(ctx, organization)
	if err != nil {
		return secret.Box{}, err
	}
	box, err := h.Keyring.Open(ctx, org.ID, org.DataKey)
	if err != nil {
		return secret.Box{}, err
	}
	h.boxes.Put(organization, box, now, now.Add(h.keep))
	return box, nil
}

// organization reads the caller's organization, which must be there: its key is.
func (h *handler) organization(ctx context.Context, id string) (tenant.Organization, error) {
	org, err := h.Tenancy.Organization(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return org, fault.Wrap(err, fault.Internal, "organization_missing", "api: organization %s of a valid key", id)
	}
	return org, err
}
