package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"leadline/infra/local/eventsource"
	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
	"leadline/shared/incentive/keeper"
	"leadline/shared/record"
)

const (
	// calculateBatch is how many messages calculate gets at once, as the stack declares it.
	calculateBatch = 10
	// wonAlone deals are won one by one, wonTogether at once; so many come before each that warm the functions up.
	wonAlone, wonTogether, wonBefore = 25, 50, 3
	// readTimes is how often each page is read.
	readTimes = 25
	// officeRecords is of how many records the sandbox is: some hundred of its deals are open.
	officeRecords = 5000
)

// office is an organization in the lab with a CRM whose deals are won, and a program that pays for them.
type office struct {
	*plan
	lab  *lab
	crm  *server.Server
	hook *reader
	open []openDeal
	// won are the deals that were won so far.
	won []openDeal
	// organization is its id.
	organization string
}

// openOffice makes one, of which every owner of a deal has a manager.
func (b *bench) openOffice(ctx context.Context) (*office, error) {
	o := &office{lab: b.lab, crm: server.New(server.Options{Options: crm.Options{Seed: 1, Records: officeRecords}})}
	at, err := b.lab.serve(o.crm)
	if err != nil {
		return nil, err
	}
	b.out.progress("incentive: an organization with a connection to a sandbox of %d records", officeRecords)
	if o.hook, err = b.lab.connect(ctx, b.options, "selling", at+"/api/v1"); err != nil {
		return nil, err
	}
	if _, err := b.lab.read(ctx, o.hook, "imports", nil, nil); err != nil {
		return nil, err
	}
	o.plan = &plan{baseURL: b.lab.baseURL, key: o.hook.key, connection: o.hook.connection}
	if b.position == nil {
		if b.position, err = eventsource.OpenCheckpoints(""); err != nil {
			return nil, err
		}
	}
	if err := o.relayed(ctx, b.position); err != nil { // nobody waits for these records: there is no program yet
		return nil, err
	}
	if err := o.led(ctx); err != nil {
		return nil, err
	}
	b.out.progress("incentive: a program that pays a share of won deals")
	if err := o.publish(ctx, true, o.calculate); err != nil {
		return nil, err
	}
	return o, o.ready(ctx)
}

// led has everybody report to one of them, who wins nothing.
func (o *office) led(ctx context.Context) error {
	var who struct{ ID string }
	if err := get(ctx, o.baseURL+"/v1/organization", o.key, &who); err != nil {
		return err
	}
	o.organization = who.ID
	type member struct{ ID string }
	members, err := listed[member](ctx, o.plan, "/v1/members")
	if err != nil {
		return err
	}
	if len(members) < 2 {
		return fmt.Errorf("the import brought %d members", len(members))
	}
	for _, m := range members[1:] {
		if err := o.send(ctx, http.MethodPut, "/v1/members/"+m.ID+"/manager", map[string]string{"value": members[0].ID, "from": "2020-01-01"}, nil); err != nil {
			return err
		}
	}
	return o.send(ctx, http.MethodPut, "/v1/members/"+members[0].ID+"/manager", map[string]string{"value": "", "from": "2020-01-01"}, nil)
}

// ready lets all that begins later begin, and finds the deals that may be won: not the manager's.
func (o *office) ready(ctx context.Context) error {
	queue, err := o.lab.queueStore.Queue(o.lab.queues[calculateQueue])
	if err != nil {
		return err
	}
	for begin := time.Now(); queue.Stats().Visible+queue.Stats().Delayed > queue.DelayedBeyond(30*time.Second); {
		if err := o.calculate(ctx); err != nil {
			return err
		}
		if time.Since(begin) > buildPatience {
			return errors.New("the calculate queue does not become empty")
		}
		time.Sleep(100 * time.Millisecond)
	}
	type member struct {
		ID      string
		Manager string
	}
	members, err := listed[member](ctx, o.plan, "/v1/members")
	if err != nil {
		return err
	}
	led := map[string]bool{}
	for _, m := range members {
		led[m.ID] = m.Manager != ""
	}
	all, err := o.openDeals(ctx)
	for _, d := range all {
		if led[d.owner] {
			o.open = append(o.open, d)
		}
	}
	if need := wonAlone + wonTogether + 4*wonBefore; err == nil && len(o.open) < need {
		err = fmt.Errorf("only %d deals are open, want %d", len(o.open), need)
	}
	return err
}

// calculate has the function deal with what waits.
func (o *office) calculate(ctx context.Context) error {
	return o.lab.consume(ctx, calculateQueue, "calculate", calculateBatch)
}

// relayed has relay tell of what changed, and calculate deal with that.
func (o *office) relayed(ctx context.Context, position *eventsource.Checkpoints) error {
	if err := o.lab.relay(ctx, position); err != nil {
		return err
	}
	return o.calculate(ctx)
}

// wins has so many deals won in the CRM and stored.
func (o *office) wins(ctx context.Context, n int) error {
	if len(o.open) < n {
		return errors.New("no deal is open any more")
	}
	var changes []server.Change
	for _, d := range o.open[:n] {
		changes = append(changes, server.Change{Action: "win", Object: "opportunity", ID: d.id})
	}
	o.won, o.open = append(o.won, o.open[:n]...), o.open[n:]
	return o.happen(ctx, changes)
}

// leads has so many leads made in the CRM and stored.
func (o *office) leads(ctx context.Context, n int) error {
	return o.happen(ctx, []server.Change{{Action: "create", Object: "lead", Count: n, Fields: json.RawMessage(`{"name":"Harbor & Pine Studio"}`)}})
}

// happen makes changes in the CRM and has them stored, by webhook. What that costs is another section's.
func (o *office) happen(ctx context.Context, changes []server.Change) error {
	counted := o.lab.ledger.pause()
	defer o.lab.ledger.count(counted)
	for _, c := range changes {
		if _, err := o.crm.Change(c); err != nil {
			return err
		}
	}
	if sent := o.crm.Deliver(ctx); sent < len(changes) {
		return fmt.Errorf("the CRM told of %d changes of %d", sent, len(changes))
	}
	return o.lab.consume(ctx, inboxQueue, "ingest", calculateBatch)
}

// tell puts a message into the calculate queue.
func (o *office) tell(ctx context.Context, m keeper.Message) error {
	body, err := m.Encode()
	if err != nil {
		return err
	}
	queue, err := o.lab.queueStore.Queue(o.lab.queues[calculateQueue])
	if err != nil {
		return err
	}
	return o.lab.ask(ctx, "SendMessage", map[string]any{"QueueUrl": queue.URL(o.lab.queuesAt), "MessageBody": string(body), "MessageGroupId": m.Organization}, &struct{}{})
}

// edition gives the id of what the program shows.
func (o *office) edition(ctx context.Context) (string, error) {
	var p struct{ Live *struct{ ID string } }
	if err := get(ctx, o.baseURL+"/v1/programs/"+o.program, o.key, &p); err != nil {
		return "", err
	}
	if p.Live == nil {
		return "", errors.New("the program is not live")
	}
	return p.Live.ID, nil
}

// again tells calculate of deals that it knows, one after the other.
func (o *office) again(ctx context.Context, deals []openDeal) error {
	for _, d := range deals {
		key := record.Key{Connection: o.connection, Object: "opportunity", ID: d.id}
		if err := o.tell(ctx, keeper.Message{Kind: keeper.Changed, Organization: o.organization, Records: []record.Key{key}}); err != nil {
			return err
		}
		if err := o.calculate(ctx); err != nil {
			return err
		}
	}
	return nil
}

// anew has calculate reckon the periods of those who won deals.
func (o *office) anew(ctx context.Context, edition string, deals []openDeal) error {
	for _, d := range deals {
		if err := o.tell(ctx, keeper.Message{Kind: keeper.Unit, Organization: o.organization, Program: o.program, Edition: edition, Participant: d.owner, Period: o.period}); err != nil {
			return err
		}
		if err := o.calculate(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reads asks the API for pages, n times.
func (o *office) reads(ctx context.Context, n int, path func(i int) string) error {
	for i := range n {
		var page json.RawMessage
		if err := get(ctx, o.baseURL+path(i), o.key, &page); err != nil {
			return err
		}
	}
	return nil
}

// incentiveLines lists what is priced: of what happens in the background, only what calculate does, and what tells it.
func (b *bench) incentiveLines(o *office, edition string) []workload {
	alone := func(ctx context.Context, n int) error {
		for range n {
			if err := o.wins(ctx, 1); err != nil {
				return err
			}
			if err := o.relayed(ctx, b.position); err != nil {
				return err
			}
		}
		return nil
	}
	together := func(ctx context.Context, n int) error {
		if err := o.wins(ctx, n); err != nil {
			return err
		}
		return o.relayed(ctx, b.position)
	}
	line := func(name, unit string, n int, do func(ctx context.Context, n int) error) workload {
		return workload{name: name, unit: unit, units: n,
			warm: func(ctx context.Context) error { return do(ctx, wonBefore) },
			run:  func(ctx context.Context) error { return do(ctx, n) }}
	}
	other := func(ctx context.Context, n int) error {
		for range n {
			if err := o.leads(ctx, 1); err != nil {
				return err
			}
			if err := o.relayed(ctx, b.position); err != nil {
				return err
			}
		}
		return nil
	}
	board := func(int) string { return "/v1/programs/" + o.program + "/standings" }
	statement := func(i int) string { return o.statementPath(o.won[i%len(o.won)].owner) }
	return []workload{
		line(lineWon, "deal", wonAlone, alone),
		line("won deals, 50 at once", "deal", wonTogether, together),
		line(lineAgain, "deal", wonAlone, func(ctx context.Context, n int) error { return o.again(ctx, o.won[:n]) }),
		line(lineAnew, "participant", wonAlone, func(ctx context.Context, n int) error { return o.anew(ctx, edition, o.won[:n]) }),
		line("a new lead, which no program reads", "lead", wonAlone, other),
		line(lineBoard, "page", readTimes, func(ctx context.Context, n int) error { return o.reads(ctx, n, board) }),
		line(lineStatement, "page", readTimes, func(ctx context.Context, n int) error { return o.reads(ctx, n, statement) }),
	}
}

// The lines that others look at.
const (
	lineWon       = "a won deal, alone"
	lineAgain     = "the same deal again, unchanged"
	lineAnew      = "a participant's period again, unchanged"
	lineBoard     = "a leaderboard read"
	lineStatement = "a statement opened"
)

// incentiveCost prints what it costs to keep a program in step with deals, and to look at it.
func (b *bench) incentiveCost(ctx context.Context) error {
	o, err := b.openOffice(ctx)
	if err != nil {
		return err
	}
	edition, err := o.edition(ctx)
	if err != nil {
		return err
	}
	if _, err := b.lab.stopFunctions(); err != nil { // what they did so far belongs to no line
		return err
	}
	before, err := o.counted(ctx)
	if err != nil {
		return err
	}
	var lines []priced
	for _, w := range b.incentiveLines(o, edition) {
		b.out.progress("incentive: %s", w.name)
		one, err := b.measure(ctx, w)
		if err != nil {
			return err
		}
		lines = append(lines, one)
	}
	if err := o.credited(ctx, before); err != nil {
		return err
	}
	b.printIncentiveCost(lines)
	return nil
}

// credited demands that each deal that was won is credited to its owner and to the manager.
func (o *office) credited(ctx context.Context, before map[string]int) error {
	after, err := o.counted(ctx)
	if err != nil {
		return err
	}
	sum := 0
	for participant, n := range after {
		sum += n - before[participant]
	}
	if want := 2 * len(o.won); sum != want {
		return fmt.Errorf("%d deals were won, and the leaderboard counts %d credits more, want %d", len(o.won), sum, want)
	}
	return nil
}
