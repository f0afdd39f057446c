package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/store"
)

// resource is what several stores keep alike: created and updated under a rev, all or nothing with a receipt, read by id,
// listed by organization.
type resource[T any] struct {
	// make gives a new one, created at base; changed gives it as it is after a change an hour later.
	make    func(organization, id string) T
	changed func(T) T
	// inRev gives one with its rev moved by so much.
	inRev func(T, int64) T
	// id names one; order is that of the list, by id unless stated.
	id    func(T) string
	order func(a, b T) int

	create func(context.Context, Stores, T, *store.Receipt) error
	// update is nil for what never changes.
	update func(context.Context, Stores, T, *store.Receipt) error
	// bare says that updates take no receipt.
	bare bool
	get  func(ctx context.Context, s Stores, organization, id string) (T, error)
	list func(ctx context.Context, s Stores, organization string, p store.Page) ([]T, string, error)
}

// tests holds the stores to what all of them say.
func (r resource[T]) tests() []test {
	tests := []test{
		{"what is missing is not found, and its list is one empty page", func(t *testing.T, s Stores) {
			_, err := r.get(ctx(t), s, "org_a", "x")
			is(t, err, fault.NotFound, "")
			same(t, all(t, 10, r.pages(t, s, "org_a")), nil)
		}},
		{"it is kept whole, with its receipt; the id is taken then", r.kept},
		{"a refused creation leaves nothing", r.refusedCreation},
		{"an expired receipt does not stand in the way", r.expired},
		{"one of concurrent creations wins", func(t *testing.T, s Stores) {
			oneWins(t, atOnce(t, func(int) error { return r.create(ctx(t), s, r.make("org_a", "x"), nil) }))
		}},
		{"one of concurrent requests with one key wins, the others leave nothing", func(t *testing.T, s Stores) {
			receipt := newReceipt("k", base().Add(time.Hour))
			oneWins(t, atOnce(t, func(n int) error { return r.create(ctx(t), s, r.make("org_a", fmt.Sprint("x", n)), &receipt) }))
			if got := all(t, 10, r.pages(t, s, "org_a")); len(got) != 1 {
				t.Fatalf("%d are there, want 1", len(got))
			}
		}},
		{"they are listed in their order, with every limit", r.listed},
		{"those of others are neither found nor listed", r.others},
		{"a request that has ended does nothing", r.ended},
	}
	if r.update == nil {
		return tests
	}
	return append(tests,
		test{"an update replaces it", r.updated},
		test{"a refused update changes nothing", r.refusedUpdate},
		test{"one of concurrent updates wins", func(t *testing.T, s Stores) {
			one := r.make("org_a", "x")
			ok(t, r.create(ctx(t), s, one, nil))
			oneWins(t, atOnce(t, func(int) error { return r.update(ctx(t), s, r.changed(one), nil) }))
			r.stands(t, s, "org_a", r.changed(one))
		}},
	)
}

func (r resource[T]) kept(t *testing.T, s Stores) {
	one := r.make("org_a", "x")
	receipt := newReceipt("k", base().Add(time.Hour))
	ok(t, r.create(ctx(t), s, one, &receipt))
	r.stands(t, s, "org_a", one)
	same(t, all(t, 10, r.pages(t, s, "org_a")), []T{one})
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	ok(t, err)
	same(t, got, receipt)
	is(t, r.create(ctx(t), s, one, nil), fault.Conflict, store.CodeTaken)
}

func (r resource[T]) refusedCreation(t *testing.T, s Stores) {
	taken := r.make("org_a", "taken")
	first := newReceipt("first", base().Add(time.Hour))
	ok(t, r.create(ctx(t), s, taken, &first))
	second := newReceipt("second", base().Add(time.Hour))
	is(t, r.create(ctx(t), s, taken, &second), fault.Conflict, store.CodeTaken)
	_, err := s.Tenancy.Receipt(ctx(t), "org_a", "second", base())
	is(t, err, fault.NotFound, "")
	is(t, r.create(ctx(t), s, r.make("org_a", "other"), &first), fault.Conflict, store.CodeReceiptTaken)
	_, err = r.get(ctx(t), s, "org_a", "other")
	is(t, err, fault.NotFound, "")
	same(t, all(t, 10, r.pages(t, s, "org_a")), []T{taken})
	// What was refused can be made after all.
	ok(t, r.create(ctx(t), s, r.make("org_a", "other"), &second))
}

func (r resource[T]) expired(t *testing.T, s Stores) {
	old := newReceipt("k", base())
	ok(t, s.Tenancy.SaveReceipt(ctx(t), old, base().Add(-time.Hour)))
	renewed := newReceipt("k", base().Add(time.Minute))
	renewed.Request = "a later request"
	one := r.make("org_a", "x")
	ok(t, r.create(ctx(t), s, one, &renewed))
	got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
	ok(t, err)
	same(t, got, renewed)
	if r.update == nil || r.bare {
		return
	}
	last := newReceipt("k", base().Add(2*time.Hour))
	ok(t, r.update(ctx(t), s, r.changed(one), &last)) // an hour later
	got, err = s.Tenancy.Receipt(ctx(t), "org_a", "k", base().Add(time.Hour))
	ok(t, err)
	same(t, got, last)
}

func (r resource[T]) listed(t *testing.T, s Stores) {
	var want []T
	for _, id := range hostile() {
		one := r.make("org_a", id)
		if slices.ContainsFunc(want, func(w T) bool { return r.id(w) == id }) {
			continue
		}
		ok(t, r.create(ctx(t), s, one, nil))
		want = append(want, one)
	}
	order := r.order
	if order == nil {
		order = func(a, b T) int { return strings.Compare(r.id(a), r.id(b)) }
	}
	slices.SortFunc(want, order)
	pages(t, want, r.pages(t, s, "org_a"))
	for _, one := range want {
		r.stands(t, s, "org_a", one)
	}
}

func (r resource[T]) others(t *testing.T, s Stores) {
	for _, id := range []string{"x", "y"} {
		ok(t, r.create(ctx(t), s, r.make("org_a", id), nil))
		ok(t, r.create(ctx(t), s, r.make("org_b", "of b "+id), nil))
	}
	for _, one := range all(t, 1, r.pages(t, s, "org_a")) {
		if id := r.id(one); id != "x" && id != "y" {
			t.Fatalf("%q is listed", id)
		}
	}
	for _, organization := range []string{"org_b", "org_c", ""} {
		_, err := r.get(ctx(t), s, organization, "x")
		is(t, err, fault.NotFound, "")
	}
	same(t, all(t, 10, r.pages(t, s, "org_c")), nil)
	refuses(t, r.pages(t, s, "org_a"), next(r.pages(t, s, "org_b")))
}

func (r resource[T]) ended(t *testing.T, s Stores) {
	one := r.make("org_a", "x")
	ok(t, r.create(ctx(t), s, one, nil))
	ended, end := context.WithCancel(ctx(t))
	end()
	is(t, r.create(ended, s, r.make("org_a", "y"), nil), fault.Unavailable, "")
	_, err := r.get(ended, s, "org_a", "x")
	is(t, err, fault.Unavailable, "")
	_, _, err = r.list(ended, s, "org_a", store.Page{Limit: 1})
	is(t, err, fault.Unavailable, "")
	if r.update != nil {
		is(t, r.update(ended, s, r.changed(one), nil), fault.Unavailable, "")
	}
	same(t, all(t, 10, r.pages(t, s, "org_a")), []T{one})
}

func (r resource[T]) updated(t *testing.T, s Stores) {
	one, beside := r.make("org_a", "x"), r.make("org_a", "y")
	ok(t, r.create(ctx(t), s, one, nil))
	ok(t, r.create(ctx(t), s, beside, nil))
	one = r.changed(one)
	receipt := newReceipt("k", base().Add(2*time.Hour))
	if r.bare {
		ok(t, r.update(ctx(t), s, one, nil))
	} else {
		ok(t, r.update(ctx(t), s, one, &receipt))
		got, err := s.Tenancy.Receipt(ctx(t), "org_a", "k", base())
		ok(t, err)
		same(t, got, receipt)
	}
	r.stands(t, s, "org_a", one)
	r.stands(t, s, "org_a", beside)
	if got := all(t, 10, r.pages(t, s, "org_a")); len(got) != 2 {
		t.Fatalf("%d are listed, want 2", len(got))
	}
	one = r.changed(one)
	ok(t, r.update(ctx(t), s, one, nil))
	r.stands(t, s, "org_a", one)
}

func (r resource[T]) refusedUpdate(t *testing.T, s Stores) {
	one := r.make("org_a", "x")
	taken := newReceipt("taken", base().Add(24*time.Hour))
	ok(t, r.create(ctx(t), s, one, &taken))
	for name, next := range map[string]T{
		"the rev that stands":     one,
		"a rev from the future":   r.inRev(r.changed(one), 1),
		"a missing one":           r.changed(r.make("org_a", "missing")),
		"one of nobody":           r.changed(r.make("org_b", "x")),
		"the first rev once more": r.inRev(one, -1),
	} {
		receipt := newReceipt(name, base().Add(24*time.Hour))
		with := &receipt
		if r.bare {
			with = nil
		}
		is(t, r.update(ctx(t), s, next, with), fault.Conflict, store.CodeStale)
		_, err := s.Tenancy.Receipt(ctx(t), "org_a", name, base())
		is(t, err, fault.NotFound, "")
	}
	if !r.bare {
		is(t, r.update(ctx(t), s, r.changed(one), &taken), fault.Conflict, store.CodeReceiptTaken)
	}
	r.stands(t, s, "org_a", one)
	same(t, all(t, 10, r.pages(t, s, "org_a")), []T{one})
	same(t, all(t, 10, r.pages(t, s, "org_b")), nil)
}

// stands fails the test unless one is stored as it is.
func (r resource[T]) stands(t *testing.T, s Stores, organization string, one T) {
	t.Helper()
	got, err := r.get(ctx(t), s, organization, r.id(one))
	ok(t, err)
	same(t, got, one)
}

func (r resource[T]) pages(t *testing.T, s Stores, organization string) func(store.Page) ([]T, string, error) {
	return func(p store.Page) ([]T, string, error) { return r.list(ctx(t), s, organization, p) }
}
