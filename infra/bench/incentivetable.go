package main

import (
	"fmt"
	"slices"
	"strings"
)

// needs is what one unit of a line needs.
type needs struct {
	runs, queue, calls, sent, received, writes, reads, puts, gets, milliseconds, dollars float64
}

// needsOf sums up those tallies of a line that are kept, by unit. Of all functions, the time of one is told.
func (b *bench) needsOf(line priced, function string, units float64, kept func(*tally) bool) needs {
	var n needs
	used := usage{}
	for _, t := range line.bill.list() {
		if !kept(t) {
			continue
		}
		used.addAll(t.usage)
		switch {
		case t.service == "SQS":
			n.queue += t.calls
		case t.service == "DynamoDB":
			n.calls += t.calls
			n.sent += float64(t.sent)
			n.received += float64(t.received)
		case t.service == "Lambda" && t.operation == function:
			n.runs += t.calls
			n.milliseconds += 1000 * t.usage[lambdaGBSeconds] * 1024 / float64(b.lab.functions[function].MemoryMB)
		}
	}
	n.writes, n.reads, n.puts, n.gets, n.dollars = used[dynamoWrites], used[dynamoReads], used[s3Writes], used[s3Reads], b.prices.of(used)
	for _, one := range []*float64{&n.runs, &n.queue, &n.calls, &n.sent, &n.received, &n.writes, &n.reads, &n.puts, &n.gets, &n.milliseconds, &n.dollars} {
		*one /= units
	}
	return n
}

// cells writes what is needed.
func (n needs) cells(name string) []string {
	row := []string{name, quantity(n.runs), quantity(n.queue), quantity(n.calls), bytesOf(n.sent), bytesOf(n.received)}
	for _, q := range []float64{n.writes, n.reads, n.puts, n.gets, n.milliseconds} {
		row = append(row, quantity(q))
	}
	return append(row, dollars(1e6*n.dollars))
}

// months tells how many standings a line stored, and reckoned tells which of its calls that took, besides crediting.
func months(line priced) float64 {
	n := 0.0
	for _, t := range line.bill.list() {
		if reckoned(t) && strings.HasPrefix(t.operation, "UpdateItem") && strings.HasSuffix(t.operation, " standings") {
			n += t.calls
		}
	}
	return n
}

func reckoned(t *tally) bool {
	if t.part != forIncentive || t.service != "DynamoDB" {
		return t.part == forIncentive && t.service == "S3"
	}
	operation, what, _ := strings.Cut(t.operation, " ")
	_, section, _ := strings.Cut(what, " ")
	return slices.Contains([]string{"goals", "standings", "units"}, section) || section == "credits" && operation == "Query"
}

// printIncentiveCost prints what each line needs, and what a million of it costs.
func (b *bench) printIncentiveCost(lines []priced) {
	b.out.title("What it costs to keep a program in step, and to look at it (list prices of %s, %s)", b.prices.Date, b.prices.Region)
	t := table{heading: []string{"each", "runs", "SQS", "DynamoDB", "sent", "received", "write units", "read units", "S3 PUT", "S3 GET", "ms", "a million, $"}}
	for _, line := range lines {
		units := float64(line.bill.units)
		if line.name == lineBoard || line.name == lineStatement {
			t.add(b.needsOf(line, "api", units, func(*tally) bool { return true }).cells(line.name)...)
			continue
		}
		n := b.needsOf(line, "calculate", units, func(t *tally) bool { return t.part == forIncentive })
		t.add(n.cells(line.name)...)
		if some := months(line); some > 0 {
			t.add(b.needsOf(line, "calculate", some, reckoned).cells(fmt.Sprintf("  of which each of %s months a deal", digits(some/units)))...)
		}
		if line.name == lineAgain || line.name == lineAnew {
			b.targets = append(b.targets, target{what: line.name + ": write units and S3 PUT", want: "0", got: fmt.Sprintf("%g", n.writes+n.puts), met: n.writes+n.puts == 0})
		}
	}
	b.out.table(t)
	b.out.note("By deal, participant or page. A deal is credited to its owner and to the owner's manager, so that two participants' months are reckoned; 50 deals at",
		"once have each month that they touch reckoned once. It begins with the message by which relay tells that records changed, and ends with the stored",
		"standing; the record itself and its history are in the other tables. What calculate remembers of an organization for two seconds (programs, members,",
		"rates) it reads anew for some of the deals alone, and once for 50. The months leave out what a run of the function costs. The last two lines are whole",
		"requests to the API.")
	for _, line := range lines {
		if b.detail {
			b.printItems(line)
		}
	}
	b.out.note(modelNotes()...)
}
