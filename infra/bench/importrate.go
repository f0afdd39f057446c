package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
	"leadline/shared/blob"
	"leadline/shared/connector"
	"leadline/shared/connector/rest"
	"leadline/shared/connectors"
	"leadline/shared/intake"
	"leadline/shared/notice"
	"leadline/shared/ratelimit"
	"leadline/shared/store/memory"
	"leadline/shared/syncing"
	"leadline/shared/syncing/control"
	"leadline/shared/syncing/engine"
	"leadline/shared/tenant"
)

// minShare is the part of the allowed requests that an import must make.
const minShare = 0.90

const (
	// workers is how many invocations of fetch there are at once, as the stack declares it.
	workers = 10
	// fetchTime is how long each may take.
	fetchTime = 120 * time.Second
	// manyRecords are more records than are read in the time of a measurement.
	manyRecords = 1_000_000
)

// The names under which it is imported here.
const (
	benchOrganization = "org_0a1b2c3d4e5f"
	benchConnection   = "conn_0a1b2c3d4e5f"
)

// importer is the real engine over memory, with the real way to a sandbox.
type importer struct {
	engine  *engine.Engine
	control *control.Controller
	tenancy *memory.Tenancy
	syncs   *memory.Syncs
	client  *rest.Client
	queue   chan []byte
}

// newImporter makes one with a connection to a sandbox's base URL.
func newImporter(ctx context.Context, base string) (*importer, error) {
	tenancy := memory.NewTenancy()
	m := &importer{tenancy: tenancy, syncs: memory.NewSyncs(tenancy), queue: make(chan []byte, 1000)}
	conn := tenant.Connection{ID: benchConnection, Organization: benchOrganization, Connector: "close", Name: "sandbox", Status: tenant.Active, Hook: "h",
		BaseURL: base, CreatedAt: time.Now().UTC(), Rev: 1}
	if err := tenancy.CreateOrganization(ctx, tenant.Organization{ID: benchOrganization}); err != nil {
		return nil, err
	}
	if err := tenancy.CreateConnection(ctx, conn, tenant.Hook{TokenHash: "h", Organization: benchOrganization, Connection: benchConnection}, nil); err != nil {
		return nil, err
	}
	registry := connector.NewRegistry(connectors.All()...)
	limiter := ratelimit.New(ratelimit.Options{Store: memory.NewLimits()})
	var err error
	m.client, err = rest.New(rest.Options{AllowLoopback: true}).Client(rest.Config{Organization: benchOrganization, Connection: benchConnection, Title: "Close",
		API: *registry["close"].API, BaseURL: base, Limiter: limiter, Authorizer: rest.Fixed{Kind: connector.APIKey, Text: server.AdminKey}})
	if err != nil {
		return nil, err
	}
	records, schemas, payloads := memory.NewRecords(), memory.NewSchemas(), blob.NewMemory()
	m.control = control.New(control.Options{Outbox: control.Outbox{Queue: m, Due: memory.NewDue(), Now: time.Now}, Syncs: m.syncs, Connectors: registry, Random: rand.Reader})
	pages := intake.New(intake.Options{Records: records, Intake: memory.NewIntake(), Schemas: schemas, Batches: memory.NewBatches(), Journal: memory.NewJournal(),
		Payloads: payloads, Connectors: registry, Reread: m.control, ClockGuard: 5 * time.Minute, SchemaCache: time.Minute, Now: time.Now})
	m.engine = engine.New(engine.Options{Syncs: m.syncs, Tenancy: tenancy, Members: memory.NewMembers(tenancy), Records: records, Schemas: schemas, Payloads: payloads,
		Pages: pages, Logins: m, Control: m.control, Tell: func(context.Context, notice.Notice) error { return nil }, Connectors: registry, Now: time.Now, Random: rand.Reader})
	return m, nil
}

// Client gives the one client. With Revoked, it is engine.Options.Logins.
func (m *importer) Client(context.Context, tenant.Connection) (engine.Client, error) {
	return m.client, nil
}

// Revoked ends what cannot be: the sandbox takes the key.
func (m *importer) Revoked(_ context.Context, _ tenant.Connection, cause error) error {
	return fmt.Errorf("the sandbox refuses its own key: %w", cause)
}

// Send and SendAfter are the fetch queue.
func (m *importer) Send(_ context.Context, _ string, body []byte) error {
	m.queue <- body
	return nil
}

// SendAfter sends later.
func (m *importer) SendAfter(_ context.Context, _ string, body []byte, delay time.Duration) error {
	time.AfterFunc(delay, func() { m.queue <- body })
	return nil
}

// start begins an import of some objects; none are all.
func (m *importer) start(ctx context.Context, objects []string) (run string, err error) {
	conn, err := m.tenancy.Connection(ctx, benchOrganization, benchConnection)
	if err != nil {
		return "", err
	}
	r, streams, err := m.control.Prepare(ctx, conn, syncing.Plan{Kind: syncing.Import, Mode: syncing.Full, Objects: objects}, "bench")
	if err != nil {
		return "", err
	}
	return r.ID, m.control.Store(ctx, r, streams, nil)
}

// work processes messages until ctx ends, as so many invocations at once do.
func (m *importer) work(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case body := <-m.queue:
					if err := m.one(ctx, body); err != nil && ctx.Err() == nil {
						cancel(err)
					}
				}
			}
		})
	}
	all.Wait()
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return cause
	}
	return nil
}

func (m *importer) one(ctx context.Context, body []byte) error {
	message, err := syncing.Decode(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	return m.engine.Process(ctx, message)
}

// pace is what an import reached.
type pace struct {
	records, requests float64 // a second
	// share is the part of the allowed requests that were made.
	share   float64
	refused int
	took    time.Duration
}

// sandboxed starts a sandbox with a limit and an import from it. The caller closes the sandbox's door.
func sandboxed(ctx context.Context, rps float64, records int, objects []string) (*server.Server, *httptest.Server, *importer, string, error) {
	s := server.New(server.Options{Options: crm.Options{Seed: 1, Records: records}, RPS: rps})
	door := httptest.NewServer(s)
	m, err := newImporter(ctx, door.URL+"/api/v1")
	if err != nil {
		door.Close()
		return nil, nil, nil, "", err
	}
	run, err := m.start(ctx, objects)
	if err != nil {
		door.Close()
		return nil, nil, nil, "", err
	}
	return s, door, m, run, nil
}

// fetched is how many records a run has read.
func (m *importer) fetched(ctx context.Context, run string) (n int64, err error) {
	streams, err := m.syncs.Streams(ctx, benchOrganization, run)
	for _, one := range streams {
		n += one.Counts.Fetched
	}
	return n, err
}

// learning is how long the first requests take in which the limiter learns a limit. One above the connector's own is not
// believed for longer, for the window is not known.
func learning(rps float64) time.Duration {
	declared := connectors.All()[0].API.Limits[0]
	if rps > float64(declared.Requests)/declared.Window.Seconds() {
		return 30 * time.Second
	}
	return 6 * time.Second
}

// oneObject reads one object, which does not end, for a while behind the learning.
func oneObject(ctx context.Context, rps float64, object string, long time.Duration) (pace, error) {
	s, door, m, run, err := sandboxed(ctx, rps, manyRecords, []string{object})
	if err != nil {
		return pace{}, err
	}
	defer door.Close()
	limited, cancel := context.WithTimeout(ctx, learning(rps)+long)
	defer cancel()
	begin := time.Now().Add(learning(rps))
	before, failed := int64(0), error(nil)
	counted := make(chan struct{})
	time.AfterFunc(learning(rps), func() {
		before, failed = m.fetched(ctx, run)
		close(counted)
	})
	err = m.work(limited)
	<-counted
	if err = errors.Join(err, failed, ctx.Err()); err != nil {
		return pace{}, err
	}
	after, err := m.fetched(ctx, run)
	if err != nil {
		return pace{}, err
	}
	p := pace{records: float64(after-before) / long.Seconds(), took: long}
	for _, one := range s.Requests() {
		switch {
		case one.Status == http.StatusTooManyRequests:
			p.refused++
		case !one.Time.Before(begin) && one.Time.Before(begin.Add(long)):
			p.requests++
		}
	}
	p.requests /= long.Seconds()
	p.share = p.requests / rps
	return p, nil
}

// allObjects imports all of a sandbox.
func allObjects(ctx context.Context, rps float64, records int) (pace, error) {
	s, door, m, run, err := sandboxed(ctx, rps, records, nil)
	if err != nil {
		return pace{}, err
	}
	defer door.Close()
	begin := time.Now()
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- m.work(limited) }()
	for {
		r, err := m.syncs.Run(ctx, benchOrganization, benchConnection, run)
		if err != nil {
			return pace{}, err
		}
		if r.Status.Final() {
			break
		}
		select {
		case err := <-ended:
			return pace{}, errors.Join(err, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	p := pace{took: time.Since(begin)}
	n, err := m.fetched(ctx, run)
	if err != nil {
		return pace{}, err
	}
	busiest := 0
	for _, c := range s.Counts() {
		busiest = max(busiest, c.Requests-c.Refused)
		p.refused += c.Refused
		p.requests += float64(c.Requests)
	}
	p.records, p.requests = float64(n)/p.took.Seconds(), p.requests/p.took.Seconds()
	p.share = float64(busiest) / rps / p.took.Seconds()
	return p, nil
}

// importRates prints how fast an import is by the limit of the provider.
func (b *bench) importRates(ctx context.Context) error {
	rates, err := b.rateList()
	if err != nil {
		return err
	}
	t := table{heading: []string{"import of", "limit", "seconds", "records a second", "requests a second", "of the limit", "refused (429)"}}
	add := func(what string, rps float64, p pace, judged bool) {
		t.add(what, fmt.Sprintf("%g/s", rps), fmt.Sprintf("%.0f", p.took.Seconds()), fmt.Sprintf("%.0f", p.records), fmt.Sprintf("%.1f", p.requests), percent(p.share), fmt.Sprint(p.refused))
		if judged {
			b.targets = append(b.targets, target{what: fmt.Sprintf("import of %s: share of %g requests a second", what, rps),
				want: ">= " + percent(minShare), got: percent(p.share), met: p.share >= minShare})
		}
	}
	for _, rps := range rates {
		b.out.progress("import: one object at %g requests a second", rps)
		p, err := oneObject(ctx, rps, "activity.call", b.importFor)
		if err != nil {
			return err
		}
		add("one object", rps, p, true)
	}
	// As many records as take the time of a measurement at the lowest limit: of the largest object, which is a ninth of all.
	records := int(rates[0] * b.importFor.Seconds() * 100 * 9)
	for i, rps := range rates {
		b.out.progress("import: %d records of all objects at %g requests a second", records, rps)
		p, err := allObjects(ctx, rps, records)
		if err != nil {
			return err
		}
		add("all objects", rps, p, i == 0)
	}
	b.out.title("How fast an import is")
	b.out.table(t)
	b.out.note(fmt.Sprintf("The engine, the intake, the connector, the limiter and the HTTP client as they are, %d at once, over stores in memory; the sandbox behind", workers),
		"loopback HTTP, in this process. The limit is of each group of endpoints, in windows of five seconds, and is learnt from answers. One object (calls)",
		fmt.Sprintf("is read for %v, behind the time in which the limit is learnt (6 s; 30 s where it is higher than the connector knows). All objects are an import", b.importFor),
		fmt.Sprintf("of %d records from its begin to its end: the share is of the group of endpoints that has the most requests, and at higher limits what this", records),
		"machine can do. Pages follow one another, for each names the next: a provider that takes 0.3 s for an answer gives an object three pages a second.")
	return nil
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// rateList reads the flag.
func (b *bench) rateList() ([]float64, error) {
	var rates []float64
	for text := range strings.SplitSeq(b.rates, ",") {
		var rate float64
		if _, err := fmt.Sscan(text, &rate); err != nil || rate <= 0 {
			return nil, fmt.Errorf("-rates %s: want numbers of requests a second, by commas", b.rates)
		}
		rates = append(rates, rate)
	}
	return rates, nil
}
