package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"leadline/shared/fault"
)

// StandardJudge goes by the status alone: 2xx is OK; 401 Expired (a fresh token, or another key, may do); 403 Denied; 404
// and 410 Missing; 429 Throttled; 408, 5xx and what is no status at all Retry; everything else Permanent.
func StandardJudge(a Answer) Verdict {
	switch s := a.Status; {
	case s/100 == 2:
		return Verdict{Outcome: OK}
	case s == http.StatusUnauthorized:
		return Verdict{Outcome: Expired}
	case s == http.StatusForbidden:
		return Verdict{Outcome: Denied}
	case s == http.StatusNotFound, s == http.StatusGone:
		return Verdict{Outcome: Missing}
	case s == http.StatusTooManyRequests:
		return Verdict{Outcome: Throttled}
	case s == http.StatusRequestTimeout, s/100 == 5, s < 100, s > 599:
		return Verdict{Outcome: Retry}
	}
	return Verdict{Outcome: Permanent}
}

// JudgeDownload judges the answer to a request for a file at an address of its own: by the status alone, and what is refused
// says nothing of our credentials, for a fresh address may do.
func JudgeDownload(a Answer) Verdict {
	v := StandardJudge(a)
	if v.Outcome == Expired || v.Outcome == Denied {
		v.Outcome = Retry
	}
	return v
}

// RefusedError is the cause of the fault of a request that the provider refused: a connector may act on it.
type RefusedError struct {
	Status int
	Verdict
}

// Error gives the status and the provider's words.
func (e *RefusedError) Error() string {
	text := "status " + strconv.Itoa(e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Brief gives the status and the code alone, for logs: the provider's words may quote what they are about.
func (e *RefusedError) Brief() string {
	return strings.TrimRight("status "+strconv.Itoa(e.Status)+" "+e.Code, " ")
}

// Refusal gives what a provider said when it refused a request, or nil.
func Refusal(err error) *RefusedError {
	var e *RefusedError
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// maxErrorText bounds how much of a provider's words is repeated.
const maxErrorText = 300

func errorText(body json.RawMessage, paths []string) string {
	var root any
	if decode(body, &root) != nil {
		return ""
	}
	for _, path := range paths {
		if text, ok := at(root, path).(string); ok && text != "" {
			for len(text) > maxErrorText || !utf8.ValidString(text) {
				text = strings.ToValidUTF8(text[:min(len(text), maxErrorText)], "")
			}
			return text
		}
	}
	return ""
}

// at goes down a path of names and numbers.
func at(value any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// decode says of what it cannot read where it stands: the causes of encoding/json quote what they found.
func decode(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(v) == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "unreadable_answer", "The provider's answer is not the JSON that was expected, at byte %d of %d.",
		dec.InputOffset(), len(body))
}
