// Package server is the HTTP API of the sandbox: the endpoints of Close that Leadline uses, with Close's paging, caps, event
// log, signed webhooks, rate limits and OAuth, and under /_sandbox/ what tests need: faults on request, changes, counts and
// the exact contents.
//
// What Close's public documents leave open is a setting, and the default is what is hardest for a client.
package server

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"leadline/infra/sandbox/crm"
)

// Checker holds requests and answers against a specification. It says what is wrong with them, empty where nothing is.
type Checker interface {
	CheckRequest(r *http.Request, body []byte) string
	CheckAnswer(r *http.Request, status int, body []byte) string
}

// Options sets up a Server. The zero value is an organization with 12,000 records, without limits of rate and with Close's
// limits otherwise.
type Options struct {
	crm.Options

	// Keys are the API keys and whose they are: admin, manager (sees all, is no admin), rep (sees own leads only) or an
	// e-mail address. Unset, they are AdminKey, ManagerKey and RepKey.
	Keys map[string]string
	// ClientID and ClientSecret are those of the OAuth application; DefaultClientID and DefaultClientSecret unless set.
	ClientID, ClientSecret string
	// TokenLife is how long an access token lives; an hour unless set.
	TokenLife time.Duration

	// RPS is how many requests a second each key may send to each group of endpoints, over a window; 0 has no limit. The
	// organization has three times as much.
	RPS float64
	// Window is the window of the limit; 5 seconds unless set.
	Window time.Duration
	// Semicolons writes the RateLimit header as it was recorded, with semicolons, instead of as documented.
	Semicolons bool

	// MaxSkip is the largest _skip; 2,000 unless set.
	MaxSkip int
	// CursorLife is how long a cursor of a search lives; 30 seconds unless set.
	CursorLife time.Duration
	// Chain is how many objects the pages of one search give; 10,000 unless set.
	Chain int
	// MaxFields is how many fields a search may name for one object type; 100 unless set.
	MaxFields int

	// Webhooks sets up the deliveries.
	Webhooks Webhooks
	// Checker validates requests and answers; nil does not.
	Checker Checker
	// Requests is how many requests are remembered; 100,000 unless set.
	Requests int
}

// The keys and the OAuth application that are there unless Options name others.
const (
	AdminKey            = "api_sandboxadmin.2kVbYx8QqT7n"
	ManagerKey          = "api_sandboxmanager.9fHdLw3ZsR1c"
	RepKey              = "api_sandboxrep.5mGtPj6KvU0e"
	DefaultClientID     = "oa2client_sandbox"
	DefaultClientSecret = "oa2secret_sandbox"
)

// Server is the sandbox. It is an http.Handler and safe for concurrent use.
type Server struct {
	opts Options

	mu    sync.Mutex
	model *crm.Model
	keys  map[string]*credential
	oauth oauth
	limit limiter
	hooks hooks
	found map[string]*chain
	jobs  map[string]*export

	control    control
	violations []string
}

// New makes a sandbox with its data.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keys == nil {
		o.Keys = map[string]string{AdminKey: "admin", ManagerKey: "manager", RepKey: "rep"}
	}
	o.ClientID = cmp.Or(o.ClientID, DefaultClientID)
	o.ClientSecret = cmp.Or(o.ClientSecret, DefaultClientSecret)
	o.TokenLife = cmp.Or(o.TokenLife, time.Hour)
	o.Window = cmp.Or(o.Window, 5*time.Second)
	o.MaxSkip = cmp.Or(o.MaxSkip, 2000)
	o.CursorLife = cmp.Or(o.CursorLife, 30*time.Second)
	o.Chain = cmp.Or(o.Chain, 10_000)
	o.MaxFields = cmp.Or(o.MaxFields, 100)
	o.Requests = cmp.Or(o.Requests, 100_000)
	s := &Server{opts: o, keys: map[string]*credential{}, found: map[string]*chain{}, jobs: map[string]*export{}}
	s.oauth.init()
	s.limit.init()
	clock := o.Now
	s.opts.Now = func() time.Time { return clock().Add(s.control.skewed()) }
	s.opts.Options.Now = s.opts.Now
	s.model = crm.New(s.opts.Options)
	s.model.Changed = s.enqueue
	s.hooks.init(o.Webhooks)
	for key, who := range o.Keys {
		s.addKey(key, who)
	}
	return s
}

func (s *Server) now() time.Time { return s.opts.Now() }

// Do gives the CRM to f, alone.
func (s *Server) Do(f func(*crm.Model)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.model)
}

// Violations lists what the Checker had against requests and answers.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

const apiRoot = "/api/v1/"

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.serveControl(w, r)
		return
	}
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<20))
	if err != nil {
		fail(http.StatusRequestEntityTooLarge, "The request is too large.").write(w)
		return
	}
	fault := s.control.fault(r.Method, r.URL.Path)
	if fault != nil && !fault.pass(r.Context()) {
		s.control.seen(Seen{Time: s.now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Status: fault.Status, Fault: true, Key: keyName(r)}, s.opts.Requests)
		fault.answer(w)
		return
	}
	a := s.serve(r, body)
	s.control.seen(Seen{Time: s.now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: remembered(r, body), Status: a.status, Key: keyName(r)}, s.opts.Requests)
	switch {
	case fault != nil && fault.Kind == "cut":
		fault.cut(w, a)
	case fault != nil && fault.Kind == "lost":
		fault.answer(w)
	default:
		a.write(w)
	}
}

// remembered gives the part of a body that tests compare: that of searches.
func remembered(r *http.Request, body []byte) string {
	if !strings.HasSuffix(r.URL.Path, "/data/search/") {
		return ""
	}
	return string(body)
}

// serve answers a request under the lock.
func (s *Server) serve(r *http.Request, body []byte) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/oauth2/") {
		return s.serveOAuth(r, body)
	}
	path, ok := strings.CutPrefix(r.URL.Path, apiRoot)
	if !ok {
		return notFound()
	}
	who, refused := s.authenticate(r)
	if refused != nil {
		return *refused
	}
	c := &call{s: s, m: s.model, who: who, user: who.user(s.model), method: r.Method, query: r.URL.Query(), body: body, request: s.model.NewID("req_")}
	c.path, ok = strings.CutSuffix(path, "/")
	if !ok || c.path == "" {
		return notFound()
	}
	if a := c.override(r); a != nil {
		return *a
	}
	header, limited := s.limit.take(s, who.name, group(c.method, c.path))
	if limited != nil {
		return *limited
	}
	if s.opts.Checker != nil {
		if wrong := s.opts.Checker.CheckRequest(r, body); wrong != "" {
			s.violations = append(s.violations, wrong)
			return fail(http.StatusBadRequest, "The request does not fit the specification: "+wrong)
		}
	}
	a := c.route()
	if s.opts.Checker != nil {
		if wrong := s.opts.Checker.CheckAnswer(r, a.status, a.body); wrong != "" {
			s.violations = append(s.violations, wrong)
			a = fail(http.StatusInternalServerError, "The sandbox's answer does not fit the specification: "+wrong)
		}
	}
	if header != "" {
		a.header = append(a.header, [2]string{"RateLimit", header})
	}
	return a
}

// call is one request to the API.
type call struct {
	s            *Server
	m            *crm.Model
	who          *credential
	user         *crm.User
	method, path string
	query        map[string][]string
	body         []byte
	request      string
}

// change says who makes a change.
func (c *call) change() crm.Change {
	a := crm.Actor{UserID: c.user.ID, Method: c.method, Path: apiRoot + c.path + "/", RequestID: c.request}
	if c.who.oauth {
		a.OAuthClientID, a.OAuthScope = c.s.opts.ClientID, scope
	} else {
		a.APIKeyID = c.who.id
	}
	return crm.Change{Actor: a}
}

func (c *call) get(name string) string {
	if v := c.query[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (c *call) object() (crm.Object, error) {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return crm.Object{}, nil
	}
	return crm.ParseObject(c.body)
}

// OrganizationID is the id of the organization.
func (s *Server) OrganizationID() string { return s.model.Team.OrganizationID }
