package ratelimit

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"
)

const (
	// maxTicks bounds how many ticks ahead are kept.
	maxTicks = 4096
	// slicesPerWindow is how many parts a window is counted in.
	slicesPerWindow = 32
	// maxSlices bounds how many parts are kept.
	maxSlices = 512
)

// ticks is the timeline: tick n lies at Base + n*Step, and is taken if its bit is set.
type ticks struct {
	Base  int64  `json:"base,omitempty"`
	Step  int64  `json:"step,omitempty"`
	Taken []byte `json:"taken,omitempty"`
	// Last is the last tick that is taken.
	Last int64 `json:"last,omitempty"`
	// Odd are ticks that were taken when they had another distance, in milliseconds behind Origin.
	Odd    []int64 `json:"odd,omitempty"`
	Origin int64   `json:"origin,omitempty"`
}

func (t *ticks) is(n int64) bool { return n/8 < int64(len(t.Taken)) && t.Taken[n/8]&(1<<(n%8)) != 0 }

// respace forgets what has passed, and gives the ticks another distance where that has changed. What is taken ahead stays
// as it is: others count on it.
func (t *ticks) respace(now, step int64) {
	t.Odd = slices.DeleteFunc(t.Odd, func(ms int64) bool { return t.odd(ms) < now-step })
	if t.Step != 0 && (step-t.Step)*32 < t.Step && (t.Step-step)*32 < t.Step {
		if passed := (now - t.Base) / t.Step / 8; passed > 0 {
			t.Base += passed * 8 * t.Step
			t.Taken = t.Taken[min(passed, int64(len(t.Taken))):]
		}
		return
	}
	odd := make([]int64, 0, len(t.Odd))
	for _, ms := range t.Odd {
		odd = append(odd, (t.odd(ms)-now)/int64(time.Millisecond))
	}
	for n := range int64(len(t.Taken)) * 8 {
		if at := t.Base + n*t.Step; at > now-step && t.is(n) {
			odd = append(odd, (at-now)/int64(time.Millisecond))
		}
	}
	*t = ticks{Base: now, Step: step, Last: t.Last, Odd: odd, Origin: now}
}

func (t *ticks) odd(ms int64) int64 { return t.Origin + ms*int64(time.Millisecond) }

// next gives the first free tick of the grid at a time or after it.
func (t *ticks) next(from int64) int64 {
	n := max(0, (from-t.Base+t.Step-1)/t.Step)
	for t.is(n) || slices.ContainsFunc(t.Odd, func(ms int64) bool {
		away := t.odd(ms) - t.Base - n*t.Step
		return away < t.Step && -away < t.Step
	}) {
		n++
	}
	return t.Base + n*t.Step
}

// align begins the grid anew at a time, where nothing is taken from then on: a worker that is alone need not wait for its
// ticks.
func (t *ticks) align(from int64) {
	if from > t.Last {
		t.Base, t.Taken = max(from, t.Last+t.Step), nil
	}
}

// take takes a tick that next gave, unless it lies too far ahead.
func (t *ticks) take(at int64) bool {
	n := (at - t.Base) / t.Step
	if n >= maxTicks {
		return false
	}
	for int64(len(t.Taken)) <= n/8 {
		t.Taken = append(t.Taken, 0)
	}
	t.Taken[n/8] |= 1 << (n % 8)
	t.Last = max(t.Last, at)
	return true
}

// counts are how many ticks were taken in each part of a window, from the part First on.
type counts struct {
	Part  int64 `json:"part,omitempty"`
	First int64 `json:"first,omitempty"`
	N     tally `json:"n,omitempty"`
	// Since is when the count began.
	Since int64 `json:"since,omitempty"`
}

// tally is written as packed numbers, for there are hundreds.
type tally []int64

// MarshalText implements encoding.TextMarshaler.
func (t tally) MarshalText() ([]byte, error) {
	var raw []byte
	for _, n := range t {
		raw = binary.AppendUvarint(raw, uint64(max(0, n)))
	}
	return base64.RawStdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *tally) UnmarshalText(text []byte) error {
	raw, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	*t = make(tally, 0, len(raw))
	for len(raw) > 0 {
		n, size := binary.Uvarint(raw)
		if size <= 0 || n > math.MaxInt32 {
			return errors.New("ratelimit: a count that is none")
		}
		*t, raw = append(*t, int64(n)), raw[size:]
	}
	return nil
}

// restart begins to count anew, for another window.
func (c *counts) restart(now int64, window time.Duration) {
	*c = counts{Part: max(1, int64(window)/slicesPerWindow), Since: now}
}

// add counts n ticks at a time.
func (c *counts) add(at, n int64) {
	if c.Part == 0 {
		return
	}
	part := at / c.Part
	if len(c.N) > 0 && part < c.First {
		return
	}
	if over := part - c.First - maxSlices + 1; over > 0 {
		c.N, c.First = c.N[min(over, int64(len(c.N))):], c.First+over
	}
	if len(c.N) == 0 {
		c.First = part
	}
	for int64(len(c.N)) <= part-c.First {
		c.N = append(c.N, 0)
	}
	c.N[part-c.First] = max(0, c.N[part-c.First]+n)
}

// trim forgets what lies more than two windows back.
func (c *counts) trim(now int64) {
	oldest := now/max(c.Part, 1) - 2*slicesPerWindow
	if over := min(oldest-c.First, int64(len(c.N))); over > 0 {
		c.N, c.First = c.N[over:], c.First+over
	}
	c.Since = max(c.Since, oldest*c.Part)
}

// void forgets the ticks of a time in which nothing is sent.
func (c *counts) void(from, until int64) {
	for n, count := range c.N {
		begin := (c.First + int64(n)) * c.Part
		if both := min(until, begin+c.Part) - max(from, begin); both > 0 {
			c.N[n] -= (count*(both/1000) + c.Part/2000) / max(1, c.Part/1000)
		}
	}
}

// between gives how many ticks were taken behind one time and up to another, in thousandths: a part is taken to be even.
func (c *counts) between(from, until int64) int64 {
	sum := int64(0)
	for n, count := range c.N {
		begin := (c.First + int64(n)) * c.Part
		if both := min(until, begin+c.Part) - max(from, begin); both > 0 {
			sum += count * milli * (both / 1000) / max(1, c.Part/1000)
		}
	}
	return sum
}
