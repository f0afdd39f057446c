package main

import "fmt"

// needs is what one unit of a line needs.
type needs struct {
	runs, queue, dynamo, sent, received, writes, reads, puts, gets, milliseconds, dollars float64
}

// needsOf sums up some parts of a line, by unit. function is the one whose time is told.
func (b *bench) needsOf(line priced, function string, parts ...part) needs {
	var n needs
	used := line.bill.usage(parts...)
	for _, t := range line.bill.list() {
		for _, p := range parts {
			if t.part != p {
				continue
			}
			switch t.service {
			case "SQS":
				n.queue += t.calls
			case "DynamoDB":
				n.dynamo += t.calls
				n.sent += float64(t.sent)
				n.received += float64(t.received)
			case "Lambda":
				if t.operation == function {
					n.runs += t.calls
					n.milliseconds += 1000 * t.usage[lambdaGBSeconds] * 1024 / float64(b.lab.functions[function].MemoryMB)
				}
			}
		}
	}
	n.writes, n.reads, n.puts, n.gets, n.dollars = used[dynamoWrites], used[dynamoReads], used[s3Writes], used[s3Reads], b.prices.of(used)
	for _, one := range []*float64{&n.runs, &n.queue, &n.dynamo, &n.sent, &n.received, &n.writes, &n.reads, &n.puts, &n.gets, &n.milliseconds, &n.dollars} {
		*one /= float64(line.bill.units)
	}
	return n
}

// printIncentiveCost prints what each line needs, and what a million of it costs.
func (b *bench) printIncentiveCost(lines []priced) {
	b.out.title("What it costs to keep a program in step, and to look at it (list prices of %s, %s)", b.prices.Date, b.prices.Region)
	t := table{heading: []string{"each", "runs", "SQS", "DynamoDB", "sent", "received", "write units", "read units", "S3 PUT", "S3 GET", "ms", "a million"}}
	for _, line := range lines {
		function, parts := "calculate", []part{forIncentive}
		if line.name == lineBoard || line.name == lineStatement {
			function, parts = "api", allIn()
		}
		n := b.needsOf(line, function, parts...)
		row := []string{line.name}
		for _, q := range []float64{n.runs, n.queue, n.dynamo} {
			row = append(row, quantity(q))
		}
		row = append(row, bytesOf(n.sent), bytesOf(n.received))
		for _, q := range []float64{n.writes, n.reads, n.puts, n.gets, n.milliseconds} {
			row = append(row, quantity(q))
		}
		t.add(append(row, dollars(1e6*n.dollars))...)
		if line.name == lineAgain || line.name == lineAnew {
			b.targets = append(b.targets, target{what: line.name + ": DynamoDB write units and S3 PUT", want: "0", got: fmt.Sprintf("%g", n.writes+n.puts), met: n.writes+n.puts == 0})
		}
	}
	b.out.table(t)
	b.out.note("By deal, participant or page. A deal is credited to its owner and to the owner's manager, so that two participants' months are reckoned; 50 deals at",
		"once reckon each month that they touch once. It begins with the message by which relay tells that records changed, and ends with the stored standing;",
		"the record itself, and its history, the other tables price. What calculate remembers for two seconds of an organization (its programs, members and",
		"rates) it reads anew for a deal alone, as here; under load it is read once for all of them. The last two lines are whole requests to the API.")
	for _, line := range lines {
		if b.detail {
			b.printItems(line)
		}
	}
	b.out.note(modelNotes()...)
}
