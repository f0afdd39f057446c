package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

func personTests() []test {
	return append(people().tests(), []test{
		{"an e-mail address is one person's, without regard to case", func(t *testing.T, s Stores) {
			ok(t, person(t, s, "org_a", "per_a", "Imogen@Example.com"))
			for _, email := range []string{"Imogen@Example.com", "imogen@example.com", " IMOGEN@EXAMPLE.COM "} {
				is(t, person(t, s, "org_a", "per_b", email), fault.Conflict, store.CodeTaken)
			}
			same(t, emails(t, s, "org_a"), []string{"per_a Imogen@Example.com"})
			ok(t, person(t, s, "org_a", "per_b", "imogen@example.org"))
			ok(t, person(t, s, "org_b", "per_a", "imogen@example.com"))
		}},
		{"one of concurrent people with one e-mail address wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(n int) error {
				email := "imogen@example.com"
				if n%2 == 0 {
					email = strings.ToUpper(email)
				}
				return person(t, s, "org_a", fmt.Sprint("per_", n), email)
			}))
			if got := emails(t, s, "org_a"); len(got) != 1 {
				t.Fatalf("%q are there, want one", got)
			}
		}},
		{"a person who changes the e-mail address frees the old one", func(t *testing.T, s Stores) {
			ok(t, person(t, s, "org_a", "per_a", "a@example.com"))
			ok(t, address(t, s, "per_a", "A@EXAMPLE.COM")) // the same address, in other case
			is(t, person(t, s, "org_a", "per_b", "a@example.com"), fault.Conflict, store.CodeTaken)
			ok(t, address(t, s, "per_a", "new@example.com"))
			ok(t, person(t, s, "org_a", "per_b", "a@example.com"))
			is(t, person(t, s, "org_a", "per_c", "NEW@example.com"), fault.Conflict, store.CodeTaken)
			same(t, emails(t, s, "org_a"), []string{"per_a new@example.com", "per_b a@example.com"})
		}},
		{"a refused change of an e-mail address changes nothing", func(t *testing.T, s Stores) {
			ok(t, person(t, s, "org_a", "per_a", "a@example.com"))
			ok(t, person(t, s, "org_a", "per_b", "b@example.com"))
			is(t, address(t, s, "per_a", "B@example.com"), fault.Conflict, store.CodeTaken)
			stale := newPerson("org_a", "per_a")
			stale.Email, stale.Rev = "c@example.com", 3
			is(t, s.Members.UpdatePerson(ctx(t), stale, nil), fault.Conflict, store.CodeStale)
			taken := newReceipt("k", base().Add(24*time.Hour))
			ok(t, s.Tenancy.SaveReceipt(ctx(t), taken, base()))
			stale.Rev = 2
			is(t, s.Members.UpdatePerson(ctx(t), stale, &taken), fault.Conflict, store.CodeReceiptTaken)
			same(t, emails(t, s, "org_a"), []string{"per_a a@example.com", "per_b b@example.com"})
			is(t, person(t, s, "org_a", "per_c", "a@example.com"), fault.Conflict, store.CodeTaken)
			ok(t, person(t, s, "org_a", "per_c", "c@example.com"))
		}},
		{"one of those who want one e-mail address at once gets it", func(t *testing.T, s Stores) {
			for n := range writers {
				ok(t, person(t, s, "org_a", fmt.Sprint("per_", n), fmt.Sprintf("%d@example.com", n)))
			}
			oneWins(t, atOnce(t, func(n int) error { return address(t, s, fmt.Sprint("per_", n), "wanted@example.com") }))
		}},
		{"a deleted person is gone, the e-mail address free", func(t *testing.T, s Stores) {
			ok(t, person(t, s, "org_a", "per_a", "a@example.com"))
			ok(t, person(t, s, "org_b", "per_a", "a@example.com"))
			for range 2 {
				ok(t, s.Members.DeletePerson(ctx(t), "org_a", "per_a"))
				ok(t, s.Members.DeletePerson(ctx(t), "org_a", "per_never"))
				_, err := s.Members.Person(ctx(t), "org_a", "per_a")
				is(t, err, fault.NotFound, "")
			}
			same(t, emails(t, s, "org_a"), nil)
			same(t, emails(t, s, "org_b"), []string{"per_a a@example.com"})
			ok(t, person(t, s, "org_a", "per_b", "a@example.com"))
		}},
		{"people deleted and changed at once leave no e-mail address behind", func(t *testing.T, s Stores) {
			ok(t, person(t, s, "org_a", "per_a", "a@example.com"))
			for _, err := range atOnce(t, func(n int) error {
				if n%4 == 0 {
					return s.Members.DeletePerson(ctx(t), "org_a", "per_a")
				}
				return address(t, s, "per_a", fmt.Sprintf("%d@example.com", n))
			}) {
				if err != nil && !fault.Is(err, fault.NotFound) {
					is(t, err, fault.Conflict, "")
				}
			}
			ok(t, s.Members.DeletePerson(ctx(t), "org_a", "per_a"))
			for n := range writers {
				ok(t, person(t, s, "org_a", fmt.Sprint("per_", n), fmt.Sprintf("%d@example.com", n)))
			}
			ok(t, person(t, s, "org_a", "per_last", "a@example.com"))
		}},
		{"a person is not deleted by a request that has ended", func(t *testing.T, s Stores) {
			ok(t, person(t, s, "org_a", "per_a", "a@example.com"))
			ended, end := context.WithCancel(ctx(t))
			end()
			is(t, s.Members.DeletePerson(ended, "org_a", "per_a"), fault.Unavailable, "")
			same(t, emails(t, s, "org_a"), []string{"per_a a@example.com"})
		}},
	}...)
}

// person creates a person with an e-mail address.
func person(t *testing.T, s Stores, organization, id, email string) error {
	p := newPerson(organization, id)
	p.Email = email
	return s.Members.CreatePerson(ctx(t), p, nil)
}

// address gives a person of org_a, as it is, another e-mail address.
func address(t *testing.T, s Stores, id, email string) error {
	p, err := s.Members.Person(ctx(t), "org_a", id)
	if err != nil {
		return err
	}
	p.Email, p.Rev = email, p.Rev+1
	return s.Members.UpdatePerson(ctx(t), p, nil)
}

// emails lists the people of an organization with their addresses.
func emails(t *testing.T, s Stores, organization string) []string {
	t.Helper()
	var list []string
	for _, p := range all(t, 3, people().pages(t, s, organization)) {
		list = append(list, p.ID+" "+p.Email)
	}
	return list
}

func newPerson(organization, id string) tenant.Person {
	return tenant.Person{ID: id, Organization: organization, Email: fmt.Sprintf("P.%x@Example.com", id), Name: "Imogen Vance",
		Role: tenant.Owner, Status: tenant.Invited, CreatedAt: base(), UpdatedAt: base(), Rev: 1}
}

func people() resource[tenant.Person] {
	return resource[tenant.Person]{
		make: newPerson,
		changed: func(p tenant.Person) tenant.Person {
			p.Email, p.Name, p.Role, p.Status, p.Mail = "new."+p.Email, "", tenant.Reader, tenant.Offboarded, tenant.MailNone
			p.UpdatedAt, p.Rev = base().Add(time.Hour), p.Rev+1
			return p
		},
		inRev: func(p tenant.Person, by int64) tenant.Person { p.Rev += by; return p },
		id:    func(p tenant.Person) string { return p.ID },
		create: func(ctx context.Context, s Stores, p tenant.Person, r *store.Receipt) error {
			return s.Members.CreatePerson(ctx, p, r)
		},
		update: func(ctx context.Context, s Stores, p tenant.Person, r *store.Receipt) error {
			return s.Members.UpdatePerson(ctx, p, r)
		},
		get: func(ctx context.Context, s Stores, organization, id string) (tenant.Person, error) {
			return s.Members.Person(ctx, organization, id)
		},
		list: func(ctx context.Context, s Stores, organization string, p store.Page) ([]tenant.Person, string, error) {
			return s.Members.People(ctx, organization, p)
		},
	}
}
