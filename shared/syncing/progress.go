package syncing

import (
	"math"
	"time"
)

// Progress is how far a run has come.
type Progress struct {
	Counts Counts
	// Done is how many streams have ended.
	Done                         int
	Requests, Retries, Throttled int64
	// PerMinute is how many records were read in a minute, while the run was not paused.
	PerMinute float64
	// End is when it will have read what there is, at this rate; zero where that is not known.
	End time.Time
}

// farthest is how far ahead an End makes sense.
const farthest = 366 * 24 * time.Hour

// ProgressOf sums up a run's streams at a time.
func ProgressOf(r Run, streams []Stream, now time.Time) Progress {
	p := Progress{Counts: Counts{Found: -1}}
	left, known := int64(0), true
	for _, s := range streams {
		p.Counts = p.Counts.Add(s.Counts)
		p.Requests += s.Requests
		p.Retries += s.Retries
		p.Throttled += s.Throttled
		switch {
		case s.Phase.Final():
			p.Done++
		case s.Phase != Reading:
		case s.Counts.Found < 0:
			known = false
		default:
			left += max(0, s.Counts.Found-s.Counts.Fetched)
		}
	}
	end := now
	if !r.FinishedAt.IsZero() {
		end = r.FinishedAt
	}
	worked := end.Sub(r.CreatedAt) - r.PausedFor
	if !r.PausedAt.IsZero() && r.Status == Paused {
		worked -= end.Sub(r.PausedAt)
	}
	if worked > time.Second {
		p.PerMinute = math.Round(float64(p.Counts.Fetched)/worked.Minutes()*10) / 10
	}
	if known && len(streams) > 0 && p.PerMinute > 0 && !r.Status.Final() && r.Status != Paused {
		if minutes := float64(left) / p.PerMinute; minutes < farthest.Minutes() {
			p.End = now.Add(time.Duration(minutes * float64(time.Minute))).UTC().Truncate(time.Second)
		}
	}
	return p
}
