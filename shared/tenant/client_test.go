package tenant_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/tenant"
)

func TestNewClientSecretKeepsOnlyTheHash(t *testing.T) {
	text, secret, err := tenant.NewClientSecret(noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^cls_[A-Za-z0-9_-]{43}$`).MatchString(text) {
		t.Errorf("the secret has the form %q", text)
	}
	want := tenant.ClientSecret{Hash: tenant.HashToken(text), Fingerprint: tenant.Fingerprint(text), CreatedAt: noon}
	if secret != want || len(secret.Fingerprint) != 8 {
		t.Errorf("got %+v", secret)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "cls_"))
	if err != nil || len(raw) != 32 {
		t.Errorf("the secret holds %d random bytes (%v)", len(raw), err)
	}
	if strings.Contains(fmt.Sprintf("%+v", secret), text[4:]) {
		t.Error("what is stored shows the secret")
	}
	if again, _, err := tenant.NewClientSecret(noon, rand.Reader); err != nil || again == text {
		t.Errorf("the second secret is the first (%v)", err)
	}
	if _, _, err := tenant.NewClientSecret(noon, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a secret of 31 bytes")
	}
}

func secret(text string) tenant.ClientSecret {
	return tenant.ClientSecret{Hash: tenant.HashToken(text), Fingerprint: tenant.Fingerprint(text), CreatedAt: noon}
}

func TestRotateClient(t *testing.T) {
	c := tenant.Client{ID: "cli_1", Status: tenant.Active, Rev: 1}
	if c.PresentSecret() != nil {
		t.Error("a client without secrets has a present one")
	}
	first := c.Rotate(secret("one"), time.Hour, noon)
	if len(first.Secrets) != 1 || first.Rev != 2 || !first.UpdatedAt.Equal(noon) || *first.PresentSecret() != secret("one") {
		t.Fatalf("the first secret: %+v", first)
	}
	second := first.Rotate(secret("two"), time.Hour, noon)
	if len(second.Secrets) != 2 || *second.PresentSecret() != secret("two") || !second.Secrets[1].ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Fatalf("the second secret: %+v", second)
	}
	if len(first.Secrets) != 1 || !first.Secrets[0].ExpiresAt.IsZero() {
		t.Fatal("Rotate changed the client that it was given")
	}
	third := second.Rotate(secret("three"), time.Minute, noon)
	if len(third.Secrets) != 2 || third.Secrets[1].Hash != secret("two").Hash || !third.Secrets[1].ExpiresAt.Equal(noon.Add(time.Minute)) {
		t.Fatalf("the third secret: %+v", third)
	}
	if at := noon.Add(time.Minute); len(third.ValidSecrets(at)) != 1 || len(third.ValidSecrets(at.Add(-1))) != 2 || len(third.Secrets) != 2 {
		t.Error("a replaced secret is accepted until its end, not at it")
	}
	if alone := third.Rotate(secret("four"), 0, noon); len(alone.Secrets) != 1 {
		t.Errorf("without an overlap: %+v", alone.Secrets)
	}
	expiring := secret("five")
	expiring.ExpiresAt = noon
	if got := third.Rotate(expiring, 0, noon); got.PresentSecret() == nil {
		t.Error("the new secret is not the present one")
	}
}

func TestAtMostTwoSecretsAreAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, c := noon, tenant.Client{Status: tenant.Active}
		var texts []string
		for i := range rapid.IntRange(1, 12).Draw(t, "rotations") {
			overlap := time.Duration(rapid.IntRange(0, 1000).Draw(t, "overlap")) * time.Second
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "pause")) * time.Second)
			texts = append(texts, fmt.Sprint("secret ", i))
			c = c.Rotate(secret(texts[i]), overlap, now)
			hook := c.HookOf(tenant.Organization{})
			var accepted []string
			for _, text := range texts {
				if hook.Accepts(text, now) {
					accepted = append(accepted, text)
				}
			}
			if len(accepted) != len(c.ValidSecrets(now)) || len(accepted) > 2 || accepted[len(accepted)-1] != texts[i] ||
				(len(accepted) == 2) != (i > 0 && overlap > 0) {
				t.Fatalf("accepted are %q of %+v", accepted, c.Secrets)
			}
		}
	})
}

func TestHookOfClient(t *testing.T) {
	c := tenant.Client{ID: "cli_1", Organization: "org_1", Connection: "conn_1", Name: "n", Status: tenant.Disabled, Rev: 7}.
		Rotate(secret("one"), 0, noon)
	hook := c.HookOf(tenant.Organization{ID: "org_1", DataKey: []byte("wrapped"), Quotas: tenant.Quotas{RowsPerDay: 9, People: 3}})
	if hook.Client != "cli_1" || hook.Organization != "org_1" || hook.Connection != "conn_1" || hook.Status != tenant.Disabled ||
		len(hook.Secrets) != 1 || hook.Secrets[0] != secret("one") || string(hook.DataKey) != "wrapped" || hook.RowsPerDay != 9 {
		t.Errorf("got %+v", hook)
	}
}

func TestClientWithStatusCountsAsAChange(t *testing.T) {
	c := tenant.Client{Status: tenant.Active, Rev: 4}
	d := c.WithStatus(tenant.Disabled, noon)
	if d.Status != tenant.Disabled || d.Rev != 5 || !d.UpdatedAt.Equal(noon) || c.Status != tenant.Active {
		t.Errorf("got %+v", d)
	}
}

func TestAccepts(t *testing.T) {
	expired, replaced, present := secret("expired"), secret("replaced"), secret("present")
	expired.ExpiresAt, replaced.ExpiresAt = noon, noon.Add(time.Hour)
	active := tenant.ClientHook{Client: "cli_1", Status: tenant.Active, Secrets: []tenant.ClientSecret{present, replaced, expired}}
	disabled := active
	disabled.Status = tenant.Disabled
	bare := tenant.ClientHook{Client: "cli_1", Status: tenant.Active}
	hashless := tenant.ClientHook{Client: "cli_1", Status: tenant.Active, Secrets: []tenant.ClientSecret{{}, {Hash: "short"}}}
	for _, c := range []struct {
		name string
		hook tenant.ClientHook
		text string
		at   time.Time
		want bool
	}{
		{"the present secret", active, "present", noon, true},
		{"the present secret, much later", active, "present", noon.Add(1e5 * time.Hour), true},
		{"a replaced secret in its overlap", active, "replaced", noon.Add(time.Hour - 1), true},
		{"a replaced secret at its end", active, "replaced", noon.Add(time.Hour), false},
		{"an expired secret", active, "expired", noon, false},
		{"an expired secret, before it expired", active, "expired", noon.Add(-1), true},
		{"a wrong secret", active, "wrong", noon, false},
		{"no secret", active, "", noon, false},
		{"a hash instead of the secret", active, present.Hash, noon, false},
		{"a secret in other case", active, "PRESENT", noon, false},
		{"a secret with more behind it", active, "present ", noon, false},
		{"a disabled client", disabled, "present", noon, false},
		{"a client without secrets", bare, "present", noon, false},
		{"a client without secrets, no secret", bare, "", noon, false},
		{"an unknown client", tenant.ClientHook{}, "present", noon, false},
		{"an unknown client, no secret", tenant.ClientHook{}, "", noon, false},
		{"an unknown client, what stands in for a hash", tenant.ClientHook{}, strings.Repeat(" ", 64), noon, false},
		{"secrets without a hash", hashless, "", noon, false},
		{"secrets that are no hash", hashless, "short", noon, false},
	} {
		if got := c.hook.Accepts(c.text, c.at); got != c.want {
			t.Errorf("%s: got %t", c.name, got)
		}
	}
}

func TestNormalizeEmail(t *testing.T) {
	for email, want := range map[string]string{
		"":                       "",
		"imogen@example.com":     "imogen@example.com",
		" Imogen@Example.COM\t":  "imogen@example.com",
		"Ümit@EXAMPLE.com":       "ümit@example.com",
		"first.last+a@Example.x": "first.last+a@example.x", // not one mailbox by any rule that holds for all providers
	} {
		if got := tenant.NormalizeEmail(email); got != want || tenant.NormalizeEmail(got) != got {
			t.Errorf("%q: got %q", email, got)
		}
	}
}
