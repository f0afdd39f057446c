package main

import (
	"cmp"
	"slices"
	"time"
)

// part is what a call is made for.
type part string

const (
	// forRecord is everything up to the stored record.
	forRecord part = "record"
	// forPayload keeps the untouched payload and its index.
	forPayload part = "kept payload"
	// forOutcomes keeps what became of a batch and its rows.
	forOutcomes part = "outcomes"
	forHistory  part = "history"
	forLogs     part = "logs"
	// forIncentive keeps what people earn in step with records.
	forIncentive part = "incentive"
	// forTrack tells destinations.
	forTrack part = "track"
)

// allIn lists the parts of an event that is stored with all that belongs to it. Destinations are a price of their own.
func allIn() []part {
	return []part{forRecord, forPayload, forOutcomes, forHistory, forIncentive, forLogs}
}

// call is one request over the network, as AWS charges for it.
type call struct {
	part part
	// service and operation name it, as in "DynamoDB", "UpdateItem Records".
	service, operation string
	sent, received     int64
	usage              usage
}

// tally is the sum of calls of one kind.
type tally struct {
	part               part
	service, operation string
	calls              float64
	sent, received     int64
	usage              usage
}

// bill is what a stretch of work used.
type bill struct {
	// units is how many events or rows went through.
	units   int
	tallies map[tallyKey]*tally
	work    map[string]*work
	// kept is how many bytes of items were put into tables: what stays, besides records that are updated.
	kept int64
}

type tallyKey struct {
	part               part
	service, operation string
}

// work is what a function did.
type work struct {
	invocations int64
	// waiting is the time on the network by view.
	waiting [views]time.Duration
	cpu     time.Duration
	logged  int64
}

func newBill() *bill { return &bill{tallies: map[tallyKey]*tally{}, work: map[string]*work{}} }

func (b *bill) add(c call) {
	key := tallyKey{c.part, c.service, c.operation}
	t, ok := b.tallies[key]
	if !ok {
		t = &tally{part: c.part, service: c.service, operation: c.operation, usage: usage{}}
		b.tallies[key] = t
	}
	t.calls++
	t.sent += c.sent
	t.received += c.received
	t.usage.addAll(c.usage)
}

func (b *bill) function(name string) *work {
	w, ok := b.work[name]
	if !ok {
		w = &work{}
		b.work[name] = w
	}
	return w
}

// list gives the tallies, those of a part and service together.
func (b *bill) list() []*tally {
	var all []*tally
	for _, t := range b.tallies {
		all = append(all, t)
	}
	order := append(allIn(), forTrack)
	slices.SortFunc(all, func(x, y *tally) int {
		return cmp.Or(slices.Index(order, x.part)-slices.Index(order, y.part), cmp.Compare(x.service, y.service), cmp.Compare(x.operation, y.operation))
	})
	return all
}

// usage sums up parts.
func (b *bill) usage(parts ...part) usage {
	sum := usage{}
	for _, t := range b.list() {
		if slices.Contains(parts, t.part) {
			sum.addAll(t.usage)
		}
	}
	return sum
}

// perMillion scales a sum of the bill to a million events or rows.
func (b *bill) perMillion(quantity float64) float64 { return quantity * 1e6 / float64(b.units) }

// settle adds what the functions' work costs, once it is complete.
func (b *bill) settle(memory map[string]int) {
	for name, w := range b.work {
		b.settleWork(name, *w, memory[name])
	}
}

// settleWork divides the work of a function by parts. The processor time of ingest counts for the record alone, though it also
// packs the payload: the price up to the record is rather too high than too low.
func (b *bill) settleWork(name string, w work, memory int) {
	parts := map[string]part{"receive": forRecord, "ingest": forRecord, "fetch": forRecord, "relay": forHistory, "calculate": forIncentive, "api": forRecord, "deliver": forTrack}
	own := parts[name]
	seconds := func(d time.Duration) usage {
		return usage{lambdaGBSeconds: gbSeconds(d.Seconds(), memory)}
	}
	if w.invocations > 0 {
		first := usage{
			lambdaRequests:  float64(w.invocations),
			lambdaGBSeconds: gbSeconds(lambdaSeconds(w.invocations, w.waiting[ownView(name)].Seconds(), w.cpu.Seconds(), memory), memory),
		}
		b.tallies[tallyKey{own, "Lambda", name}] = &tally{part: own, service: "Lambda", operation: name, calls: float64(w.invocations), usage: first}
		if name == "ingest" {
			b.tallies[tallyKey{forPayload, "Lambda", "ingest, waiting for the rest"}] = &tally{part: forPayload, service: "Lambda",
				operation: "ingest, waiting for the rest", usage: seconds(w.waiting[viewAllIn] - w.waiting[viewRecord])}
			b.tallies[tallyKey{forTrack, "Lambda", "ingest, announcing"}] = &tally{part: forTrack, service: "Lambda",
				operation: "ingest, announcing", usage: seconds(w.waiting[viewAll] - w.waiting[viewAllIn])}
		}
	}
	if w.logged > 0 {
		logs := forLogs
		if own == forTrack || own == forIncentive {
			logs = own
		}
		b.tallies[tallyKey{logs, "CloudWatch Logs", name}] = &tally{part: logs, service: "CloudWatch Logs", operation: name,
			calls: float64(w.invocations), sent: w.logged, usage: usage{logsIngested: float64(w.logged)}}
	}
}

// ownView is the view that a function's main share is seen by.
func ownView(name string) int {
	if name == "ingest" {
		return viewRecord
	}
	return viewAll
}
