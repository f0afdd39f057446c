package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// APIKey is a key for this API. The key itself is never shown again.
type APIKey struct {
	ID        string     `json:"id" example:"key_4f0c9a2b1x7z"`
	Name      string     `json:"name"`
	Role      role       `json:"role"`
	Person    string     `json:"person,omitempty" doc:"Whose key it is; absent for that of a program."`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When it stops working by itself."`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	Works     bool       `json:"works" doc:"Neither expired nor revoked."`
}

// CreatedAPIKey is a key with its text, which is shown only now.
type CreatedAPIKey struct {
	APIKey
	Key string `json:"key" doc:"The key, to be sent as Authorization: Bearer. It is shown only now."`
}

func (h *handler) registerAPIKeys(api huma.API) {
	register(api, h, route{
		id: "create-api-key", method: http.MethodPost, path: "/v1/keys", tag: "organization", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Make an API key", text: "Only an owner can make the key of an owner.", errors: []int{400, 404, 409, 413, 415},
	}, h.createAPIKey)
	register(api, h, route{
		id: "list-api-keys", method: http.MethodGet, path: "/v1/keys", tag: "organization", needs: tenant.Admin,
		summary: "List API keys", text: "By id, revoked ones too.", errors: []int{400},
	}, h.listAPIKeys)
	register(api, h, route{
		id: "get-api-key", method: http.MethodGet, path: "/v1/keys/{key}", tag: "organization", needs: tenant.Admin,
		summary: "Get an API key", errors: []int{404},
	}, h.getAPIKey)
	register(api, h, route{
		id: "revoke-api-key", method: http.MethodPost, path: "/v1/keys/{key}/revoke", tag: "organization", needs: tenant.Admin,
		summary: "Revoke an API key, for good", text: "It is refused everywhere within a minute. Only an owner can revoke the key of an owner.", errors: []int{404},
	}, h.revokeAPIKey)
}

type createAPIKeyInput struct {
	ResendInput
	Body struct {
		Name      string     `json:"name" minLength:"1" maxLength:"200" doc:"What it is for."`
		Role      role       `json:"role"`
		Person    string     `json:"person,omitempty" maxLength:"64" doc:"Whose key it is. It may do at most what the person's role allows, and is refused once the person is off-boarded."`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When it stops working by itself; never if left out."`
	} `nameHint:"NewAPIKey"`
}

type createAPIKeyOutput struct {
	Location string `header:"Location"`
	Body     CreatedAPIKey
}

func (h *handler) createAPIKey(ctx context.Context, c caller, in *createAPIKeyInput) (*createAPIKeyOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-api-key", "", in.Body)
	if err != nil {
		return nil, err
	}
	created, err := once(ctx, h, c, a, http.StatusCreated, func() (CreatedAPIKey, func(*store.Receipt) error, error) {
		text, key, err := h.newAPIKey(ctx, c, in)
		if err != nil {
			return CreatedAPIKey{}, nil, err
		}
		return CreatedAPIKey{APIKey: h.showAPIKey(key), Key: text}, func(receipt *store.Receipt) error {
			return h.Members.PutAPIKey(ctx, key, receipt)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &createAPIKeyOutput{Location: "/v1/keys/" + created.ID, Body: created}, nil
}

func (h *handler) newAPIKey(ctx context.Context, c caller, in *createAPIKeyInput) (string, tenant.APIKey, error) {
	none := tenant.APIKey{}
	wanted, now := tenant.Role(in.Body.Role), h.Now().UTC()
	explain(ctx, "role %s %s", wanted, in.Body.Person)
	if err := mayGrant(c, wanted); err != nil {
		return "", none, err
	}
	if in.Body.ExpiresAt != nil && !in.Body.ExpiresAt.After(now) {
		return "", none, fault.New(fault.Invalid, "already_expired", "expires_at is in the past.")
	}
	if in.Body.Person != "" {
		person, err := h.person(ctx, c, in.Body.Person)
		if err != nil {
			return "", none, err
		}
		if person.Status == tenant.Offboarded || !person.Role.Allows(wanted) {
			return "", none, fault.New(fault.Invalid, "role_not_sufficient", "This person is %s with the role %s and cannot have a key with the role %s.",
				person.Status, person.Role, wanted)
		}
	}
	org, err := h.organization(ctx, c.organization)
	if err != nil {
		return "", none, err
	}
	err = room(ctx, "API keys", org.Quotas.APIKeys, func(ctx context.Context, p store.Page) ([]tenant.APIKey, string, error) {
		return h.Members.APIKeys(ctx, c.organization, p)
	}, func(k tenant.APIKey) bool { return k.Works(now) })
	if err != nil {
		return "", none, err
	}
	text, key, err := tenant.NewAPIKey(c.organization, in.Body.Name, wanted, now, h.Random)
	if err != nil {
		return "", none, err
	}
	key.Person, key.Makers = in.Body.Person, makersOf(c, in.Body.Person)
	if in.Body.ExpiresAt != nil {
		key.ExpiresAt = in.Body.ExpiresAt.UTC()
	}
	return text, key, nil
}

// makersOf gives who is behind the making of a key for somebody: the caller, and all who are behind the caller's own key. Each of
// them may have seen the text of the one or the other, however many keys are made in between.
func makersOf(c caller, person string) []string {
	var makers []string
	for _, id := range append(slices.Clone(c.makers), c.id()) {
		if id != person && !slices.Contains(makers, id) {
			makers = append(makers, id)
		}
	}
	return makers
}

// mayGrant keeps everybody from giving more than they have.
func mayGrant(c caller, wanted tenant.Role) error {
	if !c.role.Allows(wanted) {
		return fault.New(fault.Forbidden, "role_not_sufficient", "Only an owner can deal with owners; your key has the role %s.", c.role)
	}
	return nil
}

type apiKeysOutput struct{ Body list[APIKey] }

func (h *handler) listAPIKeys(ctx context.Context, c caller, in *PageInput) (*apiKeysOutput, error) {
	body, err := page(ctx, h, c, *in, listing[tenant.APIKey, APIKey]{
		scope: []string{"api keys"},
		read: func(ctx context.Context, p store.Page) ([]tenant.APIKey, string, error) {
			return h.Members.APIKeys(ctx, c.organization, p)
		},
		show: func(k tenant.APIKey) (APIKey, int, bool) {
			return h.showAPIKey(k), 512 + escapedLength([]byte(k.Name)), true
		},
	})
	return &apiKeysOutput{body}, err
}

type apiKeyInput struct {
	Key string `path:"key" maxLength:"64" example:"key_4f0c9a2b1x7z"`
}

type apiKeyOutput struct{ Body APIKey }

func (h *handler) getAPIKey(ctx context.Context, c caller, in *apiKeyInput) (*apiKeyOutput, error) {
	key, err := h.keyByID(ctx, c, in.Key)
	if err != nil {
		return nil, err
	}
	return &apiKeyOutput{h.showAPIKey(key)}, nil
}

func (h *handler) revokeAPIKey(ctx context.Context, c caller, in *apiKeyInput) (*apiKeyOutput, error) {
	key, err := h.keyByID(ctx, c, in.Key)
	if err != nil {
		return nil, err
	}
	if err := mayGrant(c, key.Role); err != nil {
		return nil, err
	}
	if err := h.Members.RevokeKey(ctx, c.organization, key.ID, h.Now().UTC()); err != nil {
		return nil, err
	}
	h.keys.Drop(key.Hash) // at once here, within a minute elsewhere
	return h.getAPIKey(ctx, c, in)
}

func (h *handler) keyByID(ctx context.Context, c caller, id string) (tenant.APIKey, error) {
	key, err := h.Members.APIKeyByID(ctx, c.organization, id)
	return key, notFound(err, "There is no API key %q.", id)
}

func (h *handler) showAPIKey(k tenant.APIKey) APIKey {
	return APIKey{ID: k.ID, Name: k.Name, Role: role(k.Role), Person: k.Person, CreatedAt: k.CreatedAt, ExpiresAt: someTime(k.ExpiresAt),
		RevokedAt: someTime(k.RevokedAt), Works: k.Works(h.Now())}
}
