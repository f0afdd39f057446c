package program_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/view"
)

// office is two sales people, ann and bob, who report to cem. Close knows them as user_ann ...
type office struct{}

var _ incentive.World = office{}

func (office) Find(to view.End, key string) *record.Record {
	member, known := office{}.MemberOf("conn_1", key)
	if to.Source != view.Master() || !known {
		return nil
	}
	return &record.Record{Key: record.Key{Object: "user", ID: member}, Fields: record.Fields{"id": json.RawMessage(`"` + member + `"`)}}
}

func (office) MemberOf(connection, text string) (string, bool) {
	member := strings.TrimPrefix(text, "user_")
	return member, connection == "conn_1" && slices.Contains([]string{"ann", "bob", "cem"}, member)
}

func (office) Chain(member string, _ calendar.Date) []string {
	if member == "cem" {
		return nil
	}
	return []string{"cem"}
}

func (office) TeamsOf(string, calendar.Date) []string                     { return nil }
func (office) Team(string, calendar.Date) []string                        { return nil }
func (office) TakesPart(program.Participants, string, calendar.Date) bool { return true }
func (office) Rate(from, to string, _ calendar.Date) (rate money.Rate, found bool) {
	return money.Rate{From: from, To: to, Value: number.Frac(11, 10)}, from == "EUR" && to == "USD"
}

// closeRecords are a few records as Close has them.
func closeRecords() []record.Record {
	var all []record.Record
	add := func(object, id, fields string) {
		f, err := record.ParseFields([]byte(fields))
		if err != nil {
			panic(err)
		}
		all = append(all, record.Record{Key: record.Key{Organization: "org_1", Connection: "conn_1", Object: object, ID: id}, Fields: f, Rev: 1})
	}
	deal := func(id, user, status, won string, hundredths int, currency string) {
		add("opportunity", id, fmt.Sprintf(`{"id":%q,"user_id":"user_%s","status_type":%q,"date_won":%s,"date_created":"2026-01-02T10:00:00Z","annualized_value":%d,"value":%d,"value_currency":%q,"value_period":"annual"}`,
			id, user, status, won, hundredths, hundredths, currency))
	}
	deal("oppo_1", "ann", "won", `"2026-01-15"`, 10_000_000, "USD") // 100,000.00
	deal("oppo_2", "ann", "won", `"2026-01-20"`, 5_000_050, "EUR")  // 50,000.50, 55,000.55 USD
	deal("oppo_3", "bob", "won", `"2026-01-31"`, 100_001, "USD")    // 1,000.01
	deal("oppo_4", "bob", "active", `null`, 9_999_999, "USD")
	deal("oppo_5", "bob", "won", `"2026-02-01"`, 200_000, "USD") // in the quarter, not in January
	for i, opportunity := range []string{"oppo_1", "oppo_1", "oppo_3"} {
		add("activity.opportunity_status_change", fmt.Sprintf("acti_s%d", i), fmt.Sprintf(`{"user_id":"user_ann","date_created":"2026-01-%02dT09:00:00Z","opportunity_id":%q,"new_status_id":"stat_1","old_status_id":"stat_0"}`, 10+i, opportunity))
	}
	for i := range 3 {
		add("activity.call", fmt.Sprintf("acti_c%d", i), `{"user_id":"user_bob","activity_at":"2026-01-12T09:00:00Z","direction":"outbound","status":"completed","duration":90}`)
		add("activity.meeting", fmt.Sprintf("acti_m%d", i), `{"user_id":"user_bob","starts_at":"2026-01-12T09:00:00Z","status":"completed"}`)
	}
	return all
}

// TestTemplatesPay what their answers say, from records as Close has them to the amount.
func TestTemplatesPay(t *testing.T) {
	for _, c := range []struct {
		template, answers string
		period            calendar.Date
		// want are the minor units of each participant who has credits.
		want map[string]int64
	}{
		// 10 % of 100,000.00 and of 55,000.55, and of 1,000.01: 15,500.055 and 100.001.
		{"percent_of_won_deals", "", "2026-01-15", map[string]int64{"ann": 15_500_06, "bob": 100_00}},
		{"percent_of_won_deals", "value=one_time", "2026-01-15", map[string]int64{}},
		{"percent_of_won_deals", "period=quarter rate=1%", "2026-01-15", map[string]int64{"ann": 1_550_01, "bob": 30_00}},
		// 8 % of 100,000, and 12 % of the 55,000.55 above.
		{"tiers_on_quota", "", "2026-01-15", map[string]int64{"ann": 8_000_00 + 6_600_07, "bob": 240_00}},
		// 155.00055 % of the quota: 10,000, and twice 55.00055 % of it; 3.00001 %.
		{"quarterly_accelerator", "", "2026-01-15", map[string]int64{"ann": 10_000_00 + 11_000_11, "bob": 300_00}},
		// 3 % of the 156,000.56 of both.
		{"team_override", "", "2026-01-15", map[string]int64{"cem": 4_680_02}},
		{"team_override", "above=150000", "2026-01-15", map[string]int64{"cem": 180_02}},
		// Two opportunities, one of them twice.
		{"demo_kicker", "", "2026-01-15", map[string]int64{"ann": 100_00}},
		{"demo_kicker", "most=70", "2026-01-15", map[string]int64{"ann": 70_00}},
		{"demo_kicker", "status=trial", "2026-01-15", map[string]int64{"bob": 150_00}},
		// Three of sixty meetings, three of two.
		{"mbo", "", "2026-01-15", map[string]int64{"bob": 100_00}},
		{"mbo", "goal=2", "2026-01-15", map[string]int64{"bob": 2_000_00}},
		{"call_blitz", "", "2026-01-12", map[string]int64{"bob": 0}},
	} {
		t.Run(c.template+" "+c.answers, func(t *testing.T) {
			template, _ := program.TemplateNamed(c.template)
			answers := map[string]string{}
			for _, one := range strings.Fields(c.answers) {
				name, answer, _ := strings.Cut(one, "=")
				answers[name] = answer
			}
			items := world(t)
			d, wrong := template.Build(answers, program.Setting{Connection: "conn_1", Items: items})
			if len(program.Errors(wrong)) > 0 {
				t.Fatal(wrong)
			}
			sources, _ := program.Resolve(d, items)
			plan, err := incentive.Compile([]program.Version{{Number: 1, From: "2026-01-01", Definition: d, Sources: sources}})
			if err != nil {
				t.Fatal(err)
			}
			credits := map[string][]incentive.Credit{}
			for _, r := range closeRecords() {
				given, refused := plan.Credit(incentive.Base{Record: &r}, office{})
				for _, refusal := range refused {
					if refusal.Problem {
						t.Errorf("%s: %+v", r.ID, refusal)
					}
				}
				for _, credit := range given {
					credits[credit.Participant] = append(credits[credit.Participant], credit)
				}
			}
			got := map[string]int64{}
			for participant, theirs := range credits {
				result, err := plan.Calculate(incentive.Input{Participant: participant, Period: d.Calendar.Of(d.Period, c.period), Spans: []calendar.Span{{From: "2026-01-01"}}, Credits: theirs})
				if err != nil {
					t.Fatal(err)
				}
				got[participant] = result.Payable
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("paid %v, want %v", got, c.want)
			}
		})
	}
}
