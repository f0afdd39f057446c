package s3_test

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"leadline/infra/local/s3"
)

func TestPresignedURLs(t *testing.T) {
	at := time.Now()
	_, client, _ := start(t, s3.Options{Now: func() time.Time { return at }})
	presign := awss3.NewPresignClient(client, awss3.WithPresignExpires(5*time.Minute))
	putURL, err := presign.PresignPutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("a b"), ContentType: aws.String("text/csv")})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := do(t, http.MethodPut, putURL.URL, "a,b\n", putURL.SignedHeader); status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, body)
	}
	getURL, err := presign.PresignGetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("a b"),
		ResponseContentDisposition: aws.String("attachment")})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := do(t, http.MethodGet, getURL.URL, "", nil); status != http.StatusOK || body != "a,b\n" {
		t.Errorf("GET: %d %q", status, body)
	}
	if status, body := do(t, http.MethodGet, getURL.URL, "", http.Header{"Range": {"bytes=2-2"}}); status != http.StatusPartialContent || body != "b" {
		t.Errorf("GET of a range: %d %q", status, body)
	}
	at = at.Add(5*time.Minute + 2*time.Second)
	if status, body := do(t, http.MethodGet, getURL.URL, "", nil); status != http.StatusForbidden || !strings.Contains(body, "AccessDenied") {
		t.Errorf("GET after five minutes: %d %q", status, body)
	}
}

// TestPresignedURLsAreForWhatWasSigned: as on AWS, and nothing else of the URL or of what its signature names.
func TestPresignedURLsAreForWhatWasSigned(t *testing.T) {
	_, client, _ := start(t, s3.Options{Secret: "local"})
	in := &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("uploads/a b+ä"), ContentType: aws.String("application/gzip")}
	signed, err := awss3.NewPresignClient(client, awss3.WithPresignExpires(5*time.Minute)).PresignPutObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	other, err := awss3.NewPresignClient(awss3.New(client.Options(), func(o *awss3.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider("local", "another", "")
	})).PresignPutObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	gzip := http.Header{"Content-Type": {"application/gzip"}}
	for name, test := range map[string]struct {
		method, url string
		header      http.Header
		want        int
	}{
		"as signed":          {http.MethodPut, signed.URL, gzip, 200},
		"with more headers":  {http.MethodPut, signed.URL, http.Header{"Content-Type": gzip["Content-Type"], "X-Mine": {"1"}}, 200},
		"unsigned":           {http.MethodPut, strings.Split(signed.URL, "?")[0], gzip, 403},
		"unsigned, to read":  {http.MethodGet, strings.Split(signed.URL, "?")[0], nil, 403},
		"another object":     {http.MethodPut, strings.Replace(signed.URL, "uploads/", "archive/", 1), gzip, 403},
		"another method":     {http.MethodGet, signed.URL, gzip, 403},
		"another type":       {http.MethodPut, signed.URL, http.Header{"Content-Type": {"text/csv"}}, 403},
		"no type":            {http.MethodPut, signed.URL, nil, 403},
		"for longer":         {http.MethodPut, strings.Replace(signed.URL, "X-Amz-Expires=300", "X-Amz-Expires=3000", 1), gzip, 403},
		"with more":          {http.MethodPut, signed.URL + "&X-Amz-Meta-A=1", gzip, 403},
		"another's secret":   {http.MethodPut, other.URL, gzip, 403},
		"no such credential": {http.MethodPut, strings.Replace(signed.URL, "%2Faws4_request", "", 1), gzip, 403},
		"no date":            {http.MethodPut, strings.Replace(signed.URL, "X-Amz-Date", "X-Amz-Meta-Date", 1), gzip, 403},
	} {
		if status, body := do(t, test.method, test.url, "content", test.header); status != test.want {
			t.Errorf("%s: %d %s, want %d", name, status, body, test.want)
		}
	}
}

// refused puts an object, makes calls that must each be refused, and checks that the object is as it was.
func refused(t *testing.T, client *awss3.Client, calls map[string]func() error) {
	t.Helper()
	if err := put(t, client, "k", []byte("content")); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		err := call()
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantCode(t, err, "NotImplemented")
	}
	if got, _ := get(t, client, "k", ""); string(got) != "content" {
		t.Errorf("the object is now %q", got)
	}
}

// What gofakes3 would do wrong in silence is refused, and leaves the object as it was.
func TestUnsupportedSubresourcesAreRefused(t *testing.T) {
	_, client, _ := start(t, s3.Options{})
	b, k := aws.String(bucket), aws.String("k")
	refused(t, client, map[string]func() error{
		"PutObjectTagging": func() error {
			_, err := client.PutObjectTagging(t.Context(), &awss3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: k, Value: k}}}})
			return err
		},
		"PutObjectAcl": func() error {
			_, err := client.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: b, Key: k, ACL: types.ObjectCannedACLPrivate})
			return err
		},
		"PutBucketVersioning": func() error {
			_, err := client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: b,
				VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
			return err
		},
		"PutBucketLifecycle": func() error {
			_, err := client.PutBucketLifecycleConfiguration(t.Context(), &awss3.PutBucketLifecycleConfigurationInput{Bucket: b,
				LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{Status: types.ExpirationStatusEnabled}}}})
			return err
		},
		"GetObject of a version": func() error {
			_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: b, Key: k, VersionId: aws.String("v")})
			return err
		},
	})
}

func TestUnsupportedConditionsAndHeadersAreRefused(t *testing.T) {
	_, client, _ := start(t, s3.Options{})
	b, k := aws.String(bucket), aws.String("k")
	refused(t, client, map[string]func() error{
		"GetObject if it matches": func() error {
			_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: b, Key: k, IfMatch: aws.String(`"x"`)})
			return err
		},
		"DeleteObject if it matches": func() error {
			_, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: b, Key: k, IfMatch: aws.String(`"x"`)})
			return err
		},
		"CompleteMultipartUpload if there is none": func() error {
			_, err := client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: k, IfNoneMatch: aws.String("*"),
				MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: k, PartNumber: aws.Int32(1)}}}})
			return err
		},
		"CopyObject with new metadata": func() error {
			_, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: b, Key: k, CopySource: aws.String(bucket + "/k"), MetadataDirective: types.MetadataDirectiveReplace})
			return err
		},
		"CopyObject if it matches": func() error {
			_, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: b, Key: k, CopySource: aws.String(bucket + "/k"), CopySourceIfMatch: k})
			return err
		},
		"PutObject with tags": func() error {
			return put(t, client, "k", nil, func(in *awss3.PutObjectInput) { in.Tagging = aws.String("a=b") })
		},
		"PutObject with an ACL": func() error {
			return put(t, client, "k", nil, func(in *awss3.PutObjectInput) { in.ACL = types.ObjectCannedACLPublicRead })
		},
		"PutObject under a lock": func() error {
			return put(t, client, "k", nil, func(in *awss3.PutObjectInput) { in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn })
		},
		"PutObject at an offset": func() error {
			return put(t, client, "k", nil, func(in *awss3.PutObjectInput) { in.WriteOffsetBytes = aws.Int64(7) })
		},
	})
}

// The same for requests that the SDK for Go does not make, other clients do.
func TestUnsupportedPlainRequestsAreRefused(t *testing.T) {
	_, client, url := start(t, s3.Options{})
	if err := put(t, client, "k", []byte("content")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path string
		header       http.Header
	}{
		{http.MethodPut, "/k", http.Header{"X-Amz-Content-Sha256": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}}},
		{http.MethodPut, "/k", http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}}},
		{http.MethodPut, "/k", http.Header{"Content-Encoding": {"aws-chunked,gzip"}}},
		{http.MethodPut, "/k?partNumber=1", nil},
		{http.MethodPut, "/k?uploadId=1", nil},
		{http.MethodPut, "/k?x-amz-tagging=a", nil},
		{http.MethodPut, "/k?annotation", nil},
		{http.MethodPut, "/k", http.Header{"If-None-Match": {`"x"`}}},
		{http.MethodPut, "/k", http.Header{"X-Amz-Meta-A": {"1", "2"}}},
		{http.MethodPut, "?policy", nil},
		{http.MethodPost, "/k?select", nil},
		{http.MethodPost, "?metadataTable", nil},
		{http.MethodPatch, "/k?x", nil},
		{http.MethodHead, "/k?tagging", nil},
		{http.MethodGet, "?encoding-type=url", nil},
		{http.MethodGet, "/k", http.Header{"If-Range": {`"x"`}, "Range": {"bytes=0-1"}}},
		{http.MethodGet, "/k", http.Header{"If-Unmodified-Since": {"Sun, 01 Mar 2026 12:00:00 GMT"}}},
	} {
		if status, body := do(t, c.method, url+"/"+bucket+c.path, "overwritten", c.header); status != http.StatusNotImplemented {
			t.Errorf("%s %s %v: %d %s", c.method, c.path, c.header, status, body)
		}
	}
	if got, _ := get(t, client, "k", ""); string(got) != "content" {
		t.Errorf("the object is now %q", got)
	}
}

func TestCorruptBodiesAreRefused(t *testing.T) {
	_, client, url := start(t, s3.Options{})
	if err := put(t, client, "k", []byte("content")); err != nil {
		t.Fatal(err)
	}
	status, body := do(t, http.MethodPut, url+"/"+bucket+"/k", "other", http.Header{"Content-Md5": {"mgNkuembtIDdJeHwKEyFVQ=="}})
	if status != http.StatusBadRequest || !strings.Contains(body, "BadDigest") {
		t.Errorf("wrong Content-MD5: %d %s", status, body)
	}
	if got, _ := get(t, client, "k", ""); string(got) != "content" {
		t.Errorf("the object is now %q", got)
	}
}

func TestFileKeepsObjects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s3.db")
	store, client, _ := start(t, s3.Options{File: file})
	if err := put(t, client, "k", []byte("content"), func(in *awss3.PutObjectInput) { in.ContentType = aws.String("text/plain") }); err != nil {
		t.Fatal(err)
	}
	if _, err := s3.Open(s3.Options{File: file}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second process: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store, client, _ = start(t, s3.Options{File: file})
	if got, out := get(t, client, "k", ""); !bytes.Equal(got, []byte("content")) || *out.ContentType != "text/plain" {
		t.Errorf("after a restart %q %s", got, *out.ContentType)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEnsureBucketRefusesBadNames(t *testing.T) {
	store, err := s3.Open(s3.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "a", "UPPER", "_meta", "127.0.0.1"} {
		if err := store.EnsureBucket(name); err == nil {
			t.Errorf("made bucket %q", name)
		}
	}
	for range 2 {
		if err := store.EnsureBucket("leadline-dev-payloads"); err != nil {
			t.Error(err)
		}
	}
}
