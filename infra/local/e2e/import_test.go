package e2e_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestImport imports 10,000 records at five requests a second for each group of endpoints, while processes that read are
// killed ten times at random. It must end in the sandbox's exact contents, without a 429, and with no more pages read twice
// than processes were killed.
func TestImport(t *testing.T) {
	t.Parallel()
	const records, kills = 10_000, 10
	// What a killed process was given comes again after twelve minutes of queue time.
	s := start(t, t.TempDir(), "--queue-speed", "8")
	s.logged(t)
	crm := startSandbox(t, "-records", "10000")
	p := connect(t, s, crm, "importer", crm.key(t, "Admin"))

	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("kills by the seed %d", first)
	random := rand.New(rand.NewPCG(first, 4))
	id := p.begin(t, "imports", struct{}{})
	watch := &watcher{provider: p, id: id}
	for killed := 0; killed < kills; {
		pause := time.NewTimer(time.Duration(random.Int64N(int64(3 * time.Second))))
		for waits := true; waits; {
			select {
			case <-pause.C:
				waits = false
			case <-time.After(250 * time.Millisecond):
				watch.look(t)
			}
		}
		if watch.last.final() {
			t.Fatalf("the import was over after %d kills: %s", killed, shown(watch.last))
		}
		if p.kill(t, "fetch") {
			killed++
		}
	}
	killedFor := time.Since(watch.last.CreatedAt)
	for deadline := time.Now().Add(runLimit); !watch.last.final(); time.Sleep(250 * time.Millisecond) {
		if watch.look(t); time.Now().After(deadline) {
			t.Fatalf("the import has not ended: %s", shown(watch.last))
		}
	}
	run := p.ended(t, id)
	took := run.FinishedAt.Sub(run.CreatedAt)
	if !watch.estimated || watch.looks < 5 {
		t.Errorf("looked at %d times, the import never told its rate and its estimated end", watch.looks)
	}

	d := p.same(t)
	if d.total < records {
		t.Errorf("%d records were compared", d.total)
	}
	p.checkReport(t, run)
	requests := crm.requests(t, "/api/v1/")
	refused := 0
	for _, r := range requests {
		if r.Status == http.StatusTooManyRequests {
			refused++
		} else if r.Status >= 300 {
			t.Errorf("%s %s?%s: %d", r.Method, r.Path, r.Query, r.Status)
		}
	}
	if refused > 0 {
		t.Errorf("%d requests were refused as too many: %+v", refused, crm.stats(t).Groups)
	}
	pages, again := pagesOf(t, requests)
	if again > kills {
		t.Errorf("%d pages were read twice, %d processes were killed", again, kills)
	}
	if n := p.told(t, "import_done", "connections/"+p.id+"/runs/"+id); n.Table == nil || len(n.Table.Rows) != run.Progress.Total {
		t.Errorf("the notice: %+v", n)
	}
	t.Logf("%d records in %s, %.0f a second, with %d kills in the first %s; %d requests, %.1f a second; %d of %d pages read twice",
		d.total, took.Round(time.Second), float64(d.total)/took.Seconds(), kills, killedFor.Round(time.Second), len(requests), float64(len(requests))/took.Seconds(), again, pages)
}

// kill kills a process of a function that is at work. It tells whether there was one.
func (s *system) kill(t *testing.T, function string) bool {
	t.Helper()
	res, err := http.Post(s.Control+"/kill?function="+url.QueryEscape(function), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Killed bool }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("kill: %d %v", res.StatusCode, err)
	}
	return answer.Killed
}

// watcher looks at a run again and again, as a person does, and demands that what it shows makes sense.
type watcher struct {
	*provider
	id        string
	last      apiRun
	looks     int
	estimated bool
}

func (w *watcher) look(t *testing.T) {
	t.Helper()
	before := w.last
	w.last = w.run(t, w.id)
	w.looks++
	now, c := w.last.Progress, w.last.Progress.Counts
	if now.Requests < before.Progress.Requests || c.Fetched < before.Progress.Counts.Fetched || now.Done < before.Progress.Done {
		t.Errorf("the run went back from %+v to %+v", before.Progress, now)
	}
	if sum := c.stored() + c.Unchanged + c.Newer + c.Refused; sum != c.Fetched {
		t.Errorf("%d records were fetched, and %d of them came to something: %+v", c.Fetched, sum, c)
	}
	if now.Done > now.Total || len(w.last.Objects) != now.Total || !w.last.final() && now.Done == now.Total && before.Progress.Done == now.Total {
		t.Errorf("%d of %d objects are done, %d are shown", now.Done, now.Total, len(w.last.Objects))
	}
	w.estimated = w.estimated || now.PerMinute > 0 && now.EstimatedEnd != nil && !w.last.final()
}

// checkReport holds the verification report of a run against the sandbox.
func (p *provider) checkReport(t *testing.T, run apiRun) {
	t.Helper()
	if run.Report == nil || !run.Report.Agrees {
		t.Fatalf("the report: %s", shown(run.Report))
	}
	counts := map[string]int64{}
	for _, object := range p.crm.objects(t) {
		counts[object] = int64(len(p.crm.contents(t, object)))
	}
	for _, o := range run.Report.Objects {
		want, known := counts[o.Object]
		delete(counts, o.Object)
		if o.Difference != 0 || o.How == "" || o.Source != o.Stored || known && o.Source != want {
			t.Errorf("%s: there are %d, the report has %+v", o.Object, want, o)
		}
	}
	if len(counts) > 0 {
		t.Errorf("not in the report: %v", counts)
	}
}

// pagesOf counts the pages of records that people work on, and how many were read again. Lists that are read whole are left
// out, for looking after a connection reads them, too, and so is what only counts.
func pagesOf(t *testing.T, requests []crmRequest) (pages, again int) {
	t.Helper()
	times := map[string]int{}
	for _, r := range requests {
		path := strings.TrimPrefix(r.Path, "/api/v1/")
		query, err := url.ParseQuery(r.Query)
		if err != nil {
			t.Fatal(err)
		}
		counts := query.Get("_limit") == "1" || strings.Contains(r.Body, `"results_limit":0`)
		if counts || r.Status != http.StatusOK || !slices.ContainsFunc([]string{"data/search/", "opportunity/", "task/", "activity/"}, func(list string) bool { return strings.HasPrefix(path, list) }) {
			continue
		}
		times[r.Method+path+r.Query+r.Body]++
	}
	for _, n := range times {
		again += n - 1
	}
	return len(times), again
}
