package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"leadline/shared/connector"
)

// garbage are bodies that are no answer of anybody.
func garbage() []string {
	return []string{"", " ", "null", "true", "7", `"` + markerText + `"`, "[]", "{}", "<html><body>" + markerText + "</body></html>", "{", "\x00\xff",
		`{"error":null,"errors":null,"message":null}`, `{"error":{"message":"` + markerText + `"}}`, `{"errors":["` + markerText + `"]}`,
		`{"errors":[{"code":"601","message":{}}]}`, `{"success":false,"errors":[]}`, `{"errors":{"a":[null]}}`, strings.Repeat("[", 20_000),
		`{"error":"` + strings.Repeat("ä", 5_000) + `"}`}
}

// checkJudgement puts every status and every body before Judge, and headers of all kinds before Seen.
func (s *suite) checkJudgement() {
	api := s.definition.API
	judge := api.Judge
	if judge == nil {
		judge = connector.StandardJudge
	}
	outcomes := []connector.Outcome{connector.OK, connector.Throttled, connector.DayQuota, connector.Retry, connector.Expired, connector.Refused,
		connector.Denied, connector.Missing, connector.Permanent}
	bodies := garbage()
	headers := make([]http.Header, len(bodies))
	for i := range bodies {
		headers[i] = header(i)
	}
	for status := -1; status <= 600; status++ {
		for i, body := range bodies {
			what := fmt.Sprintf("Judge of status %d with body %d", status, i)
			var v connector.Verdict
			if s.guarded(Judgement, what, func() error {
				v = judge(connector.Answer{Status: status, Body: []byte(body), Header: headers[i], At: time.Unix(1_700_000_000, 0)})
				return nil
			}) != nil {
				return
			}
			s.checkVerdict(what, status, v, outcomes)
		}
	}
	_ = s.guarded(Judgement, "Judge of an empty answer", func() error { judge(connector.Answer{}); return nil })
	s.checkSeen(api)
}

func (s *suite) checkVerdict(what string, status int, v connector.Verdict, outcomes []connector.Outcome) {
	is := func(these ...connector.Outcome) bool { return slices.Contains(these, v.Outcome) }
	switch {
	case !slices.Contains(outcomes, v.Outcome):
		s.fail(Judgement, "%s is %q, which is no outcome", what, v.Outcome)
	case v.Wait < 0 || v.Wait > 48*time.Hour:
		s.fail(Judgement, "%s wants to wait for %s", what, v.Wait)
	case len(v.Code)+len(v.Message) > 2_000:
		s.fail(Judgement, "%s says more than anybody reads", what)
	case status/100 == 5 && !is(connector.Retry, connector.Throttled, connector.DayQuota),
		status == http.StatusUnauthorized && !is(connector.Expired, connector.Refused),
		status == http.StatusTooManyRequests && !is(connector.Throttled, connector.DayQuota),
		status/100 != 2 && is(connector.OK),
		status < 100 && !is(connector.Retry):
		s.fail(Judgement, "%s is %q", what, v.Outcome)
	}
}

// checkSeen gives Seen headers that say nothing, nonsense, and too much.
func (s *suite) checkSeen(api *connector.API) {
	if api.Seen == nil {
		return
	}
	_ = s.guarded(Judgement, "Seen of no headers", func() error { api.Seen(nil); return nil })
	for i := range headerValues() {
		_ = s.guarded(Judgement, "Seen", func() error {
			q := api.Seen(header(i))
			if q.Limit < -1 || q.Remaining < -1 || q.Reset < 0 || q.Reset > 48*time.Hour {
				s.fail(Judgement, "Seen makes %+v of headers like %q", q, headerValues()[i])
			}
			if i == 0 && (q.Limit != -1 || q.Remaining != -1 || q.Reset != 0) {
				s.fail(Judgement, "Seen makes %+v of headers that say nothing", q)
			}
			return nil
		})
	}
}

func headerValues() []string {
	return []string{"", "x", "-1", "1e400", "NaN", "-Inf", "99999999999999999999", "0", "limit=, remaining=, reset=", "limit=-5;remaining=-9;reset=-1",
		"limit=1e99, remaining=NaN, reset=Inf", "=;=,", "9223372036854775807", "1.5", "\x00"}
}

// header has one of the values under all the names that limits are told by.
func header(i int) http.Header {
	values := headerValues()
	h := http.Header{}
	if value := values[i%len(values)]; value != "" {
		for _, name := range []string{"RateLimit", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining",
			"X-RateLimit-Reset", "Retry-After", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "Date"} {
			h.Set(name, value)
		}
	}
	return h
}
