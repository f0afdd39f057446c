package main

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"leadline/shared/blob"
	"leadline/shared/job"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

// TestJobsAboutAPerson runs an export and an erasure as the function is wired. The pause between the passes is not waited
// for in earnest.
func TestJobsAboutAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, payloads := newWorld(t), blob.NewMemory()
		members := memory.NewMembers(w.tenancy)
		p := parts{Records: memory.NewRecords(), History: memory.NewHistory(), Intake: memory.NewIntake(), Schemas: memory.NewSchemas(),
			Batches: memory.NewBatches(), Tenancy: w.tenancy, Members: members, Roster: memory.NewRoster(w.tenancy), Payees: memory.NewPayees(w.tenancy), Disputes: memory.NewDisputes(w.tenancy), Logins: memory.NewLogins(w.tenancy), Destinations: memory.NewDestinations(w.tenancy),
			Deliveries: memory.NewDeliveries(), Journal: w.journal, Jobs: w.jobs, Payloads: payloads, Inbox: w, Outbox: w}
		w.kinds = p.kinds()
		err := errors.Join(w.tenancy.CreateOrganization(t.Context(), tenant.Organization{ID: organization, CreatedAt: noon, Rev: 1}),
			members.CreatePerson(t.Context(), tenant.Person{ID: "per_1", Organization: organization, Email: "joe@example.com", Rev: 1}, nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []job.Kind{job.Export, job.Erase} {
			id := "job_" + string(k)
			w.create(job.Job{ID: id, Kind: k, Params: json.RawMessage(`{"emails":["Joe@example.com"]}`)})
			if !w.handle(t.Context(), message(id, 1)) {
				t.Fatal(w.log.String())
			}
			if j := w.job(id); j.Status != job.Done || j.Counts["people"] != 1 {
				t.Errorf("the %s is %+v", k, j)
			}
			if keys, want := payloads.Keys(), "exports/"+organization+"/job_export.ndjson.gz"; slices.Contains(keys, want) != (k == job.Export) {
				t.Errorf("after the %s: %v", k, keys)
			}
		}
		for _, id := range []string{"job_export", "job_erase"} {
			if params := string(w.job(id).Params); strings.Contains(params, "oe@") {
				t.Errorf("%s still says whom it was about: %s", id, params)
			}
		}
		if notices := w.notices(); len(notices) != 2 {
			t.Errorf("notices %+v", notices)
		}
	})
}
