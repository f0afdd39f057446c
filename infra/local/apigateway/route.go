package apigateway

import (
	"fmt"
	"strings"
)

// anyMethod is the method of routes that take all.
const anyMethod = "ANY"

// route is a route that is ready to be matched.
type route struct {
	Route
	method   string
	segments []string // nil for $default
}

func parseRoute(r Route) (route, error) {
	if r.Timeout == 0 {
		r.Timeout = MaxTimeout
	}
	if r.Key == "$default" {
		return route{Route: r, method: anyMethod}, nil
	}
	method, path, ok := strings.Cut(r.Key, " ")
	if !ok || method == "" || method != strings.ToUpper(method) || !strings.HasPrefix(path, "/") {
		return route{}, fmt.Errorf("apigateway: %q is no route key: want METHOD /path or $default", r.Key)
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		if strings.HasSuffix(s, "+}") && i != len(segments)-1 {
			return route{}, fmt.Errorf("apigateway: route %s: only the last part of a path can be greedy", r.Key)
		}
	}
	return route{Route: r, method: method, segments: segments}, nil
}

// match finds the route of a request. A path without a greedy variable wins over one with; then, part by part, a fixed
// text over a variable; then the method itself over ANY; $default comes last.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func (g *Gateway) match(method, path string) (best route, parameters map[string]string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	bestRank := ""
	for _, r := range g.routes {
		if r.method != anyMethod && r.method != method {
			continue
		}
		values, rank, matches := r.match(parts)
		if matches && (!ok || rank < bestRank) {
			best, parameters, bestRank, ok = r, values, rank, true
		}
	}
	return best, parameters, ok
}

// match tells whether the route takes a path, with which variables, and how specific it is: the smaller the rank in the
// order of texts, the more.
func (r route) match(parts []string) (values map[string]string, rank string, ok bool) {
	if r.segments == nil {
		return nil, "9", true
	}
	var ranks strings.Builder
	for i, s := range r.segments {
		if i >= len(parts) {
			return nil, "", false
		}
		switch name, kind := variable(s); kind {
		case fixed:
			if s != parts[i] {
				return nil, "", false
			}
			ranks.WriteByte('1')
		case greedy:
			rest := strings.Join(parts[i:], "/")
			if rest == "" {
				return nil, "", false
			}
			return with(values, name, rest), "1" + ranks.String() + "3" + r.methodRank(), true
		case single:
			if parts[i] == "" {
				return nil, "", false
			}
			values = with(values, name, parts[i])
			ranks.WriteByte('2')
		}
	}
	return values, "0" + ranks.String() + r.methodRank(), len(parts) == len(r.segments)
}

func (r route) methodRank() string {
	if r.method == anyMethod {
		return "1"
	}
	return "0"
}

type kind int

const (
	fixed kind = iota
	single
	greedy
)

// variable gives the name of a {variable} or {variable+} and which of them it is.
func variable(segment string) (string, kind) {
	name, ok := strings.CutPrefix(segment, "{")
	if !ok || !strings.HasSuffix(name, "}") {
		return "", fixed
	}
	name = strings.TrimSuffix(name, "}")
	if all, ok := strings.CutSuffix(name, "+"); ok {
		return all, greedy
	}
	return name, single
}

func with(values map[string]string, name, value string) map[string]string {
	if values == nil {
		values = map[string]string{}
	}
	values[name] = value
	return values
}
