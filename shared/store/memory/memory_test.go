package memory_test

import (
	"testing"

	"leadline/shared/record"
	"leadline/shared/store/memory"
	"leadline/shared/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Stores {
		tenancy := memory.NewTenancy()
		return storetest.Stores{Records: memory.NewRecords(), History: memory.NewHistory(), Intake: memory.NewIntake(),
			Tenancy: tenancy, Cursors: memory.NewCursors(), Members: memory.NewMembers(tenancy),
			Destinations: memory.NewDestinations(tenancy), Logins: memory.NewLogins(tenancy), Roster: memory.NewRoster(tenancy), Views: memory.NewViews(tenancy), Journal: memory.NewJournal(), Jobs: memory.NewJobs(tenancy), Syncs: memory.NewSyncs(tenancy), Limits: memory.NewLimits(),
			Schemas: memory.NewSchemas(), Batches: memory.NewBatches(), Deliveries: memory.NewDeliveries(), Due: memory.NewDue(),
			Ledger: memory.NewLedger(), Games: memory.NewGames(tenancy), Payees: memory.NewPayees(tenancy), Disputes: memory.NewDisputes(tenancy), Payouts: memory.NewPayouts(tenancy), Nudges: memory.NewNudges(tenancy), Programs: memory.NewPrograms(tenancy), Credits: memory.NewCredits(), Runs: memory.NewRuns(), Settlements: memory.NewSettlements(tenancy)}
	})
}

func BenchmarkPutNewer(b *testing.B) {
	s := memory.NewRecords()
	fields := record.Fields{}
	for _, name := range []string{"id", "name", "value", "status", "date_updated", "user_id", "note", "lead_id"} {
		fields[name] = []byte(`"x"`)
	}
	r := record.Record{Key: record.Key{Organization: "o", Connection: "c", Object: "lead", ID: "x"}, Fields: fields}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Version = record.Version{Micros: int64(i), Parser: 1}
		if _, err := s.PutNewer(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
