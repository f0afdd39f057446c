package secret_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
)

func open(t *testing.T) (*secret.Keyring, *secrettest.KMS, secret.Box) {
	t.Helper()
	client, err := secrettest.New()
	if err != nil {
		t.Fatal(err)
	}
	ring := secret.NewKeyring(client, "key")
	wrapped, err := ring.NewDataKey(context.Background(), "org_1")
	if err != nil {
		t.Fatal(err)
	}
	box, err := ring.Open(context.Background(), "org_1", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return ring, client, box
}

func TestWhatIsSealedOpensForItsPurposeOnly(t *testing.T) {
	_, _, box := open(t)
	plain := []byte("hunter2")
	sealed := box.Seal(secret.SigningKey, plain)
	if got, err := box.Open(secret.SigningKey, sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("got %q, %v", got, err)
	}
	if bytes.Contains(sealed, plain) || bytes.Equal(sealed, box.Seal(secret.SigningKey, plain)) {
		t.Fatal("sealing shows something")
	}
	if _, err := box.Open(secret.Receipt, sealed); !fault.Is(err, fault.Internal) {
		t.Fatalf("another purpose: %v", err)
	}
	_, _, other := open(t)
	if _, err := other.Open(secret.SigningKey, sealed); err == nil {
		t.Fatal("another key opened it")
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := box.Open(secret.SigningKey, broken); err == nil {
			t.Fatalf("with byte %d flipped it opened", i)
		}
	}
	for i := range sealed {
		if _, err := box.Open(secret.SigningKey, sealed[:i]); err == nil {
			t.Fatalf("cut to %d bytes it opened", i)
		}
	}
}

func TestADataKeyBelongsToItsOrganization(t *testing.T) {
	ring, client, _ := open(t)
	wrapped, err := ring.NewDataKey(context.Background(), "org_2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open(context.Background(), "org_1", wrapped); !fault.Is(err, fault.Internal) {
		t.Fatalf("got %v", err)
	}
	before := client.Calls.Load()
	for range 5 {
		if _, err := ring.Open(context.Background(), "org_2", wrapped); err != nil {
			t.Fatal(err)
		}
	}
	if calls := client.Calls.Load() - before; calls != 1 {
		t.Fatalf("opening a key five times took %d calls", calls)
	}
	if _, err := ring.Open(context.Background(), "org_1", wrapped); err == nil {
		t.Fatal("the cache opened another organization's key")
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	ring, client, _ := open(t)
	for i := range 1500 {
		organization := fmt.Sprint("org_", i)
		wrapped, err := ring.NewDataKey(context.Background(), organization)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Open(context.Background(), organization, wrapped); err != nil {
			t.Fatal(err)
		}
	}
	if client.Calls.Load() < 3000 {
		t.Fatalf("%d calls", client.Calls.Load())
	}
}

func TestMACsDifferByPurposeAndKey(t *testing.T) {
	_, _, box := open(t)
	_, _, other := open(t)
	mac := box.MAC(secret.Cursor, []byte("data"))
	if len(mac) != 32 || !bytes.Equal(mac, box.MAC(secret.Cursor, []byte("data"))) {
		t.Fatal("a MAC must be stable")
	}
	for _, m := range [][]byte{box.MAC(secret.Receipt, []byte("data")), box.MAC(secret.Cursor, []byte("Data")), other.MAC(secret.Cursor, []byte("data"))} {
		if bytes.Equal(m, mac) {
			t.Fatal("two MACs are equal that must not be")
		}
	}
}

func TestABoxDoesNotPrintItsKey(t *testing.T) {
	_, _, box := open(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, box); text != "secret.Box" && !strings.Contains(text, "secret.Box") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

type failing struct {
	secret.KMS
	code string
}

func (f failing) Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	return nil, &smithy.GenericAPIError{Code: f.code}
}

func (f failing) GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error) {
	return nil, &smithy.GenericAPIError{Code: f.code}
}

func TestFailuresOfKMSHaveTheirKind(t *testing.T) {
	for code, kind := range map[string]fault.Kind{"ThrottlingException": fault.RateLimited, "AccessDeniedException": fault.Internal} {
		ring := secret.NewKeyring(failing{code: code}, "key")
		if _, err := ring.NewDataKey(context.Background(), "org_1"); !fault.Is(err, kind) {
			t.Errorf("%s: %v", code, err)
		}
		if _, err := ring.Open(context.Background(), "org_1", []byte("x")); !fault.Is(err, kind) {
			t.Errorf("%s: %v", code, err)
		}
	}
}
