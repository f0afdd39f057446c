package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Version orders the states of one record. It is the record's own last-update time as the source states it, in
// microseconds (the finest that a provider sends), then the revision of the parser that read it, so that a replay after
// a parser fix gets through.
type Version struct {
	// Micros counts microseconds since 1970 UTC. It is never negative.
	Micros int64
	// Parser is the revision of the connector's parser, from 1.
	Parser int
}

// VersionAt makes the version of a state that the source dates at t, cut to microseconds.
func VersionAt(t time.Time, parser int) Version {
	return Version{Micros: t.UnixMicro(), Parser: parser}
}

// Time gives the source's time of the version, in UTC.
func (v Version) Time() time.Time { return time.UnixMicro(v.Micros).UTC() }

// Compare gives -1, 0 or 1 as v is older than, the same as or newer than w.
func (v Version) Compare(w Version) int { return strings.Compare(v.String(), w.String()) }

// String gives the version in a form that sorts as text in the order of Compare: 16 digits, a dot, 4 digits.
func (v Version) String() string { return fmt.Sprintf("%016d.%04d", v.Micros, v.Parser) }

// ParseVersion reads what String wrote.
func ParseVersion(s string) (Version, error) {
	micros, parser, found := strings.Cut(s, ".")
	m, err1 := strconv.ParseInt(micros, 10, 64)
	p, err2 := strconv.Atoi(parser)
	if !found || err1 != nil || err2 != nil || len(micros) != 16 || len(parser) != 4 {
		return Version{}, fmt.Errorf("record: %q is not a version", s)
	}
	return Version{Micros: m, Parser: p}, nil
}
