package canarytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"leadline/shared/connector/canarytest"
)

// silent is a test that notes whether it failed.
type silent struct {
	testing.TB
	failed string
}

func (s *silent) Helper() {}
func (s *silent) Fatalf(format string, args ...any) {
	s.failed = fmt.Sprintf(format, args...)
}

func TestSecretsAreNotedQuotedAndFound(t *testing.T) {
	p := canarytest.New(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":[{"signature_key":"key of the hook"}],"access_token":"access-4711"}`)
	}))
	send := func(body string) string {
		r, err := http.NewRequest(http.MethodPost, p.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("api_of_nobody", "")
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Do(r)
		if err != nil {
			return err.Error()
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return fmt.Sprint(response.StatusCode, " ", string(text))
	}
	send(`{"url":"https://x.example/hooks/t0ken-of-it"}`)
	send(url.Values{"client_secret": {"s3cret&of=it"}, "code": {"short"}}.Encode())
	secrets := []string{"api_of_nobody", "t0ken-of-it", "s3cret&of=it", "key of the hook", "access-4711"}
	for _, secret := range secrets {
		for _, text := range []string{secret, "x" + url.QueryEscape(secret), secret[:len(secret)-2]} {
			found := silent{TB: t}
			if p.Check(&found, "it", text); !strings.Contains(found.failed, "it holds ") {
				t.Errorf("%q is not found in %q among %v", secret, text, p.Secrets())
			}
		}
	}
	p.Check(t, "what holds none", "api_ short t0k")
	for _, f := range canarytest.Faults() {
		p.Spoil(func(*http.Request) *canarytest.Fault { return &f })
		got := send(`{"url":"https://x.example/hooks/t0ken-of-it"}`)
		if f.Cut != strings.Contains(got, "EOF") || !f.Cut && (!strings.HasPrefix(got, fmt.Sprint(f.Status)) || !strings.Contains(got, "api_of_nobody") && !strings.Contains(got, "t0ken")) {
			t.Errorf("%s gives %s", f.Name, got)
		}
		if p.Spoilt() != 1 {
			t.Errorf("%s: %d were spoilt", f.Name, p.Spoilt())
		}
	}
}
