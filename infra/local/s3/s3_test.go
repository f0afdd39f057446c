package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"leadline/infra/local/s3"
)

const bucket = "payloads"

// start gives a store with one bucket and a client for it.
func start(t *testing.T, opts s3.Options) (*s3.Store, *awss3.Client, string) {
	t.Helper()
	store, err := s3.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.EnsureBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(store)
	t.Cleanup(server.Close)
	client := awss3.New(awss3.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, // as the SDK's default configuration has it
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		Credentials:                credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	return store, client, server.URL
}

// both runs a test in memory and on a file.
func both(t *testing.T, test func(*testing.T, *awss3.Client)) {
	t.Run("memory", func(t *testing.T) {
		_, client, _ := start(t, s3.Options{})
		test(t, client)
	})
	t.Run("file", func(t *testing.T) {
		store, client, _ := start(t, s3.Options{File: filepath.Join(t.TempDir(), "s3.db")})
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		test(t, client)
	})
}

func put(t *testing.T, client *awss3.Client, key string, body []byte, options ...func(*awss3.PutObjectInput)) error {
	t.Helper()
	in := &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(body)}
	for _, o := range options {
		o(in)
	}
	_, err := client.PutObject(t.Context(), in)
	return err
}

func get(t *testing.T, client *awss3.Client, key, part string) ([]byte, *awss3.GetObjectOutput) {
	t.Helper()
	in := &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: &key}
	if part != "" {
		in.Range = &part
	}
	out, err := client.GetObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body) // the SDK compares the checksum, if there is one
	if err != nil {
		t.Fatal(err)
	}
	return body, out
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("error %v, want code %s", err, code)
	}
}

func random(n int) []byte {
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

func TestObjectsComeBackAsTheyWerePut(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		for _, size := range []int{0, 1, 4096, 12 << 20} {
			body := random(size)
			key := fmt.Sprintf("archive/org_1/conn_1/2026/03/01/ä b+%%/%d", size)
			err := put(t, client, key, body, func(in *awss3.PutObjectInput) {
				in.ContentType, in.ContentEncoding = aws.String("application/json"), aws.String("gzip")
				in.Metadata = map[string]string{"delivery": "d1"}
				in.ServerSideEncryption = types.ServerSideEncryptionAwsKms
			})
			if err != nil {
				t.Fatal(err)
			}
			got, out := get(t, client, key, "")
			if !bytes.Equal(got, body) || aws.ToString(out.ContentType) != "application/json" || aws.ToString(out.ContentEncoding) != "gzip" ||
				out.Metadata["delivery"] != "d1" || aws.ToInt64(out.ContentLength) != int64(size) || out.ChecksumCRC32 == nil {
				t.Errorf("%d bytes: %d came back, %v %v %v %v", size, len(got), aws.ToString(out.ContentType), aws.ToString(out.ContentEncoding),
					out.Metadata, aws.ToString(out.ChecksumCRC32))
			}
		}
	})
}

func TestRange(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		body := random(1000)
		if err := put(t, client, "k", body); err != nil {
			t.Fatal(err)
		}
		for part, want := range map[string][]byte{
			"bytes=0-0": body[:1], "bytes=100-199": body[100:200], "bytes=990-": body[990:], "bytes=-5": body[995:], "bytes=900-5000": body[900:],
		} {
			got, out := get(t, client, "k", part)
			// The checksum that is stored is that of the whole, and would not fit.
			if !bytes.Equal(got, want) || !strings.HasSuffix(aws.ToString(out.ContentRange), "/1000") || out.ChecksumCRC32 != nil {
				t.Errorf("%s: %d bytes, %s, checksum %s", part, len(got), aws.ToString(out.ContentRange), aws.ToString(out.ChecksumCRC32))
			}
		}
		_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k"), Range: aws.String("bytes=1000-")})
		wantCode(t, err, "InvalidRange")
	})
}

func TestIfNoneMatchWritesOnce(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		once := func(in *awss3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }
		var wrote atomic.Int32
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				if err := put(t, client, "k", fmt.Appendf(nil, "%d", i), once); err == nil {
					wrote.Add(1)
				} else {
					wantCode(t, err, "PreconditionFailed")
				}
			})
		}
		group.Wait()
		if wrote.Load() != 1 {
			t.Errorf("%d writers wrote, want 1", wrote.Load())
		}
	})
}

func TestIfMatchReplacesOnlyWhatIsThere(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		if err := put(t, client, "k", []byte("1")); err != nil {
			t.Fatal(err)
		}
		_, out := get(t, client, "k", "")
		match := func(in *awss3.PutObjectInput) { in.IfMatch = out.ETag }
		if err := put(t, client, "k", []byte("2"), match); err != nil {
			t.Error(err)
		}
		wantCode(t, put(t, client, "k", []byte("3"), match), "PreconditionFailed")
		if got, _ := get(t, client, "k", ""); string(got) != "2" {
			t.Errorf("object is %q", got)
		}
	})
}

func TestMissingObjectsAreTypedErrors(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("gone")})
		var noKey *types.NoSuchKey
		if !errors.As(err, &noKey) {
			t.Errorf("get: %v", err)
		}
		_, err = client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("gone")})
		var notFound *types.NotFound
		if !errors.As(err, &notFound) {
			t.Errorf("head: %v", err)
		}
		_, err = client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("nowhere"), Key: aws.String("gone")})
		wantCode(t, err, "NoSuchBucket")
		if _, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("gone")}); err != nil {
			t.Errorf("delete: %v", err)
		}
	})
}

func TestListPagesInOrder(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		for i := range 7 {
			if err := put(t, client, fmt.Sprintf("inbox/org_%d/x", i), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := put(t, client, "archive/x", []byte("x")); err != nil {
			t.Fatal(err)
		}
		var keys []string
		pages := awss3.NewListObjectsV2Paginator(client, &awss3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String("inbox/"), MaxKeys: aws.Int32(3)})
		n := 0
		for ; pages.HasMorePages(); n++ {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Contents {
				keys = append(keys, (*o.Key)[10:11])
			}
		}
		if got := strings.Join(keys, ""); got != "0123456" || n != 3 {
			t.Errorf("keys %s in %d pages", got, n)
		}
	})
}

func TestDeleteObjectsDeletesMany(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		var ids []types.ObjectIdentifier
		for _, key := range []string{"a", "b"} {
			if err := put(t, client, key, []byte("x")); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, types.ObjectIdentifier{Key: &key})
		}
		if _, err := client.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{Bucket: aws.String(bucket), Delete: &types.Delete{Objects: ids}}); err != nil {
			t.Fatal(err)
		}
		out, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String(bucket)})
		if err != nil || len(out.Contents) > 0 {
			t.Errorf("left %v, %v", out.Contents, err)
		}
	})
}

func TestMultipartUpload(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		body := random(11 << 20)
		at := struct{ Bucket, Key *string }{aws.String(bucket), aws.String("big")}
		made, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: at.Bucket, Key: at.Key, ContentType: aws.String("text/csv")})
		if err != nil {
			t.Fatal(err)
		}
		var parts []types.CompletedPart
		for i, from := range []int{0, 5 << 20, 10 << 20} {
			to := min(from+5<<20, len(body))
			out, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: at.Bucket, Key: at.Key, UploadId: made.UploadId,
				PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(body[from:to])})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(int32(i + 1))})
		}
		_, err = client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{Bucket: at.Bucket, Key: at.Key, UploadId: made.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		if err != nil {
			t.Fatal(err)
		}
		if got, out := get(t, client, "big", ""); !bytes.Equal(got, body) || *out.ContentType != "text/csv" {
			t.Errorf("%d bytes came back, %s", len(got), *out.ContentType)
		}
	})
}

func TestCopyObject(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		if err := put(t, client, "from", []byte("x"), func(in *awss3.PutObjectInput) { in.Metadata = map[string]string{"a": "b"} }); err != nil {
			t.Fatal(err)
		}
		_, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: aws.String(bucket), Key: aws.String("to"), CopySource: aws.String(bucket + "/from")})
		if err != nil {
			t.Fatal(err)
		}
		if got, out := get(t, client, "to", ""); string(got) != "x" || out.Metadata["a"] != "b" {
			t.Errorf("copy %q %v", got, out.Metadata)
		}
	})
}

// An object that replaces another one has nothing of it, above all not its checksum.
func TestOverwriteReplacesHeaders(t *testing.T) {
	both(t, func(t *testing.T, client *awss3.Client) {
		err := put(t, client, "k", []byte("old"), func(in *awss3.PutObjectInput) {
			in.ContentEncoding, in.Metadata, in.ChecksumAlgorithm = aws.String("gzip"), map[string]string{"old": "1"}, types.ChecksumAlgorithmSha256
		})
		if err != nil {
			t.Fatal(err)
		}
		url, err := awss3.NewPresignClient(client).PresignPutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		if status, body := do(t, http.MethodPut, url.URL, "new", nil); status != http.StatusOK {
			t.Fatal(status, body)
		}
		got, out := get(t, client, "k", "")
		if string(got) != "new" || out.ContentEncoding != nil || len(out.Metadata) > 0 || out.ChecksumSHA256 != nil || *out.ContentType != "binary/octet-stream" {
			t.Errorf("object %q: %v %v %v %v", got, *out.ContentType, aws.ToString(out.ContentEncoding), out.Metadata, aws.ToString(out.ChecksumSHA256))
		}
	})
}

// do sends a plain HTTP request.
func do(t *testing.T, method, url, body string, header http.Header) (status int, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
