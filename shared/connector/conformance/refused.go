package conformance

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
)

// SpoilJSON puts a text in the place of each entry of a list that says, by one of its values, that it is the record.
func SpoilJSON(body []byte, id string) []byte {
	tree, err := decode(body)
	if err != nil {
		return body
	}
	for _, at := range paths(tree) {
		row, ok := find(tree, at).(map[string]any)
		if !ok || len(at) == 0 {
			continue
		}
		if _, inList := at[len(at)-1].(int); !inList {
			continue
		}
		if says(row, id) {
			return SpoilJSON(encode(replace(tree, at, markerText)), id)
		}
	}
	return body
}

// says tells whether each part of an id, which a slash may divide, is a value of the row.
func says(row map[string]any, id string) bool {
	for part := range strings.SplitSeq(id, "/") {
		found := false
		for _, value := range row {
			number, ok := value.(json.Number)
			found = found || value == part || ok && number.String() == part
		}
		if !found {
			return false
		}
	}
	return true
}

// checkRefused spoils one record of each object that is not small.
func (s *suite) checkRefused() {
	spoiled := false
	for _, o := range s.definition.Pull.Objects {
		rows := s.options.Server().Rows(o.Name)
		if o.Small || len(rows) < 2 {
			continue
		}
		victim := rows[len(rows)/2].ID
		did := false
		w := s.world()
		w.after = func(_ int, _ connector.Request, a connector.Answer) connector.Answer {
			before := a.Body
			a.Body = s.options.Spoil(slices.Clone(before), victim)
			did = did || !bytes.Equal(a.Body, before)
			return a
		}
		r := s.read(w, o.Name, connector.Scope{Kind: connector.All}, "", nil)
		if !did {
			continue
		}
		spoiled = true
		s.checkSpoiled(r, rows, victim)
	}
	if !spoiled && slices.ContainsFunc(s.definition.Pull.Objects, func(o connector.Object) bool { return !o.Small }) {
		s.fail(Refused, "no row could be spoiled: the rule was not checked")
	}
}

func (s *suite) checkSpoiled(r *reading, rows []Row, victim string) {
	if r.err != nil {
		s.fail(Refused, "a row that cannot be understood ends the reading of %s: %v", r.what(), r.err)
		return
	}
	if len(r.refused) == 0 {
		s.fail(Refused, "a row that cannot be understood is not told of by the reading of %s", r.what())
	}
	if _, there := r.changes[victim]; there {
		s.fail(Refused, "a row that cannot be understood is a record for the reading of %s", r.what())
	}
	var lost []string
	for _, row := range rows {
		if _, there := r.changes[row.ID]; !there && row.ID != victim {
			lost = append(lost, row.ID)
		}
	}
	if len(lost) > 0 {
		s.fail(Refused, "with a row that cannot be understood the reading of %s loses %s", r.what(), listed(lost))
	}
}

// checkRefusal holds a refused row to its form.
func (s *suite) checkRefusal(rule, what string, bad connector.RefusedRow) {
	f := bad.Why
	switch {
	case f == nil:
		s.fail(rule, "%s refuses row %d without saying why", what, bad.Index)
	case f.Kind != fault.Invalid || !slices.Contains(quarantine.Reasons(), quarantine.Reason(f.Code)) || strings.TrimSpace(f.Message) == "":
		s.fail(rule, "%s refuses row %d with %q %q, which is no reason for quarantine, or has no words", what, bad.Index, f.Kind, f.Code)
	case bad.Index < 0:
		s.fail(rule, "%s refuses a row before the first", what)
	case strings.Contains(f.Error(), markerText) || strings.Contains(f.Error(), markerNumber):
		s.fail(Secrecy, "%s shows in a refusal what it refuses: %v", what, f)
	}
}
