package main

import (
	"strings"
	"testing"
)

// TestCapitalizedCommissions of a period that is locked: the asset of each month ties, and comes to nothing at the end.
func TestCapitalizedCommissions(t *testing.T) {
	w := newWorld(t)
	w.programmed()
	p, err := w.programs.Program(t.Context(), ours, w.params["program"])
	w.must(err)
	versions, err := w.handler.incentives.Shown(t.Context(), p)
	w.must(err)
	currency := currencyOf(versions)
	path := "/v1/reports/capitalized-commissions?from=2026-10&until=2030-12&currency=" + currency
	if none := read[CapitalizedCommissions](t, w.get(w.owner, path).want(t, 200)); none.Statements != 0 || len(none.Months) != 50 || none.Months[49].Closing != "0" {
		t.Errorf("%+v", none)
	}
	w.settling("")
	all := read[CapitalizedCommissions](t, w.get(w.owner, path+"&program="+w.params["program"]).want(t, 200))
	moved := false
	for i, m := range all.Months {
		moved = moved || m.Capitalized != "0" && m.Amortized != "0" && m.Closing != "0"
		if i > 0 && m.Opening != all.Months[i-1].Closing {
			t.Errorf("%+v after %+v", m, all.Months[i-1])
		}
	}
	if all.Statements == 0 || all.Schedules == 0 || !moved || all.Months[49].Closing != "0" {
		t.Errorf("%+v", all)
	}
	expensed := read[CapitalizedCommissions](t, w.get(w.owner, path+"&months=12&expedient=true").want(t, 200))
	some := false
	for _, m := range expensed.Months {
		some = some || m.Expensed != "0"
		if m.Closing != "0" {
			t.Errorf("%+v is an asset", m)
		}
	}
	if !some {
		t.Error("nothing is expensed")
	}
	for query, status := range map[string]int{strings.Replace(path, "2030-12", "2026-10", 1): 400, strings.Replace(path, currency, "XXX", 1): 400, path + "&program=prg_000000000000": 404} {
		w.get(w.owner, query).want(t, status)
	}
}
