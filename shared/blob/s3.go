package blob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"leadline/shared/awsfault"
)

// Client is what the store needs of *s3.Client.
type Client interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

var (
	_ Client = (*s3.Client)(nil)
	_ Store  = (*S3)(nil)
)

// S3 is a Store in a bucket. Each method is one request.
type S3 struct {
	client Client
	bucket string
}

// NewS3 uses the bucket of the name.
func NewS3(client Client, bucket string) *S3 { return &S3{client: client, bucket: bucket} }

// Put implements Store.
func (s *S3) Put(ctx context.Context, key string, body []byte) error {
	return awsfault.Wrap(s.put(ctx, key, bytes.NewReader(body), int64(len(body))), "blob: put")
}

// PutFrom implements Store. The body is read once for its checksums and once to be sent.
func (s *S3) PutFrom(ctx context.Context, key string, body io.ReadSeeker, size int64) error {
	return awsfault.Wrap(s.put(ctx, key, body, size), "blob: put from")
}

func (s *S3) put(ctx context.Context, key string, body io.ReadSeeker, size int64) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: body, ContentLength: aws.Int64(size), ContentType: aws.String("application/octet-stream"),
	})
	return err
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	return awsfault.Wrap(err, "blob: delete")
}

// Get implements Store.
func (s *S3) Get(ctx context.Context, key string) ([]byte, error) {
	body, err := s.get(ctx, key, nil)
	return body, awsfault.Wrap(err, "blob: get")
}

// GetRange implements Store.
func (s *S3) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	const what = "blob: get range"
	if offset < 0 || length <= 0 || offset > math.MaxInt64-length {
		return nil, awsfault.Wrap(outOfRange(), what)
	}
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: both ends are included; an end behind the
	// object's is cut without an error.
	body, err := s.get(ctx, key, aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)))
	if err == nil && int64(len(body)) != length {
		body, err = nil, outOfRange()
	}
	return body, awsfault.Wrap(err, what)
}

// Open implements Store.
func (s *S3) Open(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	out, err := s.open(ctx, key, nil)
	if err != nil {
		return nil, 0, awsfault.Wrap(err, "blob: open")
	}
	return s3Reader{out.Body}, aws.ToInt64(out.ContentLength), nil
}

// s3Reader gives errors of package fault.
type s3Reader struct{ io.ReadCloser }

// Read implements io.Reader.
func (r s3Reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = awsfault.Wrap(err, "blob: read")
	}
	return n, err
}

func (s *S3) get(ctx context.Context, key string, span *string) ([]byte, error) {
	out, err := s.open(ctx, key, span)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return body, nil
}

func (s *S3) open(ctx context.Context, key string, span *string) (*s3.GetObjectOutput, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, Range: span})
	switch awsfault.Code(err) {
	case "NoSuchKey", "NotFound":
		return nil, notFound(err)
	case "AccessDenied":
		// Who may not list the bucket, as our functions may not, is not told that an object is missing: 403 stands for 404
		// then, and a permission that is really missing cannot be told from it. The cause is kept for the log.
		// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, under Permissions
		return nil, notFound(err)
	case "InvalidRange":
		return nil, outOfRange()
	}
	return out, err
}
