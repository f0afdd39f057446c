package payee_test

import (
	"bytes"
	"testing"

	"leadline/shared/fault"
	"leadline/shared/payee"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
)

func newBox(t *testing.T, organization string) secret.Box {
	t.Helper()
	k := secrettest.NewKeyring(t)
	wrapped, err := k.NewDataKey(t.Context(), organization)
	if err != nil {
		t.Fatal(err)
	}
	box, err := k.Open(t.Context(), organization, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestSealedOpensForItsOwnerAlone(t *testing.T) {
	box := newBox(t, "org_a")
	bank := german()
	bank.IBAN = "de89 3704 0044 0532 0130 00"
	sealed, err := bank.Seal(box, "org_a", "mem_a")
	if err != nil || bytes.Contains(sealed, []byte("0532")) {
		t.Fatalf("%q, %v", sealed, err)
	}
	if got, err := payee.OpenBank(box, "org_a", "mem_a", sealed); err != nil || got != german() {
		t.Errorf("%+v, %v", got, err)
	}
	id, err := payee.SealTaxID(box, "org_a", "mem_a", "abcde 1234f")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := payee.OpenTaxID(box, "org_a", "mem_a", id); err != nil || got != "ABCDE1234F" {
		t.Errorf("%q, %v", got, err)
	}
	bankOf := func(box secret.Box, organization, owner string, sealed []byte) error {
		got, err := payee.OpenBank(box, organization, owner, sealed)
		if got != (payee.Bank{}) {
			t.Errorf("opened %+v", got)
		}
		return err
	}
	taxIDOf := func(organization, owner string, sealed []byte) error {
		got, err := payee.OpenTaxID(box, organization, owner, sealed)
		if got != "" {
			t.Errorf("opened %q", got)
		}
		return err
	}
	loose := box.Seal(secret.PurposeBank, []byte(`{"holder":"Jo","iban":"`+german().IBAN+`"}`))
	odd := box.Seal(secret.PurposeBank, []byte(`{"organization":"org_a","owner":"mem_a","kind":"bank","value":"`+german().IBAN+`"}`))
	for name, err := range map[string]error{
		"another participant's":  bankOf(box, "org_a", "mem_b", sealed),
		"another organization's": bankOf(box, "org_b", "mem_a", sealed),
		"another box":            bankOf(newBox(t, "org_a"), "org_a", "mem_a", sealed),
		"a tax id":               bankOf(box, "org_a", "mem_a", id),
		"changed":                bankOf(box, "org_a", "mem_a", append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1)),
		"nothing":                bankOf(box, "org_a", "mem_a", nil),
		"nobody's":               bankOf(box, "org_a", "mem_a", loose),
		"of another shape":       bankOf(box, "org_a", "mem_a", odd),
		"bank details":           taxIDOf("org_a", "mem_a", sealed),
		"another's tax id":       taxIDOf("org_a", "mem_b", id),
		"of another's":           taxIDOf("org_b", "mem_a", id),
	} {
		if f := fault.Of(err); f == nil || f.Kind != fault.Internal || f.Code != "secret_refused" {
			t.Errorf("%s: %v, want it refused", name, err)
		}
		if err != nil && (bytes.Contains([]byte(err.Error()), []byte("0532")) || bytes.Contains([]byte(err.Error()), []byte("1234F"))) {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
}
