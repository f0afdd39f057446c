package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/incentive/keeper"
	"leadline/shared/money"
)

// refreshed gives the programs that were sent to be reckoned anew, and forgets that.
func (o *office) refreshed() string {
	o.t.Helper()
	var all []string
	for _, w := range o.calculate.queue {
		m, err := keeper.Decode(w.body)
		o.must(err)
		if m.Kind == keeper.Refresh {
			all = append(all, m.Program)
		}
	}
	o.calculate.queue = nil
	slices.Sort(all)
	return strings.Join(all, " ")
}

func rate(pair, value, since, until string) map[string]any {
	from, to, _ := strings.Cut(pair, "-")
	return map[string]any{"from": from, "to": to, "value": value, "since": since, "until": until}
}

func TestRatesAreKept(t *testing.T) {
	o := newOffice(t)
	dollars := o.published(o.made(o.plan(), "2026-11-01"))
	o.published(o.made(changed(o.plan(), map[string]any{"currency": "EUR"}), "2026-11-01"))
	o.made(o.plan(), "2026-11-01")
	o.refreshed()
	a := o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.08000001", "2026-11-01", "2026-12-01")).want(t, 201)
	if got := read[ExchangeRate](t, a); got != (ExchangeRate{"EUR-USD-2026-11-01", "EUR", "USD", "1.08000001", "2026-11-01", "2026-12-01", 1}) || a.header.Get("Location") != "/v1/exchange-rates/EUR-USD-2026-11-01" || a.header.Get("ETag") != `"1"` {
		t.Errorf("added %+v %v", got, a.header)
	}
	if got := o.refreshed(); got != dollars.ID { // the one in the other currency stays as it is, and so does the draft
		t.Errorf("reckoned anew are %s, not %s", got, dollars.ID)
	}
	path := "/v1/exchange-rates/EUR-USD-2026-11-01"
	o.put(o.admin, path, map[string]any{"value": "1.1"}, `"2"`).want(t, 412, "precondition_failed")
	if got := read[ExchangeRate](t, o.put(o.admin, path, map[string]any{"value": "1.1"}, `"1"`).want(t, 200)); got.Value != "1.1" || got.Until != "" || got.Rev != 2 || o.refreshed() != dollars.ID {
		t.Errorf("changed %+v", got)
	}
	o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.2", "2026-10-01", "2026-11-01")).want(t, 201)
	o.post(o.admin, "/v1/exchange-rates", rate("USD-EUR", "0.9", "2026-10-01", "")).want(t, 201)
	var ids []string
	for _, r := range walk[ExchangeRate](o.system, o.reader, "/v1/exchange-rates?limit=2") {
		ids = append(ids, r.ID)
	}
	if got := strings.Join(ids, " "); got != "EUR-USD-2026-10-01 EUR-USD-2026-11-01 USD-EUR-2026-10-01" {
		t.Errorf("listed %s", got)
	}
	o.refreshed()
	o.do(request{key: o.admin, method: http.MethodDelete, path: path}).want(t, 204)
	if o.refreshed() != dollars.ID {
		t.Error("the deletion has nothing reckoned anew")
	}
	o.do(request{key: o.admin, method: http.MethodDelete, path: path}).want(t, 404, "not_found")
	o.get(o.reader, path).want(t, 404, "not_found")
	if got := read[ExchangeRate](t, o.get(o.reader, "/v1/exchange-rates/USD-EUR-2026-10-01").want(t, 200)); got.Value != "0.9" {
		t.Errorf("got %+v", got)
	}
	if all := read[list[ExchangeRate]](t, o.get(o.stranger, "/v1/exchange-rates").want(t, 200)); len(all.Items) != 0 {
		t.Errorf("a stranger sees %+v", all)
	}
}

func TestRatesThatCannotBeAreRefused(t *testing.T) {
	o := newOffice(t)
	o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.1", "2026-11-01", "2026-12-01")).want(t, 201)
	o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.2", "2026-12-01", "")).want(t, 201)
	before := o.state()
	for name, c := range map[string]struct {
		rate   map[string]any
		status int
		code   string
	}{
		"overlap":    {rate("EUR-USD", "1", "2026-10-01", "2026-11-02"), 400, money.CodeRate},
		"overlap 2":  {rate("EUR-USD", "1", "2026-11-15", "2026-11-16"), 400, money.CodeRate},
		"overlap 3":  {rate("EUR-USD", "1", "2027-01-01", ""), 400, money.CodeRate},
		"taken":      {rate("EUR-USD", "1", "2026-11-01", ""), 409, "rate_taken"},
		"currency":   {rate("EUX-USD", "1", "2026-11-01", ""), 400, money.CodeCurrency},
		"itself":     {rate("EUR-EUR", "1", "2026-11-01", ""), 400, money.CodeRate},
		"zero":       {rate("GBP-USD", "0", "2026-11-01", ""), 400, money.CodeRate},
		"decimals":   {rate("GBP-USD", "1.000000001", "2026-11-01", ""), 400, money.CodeRate},
		"no number":  {rate("GBP-USD", "one", "2026-11-01", ""), 400, "invalid_number"},
		"no day":     {rate("GBP-USD", "1", "2026-13-01", ""), 400, money.CodeRate},
		"no end":     {rate("GBP-USD", "1", "2026-11-01", "later"), 400, money.CodeRate},
		"empty time": {rate("GBP-USD", "1", "2026-11-01", "2026-11-01"), 400, money.CodeRate},
	} {
		a := o.post(o.admin, "/v1/exchange-rates", c.rate)
		if a.status != c.status || !strings.Contains(string(a.body), c.code) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	o.put(o.admin, "/v1/exchange-rates/EUR-USD-2026-11-01", map[string]any{"value": "1.1"}).want(t, 400, money.CodeRate)
	if o.state() != before {
		t.Error("something changed")
	}
}

// TestTwoRatesAtOnce: neither request saw the other's rate, and yet no two have a day in common.
func TestTwoRatesAtOnce(t *testing.T) {
	o := newOffice(t)
	c := caller{organization: ours}
	first, err := readRate(money.Rate{From: "EUR", To: "USD", Rev: 1}, ExchangeRateValue{Value: "1"})
	if err == nil {
		t.Fatal("a rate without a day")
	}
	first.Span.From = "2026-11-01"
	second := first
	second.Span.From = "2026-12-01"
	o.must(o.handler.saveRate(t.Context(), c, first, nil))
	if err := o.handler.saveRate(t.Context(), c, second, nil); err == nil || !strings.Contains(err.Error(), "same days") {
		t.Errorf("the second is refused with %v", err)
	}
	first.Span.Until, first.Rev = "2026-12-01", 2
	o.must(o.handler.saveRate(t.Context(), c, first, nil))
	o.must(o.handler.saveRate(t.Context(), c, second, nil))
	first.Span.Until, first.Rev = "", 3
	if err := o.handler.saveRate(t.Context(), c, first, nil); err == nil {
		t.Error("one that was made longer is not refused")
	}
	rates, err := o.handler.rates(t.Context(), ours)
	o.must(err)
	if len(rates) != 2 || rates[0].Span.Until != "2026-12-01" || rates[0].Rev != 4 {
		t.Errorf("stored are %+v", rates)
	}
}

func TestAFileOfRates(t *testing.T) {
	o := newOffice(t)
	p := o.published(o.made(o.plan(), "2026-11-01"))
	o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.1", "2026-10-01", "")).want(t, 201)
	o.refreshed()
	send := func(file, query string) RateImport {
		a := o.do(request{key: o.admin, method: http.MethodPost, path: "/v1/exchange-rates/import" + query, header: map[string]string{"content-type": "text/csv"}, body: file}).want(t, 200)
		return read[RateImport](t, a)
	}
	file := "\ufefffrom;to;value;since;until\nEUR;USD;1.1;2026-10-01;2026-11-01\neur;usd;1.2;2026-11-01;\nGBP;USD;1.3;2026-11-01;\n"
	if got := send(file, "?dry_run=true"); got.Applied || got.Rows != 3 || got.Added != 2 || got.Changed != 1 || len(got.Errors) != 0 || o.refreshed() != "" {
		t.Errorf("a dry run gives %+v", got)
	}
	if got := send(file, ""); !got.Applied || got.Added != 2 || got.Changed != 1 || got.Unchanged != 0 || o.refreshed() != p.ID {
		t.Errorf("the file gives %+v", got)
	}
	if got := send(file, ""); !got.Applied || got.Added != 0 || got.Changed != 0 || got.Unchanged != 3 || o.refreshed() != "" {
		t.Errorf("the file sent again gives %+v", got)
	}
	if r := read[ExchangeRate](t, o.get(o.reader, "/v1/exchange-rates/EUR-USD-2026-10-01").want(t, 200)); r.Until != "2026-11-01" || r.Rev != 2 {
		t.Errorf("changed %+v", r)
	}
	before := o.state()
	wrong := send(strings.Join([]string{"from,to,value,since,until", "EUR,USD,1.5,2026-10-15,2026-10-20", "EUR,XXX,1,2026-01-01,", "EUR,CHF,much,2026-01-01,", "EUR,CHF,1,soon,", "EUR,CHF,1,,",
		"EUR,CHF,1,2026-01-01,2026-02-01", "EUR,CHF,2,2026-01-01,", "EUR,CHF,2,2026-01-15,", "EUR,CHF"}, "\n"), "")
	lines := map[int]string{}
	for _, e := range wrong.Errors {
		lines[e.Line] += e.Code + " " + e.Column
	}
	want := map[int]string{2: "invalid_rate until", 3: "unknown_currency ", 4: "invalid_number value", 5: "invalid_rate since", 6: "invalid_rate since", 8: "invalid_rate ", 9: "invalid_rate until", 10: "invalid_number value"}
	if wrong.Applied || !maps.Equal(lines, want) {
		t.Errorf("the errors are %v", lines)
	}
	for name, file := range map[string]string{"columns": "from,to,rate\n", "twice": "from,to,value,since,since\n", "missing": "from,to,value\n", "empty": "", "quotes": "from,to,value,since\n\"a\"b,c,d,e\n", "no text": "from,to,value,since\n\xff,,,\n",
		"rows": "from,to,value,since\n" + strings.Repeat("EUR,CHF,1,2026-01-01\n", maxRateRows+1)} {
		a := o.do(request{key: o.admin, method: http.MethodPost, path: "/v1/exchange-rates/import", body: file})
		if a.status != 400 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if o.state() != before {
		t.Error("something changed")
	}
	noted := o.audited("import-exchange-rates")
	if len(noted) == 0 || !slices.ContainsFunc(noted, func(e AuditEntry) bool {
		return strings.Contains(e.Detail, "2 added, 1 changed, 0 wrong, applied: true")
	}) {
		t.Errorf("noted %+v", noted)
	}
}

// TestARateIsTakenInWhereItCounts: what was converted names its row.
func TestARateIsTakenInWhereItCounts(t *testing.T) {
	o := newOffice(t)
	o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.1", "2026-10-01", "")).want(t, 201)
	o.deal("oppo_1", "rep", 100_000, "EUR", "won", "2026-11-10")
	p := o.published(o.made(changed(o.plan(), map[string]any{"exchange": map[string]any{"currencies": []any{"EUR"}}}), "2026-11-01"))
	path := fmt.Sprintf("/v1/programs/%s/participants/%s/statements/2026-11", p.ID, o.ids["rep"])
	for _, c := range []struct {
		value string
		want  string
		rev   int64
	}{{"1.1", "55.00 USD", 2}, {"1.2", "60.00 USD", 3}} {
		o.put(o.admin, "/v1/exchange-rates/EUR-USD-2026-10-01", map[string]any{"value": c.value}).want(t, 200)
		o.calculated(10 * time.Second)
		if s := read[Statement](t, o.get(o.admin, path).want(t, 200)); s.Payable.Text != c.want || s.Credits[0].Rate.Rev != c.rev || s.Credits[0].Rate.Value != c.value {
			t.Errorf("at %s: %+v", c.value, s)
		}
	}
}

// TestARateThatIsNotTakenInIsNotStored: the queue is away, and what was refused can be sent again.
func TestARateThatIsNotTakenInIsNotStored(t *testing.T) {
	o := newOffice(t)
	o.published(o.made(o.plan(), "2026-11-01"))
	before := o.state()
	o.calculate.err = fault.New(fault.Unavailable, "unavailable", "the queue is away")
	o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.1", "2026-11-01", "")).want(t, 503)
	a := o.do(request{key: o.admin, method: "POST", path: "/v1/exchange-rates/import", body: "from,to,value,since\nEUR,USD,1,2026-01-01\n"})
	if a.want(t, 503); o.state() != before {
		t.Error("something changed")
	}
	o.calculate.err = nil
	o.post(o.admin, "/v1/exchange-rates", rate("EUR-USD", "1.1", "2026-11-01", "")).want(t, 201)
}
