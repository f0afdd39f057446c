package syncing

import (
	"fmt"
	"strings"
	"time"
)

// NewReport compares both sides, object by object, of streams that have ended.
func NewReport(streams []Stream, at time.Time) Report {
	r := Report{At: at, Agrees: true}
	for _, s := range streams {
		o := ReportObject{Object: s.Object, Source: s.Source, SourceHow: s.SourceHow, Stored: s.Stored, Counts: s.Counts, Problem: s.Problem}
		if s.Stored >= 0 {
			o.StoredHow = "records stored and not deleted"
		}
		if s.Source >= 0 && s.Stored >= 0 {
			o.Difference = s.Stored - s.Source
		}
		o.Explained = explained(o)
		if o.Difference != 0 || s.Phase == Stopped {
			r.Agrees = false
		}
		r.Objects = append(r.Objects, o)
	}
	return r
}

// explained says what is known of a difference.
func explained(o ReportObject) string {
	var why []string
	if o.Difference != 0 {
		if n := o.Counts.Refused; n > 0 {
			why = append(why, fmt.Sprintf("%d in the quarantine", n))
		}
		if n := o.Counts.Held; n > 0 {
			why = append(why, fmt.Sprintf("%d wait to be deleted", n))
		}
		if len(why) == 0 {
			why = append(why, "changed while it was counted, or not shown to this login")
		}
	}
	return strings.Join(why, ", ")
}
