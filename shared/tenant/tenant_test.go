package tenant_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/tenant"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// What each role allows, by the role that is needed: every pair.
func TestRoles(t *testing.T) {
	allowed := map[tenant.Role][]tenant.Role{
		tenant.Owner:   {tenant.Owner, tenant.Admin, tenant.Manager, tenant.Reader, tenant.Ingest},
		tenant.Admin:   {tenant.Admin, tenant.Manager, tenant.Reader, tenant.Ingest},
		tenant.Manager: {tenant.Manager, tenant.Reader, tenant.Ingest},
		tenant.Reader:  {tenant.Reader},
		tenant.Ingest:  {tenant.Ingest},
		// What is no role allows nothing and is allowed to nobody; the names of before are none.
		"": nil, "root": nil, "OWNER": nil, "operator": nil, "viewer": nil,
	}
	for have, list := range allowed {
		for needed := range allowed {
			if got, want := have.Allows(needed), slices.Contains(list, needed); got != want {
				t.Errorf("%q allows %q: got %t", have, needed, got)
			}
		}
		if got, want := have.Valid(), list != nil; got != want {
			t.Errorf("%q is valid: got %t", have, got)
		}
	}
	if len(tenant.Roles()) != 5 {
		t.Errorf("%d roles", len(tenant.Roles()))
	}
}

func TestAPIKeyWorks(t *testing.T) {
	forever := tenant.APIKey{}
	expiring := tenant.APIKey{ExpiresAt: noon}
	revoked := tenant.APIKey{RevokedAt: noon, ExpiresAt: noon.Add(time.Hour)}
	for _, c := range []struct {
		name string
		key  tenant.APIKey
		at   time.Time
		want bool
	}{
		{"without an end", forever, noon.Add(1e5 * time.Hour), true},
		{"before its end", expiring, noon.Add(-1), true},
		{"at its end", expiring, noon, false},
		{"after its end", expiring, noon.Add(time.Hour), false},
		{"revoked", revoked, noon.Add(1), false},
		{"revoked, by a clock that is slow", revoked, noon.Add(-time.Minute), false},
	} {
		if got := c.key.Works(c.at); got != c.want {
			t.Errorf("%s: got %t", c.name, got)
		}
	}
}

func TestNewAPIKeyKeepsOnlyTheHash(t *testing.T) {
	text, key, err := tenant.NewAPIKey("org_000000000001", "ci", tenant.Reader, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^llk_[A-Za-z0-9_-]{43}$`).MatchString(text) || !tenant.IsAPIKey(text) {
		t.Errorf("the key has the form %q", text)
	}
	if !regexp.MustCompile(`^key_[0-9a-z]{12}$`).MatchString(key.ID) || strings.Contains(text, key.ID[4:]) {
		t.Errorf("the key has the id %q", key.ID)
	}
	want := tenant.APIKey{ID: key.ID, Hash: tenant.HashToken(text), Organization: "org_000000000001", Name: "ci", Role: tenant.Reader, CreatedAt: noon}
	if !reflect.DeepEqual(key, want) {
		t.Errorf("got %+v", key)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "llk_"))
	if err != nil || len(raw) != 32 {
		t.Errorf("the key holds %d random bytes (%v)", len(raw), err)
	}
}

func TestIsAPIKeyRefusesOtherTexts(t *testing.T) {
	good := "llk_" + strings.Repeat("a", 43)
	for _, text := range []string{"", "llk_", good[4:], good + "a", good[:46], "LLK_" + good[4:], "llk_" + strings.Repeat("+", 43)} {
		if tenant.IsAPIKey(text) {
			t.Errorf("%q passes", text)
		}
	}
	if !tenant.IsAPIKey(good) {
		t.Error("a key is refused")
	}
}

func TestShortRandomIsAnError(t *testing.T) {
	short := func() io.Reader { return bytes.NewReader(make([]byte, 5)) }
	if _, err := tenant.NewToken(short()); err == nil {
		t.Error("a token of 5 bytes")
	}
	if _, _, err := tenant.NewAPIKey("o", "n", tenant.Admin, noon, short()); err == nil {
		t.Error("a key of 5 bytes")
	}
	if _, err := tenant.NewID("org", short()); err == nil {
		t.Error("an id of 5 characters")
	}
}

// Every byte value once: each letter must come out equally often, the values that cannot be shared out evenly dropped.
func TestNewIDIsUnbiased(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	random := bytes.NewReader(all)
	count := map[rune]int{}
	for range 252 / 12 {
		id, err := tenant.NewID(tenant.ConnectionID, random)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^conn_[0-9a-z]{12}$`).MatchString(id) {
			t.Fatalf("got %q", id)
		}
		for _, c := range strings.TrimPrefix(id, "conn_") {
			count[c]++
		}
	}
	if len(count) != 36 {
		t.Errorf("%d letters of 36 came out", len(count))
	}
	for c, n := range count {
		if n != 7 {
			t.Errorf("%q came out %d times, not 7", c, n)
		}
	}
	if _, err := tenant.NewID("conn", random); err == nil {
		t.Error("the last four byte values were used")
	}
}

func TestRotate(t *testing.T) {
	key := func(name string) tenant.SigningKey {
		return tenant.SigningKey{Fingerprint: tenant.Fingerprint(name), Sealed: []byte(name), CreatedAt: noon}
	}
	c := tenant.Connection{ID: "conn_1", Rev: 1}

	first := c.Rotate(key("one"), time.Hour, noon)
	if len(first.Keys) != 1 || first.Rev != 2 || !first.UpdatedAt.Equal(noon) || first.PresentKey() == nil {
		t.Fatalf("the first key: %+v", first)
	}
	second := first.Rotate(key("two"), time.Hour, noon)
	if len(second.Keys) != 2 || string(second.Keys[0].Sealed) != "two" || !second.Keys[1].ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Fatalf("the second key: %+v", second)
	}
	if len(first.Keys) != 1 || !first.Keys[0].ExpiresAt.IsZero() {
		t.Fatal("Rotate changed the connection that it was given")
	}
	third := second.Rotate(key("three"), time.Minute, noon)
	if len(third.Keys) != 2 || string(third.Keys[1].Sealed) != "two" || !third.Keys[1].ExpiresAt.Equal(noon.Add(time.Minute)) {
		t.Fatalf("the third key: %+v", third)
	}
	if at := noon.Add(time.Minute); len(third.ValidKeys(at)) != 1 || len(third.ValidKeys(at.Add(-1))) != 2 || len(third.Keys) != 2 {
		t.Error("a replaced key is accepted until its end, not at it")
	}
	if alone := third.Rotate(key("four"), 0, noon); len(alone.Keys) != 1 {
		t.Errorf("without an overlap: %+v", alone.Keys)
	}
}

func TestRotateNeverLeavesMoreThanTwoKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, c := noon, tenant.Connection{}
		for i := range rapid.IntRange(1, 20).Draw(t, "rotations") {
			name := rapid.StringMatching(`[a-f]{1,3}`).Draw(t, "key")
			overlap := time.Duration(rapid.IntRange(0, 1000).Draw(t, "overlap")) * time.Second
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "pause")) * time.Second)
			before := c.PresentKey()
			c = c.Rotate(tenant.SigningKey{Sealed: []byte(name), CreatedAt: now}, overlap, now)
			switch valid := c.ValidKeys(now); {
			case c.Rev != int64(i+1):
				t.Fatalf("rev %d after %d rotations", c.Rev, i+1)
			case len(c.Keys) > 2 || len(valid) == 0 || string(valid[0].Sealed) != name || !valid[0].ExpiresAt.IsZero():
				t.Fatalf("keys %+v", c.Keys)
			case before != nil && overlap > 0 && (len(valid) != 2 || !bytes.Equal(valid[1].Sealed, before.Sealed)):
				t.Fatalf("the key before is not accepted any more: %+v", valid)
			}
		}
	})
}

func TestWithStatusCountsAsAChange(t *testing.T) {
	c := tenant.Connection{Status: tenant.Active, Rev: 4}
	d := c.WithStatus(tenant.Disabled, noon)
	if d.Status != tenant.Disabled || d.Rev != 5 || !d.UpdatedAt.Equal(noon) || c.Status != tenant.Active {
		t.Errorf("got %+v", d)
	}
}

// TestWhoGetsNotices: owners and admins with an address, who are there and did not say no.
func TestWhoGetsNotices(t *testing.T) {
	admin := tenant.Person{Email: "ada@example.com", Role: tenant.Admin, Status: tenant.Invited}
	with := func(change func(*tenant.Person)) tenant.Person {
		p := admin
		change(&p)
		return p
	}
	for name, test := range map[string]struct {
		person tenant.Person
		want   bool
	}{
		"an admin":           {admin, true},
		"an owner":           {with(func(p *tenant.Person) { p.Role, p.Status = tenant.Owner, tenant.Working }), true},
		"a manager":          {with(func(p *tenant.Person) { p.Role = tenant.Manager }), false},
		"who may ingest":     {with(func(p *tenant.Person) { p.Role = tenant.Ingest }), false},
		"who was offboarded": {with(func(p *tenant.Person) { p.Status = tenant.Offboarded }), false},
		"who said no":        {with(func(p *tenant.Person) { p.Mail = tenant.MailNone }), false},
		"without an address": {with(func(p *tenant.Person) { p.Email = "" }), false},
	} {
		if got := test.person.GetsNotices(); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAccountAndSettingsCountAsChanges(t *testing.T) {
	c := tenant.Connection{Name: "old", Rev: 4}
	d := c.WithAccount("orga_1", "Acme", noon).WithSettings("new", "https://api.example.com", noon)
	if d.AccountID != "orga_1" || d.AccountName != "Acme" || d.Name != "new" || d.BaseURL != "https://api.example.com" || d.Rev != 6 || !d.UpdatedAt.Equal(noon) || c.Name != "old" {
		t.Errorf("got %+v", d)
	}
}
