package blob_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"leadline/shared/blob"
	"leadline/shared/fault"
)

func presigner() *s3.PresignClient {
	return s3.NewPresignClient(s3.New(s3.Options{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "session"),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported})) // as a loaded configuration has it
}

func TestSignedRequests(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("", 3600))
	signer := blob.NewS3Signer(presigner(), "payloads")
	put, err := signer.SignPut(t.Context(), "uploads/org_1/01B", time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	get, err := signer.SignGet(t.Context(), "exports/org_1/job_1.ndjson.gz", 15*time.Minute, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		blob.Signed
		method, path, life, signed string
		header                     int
		expires                    time.Time
	}{
		{put, http.MethodPut, "/uploads/org_1/01B", "3600", "content-type;host", 1, now.Add(time.Hour)},
		{get, http.MethodGet, "/exports/org_1/job_1.ndjson.gz", "900", "host", 0, now.Add(15 * time.Minute)},
	} {
		u, err := url.Parse(c.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if c.Method != c.method || u.Scheme != "https" || u.Path != c.path || !strings.HasPrefix(u.Host, "payloads.s3.") || q.Get("X-Amz-Expires") != c.life ||
			q.Get("X-Amz-SignedHeaders") != c.signed || q.Get("X-Amz-Signature") == "" || len(c.Header) != c.header || !c.ExpiresAt.Equal(c.expires) || c.ExpiresAt.Location() != time.UTC {
			t.Errorf("%+v", c.Signed)
		}
		for name := range q { // a checksum of the empty body, which it would be, refuses every file
			if strings.Contains(strings.ToLower(name), "checksum") {
				t.Errorf("%s %s demands %s", c.method, c.path, name)
			}
		}
		if strings.Contains(c.URL, "secret") {
			t.Errorf("the URL shows the secret key: %s", c.URL)
		}
	}
	if put.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("the headers are %v", put.Header)
	}
}

func TestWithoutCredentialsNothingIsSigned(t *testing.T) {
	signer := blob.NewS3Signer(failing{}, "payloads")
	if _, err := signer.SignPut(t.Context(), "k", time.Hour, time.Now()); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("put: %v", err)
	}
	if _, err := signer.SignGet(t.Context(), "k", time.Hour, time.Now()); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("get: %v", err)
	}
}

type failing struct{}

func (failing) PresignPutObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	return nil, errors.New("no credentials")
}

func (failing) PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	return nil, errors.New("no credentials")
}

func TestTheMemorySignsForItself(t *testing.T) {
	now, m := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), blob.NewMemory()
	put, err := m.SignPut(t.Context(), "uploads/org_1/01B", time.Hour, now)
	if err != nil || put.Method != http.MethodPut || put.URL != "memory:uploads/org_1/01B" || !put.ExpiresAt.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v %v", put, err)
	}
	get, err := m.SignGet(t.Context(), "exports/org_1/x", time.Minute, now)
	if err != nil || get.Method != http.MethodGet || get.URL != "memory:exports/org_1/x" || !get.ExpiresAt.Equal(now.Add(time.Minute)) {
		t.Errorf("%+v %v", get, err)
	}
}
