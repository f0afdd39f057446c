package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/infra/local/dynamodb"
	"leadline/infra/local/lambda"
	"leadline/infra/local/process"
	books "leadline/shared/ledger"
	"leadline/shared/store/dynamo"
)

const (
	payoutSection = "payout"
	// paidPeople is how many people a payout is timed with, in memory; paidCounted with how many its calls are counted: what they do
	// is in parts of 100 people, each alike.
	paidPeople, paidCounted = 10_000, 300
	// maxPaid is what settling and paying them may take on one core; maxPaidCalls how many calls to DynamoDB a posted row may take.
	maxPaid      = 30 * time.Second
	maxPaidCalls = 8
)

// payout prints what a settlement and a payout take.
func (b *bench) payout(ctx context.Context) error {
	steps := paydaySteps()
	b.out.progress("payout: %d people are settled and paid, and the calls to a DynamoDB of their own are counted", paidCounted)
	if err := b.countPayday(ctx, steps, paidCounted); err != nil {
		return err
	}
	b.out.progress("payout: %d people are settled and paid, in memory", paidPeople)
	d, err := newPayday(ctx, paidPeople, inMemory())
	if err != nil {
		return err
	}
	if err := d.time(ctx, steps); err != nil {
		return err
	}
	file, err := d.file(ctx)
	if err != nil {
		return err
	}
	total := b.printPayday(steps)
	b.out.title("The bank file of %s payments (pain.001)", grouped(paidPeople))
	t := table{heading: []string{"size", "made again", "allocated meanwhile", "checked as a bank does"}}
	t.add(quantity(float64(file.bytes))+"B", short(file.making), digits(float64(file.allocated)/1e6)+" MB", short(file.checking))
	b.out.table(t)
	calls := total.calls / float64(total.rows)
	b.targets = append(b.targets,
		target{what: fmt.Sprintf("%s people are settled and paid, processor time", grouped(paidPeople)), want: "<= " + short(maxPaid), got: short(total.cpu), met: total.cpu <= maxPaid},
		target{what: "DynamoDB calls by posted row, from the freezing to the release", want: "<= " + fmt.Sprint(maxPaidCalls), got: digits(calls), met: calls <= maxPaidCalls})
	return nil
}

// printPayday prints the steps, and gives their sum.
func (b *bench) printPayday(steps []*paydayStep) paydayStep {
	total := paydayStep{name: "together", used: usage{}}
	b.out.title("What it takes to settle and pay %s people", grouped(paidPeople))
	t := table{heading: []string{"", "processor time", "a person", "DynamoDB calls", "write units", "read units", "bytes sent", "S3 calls", fmt.Sprintf("$ for %s", grouped(paidPeople))}}
	add := func(s paydayStep) {
		t.add(s.name, short(s.cpu), short(s.cpu/paidPeople), digits(s.calls), digits(s.writes), digits(s.reads), quantity(s.sent), digits(s.objects), dollars(b.prices.of(s.used)*paidPeople/paidCounted))
	}
	for _, s := range steps {
		total.cpu, total.rows, total.calls, total.writes, total.reads = total.cpu+s.cpu, total.rows+s.rows, total.calls+s.calls, total.writes+s.writes, total.reads+s.reads
		total.sent, total.objects = total.sent+s.sent, total.objects+s.objects
		total.used.addAll(s.used)
		add(*s)
	}
	add(total)
	b.out.table(t)
	b.out.note(fmt.Sprintf("Calls, units and bytes are by person, counted with %d people, who have won one deal each: a row of the ledger is posted with the lock, one when it is", paidCounted),
		"collected, and one with the release. Processor time is that of this machine over stores in memory, with all packages but the client of DynamoDB. The price is that of",
		"calls to DynamoDB and S3.")
	return total
}

// grouped writes a count with commas.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// time does the steps, notes the processor time of each, and holds the end to what was to be paid.
func (d *payday) time(ctx context.Context, steps []*paydayStep) error {
	for _, s := range steps {
		began := ownTime()
		if err := s.do(ctx, d); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		s.cpu = ownTime() - began
	}
	return d.allPaid(ctx)
}

// allPaid fails unless all that was earned is paid or withheld.
func (d *payday) allPaid(ctx context.Context) error {
	sums, err := d.sums(ctx)
	if err == nil && (sums[books.Owed] != 0 || sums[books.Transit] != 0 || sums[books.Paid] <= 0 || sums[books.Tax] <= 0 || sums[books.Cost]+sums[books.Paid]+sums[books.Tax] != 0) {
		err = unfinished("the ledger", sums)
	}
	return err
}

// countPayday does the steps over a DynamoDB of its own, and counts what each takes.
func (b *bench) countPayday(ctx context.Context, steps []*paydayStep, people int) error {
	return withTables(ctx, []string{ledgerTable, "Tenancy", "Work"}, func(l *ledger, db *sdk.Client) error {
		d, err := newPayday(ctx, people, paydayStores{dynamo.NewCredits(db, "Work"), dynamo.NewSettlements(db, ledgerTable, "Tenancy"), dynamo.NewPayees(db, "Tenancy"),
			dynamo.NewPayouts(db, ledgerTable, "Tenancy"), dynamo.NewLedger(db, ledgerTable)})
		if err != nil {
			return err
		}
		for _, s := range steps {
			if err := d.count(ctx, l, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		return d.allPaid(ctx)
	})
}

// count does a step, and notes its calls.
func (d *payday) count(ctx context.Context, l *ledger, s *paydayStep) error {
	counted := newBill()
	o := d.objects
	reads, writes, bytes := o.reads.Load(), o.writes.Load(), o.bytes.Load()
	l.count(counted)
	err := s.do(ctx, d)
	l.count(nil)
	if err != nil {
		return err
	}
	s.used = usage{s3Reads: float64(o.reads.Load() - reads), s3Writes: float64(o.writes.Load() - writes), s3Storage: float64(o.bytes.Load() - bytes)}
	people := float64(d.people)
	s.objects = (s.used[s3Reads] + s.used[s3Writes]) / people
	for _, t := range counted.list() {
		s.calls += t.calls / people
		s.sent += float64(t.sent) / people
		s.used.addAll(t.usage)
	}
	s.writes, s.reads = s.used[dynamoWrites]/people, s.used[dynamoReads]/people
	return nil
}

// withTables does something with a DynamoDB with some tables, whose calls are counted.
func withTables(ctx context.Context, names []string, do func(*ledger, *sdk.Client) error) (err error) {
	l := &lab{ledger: &ledger{}, processes: process.NewStarter(), hosts: map[string]*lambda.Host{}}
	l.closers = append(l.closers, func() error { l.processes.Close(); return nil })
	defer func() { err = errors.Join(err, l.close()) }()
	if l.server, err = dynamodb.Start(ctx, dynamodb.Options{Quick: true}); err != nil {
		return err
	}
	l.closers = append(l.closers, l.server.Stop)
	at, err := l.serve(dynamoDoor(l.ledger, l.server.Endpoint))
	if err != nil {
		return err
	}
	db := sdk.New(sdk.Options{Region: region, BaseEndpoint: &at, Credentials: credentials.NewStaticCredentialsProvider(secret, secret, ""), DisableValidateResponseChecksum: true})
	text := types.ScalarAttributeTypeS
	for _, name := range names {
		if _, err = db.CreateTable(ctx, &sdk.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: text}, {AttributeName: aws.String("sk"), AttributeType: text}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
		}); err != nil {
			return err
		}
	}
	return do(l.ledger, db)
}
