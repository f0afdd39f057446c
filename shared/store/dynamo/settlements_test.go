package dynamo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/approval"
	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/settlement"
	"leadline/shared/store"
)

// Keys are stored: a change here loses sight of what is in the table.
func TestSettlementKeysAreWhatIsStored(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 2, 3, 40, time.FixedZone("east", 3600))
	settled := settlement.Settled{Organization: "org_a1", Program: "prg_b2", Participant: "mem_c3", Period: "2026-11"}
	for name, test := range map[string]struct{ got, want primary }{
		"settlement": {settlementKey("org_a1", "prg_b2", "2026-11"), primary{"org_a1#settlements#prg_b2", "2026-11"}},
		"statement":  {statementKey("org_a1", "prg_b2", "2026-11", "mem_c3"), primary{"org_a1#statements#prg_b2#2026-11#0", "mem_c3"}},
		"note":       {statementNoteKey("org_a1", "prg_b2", "mem_c3", "2026-11"), primary{"org_a1#statements of#prg_b2#mem_c3", "2026-11"}},
		"settled":    {settledKey(settled), primary{"org_a1#settled#prg_b2#mem_c3", "2026-11"}},
		"settled in": {settledInKey(settled), primary{"org_a1#settled in#prg_b2#2026-11#0", "mem_c3"}},
		"manual":     {manualKey("org_a1", "prg_b2", at, "adj_d4"), primary{"org_a1#manuals#prg_b2", "2026-11-22T00:02:03.000000040Z#adj_d4"}},
		"its time":   {manualTimeKey("org_a1", "prg_b2", "adj_d4"), primary{"org_a1#manual#prg_b2#adj_d4", "-"}},
		"part":       {settlementPartKey("org_a1", "prg_b2", "2026-11", "run_1", 12), primary{"org_a1#settlement parts#prg_b2#2026-11#run_1", "0000000000000012"}},
		"policy":     {policyKey("org_a1", "payout"), primary{"org_a1#approvals", "payout"}},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
}

func TestSettlementKeysOfDifferentThingsDiffer(t *testing.T) {
	taken := map[primary]string{}
	add := func(p primary, what string, parts ...string) {
		t.Helper()
		what = fmt.Sprintf("%s %q", what, parts)
		if other, found := taken[p]; found && other != what {
			t.Errorf("%s and %s have the key %q", other, what, p)
		}
		if taken[p] = what; p.pk == "" || p.sk == "" {
			t.Errorf("%s has an empty key %q", what, p)
		}
	}
	at := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	for _, a := range hostile() {
		for _, b := range hostile() {
			add(policyKey(a, b), "policy", a, b)
			add(settlementKey("org", a, b), "settlement", a, b)
			add(manualKey("org", a, at, b), "manual", a, b)
			add(manualTimeKey("org", a, b), "manual's time", a, b)
			for _, c := range hostile() {
				add(statementKey("org", a, b, c), "statement", a, b, c)
				add(statementNoteKey("org", a, b, c), "note", a, b, c)
				one := settlement.Settled{Organization: "org", Program: a, Participant: b, Period: c}
				add(settledKey(one), "settled", a, b, c)
				add(settledInKey(one), "settled in", a, b, c)
				add(settlementPartKey("org", a, b, c, 1), "part", a, b, c)
			}
		}
	}
}

func aStatement(participant string) settlement.Statement {
	return settlement.Statement{Organization: "o", Program: "p", Period: "2026-10", Participant: participant, Revision: 1, Currency: "USD", Payer: "pyr_000000000001",
		Payable: 123456, Credited: 123456, Document: strings.Repeat("0f", 32), Reckoned: strings.Repeat("a1", 32), At: time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC)}
}

// What each method costs.
func testSettlementCalls(t *testing.T, l local) {
	s := l.open(t)
	ctx, first := t.Context(), store.Page{Limit: 10}
	one := settlement.Settlement{Organization: "o", Program: "p", Period: calendar.Period{Name: "2026-10"}, Rev: 1}
	manual := settlement.Manual{ID: "adj_a", Organization: "o", Program: "p", CreatedAt: time.Unix(5, 0), Rev: 1}
	settled := settlement.Settled{Organization: "o", Program: "p", Participant: "m", Period: "2026-10", By: "2026-10"}
	shards := strings.Repeat("Query ", statementShards)
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"SaveSettlement", func() error { return s.Settlements.SaveSettlement(ctx, one, nil) }, "TransactWriteItems"},
		{"Settlement", func() error { _, err := s.Settlements.Settlement(ctx, "o", "p", "2026-10"); return err }, "GetItem"},
		{"Settlements", func() error { _, _, err := s.Settlements.Settlements(ctx, "o", "p", first); return err }, "Query"},
		{"SaveStatement", func() error { _, err := s.Settlements.SaveStatement(ctx, aStatement("m")); return err }, "PutItem PutItem"},
		{"PostStatement", func() error { return s.Settlements.PostStatement(ctx, "o", "p", "2026-10", "m", 1) }, "UpdateItem"},
		{"PostStatement again", func() error { return s.Settlements.PostStatement(ctx, "o", "p", "2026-10", "m", 1) }, "UpdateItem"},
		{"Statement", func() error { _, err := s.Settlements.Statement(ctx, "o", "p", "2026-10", "m"); return err }, "GetItem"},
		{"Statements", func() error { _, _, err := s.Settlements.Statements(ctx, "o", "p", "2026-10", first); return err }, shards},
		{"StatementsOf", func() error { _, _, err := s.Settlements.StatementsOf(ctx, "o", "p", "m", first); return err }, "Query BatchGetItem"},
		{"SaveSettled", func() error { return s.Settlements.SaveSettled(ctx, settled) }, "TransactWriteItems"},
		{"SettledOf", func() error { _, err := s.Settlements.SettledOf(ctx, "o", "p", "m"); return err }, "Query"},
		{"SettledIn", func() error { _, _, err := s.Settlements.SettledIn(ctx, "o", "p", "2026-10", first); return err }, shards},
		{"SaveManual", func() error { return s.Settlements.SaveManual(ctx, manual, nil) }, "TransactWriteItems"},
		{"Manual", func() error { _, err := s.Settlements.Manual(ctx, "o", "p", "adj_a"); return err }, "GetItem GetItem"},
		{"Manuals", func() error { _, _, err := s.Settlements.Manuals(ctx, "o", "p", first); return err }, "Query"},
		{"FinishSettlementPart", func() error {
			return s.Settlements.FinishSettlementPart(ctx, "o", "p", "2026-10", "run_1", 1, 1, settlement.Totals{})
		}, "PutItem"},
		{"SettlementParts", func() error {
			_, _, _, err := s.Settlements.SettlementParts(ctx, "o", "p", "2026-10", "run_1")
			return err
		}, "Query"},
		{"SavePolicy", func() error { return s.Settlements.SavePolicy(ctx, "o", "bank", approval.Policy{Rev: 1}) }, "PutItem"},
		{"Policy", func() error { _, err := s.Settlements.Policy(ctx, "o", "bank"); return err }, "GetItem"},
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

// What a lock and its totals rest on reads consistently.
func testSettlementConsistency(t *testing.T, l local) {
	s := l.open(t)
	ctx, page := t.Context(), store.Page{Limit: 1}
	for name, test := range map[string]struct {
		do   func()
		want bool
	}{
		"Settlement":      {func() { _, _ = s.Settlements.Settlement(ctx, "o", "p", "2026-10") }, true},
		"Settlements":     {func() { _, _, _ = s.Settlements.Settlements(ctx, "o", "p", page) }, true},
		"Statement":       {func() { _, _ = s.Settlements.Statement(ctx, "o", "p", "2026-10", "m") }, true},
		"Statements":      {func() { _, _, _ = s.Settlements.Statements(ctx, "o", "p", "2026-10", page) }, true},
		"StatementsOf":    {func() { _, _, _ = s.Settlements.StatementsOf(ctx, "o", "p", "m", page) }, false},
		"SettledOf":       {func() { _, _ = s.Settlements.SettledOf(ctx, "o", "p", "m") }, true},
		"SettledIn":       {func() { _, _, _ = s.Settlements.SettledIn(ctx, "o", "p", "2026-10", page) }, true},
		"Manual":          {func() { _, _ = s.Settlements.Manual(ctx, "o", "p", "adj_a") }, true},
		"Manuals":         {func() { _, _, _ = s.Settlements.Manuals(ctx, "o", "p", page) }, true},
		"SettlementParts": {func() { _, _, _, _ = s.Settlements.SettlementParts(ctx, "o", "p", "2026-10", "r") }, true},
		"Policy":          {func() { _, _ = s.Settlements.Policy(ctx, "o", "bank") }, true},
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

// testSettlementSize checks that a statement costs few write units, and that what does not fit is refused before it is sent.
func testSettlementSize(t *testing.T, l local) {
	s := l.open(t)
	if _, err := s.Settlements.SaveStatement(t.Context(), aStatement("m")); err != nil {
		t.Fatal(err)
	}
	i, err := s.Settlements.(*Settlements).get(t.Context(), "test", statementKey("o", "p", "2026-10", "m"), "statement")
	if err != nil {
		t.Fatal(err)
	}
	if size := sizeOf(i); size > 1024 {
		t.Errorf("a statement takes %d bytes: more than one write unit", size)
	}
	s.wire.reset()
	large := aStatement("m")
	for n := range 20_000 {
		large.Settles = append(large.Settles, settlement.Settles{Period: fmt.Sprint(n), To: hashed(fmt.Sprint(n))})
	}
	_, err = s.Settlements.SaveStatement(t.Context(), large)
	kindIs(t, err, fault.Invalid, store.CodeTooLarge)
	if calls := s.wire.actions(); len(calls) != 0 {
		t.Errorf("what cannot be stored was sent: %q", calls)
	}
}
