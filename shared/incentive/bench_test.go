package incentive_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/view"
)

// What a whole company is to be reckoned in: the figures that are asked for.
const (
	companyCredits = 1_000_000
	companyMembers = 10_000
	companyLevels  = 4
)

// pyramid is a company of 10,000: 9,000 who sell, and the 1,000 above them in four levels.
type pyramid struct {
	ids   map[string]string // of members, by user
	chain map[string][]string
	sells []string // users
}

var _ incentive.World = (*pyramid)(nil)

func newPyramid() *pyramid {
	p := &pyramid{ids: map[string]string{}, chain: map[string][]string{}}
	above := []string{}
	for level, n := range [companyLevels + 1]int{1, 9, 90, 900, 9000} {
		var here []string
		for i := range n {
			member := fmt.Sprintf("mem_%d%04d", level, i)
			p.ids["user_"+member] = member
			if level > 0 {
				boss := above[i*len(above)/n]
				p.chain[member] = append([]string{boss}, p.chain[boss]...)
			}
			here = append(here, member)
		}
		above = here
	}
	for _, member := range above {
		p.sells = append(p.sells, "user_"+member)
	}
	return p
}

func (p *pyramid) Find(_ view.End, key string) *record.Record {
	member, known := p.ids[key]
	if !known {
		return nil
	}
	return &record.Record{Key: record.Key{Object: "user", ID: member}, Fields: record.Fields{"id": quote(member)}}
}
func (p *pyramid) MemberOf(_, text string) (string, bool) {
	if member, known := p.ids[text]; known {
		return member, true
	}
	_, known := p.ids["user_"+text]
	return text, known
}
func (p *pyramid) Chain(member string, _ calendar.Date) []string               { return p.chain[member] }
func (*pyramid) TeamsOf(string, calendar.Date) []string                        { return nil }
func (*pyramid) Team(string, calendar.Date) []string                           { return nil }
func (*pyramid) TakesPart(program.Participants, string, calendar.Date) bool    { return true }
func (*pyramid) Rate(string, string, calendar.Date) (r money.Rate, known bool) { return r, false }

// wins makes deals that were won in a month, of up to 10,000.00 each, among whoever sells in turn.
func (p *pyramid) wins(n int) []record.Record {
	random := rand.New(rand.NewPCG(3, 4))
	all := make([]record.Record, n)
	for at := range all {
		fields := record.Fields{"user_id": quote(p.sells[at%len(p.sells)]), "status": quote("won"), "lead_id": quote("lead_1"),
			"value": json.RawMessage(fmt.Sprintf("%d.%02d", 500+random.IntN(9_500), random.IntN(100))),
			"won":   quote(fmt.Sprintf("2026-03-%02d", 1+random.IntN(31)))}
		all[at] = record.Record{Key: record.Key{Organization: "org_1", Connection: "conn_1", Object: "opportunity", ID: fmt.Sprintf("oppo_%08d", random.IntN(1e8))},
			Rev: 1, Fields: fields}
	}
	return all
}

// sold makes a plan of one filter and one value, both formulas, and four marginal tiers.
func sold(b *testing.B, rules ...program.CreditRule) *incentive.Plan {
	c := salesComponent()
	c.Qualifiers = []program.Qualifier{{Name: "Large", Formula: `row.status == "won" && row.value >= 500`}}
	c.Value, c.Credit.Rules, c.Rate = "row.value * 0.9", rules, component(benchTable).Rate
	return compiled(b, versionOf(1, c))
}

// timed runs a benchmark's body and tells what processor time it takes, too, which does not hang on what else the machine does.
func timed(b *testing.B, item string, items int, body func()) {
	spent := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	b.ReportAllocs()
	before := time.Duration(-1)
	for b.Loop() {
		if before < 0 { // the first turn: all that is made before is not counted
			before = spent()
		}
		body()
	}
	b.ReportMetric(float64((spent()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(items), "ns/"+item)
}

// inMarch is the input of somebody's March.
func inMarch(participant string, credits []incentive.Credit) incentive.Input {
	in := input(month("2026-03"), credits...)
	in.Participant = participant
	return in
}

// BenchmarkMillionRolledUp reckons a company whole: 200,000 deals are credited to who won them and to the four above, which makes
// 1,000,000 credits of 10,000 participants; the one at the top has 200,000 of them. "calculate" begins with the credits, as a
// store gives them, "credit and calculate" with the deals.
func BenchmarkMillionRolledUp(b *testing.B) {
	const deals = companyCredits / (1 + companyLevels)
	p := newPyramid()
	won := p.wins(deals)
	plan := sold(b, program.CreditRule{Kind: program.Direct}, program.CreditRule{Kind: program.RollUp})
	credited := func() map[string][]incentive.Credit {
		of, n := make(map[string][]incentive.Credit, companyMembers), 0
		for at := range won {
			credits, refusals := plan.Credit(incentive.Base{Record: &won[at]}, p)
			if len(refusals) > 0 {
				b.Fatal(refusals)
			}
			for _, c := range credits {
				of[c.Participant] = append(of[c.Participant], c)
			}
			n += len(credits)
		}
		if n != companyCredits || len(of) != companyMembers {
			b.Fatalf("%d credits of %d participants", n, len(of))
		}
		return of
	}
	all := func(of map[string][]incentive.Credit) {
		for participant, credits := range of {
			calculate(b, plan, inMarch(participant, credits))
		}
	}
	b.Run("calculate", func(b *testing.B) {
		stored := credited()
		for _, credits := range stored {
			slices.SortFunc(credits, func(a, b incentive.Credit) int { return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.ID, b.ID)) })
		}
		timed(b, "credit", companyCredits, func() { all(stored) })
	})
	b.Run("credit and calculate", func(b *testing.B) {
		timed(b, "credit", companyCredits, func() { all(credited()) })
	})
}

// BenchmarkMillionFormulas credits 1,000,000 records, a hundred of each of 10,000 participants, by a filter and a value that are
// formulas, and reckons all of them. Nobody is above.
func BenchmarkMillionFormulas(b *testing.B) {
	const each, kept = companyCredits / companyMembers, 500 // more participants than a cache holds
	p := newPyramid()
	p.sells = p.sells[:kept]
	won := p.wins(kept * each)
	plan := sold(b, program.CreditRule{Kind: program.Direct})
	timed(b, "record", companyCredits, func() {
		own := make([]incentive.Credit, 0, each)
		for at := range companyMembers {
			own = own[:0]
			for i := range each {
				credits, refusals := plan.Credit(incentive.Base{Record: &won[at%kept+i*kept]}, p)
				if len(credits) != 1 {
					b.Fatal(strconv.Itoa(len(credits)), refusals)
				}
				own = append(own, credits...)
			}
			calculate(b, plan, inMarch(own[0].Participant, own))
		}
	})
}
