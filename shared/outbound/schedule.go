package outbound

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// MaxAttempts of a delivery are made, the first at once:
//
//	attempt      1    2    3     4      5     6     7    8    9    10
//	wait         -    5 s  5 min 30 min 2 h   5 h   10 h 14 h 20 h 20 h 25 min
//	from the 1st 0    5 s  5 min 35 min 2.6 h 7.6 h 18 h 32 h 52 h 72 h
//
// Each wait is up to a fifth longer or shorter, and never shorter than the destination asks with Retry-After, counted
// from its answer.
const MaxAttempts = 10

// wait gives the middle of the wait before an attempt, from the second on.
func wait(attempt int) time.Duration {
	return [...]time.Duration{
		2: 5 * time.Second, 3: 5 * time.Minute, 4: 30 * time.Minute, 5: 2 * time.Hour, 6: 5 * time.Hour,
		7: 10 * time.Hour, 8: 14 * time.Hour, 9: 20 * time.Hour, 10: 20*time.Hour + 25*time.Minute,
	}[attempt]
}

const (
	// MaxRetryAfter is the longest that a destination can make us wait with Retry-After.
	MaxRetryAfter = 24 * time.Hour
	// NoticeAfter is how long a destination must have answered nothing but failures for its admins to be told.
	NoticeAfter = 12 * time.Hour
	// OffAfter is how long it must have for it to be switched off: as long as the schedule.
	OffAfter = 72 * time.Hour
	// KeepLog is how long the log remembers a delivery.
	KeepLog = 30 * 24 * time.Hour
)

// NextAttempt tells when the attempt after a failed one is due, and whether there is one. Asked again for the same
// attempt it says the same: what is scheduled twice is due once.
func NextAttempt(d Delivery, failed Attempt, retryAfter time.Duration) (at time.Time, more bool) {
	next := failed.Number + 1
	if next > MaxAttempts {
		return time.Time{}, false
	}
	spread := jitter(d, next)
	delay := wait(next)
	delay += delay / 5000 * spread
	if asked := min(retryAfter, MaxRetryAfter); asked > 0 {
		// Not all at once what was refused together, and none too early.
		delay = max(delay, time.Duration(failed.Took+1)*time.Millisecond+asked+asked/10000*(spread+1000))
	}
	return failed.At.Add(delay), true
}

// jitter gives a number from -1000 to 1000 that a delivery always has for an attempt.
func jitter(d Delivery, attempt int) time.Duration {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", d.ID, d.Replay, attempt))
	return time.Duration(binary.BigEndian.Uint64(sum[:])%2001) - 1000
}
