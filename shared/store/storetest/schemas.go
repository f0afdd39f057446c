package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/schema"
	"leadline/shared/store"
)

func schemaTests() []test {
	return []test{
		{"a missing object is not found", func(t *testing.T, s Stores) {
			_, err := s.Schemas.Object(ctx(t), "org_a", "conn_a", "deal")
			is(t, err, fault.NotFound, "")
			same(t, all(t, 10, schemas(t, s, "org_a", "conn_a")), nil)
			same(t, all(t, 10, versions(t, s, "org_a", "conn_a", "deal")), nil)
		}},
		{"an object is kept whole, and the next state leaves nothing of it", func(t *testing.T, s Stores) {
			o := newSchema("org_a", "conn_a", "deal")
			save(t, s, o, true)
			same(t, object(t, s, o), o)
			next := schema.Object{Organization: "org_a", Connection: "conn_a", Name: "deal", State: schema.Draft,
				FirstSeen: base(), UpdatedAt: base(), Present: schema.Version{Number: 2}, Rev: 2}
			save(t, s, next, false)
			same(t, object(t, s, o), next)
		}},
		{"an object goes by its rev alone", staleSchemas},
		{"versions come newest first, with every limit", versionOrder},
		{"a version is stored only where it is said to be", func(t *testing.T, s Stores) {
			o := newSchema("org_a", "conn_a", "deal")
			save(t, s, o, false)
			same(t, all(t, 10, versions(t, s, "org_a", "conn_a", "deal")), nil)
			o.Rev++
			save(t, s, o, true)
			same(t, all(t, 10, versions(t, s, "org_a", "conn_a", "deal")), []schema.Version{o.Present})
		}},
		{"one of concurrent states wins, and its version with it", concurrentSchemas},
		{"objects are listed by name, with every limit", schemaOrder},
		{"objects and versions of others are not listed, their cursors are invalid", othersSchemas},
		{"what is written and read is not shared", func(t *testing.T, s Stores) {
			o, want := newSchema("org_a", "conn_a", "deal"), newSchema("org_a", "conn_a", "deal")
			save(t, s, o, true)
			spoilSchema(&o)
			got := object(t, s, want)
			same(t, got, want)
			spoilSchema(&got)
			for _, v := range all(t, 10, versions(t, s, "org_a", "conn_a", "deal")) {
				v.Fields[0].Name = "late"
			}
			same(t, object(t, s, want), want)
			same(t, all(t, 10, versions(t, s, "org_a", "conn_a", "deal")), []schema.Version{want.Present})
		}},
		{"500 fields and a full proposal fit", largestSchema},
	}
}

func staleSchemas(t *testing.T, s Stores) {
	o := newSchema("org_a", "conn_a", "deal")
	for _, rev := range []int64{0, 2, 3} {
		o.Rev = rev
		for _, add := range []bool{true, false} {
			is(t, s.Schemas.SaveObject(ctx(t), o, add), fault.Conflict, store.CodeStale)
		}
	}
	_, err := s.Schemas.Object(ctx(t), "org_a", "conn_a", "deal")
	is(t, err, fault.NotFound, "")
	same(t, all(t, 10, versions(t, s, "org_a", "conn_a", "deal")), nil)
	o.Rev = 1
	save(t, s, o, true)
	other := newSchema("org_a", "conn_a", "deal")
	other.Title, other.Present.Number = "Other", 7
	for _, rev := range []int64{0, 1, 3} {
		other.Rev = rev
		for _, add := range []bool{true, false} {
			is(t, s.Schemas.SaveObject(ctx(t), other, add), fault.Conflict, store.CodeStale)
		}
	}
	same(t, object(t, s, o), o)
	same(t, all(t, 10, versions(t, s, "org_a", "conn_a", "deal")), []schema.Version{o.Present})
}

func versionOrder(t *testing.T, s Stores) {
	var want []schema.Version
	for number := 1; number <= 23; number++ { // ten comes behind nine
		o := newSchema("org_a", "conn_a", "deal")
		o.Rev, o.Present.Number, o.Present.By = int64(number), number, fmt.Sprint("key_", number)
		save(t, s, o, true)
		want = append(want, o.Present)
	}
	slices.Reverse(want)
	pages(t, want, versions(t, s, "org_a", "conn_a", "deal"))
}

func concurrentSchemas(t *testing.T, s Stores) {
	for _, add := range []bool{true, false} {
		for rev := int64(1); rev <= 2; rev++ {
			tries := make([]schema.Object, writers)
			errs := atOnce(t, func(n int) error {
				tries[n] = newSchema("org_a", "conn_a", fmt.Sprint("deal", add))
				tries[n].Title, tries[n].Rev, tries[n].Present.Number = fmt.Sprint("writer ", n), rev, n
				return s.Schemas.SaveObject(ctx(t), tries[n], add)
			})
			oneWins(t, errs)
			won := tries[slices.Index(errs, nil)]
			same(t, object(t, s, won), won)
			if stored := all(t, 100, versions(t, s, "org_a", "conn_a", won.Name)); add != slices.ContainsFunc(stored,
				func(v schema.Version) bool { return v.Number == won.Present.Number }) || len(stored) > int(rev) {
				t.Fatalf("the versions %+v are stored, version %d won", stored, won.Present.Number)
			}
		}
	}
}

func schemaOrder(t *testing.T, s Stores) {
	var want []schema.Object
	for _, name := range hostile() {
		if !slices.ContainsFunc(want, func(o schema.Object) bool { return o.Name == name }) {
			want = append(want, newSchema("org_a", "conn_a", name))
		}
	}
	for _, o := range want {
		save(t, s, o, true)
	}
	for _, o := range want {
		same(t, object(t, s, o), o)
		same(t, all(t, 10, versions(t, s, o.Organization, o.Connection, o.Name)), []schema.Version{o.Present})
	}
	slices.SortFunc(want, func(a, b schema.Object) int { return strings.Compare(a.Name, b.Name) })
	pages(t, want, schemas(t, s, "org_a", "conn_a"))
}

func othersSchemas(t *testing.T, s Stores) {
	for _, name := range []string{"one", "two"} {
		for _, o := range []schema.Object{newSchema("org_a", "conn_a", name), newSchema("org_b", "conn_a", name),
			newSchema("org_a", "conn_b", name), newSchema("org_a#conn_a", "", name)} {
			o.Title = fmt.Sprintf("%q %q", o.Organization, o.Connection)
			save(t, s, o, true)
			o.Rev, o.Present.Number = 2, 4
			save(t, s, o, true)
		}
	}
	for _, o := range all(t, 10, schemas(t, s, "org_a", "conn_a")) {
		if o.Title != `"org_a" "conn_a"` {
			t.Errorf("%s of %s is listed", o.Name, o.Title)
		}
	}
	refuses(t, schemas(t, s, "org_a", "conn_a"), next(schemas(t, s, "org_b", "conn_a")), next(schemas(t, s, "org_a", "conn_b")),
		next(versions(t, s, "org_a", "conn_a", "one")))
	refuses(t, versions(t, s, "org_a", "conn_a", "one"), next(versions(t, s, "org_b", "conn_a", "one")),
		next(versions(t, s, "org_a", "conn_b", "one")), next(versions(t, s, "org_a", "conn_a", "two")))
}

// largestSchema is as large as an object becomes: all fields ask for another type, with examples that do not compress.
func largestSchema(t *testing.T, s Stores) {
	random := rand.New(rand.NewPCG(1, 2))
	o := newSchema("org_a", "conn_a", "deal")
	o.Present.Fields, o.Proposal = nil, &schema.Proposal{Since: base(), UpdatedAt: base()}
	for n := range 500 {
		name := fmt.Sprint(n, " ", noise(random, 40))
		o.Present.Fields = append(o.Present.Fields, schema.Field{Name: name, Type: schema.Number})
		c := schema.Change{Field: name, From: schema.Number, To: schema.Text, Rows: int64(n)}
		for e := range 3 {
			c.Examples = append(c.Examples, schema.Example{Value: noise(random, 120),
				Entry: fmt.Sprintf("01KAN5%s-%08d", noise(random, 20), e)})
		}
		o.Proposal.Changes = append(o.Proposal.Changes, c)
	}
	for n := range schema.MaxCounted {
		o.Proposal.Counted = append(o.Proposal.Counted, fmt.Sprintf("01KAN5%s-%d", noise(random, 20), n))
	}
	save(t, s, o, true)
	same(t, object(t, s, o), o)
}

func noise(random *rand.Rand, n int) string {
	const letters = "ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz0123456789"
	text := make([]byte, n)
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return string(text)
}

// newSchema makes an object with everything that an object can have.
func newSchema(organization, connection, name string) schema.Object {
	at := base().Add(time.Hour)
	return schema.Object{
		Organization: organization, Connection: connection, Name: name, Title: "Deal <&> ü", IDField: "ID", VersionField: "changed at",
		Follows: true, State: schema.Confirmed, FirstSeen: base(), UpdatedAt: at, Rev: 1,
		Present: schema.Version{Number: 3, Origin: schema.Accepted, At: at, By: "key_1", Fields: []schema.Field{
			{Name: "ID", Type: schema.Text, Required: true},
			{Name: "stage", Type: schema.Choice, Choices: []string{"won", "lost", "<&>"}}}},
		Proposal: &schema.Proposal{Rows: 12, Since: base(), UpdatedAt: at, Counted: []string{"01A-0", "01B-1"}, Changes: []schema.Change{
			{Field: "amount", From: schema.Number, To: schema.Text, Choices: []string{"x"}, Optional: true, Rows: 7,
				Examples: []schema.Example{{Value: `"<b>\u0000"`, Entry: "01A-00000001"}}},
			{Field: "new", To: schema.Date, Rows: 5}}},
	}
}

func spoilSchema(o *schema.Object) {
	o.Present.Fields[0].Name, o.Present.Fields[1].Choices[0] = "late", "late"
	p := o.Proposal
	p.Rows, p.Counted[0], p.Changes[0].Field, p.Changes[0].Choices[0], p.Changes[0].Examples[0].Value = 99, "late", "late", "late", "late"
}

func save(t *testing.T, s Stores, o schema.Object, addVersion bool) {
	t.Helper()
	ok(t, s.Schemas.SaveObject(ctx(t), o, addVersion))
}

func object(t *testing.T, s Stores, o schema.Object) schema.Object {
	t.Helper()
	got, err := s.Schemas.Object(ctx(t), o.Organization, o.Connection, o.Name)
	ok(t, err)
	return got
}

func schemas(t *testing.T, s Stores, organization, connection string) func(store.Page) ([]schema.Object, string, error) {
	return func(p store.Page) ([]schema.Object, string, error) {
		return s.Schemas.Objects(ctx(t), organization, connection, p)
	}
}

func versions(t *testing.T, s Stores, organization, connection, name string) func(store.Page) ([]schema.Version, string, error) {
	return func(p store.Page) ([]schema.Version, string, error) {
		return s.Schemas.Versions(ctx(t), organization, connection, name, p)
	}
}
