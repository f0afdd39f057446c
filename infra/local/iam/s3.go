package iam

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
)

// S3 guards S3 with path-style URLs. A function that may not list a bucket is not told which objects are missing: it
// gets 403 where others get 404. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, under Permissions
func (g *Guard) S3(next http.Handler) http.Handler {
	return g.guard(service{needs: objectNeeds, refuse: refuseObject}, func(rw http.ResponseWriter, r *http.Request, c *caller) {
		bucket, key := objectOf(r.URL.Path)
		if c == nil || key == "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(rw, r)
			return
		}
		held := &holder{ResponseWriter: rw}
		next.ServeHTTP(held, r)
		if !held.missing {
			return
		}
		list := Grant{"s3:ListBucket", bucketARN + bucket}
		if bytes.Contains(held.body.Bytes(), []byte("NoSuchBucket")) || g.may(c, list) {
			rw.WriteHeader(http.StatusNotFound)
			_, _ = rw.Write(held.body.Bytes()) // what fails here is the connection
			return
		}
		rw.Header().Del("Content-Length")
		refuseObject(rw, r, "Access Denied")
	})
}

const bucketARN = "arn:aws:s3:::"

// objectOf takes a path apart; there is no key in that of a bucket.
func objectOf(path string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return bucket, key
}

// objectNeeds lists what a call of S3 needs, as far as the local S3 has such calls.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
func objectNeeds(r *http.Request, _ []byte) []Grant {
	bucket, key := objectOf(r.URL.Path)
	resource := bucketARN + bucket
	if bucket == "" {
		return []Grant{{"s3:ListAllMyBuckets", everything}}
	}
	query := r.URL.Query()
	if key == "" {
		return []Grant{{bucketAction(r.Method, query), resource}}
	}
	resource += "/" + key
	all := []Grant{{objectAction(r.Method, query), resource}}
	if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
		source, _, _ = strings.Cut(source, "?")
		if plain, err := url.PathUnescape(source); err == nil {
			source = plain
		}
		all = append(all, Grant{"s3:GetObject", bucketARN + strings.TrimPrefix(source, "/")})
	}
	return all
}

func bucketAction(method string, query url.Values) string {
	switch {
	case method == http.MethodGet && query.Has("location"):
		return "s3:GetBucketLocation"
	case method == http.MethodGet && query.Has("uploads"):
		return "s3:ListBucketMultipartUploads"
	case method == http.MethodGet, method == http.MethodHead:
		return "s3:ListBucket"
	case method == http.MethodPost && query.Has("delete"):
		return "s3:DeleteObject" // on the bucket, which is stricter than on each of the keys
	case method == http.MethodPut:
		return "s3:CreateBucket"
	case method == http.MethodDelete:
		return "s3:DeleteBucket"
	}
	return "s3:" + method
}

func objectAction(method string, query url.Values) string {
	switch method {
	case http.MethodGet, http.MethodHead:
		if query.Has("uploadId") {
			return "s3:ListMultipartUploadParts"
		}
		return "s3:GetObject"
	case http.MethodPut, http.MethodPost: // POST begins or completes an upload in parts
		return "s3:PutObject"
	case http.MethodDelete:
		if query.Has("uploadId") {
			return "s3:AbortMultipartUpload"
		}
		return "s3:DeleteObject"
	}
	return "s3:" + method
}

func refuseObject(rw http.ResponseWriter, r *http.Request, message string) {
	rw.Header().Set("Content-Type", "application/xml")
	rw.WriteHeader(http.StatusForbidden)
	if r.Method == http.MethodHead {
		return
	}
	_ = xml.NewEncoder(rw).Encode(struct { // what fails here is the connection
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: "AccessDenied", Message: message})
}

// holder holds an answer of 404 back and lets any other pass.
type holder struct {
	http.ResponseWriter
	missing, begun bool
	body           bytes.Buffer
}

func (h *holder) WriteHeader(status int) {
	if h.begun {
		return
	}
	h.begun, h.missing = true, status == http.StatusNotFound
	if !h.missing {
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *holder) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	if h.missing {
		return h.body.Write(p)
	}
	return h.ResponseWriter.Write(p)
}
