package main

import (
	"strings"
	"testing"
)

// TestRunsAndSyncsBelongToOneConnection: by another connection of the same organization they are not to be had.
func TestRunsAndSyncsBelongToOneConnection(t *testing.T) {
	w := newWorld(t)
	other := w.crmConnection(byKey(goodKey)).ID
	before, asked := w.state(), 0
	for _, op := range w.operations() {
		if !strings.Contains(op.Path, "{run}") && !strings.Contains(op.Path, "{sync}") {
			continue
		}
		r := w.request(op)
		r.key, r.path = w.owner, strings.Replace(r.path, w.loggedIn, other, 1)
		w.do(r).want(t, 404, "not_found")
		asked++
	}
	if asked < 8 || w.state() != before {
		t.Errorf("%d were asked; something changed: %t", asked, w.state() != before)
	}
	for _, of := range []string{"runs", "syncs"} {
		if got := read[list[any]](t, w.get(w.reader, "/v1/connections/"+other+"/"+of).want(t, 200)); len(got.Items) != 0 {
			t.Errorf("%s of another connection: %v", of, got.Items)
		}
	}
}
