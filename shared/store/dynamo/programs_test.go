package dynamo

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"pgregory.net/rapid"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/money"
	exact "leadline/shared/number"
	"leadline/shared/program"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/view"
)

// Keys are stored: a change here loses sight of what is in the tables.
func TestProgramKeysAreWhatIsStored(t *testing.T) {
	k := record.Key{Organization: "org_a1", Connection: "conn_b2", Object: "opportunity", ID: "oppo_1"}
	lead := record.Key{Organization: "org_a1", Connection: "conn_b2", Object: "lead", ID: "lead_1"}
	ref := incentive.CreditRef{Participant: "mem_c3", Date: "2026-11-22", ID: "crd"}
	u := incentive.Unit{Organization: "org_a1", Program: "prg_d4", Edition: "edn_e5", Participant: "mem_c3", Period: "2026-11"}
	for name, test := range map[string]struct{ got, want primary }{
		"program":   {programKey("org_a1", "prg_d4"), primary{"org_a1#programs", "prg_d4"}},
		"version":   {programVersionKey("org_a1", "prg_d4", 12), primary{"org_a1#program#prg_d4", "0000000000000012"}},
		"rate":      {rateKey("org_a1", "EUR", "USD", "2026-11-01"), primary{"org_a1#rates", "EUR#USD#2026-11-01"}},
		"rate ever": {rateKey("org_a1", "EUR", "USD", ""), primary{"org_a1#rates", "EUR#USD#%0"}},
		"goals":     {goalsKey("org_a1", "prg_d4", "mem_c3"), primary{"org_a1#goals#prg_d4", "mem_c3"}},
		"footprint": {footprintKey("org_a1", "edn_e5", k), primary{"org_a1#footprints#edn_e5#4", "conn_b2#opportunity#oppo_1"}},
		"credit":    {creditKey("org_a1", "edn_e5", ref), primary{"org_a1#credits#edn_e5#mem_c3", "2026-11-22#crd"}},
		"joined":    {joinedKey("org_a1", "edn_e5", lead, k), primary{"org_a1#joined#edn_e5#0", "029f245f486a7bb45c6a54d964006127#conn_b2#opportunity#oppo_1"}},
		"problem":   {problemKey("org_a1", "edn_e5", k), primary{"org_a1#problems#edn_e5#0", "conn_b2#opportunity#oppo_1"}},
		"unit":      {unitKey(u), primary{"org_a1#units#edn_e5#0", "mem_c3#2026-11"}},
		"run":       {editionRunKey("org_a1", "edn_e5"), primary{"org_a1#editions", "edn_e5"}},
		"part":      {partKey("org_a1", "edn_e5", "r", 12), primary{"org_a1#parts#edn_e5#r", "0000000000000012"}},
		"standing":  {standingKey(u), primary{"org_a1#standings#edn_e5#2026-11#0", "mem_c3"}},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
}

func TestProgramKeysOfDifferentThingsDiffer(t *testing.T) {
	tables := map[string]map[primary]string{"intake": {}, "work": {}}
	add := func(table string, p primary, what string, parts ...string) {
		t.Helper()
		what = fmt.Sprintf("%s %q", what, parts)
		if other, taken := tables[table][p]; taken && other != what {
			t.Errorf("%s: %s and %s have the key %q", table, other, what, p)
		}
		tables[table][p] = what
	}
	texts := []string{"", "a", "a#b", "b", "#", "%", "%0", "%23", "units", "standings", "programs", "program"}
	for _, a := range texts {
		for _, b := range texts {
			add("intake", programKey(a, b), "program", a, b)
			add("intake", programVersionKey(a, b, 1), "version", a, b)
			add("intake", definitionKey(a, b, "x"), "definition", a, b)
			add("work", jobTimeKey(a, b), "job's time", a, b)
			for _, c := range texts {
				add("intake", goalsKey(a, b, c), "goals", a, b, c)
				add("intake", rateKey(a, b, c, "2026-11-22"), "rate", a, b, c)
				add("work", streamKey(a, b, c), "stream", a, b, c)
				add("work", editionRunKey(a, b), "run", a, b)
				add("work", partKey(a, b, c, 1), "part", a, b, c)
				for _, d := range texts {
					u := incentive.Unit{Organization: a, Edition: b, Participant: c, Period: d}
					add("work", unitKey(u), "unit", a, b, c, d)
					add("work", standingKey(u), "standing", a, b, c, d)
					add("work", creditKey(a, b, incentive.CreditRef{Participant: c, Date: "2026-11-22", ID: d}), "credit", a, b, c, d)
					k := record.Key{Organization: a, Connection: b, Object: c, ID: d}
					add("work", footprintKey(a, "edn", k), "footprint", a, b, c, d)
					add("work", problemKey(a, "edn", k), "problem", a, b, c, d)
					add("work", joinedKey(a, "edn", k, record.Key{Organization: a}), "joined", a, b, c, d)
					add("work", joinedKey(a, "edn", record.Key{Organization: a, ID: "other"}, k), "joined by", a, b, c, d)
				}
			}
		}
	}
}

func TestProgramKeysReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile()), rapid.StringMatching(`[#%02-5a]{0,6}`))
		k := record.Key{Organization: "o", Connection: part.Draw(t, "connection"), Object: part.Draw(t, "object"), ID: part.Draw(t, "id")}
		if got, err := parseRecordSort("o", recordSort(k)); err != nil || got != k {
			t.Fatalf("the sort key of %q reads as %q, %v", k, got, err)
		}
		if got, err := parseJoinedSort("o", joinedKey("o", "e", record.Key{ID: part.Draw(t, "joined")}, k).sk); err != nil || got != k {
			t.Fatalf("the note of %q reads as %q, %v", k, got, err)
		}
		u := incentive.Unit{Participant: part.Draw(t, "participant"), Period: part.Draw(t, "period")}
		participant, period, err := parseUnitSort(unitKey(u).sk)
		if err != nil || participant != u.Participant || period != u.Period {
			t.Fatalf("the unit %q reads as %q, %q, %v", u, participant, period, err)
		}
		_, prefix := unitsOf("", "", u.Participant)
		if low, high := prefixRange(prefix); unitKey(u).sk < low || unitKey(u).sk > high {
			t.Fatalf("%q is not from %q to %q", unitKey(u).sk, low, high)
		}
		other := incentive.Unit{Participant: part.Draw(t, "another"), Period: u.Period}
		if low, high := prefixRange(prefix); other.Participant != u.Participant && unitKey(other).sk >= low && unitKey(other).sk <= high {
			t.Fatalf("%q of another is from %q to %q", unitKey(other).sk, low, high)
		}
		span := calendar.Span{From: "2026-01-01", Until: "2026-02-01"}
		day := rapid.SampledFrom([]calendar.Date{"2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01"}).Draw(t, "day")
		sk := creditKey("o", "e", incentive.CreditRef{Date: day, ID: part.Draw(t, "id of credit")}).sk
		if low, high := creditRange(span); span.Holds(day) != (sk >= low && sk <= high) {
			t.Fatalf("%q is from %q to %q: %t", sk, low, high, !span.Holds(day))
		}
	})
	for _, bad := range []string{"", "a", "a#b"} {
		if _, err := parseRecordSort("o", bad); err == nil {
			t.Errorf("%q reads as a record", bad)
		}
	}
}

// A stored text can only be read with the dictionary that it was written with.
func TestDictionary2NeverChanges(t *testing.T) {
	const want = "2d19bf08346493a5afa5030beff53d811f052b18e2e9129a932cf61e710f854a"
	if got := hashed(dictionary2); got != want {
		t.Errorf("dictionary 2 is %s, want %s: make it a new format instead", got, want)
	}
	const credit = `{"id":"","component":"deals","version":3,"participant":"","kind":"rollup","date":"","at":"2026-11-22T09:17:43.118Z",` +
		`"record":{"organization":"","connection":"conn_b2","object":"opportunity","id":"oppo_1"},"rev":12,"value":"445840.25","share":"1/3","levels":1}`
	packed, err := hex.DecodeString("02c21efc29a9a0048c1407c6b8e3009e5270c78181a595a1b99589b19ea1a105e9719064444c2c2079d208115826" +
		"26a61626067a46a6c891a16f8c9c816a010300")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := newCreditCodec().unpack(packed); err != nil || string(plain) != credit {
		t.Errorf("got %q, %v, want %q", plain, err, credit)
	}
	if plain, err := newCodec().unpack(packed); err == nil {
		t.Errorf("another store reads %q", plain)
	}
}

// DynamoDB takes 2,048 bytes of partition key and 1,024 of sort key.
func TestLongestProgramKeysFit(t *testing.T) {
	for _, c := range []string{"a", "#", "%"} {
		k := record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_000000000001",
			Object: strings.Repeat(c, record.MaxObjectBytes), ID: strings.Repeat(c, record.MaxIDBytes)}
		u := incentive.Unit{Organization: "org_a1b2c3d4e5f6", Edition: "edn_a1b2c3d4e5f6", Participant: "team:" + strings.Repeat(c, 200), Period: "2026-W47"}
		for _, p := range []primary{footprintKey(k.Organization, u.Edition, k), joinedKey(k.Organization, u.Edition, k, k), problemKey(k.Organization, u.Edition, k),
			unitKey(u), standingKey(u), creditKey(k.Organization, u.Edition, incentive.CreditRef{Participant: u.Participant, Date: "2026-11-22", ID: strings.Repeat("f", 64)})} {
			if len(p.pk) > 2048 || len(p.sk) > 1024 {
				t.Errorf("key of %d and %d bytes", len(p.pk), len(p.sk))
			}
		}
	}
}

// aFootprint makes a footprint of an opportunity with so many credits, with ids as long and as random as they are: a deal in
// another currency, split, with its lead and contact joined.
func aFootprint(random *rand.Rand, credits int) (incentive.Footprint, []incentive.Credit) {
	const organization = "org_a1b2c3d4e5f6"
	k := record.Key{Organization: organization, Connection: "conn_" + noise(random, 12), Object: "opportunity", ID: "oppo_" + noise(random, 43)}
	f := incentive.Footprint{Organization: organization, Edition: "edn_" + noise(random, 12), Record: k, RecordRev: 12, Rev: 3,
		Hash: hashed(k.ID), At: time.Date(2026, 11, 22, 10, 30, 0, 123456789, time.UTC)}
	f.Joined = []record.Key{{Organization: organization, Connection: k.Connection, Object: "lead", ID: "lead_" + noise(random, 43)},
		{Organization: organization, Connection: k.Connection, Object: "contact", ID: "cont_" + noise(random, 43)}}
	value, _ := exact.Parse("1.08345678")
	var all []incentive.Credit
	for n := range credits {
		c := incentive.Credit{ID: hashed(fmt.Sprint(k.ID, n))[:26], Component: "new_business", Version: 3, Participant: "mem_" + noise(random, 12), Kind: "split",
			Date: "2026-11-22", At: time.Date(2026, 11, 22, 9, 17, 43, 118_000_000, time.UTC), Record: k, Rev: 12,
			Value: exact.Frac(123450*108345678, 3*10_000_000_000), Share: exact.Frac(1, 3), Weight: exact.Frac(1, 3), Worth: exact.Frac(123450, 100), Currency: "EUR",
			Rate: &money.Rate{From: "EUR", To: "USD", Value: value, Span: calendar.Span{From: "2026-11-01", Until: "2026-12-01"}, Rev: 4},
			Cell: map[string]string{"segment": "Enterprise", "product": noise(random, 16)}, Levels: n % 4, Release: "2026-12-22", Company: n == 0}
		all = append(all, c)
		f.Credits = append(f.Credits, store.RefOf(c))
		f.Touched = append(f.Touched, incentive.CreditRef{Participant: c.Participant, Date: c.Date})
	}
	return f, all
}

// aStanding makes one of so many components.
func aStanding(random *rand.Rand, components int) incentive.Standing {
	n := incentive.Standing{Unit: incentive.Unit{Organization: "org_a1b2c3d4e5f6", Program: "prg_" + noise(random, 12), Edition: "edn_" + noise(random, 12),
		Participant: "mem_" + noise(random, 12), Period: "2026-11"}, Generation: 1234, InputHash: hashed(noise(random, 9)), ResultHash: hashed(noise(random, 9)), Currency: "USD",
		Earned: 1_234_567, Payable: 1_134_567, After: incentive.Carried{Period: "2026-11", Periods: 11, ToDate: map[string]map[string]int64{}},
		Score: "123456.78", At: time.Date(2026, 11, 22, 10, 30, 0, 123456789, time.UTC)}
	for c := range components {
		name := fmt.Sprintf("component_%d", c)
		n.Figures = append(n.Figures, incentive.Figure{Component: name, Version: 3, Credits: 10 + c, Measure: fmt.Sprint(random.IntN(1e9)), Quota: "100000", Attainment: fmt.Sprint("0.", random.IntN(1e6)), Amount: random.Int64N(1e8)})
		n.After.ToDate[name] = map[string]int64{"2026-Q4": random.Int64N(1e8)}
	}
	return n
}

// What a changed record writes most costs one write unit each (two in a transaction).
func TestCreditsFitOneUnit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := NewCredits(nil, "")
	sizes := map[string][]int{}
	add := func(name string, i item, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		sizes[name] = append(sizes[name], sizeOf(i))
	}
	for range 100 {
		f, credits := aFootprint(random, 4)
		for _, c := range credits {
			i, err := s.encodeCredit(f, c)
			add("a credit", i, err)
		}
		i, err := s.encodeFootprint(f)
		add("a footprint of 4 credits", i, err)
		add("a note who joined a record", newItem(joinedKey(f.Organization, f.Edition, f.Joined[0], f.Record)), nil)
		for _, components := range []int{1, 3, 6} {
			n := aStanding(random, components)
			c, err := s.standingChange(n)
			i := standingKey(n.Unit).item()
			for n, set := range c.set {
				name, value, _ := strings.Cut(set, " = ")
				if i[name] = c.values[value]; i[name] == nil {
					t.Fatalf("%d: %q sets nothing", n, set)
				}
			}
			add(fmt.Sprintf("a standing of %d components", components), i, err)
		}
	}
	for name, of := range sizes {
		sum := 0
		for _, size := range of {
			sum += size
		}
		t.Logf("%s takes %d bytes, at most %d", name, sum/len(of), slices.Max(of))
		if slices.Max(of) > 1024 {
			t.Errorf("%s takes %d bytes, want at most 1024", name, slices.Max(of))
		}
	}
}

// programReads lists where each kind of item of programs lies and everything that reads it.
func programReads(t *testing.T, s stores) map[string]reading {
	ctx, page := t.Context(), store.Page{Limit: 10}
	k := record.Key{Organization: "o", Connection: "c", Object: "x", ID: "id"}
	u := incentive.Unit{Organization: "o", Edition: "e", Participant: "m", Period: "p"}
	return map[string]reading{
		"program": {"intake", programKey("o", "p"), []func() error{
			func() error { _, err := s.Programs.Program(ctx, "o", "p"); return err },
			func() error { _, _, err := s.Programs.Programs(ctx, "o", page); return err },
		}},
		"version of a program": {"intake", programVersionKey("o", "p", 1), []func() error{
			func() error { _, err := s.Programs.Version(ctx, "o", "p", 1); return err },
			func() error { _, _, err := s.Programs.Versions(ctx, "o", "p", page); return err },
		}},
		"rate": {"intake", rateKey("o", "EUR", "USD", ""), []func() error{
			func() error { _, _, err := s.Programs.Rates(ctx, "o", page); return err },
		}},
		"goals": {"intake", goalsKey("o", "p", "m"), []func() error{
			func() error { _, err := s.Programs.Goals(ctx, "o", "p", "m"); return err },
			func() error { _, _, err := s.Programs.AllGoals(ctx, "o", "p", page); return err },
		}},
		"footprint": {"work", footprintKey("o", "e", k), []func() error{
			func() error { _, err := s.Credits.Footprint(ctx, "o", "e", k); return err },
			func() error { _, err := s.Credits.DropEdition(ctx, "o", "e"); return err },
		}},
		"credit": {"work", creditKey("o", "e", incentive.CreditRef{Participant: "m", Date: "2026-11-22", ID: "i"}), []func() error{
			func() error { _, err := s.Credits.Credits(ctx, "o", "e", "m", calendar.Span{}); return err },
		}},
		"joined": {"work", joinedKey("o", "e", k, k), []func() error{
			func() error { _, _, err := s.Credits.JoinedTo(ctx, "o", "e", k, page); return err },
		}},
		"problem": {"work", problemKey("o", "other", k), []func() error{
			func() error { _, _, err := s.Credits.Problems(ctx, "o", "other", page); return err },
		}},
		"unit": {"work", unitKey(u), []func() error{
			func() error { _, err := s.Credits.Touched(ctx, u); return err },
			func() error { _, _, err := s.Credits.StandingsOf(ctx, "o", "e", "m", page); return err },
		}},
		"run of an edition": {"work", editionRunKey("o", "e"), []func() error{
			func() error { _, err := s.Runs.EditionRun(ctx, "o", "e"); return err },
		}},
		"part of a run": {"work", partKey("o", "e", "r", 1), []func() error{
			func() error { _, err := s.Runs.Parts(ctx, "o", "e", "r"); return err },
		}},
		"standing": {"work", standingKey(u), []func() error{
			func() error { _, err := s.Credits.Standing(ctx, u); return err },
			func() error { _, _, err := s.Credits.Standings(ctx, "o", "e", "p", page); return err },
		}},
	}
}

// What each method costs.
func testProgramCalls(t *testing.T, l local) {
	s := l.open(t)
	ctx, first := t.Context(), store.Page{Limit: 10}
	p := program.Program{ID: "p", Organization: "o", Rev: 1}
	v := program.Version{Number: 1}
	rate := money.Rate{From: "EUR", To: "USD", Rev: 1}
	goals := []incentive.Goal{{Component: "x"}}
	random := rand.New(rand.NewPCG(1, 2))
	f, credits := aFootprint(random, 3)
	f.Rev = 1
	f.Refusals = []incentive.Refusal{{Problem: true}}
	second, third := f, f
	second.Rev, third.Rev = 2, 3
	second.Joined, second.Refusals = f.Joined[:1], nil
	third.Joined, third.Refusals = second.Joined, nil
	n := aStanding(random, 3)
	n.Edition = f.Edition
	early := n
	early.Period, early.Generation = "2026-10", 0
	saved := func(saved bool, err error) error {
		if err == nil && !saved {
			return fmt.Errorf("not saved")
		}
		return err
	}
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"CreateProgram", func() error { return s.Programs.CreateProgram(ctx, p, nil) }, "TransactWriteItems"},
		{"UpdateProgram", func() error { p.Rev++; return s.Programs.UpdateProgram(ctx, p, &v, nil) }, "TransactWriteItems"},
		{"Program", func() error { _, err := s.Programs.Program(ctx, "o", "p"); return err }, "GetItem"},
		{"Programs", func() error { _, _, err := s.Programs.Programs(ctx, "o", first); return err }, "Query"},
		{"Version", func() error { _, err := s.Programs.Version(ctx, "o", "p", 1); return err }, "GetItem"},
		{"Versions", func() error { _, _, err := s.Programs.Versions(ctx, "o", "p", first); return err }, "Query"},
		{"SaveRate", func() error { return s.Programs.SaveRate(ctx, "o", rate, nil) }, "TransactWriteItems"},
		{"Rates", func() error { _, _, err := s.Programs.Rates(ctx, "o", first); return err }, "Query"},
		{"DeleteRate", func() error { return s.Programs.DeleteRate(ctx, "o", "EUR", "USD", "") }, "DeleteItem"},
		{"SaveGoals", func() error { return s.Programs.SaveGoals(ctx, "o", "p", "m", goals) }, "PutItem"},
		{"Goals", func() error { _, err := s.Programs.Goals(ctx, "o", "p", "m"); return err }, "GetItem"},
		{"AllGoals", func() error { _, _, err := s.Programs.AllGoals(ctx, "o", "p", first); return err }, "Query"},
		{"SaveGoals of none", func() error { return s.Programs.SaveGoals(ctx, "o", "p", "m", nil) }, "DeleteItem"},

		{"Footprint", func() error { _, err := s.Credits.Footprint(ctx, f.Organization, f.Edition, f.Record); return err }, "GetItem"},
		{"SaveFootprint of a new record", func() error { return s.Credits.SaveFootprint(ctx, f, incentive.Footprint{}, credits, nil) }, "BatchWriteItem TransactWriteItems"},
		{"Problems", func() error { _, _, err := s.Credits.Problems(ctx, f.Organization, f.Edition, first); return err }, "Query Query Query Query BatchGetItem"},
		{"SaveFootprint of one that joins less", func() error {
			return s.Credits.SaveFootprint(ctx, second, f, credits[:1], f.Credits[1:])
		}, "TransactWriteItems BatchWriteItem"},
		{"SaveFootprint alone", func() error { return s.Credits.SaveFootprint(ctx, third, second, nil, nil) }, "PutItem"},
		{"Ordered", func() error { return s.Credits.Ordered(ctx, f.Organization, f.Edition, f.Record, 3) }, "UpdateItem"},
		{"Ordered of another rev", func() error { return s.Credits.Ordered(ctx, f.Organization, f.Edition, f.Record, 1) }, "UpdateItem"},
		{"JoinedTo", func() error {
			_, _, err := s.Credits.JoinedTo(ctx, f.Organization, f.Edition, f.Joined[0], first)
			return err
		}, "Query"},
		{"Problems of none", func() error { _, _, err := s.Credits.Problems(ctx, f.Organization, f.Edition, first); return err }, "Query Query Query Query"},
		{"Credits", func() error {
			_, err := s.Credits.Credits(ctx, f.Organization, f.Edition, credits[0].Participant, calendar.Span{From: "2026-11-01", Until: "2026-12-01"})
			return err
		}, "Query"},
		{"Credits of no day", func() error {
			_, err := s.Credits.Credits(ctx, f.Organization, f.Edition, "m", calendar.Span{From: "2026-11-01", Until: "2026-11-01"})
			return err
		}, ""},
		{"Touch", func() error { _, err := s.Credits.Touch(ctx, n.Unit); return err }, "UpdateItem"},
		{"Touched", func() error { _, err := s.Credits.Touched(ctx, n.Unit); return err }, "GetItem"},
		{"SaveStanding", func() error { return saved(s.Credits.SaveStanding(ctx, n)) }, "UpdateItem"},
		{"SaveStanding of what was not touched", func() error { return saved(s.Credits.SaveStanding(ctx, early)) }, "UpdateItem UpdateItem"},
		{"SaveRanks", func() error { return saved(s.Credits.SaveRanks(ctx, n)) }, "UpdateItem"},
		{"Standing", func() error { _, err := s.Credits.Standing(ctx, n.Unit); return err }, "GetItem"},
		{"Standings", func() error {
			_, _, err := s.Credits.Standings(ctx, n.Organization, n.Edition, n.Period, first)
			return err
		}, "Query Query Query Query"},
		{"StandingsOf", func() error {
			_, _, err := s.Credits.StandingsOf(ctx, n.Organization, n.Edition, n.Participant, first)
			return err
		}, "Query BatchGetItem"},
		{"StandingsOf nobody", func() error {
			_, _, err := s.Credits.StandingsOf(ctx, n.Organization, n.Edition, "nobody", first)
			return err
		}, "Query"},
		{"DropEdition", func() error { _, err := s.Credits.DropEdition(ctx, n.Organization, "none"); return err },
			strings.Repeat("Query ", footprintShards+joinedShards+problemShards+unitShards)},
	} {
		s.wire.reset()
		if err := test.do(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got, want := s.wire.actions(), strings.Fields(test.want); !slices.Equal(got, want) {
			t.Errorf("%s calls %q, want %q", test.name, got, want)
		}
	}
}

// What must see a write reads consistently; lists that are said to lag do not pay for it.
func testProgramConsistency(t *testing.T, l local) {
	s := l.open(t)
	ctx, page := t.Context(), store.Page{Limit: 1}
	u := incentive.Unit{Organization: "o", Edition: "e", Participant: "m", Period: "p"}
	for name, test := range map[string]struct {
		do   func()
		want bool
	}{
		"Program":     {func() { _, _ = s.Programs.Program(ctx, "o", "p") }, true},
		"Version":     {func() { _, _ = s.Programs.Version(ctx, "o", "p", 1) }, true},
		"Rates":       {func() { _, _, _ = s.Programs.Rates(ctx, "o", page) }, true},
		"Goals":       {func() { _, _ = s.Programs.Goals(ctx, "o", "p", "m") }, true},
		"Footprint":   {func() { _, _ = s.Credits.Footprint(ctx, "o", "e", record.Key{}) }, true},
		"Credits":     {func() { _, _ = s.Credits.Credits(ctx, "o", "e", "m", calendar.Span{}) }, true},
		"Touched":     {func() { _, _ = s.Credits.Touched(ctx, u) }, true},
		"Standing":    {func() { _, _ = s.Credits.Standing(ctx, u) }, true},
		"DropEdition": {func() { _, _ = s.Credits.DropEdition(ctx, "o", "e") }, true},
		"Programs":    {func() { _, _, _ = s.Programs.Programs(ctx, "o", page) }, false},
		"JoinedTo":    {func() { _, _, _ = s.Credits.JoinedTo(ctx, "o", "e", record.Key{}, page) }, false},
		"Problems":    {func() { _, _, _ = s.Credits.Problems(ctx, "o", "e", page) }, false},
		"Standings":   {func() { _, _, _ = s.Credits.Standings(ctx, "o", "e", "p", page) }, false},
		"StandingsOf": {func() { _, _, _ = s.Credits.StandingsOf(ctx, "o", "e", "m", page) }, false},
	} {
		s.wire.reset()
		test.do()
		if len(s.wire.calls) == 0 {
			t.Errorf("%s makes no call", name)
		}
		for _, c := range s.wire.calls {
			if got := strings.Contains(c.body, `"ConsistentRead":true`); got != test.want {
				t.Errorf("%s reads consistently: %t, want %t", name, got, test.want)
			}
		}
	}
}

func testProgramLimits(t *testing.T, l local) {
	s := l.open(t)
	random := rand.New(rand.NewPCG(5, 6))
	described := func(bytes int) *program.Definition { return &program.Definition{Description: noise(random, bytes)} }
	p := program.Program{ID: "p", Organization: "o", Rev: 1, Draft: described(250_000)}
	if err := s.Programs.CreateProgram(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	s.wire.reset()
	p.Draft, p.Rev = described(500_000), 2
	kindIs(t, s.Programs.UpdateProgram(t.Context(), p, nil, nil), fault.Invalid, store.CodeTooLarge)
	p.Draft = nil
	kindIs(t, s.Programs.UpdateProgram(t.Context(), p, &program.Version{Number: 1, Definition: *described(500_000)}, nil), fault.Invalid, store.CodeTooLarge)
	kindIs(t, s.Programs.SaveGoals(t.Context(), "o", "p", "m", []incentive.Goal{{Component: noise(random, 700_000)}}), fault.Invalid, store.CodeTooLarge)
	f, credits := aFootprint(random, 1)
	f.Rev, credits[0].Key = 1, noise(random, 700_000)
	kindIs(t, s.Credits.SaveFootprint(t.Context(), f, incentive.Footprint{}, credits, nil), fault.Invalid, store.CodeTooLarge)
	n := aStanding(random, 1)
	n.Score = noise(random, 700_000)
	_, err := s.Credits.SaveStanding(t.Context(), n)
	kindIs(t, err, fault.Invalid, store.CodeTooLarge)
	if calls := s.wire.actions(); len(calls) != 0 {
		t.Errorf("what cannot be stored was sent: %q", calls)
	}
	// A version of fifty components that read one view of all columns of a CRM holds it once.
	source := program.Resolved{View: view.View{Title: "Deals"}}
	for n := range view.MaxColumns {
		source.View.Columns = append(source.View.Columns, view.Column{Name: fmt.Sprint("custom.cf_", noise(random, 20)), Title: fmt.Sprint("Field ", n)})
	}
	v := program.Version{Number: 1, Sources: map[string]program.Resolved{}}
	for n := range 50 {
		v.Sources[fmt.Sprint("component_", n)] = source
	}
	if err := s.Programs.UpdateProgram(t.Context(), p, &v, nil); err != nil {
		t.Fatal(err)
	}
	got, err := s.Programs.Version(t.Context(), "o", "p", 1)
	if err != nil || len(got.Sources) != 50 || len(got.Sources["component_7"].View.Columns) != view.MaxColumns {
		t.Errorf("%d sources, %v", len(got.Sources), err)
	}
}

// everything counts the items in the table Work whose keys name an edition.
func (s stores) everything(t *testing.T, edition string) int {
	t.Helper()
	count := 0
	in := &dynamodb.ScanInput{TableName: aws.String(s.tables["work"]), ConsistentRead: aws.Bool(true)}
	for {
		out, err := s.client.Scan(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range out.Items {
			if strings.Contains(item(i).primary().pk, edition) {
				count++
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return count
		}
	}
}

// dropAll drops an edition, through failures.
func (s stores) dropAll(t *testing.T, organization, edition string) (failures int) {
	t.Helper()
	for range 1000 {
		done, err := s.Credits.DropEdition(t.Context(), organization, edition)
		if err != nil {
			failures++
		}
		if done {
			return failures
		}
	}
	t.Fatal("it does not end")
	return 0
}

// The request is carried out, its answer is lost, the SDK asks again.
func testLostCredits(t *testing.T, l local) {
	s := l.open(t)
	lost := func(action string) { s.wire.fail(1, failure{action: action}) }
	f, credits := aFootprint(rand.New(rand.NewPCG(1, 2)), 2)
	f.Rev = 1
	lost("TransactWriteItems")
	if err := s.Credits.SaveFootprint(t.Context(), f, incentive.Footprint{}, credits, nil); err != nil {
		t.Errorf("with credits: %v", err)
	}
	next := f
	next.Rev, next.Touched = 2, nil
	lost("PutItem")
	if err := s.Credits.SaveFootprint(t.Context(), next, f, nil, nil); err != nil {
		t.Errorf("alone: %v", err)
	}
	// What another wrote meanwhile is no answer of ours.
	other := next
	other.Hash = "another"
	kindIs(t, s.Credits.SaveFootprint(t.Context(), other, f, nil, nil), fault.Conflict, store.CodeStale)
	lost("UpdateItem")
	if err := s.Credits.Ordered(t.Context(), f.Organization, f.Edition, f.Record, 2); err != nil {
		t.Errorf("Ordered: %v", err)
	}
	n := aStanding(rand.New(rand.NewPCG(1, 2)), 2)
	lost("UpdateItem")
	if saved, err := s.Credits.SaveStanding(t.Context(), n); err != nil || !saved {
		t.Errorf("SaveStanding: %t, %v", saved, err)
	}
	lost("UpdateItem")
	if saved, err := s.Credits.SaveRanks(t.Context(), n); err != nil || !saved {
		t.Errorf("SaveRanks: %t, %v", saved, err)
	}
	lost("UpdateItem")
	if generation, err := s.Credits.Touch(t.Context(), n.Unit); err != nil || generation != 2 {
		t.Errorf("Touch: %d, %v, want 2: more than there were, never fewer", generation, err)
	}
}

// A save that dies between its steps leaves too many notes of who joined what, and never too few; a drop finds all of it.
func testCreditCrashes(t *testing.T, l local) {
	s := l.open(t)
	denied := func(action string) failure { return awsError(action, 400, "AccessDeniedException", "x") }
	f, credits := aFootprint(rand.New(rand.NewPCG(1, 2)), 2)
	f.Rev = 1
	joined := func(k record.Key) int {
		t.Helper()
		keys, _, err := s.Credits.JoinedTo(t.Context(), f.Organization, f.Edition, k, store.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(keys)
	}
	save := func(f, before incentive.Footprint, want fault.Kind) {
		t.Helper()
		if err := s.Credits.SaveFootprint(t.Context(), f, before, credits, nil); want == "" && err != nil || want != "" && !fault.Is(err, want) {
			t.Fatalf("got %v, want %q", err, want)
		}
	}
	s.wire.fail(1, denied("BatchWriteItem"))
	save(f, incentive.Footprint{}, fault.Internal)
	if got := s.everything(t, f.Edition); got != 0 {
		t.Errorf("%d items, though nothing was noted", got)
	}
	s.wire.fail(1, denied("TransactWriteItems"))
	save(f, incentive.Footprint{}, fault.Internal)
	if joined(f.Joined[0]) != 1 {
		t.Error("the note is not there before the footprint")
	}
	save(f, incentive.Footprint{}, "")
	next := f
	next.Rev, next.Joined = 2, f.Joined[1:]
	s.wire.fail(1, denied("BatchWriteItem"))
	save(next, f, fault.Internal)
	if joined(f.Joined[0]) != 1 || joined(f.Joined[1]) != 1 {
		t.Error("a note is gone that was not taken out")
	}
	got, err := s.Credits.Footprint(t.Context(), f.Organization, f.Edition, f.Record)
	if err != nil || got.Rev != 2 {
		t.Errorf("rev %d, %v, want 2: it was saved before", got.Rev, err)
	}
	s.dropAll(t, f.Organization, f.Edition)
	if left := s.everything(t, f.Edition); left != 0 {
		t.Errorf("%d items are left", left)
	}
}

func testCreditConflicts(t *testing.T, l local) {
	s := l.open(t)
	cancelled := failure{"TransactWriteItems", 400,
		`{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"x","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}`}
	f, credits := aFootprint(rand.New(rand.NewPCG(1, 2)), 1)
	f.Rev = 1
	s.wire.fail(99, cancelled)
	kindIs(t, s.Credits.SaveFootprint(t.Context(), f, incentive.Footprint{}, credits, nil), fault.Unavailable, "unavailable")
	s.wire.reset()
	s.wire.fail(2, cancelled)
	if err := s.Credits.SaveFootprint(t.Context(), f, incentive.Footprint{}, credits, nil); err != nil {
		t.Error(err)
	}
	s.wire.reset()
	next := f
	next.Rev = 2
	s.wire.fail(1, awsError("PutItem", 400, "TransactionConflictException", "x"))
	kindIs(t, s.Credits.SaveFootprint(t.Context(), next, f, nil, nil), fault.Unavailable, "unavailable")
	s.wire.reset()
	s.wire.fail(3, awsError("UpdateItem", 400, "ProvisionedThroughputExceededException", "x"))
	_, err := s.Credits.Touch(t.Context(), incentive.Unit{Organization: "o"})
	kindIs(t, err, fault.RateLimited, "throttled")
}

// A drop that dies anywhere is done by the next one, and takes as many pages as it needs.
func testDroppedEditions(t *testing.T, l local) {
	s := l.open(t)
	random := rand.New(rand.NewPCG(1, 2))
	const organization, edition, other = "org_a1b2c3d4e5f6", "edn_dropped", "edn_other"
	for n := range 40 {
		for _, e := range []string{edition, other} {
			f, credits := aFootprint(random, n%5)
			f.Edition, f.Rev = e, 1
			if n%3 == 0 {
				f.Refusals = []incentive.Refusal{{Problem: true}}
			}
			if err := s.Credits.SaveFootprint(t.Context(), f, incentive.Footprint{}, credits, nil); err != nil {
				t.Fatal(err)
			}
			one := aStanding(random, 1)
			one.Edition = e
			if _, err := s.Credits.Touch(t.Context(), one.Unit); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Credits.SaveStanding(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
	}
	// One partition that is longer than a page.
	for n := range dropPage + 50 {
		if _, err := s.Credits.Touch(t.Context(), incentive.Unit{Organization: organization, Edition: edition, Participant: "mem_a", Period: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	before := s.everything(t, other)
	if s.everything(t, edition) != before+dropPage+50 {
		t.Fatal("the editions differ")
	}
	failures := 0
	for n := range 12 {
		s.wire.reset()
		s.wire.fail(1, awsError("BatchWriteItem", 400, "AccessDeniedException", "x"))
		if done, err := s.Credits.DropEdition(t.Context(), organization, edition); err != nil {
			failures++
		} else if done {
			t.Fatalf("done after %d calls", n)
		}
		if n > 3 { // now and then one that gets through
			s.wire.reset()
			if _, err := s.Credits.DropEdition(t.Context(), organization, edition); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if failures == 0 {
		t.Error("nothing failed")
	}
	s.wire.reset()
	s.dropAll(t, organization, edition)
	if left := s.everything(t, edition); left != 0 {
		t.Errorf("%d items are left", left)
	}
	if after := s.everything(t, other); after != before {
		t.Errorf("%d items of another edition are left of %d", after, before)
	}
}

func BenchmarkDecodeCredit(b *testing.B) {
	s := NewCredits(nil, "")
	f, credits := aFootprint(rand.New(rand.NewPCG(1, 2)), 1)
	i, err := s.encodeCredit(f, credits[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.decodeCredit(f.Organization, credits[0].Participant, i); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeCredit(b *testing.B) {
	s := NewCredits(nil, "")
	f, credits := aFootprint(rand.New(rand.NewPCG(1, 2)), 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.encodeCredit(f, credits[0]); err != nil {
			b.Fatal(err)
		}
	}
}
