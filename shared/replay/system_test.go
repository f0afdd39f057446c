package replay_test

import (
	"testing"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/intake"
	"leadline/shared/job"
	"leadline/shared/quarantine"
	"leadline/shared/record"
	"leadline/shared/replay"
	"leadline/shared/store/memory"
)

// system is a world whose inbox is really read.
type system struct {
	*world
	records *memory.Records
	in      *intake.Intake
}

func newSystem(t *testing.T) *system {
	s := &system{world: newWorld(t), records: memory.NewRecords()}
	s.in = intake.New(intake.Options{Records: s.records, Intake: s.intake, Schemas: memory.NewSchemas(), Batches: memory.NewBatches(), Journal: memory.NewJournal(),
		Payloads: s.payloads, ClockGuard: time.Minute, SchemaCache: time.Minute, Now: func() time.Time { return noon }})
	return s
}

// process works through what was sent.
func (s *system) process(deliveries ...delivery.Delivery) {
	s.t.Helper()
	for _, err := range s.in.Process(s.t.Context(), append(deliveries, s.got...)) {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	s.got = nil
}

func (s *system) value(id string) string {
	s.t.Helper()
	r, err := s.records.Get(s.t.Context(), record.Key{Organization: organization, Connection: connection, Object: "deals", ID: id})
	if err != nil {
		return err.Error()
	}
	return string(r.Fields["value"])
}

func (s *system) status(entry string) quarantine.Status {
	s.t.Helper()
	e, err := s.intake.Entry(s.t.Context(), organization, entry)
	if err != nil {
		s.t.Fatal(err)
	}
	return e.Status
}

func pushed(id, body string) delivery.Delivery {
	return delivery.Delivery{ID: id, Organization: organization, Connection: connection, Connector: "client", Kind: delivery.Push, ReceivedAt: noon.Add(-time.Hour),
		Body: []byte(body), Batch: &delivery.BatchPart{ID: id, Public: "bat_" + id, Client: "cli_1", Object: "deals", First: 1}}
}

const first, second = "01KANQ7P0000000000000000D4", "01KANQ7P0000000000000000D5"

func TestACorrectedRowChangesItsRecord(t *testing.T) {
	s := newSystem(t)
	s.process(pushed(first, `{"objectname":"deals","data":[{"id":1,"action":"create","value":1},{"id":2,"action":"create","value":2}]}`))
	s.process(pushed(second, `{"objectname":"deals","data":[{"id":1,"action":"update","value":10},{"id":2,"action":"update","value":"twenty"}]}`))
	entry, err := s.intake.Entry(t.Context(), organization, second+"-00000002")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := replay.Message(entry, "01KANQ7P0000000000000000E1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.process(plain); s.value("2") != "2" || s.status(entry.ID) != quarantine.Open {
		t.Errorf("as it was: %s, %s", s.value("2"), s.status(entry.ID))
	}
	corrected, err := replay.Message(entry, "01KANQ7P0000000000000000E2", []byte(`{"id":2,"action":"update","value":20}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Inbox.Send(t.Context(), corrected); err != nil {
		t.Fatal(err)
	}
	if s.process(); s.value("2") != "20" || s.value("1") != "10" || s.status(entry.ID) != quarantine.Resolved {
		t.Errorf("corrected: %s, %s", s.value("2"), s.status(entry.ID))
	}
}

func TestTheJobAppliesWhatCanBeAppliedNow(t *testing.T) {
	s := newSystem(t)
	s.process(pushed(first, `{"objectname":"deals","data":[{"id":1,"action":"fly"},{"id":2,"action":"create","value":2},{"action":"create"}]}`))
	if s.status(first+"-00000001") != quarantine.Open || s.status(first+"-00000003") != quarantine.Open {
		t.Fatal("nothing was set aside")
	}
	j := s.run(jobOf(job.ReplayParams{Reason: string(quarantine.UnknownAction)}))
	if len(s.got) != 1 || j.Counts[replay.CountReplayed] != 1 {
		t.Fatalf("sent %+v, %v", s.got, j.Counts)
	}
	s.process()
	e, err := s.intake.Entry(t.Context(), organization, first+"-00000001")
	if err != nil || e.Status != quarantine.Open || e.Replays != 1 || e.Reason != quarantine.UnknownAction {
		t.Errorf("the entry is %+v, %v", e, err)
	}
}
