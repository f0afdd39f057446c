package memory

import (
	"context"
	"time"

	"leadline/shared/store"
	"leadline/shared/tenant"
)

// CreatePerson implements store.Members.
func (s *Members) CreatePerson(ctx context.Context, p tenant.Person, receipt *store.Receipt) error {
	return s.change(ctx, receipt, p.CreatedAt, func() error {
		if _, found := s.people[owned{p.Organization, p.ID}]; found {
			return taken("person")
		}
		return s.freeEmail(p)
	}, func() { s.putPerson(p) })
}

// UpdatePerson implements store.Members.
func (s *Members) UpdatePerson(ctx context.Context, p tenant.Person, receipt *store.Receipt) error {
	return s.change(ctx, receipt, p.UpdatedAt, func() error {
		if before, found := s.people[owned{p.Organization, p.ID}]; !found || before.Rev != p.Rev-1 {
			return stale("person")
		}
		return s.freeEmail(p)
	}, func() {
		delete(s.emails, emailOf(s.people[owned{p.Organization, p.ID}]))
		s.putPerson(p)
	})
}

// DeletePerson implements store.Members.
func (s *Members) DeletePerson(ctx context.Context, organization, id string) error {
	name := owned{organization, id}
	return s.change(ctx, nil, time.Time{}, func() error { return nil }, func() {
		if p, found := s.people[name]; found {
			delete(s.emails, emailOf(p))
			delete(s.people, name)
		}
	})
}

// freeEmail refuses a person whose e-mail is another's.
func (s *Members) freeEmail(p tenant.Person) error {
	if id, found := s.emails[emailOf(p)]; found && id != p.ID {
		return taken("e-mail address")
	}
	return nil
}

func (s *Members) putPerson(p tenant.Person) {
	s.people[owned{p.Organization, p.ID}] = p
	s.emails[emailOf(p)] = p.ID
}

func emailOf(p tenant.Person) owned { return owned{p.Organization, tenant.NormalizeEmail(p.Email)} }

// Person implements store.Members.
func (s *Members) Person(ctx context.Context, organization, id string) (tenant.Person, error) {
	return get(ctx, s.Tenancy, s.people, owned{organization, id}, "person")
}

// People implements store.Members.
func (s *Members) People(ctx context.Context, organization string, p store.Page) ([]tenant.Person, string, error) {
	return belongings(ctx, s.Tenancy, "people", organization, p, s.people, itself[tenant.Person])
}
