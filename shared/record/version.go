package record

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Version orders the states of one record. It is the record's own last-update time as the source states it, in
// microseconds (the finest that a provider sends), then the revision of the parser that read it, so that a replay after
// a parser fix gets through, then when it was read from the source, so that of two readings of one state the later stands,
// and a reading beats what a webhook said of the same state.
type Version struct {
	// Micros counts microseconds since 1970 UTC. It is never negative.
	Micros int64
	// Parser is the revision of the connector's parser, from 1.
	Parser int
	// Read is when the state was read from the source, in microseconds; 0 for one that was posted to us.
	Read int64
}

// VersionAt makes the version of a state that the source dates at t, cut to microseconds.
func VersionAt(t time.Time, parser int) Version {
	return Version{Micros: t.UnixMicro(), Parser: parser}
}

// State gives the version without when it was read: two readings of one state of the record have the same.
func (v Version) State() Version { return Version{Micros: v.Micros, Parser: v.Parser} }

// Time gives the source's time of the version, in UTC.
func (v Version) Time() time.Time { return time.UnixMicro(v.Micros).UTC() }

// Compare gives -1, 0 or 1 as v is older than, the same as or newer than w.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Micros, w.Micros), cmp.Compare(v.Parser, w.Parser), cmp.Compare(v.Read, w.Read))
}

// Storable tells whether the version fits the form of String, whose texts sort as versions do.
func (v Version) Storable() bool {
	return v.Micros >= 0 && v.Micros < 1e16 && v.Parser >= 0 && v.Parser < 1e4 && v.Read >= 0 && v.Read < 1e16
}

// String gives the version in a form that sorts as text in the order of Compare: 16 digits, a dot, 4 digits, and, where it
// was read, another dot and 16 digits.
func (v Version) String() string {
	if v.Read == 0 {
		return fmt.Sprintf("%016d.%04d", v.Micros, v.Parser)
	}
	return fmt.Sprintf("%016d.%04d.%016d", v.Micros, v.Parser, v.Read)
}

// ParseVersion reads what String wrote.
func ParseVersion(s string) (Version, error) {
	parts := strings.Split(s, ".")
	widths := []int{16, 4, 16}
	numbers := make([]int64, len(widths))
	wrong := len(parts) < 2 || len(parts) > len(widths)
	for i := 0; !wrong && i < len(parts); i++ {
		n, err := strconv.ParseInt(parts[i], 10, 64)
		wrong = err != nil || n < 0 || len(parts[i]) != widths[i]
		numbers[i] = n
	}
	if wrong {
		return Version{}, fmt.Errorf("record: %q is not a version", s)
	}
	return Version{Micros: numbers[0], Parser: int(numbers[1]), Read: numbers[2]}, nil
}
