package main

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/quota"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// unknownKeyTTL is how long a key that does not exist is remembered: short, for it may be made the next moment.
const unknownKeyTTL = 5 * time.Second

// caller is who sent a request: an organization, by one of its keys or clients.
type caller struct {
	organization string
	role         tenant.Role
	// actor is the id of the key or client, name what people call it; person is whose key it is, empty for that of a
	// program.
	actor, name, person string
	// makers are those behind the making of the key, but its person: tenant.APIKey.Makers.
	makers []string
	// connection is the one that a client is bound to; empty for keys.
	connection string
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// authorize lets through the requests whose sender has a role that allows the needed one, as far as the organization's
// quota goes.
func (h *handler) authorize(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c, err := h.authenticate(ctx.Context(), ctx.Header("Authorization"), r.ingest)
		if err == nil {
			var standing quota.Standing
			standing, err = h.admit(ctx.Context(), c)
			for name, value := range standing.Headers() {
				ctx.SetHeader(name, value)
			}
		}
		if err == nil {
			if a := actOf(ctx.Context()); r.method != http.MethodGet && !r.reads {
				a.operation, a.caller = r.id, c
			}
			if !c.role.Allows(r.needs) && !(r.ingest && c.role == tenant.Ingest) {
				err = fault.New(fault.Forbidden, "role_not_sufficient", "This needs the role %s; the key has the role %s.", r.needs, c.role)
			}
		}
		if err != nil {
			p, header := h.refuse(ctx.Context(), r.id, err)
			if p.Status == http.StatusUnauthorized && r.ingest {
				header.Set("WWW-Authenticate", `Bearer, Basic realm="leadline"`)
			}
			header.Set("Content-Type", problem.ContentType)
			for name := range header {
				ctx.SetHeader(name, header.Get(name))
			}
			ctx.SetStatus(p.Status)
			_, _ = ctx.BodyWriter().Write(p.JSON()) // it goes to memory
			return
		}
		next(huma.WithValue(ctx, callerKey{}, c))
	}
}

// admit counts a request against the organization's quota.
func (h *handler) admit(ctx context.Context, c caller) (quota.Standing, error) {
	org, err := h.knownOrganization(ctx, c.organization)
	if err != nil {
		return quota.Standing{}, err
	}
	return h.requests.Take(ctx, c.organization, 1, org.Quotas.RequestsPerMinute, h.Now())
}

// authenticate finds who an Authorization header stands for. Clients with their own credentials are let in only where the
// role ingest suffices.
func (h *handler) authenticate(ctx context.Context, header string, clients bool) (caller, error) {
	scheme, text, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Basic") && clients:
		return h.client(ctx, strings.TrimSpace(text))
	case header == "" || !strings.EqualFold(scheme, "Bearer"):
		return caller{}, fault.New(fault.Unauthorized, "missing_api_key", "Send an API key: Authorization: Bearer llk_...")
	}
	key, err := h.apiKey(ctx, strings.TrimSpace(text))
	if err != nil {
		return caller{}, err
	}
	return caller{organization: key.Organization, role: key.Role, actor: nameOf(key), name: key.Name, person: key.Person, makers: key.Makers}, nil
}

// id is the caller as approvals know people: the person, whatever key of theirs it is, or the key if it is nobody's.
func (c caller) id() string {
	if c.person != "" {
		return c.person
	}
	return c.actor
}

// nameOf gives the id of a key; those from before keys had ids are named after their hash, as receive does.
func nameOf(key tenant.APIKey) string {
	if key.ID == "" && len(key.Hash) > 12 {
		return tenant.APIKeyID + "_" + key.Hash[:12]
	}
	return key.ID
}

// apiKey finds a key by its text. A revoked key, and that of somebody who was off-boarded, is refused at the latest when
// the cache has forgotten it.
func (h *handler) apiKey(ctx context.Context, text string) (tenant.APIKey, error) {
	unknown := fault.New(fault.Unauthorized, "invalid_api_key", "There is no such API key, or it has expired or was revoked.")
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
		key, err = store.ActingKey(ctx, h.Tenancy, h.Members, hash)
		if fault.Is(err, fault.NotFound) {
			h.unknown.Put(hash, struct{}{}, now, now.Add(h.keepUnknown))
			return tenant.APIKey{}, unknown
		}
		if err != nil {
			return tenant.APIKey{}, err
		}
		h.keys.Put(hash, key, now, now.Add(h.keep))
	}
	if !key.Works(now) {
		return tenant.APIKey{}, unknown
	}
	return key, nil
}

// client finds the client of Basic credentials. An unknown one and a wrong secret get the same answer.
func (h *handler) client(ctx context.Context, encoded string) (caller, error) {
	unknown := fault.New(fault.Unauthorized, "invalid_client", "The client id or the secret is wrong.")
	text, err := base64.StdEncoding.DecodeString(encoded)
	id, password, found := strings.Cut(string(text), ":")
	if err != nil || !found || len(text) > 256 {
		return caller{}, unknown
	}
	now := h.Now()
	hook, cached := h.clients.Get(id, now)
	if !cached {
		hook, err = h.Members.ClientHook(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return caller{}, err
		}
		h.clients.Put(id, hook, now, now.Add(h.keepUnknown)) // the empty one accepts nothing
	}
	if !hook.Accepts(password, now) || hook.Status != tenant.Active {
		return caller{}, unknown
	}
	return caller{organization: hook.Organization, role: tenant.Ingest, actor: hook.Client, name: hook.Client, connection: hook.Connection}, nil
}

// box opens what belongs to an organization.
func (h *handler) box(ctx context.Context, organization string) (secret.Box, error) {
	org, err := h.knownOrganization(ctx, organization)
	if err != nil {
		return secret.Box{}, err
	}
	return h.Keyring.Open(ctx, org.ID, org.DataKey)
}

// knownOrganization is organization from memory, where it can: good for what hardly ever changes.
func (h *handler) knownOrganization(ctx context.Context, id string) (tenant.Organization, error) {
	now := h.Now()
	if org, ok := h.organizations.Get(id, now); ok {
		return org, nil
	}
	org, err := h.organization(ctx, id)
	if err == nil {
		h.organizations.Put(id, org, now, now.Add(h.keep))
	}
	return org, err
}

// organization reads the caller's organization, which must be there: its key is.
func (h *handler) organization(ctx context.Context, id string) (tenant.Organization, error) {
	org, err := h.Tenancy.Organization(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return org, fault.Wrap(err, fault.Internal, "organization_missing", "api: organization %s of a valid key", id)
	}
	return org, err
}
