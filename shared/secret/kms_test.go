package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"leadline/shared/fault"
	"leadline/shared/secret"
)

const keyARN = "arn:aws:kms:us-east-1:000000000000:key/0"

// fakeKMS answers as KMS does to the two calls: a data key opens with the encryption context that it was made with.
type fakeKMS struct {
	t    *testing.T
	mu   sync.Mutex
	made map[string]request // by wrapped key
	fail string             // code of an error to answer with
}

type request struct {
	KeyId             *string
	KeySpec           string
	CiphertextBlob    []byte
	EncryptionContext map[string]string
	plaintext         []byte
}

func (f *fakeKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var in request
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, json.Unmarshal(body, &in)); err != nil {
		f.t.Error(err)
	}
	if in.KeyId != nil && *in.KeyId != keyARN {
		f.t.Errorf("key %q", *in.KeyId)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer := func(status int, value map[string]any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(value)
	}
	if f.fail != "" {
		answer(400, map[string]any{"__type": f.fail, "message": "x"})
		return
	}
	switch _, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); action {
	case "GenerateDataKey":
		if in.KeySpec != "AES_256" || in.KeyId == nil {
			f.t.Errorf("key spec %q of %v", in.KeySpec, in.KeyId)
		}
		in.plaintext = bytes.Repeat([]byte{byte(len(f.made) + 7)}, 32)
		wrapped := []byte{byte(len(f.made)), 1, 2, 3}
		f.made[string(wrapped)] = in
		answer(200, map[string]any{"KeyId": keyARN, "Plaintext": in.plaintext, "CiphertextBlob": wrapped})
	case "Decrypt":
		made, found := f.made[string(in.CiphertextBlob)]
		if !found || !maps.Equal(made.EncryptionContext, in.EncryptionContext) {
			answer(400, map[string]any{"__type": "InvalidCiphertextException"})
			return
		}
		answer(200, map[string]any{"KeyId": keyARN, "Plaintext": made.plaintext})
	default:
		f.t.Errorf("action %q", action)
	}
}

func TestKMS(t *testing.T) {
	fake := &fakeKMS{t: t, made: map[string]request{}}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	client := kms.New(kms.Options{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})})
	master := secret.NewKMS(client, keyARN)
	wrapped := newKey(t, secret.New(master, secret.Options{}), "org_a")
	k := secret.New(master, secret.Options{}) // one that remembers nothing
	box := open(t, k, "org_a", wrapped)
	if got, err := box.Open("p", box.Seal("p", []byte("x"))); err != nil || string(got) != "x" {
		t.Errorf("got %q, %v", got, err)
	}
	if got := fake.made[string(wrapped)].EncryptionContext; !maps.Equal(got, map[string]string{"organization": "org_a", "purpose": "data key"}) {
		t.Errorf("encryption context %v", got)
	}
	open(t, secret.New(secret.NewKMS(client, ""), secret.Options{}), "org_a", wrapped) // needs no ARN
	_, err := k.Open(t.Context(), "org_b", wrapped)
	refused(t, "another organization", err)
	_, err = k.Open(t.Context(), "org_a", []byte{9})
	refused(t, "another text", err)

	for code, want := range map[string]fault.Kind{
		"ThrottlingException": fault.RateLimited, "KMSInternalException": fault.Unavailable,
		"KeyUnavailableException": fault.Unavailable, "DependencyTimeoutException": fault.Unavailable,
		"AccessDeniedException": fault.Internal, "DisabledException": fault.Internal, "NotFoundException": fault.Internal,
	} {
		fake.mu.Lock()
		fake.fail = code
		fake.mu.Unlock()
		fresh := secret.New(master, secret.Options{})
		_, err := fresh.Open(t.Context(), "org_a", wrapped)
		if !fault.Is(err, want) || !strings.HasPrefix(err.Error(), "secret: ") {
			t.Errorf("%s: %v (%s), want %s", code, err, fault.KindOf(err), want)
		}
		if _, err = fresh.NewDataKey(t.Context(), "org_a"); !fault.Is(err, want) {
			t.Errorf("%s: %v (%s), want %s", code, err, fault.KindOf(err), want)
		}
	}
}
