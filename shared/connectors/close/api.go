package close

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadline/shared/connector"
)

// api says how Close's API is reached: https://developer.close.com/api/overview/introduction.
func api() *connector.API {
	return &connector.API{
		BaseURL: "https://api.close.com/api/v1",
		Hosts:   []string{"api.close.com"},
		Logins: []connector.Login{
			{
				// https://developer.close.com/api/overview/api-key-authentication: the key is the user name, the password empty.
				Kind: connector.APIKey,
				Authorize: func(header http.Header, secret string) {
					header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret+":")))
				},
				Check: checkKey,
			},
			{
				// https://developer.close.com/api/overview/oauth-authentication: a refresh token works once.
				Kind:         connector.OAuth2,
				AuthorizeURL: "https://app.close.com/oauth2/authorize/",
				TokenURL:     "/oauth2/token/",
				RevokeURL:    "/oauth2/revoke/",
				Scopes:       []string{"all.full_access", "offline_access"},
				Rotates:      true,
			},
		},
		// https://developer.close.com/api/overview/rate-limits: 20 requests a second of a key for a group of endpoints is the
		// documentation's example; the true numbers come with each answer, and some endpoints are stricter without notice.
		Limits: []connector.Limit{{Requests: 20, Window: time.Second}},
		Group:  group,
		Judge:  judge,
		Seen:   seen,
		Probe:  probe,
	}
}

func checkKey(secret string) string {
	switch {
	case strings.TrimSpace(secret) == "":
		return "The API key is empty."
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "The API key has blanks or characters that no key of Close has: copy it once more."
	case strings.Contains(secret, ":"):
		return "The API key has a colon, which no key of Close has: paste the key alone, without a user name or password."
	case len(secret) < 16:
		return "The API key is too short to be one of Close: they begin with api_ and are shown whole only once, when they are made."
	}
	return ""
}

// group gives the group of endpoints whose limit a request counts for: the documentation says that similar endpoints and
// methods share one. Taken as its method and the family of its path, ids left out: GET activity/call.
func group(method, path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	n := 1
	switch {
	case len(parts) > 2 && parts[0] == "activity" && parts[1] == "status_change":
		n = 3
	case len(parts) > 1 && slices.Contains([]string{"activity", "custom_field", "data", "status"}, parts[0]):
		n = 2
	}
	return method + " " + strings.Join(parts[:n], "/")
}

// Codes of refusals that the code acts on.
const (
	// codeMaxSkip: offset paging went too deep. airbytehq/airbyte#20959.
	codeMaxSkip = "max_skip"
	// codeCursor: the cursor of a search is too old, or none.
	codeCursor = "cursor_lost"
	codePlan   = "plan_limit"
)

// judge says what became of a request: https://developer.close.com/api/overview/http-response-codes.
func judge(a connector.Answer) connector.Verdict {
	v := connector.StandardJudge(a)
	if v.Outcome == connector.OK {
		return v
	}
	v.Message = refusal(a.Body)
	lower := strings.ToLower(v.Message)
	switch a.Status {
	case http.StatusPaymentRequired:
		v.Outcome, v.Code = connector.Denied, codePlan
		if v.Message == "" {
			v.Message = "The plan of the Close organization does not include this."
		}
	case http.StatusTooManyRequests:
		v.Wait = max(seen(a.Header).Reset, bodyReset(a.Body))
	case http.StatusBadRequest:
		switch {
		case strings.Contains(lower, "max_skip"), strings.Contains(lower, "maximum skip"):
			v.Code = codeMaxSkip
		case strings.Contains(lower, "cursor"):
			v.Code = codeCursor
		}
	}
	return v
}

// refusal reads Close's words out of the body of an error: "error", the first of "errors", or the first of "field-errors"
// with the name of its field.
func refusal(body []byte) string {
	if text := connector.ErrorText(body, "error", "errors.0"); text != "" {
		return text
	}
	var e struct {
		Fields map[string]any `json:"field-errors"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	for _, name := range sortedKeys(e.Fields) {
		if text := firstText(e.Fields[name]); text != "" {
			return cut(name + ": " + text)
		}
	}
	return ""
}

// firstText finds the first text in a value, which may nest.
func firstText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		for _, e := range v {
			if text := firstText(e); text != "" {
				return text
			}
		}
	case map[string]any:
		for _, name := range sortedKeys(v) {
			if text := firstText(v[name]); text != "" {
				return text
			}
		}
	}
	return ""
}

func cut(text string) string {
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

func sortedKeys(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// seen reads the header of https://developer.close.com/api/overview/rate-limits, "limit=100, remaining=50, reset=5": the
// parts have been seen separated by semicolons, too, and reset as a decimal number of seconds.
func seen(header http.Header) connector.Quota {
	q := connector.Quota{Limit: -1, Remaining: -1}
	parts := strings.FieldsFunc(strings.Join(header.Values("RateLimit"), ","), func(r rune) bool { return r == ',' || r == ';' })
	for _, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "limit":
			q.Limit = whole(value)
		case "remaining":
			q.Remaining = whole(value)
		case "reset":
			q.Reset = seconds(value)
		}
	}
	return q
}

func whole(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// seconds reads a decimal number of seconds, rounded up to milliseconds: to come back too early costs a refusal.
func seconds(text string) time.Duration {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0) || f > 86_400 {
		return 0
	}
	return time.Duration(math.Ceil(f*1000)) * time.Millisecond
}

// bodyReset reads "rate_reset", which the bodies of refusals carried before the header did and may still.
func bodyReset(body []byte) time.Duration {
	var b map[string]json.RawMessage
	if json.Unmarshal(body, &b) != nil {
		return 0
	}
	inner := b
	if raw, ok := b["error"]; ok {
		var e map[string]json.RawMessage
		if json.Unmarshal(raw, &e) == nil {
			inner = e
		}
	}
	return seconds(string(inner["rate_reset"]))
}
