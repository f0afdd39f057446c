// Package canarytest stands between a connector and its provider in tests: it notes every secret that goes either way, spoils
// requests with answers that quote all that was sent, and finds those secrets again wherever they must not be.
package canarytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Fault spoils a request: it is answered with Status and what Body makes of a quotation of the request.
type Fault struct {
	// Name tells it apart, Form what its bodies have in common with others.
	Name, Form string
	Status     int
	Body       func(quote string) string
	// Cut ends the connection instead of an answer.
	Cut bool
}

// Faults lists what can be answered, in the forms in which providers tell errors.
func Faults() []Fault {
	quoted := func(s string) string {
		text, _ := json.Marshal(s) // a text
		return string(text)
	}
	fill := strings.Repeat("x", 270) + " " // so that a judge cuts within a secret
	all := []Fault{{Name: "cut", Form: "cut", Cut: true}}
	for name, body := range map[string]func(string) string{
		"error":  func(q string) string { return `{"error":` + quoted(q) + `}` },
		"late":   func(q string) string { return `{"error":` + quoted(fill+q) + `,"error_description":` + quoted(q) + `}` },
		"list":   func(q string) string { return `{"errors":[` + quoted(q) + `]}` },
		"fields": func(q string) string { return `{"field-errors":{"url":[` + quoted(q) + `],"query":` + quoted(q) + `}}` },
		"token": func(q string) string {
			return `{"error":"invalid_grant","error_description":` + quoted(q[:min(len(q), 280)]) + `}`
		},
		"code":  func(q string) string { return `{"error":` + quoted(q[:min(len(q), 90)]) + `}` },
		"plain": func(q string) string { return q },
		"page":  func(q string) string { return "<html><body>" + q + "</body></html>" },
		"another type": func(q string) string {
			return `{"data":` + quoted(q) + `,"id":12,"access_token":{"a":` + quoted(q) + `}}`
		},
	} {
		statuses := []int{200, 400, 401, 503}
		if name == "error" {
			statuses = []int{200, 302, 400, 401, 402, 403, 404, 422, 500, 503, 429}
		}
		for _, status := range statuses {
			all = append(all, Fault{Name: fmt.Sprint(name, " ", status), Form: name, Status: status, Body: body})
		}
	}
	slices.SortStableFunc(all, func(a, b Fault) int { return strings.Compare(a.Form, b.Form) }) // the one that others wait for comes last
	return all
}

// Proxy is a server in front of a provider.
type Proxy struct {
	*httptest.Server
	behind http.Handler

	mu      sync.Mutex
	secrets map[string]string // what each is
	spoil   func(r *http.Request) *Fault
	spoilt  int
}

// New makes a proxy in front of a provider.
func New(t testing.TB, behind http.Handler) *Proxy {
	p := &Proxy{behind: behind, secrets: map[string]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// Spoil has requests answered with the faults that a function gives; nil for those that pass.
func (p *Proxy) Spoil(with func(r *http.Request) *Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoil, p.spoilt = with, 0
}

// Spoilt gives how many requests were spoilt since Spoil.
func (p *Proxy) Spoilt() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spoilt
}

// Note adds a secret, with what it is.
func (p *Proxy) Note(what, secret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(what, secret)
}

func (p *Proxy) note(what, secret string) {
	if len(secret) >= 8 && p.secrets[secret] == "" {
		p.secrets[secret] = what
	}
}

// Secrets gives what was noted, by what it is.
func (p *Proxy) Secrets() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.secrets)
}

// Check fails the test if a text holds a secret, or the greater part of one, however it is spelled.
func (p *Proxy) Check(t testing.TB, where, text string) {
	t.Helper()
	for secret, what := range p.Secrets() {
		part := secret[:max(8, len(secret)*2/3)]
		for _, spelled := range []string{part, url.QueryEscape(part), url.PathEscape(part)} {
			if at := strings.Index(text, spelled); at >= 0 {
				t.Fatalf("%s holds %s: ...%s", where, what, text[max(0, at-200):min(len(text), at+len(spelled)+20)])
			}
		}
	}
}

// ServeHTTP passes a request on, or spoils it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is cut short is passed on so
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.mu.Lock()
	quote := p.sent(r, body)
	var fault *Fault
	if p.spoil != nil {
		fault = p.spoil(r)
	}
	if fault != nil {
		p.spoilt++
	}
	p.mu.Unlock()
	switch {
	case fault == nil:
		p.pass(w, r)
	case fault.Cut:
		cut(w)
	default:
		w.Header().Set("Location", p.URL+"/?"+url.Values{"q": {quote}}.Encode())
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Body(quote))
	}
}

// sent notes the secrets of a request and quotes them.
func (p *Proxy) sent(r *http.Request, body []byte) string {
	parts := []string{string(body)}
	if user, _, basic := r.BasicAuth(); basic {
		p.note("an API key", user)
		parts = append(parts, user)
	}
	if header := r.Header.Get("Authorization"); header != "" {
		_, secret, _ := strings.Cut(header, " ")
		p.note("the Authorization header", secret)
		parts = append(parts, header)
	}
	if form, err := url.ParseQuery(string(body)); err == nil {
		for _, name := range []string{"client_secret", "code", "code_verifier", "refresh_token", "token"} {
			p.note(name, form.Get(name))
			parts = append(parts, form.Get(name))
		}
	}
	var sent struct {
		URL string `json:"url"`
	}
	if json.Unmarshal(body, &sent) == nil && sent.URL != "" {
		p.note("a webhook token", sent.URL[strings.LastIndexByte(sent.URL, '/')+1:])
		parts = append(parts, sent.URL)
	}
	slices.Reverse(parts) // the shorter ones first
	return strings.Join(parts, " ")
}

// pass notes the secrets of an answer on its way.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	p.behind.ServeHTTP(answer, r)
	var given any
	if json.Unmarshal(answer.Body.Bytes(), &given) == nil {
		p.mu.Lock()
		p.received(given)
		p.mu.Unlock()
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// received notes the secrets in an answer, at whatever depth.
func (p *Proxy) received(value any) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			p.received(e)
		}
	case map[string]any:
		for name, e := range v {
			text, _ := e.(string)
			if slices.Contains([]string{"access_token", "refresh_token", "signature_key"}, name) {
				p.note(name, text)
			}
			p.received(e)
		}
	}
}

// cut ends the connection in the middle of an answer.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}
