package s3

import (
	"crypto/hmac"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// presigned tells whether a request is made by a presigned URL.
func presigned(query url.Values) bool { return query.Has("X-Amz-Signature") }

// expired tells whether a presigned URL is past its time.
func (s *Store) expired(query url.Values) bool {
	if !query.Has("X-Amz-Expires") {
		return false
	}
	signed, err := signedAt(query)
	seconds, err2 := strconv.Atoi(query.Get("X-Amz-Expires"))
	return err != nil || err2 != nil || s.now().After(signed.Add(time.Duration(seconds)*time.Second))
}

func signedAt(query url.Values) (time.Time, error) {
	return time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
}

// genuine tells whether a presigned URL is used as it was signed: method, path, parameters, and those headers that its
// signature names. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func (s *Store) genuine(r *http.Request) bool {
	query := r.URL.Query()
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	at, err := signedAt(query)
	if len(scope) != 5 || err != nil {
		return false
	}
	plain := *r.URL
	plain.Scheme, plain.Host = "http", r.Host
	rest := r.URL.Query()
	for _, name := range []string{"Signature", "Algorithm", "Credential", "Date", "SignedHeaders", "Security-Token"} {
		rest.Del("X-Amz-" + name)
	}
	plain.RawQuery = rest.Encode()
	again := &http.Request{Method: r.Method, URL: &plain, Host: r.Host, Header: http.Header{}}
	for _, name := range strings.Split(query.Get("X-Amz-SignedHeaders"), ";") {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping, o.DisableHeaderHoisting = true, true })
	signed, _, err := signer.PresignHTTP(r.Context(), aws.Credentials{
		AccessKeyID: scope[0], SecretAccessKey: s.secret, SessionToken: query.Get("X-Amz-Security-Token"),
	}, again, "UNSIGNED-PAYLOAD", scope[3], scope[2], at)
	if err != nil {
		return false
	}
	u, err := url.Parse(signed)
	return err == nil && hmac.Equal([]byte(u.Query().Get("X-Amz-Signature")), []byte(query.Get("X-Amz-Signature")))
}
