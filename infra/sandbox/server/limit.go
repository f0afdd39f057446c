package server

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limiter counts requests by key and group of endpoints, in windows.
type limiter struct {
	windows map[string]*window
	counts  map[string]*Count
}

// Count tells how many requests of a key a group had, and how many of them were refused.
type Count struct {
	Key, Group        string
	Requests, Refused int
}

type window struct {
	start time.Time
	used  int
}

func (l *limiter) init() {
	l.windows, l.counts = map[string]*window{}, map[string]*Count{}
}

// group is the endpoint group of a request: the family of its path and its method.
func group(method, path string) string {
	parts := strings.Split(path, "/")
	family := parts[0]
	switch {
	case family == "activity" && len(parts) > 2 && parts[1] == "status_change":
		family = strings.Join(parts[:3], "/")
	case len(parts) > 1 && (family == "activity" || family == "custom_field" || family == "status" || family == "data"):
		family = parts[0] + "/" + parts[1]
	}
	return method + " " + family
}

// take counts a request. It gives the header of the answer, or the refusal.
func (l *limiter) take(s *Server, key, group string) (header string, refused *answer) {
	count := l.counts[key+" "+group]
	if count == nil {
		count = &Count{Key: key, Group: group}
		l.counts[key+" "+group] = count
	}
	count.Requests++
	if s.opts.RPS <= 0 {
		return "", nil
	}
	now := s.now()
	limit := max(1, int(s.opts.RPS*s.opts.Window.Seconds()))
	own, all := l.window(key+" "+group, now, s.opts.Window), l.window("* "+group, now, s.opts.Window)
	reset := s.opts.Window - now.Sub(own.start)
	over := own.used >= limit
	if !over && all.used >= 3*limit {
		over, reset = true, s.opts.Window-now.Sub(all.start)
	}
	if !over {
		own.used++
		all.used++
	} else {
		count.Refused++
	}
	header = rateLimit(limit, limit-own.used, reset, s.opts.Semicolons)
	if !over {
		return header, nil
	}
	seconds := strconv.FormatFloat(reset.Seconds(), 'f', -1, 64)
	a := answer{status: http.StatusTooManyRequests, body: []byte(`{"error":{"rate_reset":` + seconds +
		`,"message":"API call count exceeded for this ` + strconv.FormatFloat(s.opts.Window.Seconds(), 'f', -1, 64) +
		` second window","rate_limit":` + strconv.Itoa(limit) + `,"rate_window":` + strconv.FormatFloat(s.opts.Window.Seconds(), 'f', -1, 64) + `,"rate_limit_type":"key"}}`)}
	a.header = [][2]string{{"RateLimit", header}, {"retry-after", strconv.Itoa(int(math.Ceil(reset.Seconds())))}}
	return "", &a
}

func (l *limiter) window(name string, now time.Time, length time.Duration) *window {
	w := l.windows[name]
	if w == nil || now.Sub(w.start) >= length || now.Before(w.start) {
		w = &window{start: now}
		l.windows[name] = w
	}
	return w
}

// rateLimit writes the header, with tenths of seconds.
func rateLimit(limit, remaining int, reset time.Duration, semicolons bool) string {
	separator := ", "
	if semicolons {
		separator = "; "
	}
	seconds := strconv.FormatFloat(math.Ceil(reset.Seconds()*10)/10, 'f', -1, 64)
	return "limit=" + strconv.Itoa(limit) + separator + "remaining=" + strconv.Itoa(max(remaining, 0)) + separator + "reset=" + seconds
}
