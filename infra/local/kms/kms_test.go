package kms_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/aws/smithy-go"

	"leadline/infra/local/kms"
)

func start(t *testing.T, opts kms.Options) (*kms.Keys, *awskms.Client) {
	t.Helper()
	keys, err := kms.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(keys)
	t.Cleanup(server.Close)
	return keys, awskms.New(awskms.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func ensure(t *testing.T, keys *kms.Keys, id string) string {
	t.Helper()
	arn, err := keys.Ensure(id)
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

func TestDataKeyDecryptsWithoutNamingItsKey(t *testing.T) {
	keys, client := start(t, kms.Options{})
	arn := ensure(t, keys, "Secrets")
	ensure(t, keys, "Other")
	if arn != "arn:aws:kms:us-east-1:000000000000:key/Secrets" {
		t.Errorf("ARN %s", arn)
	}
	context := map[string]string{"organization": "org_1", "purpose": "secrets"}
	made, err := client.GenerateDataKey(t.Context(), &awskms.GenerateDataKeyInput{KeyId: &arn, KeySpec: types.DataKeySpecAes256, EncryptionContext: context})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Plaintext) != 32 || bytes.Contains(made.CiphertextBlob, made.Plaintext) || *made.KeyId != arn {
		t.Errorf("data key of %d bytes under %s", len(made.Plaintext), *made.KeyId)
	}
	for _, id := range []*string{nil, &arn, aws.String("Secrets")} {
		got, err := client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: made.CiphertextBlob, EncryptionContext: context, KeyId: id})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Plaintext, made.Plaintext) || *got.KeyId != arn || got.EncryptionAlgorithm != types.EncryptionAlgorithmSpecSymmetricDefault {
			t.Errorf("decrypted otherwise: %s %s", *got.KeyId, got.EncryptionAlgorithm)
		}
	}
	again, err := client.GenerateDataKey(t.Context(), &awskms.GenerateDataKeyInput{KeyId: &arn, NumberOfBytes: aws.Int32(32)})
	if err != nil || bytes.Equal(again.Plaintext, made.Plaintext) {
		t.Errorf("the second data key equals the first: %v", err)
	}
	bare, err := client.GenerateDataKeyWithoutPlaintext(t.Context(), &awskms.GenerateDataKeyWithoutPlaintextInput{KeyId: &arn, KeySpec: types.DataKeySpecAes128})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: bare.CiphertextBlob}); err != nil || len(got.Plaintext) != 16 {
		t.Errorf("without plaintext: %v", err)
	}
}

func TestAnEmptyKeyIDIsRefused(t *testing.T) {
	keys, client := start(t, kms.Options{})
	arn := ensure(t, keys, "Secrets")
	made, err := client.GenerateDataKey(t.Context(), &awskms.GenerateDataKeyInput{KeyId: &arn, KeySpec: types.DataKeySpecAes256})
	if err != nil {
		t.Fatal(err)
	}
	var api smithy.APIError
	_, err = client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: made.CiphertextBlob, KeyId: aws.String("")})
	if !errors.As(err, &api) || api.ErrorCode() != "ValidationException" {
		t.Errorf("got %v", err)
	}
}

func TestDecryptRefusesWhatWasTamperedWith(t *testing.T) {
	keys, client := start(t, kms.Options{})
	arn := ensure(t, keys, "Secrets")
	context := map[string]string{"organization": "org_1"}
	sealed, err := client.Encrypt(t.Context(), &awskms.EncryptInput{KeyId: &arn, Plaintext: []byte("secret"), EncryptionContext: context})
	if err != nil {
		t.Fatal(err)
	}
	var invalid *types.InvalidCiphertextException
	for name, c := range map[string]map[string]string{
		"none": nil, "other value": {"organization": "org_2"}, "other name": {"organisation": "org_1"},
		"more": {"organization": "org_1", "x": "y"},
	} {
		_, err := client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: c})
		if !errors.As(err, &invalid) {
			t.Errorf("context %s: %v", name, err)
		}
	}
	for i := range sealed.CiphertextBlob {
		blob := bytes.Clone(sealed.CiphertextBlob)
		blob[i] ^= 1
		if _, err := client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context}); !errors.As(err, &invalid) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
		if _, err := client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob[:i], EncryptionContext: context}); err == nil {
			t.Errorf("cut to %d bytes: decrypted", i)
		}
	}
}

func TestKeysAreNotInterchangeable(t *testing.T) {
	keys, client := start(t, kms.Options{})
	a, b := ensure(t, keys, "A"), ensure(t, keys, "B")
	sealed, err := client.Encrypt(t.Context(), &awskms.EncryptInput{KeyId: &a, Plaintext: []byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, KeyId: &b})
	var incorrect *types.IncorrectKeyException
	if !errors.As(err, &incorrect) {
		t.Errorf("decrypt as another key's: %v", err)
	}
	forged := bytes.Replace(sealed.CiphertextBlob, []byte("A"), []byte("B"), 1)
	_, err = client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: forged})
	var invalid *types.InvalidCiphertextException
	if !errors.As(err, &invalid) {
		t.Errorf("decrypt with another key: %v", err)
	}
}

func TestUnknownKeysAndBadParametersAreRefused(t *testing.T) {
	keys, client := start(t, kms.Options{})
	arn := ensure(t, keys, "Secrets")
	gone := arn + "Gone"
	var notFound *types.NotFoundException
	_, err := client.DescribeKey(t.Context(), &awskms.DescribeKeyInput{KeyId: &gone})
	if !errors.As(err, &notFound) {
		t.Errorf("describe: %v", err)
	}
	_, err = client.GenerateDataKey(t.Context(), &awskms.GenerateDataKeyInput{KeyId: aws.String("alias/secrets"), KeySpec: types.DataKeySpecAes256})
	if !errors.As(err, &notFound) {
		t.Errorf("alias: %v", err)
	}
	for name, in := range map[string]*awskms.GenerateDataKeyInput{
		"no size": {}, "two sizes": {KeySpec: types.DataKeySpecAes256, NumberOfBytes: aws.Int32(32)}, "too large": {NumberOfBytes: aws.Int32(1025)},
	} {
		in.KeyId = &arn
		if _, err := client.GenerateDataKey(t.Context(), in); err == nil || !strings.Contains(err.Error(), "ValidationException") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client.Encrypt(t.Context(), &awskms.EncryptInput{KeyId: &arn, Plaintext: make([]byte, 4097)}); err == nil {
		t.Error("encrypted 4097 bytes")
	}
	var unsupported *types.UnsupportedOperationException
	if _, err := client.CreateKey(t.Context(), &awskms.CreateKeyInput{KeySpec: types.KeySpecRsa2048}); !errors.As(err, &unsupported) {
		t.Errorf("RSA key: %v", err)
	}
	if _, err := client.ListKeys(t.Context(), &awskms.ListKeysInput{}); !errors.As(err, &unsupported) {
		t.Errorf("list: %v", err)
	}
	if _, err := client.Encrypt(t.Context(), &awskms.EncryptInput{KeyId: &arn, Plaintext: []byte("x"), DryRun: aws.Bool(true)}); !errors.As(err, &unsupported) {
		t.Errorf("dry run: %v", err)
	}
	if _, err := keys.Ensure("a/b"); err == nil {
		t.Error("made a key with a slash in its id")
	}
}

func TestCreateAndDescribeKey(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	_, client := start(t, kms.Options{Region: "eu-central-1", Account: "111111111111", Now: func() time.Time { return at }})
	made, err := client.CreateKey(t.Context(), &awskms.CreateKeyInput{Description: aws.String("for secrets")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.DescribeKey(t.Context(), &awskms.DescribeKeyInput{KeyId: made.KeyMetadata.Arn})
	if err != nil {
		t.Fatal(err)
	}
	if m := got.KeyMetadata; *m.Description != "for secrets" || !m.CreationDate.Equal(at) || m.KeyState != types.KeyStateEnabled ||
		*m.Arn != "arn:aws:kms:eu-central-1:111111111111:key/"+*m.KeyId {
		t.Errorf("metadata %+v", m)
	}
}

func TestFileKeepsKeysForItsOwnerOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	keys, client := start(t, kms.Options{File: file})
	arn := ensure(t, keys, "Secrets")
	sealed, err := client.Encrypt(t.Context(), &awskms.EncryptInput{KeyId: &arn, Plaintext: []byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil { // as a careless copy would leave it
		t.Fatal(err)
	}
	keys, client = start(t, kms.Options{File: file})
	if again := ensure(t, keys, "Secrets"); again != arn {
		t.Errorf("ARN %s, before %s", again, arn)
	}
	got, err := client.Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	if err != nil || string(got.Plaintext) != "secret" {
		t.Fatalf("after a restart: %v", err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	ensure(t, keys, "More")
	if info, err = os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode after a new key %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".keys-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestUnreadableKeyFileIsAnErrorThatShowsNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, []byte(`{"a": "c2VjcmV0"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := kms.Open(kms.Options{File: file}); err == nil || strings.Contains(err.Error(), "c2Vj") {
		t.Errorf("error %v", err)
	}
	if _, err := kms.Open(kms.Options{File: t.TempDir()}); err == nil {
		t.Error("opened a folder")
	}
	keys, err := kms.Open(kms.Options{File: filepath.Join(t.TempDir(), "missing", "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a key that could not be kept is not there
		if _, err := keys.Ensure("Secrets"); err == nil {
			t.Fatal("made a key that cannot be kept")
		}
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	keys, err := kms.Open(kms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ target, body, want string }{
		{"", "{}", "UnknownOperationException"},
		{"TrentService.Encrypt", "{", "SerializationException"},
		{"TrentService.Encrypt", `{"Plaintext":"eA=="}`, "ValidationException"},
		{"TrentService.Decrypt", `{}`, "InvalidCiphertextException"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		r.Header.Set("X-Amz-Target", c.target)
		w := httptest.NewRecorder()
		keys.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s, want %s", c.target, c.body, w.Code, w.Body, c.want)
		}
	}
}
