package server

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault spoils requests on purpose.
type Fault struct {
	// Method and Path say which requests: an empty method is any, a path is the begin of the request's path.
	Method string `json:"method"`
	Path   string `json:"path"`
	// After lets so many requests pass, Times is how many are spoilt then; 0 spoils one, -1 all.
	After int `json:"after"`
	Times int `json:"times"`
	// Status is answered instead of an answer; 0 leaves the answer as it is.
	Status int `json:"status"`
	// RetryAfter is the seconds of the header retry-after.
	RetryAfter int `json:"retry_after"`
	// Kind is timeout (no answer until the client gives up, at most for Delay), cut (half of the body), lost (the request is
	// done, its answer is Status), or empty.
	Kind string `json:"kind"`
	// Delay is how many milliseconds an answer is held back.
	Delay int `json:"delay_ms"`
	// Body is sent with Status; empty sends a page as a proxy does.
	Body string `json:"body"`
}

// Seen is a request that was answered.
type Seen struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Query  string    `json:"query,omitempty"`
	Body   string    `json:"body,omitempty"`
	Status int       `json:"status"`
	Key    string    `json:"key,omitempty"`
	// Fault tells that the request was spoilt on purpose.
	Fault bool `json:"fault,omitempty"`
}

// control is what tests set. It has a lock of its own, so that it can be asked while a request is answered.
type control struct {
	mu           sync.Mutex
	faults       []*Fault
	requests     []Seen
	skew         time.Duration
	drop, double float64
}

func (c *control) skewed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew
}

func (c *control) losses() (drop, double float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drop, c.double
}

func (c *control) seen(one Seen, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) >= most {
		c.requests = slices.Delete(c.requests, 0, len(c.requests)/2)
	}
	c.requests = append(c.requests, one)
}

// fault finds what spoils a request, if anything does.
func (c *control) fault(method, path string) *Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, f := range c.faults {
		if f.Method != "" && f.Method != method || !strings.HasPrefix(path, f.Path) {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		if f.Times >= 0 {
			if f.Times--; f.Times <= 0 {
				c.faults = slices.Delete(c.faults, i, i+1)
			}
		}
		now := *f
		return &now
	}
	return nil
}

// pass holds a request back as long as the fault wants. It tells whether the request is answered after all.
func (f *Fault) pass(ctx context.Context) bool {
	if f.Delay > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(f.Delay) * time.Millisecond):
		}
	}
	return f.Kind == "lost" || f.Kind != "timeout" && f.Status == 0
}

// answer sends the spoilt answer.
func (f *Fault) answer(w http.ResponseWriter) {
	status := f.Status
	if status == 0 {
		status = http.StatusGatewayTimeout
	}
	a := answer{status: status, body: []byte(f.Body)}
	if f.Body == "" {
		a.body = []byte("<html><body><h1>" + strconv.Itoa(status) + " " + http.StatusText(status) + "</h1></body></html>")
		a.header = append(a.header, [2]string{"Content-Type", "text/html"})
	}
	if f.RetryAfter > 0 {
		a.header = append(a.header, [2]string{"retry-after", strconv.Itoa(f.RetryAfter)})
	}
	a.write(w)
}

// cut announces the whole answer and sends half of it, so that the connection ends in the middle.
func (f *Fault) cut(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
}

// AddFault spoils requests from now on.
func (s *Server) AddFault(f Fault) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.faults = append(s.control.faults, &f)
}

// ClearFaults ends all faults of requests and of webhooks.
func (s *Server) ClearFaults() {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.faults, s.control.drop, s.control.double = nil, 0, 0
}

// LoseWebhooks drops and doubles a share of the deliveries, each from 0 to 1.
func (s *Server) LoseWebhooks(drop, double float64) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.drop, s.control.double = drop, double
}

// Skew moves the sandbox's clock against the real one.
func (s *Server) Skew(by time.Duration) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	s.control.skew = by
}

// Requests gives the requests that were answered since the start or the last ForgetRequests, oldest first.
func (s *Server) Requests() []Seen {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return slices.Clone(s.control.requests)
}

// ForgetRequests begins to count anew.
func (s *Server) ForgetRequests() {
	s.control.mu.Lock()
	s.control.requests = nil
	s.control.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit.counts = map[string]*Count{}
}

// Counts gives how many requests each key sent to each group of endpoints, and how many were refused for their rate.
func (s *Server) Counts() []Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Count{}
	for _, c := range s.limit.counts {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Count) int { return strings.Compare(a.Key+a.Group, b.Key+b.Group) })
	return all
}

// Revoke makes an API key worthless, or good again.
func (s *Server) Revoke(key string, revoked bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.keys[key]
	if c == nil {
		return false
	}
	c.revoked = revoked
	return true
}

// RevokeGrants ends all OAuth grants, as a user does who removes the application.
func (s *Server) RevokeGrants() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.init()
}

// PauseWebhooks pauses a subscription as Close does by itself, or all of them where the id is empty. What waits is lost.
func (s *Server) PauseWebhooks(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	for _, sub := range s.hooks.subscriptions {
		if id == "" || sub.id == id {
			s.hooks.pause(sub, "failures")
			found = true
		}
	}
	return found
}
