package main

import (
	"context"
	"net/http"
	"net/mail"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Person is somebody who works in the organization.
type Person struct {
	ID        string    `json:"id" example:"per_4f0c9a2b1x7z"`
	Email     string    `json:"email" example:"joe@example.com"`
	Name      string    `json:"name"`
	Role      role      `json:"role"`
	Status    string    `json:"status" enum:"invited,active,offboarded"`
	Mail      string    `json:"mail" enum:"all,none" doc:"Whether notices come by e-mail, too. Owners and admins get them."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Rev       int64     `json:"rev" doc:"Counts the changes. Its ETag."`
}

func (h *handler) registerPeople(api huma.API) {
	register(api, h, route{
		id: "create-person", method: http.MethodPost, path: "/v1/people", tag: "organization", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Invite a person", errors: []int{400, 409, 413, 415},
	}, h.createPerson)
	register(api, h, route{
		id: "list-people", method: http.MethodGet, path: "/v1/people", tag: "organization", needs: tenant.Reader,
		summary: "List people", text: "By id, those who were off-boarded too.", errors: []int{400},
	}, h.listPeople)
	register(api, h, route{
		id: "get-person", method: http.MethodGet, path: "/v1/people/{person}", tag: "organization", needs: tenant.Reader,
		summary: "Get a person", errors: []int{404},
	}, h.getPerson)
	register(api, h, route{
		id: "update-person", method: http.MethodPut, path: "/v1/people/{person}", tag: "organization", needs: tenant.Admin,
		summary: "Change a person", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.updatePerson)
	register(api, h, route{
		id: "offboard-person", method: http.MethodPost, path: "/v1/people/{person}/offboard", tag: "organization", needs: tenant.Admin,
		summary: "Off-board a person", text: "Their API keys are revoked; what they did stays in the audit log.", errors: []int{404, 409},
	}, h.offboardPerson)
}

// PersonFields are what can be said of a person.
type PersonFields struct {
	Email string `json:"email" minLength:"3" maxLength:"254" example:"joe@example.com"`
	Name  string `json:"name" minLength:"1" maxLength:"200"`
	Role  role   `json:"role"`
	Mail  string `json:"mail,omitempty" enum:"all,none" doc:"Whether notices come by e-mail, too, to an owner or admin. Left out, it is all for a new person and stays as it is for another."`
}

// mail gives what is said of mail, or what it was.
func (f PersonFields) mail(was tenant.MailPreference) tenant.MailPreference {
	switch f.Mail {
	case "":
		return was
	case string(tenant.MailNone):
		return tenant.MailNone
	}
	return tenant.MailAll
}

type createPersonInput struct {
	ResendInput
	Body PersonFields
}

type personOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Person
}

func (h *handler) createPerson(ctx context.Context, c caller, in *createPersonInput) (*personOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-person", "", in.Body)
	if err != nil {
		return nil, err
	}
	created, err := once(ctx, h, c, a, http.StatusCreated, func() (Person, func(*store.Receipt) error, error) {
		if err := checkPerson(c, in.Body); err != nil {
			return Person{}, nil, err
		}
		explain(ctx, "role %s", in.Body.Role)
		org, err := h.organization(ctx, c.organization)
		if err != nil {
			return Person{}, nil, err
		}
		err = room(ctx, "people", org.Quotas.People, func(ctx context.Context, p store.Page) ([]tenant.Person, string, error) {
			return h.Members.People(ctx, c.organization, p)
		}, func(p tenant.Person) bool { return p.Status != tenant.Offboarded })
		if err != nil {
			return Person{}, nil, err
		}
		id, err := tenant.NewID(tenant.PersonID, h.Random)
		if err != nil {
			return Person{}, nil, err
		}
		now := h.Now().UTC()
		p := tenant.Person{ID: id, Organization: c.organization, Email: in.Body.Email, Name: in.Body.Name, Role: tenant.Role(in.Body.Role),
			Status: tenant.Invited, Mail: in.Body.mail(tenant.MailAll), CreatedAt: now, UpdatedAt: now, Rev: 1}
		return showPerson(p), func(receipt *store.Receipt) error {
			return emailTaken(h.Members.CreatePerson(ctx, p, receipt))
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &personOutput{Location: "/v1/people/" + created.ID, ETag: etag(created.Rev), Body: created}, nil
}

func checkPerson(c caller, p PersonFields) error {
	if address, err := mail.ParseAddress(p.Email); err != nil || address.Address != p.Email {
		return fault.New(fault.Invalid, "invalid_email", "The e-mail address is none, or holds more than an address.")
	}
	return mayGrant(c, tenant.Role(p.Role))
}

// emailTaken says what it means that a person cannot be stored.
func emailTaken(err error) error {
	if f := fault.Of(err); f != nil && f.Code == store.CodeTaken {
		return fault.New(fault.Conflict, "email_taken", "There is a person with this e-mail address already.")
	}
	return err
}

type peopleOutput struct{ Body list[Person] }

func (h *handler) listPeople(ctx context.Context, c caller, in *PageInput) (*peopleOutput, error) {
	body, err := page(ctx, h, c, *in, listing[tenant.Person, Person]{
		scope: []string{"people"},
		read: func(ctx context.Context, p store.Page) ([]tenant.Person, string, error) {
			return h.Members.People(ctx, c.organization, p)
		},
		show: func(p tenant.Person) (Person, int, bool) {
			return showPerson(p), 512 + escapedLength([]byte(p.Email+p.Name)), true
		},
	})
	return &peopleOutput{body}, err
}

// PersonInput names a person.
type PersonInput struct {
	Person string `path:"person" maxLength:"64" example:"per_4f0c9a2b1x7z"`
}

func (h *handler) getPerson(ctx context.Context, c caller, in *PersonInput) (*personOutput, error) {
	p, err := h.person(ctx, c, in.Person)
	if err != nil {
		return nil, err
	}
	return &personOutput{ETag: etag(p.Rev), Body: showPerson(p)}, nil
}

type updatePersonInput struct {
	PersonInput
	MatchInput
	Body PersonFields
}

func (h *handler) updatePerson(ctx context.Context, c caller, in *updatePersonInput) (*personOutput, error) {
	p, err := h.person(ctx, c, in.Person)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, p.Rev); err != nil {
		return nil, err
	}
	if err := mayGrant(c, p.Role); err != nil {
		return nil, err
	}
	if err := checkPerson(c, in.Body); err != nil {
		return nil, err
	}
	explain(ctx, "role %s, was %s", in.Body.Role, p.Role)
	p.Email, p.Name, p.Role, p.UpdatedAt = in.Body.Email, in.Body.Name, tenant.Role(in.Body.Role), h.Now().UTC()
	p.Mail = in.Body.mail(p.Mail)
	p.Rev++
	if err := stale(emailTaken(h.Members.UpdatePerson(ctx, p, nil)), in.IfMatch); err != nil {
		return nil, err
	}
	return &personOutput{ETag: etag(p.Rev), Body: showPerson(p)}, nil
}

func (h *handler) offboardPerson(ctx context.Context, c caller, in *PersonInput) (*personOutput, error) {
	p, err := h.person(ctx, c, in.Person)
	if err != nil {
		return nil, err
	}
	if err := mayGrant(c, p.Role); err != nil {
		return nil, err
	}
	now := h.Now().UTC()
	if p.Status != tenant.Offboarded {
		p.Status, p.UpdatedAt = tenant.Offboarded, now
		p.Rev++
		if err := stale(h.Members.UpdatePerson(ctx, p, nil), ""); err != nil {
			return nil, err
		}
	}
	// Sent again, it goes on with the keys that are left.
	for key, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]tenant.APIKey, string, error) {
		return h.Members.APIKeys(ctx, c.organization, page)
	}) {
		if err != nil {
			return nil, err
		}
		if key.Person != p.ID || !key.RevokedAt.IsZero() {
			continue
		}
		if err := h.Members.RevokeKey(ctx, c.organization, key.ID, now); err != nil {
			return nil, err
		}
		h.keys.Drop(key.Hash)
	}
	return &personOutput{ETag: etag(p.Rev), Body: showPerson(p)}, nil
}

func (h *handler) person(ctx context.Context, c caller, id string) (tenant.Person, error) {
	p, err := h.Members.Person(ctx, c.organization, id)
	return p, notFound(err, "There is no person %q.", id)
}

func showPerson(p tenant.Person) Person {
	mail := "all"
	if p.Mail != tenant.MailAll {
		mail = string(p.Mail)
	}
	return Person{ID: p.ID, Email: p.Email, Name: p.Name, Role: role(p.Role), Status: string(p.Status), Mail: mail, CreatedAt: p.CreatedAt,
		UpdatedAt: p.UpdatedAt, Rev: p.Rev}
}
