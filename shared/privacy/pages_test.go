package privacy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/job"
	"leadline/shared/record"
	"leadline/shared/store"
)

// page has intake store a page of leads and deals that was read from the CRM, as an import does.
func (w *world) page(name string, p intake.Page, rows ...string) {
	w.t.Helper()
	for i, row := range rows {
		var fields record.Fields
		if json.Unmarshal([]byte(row), &fields) != nil {
			continue
		}
		var id string
		w.must(json.Unmarshal(fields["id"], &id))
		object, _, _ := strings.Cut(id, "_")
		p.Changes = append(p.Changes, record.Change{Object: object, ID: id, Kind: record.Upsert, Version: record.VersionAt(w.now.Add(time.Duration(i-100)*time.Second), 1), Fields: fields})
	}
	p.Organization, p.Connection, p.Connector, p.Name, p.ReadAt, p.Since = ours, crm, "close", name, w.now, noon.Add(-50*time.Hour)
	in := intake.New(intake.Options{Records: w.records, Intake: w.intake, Schemas: w.schemas, Batches: w.batches, Journal: w.journal,
		Payloads: w.payloads, Connectors: connector.NewRegistry(connectors.All()...), ClockGuard: 5 * time.Minute, Now: func() time.Time { return w.now }})
	_, err := in.ProcessPage(w.t.Context(), p)
	w.must(err)
}

// TestPagesThatWereRead: of a page that was read from a CRM only the rows of the person are exported, and erased; those of
// others stay, and so does what was set aside of them.
func TestPagesThatWereRead(t *testing.T) {
	joe := `{"id":"lead_joe","name":"Zebulon Quark","contacts":[{"id":"cont_1","emails":["joe.doe@example.com"]}]}`
	named := `{"id":"deal_joe","note":"secret of his","lead_id":"lead_joe"}` // shows no address
	ann := `{"id":"lead_ann", "name":"Ann", "owner_id":"lead_joe"}`
	refused := []connector.RefusedRow{
		{ID: "lead_bad", Index: 1, Why: fault.New(fault.Invalid, "missing_version", "It has no date.")},
		{ID: "lead_worse", Index: 2, Why: fault.New(fault.Invalid, "missing_version", "It has no date.")}}
	bad, worse := `{"id":"lead_bad","name":"Bea"}`, `{"id":"lead_worse","name":"Zebulon","email":"joe.doe@example.com"}`
	person := him()
	person.Records = []job.RecordRef{{Connection: crm, Object: "deal", ID: "deal_joe"}}
	for name, form := range map[string]func(rows ...string) string{
		"a list":     func(rows ...string) string { return `{"has_more":false,"data":[` + strings.Join(rows, ", ") + `]}` },
		"bare":       func(rows ...string) string { return "[\n" + strings.Join(rows, ",\n") + "]" },
		"one by one": func(rows ...string) string { return strings.Join(rows, "\n") },
		"within": func(rows ...string) string {
			return `{"data":{"page":{"edges":[` + strings.Join(rows, ",") + `]}},"cursor":null}`
		},
		"of two lists": func(rows ...string) string {
			return `{"a":[` + rows[0] + `],"b":[` + strings.Join(rows[1:], ",") + `]}`
		},
		"of events": func(rows ...string) string {
			events := []string{}
			for i, row := range rows {
				var r struct{ ID string }
				if err := json.Unmarshal([]byte(row), &r); err != nil {
					panic(err)
				}
				events = append(events, fmt.Sprintf(`{"id":"ev_%d","object_id":%q,"data":%s}`, i, r.ID, row))
			}
			return `{"data":[` + strings.Join(events, ",") + `]}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, budget := range []int{400, 1} {
				w := newWorld(t)
				w.organization(ours)
				w.SetBudget(budget)
				w.page("run 1", intake.Page{Raw: []byte(form(joe, named, ann))}, joe, named, ann)
				w.page("run 2", intake.Page{Object: "lead", Raw: []byte(form(ann, bad, worse)), Refused: refused})
				w.runs(w.job(ours, "job_export", job.Export, job.Running, person), w.Export)
				_, text := w.exported("exports/" + ours + "/job_export.ndjson.gz")
				for _, his := range []string{joe, named, worse} {
					if !strings.Contains(text, strings.TrimSuffix(his, "}")) {
						t.Errorf("it lacks %s: %s", his, text)
					}
				}
				for _, others := range []string{`"Ann"`, `"Bea"`, "lead_bad"} {
					if strings.Contains(text, others) {
						t.Errorf("it shows %s of another: %s", others, text)
					}
				}
				if j := w.erase(person); j.Status != job.Done {
					t.Fatalf("erased %s %v", j.Status, j.Counts)
				}
				left := w.dump(ours)
				if shows := showsJoe(left); len(shows) > 0 {
					t.Errorf("left of him: %v", shows)
				}
				all := fmt.Sprint(left)
				for _, others := range []string{`"Ann"`, `"Bea"`} {
					if !strings.Contains(all, others) {
						t.Errorf("%s of another is gone: %s", others, all)
					}
				}
				entries, _, err := w.intake.Entries(t.Context(), ours, store.QuarantineFilter{}, store.Page{Limit: 10})
				if w.must(err); len(entries) != 1 || entries[0].Record != "lead_bad" {
					t.Errorf("set aside are %+v", entries)
				}
			}
		})
	}
}

// TestPagesWithoutRows go whole: nobody can tell whose they are.
func TestPagesWithoutRows(t *testing.T) {
	for _, raw := range []string{"id,name,email\n1,Zebulon,joe.doe@example.com\n", `{"data":"joe.doe@example.com"}`, `["joe.doe@example.com"]`} {
		w := newWorld(t)
		w.organization(ours)
		w.page("run", intake.Page{Object: "lead", Raw: []byte(raw), Refused: []connector.RefusedRow{{ID: "lead_x", Index: 7, Why: fault.New(fault.Invalid, "missing_version", "It has no date.")}}})
		if j := w.erase(him()); j.Counts["payloads"] != 1 {
			t.Errorf("%s: %v", raw, j.Counts)
		}
		if shows := showsJoe(w.dump(ours)); len(shows) > 0 {
			t.Errorf("%s: left %v", raw, shows)
		}
	}
}

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
