package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/syncing"
)

// paged is a world that pages are read into.
type paged struct {
	*world
	t *testing.T
	// puts are the keys that were put into the payload bucket; failing is the beginning of those that cannot be.
	puts    []string
	failing string
	// reread are the records that are to be read again, with the entries that this resolves.
	reread  []connector.Ref
	entries []syncing.EntryRef
	number  int
}

func newPaged(t *testing.T) *paged {
	p := &paged{world: newWorld(1), t: t}
	p.payloads = &puts{Store: blob.NewMemory(), p: p}
	return p
}

// puts notes what is put.
type puts struct {
	blob.Store
	p *paged
}

func (b *puts) Put(ctx context.Context, key string, body []byte) error {
	if b.p.failing != "" && strings.HasPrefix(key, b.p.failing) {
		return fault.New(fault.Unavailable, "unavailable", "no")
	}
	b.p.puts = append(b.p.puts, key)
	return b.Store.Put(ctx, key, body)
}

func (p *paged) Reread(_ context.Context, _, _ string, refs []connector.Ref, entries []syncing.EntryRef) error {
	p.reread, p.entries = append(p.reread, refs...), append(p.entries, entries...)
	return nil
}

func (p *paged) in() *intake.Intake {
	o := p.options()
	o.Reread = p
	return intake.New(o)
}

// change is a state of a deal that the source dates so many seconds after eight o'clock.
func change(t *testing.T, id string, seconds int, fields string) record.Change {
	t.Helper()
	f, err := record.ParseFields([]byte(fields))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 8, 0, seconds, 0, time.UTC)
	return record.Change{Object: "opportunity", ID: id, Kind: record.Upsert, Version: record.VersionAt(at, connectors.All()[0].Webhook.Parser), Fields: f}
}

func gone(t *testing.T, id string, seconds int) record.Change {
	t.Helper()
	c := change(t, id, seconds, `{}`)
	c.Kind, c.Fields, c.Action = record.Delete, nil, "deleted"
	return c
}

// page makes a page that is read now, as nobody read it before.
func (p *paged) page(changes ...record.Change) intake.Page {
	p.number++
	return intake.Page{Organization: organization, Connection: connection, Connector: "close", Name: fmt.Sprint("run_1\nopportunity\n", p.number), Object: "opportunity",
		ReadAt: p.now, Since: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Raw: fmt.Appendf(nil, `{"page":%d}`, p.number), Changes: changes}
}

func (p *paged) process(page intake.Page) syncing.Counts {
	p.t.Helper()
	c, err := p.in().ProcessPage(context.Background(), page)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func (p *paged) deal(id string) record.Record {
	p.t.Helper()
	return p.get(p.t, record.Key{Organization: organization, Connection: connection, Object: "opportunity", ID: id})
}

func (p *paged) open() []quarantine.Entry {
	p.t.Helper()
	entries, _, err := p.intake.Entries(context.Background(), organization, store.QuarantineFilter{Status: quarantine.Open}, store.Page{Limit: 100})
	if err != nil {
		p.t.Fatal(err)
	}
	return entries
}

// took gives the keys that were put since it was called last.
func (p *paged) took() []string {
	all := p.puts
	p.puts = nil
	return all
}

// counts makes the counts of a page of so many rows.
func counts(fetched int64, with func(*syncing.Counts)) syncing.Counts {
	c := syncing.Counts{Found: -1, Fetched: fetched}
	with(&c)
	return c
}

func refusedRow(id string, index int) connector.RefusedRow {
	return connector.RefusedRow{ID: id, Index: index, Why: fault.New(fault.Invalid, string(quarantine.MissingVersion), "It has no date.")}
}

func TestAPageCountsWhatBecameOfEachRecord(t *testing.T) {
	p := newPaged(t)
	p.process(p.page(change(t, "same", 1, `{"v":1}`), change(t, "stale", 1, `{"v":1}`), change(t, "differs", 1, `{"v":1}`), change(t, "newer", 9, `{"v":9}`), change(t, "gone", 1, `{}`), change(t, "back", 1, `{}`)))
	p.process(p.page(gone(t, "back", 2)))
	p.now = p.now.Add(time.Minute)
	page := p.page(change(t, "same", 1, `{"v":1}`), change(t, "stale", 2, `{"v":2}`), change(t, "differs", 1, `{"v":3}`), change(t, "newer", 3, `{"v":3}`), gone(t, "gone", 5),
		change(t, "back", 5, `{"v":5}`), change(t, "new", 1, `{"v":1}`), change(t, "twice", 1, `{"v":1}`), change(t, "twice", 2, `{"v":2}`), change(t, "future", 3600+361, `{}`))
	page.Refused = []connector.RefusedRow{refusedRow("broken", 10)}
	want := counts(11, func(c *syncing.Counts) {
		c.Unchanged, c.Stale, c.Differing, c.Newer, c.Deleted, c.Missing, c.Refused = 1, 1, 1, 1, 1, 3, 2
	})
	if got := p.process(page); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for id, want := range map[string]string{"same": "1", "stale": "2", "differs": "3", "newer": "9", "back": "5", "new": "1", "twice": "2"} {
		if r := p.deal(id); string(r.Fields["v"]) != want || r.Deleted {
			t.Errorf("%s: %s in %s", id, r.Fields.Canonical(), r.Version)
		}
	}
	if r := p.deal("gone"); !r.Deleted || r.Source.Action != "deleted" {
		t.Errorf("gone: %+v", r)
	}
	if r := p.deal("stale"); r.Source.Kind != delivery.Fetch || r.Source.Delivery == "" {
		t.Errorf("it comes from %+v", r.Source)
	}
	// The same page again changes nothing. Its counts may have been lost, so that it says what it did, as far as that can be told.
	again := counts(11, func(c *syncing.Counts) {
		c.Unchanged, c.Stale, c.Newer, c.Deleted, c.Missing, c.Refused = 1, 3, 1, 1, 2, 2
	})
	before := p.deal("stale").Rev
	if got := p.process(page); got != again || p.deal("stale").Rev != before || len(p.open()) != 2 {
		t.Errorf("again: %+v, want %+v, %d set aside", got, again, len(p.open()))
	}
	// The same records in another page are unchanged.
	page.Name = "run_2\nopportunity\n"
	unchanged := counts(11, func(c *syncing.Counts) { c.Unchanged, c.Newer, c.Refused = 7, 1, 2 })
	if got := p.process(page); got != unchanged || p.deal("stale").Rev != before || len(p.open()) != 2 {
		t.Errorf("by another run: %+v, want %+v, %d set aside", got, unchanged, len(p.open()))
	}
}

func TestAReadingBeatsWhatWasPostedOfTheSameStateAndAnEarlierReading(t *testing.T) {
	p := newPaged(t)
	p.run(t, p.deliver(body("updated", "2026-11-22T08:00:01+00:00", `,"v":"posted"`)))
	read := func(v string, at time.Duration) syncing.Counts {
		page := p.page(change(t, "oppo_1", 1, `{"v":"`+v+`"}`))
		page.ReadAt = p.now.Add(at)
		return p.process(page)
	}
	differing := counts(1, func(c *syncing.Counts) { c.Differing = 1 })
	if got := read("read", 0); got != differing || string(p.deal("oppo_1").Fields["v"]) != `"read"` {
		t.Errorf("got %+v, stored %s", got, p.deal("oppo_1").Fields.Canonical())
	}
	if got := read("before it", -time.Second); got != counts(1, func(c *syncing.Counts) { c.Newer = 1 }) || string(p.deal("oppo_1").Fields["v"]) != `"read"` {
		t.Errorf("got %+v, stored %s", got, p.deal("oppo_1").Fields.Canonical())
	}
	if got := read("behind it", time.Second); got != differing || string(p.deal("oppo_1").Fields["v"]) != `"behind it"` {
		t.Errorf("got %+v, stored %s", got, p.deal("oppo_1").Fields.Canonical())
	}
	// A late webhook of that state is no news, one of a newer state is.
	p.run(t, p.deliver(body("updated", "2026-11-22T08:00:01+00:00", `,"v":"late"`)))
	if r := p.deal("oppo_1"); string(r.Fields["v"]) != `"behind it"` || r.Contested {
		t.Errorf("stored %s", r.Fields.Canonical())
	}
	p.run(t, p.deliver(body("updated", "2026-11-22T08:00:02+00:00", `,"v":"newer"`)))
	if r := p.deal("oppo_1"); string(r.Fields["v"]) != `"newer"` {
		t.Errorf("stored %s", r.Fields.Canonical())
	}
}

// contest stores two contents of one version.
func (p *paged) contest() {
	p.t.Helper()
	p.run(p.t, p.deliver(body("updated", "2026-11-22T08:00:01+00:00", `,"v":1`)), p.deliver(body("updated", "2026-11-22T08:00:01+00:00", `,"v":2`)))
	if !p.deal("oppo_1").Contested {
		p.t.Fatal("nothing is contested")
	}
}

func TestAReadingSettlesAContest(t *testing.T) {
	for _, winner := range []bool{true, false} {
		p := newPaged(t)
		p.contest()
		content := string(p.deal("oppo_1").Fields.Canonical())
		if !winner {
			content = `{"id":"oppo_1","v":3}`
		}
		p.now = p.now.Add(time.Minute)
		got := p.process(p.page(change(t, "oppo_1", 1, content)))
		if r := p.deal("oppo_1"); got != counts(1, func(c *syncing.Counts) { c.Differing = 1 }) || r.Contested || string(r.Fields.Canonical()) != content {
			t.Errorf("got %+v, stored %s, contested: %t", got, r.Fields.Canonical(), r.Contested)
		}
	}
}

// TestALogSettlesNothing: what it says is as old as its version says, and where it says another thing than a webhook of the
// same version, the source is asked.
func TestALogSettlesNothing(t *testing.T) {
	p := newPaged(t)
	p.run(t, p.deliver(body("updated", "2026-11-22T08:00:01+00:00", `,"v":1`)))
	stands := string(p.deal("oppo_1").Fields.Canonical())
	post := func(c ...record.Change) syncing.Counts {
		p.now = p.now.Add(time.Minute)
		page := p.page(c...)
		page.Posted, page.Object = true, syncing.LogObject
		return p.process(page)
	}
	if got := post(change(t, "oppo_1", 1, stands)); got != counts(1, func(c *syncing.Counts) { c.Unchanged = 1 }) || len(p.reread) > 0 {
		t.Errorf("what is known: %+v", got)
	}
	if got := post(change(t, "oppo_1", 0, `{"v":0}`)); got != counts(1, func(c *syncing.Counts) { c.Newer = 1 }) || p.deal("oppo_1").Rev != 1 {
		t.Errorf("what is older: %+v", got)
	}
	post(change(t, "oppo_1", 1, `{"v":"other"}`))
	if r := p.deal("oppo_1"); !r.Contested || r.Version.Read != 0 || !slices.Contains(p.reread, connector.Ref{Object: "opportunity", ID: "oppo_1"}) {
		t.Errorf("another content: %+v, read again: %v", r, p.reread)
	}
	rev := p.deal("oppo_1").Rev
	post(change(t, "oppo_1", 1, stands), change(t, "oppo_1", 1, `{"v":"other"}`))
	if p.deal("oppo_1").Rev != rev {
		t.Error("both again are a change")
	}
	if got := post(gone(t, "oppo_1", 1), change(t, "oppo_1", 1, stands)); got.Deleted+got.Differing != 1 || !p.deal("oppo_1").Deleted {
		t.Errorf("a deletion of the same version: %+v", got)
	}
	if got := post(gone(t, "never seen", 2)); got != counts(1, func(c *syncing.Counts) { c.Deleted = 1 }) || !p.deal("never seen").Deleted {
		t.Errorf("a deletion of what was not known: %+v", got)
	}
	// And a late webhook does not revive it.
	p.run(t, p.deliver(bytes.ReplaceAll(body("updated", "2026-11-22T08:00:01+00:00", ""), []byte("oppo_1"), []byte("never seen"))))
	if !p.deal("never seen").Deleted {
		t.Error("it came back")
	}
}

// TestWhatIsShownLongAfterItsDeletionIsThere: a source may restore a record without changing when it was updated last. For a
// while it may also show what it has deleted.
func TestWhatIsShownLongAfterItsDeletionIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*intake.Page, *record.Record)
		back   bool
	}{
		"long after it":   {func(page *intake.Page, _ *record.Record) { page.Began = page.Began.Add(11 * time.Minute) }, true},
		"soon after it":   {func(page *intake.Page, _ *record.Record) { page.Began = page.Began.Add(9 * time.Minute) }, false},
		"nobody knows":    {func(page *intake.Page, _ *record.Record) { page.Began = time.Time{} }, false},
		"told by the log": {func(page *intake.Page, _ *record.Record) { page.Began, page.Posted = page.Began.Add(time.Hour), true }, false},
		"erased":          {func(page *intake.Page, r *record.Record) { page.Began, r.Erased = page.Began.Add(time.Hour), true }, false},
		"erased, and newer": {func(page *intake.Page, r *record.Record) {
			page.Began, r.Erased = page.Began.Add(time.Hour), true
			page.Changes[0].Version.Micros += 60e6
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPaged(t)
			p.process(p.page(change(t, "x", 1, `{"v":1}`)))
			p.process(p.page(gone(t, "x", 2)))
			page, tombstone := p.page(change(t, "x", 1, `{"v":1}`)), p.deal("x")
			page.Began, page.ReadAt = p.now, p.now.Add(2*time.Hour)
			c.change(&page, &tombstone)
			if tombstone.Erased {
				if done, _, err := p.records.Replace(t.Context(), tombstone, tombstone.Rev); err != nil || !done {
					t.Fatal(err)
				}
			}
			got := p.process(page)
			if r := p.deal("x"); r.Deleted == c.back || (got.Missing == 1) != c.back || c.back && string(r.Fields["v"]) != "1" {
				t.Errorf("got %+v, stored %+v", got, r)
			}
		})
	}
}

func TestTheNewestOfARecordTwiceInAPageCounts(t *testing.T) {
	a, b, older := change(t, "x", 2, `{"v":"a"}`), change(t, "x", 2, `{"v":"b"}`), change(t, "x", 1, `{"v":"old"}`)
	var ended []string
	for _, order := range [][]record.Change{{a, b, older}, {older, b, a}, {b, older, a}} {
		p := newPaged(t)
		if got := p.process(p.page(order...)); got != counts(3, func(c *syncing.Counts) { c.Missing = 1 }) {
			t.Errorf("got %+v", got)
		}
		ended = append(ended, string(p.deal("x").Fields.Canonical()))
	}
	if ended[0] != ended[1] || ended[1] != ended[2] || strings.Contains(ended[0], "old") {
		t.Errorf("the order counts: %v", ended)
	}
}

func TestLargeFieldsAreComparedWithoutBeingStoredAgain(t *testing.T) {
	p := newPaged(t)
	long := func(c string) string { return `{"note":"` + strings.Repeat(c, intake.MaxFieldBytes) + `","v":1}` }
	p.process(p.page(change(t, "x", 1, long("a"))))
	if keys := p.took(); len(keys) != 2 {
		t.Errorf("put %v", keys)
	}
	p.now = p.now.Add(time.Hour)
	if got := p.process(p.page(change(t, "x", 1, long("a")))); got.Unchanged != 1 || len(p.took()) != 0 || p.deal("x").Rev != 1 {
		t.Errorf("the same again: %+v", got)
	}
	if got := p.process(p.page(change(t, "x", 1, long("b")))); got.Differing != 1 {
		t.Errorf("another: %+v", got)
	}
	keys := p.took()
	if value, err := p.payloads.Get(t.Context(), p.deal("x").Large["note"].Key(organization)); err != nil || !bytes.Contains(value, []byte("bbb")) || len(keys) != 2 {
		t.Errorf("put %v, stored %.9s, %v", keys, value, err)
	}
}

func TestThePageIsKeptWhereSomethingOfItIs(t *testing.T) {
	p := newPaged(t)
	page := p.page(change(t, "x", 1, `{"v":1}`))
	p.process(page)
	if keys := p.took(); len(keys) != 1 || !strings.HasPrefix(keys[0], "archive/"+organization+"/"+connection+"/2026/11/22/") {
		t.Errorf("put %v", keys)
	}
	from := p.deal("x").Source.Payload
	kept := func() string {
		t.Helper()
		packed, err := p.payloads.GetRange(t.Context(), from.Key, from.Offset, from.Length)
		if err != nil {
			t.Fatal(err)
		}
		text, err := delivery.Unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if kept() != string(page.Raw) {
		t.Errorf("kept as %s", kept())
	}
	indexes, _, err := p.intake.Payloads(t.Context(), organization, connection, p.now, store.Page{Limit: 9})
	if err != nil || len(indexes) != 1 || indexes[0].Entries[0].Kind != delivery.Fetch {
		t.Errorf("indexed as %+v, %v", indexes, err)
	}
	// Nothing new, nothing kept; nor is nothing.
	p.process(p.page(change(t, "x", 1, `{"v":1}`), change(t, "x", 0, `{"v":0}`)))
	bare := p.page(change(t, "y", 1, `{}`))
	bare.Raw = nil
	p.process(bare)
	if keys := p.took(); len(keys) > 0 {
		t.Errorf("put %v", keys)
	}
	refused := p.page(change(t, "x", 1, `{"v":1}`))
	refused.Refused = []connector.RefusedRow{refusedRow("z", 1)}
	p.process(refused)
	if keys := p.took(); len(keys) != 1 {
		t.Errorf("of what is refused: %v", keys)
	}
	// The same page is another one when it is read again: what points at the first still finds it.
	page.Raw, page.Changes = []byte(`{"page":"longer than before"}`), append(page.Changes, change(t, "new", 1, `{}`))
	p.process(page)
	if kept() != `{"page":1}` {
		t.Errorf("the first reading is lost: %s", kept())
	}
}

// TestAPageIsKeptBeforeItsRecords: no record points at a payload that is not there, whatever fails.
func TestAPageIsKeptBeforeItsRecords(t *testing.T) {
	for _, failing := range []string{"archive/", "fields/"} {
		p := newPaged(t)
		p.failing = failing
		page := p.page(change(t, "x", 1, `{"note":"`+strings.Repeat("x", intake.MaxFieldBytes)+`"}`))
		page.Refused = []connector.RefusedRow{refusedRow("y", 1)}
		if _, err := p.in().ProcessPage(t.Context(), page); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", failing, err)
		}
		if stored, _, _ := p.records.Scan(t.Context(), store.Page{Limit: 9}); len(stored) > 0 || len(p.open()) > 0 {
			t.Errorf("%s: %d records are stored, %d set aside", failing, len(stored), len(p.open()))
		}
		p.failing = ""
		if got := p.process(page); got.Missing != 1 || got.Refused != 1 {
			t.Errorf("then: %+v", got)
		}
	}
}

// TestAPageThatDiesAnywhereIsDoneByTheNext crashes at each step, before and behind it.
func TestAPageThatDiesAnywhereIsDoneByTheNext(t *testing.T) {
	for _, after := range []bool{false, true} {
		for step := 1; ; step++ {
			p := newPaged(t)
			p.process(p.page(change(t, "old", 1, `{"v":1}`)))
			p.now = p.now.Add(time.Minute)
			page := p.page(change(t, "old", 2, `{"v":2}`), change(t, "new", 1, `{"note":"`+strings.Repeat("x", intake.MaxFieldBytes)+`"}`), change(t, "future", 7200, `{}`))
			page.Refused = []connector.RefusedRow{refusedRow("y", 3)}
			dies, in := p.world.process(step, after)
			_, err := in.ProcessPage(t.Context(), page)
			if !dies.crashed() {
				if err != nil || step < 9 {
					t.Fatalf("%d steps, %v", step, err)
				}
				break
			}
			p.process(page)
			if string(p.deal("old").Fields["v"]) != "2" || len(p.deal("new").Large) != 1 || len(p.open()) != 2 {
				t.Errorf("step %d: %+v, %+v, %d set aside", step, p.deal("old"), p.deal("new"), len(p.open()))
			}
		}
	}
}

func TestWhatIsRefusedByEveryRunIsOneEntry(t *testing.T) {
	p := newPaged(t)
	huge := func(seconds int) record.Change {
		var fields strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&fields, `"f%05d":"%030d",`, i, i)
		}
		return change(t, "huge", seconds, "{"+strings.TrimSuffix(fields.String(), ",")+"}")
	}
	for range 3 {
		page := p.page(huge(1), change(t, "future", 7200, `{}`))
		page.Refused = []connector.RefusedRow{refusedRow("broken", 7)}
		if got := p.process(page); got.Refused != 3 {
			t.Errorf("got %+v", got)
		}
		p.now = p.now.Add(time.Minute)
	}
	reasons := map[string]string{}
	for _, e := range p.open() {
		reasons[e.Record] += string(e.Reason)
		if e.Kind != delivery.Fetch || e.Object != "opportunity" || e.Payload.Key == "" || e.Detail == "" || e.Row != e.Index+1 || e.Connector != "close" {
			t.Errorf("set aside as %+v", e)
		}
	}
	if fmt.Sprint(reasons) != "map[broken:missing_version future:future_version huge:too_large]" {
		t.Errorf("got %v", reasons)
	}
	p.process(p.page(huge(2))) // another state is another thing
	p.now = p.now.Add(24 * time.Hour)
	page := p.page()
	page.Refused = []connector.RefusedRow{refusedRow("broken", 7)} // another day may be another state
	p.process(page)
	if n := len(p.open()); n != 5 {
		t.Errorf("%d are set aside", n)
	}
}

func TestRowsThatSayNotEvenWhichTheyAreAreKeptApart(t *testing.T) {
	p := newPaged(t)
	first, second := p.page(), p.page()
	first.Refused, second.Refused = []connector.RefusedRow{refusedRow("", 0), refusedRow("", 4)}, []connector.RefusedRow{refusedRow("", 0)}
	for range 2 {
		p.process(first)
		p.process(second)
	}
	if n := len(p.open()); n != 3 {
		t.Errorf("%d are set aside", n)
	}
}

// unstorable refuses records as a table does that cannot take them.
type unstorable struct{ store.Records }

func (u unstorable) PutNewer(ctx context.Context, r record.Record) (*record.Record, error) {
	if r.ID == "bad" {
		return nil, fault.New(fault.Invalid, store.CodeTooLarge, "too large for the store")
	}
	return u.Records.PutNewer(ctx, r)
}

func TestARecordThatTheStoreCannotTakeIsSetAsideAlone(t *testing.T) {
	p := newPaged(t)
	o := p.options()
	o.Records = unstorable{p.records}
	got, err := intake.New(o).ProcessPage(t.Context(), p.page(change(t, "good", 1, `{}`), change(t, "bad", 1, `{}`), change(t, "fine", 1, `{}`)))
	if err != nil || got != counts(3, func(c *syncing.Counts) { c.Missing, c.Refused = 2, 1 }) {
		t.Errorf("got %+v, %v", got, err)
	}
	p.deal("good")
	p.deal("fine")
	if all := p.open(); len(all) != 1 || all[0].Record != "bad" || all[0].Reason != quarantine.TooLarge || all[0].Payload.Key == "" {
		t.Errorf("set aside: %+v", all)
	}
}

func TestAnEntryIsTriedAgainByReadingItsRecordAgain(t *testing.T) {
	p := newPaged(t)
	page := p.page()
	page.Refused = []connector.RefusedRow{refusedRow("good", 0), refusedRow("bad", 1), refusedRow("gone", 2), refusedRow("", 3)}
	p.process(page)
	entries := map[string]quarantine.Entry{}
	var rows []delivery.RowReplay
	for _, e := range p.open() {
		entries[e.Record] = e
		rows = append(rows, delivery.RowReplay{Entry: e.ID, Index: e.Index, Object: e.Object, ID: e.Record})
	}
	payload := record.PayloadRef{Key: "archive/erased", Length: 5} // what was kept need not be there any more
	again := delivery.Delivery{ID: "01KANQ7P0000000000000000D4", Organization: organization, Connection: connection, Connector: "close", Kind: delivery.Fetch, ReceivedAt: p.now,
		Payload: &payload, Rows: rows}
	if err := firstError(p.in().Process(t.Context(), []delivery.Delivery{again})); err != nil {
		t.Fatal(err)
	}
	if len(p.reread) != 3 || len(p.entries) != 3 {
		t.Fatalf("read again: %v", p.reread)
	}
	if e := p.entry(t, entries[""].ID); e.Status != quarantine.Open || e.Reason != quarantine.MissingID || e.Replays != 1 {
		t.Errorf("a row without an id: %+v", e)
	}
	// What was read again brings one that is right now, one that is not, and one that is not there any more.
	page = p.page(change(t, "good", 1, `{"v":1}`))
	page.Entries, page.Refused, page.Missing = p.entries, []connector.RefusedRow{refusedRow("bad", 0)}, []string{"gone"}
	p.process(page)
	for id, want := range map[string]quarantine.Status{"good": quarantine.Resolved, "bad": quarantine.Open, "gone": quarantine.Resolved} {
		if e := p.entry(t, entries[id].ID); e.Status != want || e.Replays != 1 {
			t.Errorf("%s: %+v", id, e)
		}
	}
	if len(p.open()) != 2 {
		t.Errorf("open are %+v", p.open())
	}
}

// TestAPageFollowsTheSchemaOfWhatIsNew: a page of what is known costs neither a read nor a write of the schema.
func TestAPageFollowsTheSchemaOfWhatIsNew(t *testing.T) {
	p := newPaged(t)
	p.process(p.page(change(t, "x", 1, `{"v":1}`)))
	p.process(p.page(change(t, "x", 2, `{"v":"text","w":true}`)))
	o, err := p.schemas.Object(t.Context(), organization, connection, "opportunity")
	if err != nil || len(o.Present.Fields) != 2 || !o.Follows {
		t.Errorf("got %+v, %v", o, err)
	}
	p.process(p.page(change(t, "x", 2, `{"v":"text","w":true}`)))
	if again, _ := p.schemas.Object(t.Context(), organization, connection, "opportunity"); again.Rev != o.Rev {
		t.Error("what is known changed the schema")
	}
}

func TestParkedDeliveriesAreKeptAndAppliedLater(t *testing.T) {
	p := newPaged(t)
	told := &destination{}
	p.announce = told
	d := p.deliver(body("updated", "2026-11-22T08:00:01+00:00", `,"v":1`))
	d.Parked = true
	other := p.deliver([]byte(`{}`)) // cannot be applied, and is not tried
	other.Parked = true
	if err := firstError(p.in().Process(t.Context(), []delivery.Delivery{d, other})); err != nil {
		t.Fatal(err)
	}
	if stored, _, _ := p.records.Scan(t.Context(), store.Page{Limit: 9}); len(stored) > 0 || len(p.open()) > 0 || len(told.heard) > 0 {
		t.Errorf("%d records, %d set aside, %v announced", len(stored), len(p.open()), told.heard)
	}
	indexes, _, err := p.intake.Payloads(t.Context(), organization, connection, p.now, store.Page{Limit: 9})
	if err != nil || len(indexes) != 1 || len(indexes[0].Entries) != 2 || len(p.took()) != 1 {
		t.Fatalf("kept: %+v, %v", indexes, err)
	}
	// When the connection goes on they come again, and say where they lie.
	p.now = p.now.AddDate(0, 0, 20)
	for range 2 {
		var again []delivery.Delivery
		for _, e := range indexes[0].Entries {
			payload := e.Payload
			again = append(again, delivery.Delivery{ID: e.Delivery, Organization: organization, Connection: connection, Connector: "close", Kind: delivery.Webhook,
				ReceivedAt: e.ReceivedAt, Payload: &payload, Unparked: true})
		}
		if err := firstError(p.in().Process(t.Context(), again)); err != nil {
			t.Fatal(err)
		}
	}
	if r := p.deal("oppo_1"); r.Rev != 1 || r.Source.Payload != indexes[0].Entries[0].Payload || r.Source.Delivery != d.ID {
		t.Errorf("stored %+v", r)
	}
	if len(p.took()) > 0 || len(told.heard) != 2 || told.heard[d.ID] != 2 {
		t.Errorf("kept again: %v, announced: %v", p.puts, told.heard)
	}
	if all := p.open(); len(all) != 1 || all[0].ID != other.ID {
		t.Errorf("set aside: %+v", all)
	}
}

// TestAParkedDeliveryThatIsNotKeptComesAgain: it is nowhere else.
func TestAParkedDeliveryThatIsNotKeptComesAgain(t *testing.T) {
	p := newPaged(t)
	p.failing = "archive/"
	d := p.deliver(body("updated", "2026-11-22T08:00:01+00:00", ""))
	d.Parked = true
	if err := firstError(p.in().Process(t.Context(), []delivery.Delivery{d})); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}
