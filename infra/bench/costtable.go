package main

import (
	"fmt"
	"slices"
	"strings"
)

// The most that a million of the seed's events may cost, with ingest batches of ten.
const (
	maxToRecord = 2.40
	maxAllIn    = 4.00
	promised    = "Close opportunity, batches of 10"
)

func (b *bench) printCost(lines []priced) {
	b.out.title("What a million costs (dollars, AWS list prices of %s, %s)", b.prices.Date, b.prices.Region)
	services := []string{"api", "lambda", "sqs", "dynamodb", "s3", "kms", "logs", "transfer"}
	t := table{heading: []string{"a million of", "API GW", "Lambda", "SQS", "DynamoDB", "S3", "KMS", "logs", "out", "up to record", "all in"}}
	for _, line := range lines {
		parts := allIn()
		if line.track {
			parts = []part{forTrack}
		}
		row := []string{line.name + " (" + line.unit + "s)"}
		used := line.bill.usage(parts...)
		for _, service := range services {
			row = append(row, dollars(line.bill.perMillion(b.prices.service(used, service))))
		}
		record := dollars(line.bill.perMillion(b.prices.of(line.bill.usage(forRecord))))
		if line.track { // it comes on top of the others
			record = "on top"
		}
		t.add(append(row, record, dollars(line.bill.perMillion(b.prices.of(used))))...)
	}
	b.out.table(t)
	b.out.note("The columns by service are of all in: the record, the kept payload, the outcomes of rows, history, the message that tells calculate of changes, and",
		"logs; what calculate does then, incentive-cost prices. A Close opportunity is the seed's event, an update of one of 100 known ones, in ingest batches",
		"of that size; relay gets 100 changes at a time. The mixed corpus is a quarter each of leads and opportunities, a fifth of e-mails with a body of 30 KB",
		"that hardly packs, the rest calls and tasks. Client rows have 12 fields and some 300 bytes; an update brings three fields. Rows alone and by 10 come in",
		"ingest batches of 10 pushes, larger ones in batches of one.",
		"The track stream is what announcing, delivering and logging each event to one destination costs on top.")

	b.printCalls(lines)
	for _, line := range lines {
		if line.name == promised || line.track || b.detail {
			b.printItems(line)
		}
	}
	b.out.note(modelNotes()...)
	b.costTargets(lines)
}

// service gives what a usage costs at one service.
func (p prices) service(u usage, service string) float64 {
	sum := 0.0
	for _, m := range meters() {
		if m.service() == service {
			sum += p.one(m, u[m])
		}
	}
	return sum
}

// printCalls prints calls and bytes.
func (b *bench) printCalls(lines []priced) {
	b.out.title("Calls and bytes of a million")
	t := table{heading: []string{"a million of", "requests", "invocations", "SQS", "DynamoDB", "write units", "read units", "S3 PUT", "S3 GET", "sent", "logged", "kept: tables", "kept: S3"}}
	for _, line := range lines {
		var requests, invocations, sqs, dynamo, puts, gets, sent float64
		for _, one := range line.bill.list() {
			if (one.part == forTrack) != line.track {
				continue
			}
			switch one.service {
			case "API Gateway":
				requests += one.calls
			case "Lambda":
				invocations += one.calls
			case "SQS":
				sqs += one.calls
			case "DynamoDB":
				dynamo += one.calls
			case "S3":
				puts += one.usage[s3Writes]
				gets += one.usage[s3Reads]
			}
			if one.service != "CloudWatch Logs" {
				sent += float64(one.sent)
			}
		}
		parts := allIn()
		if line.track {
			parts = []part{forTrack}
		}
		used := line.bill.usage(parts...)
		row := []string{line.name}
		for _, n := range []float64{requests, invocations, sqs, dynamo, used[dynamoWrites], used[dynamoReads], puts, gets} {
			row = append(row, quantity(line.bill.perMillion(n)))
		}
		for _, n := range []float64{sent, used[logsIngested], float64(line.bill.kept), used[s3Storage]} {
			row = append(row, bytesOf(line.bill.perMillion(n)))
		}
		t.add(row...)
	}
	b.out.table(t)
	b.out.note("What is kept in tables (history, indexes, outcomes, the log of deliveries; not the records themselves) costs, with backups,",
		fmt.Sprintf("$%.2f per GB and month, which no price above includes; what is kept in S3 is in for the first month.", b.prices.one(dynamoStorage, 1e9)+b.prices.one(dynamoRecovery, 1e9)))
}

func bytesOf(n float64) string {
	if n == 0 {
		return ""
	}
	text := quantity(n)
	if !strings.Contains(text, " ") {
		text += " "
	}
	return text + "B"
}

// printItems prints a bill item by item.
func (b *bench) printItems(line priced) {
	b.out.title("Item by item: a million of %s", line.name)
	t := table{heading: []string{"what", "for", "calls", "bytes each", "units each", "dollars"}, left: []int{1}}
	for _, one := range line.bill.list() {
		if (one.part == forTrack) != line.track {
			continue
		}
		each, units := "", ""
		if one.calls > 0 && one.sent > 0 {
			each = quantity(float64(one.sent) / one.calls)
		}
		if n := one.usage[dynamoWrites] + one.usage[dynamoReads]; n > 0 {
			units = fmt.Sprintf("%.2f", n/one.calls)
		}
		if n := one.usage[lambdaGBSeconds]; n > 0 && one.calls > 0 {
			units = fmt.Sprintf("%.2f ms", 1000*n/one.calls*1024/float64(b.lab.functions[one.operation].MemoryMB))
		}
		t.add(one.service+" "+one.operation, string(one.part), quantity(line.bill.perMillion(one.calls)), each, units,
			dollars(line.bill.perMillion(b.prices.of(one.usage))))
	}
	b.out.table(t)
}

// costTargets compares the seed's event with what was promised.
func (b *bench) costTargets(lines []priced) {
	i := slices.IndexFunc(lines, func(p priced) bool { return p.name == promised })
	if i < 0 {
		return
	}
	bill := lines[i].bill
	for _, one := range []struct {
		what  string
		parts []part
		most  float64
	}{{"up to the record", []part{forRecord}, maxToRecord}, {"all in", allIn(), maxAllIn}} {
		used := bill.usage(one.parts...)
		got := bill.perMillion(b.prices.of(used))
		t := target{what: "a million of the seed's event, batches of 10, " + one.what, want: fmt.Sprintf("<= $%.2f", one.most),
			got: fmt.Sprintf("$%.3f", got), met: got <= one.most}
		if fair := bill.perMillion(b.prices.one(sqsFair, used[sqsFair])); !t.met {
			t.remark = fmt.Sprintf("$%.3f without the surcharge on fair queues", got-fair)
		}
		b.targets = append(b.targets, t)
	}
}
