package privacy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/intake"
	"leadline/shared/job"
	"leadline/shared/record"
	"leadline/shared/store"
)

// A page that was read from a provider holds the records of many: an export of one must not show the others, and an
// erasure must leave nothing of the one.
func TestAPageOfManyPeople(t *testing.T) {
	const page = `{"data":[{"id":"cont_joe","emails":[{"email":"joe.doe@example.com"}]},{"id":"cont_eve","emails":[{"email":"eve@example.com"}]}]}`
	w := newWorld(t)
	w.plant(ours)
	conns, _, err := w.tenancy.Connections(t.Context(), ours, store.Page{Limit: 10})
	w.must(err)
	crm := conns[0]
	for _, c := range conns {
		if c.Connector == "close" {
			crm = c
		}
	}
	in := intake.New(intake.Options{Records: w.records, Intake: w.intake, Schemas: w.schemas, Batches: w.batches, Journal: w.journal, Payloads: w.payloads,
		Connectors: connector.NewRegistry(connectors.All()...), ClockGuard: 5 * time.Minute, Now: func() time.Time { return w.now }})
	contact := func(id, email string) record.Change {
		return record.Change{Object: "contact", ID: id, Kind: record.Upsert, Version: record.VersionAt(noon.Add(-time.Hour), 1),
			Fields: record.Fields{"id": json.RawMessage(`"` + id + `"`), "emails": json.RawMessage(`[{"email":"` + email + `"}]`)}}
	}
	_, err = in.ProcessPage(t.Context(), intake.Page{Organization: ours, Connection: crm.ID, Connector: "close", Object: "contact", Name: "page 1", ReadAt: noon, Since: noon.Add(-time.Minute),
		Raw: []byte(page), Changes: []record.Change{contact("cont_joe", "joe.doe@example.com"), contact("cont_eve", "eve@example.com")}})
	w.must(err)

	j, _ := w.runs(w.job(ours, jobID, job.Export, job.Running, him()), w.Export)
	var result struct{ File string }
	w.must(json.Unmarshal(j.Result, &result))
	_, text := w.exported(result.File)
	if !strings.Contains(text, "cont_joe") || strings.Contains(text, "eve@example.com") {
		t.Errorf("the export has him: %t, and another: %t", strings.Contains(text, "cont_joe"), strings.Contains(text, "eve@example.com"))
	}
	if j, _ = w.runs(w.job(ours, "job_erase_him", job.Erase, job.Running, him()), w.Erase); j.Status != job.Done {
		t.Fatalf("the erasure is %s", j.Status)
	}
	for name, item := range w.dump(ours) {
		if strings.Contains(item, "joe.doe@example.com") && !strings.HasPrefix(name, "job ") && !strings.HasPrefix(name, "blob exports/") {
			t.Errorf("%s still names him", name)
		}
	}
	if eve, err := w.records.Get(t.Context(), record.Key{Organization: ours, Connection: crm.ID, Object: "contact", ID: "cont_eve"}); err != nil || eve.Deleted {
		t.Errorf("another's record: %+v, %v", eve.Deleted, err)
	}
}
