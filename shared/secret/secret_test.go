package secret_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
)

const secretText = "0d1cf0e9c1f7c0ffee signing key"

func open(t *testing.T, k *secret.Keyring, organization string, wrapped []byte) secret.Box {
	t.Helper()
	box, err := k.Open(t.Context(), organization, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func newKey(t *testing.T, k *secret.Keyring, organization string) []byte {
	t.Helper()
	wrapped, err := k.NewDataKey(t.Context(), organization)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if !fault.Is(err, fault.Internal) || fault.Of(err).Code != "secret_refused" {
		t.Errorf("%s: %v, want it refused", what, err)
	}
	if err != nil && (strings.Contains(err.Error(), secretText) || strings.Contains(err.Error(), hex.EncodeToString([]byte(secretText)))) {
		t.Errorf("%s: the error tells the secret", what)
	}
}

func TestSealedOpensForItsPurposeAlone(t *testing.T) {
	k := secrettest.NewKeyring(t)
	wrapped := newKey(t, k, "org_a")
	box := open(t, k, "org_a", wrapped)
	for _, text := range []string{"", "x", secretText, strings.Repeat("long ", 10000)} {
		sealed := box.Seal("signing key", []byte(text))
		if len(text) > 1 && bytes.Contains(sealed, []byte(text)) {
			t.Error("the sealed text shows the secret")
		}
		if bytes.Equal(sealed, box.Seal("signing key", []byte(text))) {
			t.Error("two sealings are the same")
		}
		got, err := open(t, k, "org_a", wrapped).Open("signing key", sealed)
		if err != nil || string(got) != text {
			t.Errorf("got %d bytes, %v, want %d", len(got), err, len(text))
		}
		for _, purpose := range []string{"", "signing ke", "signing keys", "receipt"} {
			_, err := box.Open(purpose, sealed)
			refused(t, "purpose "+purpose, err)
		}
		_, err = open(t, k, "org_b", newKey(t, k, "org_b")).Open("signing key", sealed)
		refused(t, "another organization's box", err)
		_, err = open(t, k, "org_a", newKey(t, k, "org_a")).Open("signing key", sealed)
		refused(t, "another data key", err)
	}
}

func TestEveryChangeIsRefused(t *testing.T) {
	k := secrettest.NewKeyring(t)
	box := open(t, k, "org_a", newKey(t, k, "org_a"))
	sealed := box.Seal("p", []byte(secretText))
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			_, err := box.Open("p", changed)
			refused(t, fmt.Sprintf("bit %d of byte %d", bit, i), err)
		}
	}
	for n := range sealed {
		_, err := box.Open("p", sealed[:n])
		refused(t, fmt.Sprintf("the first %d bytes", n), err)
	}
	_, err := box.Open("p", append(bytes.Clone(sealed), 0))
	refused(t, "a byte more", err)
}

func TestDataKeysOpenForTheirOrganizationAlone(t *testing.T) {
	k := secrettest.NewKeyring(t)
	wrapped := newKey(t, k, "org_a")
	for what, try := range map[string]struct {
		organization string
		wrapped      []byte
	}{
		"another organization": {"org_b", wrapped}, "no organization": {"", wrapped},
		"changed": {"org_a", append(bytes.Clone(wrapped[1:]), 0)}, "cut": {"org_a", wrapped[:10]}, "nothing": {"org_a", nil},
	} {
		_, err := k.Open(t.Context(), try.organization, try.wrapped)
		refused(t, what, err)
	}
	_, err := secrettest.NewKeyring(t).Open(t.Context(), "org_a", wrapped)
	refused(t, "another master key", err)
}

func TestOpenedKeysAreRemembered(t *testing.T) {
	master := secrettest.NewMaster(t)
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	k := secret.New(master, secret.Options{TTL: time.Minute, Size: 2, Now: func() time.Time { return now }})
	calls := func(what string, want int, do func()) {
		t.Helper()
		before := master.Calls()
		do()
		if got := master.Calls() - before; got != want {
			t.Errorf("%s: %d calls of the master key, want %d", what, got, want)
		}
	}
	var a, b, c []byte
	calls("new key", 1, func() { a = newKey(t, k, "org_a") })
	calls("open what was just made", 0, func() { open(t, k, "org_a", a) })
	now = now.Add(time.Minute - 1)
	calls("open within the time", 0, func() { open(t, k, "org_a", a) })
	now = now.Add(1)
	calls("open after the time", 1, func() { open(t, k, "org_a", a) })
	calls("open again", 0, func() { open(t, k, "org_a", a) })
	calls("two more keys", 2, func() { b, c = newKey(t, k, "org_b"), newKey(t, k, "org_c") })
	calls("the newest is remembered", 0, func() { open(t, k, "org_c", c) })
	before := master.Calls()
	open(t, k, "org_a", a)
	open(t, k, "org_b", b)
	if master.Calls() == before {
		t.Error("three keys are remembered, two are allowed")
	}
	calls("a refusal is not remembered", 2, func() {
		for range 2 {
			if _, err := k.Open(t.Context(), "org_x", a); err == nil {
				t.Error("opened")
			}
		}
	})
}

func TestKeyringIsSafeForConcurrentUse(t *testing.T) {
	k := secret.New(secrettest.NewMaster(t), secret.Options{Size: 3})
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			organization := fmt.Sprint("org_", n)
			wrapped, err := k.NewDataKey(t.Context(), organization)
			if err != nil {
				t.Error(err)
				return
			}
			for range 50 {
				box, err := k.Open(t.Context(), organization, wrapped)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := box.Open("p", box.Seal("p", []byte(organization))); err != nil || string(got) != organization {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
	group.Wait()
}

func TestMasterKeyFailuresKeepTheirKind(t *testing.T) {
	k := secrettest.NewKeyring(t)
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := k.NewDataKey(ended, "org_a"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := k.Open(ended, "org_a", []byte("x")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestMACs(t *testing.T) {
	k := secrettest.NewKeyring(t)
	box := open(t, k, "org_a", newKey(t, k, "org_a"))
	other := open(t, k, "org_a", newKey(t, k, "org_a"))
	data := []byte("cursor")
	mac := box.MAC("cursor", data)
	if !box.Verify("cursor", data, mac) || len(mac) != 32 {
		t.Fatal("a signature does not verify")
	}
	changed := bytes.Clone(mac)
	changed[31] ^= 1
	for what, ok := range map[string]bool{
		"another purpose": box.Verify("curso", data, mac), "purpose and data moved": box.Verify("cursorc", []byte("ursor"), mac),
		"other data": box.Verify("cursor", []byte("cursos"), mac), "changed": box.Verify("cursor", data, changed),
		"cut": box.Verify("cursor", data, mac[:31]), "nothing": box.Verify("cursor", data, nil), "another key": other.Verify("cursor", data, mac),
	} {
		if ok {
			t.Errorf("%s verifies", what)
		}
	}
}

func TestBoxesShowNothing(t *testing.T) {
	k := secrettest.NewKeyring(t)
	box := open(t, k, "org_a", newKey(t, k, "org_a"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, box); got != "secret.Box" {
			t.Errorf("%s prints %q", verb, got)
		}
		if got := fmt.Sprintf(verb, struct{ B *secret.Box }{&box}); strings.Contains(got, "[") {
			t.Errorf("%s of a pointer prints %q", verb, got)
		}
	}
	if raw, err := json.Marshal(struct{ Box secret.Box }{box}); err != nil || string(raw) != `{"Box":{}}` {
		t.Errorf("JSON: %s, %v", raw, err)
	}
}
