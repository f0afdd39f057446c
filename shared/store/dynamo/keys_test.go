package dynamo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/ratelimit"
	"leadline/shared/record"
	"leadline/shared/roster"
)

// Keys are stored: a change here loses sight of what is in the tables.
func TestKeysAreWhatIsStored(t *testing.T) {
	k := record.Key{Organization: "org_a1", Connection: "conn_b2", Object: "opportunity", ID: "oppo_1"}
	at := time.Date(2026, 11, 22, 1, 2, 3, 40, time.FixedZone("east", 3600))
	for name, test := range map[string]struct{ got, want primary }{
		"record":       {recordKey(k), primary{"org_a1#conn_b2#opportunity#4", "oppo_1"}},
		"history":      {historyKey(k, 12), primary{"org_a1#conn_b2#opportunity#oppo_1", "0000000000000012"}},
		"cursor":       {cursorKey("sweep"), primary{"job#sweep", "-"}},
		"payloads":     {payloadsKey("org_a1", "conn_b2", at, "archive/x.gz"), primary{"org_a1#payloads#conn_b2#2026-11-22", "00:02:03.000000040#archive/x.gz"}},
		"entry":        {entryKey("org_a1", "01KAN5"), primary{"org_a1#quarantine#0", "01KAN5"}},
		"row":          {entryKey("org_a1", "01KAN5-00000007"), primary{"org_a1#quarantine#2", "01KAN5-00000007"}},
		"schema":       {schemaKey("org_a1", "conn_b2", "deal"), primary{"org_a1#schemas#conn_b2", "deal"}},
		"version":      {versionKey("org_a1", "conn_b2", "deal", 12), primary{"org_a1#schema#conn_b2#deal", "0000000000000012"}},
		"claim":        {claimKey("org_a1", "c3"), primary{"org_a1#claim#c3", "-"}},
		"batch":        {batchKey("org_a1", "01KAN5"), primary{"org_a1#batches#0", "01KAN5"}},
		"chunk":        {chunkKey("org_a1", "01KAN5", 12), primary{"org_a1#chunks#01KAN5", "0000000000000012"}},
		"delivery":     {deliveryKey("org_a1", "dst_c3", "01KAN5-dst_c3"), primary{"org_a1#deliveries#dst_c3#3", "01KAN5-dst_c3"}},
		"due":          {dueKey(at, "k#1"), primary{"due#2026-11-22T00:02#3", "03.000000040#k#1"}},
		"organization": {organizationKey("org_a1"), primary{"org_a1#organization", "-"}},
		"API key":      {apiKeyKey("c0ffee"), primary{"c0ffee#key", "-"}},
		"connection":   {connectionKey("org_a1", "conn_b2"), primary{"org_a1#connections", "conn_b2"}},
		"hook":         {hookKey("c0ffee"), primary{"c0ffee#hook", "-"}},
		"API key, id":  {apiKeyIDKey("org_a1", "key_c3"), primary{"org_a1#keys", "key_c3"}},
		"client":       {clientKey("org_a1", "cli_c3"), primary{"org_a1#clients", "cli_c3"}},
		"client hook":  {clientHookKey("k"), primary{"8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a#client", "-"}},
		"person":       {personKey("org_a1", "per_c3"), primary{"org_a1#people", "per_c3"}},
		"e-mail":       {emailKey("org_a1", " K "), primary{"org_a1#email#8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a", "-"}},
		"use":          {useKey("org_a1", "rows 2026-11-22"), primary{"org_a1#use#rows 2026-11-22", "-"}},
		"roster":       {rosterKey("org_a1"), primary{"org_a1#roster", "-"}},
		"member":       {memberKey("org_a1", "mem_c3"), primary{"org_a1#members", "mem_c3"}},
		"user":         {memberUserKey("org_a1", roster.External{Connection: "conn_b2", ID: "user_1"}), primary{"org_a1#user#conn_b2#user_1", "-"}},
		"book":         {bookKey("org_a1", "mem_c3"), primary{"org_a1#books#0", "mem_c3"}},
		"ledger row":   {rowKey("org_a1", "mem_c3", 12), primary{"org_a1#rows#mem_c3", "0000000000000012"}},
		"cause":        {causeKey("org_a1", "mem_c3", "k"), primary{"org_a1#causes#mem_c3", "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"}},
		"root":         {rootKey("org_a1", 12), primary{"org_a1#roots", "0000000000000012"}},
		"destination":  {destinationKey("org_a1", "dst_c3"), primary{"org_a1#destinations", "dst_c3"}},
		"login":        {loginKey("org_a1", "conn_b2"), primary{"org_a1#logins", "conn_b2"}},
		"act":          {auditKey("org_a1", "01KAN5"), primary{"org_a1#audit#0", "01KAN5"}},
		"notice":       {noticeKey("org_a1", "01KAN5"), primary{"org_a1#notices", "01KAN5"}},
		"job":          {jobKey("org_a1", at, "job_c3"), primary{"org_a1#jobs", "2026-11-22T00:02:03.000000040Z#job_c3"}},
		"job's time":   {jobTimeKey("org_a1", "job_c3"), primary{"org_a1#job#job_c3", "-"}},
		"clock":        {clockKey(ratelimit.Key{Organization: "org_a1", Connection: "conn_b2", Group: "GET /lead/"}), primary{"org_a1#limits#conn_b2", "GET /lead/"}},
		"receipt":      {receiptKey("org_a1", "k"), primary{"org_a1#receipt#8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a", "-"}},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
}

// Texts that a careless key would confuse.
func hostile() []string {
	return []string{"", "a", "a#b", "b", "#", "##", "%", "%%", "%0", "%00", "%25", "%23", "a%23b", "a%2523b", "ü", "u\u0308", "😀",
		"\x00", "organization", "schemas", "quarantine", "key", "hook", "-", "0"}
}

func TestKeysOfDifferentThingsDiffer(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	tables := map[string]map[primary]string{"records": {}, "history": {}, "intake": {}, "tenancy": {}, "work": {}}
	add := func(table string, p primary, what string, parts ...string) {
		t.Helper()
		what = fmt.Sprintf("%s %q", what, parts)
		if other, taken := tables[table][p]; taken && other != what {
			t.Errorf("%s: %s and %s have the key %q", table, other, what, p)
		}
		tables[table][p] = what
		if p.pk == "" || p.sk == "" {
			t.Errorf("%s: %s has an empty key %q", table, what, p)
		}
	}
	for _, a := range hostile() {
		add("history", cursorKey(a), "cursor", a)
		add("tenancy", organizationKey(a), "organization", a)
		add("tenancy", rosterKey(a), "roster", a)
		add("tenancy", apiKeyKey(a), "key", a)
		add("tenancy", hookKey(a), "hook", a)
		add("tenancy", clientHookKey(a), "client hook", a)
		for _, b := range hostile() {
			add("tenancy", connectionKey(a, b), "connection", a, b)
			add("tenancy", receiptKey(a, b), "receipt", a, b)
			add("tenancy", apiKeyIDKey(a, b), "key id", a, b)
			add("tenancy", clientKey(a, b), "client", a, b)
			add("tenancy", personKey(a, b), "person", a, b)
			add("tenancy", memberKey(a, b), "member", a, b)
			add("tenancy", emailKey(a, b), "e-mail", a, b)
			add("tenancy", useKey(a, b), "use", a, b)
			add("tenancy", destinationKey(a, b), "destination", a, b)
			add("tenancy", loginKey(a, b), "login", a, b)
			add("work", auditKey(a, b), "act", a, b)
			add("work", noticeKey(a, b), "notice", a, b)
			add("work", jobKey(a, at, b), "job", a, b)
			add("work", jobTimeKey(a, b), "job's time", a, b)
			add("intake", entryKey(a, b), "entry", a, b)
			add("intake", claimKey(a, b), "claim", a, b)
			add("intake", batchKey(a, b), "batch", a, b)
			add("intake", chunkKey(a, b, 1), "chunk", a, b)
			add("work", dueKey(at, a), "due", a)
			for _, c := range hostile() {
				add("intake", payloadsKey(a, b, at, c), "payloads", a, b, c)
				add("intake", schemaKey(a, b, c), "schema", a, b, c)
				add("tenancy", memberUserKey(a, roster.External{Connection: b, ID: c}), "user", a, b, c)
				add("intake", versionKey(a, b, c, 1), "version", a, b, c)
				add("work", deliveryKey(a, b, c), "delivery", a, b, c)
				add("work", clockKey(ratelimit.Key{Organization: a, Connection: b, Group: c}), "clock", a, b, c)
				for _, d := range hostile() {
					k := record.Key{Organization: a, Connection: b, Object: c, ID: d}
					add("records", recordKey(k), "record", a, b, c, d)
					add("history", historyKey(k, 1), "row", a, b, c, d)
				}
			}
		}
	}
}

func TestKeysReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile()), rapid.StringMatching(`[#%02-5a]{0,6}`))
		k := record.Key{Organization: part.Draw(t, "organization"), Connection: part.Draw(t, "connection"),
			Object: part.Draw(t, "object"), ID: part.Draw(t, "id")}
		rev := rapid.Int64Range(1, 1e15).Draw(t, "rev")
		if got, err := parseRecordKey(recordKey(k)); err != nil || got != k {
			t.Fatalf("record key of %q reads as %q, %v", k, got, err)
		}
		got, gotRev, err := parseHistoryKey(historyKey(k, rev))
		if err != nil || got != k || gotRev != rev {
			t.Fatalf("history key of %q reads as %q, %v", k, got, err)
		}
	})
	for _, bad := range []primary{{"a#b#c", "x"}, {"a#b#c#d#e", "x"}, {"", "x"}} {
		if _, err := parseRecordKey(bad); err == nil {
			t.Errorf("%q reads as a record key", bad)
		}
		if _, _, err := parseHistoryKey(bad); err == nil {
			t.Errorf("%q reads as a history key", bad)
		}
	}
	if _, _, err := parseHistoryKey(primary{"a#b#c#d", "x"}); err == nil {
		t.Error("a rev that is no number is read")
	}
}

// DynamoDB takes 2,048 bytes of partition key and 1,024 of sort key.
func TestLongestKeysFit(t *testing.T) {
	for _, c := range []string{"a", "#", "%"} {
		k := record.Key{Organization: "org_a1b2c3d4e5f6", Connection: "conn_000000000001",
			Object: strings.Repeat(c, record.MaxObjectBytes), ID: strings.Repeat(c, record.MaxIDBytes)}
		for _, p := range []primary{recordKey(k), historyKey(k, 1), schemaKey(k.Organization, k.Connection, k.Object)} {
			if len(p.pk) > 2048 || len(p.sk) > 1024 {
				t.Errorf("key of %d and %d bytes", len(p.pk), len(p.sk))
			}
		}
	}
}

func TestSortKeysSort(t *testing.T) {
	if revSort(9) >= revSort(10) || revSort(99) >= revSort(1e15) {
		t.Error("revs do not sort as text")
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringN(1, -1, -1).Draw(t, "a"), rapid.StringN(1, -1, -1).Draw(t, "b")
		if (a < b) != (sortable(a) < sortable(b)) {
			t.Fatalf("%q and %q sort otherwise than their keys", a, b)
		}
	})
}

func TestShardsAreEven(t *testing.T) {
	for name, id := range map[string]func(int) string{
		"numbers":    func(n int) string { return fmt.Sprint(n) },
		"prefixed":   func(n int) string { return fmt.Sprintf("oppo_%d", n) },
		"suffixed":   func(n int) string { return fmt.Sprintf("%d_oppo", n) },
		"hex":        func(n int) string { return fmt.Sprintf("%08x", n*2654435761) },
		"one letter": func(n int) string { return strings.Repeat("x", n) },
	} {
		const each = 250
		count := make([]int, recordShards)
		for n := range each * recordShards {
			count[shardOf(id(n), recordShards)]++
		}
		for shard, got := range count {
			if got < each*6/10 || got > each*14/10 {
				t.Errorf("%s: shard %d holds %d of %d, want about %d", name, shard, got, each*recordShards, each)
			}
		}
	}
}
