package blob_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"leadline/shared/blob"
	"leadline/shared/fault"
)

const bucket = "payloads"

func TestMemory(t *testing.T) { conform(t, blob.NewMemory()) }

func TestS3(t *testing.T) {
	client := newClient(t, http.DefaultTransport)
	conform(t, blob.NewS3(client, bucket))
	t.Run("objects have no type that a browser would show", func(t *testing.T) {
		if err := blob.NewS3(client, bucket).Put(t.Context(), "typed", []byte("<html>")); err != nil {
			t.Fatal(err)
		}
		out, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("typed")})
		if err != nil || aws.ToString(out.ContentType) != "application/octet-stream" {
			t.Errorf("type %q, %v", aws.ToString(out.ContentType), err)
		}
	})
	t.Run("a bucket that is not there is not an object that is not there", func(t *testing.T) {
		_, err := blob.NewS3(client, "another-bucket").Get(t.Context(), "x")
		kindIs(t, err, fault.Internal)
	})
}

func conform(t *testing.T, s blob.Store) {
	t.Run("an object is kept byte for byte", func(t *testing.T) {
		large := make([]byte, 3<<20)
		_, _ = rand.Read(large) // never fails
		for key, body := range map[string][]byte{"archive/org_a/conn_b/2026/11/22/x.gz": {0, 255, 13, 10}, "empty": {}, "large": large,
			"odd/ü #%?&=+ key": []byte("odd")} {
			if err := s.Put(t.Context(), key, body); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get(t.Context(), key); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s: %d bytes, %v, want %d", key, len(got), err, len(body))
			}
		}
	})
	t.Run("what is missing is not found", func(t *testing.T) {
		_, err := s.Get(t.Context(), "missing")
		kindIs(t, err, fault.NotFound)
		_, err = s.GetRange(t.Context(), "missing", 0, 1)
		kindIs(t, err, fault.NotFound)
	})
	t.Run("a later object replaces", func(t *testing.T) {
		for _, body := range []string{"first and longer", "second"} {
			if err := s.Put(t.Context(), "again", []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Get(t.Context(), "again"); err != nil || string(got) != "second" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("a range is read exactly or not at all", func(t *testing.T) {
		if err := s.Put(t.Context(), "range", []byte("0123456789")); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			offset, length int64
			want           string
		}{{0, 10, "0123456789"}, {0, 1, "0"}, {9, 1, "9"}, {3, 4, "3456"},
			{0, 11, ""}, {9, 2, ""}, {10, 1, ""}, {11, 1, ""}, {-1, 2, ""}, {0, 0, ""}, {3, -1, ""}, {1, 1<<63 - 1, ""}} {
			got, err := s.GetRange(t.Context(), "range", test.offset, test.length)
			if test.want == "" {
				kindIs(t, err, fault.Invalid)
			} else if err != nil || string(got) != test.want {
				t.Errorf("%d bytes from %d: %q, %v, want %q", test.length, test.offset, got, err, test.want)
			}
		}
	})
	t.Run("an object is read bit by bit", func(t *testing.T) {
		large := make([]byte, 3<<20)
		_, _ = rand.Read(large) // never fails
		for _, body := range [][]byte{large, {}} {
			if err := s.Put(t.Context(), "stream", body); err != nil {
				t.Fatal(err)
			}
			r, size, err := s.Open(t.Context(), "stream")
			if err != nil || size != int64(len(body)) {
				t.Fatalf("%d bytes, %v", size, err)
			}
			if got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 1000))); err != nil || !bytes.Equal(got, body[:min(1000, len(body))]) {
				t.Errorf("the beginning: %d bytes, %v", len(got), err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body[min(1000, len(body)):]) {
				t.Errorf("the rest: %d bytes, %v", len(got), err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		_, _, err := s.Open(t.Context(), "missing")
		kindIs(t, err, fault.NotFound)
	})
	t.Run("what is being read may be replaced", func(t *testing.T) {
		body := bytes.Repeat([]byte("x"), 1<<20)
		if err := s.Put(t.Context(), "read", body); err != nil {
			t.Fatal(err)
		}
		r, _, err := s.Open(t.Context(), "read")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := s.Put(t.Context(), "read", bytes.Repeat([]byte("y"), 1<<20)); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
	t.Run("a reader ends with its request", func(t *testing.T) {
		if err := s.Put(t.Context(), "long", make([]byte, 8<<20)); err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		r, _, err := s.Open(ctx, "long")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		end()
		_, err = io.Copy(io.Discard, r)
		kindIs(t, err, fault.Unavailable)
	})
	t.Run("a body that is read as it is sent", func(t *testing.T) {
		body := bytes.Repeat([]byte("0123456789"), 300_000)
		if err := s.PutFrom(t.Context(), "from", bytes.NewReader(body), int64(len(body))); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), "from"); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err := s.PutFrom(t.Context(), "from", bytes.NewReader([]byte("short")), 10); err == nil {
			t.Error("a body that is too short was taken")
		}
		if got, err := s.Get(t.Context(), "from"); err != nil || !bytes.Equal(got, body) {
			t.Errorf("after a body that was refused: %d bytes, %v", len(got), err)
		}
	})
	t.Run("what is deleted is not found", func(t *testing.T) {
		if err := s.Put(t.Context(), "gone", []byte("x")); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time there is nothing to delete
			if err := s.Delete(t.Context(), "gone"); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Get(t.Context(), "gone")
		kindIs(t, err, fault.NotFound)
	})
	t.Run("what is written and read is not shared", func(t *testing.T) {
		body := []byte("abc")
		if err := s.Put(t.Context(), "own", body); err != nil {
			t.Fatal(err)
		}
		body[0] = 'x'
		got, err := s.Get(t.Context(), "own")
		if err != nil {
			t.Fatal(err)
		}
		got[1] = 'x'
		if got, err = s.GetRange(t.Context(), "own", 0, 3); err != nil || string(got) != "abc" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("a request that has ended does nothing", func(t *testing.T) {
		ended, end := context.WithCancel(t.Context())
		end()
		kindIs(t, s.Put(ended, "late", []byte("x")), fault.Unavailable)
		kindIs(t, s.Delete(ended, "own"), fault.Unavailable)
		_, err := s.Get(t.Context(), "late")
		kindIs(t, err, fault.NotFound)
	})
}

func TestS3Failures(t *testing.T) {
	for name, test := range map[string]struct {
		transport transport
		want      fault.Kind
	}{
		"slow down":     {answer(503, "SlowDown"), fault.RateLimited},
		"broken":        {answer(500, "InternalError"), fault.Unavailable},
		"wrong key":     {answer(403, "SignatureDoesNotMatch"), fault.Internal},
		"no connection": {func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := blob.NewS3(newClient(t, test.transport), bucket)
			err := s.Put(t.Context(), "x", []byte("Confidential"))
			kindIs(t, err, test.want)
			if !strings.HasPrefix(err.Error(), "blob: put: ") || strings.Contains(err.Error(), "Confidential") {
				t.Errorf("error %q", err)
			}
			_, err = s.Get(t.Context(), "x")
			kindIs(t, err, test.want)
			kindIs(t, s.Delete(t.Context(), "x"), test.want)
		})
	}
	t.Run("a missing object where the bucket may not be listed", func(t *testing.T) {
		s := blob.NewS3(newClient(t, answer(403, "AccessDenied")), bucket)
		_, err := s.Get(t.Context(), "x")
		kindIs(t, err, fault.NotFound)
		_, err = s.GetRange(t.Context(), "x", 0, 1)
		kindIs(t, err, fault.NotFound)
		if !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("the cause is lost: %v", err)
		}
		kindIs(t, s.Put(t.Context(), "x", nil), fault.Internal)
	})
	t.Run("an answer that breaks off", func(t *testing.T) {
		s := blob.NewS3(newClient(t, transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Length": {"10"}}, ContentLength: 10, Request: r,
				Body: io.NopCloser(io.MultiReader(strings.NewReader("abc"), broken{}))}, nil
		})), bucket)
		_, err := s.Get(t.Context(), "x")
		kindIs(t, err, fault.Unavailable)
		r, size, err := s.Open(t.Context(), "x")
		if err != nil || size != 10 {
			t.Fatalf("%d bytes, %v", size, err)
		}
		defer r.Close()
		_, err = io.ReadAll(r)
		kindIs(t, err, fault.Unavailable)
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, code string) transport {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/xml"}}, Request: r,
			Body: io.NopCloser(strings.NewReader("<Error><Code>" + code + "</Code><Message>m</Message></Error>"))}, nil
	}
}

func kindIs(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("got %v (%s), want %s", err, fault.KindOf(err), kind)
	}
}

// newClient makes a client of an S3 in this process, or of whatever else the transport leads to.
func newClient(t *testing.T, transport http.RoundTripper) *s3.Client {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	return s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, UsePathStyle: true, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), Logger: logging.Nop{},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
}
