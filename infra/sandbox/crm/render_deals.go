package crm

import (
	"strconv"
	"time"
)

// periods are the values of value_period.
func periodName(p uint8) string {
	switch p {
	case 1:
		return "monthly"
	case 2:
		return "annual"
	}
	return "one_time"
}

func periodOf(name string) (uint8, bool) {
	switch name {
	case "one_time":
		return 0, true
	case "monthly":
		return 1, true
	case "annual":
		return 2, true
	}
	return 0, false
}

// annual gives what a value is worth in a year.
func annual(value int64, period uint8) int64 {
	if period == 1 {
		return value * 12
	}
	return value
}

// Money writes hundredths as Close does: "$50 monthly", "$1,000", "€12.50".
func Money(currency string, cents int64, period string) string {
	sign := map[string]string{"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}[currency]
	if sign == "" {
		sign = currency + " "
	}
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if c := cents % 100; c != 0 {
		whole += "." + strconv.Itoa(int(c/10)) + strconv.Itoa(int(c%10))
	}
	if period != "one_time" && period != "" {
		whole += " " + period
	}
	return sign + whole
}

// currency gives the currency that an opportunity has at the start.
func (m *Model) currency(n uint32) string {
	switch mix(m.opts.Seed, partContent, uint64(Opportunity), uint64(n), 2) % 20 {
	case 0, 1:
		return "EUR"
	case 2:
		return "GBP"
	case 3:
		return "JPY"
	}
	return "USD"
}

func (m *Model) opportunityContent(w *writer, r *Record) {
	d := NewDice(m.opts.Seed, partContent, uint64(Opportunity), uint64(r.number), 3)
	deal := m.firstDeal(r.number)
	s := m.statuses[deal.status]
	w.str("id", r.ID)
	w.str("lead_id", r.LeadID())
	w.str("lead_name", m.leadNameOf(r))
	w.id("contact_id", idOf(r.contact))
	w.id("contact_name", m.contactNameOf(r))
	w.str("user_id", m.userID(r.user))
	w.str("user_name", m.userName(r.user))
	w.str("status_id", s.ID)
	w.str("status_label", s.Label)
	w.str("status_display_name", s.Label)
	w.str("status_type", s.Type)
	w.str("pipeline_id", m.words.pipelines[s.Pipeline])
	w.str("pipeline_name", []string{"Sales", "Renewals"}[s.Pipeline])
	terms(w, deal, m.currency(r.number))
	w.null("date_lost", "date_won")
	switch s.Type {
	case "won":
		w.b = w.b[:len(w.b)-len(`,"date_won":null`)]
		w.str("date_won", day(r.updated))
	case "lost":
		w.b = w.b[:len(w.b)-len(`,"date_lost":null,"date_won":null`)]
		w.time("date_lost", r.updated)
		w.null("date_won")
	}
	note := d.pick(m.words.notes)
	w.str("note", note)
	w.str("note_html", "<body><p>"+note+"</p></body>")
	w.empty("attachments", "integration_links")
	m.signed(w, r, true)
	c := m.words.custom
	if d.One(4) {
		w.str(c[fieldPlan], d.pick(m.words.sentences))
	}
	if d.One(3) {
		w.raw(c[fieldDiscount], strconv.Itoa(d.N(30))+".5")
	}
	if d.One(3) {
		w.list(c[fieldCompetitors], []string{"Summit Gear", "Trailhead", "In-house"}[:1+d.N(3)]...)
	}
	if d.One(5) {
		w.list(c[fieldCoOwners], m.userID(uint16(firstRep+d.N(reps))), m.userID(uint16(1+d.N(3))))
	}
	if d.One(3) {
		w.str(c[fieldRegion], d.pick(m.words.regions))
	}
}

// terms writes what an opportunity is worth. Values are hundredths in every currency.
func terms(w *writer, d deal, currency string) {
	expected := d.value * int64(d.confidence) / 100
	w.num("value", d.value)
	w.str("value_period", periodName(d.period))
	w.str("value_currency", currency)
	w.str("value_formatted", Money(currency, d.value, periodName(d.period)))
	w.num("confidence", int64(d.confidence))
	w.num("expected_value", expected)
	w.num("annualized_value", annual(d.value, d.period))
	w.num("annualized_expected_value", annual(expected, d.period))
}

func idOf(r *Record) string {
	if r == nil {
		return ""
	}
	return r.ID
}

// dateMicros reads a date or a time, 0 if it is neither.
func dateMicros(s string) int64 {
	t, _ := DateMicros(s)
	return t
}

// DateMicros reads a date or a time as microseconds since 1970.
func DateMicros(s string) (int64, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04:05.999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}
