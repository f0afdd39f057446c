package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ServeHTTP answers the calls of AWS SDKs and presigned URLs.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if what := unsupported(r); what != "" {
		answerError(w, r, http.StatusNotImplemented, "NotImplemented", "This emulator does not have "+what+".")
		return
	}
	if s.expired(r.URL.Query()) {
		answerError(w, r, http.StatusForbidden, "AccessDenied", "Request has expired")
		return
	}
	if s.secret != "" && !presigned(r.URL.Query()) && r.Header.Get("Authorization") == "" {
		answerError(w, r, http.StatusForbidden, "AccessDenied", "Access Denied") // a presigned URL without its parameters
		return
	}
	if s.secret != "" && presigned(r.URL.Query()) && !s.genuine(r) {
		answerError(w, r, http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your key and signing method.")
		return
	}
	s.server.ServeHTTP(w, r)
}

// unsupported names what a request asks for that gofakes3 would overlook; empty if it knows all of it. Overlooked, a
// subresource such as ?tagging would replace the object itself, a condition would not hold, and a chunked body would be
// stored with its chunk headers.
func unsupported(r *http.Request) string {
	query := r.URL.Query()
	subresources := subresourcesOf(r)
	for name := range query {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") {
			if !knownHeader(lower) {
				return "the parameter " + name
			}
		} else if lower != "x-id" && !slices.Contains(subresources, name) {
			return fmt.Sprintf("%s with the parameter %s", r.Method, name)
		}
	}
	if query.Has("partNumber") != (query.Has("uploadId") && r.Method == http.MethodPut) {
		return "this use of partNumber and uploadId"
	}
	for name, values := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && !knownHeader(lower) {
			return "the header " + name
		} else if len(values) > 1 && strings.HasPrefix(lower, "x-amz-") {
			return "a repeated header " + name
		}
	}
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		return "bodies in chunks"
	}
	return condition(r)
}

// subresourcesOf lists the query parameters that gofakes3 honours for a method on a bucket or an object.
func subresourcesOf(r *http.Request) []string {
	_, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch kind := r.Method; {
	case name == "" && kind == http.MethodGet:
		return []string{"list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "marker",
			"fetch-owner", "location", "uploads", "max-uploads", "key-marker", "upload-id-marker"}
	case name == "" && kind == http.MethodPost:
		return []string{"delete"}
	case name == "":
		return nil
	case kind == http.MethodGet, kind == http.MethodHead:
		return []string{"response-content-type", "response-content-disposition", "response-content-encoding",
			"response-content-language", "response-cache-control", "response-expires", "uploadId", "max-parts", "part-number-marker"}
	case kind == http.MethodPut:
		return []string{"uploadId", "partNumber"}
	case kind == http.MethodPost:
		return []string{"uploads", "uploadId"}
	case kind == http.MethodDelete:
		return []string{"uploadId"}
	}
	return nil
}

// knownHeader tells whether an x-amz- header, in lower case, is honoured or can do no harm unheard. Presigned URLs carry
// them as parameters.
func knownHeader(name string) bool {
	for _, prefix := range []string{"x-amz-meta-", "x-amz-checksum-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch strings.TrimPrefix(name, "x-amz-") {
	case "algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token", // the signature
		"content-sha256", "sdk-checksum-algorithm", "user-agent", "expected-bucket-owner", "storage-class", "copy-source",
		"server-side-encryption", "server-side-encryption-aws-kms-key-id", "server-side-encryption-bucket-key-enabled",
		"server-side-encryption-context":
		return true
	}
	return false
}

// condition names a conditional header that gofakes3 does not honour for the request.
func condition(r *http.Request) string {
	put := r.Method == http.MethodPut && !r.URL.Query().Has("uploadId") && r.Header.Get("X-Amz-Copy-Source") == ""
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	for name, honoured := range map[string]bool{
		"If-Match":            put,
		"If-None-Match":       put && r.Header.Get("If-None-Match") == "*" || get && r.Header.Get("If-None-Match") != "*",
		"If-Modified-Since":   get,
		"If-Unmodified-Since": false,
		"If-Range":            false,
	} {
		if r.Header.Get(name) != "" && !honoured {
			return fmt.Sprintf("%s on this %s", name, r.Method)
		}
	}
	return ""
}

func answerError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	_ = xml.NewEncoder(w).Encode(struct { // what fails here is the connection
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: message})
}
