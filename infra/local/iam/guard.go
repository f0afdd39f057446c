package iam

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Options sets up a guard.
type Options struct {
	Region, Account string
	// Report gets one line for each permission that a function lacks, the first time that it does; may be nil.
	Report func(line string)
}

// Guard holds the calls of functions to their policies. It is safe for concurrent use.
type Guard struct {
	opts Options

	mu      sync.Mutex
	callers map[string]*caller // by access key id
}

// caller is a function that may call.
type caller struct {
	function string
	role     string
	policy   Policy
	uses     []int64 // of each grant of the policy
	refused  map[Grant]int64
}

// NewGuard makes a guard that restricts nobody yet.
func NewGuard(opts Options) *Guard { return &Guard{opts: opts, callers: map[string]*caller{}} }

// Admit gives the access key id for a function to sign its calls with. From then on they are held to the policy.
func (g *Guard) Admit(function, role string, policy Policy) (accessKeyID string, err error) {
	// DynamoDB Local takes letters and digits only.
	key := "LOCAL" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, function)
	g.mu.Lock()
	defer g.mu.Unlock()
	if other, taken := g.callers[key]; taken {
		return "", fmt.Errorf("iam: the functions %s and %s would have the same access key", other.function, function)
	}
	g.callers[key] = &caller{function: function, role: role, policy: policy, uses: make([]int64, len(policy)), refused: map[Grant]int64{}}
	return key, nil
}

// Usage is what a function made of its permissions so far.
type Usage struct {
	// Unused are the grants that no call has needed.
	Unused []Grant
	// Refused counts the calls for which a permission was missing, by action and resource.
	Refused map[Grant]int64
}

// Usage tells of each function what it made of its permissions.
func (g *Guard) Usage() map[string]Usage {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := map[string]Usage{}
	for _, c := range g.callers {
		usage := Usage{Refused: maps.Clone(c.refused)}
		for i, grant := range c.policy {
			if c.uses[i] == 0 && !slices.Contains(usage.Unused, grant) {
				usage.Unused = append(usage.Unused, grant)
			}
		}
		all[c.function] = usage
	}
	return all
}

// callerOf tells who makes a call; nil for somebody who is not restricted.
func (g *Guard) callerOf(r *http.Request) *caller {
	// Credential=AKID/20260131/us-east-1/s3/aws4_request, in the header or, of a presigned URL, in a parameter:
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
	_, credential, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	key, _, _ := strings.Cut(credential, "/")
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.callers[key]
}

// may tells whether a function is allowed something, and notes that it was needed.
func (g *Guard) may(c *caller, n Grant) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	allowed := false
	for i, grant := range c.policy {
		if grant.allows(n.Action, n.Resource) {
			allowed = true
			c.uses[i]++
		}
	}
	return allowed
}

// refuse notes a missing permission and words the refusal as AWS does.
func (g *Guard) refuse(c *caller, n Grant) (message string) {
	if n.Resource == "" {
		n.Resource = "any resource"
	}
	g.mu.Lock()
	c.refused[n]++
	first := c.refused[n] == 1
	g.mu.Unlock()
	if first && g.opts.Report != nil {
		g.opts.Report(fmt.Sprintf("%s may not %s: refused, as AWS would", c.function, n))
	}
	return fmt.Sprintf("User: arn:aws:sts::%s:assumed-role/%s/%s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
		g.opts.Account, c.role, c.function, n.Action, n.Resource, n.Action)
}

// service is how calls of one service are read and refused.
type service struct {
	// needs lists what a call needs; all of it must be allowed.
	needs func(r *http.Request, body []byte) []Grant
	// refuse answers that a call is not allowed.
	refuse func(rw http.ResponseWriter, r *http.Request, message string)
	// bodies is the longest body that must be read to know what a call needs; 0 for none.
	bodies int64
}

// guard passes on the calls that are allowed.
func (g *Guard) guard(s service, next func(http.ResponseWriter, *http.Request, *caller)) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c := g.callerOf(r)
		if c == nil {
			next(rw, r, nil)
			return
		}
		var body []byte
		if s.bodies > 0 {
			var err error
			if body, err = io.ReadAll(http.MaxBytesReader(rw, r.Body, s.bodies)); err != nil {
				s.refuse(rw, r, "The request cannot be read: "+err.Error())
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		for _, n := range s.needs(r, body) {
			if !g.may(c, n) {
				s.refuse(rw, r, g.refuse(c, n))
				return
			}
		}
		next(rw, r, c)
	})
}

// passTo passes on to a handler that need not know who calls.
func passTo(next http.Handler) func(http.ResponseWriter, *http.Request, *caller) {
	return func(rw http.ResponseWriter, r *http.Request, _ *caller) { next.ServeHTTP(rw, r) }
}

// arn names a resource of a service in the guard's account. The name may be an ARN already.
func (g *Guard) arn(service, kind, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s%s", service, g.opts.Region, g.opts.Account, kind, name)
}

// everything is the resource of actions that are on none in particular, and of calls that are not understood: only who
// may do a thing on * may do it.
const everything = "*"
