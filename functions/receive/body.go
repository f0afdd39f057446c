package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/klauspost/compress/gzip"

	"leadline/shared/fault"
	"leadline/shared/problem"
)

// bodyOf gives the raw bytes that were posted, if there are not too many of them and they are said to be JSON, or a form. API
// Gateway hands over as base64 what it takes for binary, by its content type:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func bodyOf(request events.APIGatewayV2HTTPRequest, max int, form bool) ([]byte, error) {
	body := []byte(request.Body)
	if request.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(request.Body); err != nil {
			return nil, fault.New(fault.Invalid, "invalid_body_encoding", "The body is said to be base64 and is not.")
		}
	}
	if len(body) > max {
		return nil, fault.New(fault.Invalid, problem.BodyTooLarge, "The body has %d bytes; at most %d are taken.", len(body), max)
	}
	switch contentType, ok := header(request.Headers, "content-type"); {
	case ok && form && !isForm(contentType):
		return nil, fault.New(fault.Invalid, problem.UnsupportedMediaType, "The content type must be application/x-www-form-urlencoded.")
	case ok && !form && !isJSON(contentType):
		return nil, fault.New(fault.Invalid, problem.UnsupportedMediaType, "The content type must be application/json.")
	}
	return body, nil
}

// rowsOf gives the raw bytes of a push: as bodyOf does, unpacked where they are said to be packed. Neither may have more
// than max bytes, and no more are unpacked than that.
func rowsOf(request events.APIGatewayV2HTTPRequest, max int) ([]byte, error) {
	body, err := bodyOf(request, max, false)
	if err != nil {
		return nil, err
	}
	switch encoding, _ := header(request.Headers, "content-encoding"); strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
	default:
		return nil, fault.New(fault.Invalid, problem.UnsupportedMediaType, "The content encoding must be gzip, or none.")
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(z, int64(max)+1))
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_body_encoding", "The body is said to be gzip and is not.")
	}
	if len(body) > max {
		return nil, fault.New(fault.Invalid, problem.BodyTooLarge, "The body unpacks to more than %d bytes.", max)
	}
	return body, nil
}

// isJSON tells whether a content type says JSON: application/json, or application/ with the suffix +json (RFC 6839).
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return false
	}
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

func isForm(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return media == "application/x-www-form-urlencoded" && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

// header finds a header by name. API Gateway writes names in lower case and joins doubled ones with commas.
func header(headers map[string]string, name string) (string, bool) {
	if value, ok := headers[name]; ok {
		return value, true
	}
	for n, value := range headers {
		if strings.EqualFold(n, name) {
			return value, true
		}
	}
	return "", false
}
