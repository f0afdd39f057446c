package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

// brokenEnv makes TestBroken run, which fails.
const brokenEnv = "LEADLINE_STORETEST_BROKEN"

// The suite itself is tested by stores that are broken on purpose: it must catch each.
func TestSuiteCatchesBrokenStores(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestBroken$", "-test.v")
	cmd.Env = append(os.Environ(), brokenEnv+"=1")
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for name, b := range broken() {
		place := "TestBroken/" + name + "/" + b.caught
		if !strings.Contains(string(out), "--- FAIL: "+strings.ReplaceAll(place, " ", "_")) {
			t.Errorf("%s is not caught by %q", name, b.caught)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

func TestBroken(t *testing.T) {
	if os.Getenv(brokenEnv) == "" {
		t.Skip("fails on purpose; run by TestSuiteCatchesBrokenStores")
	}
	for name, b := range broken() {
		t.Run(name, func(t *testing.T) {
			open := func(*testing.T) Stores {
				tenancy := memory.NewTenancy()
				s := Stores{Records: memory.NewRecords(), History: memory.NewHistory(), Intake: memory.NewIntake(),
					Tenancy: tenancy, Cursors: memory.NewCursors(), Members: memory.NewMembers(tenancy),
					Destinations: memory.NewDestinations(tenancy), Logins: memory.NewLogins(tenancy), Roster: memory.NewRoster(tenancy), Views: memory.NewViews(tenancy), Journal: memory.NewJournal(), Jobs: memory.NewJobs(tenancy), Syncs: memory.NewSyncs(tenancy), Limits: memory.NewLimits(),
					Schemas: memory.NewSchemas(), Batches: memory.NewBatches(), Deliveries: memory.NewDeliveries(), Due: memory.NewDue(),
					Ledger: memory.NewLedger(), Games: memory.NewGames(tenancy), Payees: memory.NewPayees(tenancy), Disputes: memory.NewDisputes(tenancy), Payouts: memory.NewPayouts(tenancy), Nudges: memory.NewNudges(tenancy), Programs: memory.NewPrograms(tenancy), Credits: memory.NewCredits(), Runs: memory.NewRuns(), Settlements: memory.NewSettlements(tenancy)}
				b.spoil(&s)
				return s
			}
			for _, g := range groups() {
				if strings.HasPrefix(b.caught, g.name+"/") {
					g.run(t, open)
				}
			}
		})
	}
}

// defect is one way to be broken and the test that must catch it.
type defect struct {
	caught string
	spoil  func(*Stores)
}

func broken() map[string]defect {
	all := brokenRecordStores()
	maps.Copy(all, brokenMemberStores())
	maps.Copy(all, brokenWorkStores())
	maps.Copy(all, brokenLimitStores())
	maps.Copy(all, brokenLogins())
	maps.Copy(all, brokenRosters())
	maps.Copy(all, brokenViewStores())
	maps.Copy(all, brokenProgramStores())
	maps.Copy(all, brokenCreditStores())
	maps.Copy(all, brokenLedgers())
	maps.Copy(all, brokenSettlements())
	maps.Copy(all, map[string]defect{
		"repairs replace the stream's rows": {"History/a repaired row never", func(s *Stores) { s.History = repairing{s.History} }},
		"history comes oldest first":        {"History/rows come newest first", func(s *Stores) { s.History = oldest{s.History} }},
		"entries ignore the filter":         {"Quarantine/entries come newest first", func(s *Stores) { s.Intake = unfiltered{s.Intake} }},
		"entries know no organization":      {"Quarantine/an entry of another", func(s *Stores) { s.Intake = &shared{Intake: s.Intake} }},
		"creation is not all or nothing":    {"Connections/a refused creation", func(s *Stores) { s.Tenancy = halves{s.Tenancy} }},
		"hooks move":                        {"Connections/a refused update", func(s *Stores) { s.Tenancy = moving{s.Tenancy} }},
		"a filtered list reads to its end":  {"Quarantine/a filter that lets little", func(s *Stores) { s.Intake = greedy{s.Intake} }},
		"keys are revoked again":            {"Tenancy/a revoked API key stays", func(s *Stores) { s.Tenancy = revokedLater{s.Tenancy} }},
		"receipts never expire":             {"Tenancy/a receipt is kept whole until", func(s *Stores) { s.Tenancy = eternal{s.Tenancy} }},
		"a job has no cursor of its own":    {"Cursors/jobs are kept apart", func(s *Stores) { s.Cursors = oneJob{s.Cursors} }},
		"errors have no kind":               {"Tenancy/a missing organization", func(s *Stores) { s.Tenancy = kindless{s.Tenancy} }},
	})
	return all
}

func brokenRecordStores() map[string]defect {
	recs := func(f func(brokenRecords) brokenRecords) func(*Stores) {
		return func(s *Stores) { s.Records = f(brokenRecords{Records: s.Records}) }
	}
	return map[string]defect{
		"a winner is not told from a loser": {"Records/an older version loses to what stands", recs(func(b brokenRecords) brokenRecords {
			b.stands = func(context.Context, record.Record, *record.Record) *record.Record { return nil }
			return b
		})},
		"the same version overwrites": {"Records/the same version loses to what stands", recs(func(b brokenRecords) brokenRecords {
			b.stands = func(ctx context.Context, r record.Record, stands *record.Record) *record.Record {
				if stands != nil && stands.Version == r.Version {
					_, _, _ = b.Records.Replace(ctx, r, stands.Rev)
					return nil
				}
				return stands
			}
			return b
		})},
		"tombstones are not found": {"Records/a tombstone stands, and what revives", recs(func(b brokenRecords) brokenRecords {
			b.got = func(r record.Record) (record.Record, error) {
				if r.Deleted {
					return r, fault.New(fault.NotFound, "not_found", "x")
				}
				return r, nil
			}
			return b
		})},
		"numbers pass through floats": {"Records/content is kept byte for byte", recs(func(b brokenRecords) brokenRecords {
			b.got = func(r record.Record) (record.Record, error) {
				for name, raw := range r.Fields {
					var f float64
					if json.Unmarshal(raw, &f) == nil && string(raw) != "null" {
						r.Fields[name], _ = json.Marshal(f)
					}
				}
				return r, nil
			}
			return b
		})},
		"content is escaped for HTML": {"Records/content is kept byte for byte", recs(func(b brokenRecords) brokenRecords {
			b.got = func(r record.Record) (record.Record, error) {
				for name, raw := range r.Fields {
					r.Fields[name], _ = json.Marshal(raw)
				}
				return r, nil
			}
			return b
		})},
		"keys are joined carelessly": {"Records/keys never meet", recs(func(b brokenRecords) brokenRecords {
			b.key = func(k record.Key) record.Key {
				return record.Key{Organization: k.Organization + "#" + k.Connection, Object: k.Object, ID: k.ID}
			}
			return b
		})},
		"replace ignores the rev": {"Records/replace goes by rev alone", recs(func(b brokenRecords) brokenRecords {
			b.anyRev = true
			return b
		})},
		"a page loses its last item": {"RecordLists/every record once", recs(func(b brokenRecords) brokenRecords {
			b.page = func(r []record.Record, next string) ([]record.Record, string) {
				if next != "" && len(r) > 1 {
					r = r[:len(r)-1]
				}
				return r, next
			}
			return b
		})},
		"the list stops after a page": {"RecordLists/every record once", recs(func(b brokenRecords) brokenRecords {
			b.page = func(r []record.Record, _ string) ([]record.Record, string) { return r, "" }
			return b
		})},
		"any cursor is taken": {"RecordLists/cursors of others", recs(func(b brokenRecords) brokenRecords {
			b.anyCursor = true
			return b
		})},
	}
}

// brokenRecords are records with one thing wrong.
type brokenRecords struct {
	store.Records
	stands    func(context.Context, record.Record, *record.Record) *record.Record
	got       func(record.Record) (record.Record, error)
	key       func(record.Key) record.Key
	page      func([]record.Record, string) ([]record.Record, string)
	anyRev    bool
	anyCursor bool
}

func (b brokenRecords) PutNewer(ctx context.Context, r record.Record) (*record.Record, error) {
	if b.key != nil {
		r.Key = b.key(r.Key)
	}
	stands, err := b.Records.PutNewer(ctx, r)
	if b.stands != nil {
		stands = b.stands(ctx, r, stands)
	}
	return stands, err
}

func (b brokenRecords) Replace(ctx context.Context, r record.Record, rev int64) (bool, *record.Record, error) {
	if stands, err := b.Records.Get(ctx, r.Key); b.anyRev && err == nil {
		rev = stands.Rev
	}
	return b.Records.Replace(ctx, r, rev)
}

func (b brokenRecords) Get(ctx context.Context, k record.Key) (record.Record, error) {
	asked := k
	if b.key != nil {
		k = b.key(k)
	}
	r, err := b.Records.Get(ctx, k)
	r.Key = asked
	if b.got != nil && err == nil {
		return b.got(r)
	}
	return r, err
}

func (b brokenRecords) List(ctx context.Context, org, conn, object string, p store.Page) ([]record.Record, string, error) {
	r, next, err := b.Records.List(ctx, org, conn, object, p)
	if b.anyCursor && fault.Is(err, fault.Invalid) {
		return nil, "", nil
	}
	if b.page != nil {
		r, next = b.page(r, next)
	}
	return r, next, err
}

type repairing struct{ store.History }

func (h repairing) Put(ctx context.Context, rows ...record.Revision) error {
	for i := range rows {
		rows[i].Repaired = false
	}
	return h.History.Put(ctx, rows...)
}

type oldest struct{ store.History }

func (h oldest) List(ctx context.Context, k record.Key, p store.Page) ([]record.Revision, string, error) {
	rows, next, err := h.History.List(ctx, k, p)
	slices.Reverse(rows)
	return rows, next, err
}

type unfiltered struct{ store.Intake }

func (i unfiltered) Entries(ctx context.Context, org string, _ store.QuarantineFilter, p store.Page) ([]quarantine.Entry, string, error) {
	return i.Intake.Entries(ctx, org, store.QuarantineFilter{}, p)
}

type shared struct{ store.Intake }

func (i *shared) Entry(ctx context.Context, _, id string) (quarantine.Entry, error) {
	return i.Intake.Entry(ctx, "org_a", id)
}

type halves struct{ store.Tenancy }

func (h halves) CreateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, r *store.Receipt) error {
	err := h.Tenancy.CreateConnection(ctx, c, hook, r)
	if err != nil {
		_ = h.Tenancy.CreateConnection(ctx, c, hook, nil)
	}
	return err
}

type moving struct{ store.Tenancy }

func (m moving) UpdateConnection(ctx context.Context, c tenant.Connection, hook tenant.Hook, r *store.Receipt) error {
	if present, err := m.Tenancy.Connection(ctx, c.Organization, c.ID); err == nil && present.Hook != hook.TokenHash {
		c.Hook, hook.TokenHash = present.Hook, present.Hook // as if the new token were the old one
	}
	return m.Tenancy.UpdateConnection(ctx, c, hook, r)
}

type greedy struct{ store.Intake }

func (g greedy) Entries(ctx context.Context, org string, f store.QuarantineFilter, p store.Page) (found []quarantine.Entry, next string, err error) {
	for {
		items, next, err := g.Intake.Entries(ctx, org, f, store.Page{Cursor: p.Cursor, Limit: p.Limit - len(found)})
		found = append(found, items...)
		if p.Cursor = next; err != nil || next == "" || len(found) == p.Limit {
			return found, next, err
		}
	}
}

type revokedLater struct{ store.Tenancy }

func (r revokedLater) APIKey(ctx context.Context, hash string) (tenant.APIKey, error) {
	key, err := r.Tenancy.APIKey(ctx, hash)
	if !key.RevokedAt.IsZero() {
		key.RevokedAt = key.RevokedAt.Add(time.Hour)
	}
	return key, err
}

type eternal struct{ store.Tenancy }

func (e eternal) Receipt(ctx context.Context, org, key string, _ time.Time) (store.Receipt, error) {
	return e.Tenancy.Receipt(ctx, org, key, time.Time{})
}

type oneJob struct{ store.Cursors }

func (o oneJob) SaveCursor(ctx context.Context, _, cursor string) error {
	return o.Cursors.SaveCursor(ctx, "", cursor)
}

func (o oneJob) Cursor(ctx context.Context, _ string) (string, error) {
	return o.Cursors.Cursor(ctx, "")
}

type kindless struct{ store.Tenancy }

func (k kindless) Organization(ctx context.Context, id string) (tenant.Organization, error) {
	org, err := k.Tenancy.Organization(ctx, id)
	if err != nil {
		err = errors.New("not found")
	}
	return org, err
}
