package ratelimit

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"leadline/shared/fault"
)

const (
	// fresh is how old what a worker knows may be when it sends a request, if there are others.
	fresh = 50 * time.Millisecond
	// companyFor is how long others are taken to be there after they were last heard of.
	companyFor = 5 * time.Second
	// horizon is how far ahead of their time ticks are taken that nobody waits for yet.
	horizon = time.Second
	// maxTries is how often a clock is saved before the caller is sent away. Each refused save is another worker's success.
	maxTries = 24
	// slowest is how slow a table may be that is waited for: what is taken from one that is slower has passed when it is there.
	slowest = time.Second
	// maxPending is how many answers are kept back until the next save.
	maxPending = 200
	// forgetAfter is how long a clock is kept that nobody uses.
	forgetAfter = 30 * 24 * time.Hour
)

// account is what this process knows of a group. Times in it are those of the clock, in nanoseconds, unless they are
// time.Time.
type account struct {
	limiter *Limiter
	key     Key
	// waiting counts those in take; turn is held by the one at work.
	waiting atomic.Int64
	turn    chan struct{}

	// What follows belongs to the one who has the turn.

	// known is the clock as it was last read or saved, view the same with what is pending.
	known   Clock
	view    *state
	pending []observation
	// lost are ticks that nobody used, freed the requests that have ended, both since the last save.
	lost  []int64
	freed []string
	// pool are the ticks that are taken and not given out, by time.
	pool []held
	// knownAt is when the clock was last read or saved; othersAt when others were last heard of.
	knownAt, othersAt time.Time
	// ahead is how far the clock is ahead of ours.
	ahead time.Duration
	// saving and reading are how long those take, on average.
	saving, reading time.Duration
	pace            pace
}

// held is a taken tick.
type held struct {
	at int64
	// permit names the request among those under way, where their number is limited.
	permit string
}

func newAccount(l *Limiter, key Key) *account {
	return &account{limiter: l, key: key, turn: make(chan struct{}, 1), saving: 5 * time.Millisecond, reading: 3 * time.Millisecond}
}

// lock takes the turn. It is no sync.Mutex, for who waits may have to go before its turn comes.
func (a *account) lock(ctx context.Context) error {
	select {
	case a.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, "unavailable", "The request has ended.")
	}
}

func (a *account) unlock() { <-a.turn }

// now gives the time of the clock.
func (a *account) now() int64 { return a.limiter.options.Now().Add(a.ahead).UnixNano() }

// ours gives a time of the clock as one of ours; theirs the other way round.
func (a *account) ours(at int64) time.Time          { return time.Unix(0, at).Add(-a.ahead) }
func (a *account) theirs(at time.Time) int64        { return at.Add(a.ahead).UnixNano() }
func (a *account) since(at time.Time) time.Duration { return a.limiter.options.Now().Sub(at) }

// company tells whether other workers are there.
func (a *account) company() bool { return !a.othersAt.IsZero() && a.since(a.othersAt) < companyFor }

// take gives the first tick that may be used from a time on, which must not lie behind until. Where exact, the tick must
// meet that of another group: one that lies ready and is later is left to others.
func (a *account) take(ctx context.Context, limit Limit, from, until time.Time, exact bool) (held, time.Time, error) {
	a.waiting.Add(1)
	defer a.waiting.Add(-1)
	if err := a.lock(ctx); err != nil {
		return held{}, time.Time{}, err
	}
	defer a.unlock()
	a.pace.arrived(a.now())
	h, found := a.pop(from, exact)
	for try := 0; !found && try < 3; try++ {
		if err := a.lease(ctx, limit, from, until, exact); err != nil {
			return held{}, time.Time{}, err
		}
		h, found = a.pop(from, false)
	}
	if !found { // each time, the table was so slow that what was leased has passed
		return held{}, time.Time{}, refused(CodeRate, time.Second)
	}
	if at := a.ours(h.at); at.After(until) {
		a.hold(h)
		return held{}, time.Time{}, refused(CodeRate, at.Sub(a.limiter.options.Now()))
	}
	a.pace.sent(h.at)
	return h, a.ours(h.at), nil
}

// pop gives the first tick of the pool that can be used from a time on, where exact only one that meets it.
func (a *account) pop(from time.Time, exact bool) (held, bool) {
	a.prune()
	if a.view == nil {
		return held{}, false
	}
	late := a.view.late()
	n := slices.IndexFunc(a.pool, func(h held) bool { return h.at >= a.theirs(from)-late })
	if n < 0 || exact && a.pool[n].at > a.theirs(from)+late {
		return held{}, false
	}
	h := a.pool[n]
	a.pool = slices.Delete(a.pool, n, n+1)
	return h, true
}

// prune drops what has passed, or lies in a time in which nothing is sent.
func (a *account) prune() {
	if a.view == nil {
		return
	}
	now := a.now()
	a.pool = slices.DeleteFunc(a.pool, func(h held) bool {
		if a.view.stands(h.at, now) {
			return false
		}
		a.lose(h)
		return true
	})
}

func (a *account) lose(h held) {
	a.lost = append(a.lost, h.at)
	if h.permit != "" {
		a.freed = append(a.freed, h.permit)
	}
	a.pace.missed()
}

func (a *account) hold(h held) {
	n, _ := slices.BinarySearchFunc(a.pool, h, func(a, b held) int { return int(min(1, max(-1, a.at-b.at))) })
	a.pool = slices.Insert(a.pool, n, h)
}

// putBack hands back what was not used: the next one in this process may have it.
func (a *account) putBack(h held) {
	a.turn <- struct{}{}
	defer a.unlock()
	a.hold(h)
}

// giveUp is putBack by one who does not come back: a request less is under way.
func (a *account) giveUp(ctx context.Context, h held) error {
	if h.permit == "" {
		a.putBack(h)
		return nil
	}
	if err := a.lock(ctx); err != nil {
		return err
	}
	defer a.unlock()
	a.lose(h)
	return a.save(ctx, nil)
}

// reaches tells whether a request that is sent at a time may use the tick.
func (a *account) reaches(h held, at time.Time) bool {
	a.turn <- struct{}{}
	defer a.unlock()
	return a.theirs(at) <= h.at+a.view.late()
}

// confirm tells whether a request may be sent now.
func (a *account) confirm(ctx context.Context, h held) (bool, error) {
	if err := a.lock(ctx); err != nil {
		return false, err
	}
	defer a.unlock()
	if age := a.since(a.knownAt); a.view == nil || age > fresh && a.company() || age > companyFor {
		if err := a.read(ctx); err != nil {
			return false, err
		}
	}
	return a.view.stands(h.at, a.now()), nil
}

// confirmTakes is how long a confirm will take.
func (a *account) confirmTakes() time.Duration {
	a.turn <- struct{}{}
	defer a.unlock()
	if !a.company() {
		return 0
	}
	return min(2*a.reading, slowest)
}

// done ends a request with what its answer told.
func (a *account) done(ctx context.Context, h held, seen Seen) error {
	if err := a.lock(ctx); err != nil {
		return err
	}
	defer a.unlock()
	if h.permit != "" {
		a.freed = append(a.freed, h.permit)
	}
	urgent := len(a.pending) >= maxPending || h.permit != ""
	if !seen.At.IsZero() {
		o := observation{Seen: seen, at: a.theirs(seen.At), sent: h.at}
		a.pending = append(a.pending, o)
		if a.view != nil {
			before := *a.view
			a.view.observe(o)
			urgent = urgent || a.view.matters(&before)
		}
	}
	if !urgent {
		return nil
	}
	return a.save(ctx, nil)
}

// lease takes ticks for those who wait, and some ahead.
func (a *account) lease(ctx context.Context, limit Limit, from, until time.Time, exact bool) error {
	var refusal error
	err := a.save(ctx, func(next *state) bool {
		now := a.now()
		soonest := now + a.lead()
		want := wish{from: max(a.theirs(from), soonest), soon: a.theirs(from) <= soonest, until: a.theirs(until), waiting: int(max(1, a.waiting.Load())), horizon: now + int64(horizon),
			gap: a.pace.gap(next.interval(now)), worker: a.limiter.worker, longest: a.limiter.options.Longest}
		next.declare(now, limit)
		if exact {
			want.from, want.waiting, want.gap = max(a.theirs(from)-next.late(), soonest), 1, 0
			want.until = min(want.until, max(a.theirs(from), want.from)+next.late())
		}
		taken, code, at := next.take(now, limit, want)
		refusal = nil
		if len(taken) == 0 {
			refusal = refused(code, time.Duration(at-now))
			return false
		}
		for _, h := range taken {
			a.hold(h)
		}
		return true
	})
	if err == nil {
		err = refusal
	}
	return err
}

// lead is how far ahead of its time a tick is to be taken.
func (a *account) lead() int64 {
	return int64(min(max(a.saving*3/2, 2*time.Millisecond), slowest))
}

// save changes the clock and saves it, again and again if others were faster. Without a change, it saves what is pending.
// A change that returns false is not worth a save by itself; it is asked again where the clock may have moved on.
func (a *account) save(ctx context.Context, change func(*state) bool) error {
	moved, asked := a.view == nil, false
	for range maxTries {
		// A read costs a fifth of a refused write.
		if moved || !asked && a.company() && a.since(a.knownAt) > fresh/5 {
			if err := a.read(ctx); err != nil {
				return err
			}
			moved, asked = false, true
		}
		next, pool := a.view.clone(), slices.Clone(a.pool)
		next.release(a.lost, a.freed)
		if change != nil && !change(next) {
			if moved = !asked && a.since(a.knownAt) > fresh; moved {
				continue
			}
			if len(a.freed) == 0 {
				return nil
			}
		}
		saved, err := a.write(ctx, next)
		if err != nil || !saved {
			a.pool = pool
		}
		if err != nil || saved {
			return err
		}
		asked = true
	}
	return refused(CodeRate, time.Second)
}

// average follows a table that becomes slow at once, and one that becomes fast in a while.
func average(so, took time.Duration) time.Duration {
	if took > so {
		return so + (took-so)*3/4
	}
	return so + (took-so)/8
}

// read reads the clock; one that is not there yet begins.
func (a *account) read(ctx context.Context) error {
	begin := a.limiter.options.Now()
	c, err := a.limiter.options.Store.Clock(ctx, a.key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	a.reading = average(a.reading, a.since(begin))
	c.Key = a.key
	a.adopt(c)
	return nil
}

// write saves the next state, and adopts what stands if another was faster.
func (a *account) write(ctx context.Context, next *state) (bool, error) {
	begin := a.limiter.options.Now()
	next.Worker, next.Saved = a.limiter.worker, a.now()
	c := Clock{Key: a.key, Rev: a.known.Rev + 1, State: next.encode(), Forget: begin.Add(forgetAfter).Truncate(time.Second)}
	stands, err := a.limiter.options.Store.SaveClock(ctx, c)
	if err != nil {
		return false, err
	}
	a.saving = average(a.saving, a.since(begin))
	// What stands may be our own, where the answer to the first try of a request was lost.
	if stands != nil && (stands.Rev != c.Rev || !bytes.Equal(stands.State, c.State)) {
		a.adopt(*stands)
		return false, nil
	}
	a.known, a.view, a.knownAt = c, next, a.limiter.options.Now()
	a.pending, a.lost, a.freed = nil, nil, nil
	return true, nil
}

// adopt takes over what stands.
func (a *account) adopt(c Clock) {
	now := a.limiter.options.Now()
	if a.view != nil && c.Rev == a.known.Rev && bytes.Equal(c.State, a.known.State) {
		a.knownAt = now
		return
	}
	view := decode(c.State)
	if lead := view.Saved - a.now(); view.Worker != a.limiter.worker && view.Worker != "" {
		if lead > 0 {
			a.ahead += time.Duration(lead)
		}
		if lead > -int64(companyFor) {
			a.othersAt = now
		}
	}
	for _, o := range a.pending {
		view.observe(o)
	}
	a.known, a.view, a.knownAt = c, view, now
}
