package schedule

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"time"

	"leadline/shared/fault"
)

// zoneinfo is lib/time/zoneinfo.zip of a Go distribution, which packs the IANA database; it is in the public domain. It is
// not time/tzdata, for that is asked last, after whatever data a machine has: two machines would disagree about when
// something is due, and which data decided could not be told afterwards. After an update of Go that brings newer data, copy
// its file here, and its version (DATA in update.bash beside it) below.
//
//go:embed zoneinfo.zip
var zoneinfo []byte

// ZoneData is the release of the IANA database that Location goes by.
const ZoneData = "2025c"

// longest is how many bytes of a wrong text a message repeats.
const longest = 64

// Location gives a time zone by its name in the IANA database, which is case-sensitive; UTC for the empty name. Invalid if
// there is none. It is the same on every machine, unlike time.LoadLocation.
func Location(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	data := packed(name)
	if data == nil {
		return nil, fault.New(fault.Invalid, "unknown_zone", "There is no time zone %q: give the name of one in the IANA database, such as \"Europe/Berlin\" or \"America/New_York\", or \"UTC\".", cut(name))
	}
	zone, err := time.LoadLocationFromTZData(name, data)
	return zone, fault.Wrap(err, fault.Internal, "zone_data", "The data of the time zone %q cannot be read.", name)
}

// packed finds a file of the archive, or nil. Its files are stored as they are, each behind a header of 30 bytes, its name
// and an extra field, which is found without building the tables of archive/zip each time.
func packed(name string) []byte {
	const header = 30
	for rest := zoneinfo; len(rest) > header && string(rest[:4]) == "PK\x03\x04"; {
		size := int(binary.LittleEndian.Uint32(rest[18:]))
		nameEnd := header + int(binary.LittleEndian.Uint16(rest[26:]))
		begin := nameEnd + int(binary.LittleEndian.Uint16(rest[28:]))
		if string(rest[header:nameEnd]) == name {
			return rest[begin : begin+size]
		}
		rest = rest[begin+size:]
	}
	return nil
}

// cut shortens what a message repeats.
func cut(text string) string {
	if len(text) > longest {
		return strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}
