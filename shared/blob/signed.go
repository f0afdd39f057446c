package blob

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"leadline/shared/awsfault"
)

// Signed is a request that whoever holds it may make until it expires, without credentials of their own.
type Signed struct {
	Method, URL string
	// Header must be sent as it is.
	Header    http.Header
	ExpiresAt time.Time
}

// Signer lets others read and write single objects.
type Signer interface {
	// SignPut lets somebody write an object. It is no request of ours.
	SignPut(ctx context.Context, key string, life time.Duration, now time.Time) (Signed, error)
	// SignGet lets somebody read an object. It is no request of ours.
	SignGet(ctx context.Context, key string, life time.Duration, now time.Time) (Signed, error)
}

// PresignClient is what the signer needs of *s3.PresignClient.
type PresignClient interface {
	PresignPutObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
}

var (
	_ PresignClient = (*s3.PresignClient)(nil)
	_ Signer        = (*S3Signer)(nil)
	_ Signer        = (*Memory)(nil)
)

// S3Signer signs with the credentials of the function, and grants what these may do.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
type S3Signer struct {
	client PresignClient
	bucket string
}

// NewS3Signer signs for the bucket of the name.
func NewS3Signer(client PresignClient, bucket string) *S3Signer {
	return &S3Signer{client: client, bucket: bucket}
}

// SignPut implements Signer.
func (s *S3Signer) SignPut(ctx context.Context, key string, life time.Duration, now time.Time) (Signed, error) {
	r, err := s.client.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, ContentType: aws.String("application/octet-stream")},
		s3.WithPresignExpires(life))
	return signed(r, now.Add(life), err)
}

// SignGet implements Signer.
func (s *S3Signer) SignGet(ctx context.Context, key string, life time.Duration, now time.Time) (Signed, error) {
	r, err := s.client.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}, s3.WithPresignExpires(life))
	return signed(r, now.Add(life), err)
}

func signed(r *v4.PresignedHTTPRequest, expires time.Time, err error) (Signed, error) {
	if err != nil {
		return Signed{}, awsfault.Wrap(err, "blob: sign")
	}
	header := r.SignedHeader.Clone()
	header.Del("Host")
	header.Del("Content-Length")
	return Signed{Method: r.Method, URL: r.URL, Header: header, ExpiresAt: expires.UTC()}, nil
}

// SignPut implements Signer with a URL that leads nowhere.
func (m *Memory) SignPut(_ context.Context, key string, life time.Duration, now time.Time) (Signed, error) {
	return Signed{Method: http.MethodPut, URL: "memory:" + key, Header: http.Header{"Content-Type": {"application/octet-stream"}}, ExpiresAt: now.Add(life)}, nil
}

// SignGet implements Signer with a URL that leads nowhere.
func (m *Memory) SignGet(_ context.Context, key string, life time.Duration, now time.Time) (Signed, error) {
	return Signed{Method: http.MethodGet, URL: "memory:" + key, Header: http.Header{}, ExpiresAt: now.Add(life)}, nil
}
