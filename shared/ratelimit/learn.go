package ratelimit

import "time"

const (
	// longestStop bounds how long a provider can stop a group by one answer.
	longestStop = 25 * time.Hour
	// maxBackoff bounds the stop after refusals that do not say how long to wait.
	maxBackoff = time.Minute
	// notice is how long it takes until all workers know what an answer told.
	notice = 60 * time.Millisecond
	// recovery is how long it takes to win back a whole limit where answers do not tell what others use, recoveryWindows as
	// many windows if that is longer.
	recovery        = 30 * time.Second
	recoveryWindows = 10
)

// observation is what an answer told, and when its request was sent, by the clock.
type observation struct {
	Seen
	at, sent int64
}

// observe corrects the state by what an answer told.
func (s *state) observe(o observation) {
	told := o.Limit > 0 && o.Remaining >= 0
	if o.Limit > 0 && o.Limit != s.Rate.Requests && s.Declared.Requests > 0 {
		s.Rate.Requests, s.TopAt = o.Limit, o.at
	}
	if o.DailyUsed > 0 {
		s.Used = max(s.Used, o.DailyUsed)
	}
	if told && o.Reset > 0 {
		s.learnWindow(o)
	}
	s.Others.fade(o.at, s.Rate)
	excess := int64(0)
	if told {
		excess = s.measure(o)
	}
	if o.Throttled {
		s.refuse(o)
		return
	}
	if o.sent > s.Cut {
		s.Strikes = 0
	}
	if told && o.Reset > 0 && o.at+int64(o.Reset) > s.Until && (excess > s.noise() || s.Others.given(s.Rate) > 0) {
		// What may be gone before all know of it.
		used, elapsed := o.Limit-o.Remaining, max(s.elapsed(o), int64(s.Rate.Window)/4)
		delay := min(max(0, o.at-o.sent), int64(time.Second)) + int64(notice)
		if o.Remaining*milli <= milli+used*milli*delay/elapsed {
			s.stop(o.at, o.at+int64(o.Reset))
		}
	}
}

// refuse reacts to a refusal. Refusals of requests that were sent before the last reaction tell nothing new but the time.
func (s *state) refuse(o observation) {
	again := o.sent > s.Cut
	if again {
		s.Strikes++
	}
	wait := max(o.RetryAfter, o.Reset)
	if wait <= 0 {
		wait = min(s.Rate.Window<<min(max(s.Strikes-1, 0), 16), max(maxBackoff, s.Rate.Window))
	}
	// Of a fixed window nothing is left, and then all; of any other, little becomes free by and by.
	if !s.Window.Sure {
		wait = max(wait, s.Rate.Window/4)
	}
	s.stop(o.at, o.at+int64(min(wait, longestStop)))
	if !again {
		return
	}
	s.Cut = o.at
	whole := s.Rate.Requests * milli
	if s.Window.Sure {
		s.Others.cede(o.at, s.Others.Milli+whole/10, whole)
	} else {
		s.Others.cede(o.at, s.Others.Milli+(whole-s.Others.Milli)*2/5, whole)
	}
}

// elapsed is how much of the provider's window had passed. Where it is not known to be a fixed one, all of it.
func (s *state) elapsed(o observation) int64 {
	window := int64(s.Rate.Window)
	if !s.Window.Sure || o.Reset <= 0 {
		return window
	}
	elapsed := window - int64(o.Reset)
	if o.rounded() {
		elapsed += int64(time.Second)
	}
	return min(max(elapsed, 0), window)
}

// rounded tells whether the time to the window's end is in whole seconds.
func (o observation) rounded() bool { return o.Rounded || o.Reset%time.Second == 0 }

// measure compares what is used with our own ticks, and gives how much more it is, in thousandths.
func (s *state) measure(o observation) int64 {
	elapsed, window := s.elapsed(o), int64(s.Rate.Window)
	if o.sent-elapsed < s.Counts.Since || o.sent <= s.Cut || o.sent > o.at {
		return 0
	}
	// The request itself lies at the end of the time, and is half counted.
	excess := (o.Limit-o.Remaining)*milli - s.Counts.between(o.sent-elapsed, o.sent) - milli/2
	if elapsed >= window/2 {
		s.Others.measured(o.at, excess*(window/1000)/max(elapsed/1000, 1), window)
	}
	return excess
}

// noise is how much more than our own ticks may be used although nobody else is there, in thousandths.
func (s *state) noise() int64 {
	return milli*3/2 + int64(s.guard())*milli/max(1, s.interval(s.Saved))
}

// matters tells whether a state differs from the one before so much that all should hear of it at once.
func (s *state) matters(before *state) bool {
	change := s.Others.given(s.Rate) - before.Others.given(before.Rate)
	return s.Until != before.Until || s.Rate != before.Rate || s.Used > before.Used || max(change, -change)*20 > s.Rate.Requests*milli
}

// others is what others use of a limit.
type others struct {
	// Milli is what they use in a window, in thousandths of a request. Told is when an answer last told it, Faded when some of
	// it was last taken back.
	Milli int64 `json:"milli,omitempty"`
	Told  int64 `json:"told,omitempty"`
	Faded int64 `json:"faded,omitempty"`
}

// given is what is left to them: nothing as long as it may be nobody, and never so much that we do not notice when they are
// gone.
func (t others) given(r rate) int64 {
	whole := r.Requests * milli
	if t.Milli <= milli+whole/25 {
		return 0
	}
	return min(t.Milli+whole/20, max(whole*9/10, whole-milli))
}

// measured takes a measurement into the average, which is that of about two windows.
func (t *others) measured(at, milli, window int64) {
	if passed := min(at-t.Told, window); passed > 0 {
		t.Milli += (milli - t.Milli) * (passed / 1000) / max(2*window/1000, 1)
		t.Told = at
	}
}

// cede leaves more to them.
func (t *others) cede(at, milli, whole int64) {
	t.Milli, t.Faded = min(max(milli, t.Milli), whole*9/10), at
}

// fade takes back what is left to them, as long as nothing tells what they use.
func (t *others) fade(at int64, r rate) {
	window := int64(r.Window)
	if passed := at - max(t.Faded, t.Told+3*window); passed > 0 {
		back := r.Requests * milli * (min(passed, int64(time.Hour)) / 1000) / max(int64(recovery)/1000, recoveryWindows*window/1000)
		t.Milli, t.Faded = max(min(t.Milli, 0), t.Milli-back), at
	}
}

// window is what is known of the provider's window beyond its length.
type window struct {
	// Sure says that it is a fixed one, whose length is known.
	Sure bool `json:"sure,omitempty"`
	// At, Used and End are those of the last answer: when it came, what was used, when the window ends.
	At   int64 `json:"at,omitempty"`
	Used int64 `json:"used,omitempty"`
	End  int64 `json:"end,omitempty"`
	// Last is the end of the last window that ended, Length how long it was; Longest is the longest time to the end that was
	// told since.
	Last    int64 `json:"last,omitempty"`
	Length  int64 `json:"length,omitempty"`
	Longest int64 `json:"longest,omitempty"`
}

// learnWindow follows the provider's windows. One has ended when less than half of what was used is used. Where the next end
// is as far away as the time to it said, twice, the window is a fixed one and as long as that; otherwise the window is at
// least as long as the longest time to its end.
func (s *state) learnWindow(o observation) {
	w, used, reset := &s.Window, o.Limit-o.Remaining, int64(o.Reset)
	if o.at <= w.At {
		return
	}
	if reset > int64(s.Rate.Window)*51/50 && !o.Throttled {
		s.setWindow(o.at, time.Duration(reset))
	}
	if ended := w.End; ended != 0 && w.Used-used >= 2 && used*2 <= w.Used {
		length := ended - w.Last
		agrees := func(a, b int64) bool { return max(a-b, b-a)*20 <= b }
		if w.Last != 0 && w.Longest*10 >= length*7 && w.Longest*10 <= length*11 {
			if w.Length != 0 && agrees(length, w.Length) {
				w.Sure = true
				if !agrees(length, int64(s.Rate.Window)) {
					s.setWindow(o.at, time.Duration(length))
				}
			}
			w.Length = length
		}
		w.Last, w.Longest = ended, 0
	}
	w.At, w.Used, w.End, w.Longest = o.at, used, o.at+reset, max(w.Longest, reset)
}

// setWindow believes another length of the window: a round one.
func (s *state) setWindow(now int64, length time.Duration) {
	unit := 100 * time.Millisecond
	if length >= 10*time.Second {
		unit = time.Second
	}
	if length = length.Round(unit); length > 0 && length != s.Rate.Window {
		s.Rate.Window = length
		s.Counts.restart(now, length)
	}
}
