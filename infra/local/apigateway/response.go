package apigateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// response is what a function's result means for the client.
type response struct {
	status  int
	headers map[string]string
	cookies []string
	body    []byte
}

// parseResponse reads the result of a function in payload format 2.0. One without a status code is a 200 with the result
// itself as JSON.
func parseResponse(payload []byte) (response, error) {
	if !json.Valid(payload) {
		return response{}, errors.New("apigateway: the function did not answer in JSON")
	}
	var fields struct {
		StatusCode      json.RawMessage `json:"statusCode"`
		Headers         map[string]any  `json:"headers"`
		Cookies         []string        `json:"cookies"`
		Body            *string         `json:"body"`
		IsBase64Encoded bool            `json:"isBase64Encoded"`
	}
	if !bytes.HasPrefix(bytes.TrimLeft(payload, " \t\r\n"), []byte("{")) {
		return inferred(payload), nil
	}
	if err := json.Unmarshal(payload, &fields); err != nil {
		return response{}, fmt.Errorf("apigateway: the function's answer: %w", err)
	}
	if fields.StatusCode == nil {
		return inferred(payload), nil
	}
	status, err := strconv.Atoi(strings.Trim(string(fields.StatusCode), `"`))
	if err != nil || status < 100 || status > 599 {
		return response{}, fmt.Errorf("apigateway: the function answered with status %s", fields.StatusCode)
	}
	r := response{status: status, cookies: fields.Cookies, headers: map[string]string{"content-type": "text/plain;charset=UTF-8"}}
	for name, value := range fields.Headers {
		r.headers[strings.ToLower(name)] = fmt.Sprint(value)
	}
	if fields.Body != nil {
		r.body = []byte(*fields.Body)
	}
	if fields.IsBase64Encoded {
		if r.body, err = base64.StdEncoding.DecodeString(string(r.body)); err != nil {
			return response{}, fmt.Errorf("apigateway: the function's body: %w", err)
		}
	}
	return r, nil
}

func inferred(payload []byte) response {
	body := payload
	var text string
	if json.Unmarshal(payload, &text) == nil {
		body = []byte(text)
	}
	return response{status: http.StatusOK, headers: map[string]string{"content-type": "application/json"}, body: body}
}

func (r response) write(rw http.ResponseWriter) {
	header := rw.Header()
	for name, value := range r.headers {
		header.Set(name, value)
	}
	for _, cookie := range r.cookies {
		header.Add("Set-Cookie", cookie)
	}
	header.Set("Content-Length", strconv.Itoa(len(r.body)))
	if r.status == http.StatusNoContent || r.status == http.StatusNotModified || r.status < 200 {
		header.Del("Content-Length")
		header.Del("Content-Type")
		rw.WriteHeader(r.status)
		return
	}
	rw.WriteHeader(r.status)
	_, _ = rw.Write(r.body)
}
