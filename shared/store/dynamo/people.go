package dynamo

import (
	"context"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// CreatePerson implements store.Members in one transaction of two or three items.
func (s *Members) CreatePerson(ctx context.Context, p tenant.Person, receipt *store.Receipt) error {
	steps := []step{s.create(encodePerson(p), unlessThere, nil, taken("person")), s.claimEmail(p)}
	return s.transact(ctx, "create person", s.withReceipt(steps, receipt, p.CreatedAt)...)
}

// UpdatePerson implements store.Members in one GetItem and one transaction of one to four items: a new e-mail address is
// claimed and the old one given up with the change.
func (s *Members) UpdatePerson(ctx context.Context, p tenant.Person, receipt *store.Receipt) error {
	const what = "update person"
	before, err := s.Person(ctx, p.Organization, p.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || before.Rev != p.Rev-1 {
		return fmt.Errorf("store: %s: %w", what, stale("person"))
	}
	steps := []step{s.replace(encodePerson(p), p.Rev-1, stale("person"))}
	if emailKey(p.Organization, p.Email) != emailKey(p.Organization, before.Email) {
		steps = append(steps, s.claimEmail(p), s.giveUpEmail(before))
	}
	return s.transact(ctx, what, s.withReceipt(steps, receipt, p.UpdatedAt)...)
}

// DeletePerson implements store.Members in one GetItem and one transaction of two items; as many again when the person
// is changed in between.
func (s *Members) DeletePerson(ctx context.Context, organization, id string) error {
	const what = "delete person"
	var err error
	for try := 0; try < s.pause.tries; try++ {
		if err := s.pause.wait(ctx, try); err != nil {
			return failed(err, what)
		}
		p, missing := s.Person(ctx, organization, id)
		if fault.Is(missing, fault.NotFound) {
			return nil
		}
		if missing != nil {
			return missing
		}
		err = s.transact(ctx, what, s.giveUpEmail(p),
			s.remove(personKey(organization, id), "rev = :rev", item{":rev": number(p.Rev)}, stale("person")))
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return err
}

// claimEmail is the step that makes an e-mail address a person's.
func (s *Members) claimEmail(p tenant.Person) step {
	i := newItem(emailKey(p.Organization, p.Email))
	i.setText("person", p.ID)
	return s.create(i, unlessThere, nil, taken("e-mail address"))
}

// giveUpEmail is the step that frees the e-mail address of a person as it was read.
func (s *Members) giveUpEmail(p tenant.Person) step {
	return s.remove(emailKey(p.Organization, p.Email), unlessThere+" OR person = :id", item{":id": text(p.ID)}, stale("person"))
}

// Person implements store.Members in one GetItem.
func (s *Members) Person(ctx context.Context, organization, id string) (tenant.Person, error) {
	const what = "get person"
	i, err := s.get(ctx, what, personKey(organization, id), "person")
	if err != nil {
		return tenant.Person{}, err
	}
	p, err := decodePerson(organization, i)
	return p, failed(err, what)
}

// People implements store.Members in one Query.
func (s *Members) People(ctx context.Context, organization string, p store.Page) ([]tenant.Person, string, error) {
	q := query{what: "list people", partition: peoplePartition(organization)}
	return page(ctx, s.table, q, []string{"people", organization}, p, func(i item) (tenant.Person, error) {
		return decodePerson(organization, i)
	})
}

func encodePerson(p tenant.Person) item {
	i := newItem(personKey(p.Organization, p.ID))
	i.setText("email", p.Email)
	i.setText("name", p.Name)
	i.setText("role", string(p.Role))
	i.setText("status", string(p.Status))
	i.setText("mail", string(p.Mail))
	i.setTime("created_at", p.CreatedAt)
	i.setTime("updated_at", p.UpdatedAt)
	i.setNumber("rev", p.Rev)
	return i
}

func decodePerson(organization string, i item) (tenant.Person, error) {
	in := read(i)
	p := tenant.Person{ID: unsortable(i.primary().sk), Organization: organization, Email: in.text("email"),
		Name: in.text("name"), Role: in.role("role"), Status: tenant.PersonStatus(in.text("status")), Mail: tenant.MailPreference(in.text("mail")),
		CreatedAt: in.time("created_at"), UpdatedAt: in.time("updated_at"), Rev: in.number("rev")}
	return p, in.err
}
