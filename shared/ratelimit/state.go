package ratelimit

import (
	"encoding/json"
	"slices"
	"time"
)

const (
	// format is that of stored states.
	format = 1
	// unlimited is the rate where none is known: far above what a worker can do.
	unlimited = 100
	// minGuard and maxGuard bound how late a request may come without being one too many in some window; guardShare is the
	// part of the window that it is between them.
	minGuard, maxGuard = 50 * time.Millisecond, 250 * time.Millisecond
	guardShare         = 25
	// believeAfter is how long a limit above the definition's must have been told until its rate is believed although its
	// window is not known; believeWindows as many windows, if that is longer.
	believeAfter   = 10 * time.Second
	believeWindows = 5
	// milli is a request, where parts of one count.
	milli = 1000
)

// rate is so many requests per window.
type rate struct {
	Requests int64         `json:"n"`
	Window   time.Duration `json:"w"`
}

// faster tells whether r allows more in the long run than s.
func (r rate) faster(s rate) bool {
	return r.Requests*int64(s.Window/time.Millisecond) > s.Requests*int64(r.Window/time.Millisecond)
}

// state is what all workers know of a group. Times are nanoseconds since 1970 of the fastest clock among them.
type state struct {
	V int `json:"v"`
	// Worker saved it last, at Saved.
	Worker string `json:"by"`
	Saved  int64  `json:"at"`

	// Declared is the rate of the definition, Rate the one that is believed. TopAt is since when its Requests are known.
	Declared rate  `json:"declared"`
	Rate     rate  `json:"rate"`
	TopAt    int64 `json:"top,omitempty"`

	Ticks  ticks  `json:"ticks"`
	Counts counts `json:"counts"`
	Window window `json:"window"`
	Others others `json:"others"`

	// Until is the time before which nothing is sent. Strikes counts the refusals in a row; Cut is when the last one was
	// reacted to.
	Until   int64 `json:"until,omitempty"`
	Strikes int   `json:"strikes,omitempty"`
	Cut     int64 `json:"cut,omitempty"`

	// Day is the present day, Used the requests in it.
	Day  string `json:"day,omitempty"`
	Used int64  `json:"used,omitempty"`
	// Running are the requests under way, where their number is limited.
	Running []running `json:"running,omitempty"`
}

// running is a request under way: its name and when it is taken for dead.
type running struct {
	ID    string `json:"id"`
	Until int64  `json:"until"`
}

// decode reads a stored state. What cannot be read, or is of another format, begins anew.
func decode(raw []byte) *state {
	s := &state{}
	if len(raw) == 0 || json.Unmarshal(raw, s) != nil || s.V != format {
		s = &state{}
	}
	s.V = format
	return s
}

func (s *state) encode() []byte {
	raw, err := json.Marshal(s)
	if err != nil { // numbers and texts always marshal
		return nil
	}
	return raw
}

func (s *state) clone() *state {
	c := *s
	c.Ticks.Taken, c.Ticks.Odd = slices.Clone(s.Ticks.Taken), slices.Clone(s.Ticks.Odd)
	c.Counts.N, c.Running = slices.Clone(s.Counts.N), slices.Clone(s.Running)
	return &c
}

// declare begins anew where the definition has another rate, and the day where it is another.
func (s *state) declare(now int64, limit Limit) {
	declared := rate{limit.Requests, limit.Window}
	if declared.Requests <= 0 || declared.Window <= 0 {
		declared = rate{unlimited, time.Second}
	}
	if s.Declared != declared {
		s.Declared, s.Rate, s.TopAt = declared, declared, 0
		s.Window, s.Others = window{}, others{}
		s.Counts.restart(now, declared.Window)
	}
	if limit.Daily > 0 {
		if day := dayOf(now, limit.Zone); day != s.Day {
			s.Day, s.Used = day, 0
		}
	}
	s.Running = slices.DeleteFunc(s.Running, func(r running) bool { return r.Until <= now })
	s.Counts.trim(now)
}

// guard is how late a request may come.
func (s *state) guard() time.Duration {
	return min(max(s.Rate.Window/guardShare, minGuard), maxGuard)
}

// late is how much of the guard a worker may use up by itself; the rest is the network's.
func (s *state) late() int64 { return int64(s.guard()) * 2 / 5 }

// stands tells whether a request that took a tick may be sent now, or when its time has come.
func (s *state) stands(at, now int64) bool { return at >= s.Until && now <= at+s.late() }

// interval is how far apart ticks are.
//
// Requests that are sent within a window and its guard are those that may arrive within one window.
func (s *state) interval(now int64) int64 {
	guard := s.guard()
	step := (s.Rate.Window + guard) * milli / time.Duration(max(1, s.Rate.Requests*milli-s.Others.given(s.Rate)))
	trust := max(believeAfter, believeWindows*s.Rate.Window)
	if !s.Window.Sure && now-s.TopAt < int64(trust) && s.Rate.faster(s.Declared) {
		step = max(step, (s.Declared.Window+guard)/time.Duration(s.Declared.Requests))
	}
	return max(1, int64(step))
}

// stop stops the group until a time.
func (s *state) stop(now, until int64) {
	if until > s.Until {
		s.Until = until
		s.Counts.void(now, until)
	}
}

// wish is what a worker wants of the ticks.
type wish struct {
	// from and until bound the ticks of those who wait, horizon those that are taken ahead, which are gap apart; no gap: none.
	from, until, horizon, gap int64
	waiting                   int
	// soon says that from is as soon as can be.
	soon    bool
	worker  string
	longest time.Duration
}

// take takes ticks. Where it takes none, it says why and when to come back.
func (s *state) take(now int64, limit Limit, w wish) (taken []held, code string, at int64) {
	left := int64(w.waiting)
	if limit.Daily > 0 {
		if left = min(left, limit.Daily-limit.Spare-s.Used); left <= 0 {
			return nil, CodeDaily, nextDay(now, limit.Zone)
		}
	}
	if limit.Concurrency > 0 {
		if left = min(left, int64(limit.Concurrency-len(s.Running))); left <= 0 {
			return nil, CodeConcurrency, now + int64(time.Second)
		}
	}
	s.Ticks.respace(now, s.interval(now))
	from := max(w.from, s.Until)
	if w.soon {
		s.Ticks.align(from)
	}
	for ; left > 0; left-- {
		at := s.Ticks.next(from)
		if at > w.until || !s.Ticks.take(at) {
			return taken, CodeRate, at
		}
		taken = append(taken, s.note(at, limit, w))
		from = at + 1
	}
	// Where ticks are far apart, taking them ahead would round a worker down to a half, a third ... of the rate.
	step := s.Ticks.Step
	apart := (w.gap + step - 1) / step * step
	if w.gap == 0 || limit.Concurrency > 0 || apart > max(step, w.gap*5/4) {
		return taken, "", 0
	}
	for from += apart - 1; from <= w.horizon && (limit.Daily == 0 || s.Used < limit.Daily-limit.Spare); from += apart {
		at := s.Ticks.next(from)
		if at > w.horizon || !s.Ticks.take(at) {
			break
		}
		taken = append(taken, s.note(at, limit, w))
		from = at
	}
	return taken, "", 0
}

// note counts a taken tick.
func (s *state) note(at int64, limit Limit, w wish) held {
	h := held{at: at}
	s.Counts.add(at, 1)
	if limit.Daily > 0 {
		s.Used++
	}
	if limit.Concurrency > 0 {
		h.permit = w.worker + "." + time.Unix(0, at).UTC().Format("150405.000000000")
		s.Running = append(s.Running, running{h.permit, at + int64(w.longest)})
	}
	return h
}

// release gives back ticks that nobody used, and requests that have ended.
func (s *state) release(lost []int64, freed []string) {
	for _, at := range lost {
		s.Counts.add(at, -1)
		s.Used = max(0, s.Used-1)
	}
	s.Running = slices.DeleteFunc(s.Running, func(r running) bool { return slices.Contains(freed, r.ID) })
}
