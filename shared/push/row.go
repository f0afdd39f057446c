package push

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// Limits of a row.
const (
	MaxRowBytes  = 1 << 20
	MaxFields    = 500
	MaxNameBytes = 256
)

// ActionField is the field of a row that says what to do; it is no field of the record. Names of fields are told apart by
// case, unlike those of a request.
const ActionField = "action"

// DefaultIDField names the record where the object does not say otherwise.
const DefaultIDField = "id"

// Settings say how the rows of an object are read.
type Settings struct {
	// IDField is the field whose value names the record, DefaultIDField if empty.
	IDField string
	// VersionField, if any, is the field that orders the states of a record.
	VersionField string
}

// Row is a row whose syntax is right.
type Row struct {
	// Number is that of the row in its batch, from 1.
	Number int
	ID     string
	Action record.Action
	// Fields is what the row says, the id and the version too, but for the action.
	Fields record.Fields
	// Version is the value of the version field: microseconds since 1970 if Dated, else the number itself. It says nothing
	// unless Versioned.
	Version          int64
	Versioned, Dated bool
}

// Judge reads one row. What is wrong with it is Invalid; the code is a reason of quarantine, and the message names the
// row, the field, what was expected and what was found, without any value.
func Judge(row json.RawMessage, number int, settings Settings) (Row, *fault.Error) {
	text, valid := trimmed(row)
	if !valid {
		return Row{}, rowFault(number, quarantine.MalformedBody, "expected an object, found what is no JSON")
	}
	j := judge{settings: settings.orDefault()}
	r, err := j.row(text, number)
	if err != nil {
		return Row{}, err
	}
	r.Fields = make(record.Fields, len(j.members))
	room := make([]byte, 0, len(text)) // one for all values of the row, and none of the body's: that is let go of
	for _, m := range j.members {
		if name := string(m.name); name != ActionField {
			start := len(room)
			room = append(room, canonical(m.value)...)
			r.Fields[name] = json.RawMessage(room[start:len(room):len(room)])
		}
	}
	return r, nil
}

// Refusal is what is wrong with one row of a request.
type Refusal struct {
	Row     int    `json:"row"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Refusals judges the rows as Judge does: how many it would refuse, and why, for the first of them up to limit.
func (r Request) Refusals(settings Settings, limit int) (refused int, first []Refusal) {
	j := judge{settings: settings.orDefault()}
	for number, row := range r.Rows() {
		if _, err := j.row(row, number); err != nil {
			if refused++; refused <= limit {
				first = append(first, Refusal{Row: number, Code: err.Code, Message: err.Message})
			}
		}
	}
	return refused, first
}

func (s Settings) orDefault() Settings {
	if s.IDField == "" {
		s.IDField = DefaultIDField
	}
	return s
}

func rowFault(number int, reason quarantine.Reason, format string, args ...any) *fault.Error {
	f := refuse(string(reason), format, args...)
	f.Message = "Row " + strconv.Itoa(number) + ": " + f.Message + "."
	return f
}

// judge judges one row after the other. It keeps nothing of one for the next but its room.
type judge struct {
	settings Settings
	text     []byte
	// members are those of the row.
	members []member
	// names are those of the objects around what is being read, the innermost last.
	names [][]byte
	flaw  flaw
}

type member struct{ name, value []byte }

// flaw is why value stopped.
type flaw struct {
	deep  bool
	twice []byte
}

// row judges all of a row that is known to be JSON, and reads all but its fields.
func (j *judge) row(text []byte, number int) (Row, *fault.Error) {
	j.members, j.names = j.members[:0], j.names[:0]
	switch {
	case len(text) > MaxRowBytes:
		return Row{}, rowFault(number, quarantine.TooLarge, "expected at most %d bytes, found %d", MaxRowBytes, len(text))
	case text[0] != '{':
		return Row{}, rowFault(number, quarantine.NotAnObject, "expected an object, found %s", found(text))
	}
	if err := j.open(text, number); err != nil {
		return Row{}, err
	}
	r := Row{Number: number}
	var action, id, version []byte
	for _, m := range j.members {
		if string(m.name) == ActionField {
			action = m.value
		}
		if string(m.name) == j.settings.IDField {
			id = m.value
		}
		if string(m.name) == j.settings.VersionField {
			version = m.value
		}
	}
	var err *fault.Error
	if r.Action, err = readAction(action, number); err != nil {
		return Row{}, err
	}
	if r.ID, err = readID(id, number, j.settings.IDField); err != nil {
		return Row{}, err
	}
	if j.settings.VersionField != "" {
		r.Versioned = true
		if r.Version, r.Dated, err = readVersion(version, number, j.settings.VersionField); err != nil {
			return Row{}, err
		}
	}
	return r, nil
}

// open lists the members of a row and judges their names, and how deep their values nest.
func (j *judge) open(text []byte, number int) *fault.Error {
	j.text = text
	for at := skipSpace(text, 1); text[at] != '}'; at = skipSpace(text, at) {
		name, start := j.name(at)
		end := j.value(start, 1)
		switch {
		case j.flaw.deep:
			j.flaw = flaw{}
			return rowFault(number, quarantine.MalformedBody, "field %s: expected at most %d levels of lists and objects, found more", shown(name), record.MaxDepth)
		case j.flaw.twice != nil:
			twice := j.flaw.twice
			j.flaw = flaw{}
			return rowFault(number, quarantine.InvalidName, "field %s: the name %s stands twice in one object", shown(name), shown(twice))
		}
		j.members = append(j.members, member{name, text[start:end:end]})
		at = end
	}
	if len(j.members) > MaxFields {
		return rowFault(number, quarantine.TooLarge, "expected at most %d fields, found %d", MaxFields, len(j.members))
	}
	for _, m := range j.members {
		if wrong := wrongName(m.name); wrong != "" {
			return rowFault(number, quarantine.InvalidName, "field %s: %s", shown(m.name), wrong)
		}
		j.names = append(j.names, m.name)
	}
	if twice := duplicate(j.names); twice != nil {
		return rowFault(number, quarantine.InvalidName, "field %s: expected it once, found it twice", shown(twice))
	}
	return nil
}

// name reads the name at a place, or behind the comma there, and gives where its value starts.
func (j *judge) name(at int) (name []byte, value int) {
	if j.text[at] == ',' {
		at = skipSpace(j.text, at+1)
	}
	end := skipString(j.text, at)
	return decoded(j.text[at:end]), skipSpace(j.text, skipSpace(j.text, end)+1)
}

// value gives where the value ends that starts at a place, and notes a flaw if it nests too deep or has an object with a
// name twice. encoding/json would take the last of them and lose the others unsaid.
func (j *judge) value(at, depth int) int {
	if depth > record.MaxDepth {
		j.flaw.deep = true
		return at
	}
	switch j.text[at] {
	case '"':
		return skipString(j.text, at)
	case '[':
		for at = skipSpace(j.text, at+1); j.text[at] != ']'; at = skipSpace(j.text, at) {
			if j.text[at] == ',' {
				at = skipSpace(j.text, at+1)
			}
			if at = j.value(at, depth+1); j.flawed() {
				return at
			}
		}
		return at + 1
	case '{':
		outer := len(j.names)
		for at = skipSpace(j.text, at+1); j.text[at] != '}'; at = skipSpace(j.text, at) {
			name, start := j.name(at)
			j.names = append(j.names, name)
			if at = j.value(start, depth+1); j.flawed() {
				return at
			}
		}
		j.flaw.twice = duplicate(j.names[outer:])
		j.names = j.names[:outer]
		return at + 1
	}
	return skipScalar(j.text, at)
}

func (j *judge) flawed() bool { return j.flaw.deep || j.flaw.twice != nil }

// fewNames is up to how many names comparing each with each is faster than sorting them.
const fewNames = 24

// duplicate gives a name that stands twice among names, which it may put into another order; nil if none does.
func duplicate(names [][]byte) []byte {
	if len(names) > fewNames {
		slices.SortFunc(names, bytes.Compare)
		for i := 1; i < len(names); i++ {
			if bytes.Equal(names[i-1], names[i]) {
				return names[i]
			}
		}
		return nil
	}
	for i, name := range names {
		for _, other := range names[:i] {
			if bytes.Equal(name, other) {
				return name
			}
		}
	}
	return nil
}

// wrongName says what is wrong with the name of a field; empty if nothing is.
func wrongName(name []byte) string {
	switch {
	case len(name) == 0:
		return "expected a name, found an empty one"
	case len(name) > MaxNameBytes:
		return "expected a name of at most " + strconv.Itoa(MaxNameBytes) + " bytes, found one of " + strconv.Itoa(len(name))
	}
	for i := 0; i < len(name); {
		c, size := utf8.DecodeRune(name[i:])
		switch {
		case c == utf8.RuneError: // also what an unpaired surrogate is read as
			return "expected a name in UTF-8, found bytes that are none"
		case unicode.IsControl(c):
			return "expected a name that can be printed, found a control character in it"
		}
		i += size
	}
	return ""
}

// maxShownBytes is how much of a name is shown.
const maxShownBytes = 80

// shown gives a name as it is shown to people.
func shown(name []byte) string {
	if len(name) <= maxShownBytes {
		return strconv.Quote(string(name))
	}
	cut := maxShownBytes
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strconv.Quote(string(name[:cut])) + "..."
}
