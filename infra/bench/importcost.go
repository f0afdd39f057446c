package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"sync"
	"time"

	"leadline/infra/local/eventsource"
	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

const (
	fetchQueue = "FetchQueue"
	// crmTime is how long a provider is taken to need for an answer.
	crmTime = 300 * time.Millisecond
	// crmRate is the limit whose turns fetch waits for, in requests a second of a group of endpoints.
	crmRate = 5
	// importPatience is how long an import here may take.
	importPatience = time.Hour
)

// crmDoor stands before a provider and notes the requests to it. Lambda is paid while a request waits for its turn, too: as the
// emulators' times do not count, the turns are those of a clock of the ledger, by which a group has one every so often.
type crmDoor struct {
	ledger *ledger
	to     http.Handler

	mu sync.Mutex
	// last is when in the invocation the last request was, next when each group has its next turn.
	last time.Duration
	next map[string]time.Duration
}

func (d *crmDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	behind := d.ledger.arrived()
	held := &held{header: w.Header(), status: http.StatusOK}
	d.to.ServeHTTP(held, r)
	c := call{part: forRecord, service: "provider", operation: "request", sent: int64(len(sent)), received: int64(held.body.Len()),
		usage: usage{transferOut: float64(len(sent) + len(r.URL.RequestURI()) + headBytes(r))}}
	d.ledger.answered(c, behind, d.turn(behind[viewAll], r.Method+" "+r.URL.Path)+crmTime)
	w.WriteHeader(held.status)
	_, _ = w.Write(held.body.Bytes()) // what fails here is the connection
}

// turn gives how long a request waits for its turn.
func (d *crmDoor) turn(now time.Duration, group string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now < d.last || d.next == nil { // another invocation, whose time begins at nothing
		d.next = map[string]time.Duration{}
	}
	d.last = now
	wait := max(0, d.next[group]-now)
	d.next[group] = now + wait + time.Second/crmRate
	return wait
}

// reader is an organization with a connection that logs in at a provider.
type reader struct {
	key, connection string
}

// connect makes one through the doors that everybody uses, and has the connection looked after.
func (l *lab) connect(ctx context.Context, o options, name, base string) (*reader, error) {
	c, err := l.found(ctx, o, name, false)
	if err != nil {
		return nil, err
	}
	r := &reader{key: c.key}
	var conn struct {
		ID string `json:"id"`
	}
	if err := create(ctx, l.baseURL+"/v1/connections", r.key, map[string]any{"connector": "close", "name": name, "base_url": base,
		"login": map[string]string{"kind": "api_key", "api_key": server.AdminKey}}, &conn); err != nil {
		return nil, err
	}
	r.connection = conn.ID
	return r, l.consume(ctx, fetchQueue, "fetch", 1)
}

// runState is what the API tells of a run.
type runState struct {
	ID       string
	Status   string
	Problem  string
	Progress struct {
		Requests int64
		Counts   struct {
			Fetched, Missing, Unchanged, Deleted, Refused int64
		}
	}
	FinishedAt *time.Time `json:"finished_at"`
}

// read has a connection do a run: what is "imports" or "reconciliations". Of what is counted, the API's own calls are left out.
func (l *lab) read(ctx context.Context, r *reader, what string, objects []string, each func()) (runState, error) {
	var state runState
	body := map[string]any{}
	if objects != nil {
		body["objects"] = objects
	}
	path := l.baseURL + "/v1/connections/" + url.PathEscape(r.connection)
	counted := l.ledger.pause()
	if err := accepted(ctx, path+"/"+what, r.key, body, &state); err != nil {
		return state, err
	}
	for begin := time.Now(); time.Since(begin) < importPatience; {
		l.ledger.count(counted)
		err := l.consume(ctx, fetchQueue, "fetch", 1)
		l.ledger.pause()
		if err != nil {
			return state, err
		}
		if each != nil {
			each()
		}
		if err := get(ctx, path+"/runs/"+state.ID, r.key, &state); err != nil {
			return state, err
		}
		if state.FinishedAt != nil {
			l.ledger.count(counted)
			if state.Status != "done" || state.Problem != "" || state.Progress.Counts.Refused > 0 {
				return state, fmt.Errorf("%s: the run is %s, %d refused. %s", what, state.Status, state.Progress.Counts.Refused, state.Problem)
			}
			return state, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return state, errors.New(what + ": the run does not end")
}

// accepted has the API begin something.
func accepted(ctx context.Context, url, key string, body, made any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	status, answer, err := post(ctx, http.DefaultClient, url, text, map[string]string{"Authorization": "Bearer " + key})
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("%s: %d %s", url, status, answer)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, made)
}

// get asks the API for something.
func get(ctx context.Context, url, key string, found any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %.500s", url, response.StatusCode, answer)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, found)
}

// importCost prints what an import costs.
func (b *bench) importCost(ctx context.Context) error {
	b.out.progress("import: an organization with a connection to a sandbox of %d records", b.imported)
	at, err := b.lab.serve(&crmDoor{ledger: b.lab.ledger, to: server.New(server.Options{Options: crm.Options{Seed: 1, Records: b.imported}})})
	if err != nil {
		return err
	}
	r, err := b.lab.connect(ctx, b.options, "importing", at+"/api/v1")
	if err != nil {
		return err
	}
	if b.position == nil {
		if b.position, err = eventsource.OpenCheckpoints(""); err != nil {
			return err
		}
	}
	if _, err := b.lab.stopFunctions(); err != nil { // what they did so far belongs to no line
		return err
	}
	var lines []priced
	var states []runState
	for _, one := range []struct{ name, what string }{{"first import", "imports"}, {"import again, nothing changed", "imports"}, {"reconciliation, nothing differs", "reconciliations"}} {
		b.out.progress("import: %s", one.name)
		var state runState
		line, err := b.measure(ctx, workload{name: one.name, unit: "record", units: 1,
			warm: func(ctx context.Context) error {
				_, err := b.lab.read(ctx, r, "imports", []string{"status.lead"}, nil)
				return err
			},
			run: func(ctx context.Context) (err error) {
				state, err = b.lab.read(ctx, r, one.what, nil, nil)
				return err
			}})
		if err != nil {
			return err
		}
		lines, states = append(lines, line), append(states, state)
	}
	if n := states[0].Progress.Counts.Missing; n < int64(b.imported)*9/10 {
		return fmt.Errorf("the first import brought %d records, want about %d", n, b.imported)
	}
	for i := range lines {
		lines[i].bill.units = int(states[0].Progress.Counts.Missing)
	}
	b.printImportCost(lines, states)
	return nil
}

// printImportCost prints calls and dollars by a thousand records.
func (b *bench) printImportCost(lines []priced, states []runState) {
	services := []string{"lambda", "sqs", "dynamodb", "s3", "kms", "logs", "transfer"}
	b.out.title("What a thousand imported records cost (%d records, list prices of %s, %s)", lines[0].bill.units, b.prices.Date, b.prices.Region)
	calls := table{heading: []string{"a thousand records of", "provider", "fetch runs", "its seconds", "DynamoDB", "write units", "read units", "S3 PUT", "S3 GET", "SQS", "logged"}}
	prices := table{heading: []string{"dollars", "Lambda", "SQS", "DynamoDB", "S3", "KMS", "logs", "out", "fetch", "with history", "a million"}}
	for i, line := range lines {
		thousand := func(n float64) float64 { return line.bill.perMillion(n) / 1000 }
		used, own := line.bill.usage(allIn()...), line.bill.usage(forRecord, forPayload, forLogs)
		var dynamo, sqs float64
		for _, one := range line.bill.list() {
			switch one.service {
			case "DynamoDB":
				dynamo += one.calls
			case "SQS":
				sqs += one.calls
			}
		}
		row := []string{line.name}
		for _, n := range []float64{float64(states[i].Progress.Requests), float64(line.bill.function("fetch").invocations),
			own[lambdaGBSeconds] * 1024 / float64(b.lab.functions["fetch"].MemoryMB), dynamo, used[dynamoWrites], used[dynamoReads], used[s3Writes], used[s3Reads], sqs} {
			row = append(row, quantity(thousand(n)))
		}
		calls.add(append(row, bytesOf(thousand(used[logsIngested])))...)
		row = []string{line.name}
		for _, service := range services {
			row = append(row, cents(thousand(b.prices.service(used, service))))
		}
		prices.add(append(row, cents(thousand(b.prices.of(own))), cents(thousand(b.prices.of(used))), dollars(line.bill.perMillion(b.prices.of(used))))...)
	}
	b.out.table(calls)
	b.out.note()
	b.out.table(prices)
	b.out.note("Of an import of all objects from the sandbox, whose largest is a ninth of them. What each run costs whatever it reads (its streams, their counts, short",
		"lists, the report) is in, and weighs less in a larger one. The columns by service are with history, which relay writes of new records.",
		fmt.Sprintf("Lambda's time is that of the model below; besides, a provider is taken to answer in %v, and a group of endpoints to have %d turns a second, whose", crmTime, crmRate),
		"wait is paid. One object is read at a time here: those that share a group wait for one another, and cost the more Lambda time the more of them there are.")
	for _, line := range lines {
		if b.detail {
			b.printItems(line)
		}
	}
	b.out.note(modelNotes()...)
}

// cents writes a small amount.
func cents(amount float64) string {
	if amount == 0 {
		return ""
	}
	return fmt.Sprintf("%.5f", amount)
}
