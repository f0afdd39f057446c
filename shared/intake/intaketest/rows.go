package intaketest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Push is one batch of rows that a client sends.
type Push struct {
	// Delivery names the delivery that brings it, At is its receipt: what orders its rows.
	Delivery string
	At       time.Time
	Object   string
	Rows     []Row
}

// Row is one row of a push.
type Row struct {
	// ID is the JSON text of the id as it is sent, Name the record that it means.
	ID, Name string
	// Action as it is sent; in any case, in either tense.
	Action string
	// Values are the JSON texts of the fields that the row carries, besides the id.
	Values map[string]string
	// Version orders the row where the object has a version field; otherwise its push does.
	Version int64
	// Bad says that the row can never be applied.
	Bad bool
}

// VersionField is the field that Body puts the version into.
const VersionField = "seq"

// Body puts a push into the words of a delivery of rows.
func (p Push) Body(versioned bool) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"objectname":%q,"data":[`, p.Object)
	for i, r := range p.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%s,"action":%q`, r.ID, r.Action)
		if versioned {
			fmt.Fprintf(&b, `,%q:%d`, VersionField, r.Version)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Values)) {
			fmt.Fprintf(&b, `,%q:%s`, name, r.Values[name])
		}
		b.WriteByte('}')
	}
	b.WriteString("]}")
	return []byte(b.String())
}

// RowState is what a record must end as.
type RowState struct {
	Deleted bool
	Values  map[string]string
}

// FoldRows is the plain meaning of pushes: their rows one after the other, by version or else by receipt, then by delivery
// and place. A row sets the fields that it carries; a deletion takes everything; after it, what updates say shows only
// once a row creates the record again.
func FoldRows(pushes []Push, versioned bool) map[string]RowState {
	type step struct {
		version  int64
		delivery string
		number   int
		row      Row
	}
	var steps []step
	for _, p := range pushes {
		for i, r := range p.Rows {
			if r.Bad {
				continue
			}
			version := p.At.UnixMicro()
			if versioned {
				version = r.Version
			}
			steps = append(steps, step{version, p.Delivery, i, r})
		}
	}
	slices.SortFunc(steps, func(a, b step) int {
		switch {
		case a.version != b.version:
			return int(max(-1, min(1, a.version-b.version)))
		case a.delivery != b.delivery:
			return strings.Compare(a.delivery, b.delivery)
		}
		return a.number - b.number
	})
	states := map[string]RowState{}
	for _, s := range steps {
		state := states[s.row.Name]
		switch strings.ToLower(s.row.Action)[:1] {
		case "d":
			states[s.row.Name] = RowState{Deleted: true}
			continue
		case "c":
			state.Deleted = false
		}
		if state.Values == nil {
			state.Values = map[string]string{}
		}
		state.Values["id"] = s.row.ID
		if versioned {
			state.Values[VersionField] = fmt.Sprint(s.row.Version)
		}
		maps.Copy(state.Values, s.row.Values)
		states[s.row.Name] = state
	}
	for name, state := range states {
		if state.Deleted {
			states[name] = RowState{Deleted: true}
		}
	}
	return states
}

// Content gives the JSON of the values, names sorted.
func (s RowState) Content() string {
	values := map[string]json.RawMessage{}
	for name, value := range s.Values {
		values[name] = json.RawMessage(value)
	}
	text, err := json.Marshal(values)
	if err != nil { // all of it is JSON
		return ""
	}
	return string(text)
}

// Pushes makes a random history of 3 to 7 pushes of 1 to 6 rows about 3 records: every action in several spellings, ids
// as numbers and as texts, some fields at a time, nulls, the same id twice, versions that tie, and rows that can never be
// applied. Deliveries and times are for the caller to set.
func Pushes(r *rand.Rand, object string) []Push {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	pushes := make([]Push, 3+r.IntN(5))
	for i := range pushes {
		pushes[i].Object = pick(object, strings.ToUpper(object), " "+object+" ")
		for range 1 + r.IntN(6) {
			row := Row{Version: int64(r.IntN(8)), Values: map[string]string{}}
			row.ID = pick("7", `"7"`, `"b-1"`, `"C"`)
			row.Name = strings.Trim(row.ID, `"`)
			row.Action = pick("create", "Created", "update", "UPDATED", "update", "update", "delete", "deleted")
			for _, field := range [][]string{
				{"name", `"a"`, `"b"`, `"ü\"\\ "`, "null"}, {"amount", "1", "2.50", "9007199254740993", "null"},
				{"tags", `["x","y"]`, "[]", "null"}, {"custom.x", `{"a":null,"b":[1]}`, `"text"`},
			} {
				if r.IntN(2) == 0 {
					row.Values[field[0]] = pick(field[1:]...)
				}
			}
			switch r.IntN(12) {
			case 0:
				row.Action, row.Bad = "upsert", true
			case 1:
				if row.Action[0]|0x20 != 'd' { // a deletion is held to no schema
					row.Values["amount"], row.Bad = `"much"`, true
				}
			}
			pushes[i].Rows = append(pushes[i].Rows, row)
		}
	}
	return pushes
}

// Fields are the fields of Pushes with the type that each has.
func Fields() map[string]string {
	return map[string]string{"id": "text", VersionField: "number", "name": "text", "amount": "number", "tags": "multi_choice", "custom.x": "json"}
}
