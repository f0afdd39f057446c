package conformance

import (
	"slices"

	"leadline/shared/connector"
)

// checkIDs asks for records that are there together with some that are not.
func (s *suite) checkIDs() {
	for _, o := range s.definition.Pull.Objects {
		w := s.world()
		rows := w.provider.Rows(o.Name)
		if !o.Serves(connector.IDs) || len(rows) == 0 {
			continue
		}
		here := few(rowIDs(rows), 7)
		gone := madeUp(rows)
		s.byID(w, o.Name, slices.Concat(here[:len(here)/2], gone, here[len(here)/2:]), here, gone)
		s.byID(w, o.Name, gone, nil, gone)
		many := few(rowIDs(rows), connector.MaxIDs)
		s.byID(w, o.Name, many, many, nil)
		if remover, ok := w.provider.(Remover); ok && remover.Remove(o.Name, here[0]) {
			s.byID(w, o.Name, here, here[1:], here[:1])
		}
	}
}

func (s *suite) byID(w *world, object string, ids, here, gone []string) {
	r := s.read(w, object, connector.Scope{Kind: connector.IDs, IDs: ids}, "", nil)
	if r.err != nil {
		s.fail(IDs, "the reading of %s fails: %v", r.what(), r.err)
		return
	}
	if lost := less(here, keys(r.changes)); len(lost) > 0 {
		s.fail(IDs, "the reading of %s misses %s", r.what(), listed(lost))
	}
	if surplus := less(keys(r.changes), here); len(surplus) > 0 {
		s.fail(IDs, "the reading of %s gives %s, which nobody asked for", r.what(), listed(surplus))
	}
	if untold := less(gone, r.missing); len(untold) > 0 {
		s.fail(IDs, "the reading of %s does not say that %s is missing", r.what(), listed(untold))
	}
	if wrong := less(r.missing, gone); len(wrong) > 0 {
		s.fail(IDs, "the reading of %s says that %s is missing, which is there or was not asked for", r.what(), listed(wrong))
	}
}

func rowIDs(rows []Row) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// madeUp gives two ids that look like those of rows and are none.
func madeUp(rows []Row) []string {
	known := rowIDs(rows)
	model := rows[0].ID
	var made []string
	for at := len(model) - 1; at >= 0; at-- {
		for _, digit := range "123456789" {
			made = append(made, model[:at]+string(digit)+model[at+1:])
		}
	}
	for _, digit := range "98" { // where ids are small numbers, each of them may be there
		made = append(made, model+string(digit)+"9999")
	}
	return less(made, known)[:2]
}
