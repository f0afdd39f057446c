package privacy_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/privacy"
	"leadline/shared/record"
	"leadline/shared/store"
)

func him() job.PersonParams {
	return job.PersonParams{Emails: []string{email}, Phones: []string{phone}}
}

type step = func(context.Context, job.Job) (job.Job, error)

// runs takes the steps of a job, saving it after each as the function work does.
func (w *world) runs(j job.Job, take step) (job.Job, int) {
	w.t.Helper()
	for steps := 1; steps < 5_000; steps++ {
		next, err := take(w.t.Context(), j)
		if err != nil {
			w.t.Fatalf("step %d: %v", steps, err)
		}
		next.Rev = j.Rev + 1
		w.must(w.jobs.UpdateJob(context.Background(), next))
		if j = next; j.Status.Final() {
			return j, steps
		}
	}
	w.t.Fatalf("it does not end: %s", j.Cursor)
	return j, 0
}

// without gives the counts but for what was looked at.
func without(counts map[string]int64, names ...string) map[string]int64 {
	counts = maps.Clone(counts)
	delete(counts, privacy.CountDone)
	for _, name := range names {
		delete(counts, name)
	}
	return counts
}

// exported reads the lines of an export: what each is about, and all of it.
func (w *world) exported(key string) (lines []string, text string) {
	w.t.Helper()
	file, err := w.payloads.Get(w.t.Context(), key)
	w.must(err)
	z, err := gzip.NewReader(bytes.NewReader(file))
	w.must(err)
	s := bufio.NewScanner(z)
	for s.Buffer(nil, 1<<20); s.Scan(); {
		var l struct {
			Kind, Connection, Object, ID string
			Data                         struct {
				Rev  int64
				Rows []struct{ Index int }
				Row  int
			}
		}
		w.must(json.Unmarshal(s.Bytes(), &l))
		id, to, _ := strings.Cut(l.ID, "-")
		if name := w.names[id]; name != "" {
			id = name
		}
		about := []string{l.Kind, l.Connection, l.Object, id}
		switch l.Kind {
		case "history":
			about = append(about, fmt.Sprint(l.Data.Rev))
		case "payload", "quarantine":
			if l.Connection == client { // the ids of batches say nothing
				about[3] = ""
			}
			for _, r := range l.Data.Rows {
				about = append(about, fmt.Sprint("row ", r.Index))
			}
			if l.Data.Row > 0 {
				about = append(about, fmt.Sprint("row ", l.Data.Row))
			}
		case "delivery":
			about = append(about, to)
		case "audit":
			about[3] = ""
		}
		lines = append(lines, strings.Join(strings.Fields(strings.Join(about, " ")), " "))
		text += s.Text() + "\n"
	}
	w.must(s.Err())
	slices.Sort(lines)
	return lines, text
}

// his is what an export of Joe holds.
func his() []string {
	return []string{
		"audit",
		"delivery lead_joe/1 dst_000000000001",
		"delivery lead_joe/1 dst_000000000002", // of a destination that was deleted
		"delivery lead_joe/2 dst_000000000001", // by the webhook that it came from
		"delivery lead_joe/30 dst_000000000001",
		"delivery noIDAnn dst_000000000001", // what the receiver answered
		"history conn_crm lead lead_joe 1",
		"history conn_crm lead lead_joe 2",
		"history conn_crm lead lead_large 1",
		"history conn_crm opportunity oppo_ann 1", // these two only: the record is Ann's now
		"history conn_crm opportunity oppo_ann 2",
		"history conn_crm task task_joe 1",
		"history conn_crm task task_joe 2",
		"history conn_zclient contacts 40 1",
		"history conn_zclient contacts 7 1",
		"history conn_zclient contacts 7 2",
		"history conn_zclient contacts 9 1",
		"history conn_zclient contacts 9 2",
		"history conn_zclient contacts 9 3",
		"history conn_zclient numbers 1 1",
		"payload conn_crm lead_joe/1",
		"payload conn_crm lead_joe/2",
		"payload conn_crm lead_joe/30",
		"payload conn_crm lead_joe/3540",
		"payload conn_crm lead_large/10",
		"payload conn_crm noID",
		"payload conn_crm oppo_ann/5",
		"payload conn_crm task_joe/7",
		"payload conn_crm task_joe/9",
		"payload conn_zclient contacts row 0",
		"payload conn_zclient contacts row 0",
		"payload conn_zclient contacts row 0",
		"payload conn_zclient contacts row 0 row 1",
		"payload conn_zclient contacts row 1",
		"payload conn_zclient contacts row 7 row 9",
		"payload conn_zclient numbers row 0",
		"person per_joe",
		"quarantine conn_crm lead_joe/3540",
		"quarantine conn_crm noID",
		"quarantine conn_zclient contacts row 1",
		"quarantine conn_zclient contacts row 2",
		"record conn_crm lead lead_joe",
		"record conn_crm lead lead_large",
		"record conn_crm task task_joe",
		"record conn_zclient contacts 40",
		"record conn_zclient contacts 7",
		"record conn_zclient contacts 9",
		"record conn_zclient numbers 1",
	}
}

func TestExport(t *testing.T) {
	for _, budget := range []int{400, 7, 1} {
		w := newWorld(t)
		w.plant(theirs)
		w.plant(ours)
		before, others := w.dump(ours), w.dump(theirs)
		w.SetBudget(budget)
		j, steps := w.runs(w.job(ours, jobID, job.Export, job.Running, him()), w.Export)
		if budget == 1 && steps < 15 || budget == 400 && steps > 4 {
			t.Errorf("%d steps with a budget of %d", steps, budget)
		}
		var result privacy.Result
		w.must(json.Unmarshal(j.Result, &result))
		if j.Status != job.Done || result.File != "exports/"+ours+"/"+jobID+".ndjson.gz" || result.Bytes == 0 || len(result.Files) > 0 {
			t.Fatalf("%s %s", j.Status, j.Result)
		}
		lines, text := w.exported(result.File)
		if diff := cmp.Diff(his(), lines); diff != "" {
			t.Errorf("budget %d: %s", budget, diff)
		}
		for _, there := range []string{"secret of his", "boilerplate", "Zebulon Quark, the elder", `"name":"laptop"`, `"row":{"id":7,`, "of the future"} {
			if !strings.Contains(text, there) {
				t.Errorf("budget %d: the export has no %q", budget, there)
			}
		}
		for _, foreign := range []string{"hashorg", "c8@example.com", `"Call Ann"`, theirs} {
			if strings.Contains(text, foreign) {
				t.Errorf("budget %d: the export has %q", budget, foreign)
			}
		}
		counts := map[string]int64{}
		for _, l := range lines {
			kind, _, _ := strings.Cut(l, " ")
			counts[map[string]string{"record": "records", "payload": "payloads", "delivery": "deliveries", "person": "people"}[kind]]++
		}
		if j.Counts["records"] != counts["records"] || j.Counts["payloads"] != counts["payloads"] || j.Counts["deliveries"] != counts["deliveries"] || j.Counts["people"] != 1 {
			t.Errorf("counts %v", j.Counts)
		}
		after := w.dump(ours)
		delete(after, "blob "+result.File)
		delete(after, "job "+jobID)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the export changed something: %s", diff)
		}
		if diff := cmp.Diff(others, w.dump(theirs)); diff != "" {
			t.Errorf("the export changed another organization: %s", diff)
		}
	}
}

// isHis tells whether an item is one that an erasure of Joe may change, by what it was before.
func (w *world) isHis(name, text string) bool {
	kind, id, _ := strings.Cut(name, " ")
	id, row, _ := strings.Cut(id, "-")
	switch what := w.names[id]; {
	case kind == "delivery" && (strings.HasPrefix(what, "lead_joe/") || what == "noIDAnn"),
		kind == "entry" && (strings.HasPrefix(what, "lead_joe/") || what == "noID" || what == "broken" && row != "00000003"):
		return true
	}
	if len(showsJoe(map[string]string{name: text})) > 0 {
		return true
	}
	for _, id := range []string{"lead_joe", "task_joe", "lead_large", "contacts 7", "contacts 9", "contacts 40", "numbers 1"} {
		if strings.Contains(name, id) || strings.Contains(text, id) && !strings.HasPrefix(name, "batch") {
			return true
		}
	}
	for _, start := range []string{`{"id":7,`, `{"id":"7"`, `{"id":9,`, `{"id": 9,`} {
		if strings.HasPrefix(name, "body") && strings.HasPrefix(text, start) {
			return true
		}
	}
	return strings.HasPrefix(name, "blob archive/") || strings.HasPrefix(name, "blob uploads/") || name == "key key_0" || name == "schema conn_zclient contacts"
}

// erased checks that nothing is left of Joe, and that everything else is as it was.
func (w *world) erased(before, others map[string]string) {
	t := w.t
	t.Helper()
	after := w.dump(ours)
	for _, name := range showsJoe(after) {
		t.Errorf("%s still shows him: %.300s", name, after[name])
	}
	for name, text := range before {
		if now, there := after[name]; now != text && !w.isHis(name, text) {
			t.Errorf("%s is not his, and changed from %.300s to %.300s (%t)", name, text, now, there)
		}
	}
	for name := range after {
		_, was := before[name]
		tombstone := strings.HasPrefix(name, "row ") && w.isHis(name, "")
		meanwhile := after[name] == `{"erased":true}` || strings.HasPrefix(name, "index ")
		if !was && !tombstone && !meanwhile && !strings.HasPrefix(name, "job ") {
			t.Errorf("%s is new: %.300s", name, after[name])
		}
	}
	if diff := cmp.Diff(others, w.dump(theirs)); diff != "" {
		t.Errorf("the erasure changed another organization: %s", diff)
	}
	for _, key := range []record.Key{
		{Connection: crm, Object: "lead", ID: "lead_joe"}, {Connection: crm, Object: "task", ID: "task_joe"},
		{Connection: client, Object: "contacts", ID: "7"}, {Connection: client, Object: "contacts", ID: "9"},
	} {
		key.Organization = ours
		r, err := w.records.Get(t.Context(), key)
		w.must(err)
		if !r.Erased || !r.Deleted || len(r.Fields)+len(r.Large) > 0 || r.Source.Kind != "erasure" || r.Source.Payload != (record.PayloadRef{}) {
			t.Errorf("%v is no tombstone: %+v", key, r)
		}
		rows, _, err := w.rows.List(t.Context(), key, store.Page{Limit: 100})
		w.must(err)
		if len(rows) != 1 || rows[0].Rev != r.Rev || len(rows[0].Changes) > 0 || !rows[0].Erased {
			t.Errorf("%v has the history %+v", key, rows)
		}
	}
}

func TestErase(t *testing.T) {
	for _, budget := range []int{400, 7, 1} {
		w := newWorld(t)
		w.plant(theirs)
		w.plant(ours)
		before, others := w.dump(ours), w.dump(theirs)
		if n := len(showsJoe(before)); n < 45 {
			t.Fatalf("only %d items show him: the test has nothing to erase", n)
		}
		w.SetBudget(budget)
		j, _ := w.runs(w.job(ours, jobID, job.Erase, job.Running, him()), w.Erase)
		if j.Status != job.Done || string(j.Params) != "{}" || string(j.Result) != `{"passes":2}` {
			t.Fatalf("%s %s %s %s", j.Status, j.Params, j.Result, j.Problem)
		}
		want := map[string]int64{"records": 7, "history": 14, "payloads": 16, "quarantine": 4, "deliveries": 5, "people": 1, "examples": 2, "uploads": 1,
			"jobs": 1, "large_fields": 1, "large_fields_kept": 1}
		if diff := cmp.Diff(want, without(j.Counts)); diff != "" {
			t.Errorf("budget %d: counts: %s", budget, diff)
		}
		w.erased(before, others)
		after := w.dump(ours)
		for name, there := range map[string]bool{"person per_joe": false, "person per_ann": true, "key key_0": true,
			"blob exports/" + ours + "/job_export_joe.ndjson.gz": false, "blob exports/" + ours + "/job_export_ann.ndjson.gz": true} {
			if _, is := after[name]; is != there {
				t.Errorf("%s: %t", name, is)
			}
		}
		for id, revoked := range map[string]bool{"key_0": true, "key_1": false} {
			key, err := w.members.APIKeyByID(t.Context(), ours, id)
			if w.must(err); key.RevokedAt.IsZero() == revoked {
				t.Errorf("%s is revoked at %v", id, key.RevokedAt)
			}
		}
		j, _ = w.runs(w.job(ours, "job_again", job.Erase, job.Running, him()), w.Erase)
		if counts := without(j.Counts); len(counts) > 0 || j.Status != job.Done {
			t.Errorf("the second erasure found %v, %s", counts, j.Status)
		}
		if diff := cmp.Diff(after, without2(w.dump(ours), "job job_again")); diff != "" {
			t.Errorf("the second erasure changed something: %s", diff)
		}
	}
}

func without2(items map[string]string, name string) map[string]string {
	delete(items, name)
	return items
}

// dying is a context that ends after so many questions, for good.
type dying struct {
	context.Context
	left int
}

func (d *dying) Err() error {
	if d.left--; d.left < 0 {
		return context.Canceled
	}
	return nil
}

// survives has a job crash after so many requests, and then again and again, until it ends. It tells how often it crashed.
func (w *world) survives(j job.Job, take step, requests int) (job.Job, int) {
	w.t.Helper()
	crashes := 0
	for range 500 {
		ctx := &dying{context.Background(), requests}
		next, err := take(ctx, j)
		if err != nil {
			if !fault.Is(err, fault.Unavailable) {
				w.t.Fatalf("after %d requests: %v", requests, err)
			}
			crashes, requests = crashes+1, requests+7 // so that it ends
			continue
		}
		next.Rev = j.Rev + 1
		w.must(w.jobs.UpdateJob(context.Background(), next))
		if j = next; j.Status.Final() {
			return j, crashes
		}
	}
	w.t.Fatalf("it does not end: %s", j.Cursor)
	return j, 0
}

// TestCrashes has both jobs crash at requests all over them.
func TestCrashes(t *testing.T) {
	crashes := 0
	for requests := 1; requests < 300; requests += 11 {
		w := newWorld(t)
		w.plant(theirs)
		w.plant(ours)
		before, others := w.dump(ours), w.dump(theirs)
		w.SetBudget(10 + requests%200)
		j, crashed := w.survives(w.job(ours, jobID, job.Export, job.Running, him()), w.Export, requests)
		lines, _ := w.exported("exports/" + ours + "/" + jobID + ".ndjson.gz")
		if diff := cmp.Diff(his(), lines); diff != "" {
			t.Fatalf("the export after a crash at %d: %s", requests, diff)
		}
		w.must(w.payloads.Delete(t.Context(), "exports/"+ours+"/"+jobID+".ndjson.gz"))
		crashes += crashed
		j, crashed = w.survives(w.job(ours, "job_erase", job.Erase, job.Running, him()), w.Erase, requests)
		crashes += crashed
		if j.Status != job.Done || string(j.Params) != "{}" {
			t.Fatalf("%s %s", j.Status, j.Params)
		}
		w.erased(before, others)
		if t.Failed() {
			t.Fatalf("after a crash at %d", requests)
		}
	}
	if crashes < 50 {
		t.Errorf("only %d crashes: the test does not test", crashes)
	}
}
