package marketo

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/conformance"
)

func TestConformance(t *testing.T) {
	source, err := os.ReadFile("marketo_test.go")
	if err != nil {
		t.Fatal(err)
	}
	conformance.Run(t, Definition(), conformance.Options{Server: newServer, Spoil: spoil, Source: fstest.MapFS{"marketo.go": {Data: source}}})
}

// spoil writes over a whole row of a file, so that the file is as long as before, or over a row of JSON.
func spoil(body []byte, id string) []byte {
	if bytes.HasPrefix(body, []byte("{")) {
		return conformance.SpoilJSON(body, id)
	}
	body = bytes.Clone(body)
	at := bytes.Index(body, []byte("\n"+id+",lead"))
	if at < 0 {
		return body
	}
	end := bytes.Index(body[at+1:], []byte("null\n")) // notes, the last column
	if end < 0 {
		return body
	}
	copy(body[at+1:at+1+end+4], strings.Repeat("x", end+4))
	return body
}

// TestErrorsWithinAnswers: what is wrong comes with status 200.
func TestErrorsWithinAnswers(t *testing.T) {
	at := time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC) // two in the afternoon of CST
	for code, want := range map[string]connector.Verdict{
		"601":  {Outcome: connector.Expired},
		"602":  {Outcome: connector.Expired},
		"603":  {Outcome: connector.Denied},
		"606":  {Outcome: connector.Throttled, Wait: 20 * time.Second},
		"607":  {Outcome: connector.DayQuota, Wait: 10 * time.Hour},
		"610":  {Outcome: connector.Missing},
		"611":  {Outcome: connector.Retry},
		"615":  {Outcome: connector.Throttled, Wait: time.Second},
		"1001": {Outcome: connector.Permanent},
	} {
		got := judge(connector.Answer{Status: http.StatusOK, At: at, Body: []byte(`{"requestId":"r","success":false,"errors":[{"code":"` + code + `","message":"No."}]}`)})
		want.Code, want.Message = code, "No."
		if got != want {
			t.Errorf("%s: got %+v, want %+v", code, got, want)
		}
	}
	if got := judge(connector.Answer{Status: http.StatusOK, Body: []byte(`{"success":true,"errors":[]}`)}); got.Outcome != connector.OK {
		t.Errorf("got %+v", got)
	}
}
