package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/infra/local/dynamodb"
	"leadline/infra/local/lambda"
	"leadline/infra/local/process"
	books "leadline/shared/ledger"
	"leadline/shared/ledger/bookkeeper"
	"leadline/shared/record"
	"leadline/shared/store/dynamo"
)

const (
	ledgerSection = "ledger"
	ledgerTable   = "Ledger"
	// ledgerAppends is how many appends of a size are counted, each to a book that has as many rows already.
	ledgerAppends = 25
	// chainRows is how long the chain is that is verified, in parts of chainPart rows.
	chainRows, chainPart = 1_000_000, 10_000
	// maxVerified is what its verification may take on one core, maxVerifier what it may hold in memory, in bytes.
	maxVerified = 15 * time.Second
	maxVerifier = 64e6
)

// appended is what posting to the ledger used, by row.
type appended struct {
	what                                      string
	again                                     bool // it was refused, for it stood already
	calls, writes, reads, sent, kept, dollars float64
}

// ledgerRows prints what posting a row costs, and how long it takes to verify a chain.
func (b *bench) ledgerRows(ctx context.Context) error {
	var all []appended
	b.out.progress("ledger: rows are posted to a DynamoDB of their own")
	if err := b.withLedger(ctx, func(l *ledger, k bookkeeper.Keeper) error {
		for _, size := range []int{1, 10, 40} {
			for _, again := range []bool{false, true} {
				one, err := b.appends(ctx, l, k, size, again)
				if err != nil {
					return err
				}
				all = append(all, one)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	b.out.title("What posting to the ledger takes, by row")
	t := table{heading: []string{"rows of two legs", "DynamoDB calls", "write units", "read units", "bytes sent", "bytes kept", "$ a million rows"}}
	for _, one := range all {
		writes, cost := digits(one.writes), dollars(one.dollars)
		if one.again {
			writes, cost = "not told", "not told"
		}
		t.add(one.what, digits(one.calls), writes, digits(one.reads), quantity(one.sent), quantity(one.kept), cost)
	}
	b.out.table(t)
	b.out.note("An append reads the book, and writes it, the rows and the notes of their causes in one transaction, which costs two units for each started KB of",
		"an item. Kept are the items that were put, the book among them, which takes the place of the one before. What is posted again is refused by the transaction,",
		"and then looked for. What a refused transaction is charged, DynamoDB Local does not tell: at most as much as one that is taken.")
	b.out.progress("ledger: a chain of %d rows is verified", chainRows)
	took, held, err := verifiedChain(chainRows)
	if err != nil {
		return err
	}
	b.out.title("How fast a chain is verified, in memory (one core of this machine)")
	t = table{heading: []string{"rows", "legs", "elapsed", "a row", "memory held"}}
	t.add(quantity(chainRows), quantity(2*chainRows), short(took), short(took/chainRows), digits(held/1e6)+" MB")
	b.out.table(t)
	b.targets = append(b.targets,
		target{what: "a chain of 1,000,000 rows is verified", want: "<= " + short(maxVerified), got: short(took), met: took <= maxVerified},
		target{what: "memory held by that", want: "<= " + digits(maxVerifier/1e6) + " MB", got: digits(held/1e6) + " MB", met: held <= maxVerifier})
	return nil
}

// withLedger does something with a ledger whose calls are counted.
func (b *bench) withLedger(ctx context.Context, do func(*ledger, bookkeeper.Keeper) error) (err error) {
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
	db := sdk.New(sdk.Options{Region: region, BaseEndpoint: &at, Credentials: credentials.NewStaticCredentialsProvider(secret, secret, ""),
		DisableValidateResponseChecksum: true})
	if _, err = db.CreateTable(ctx, &sdk.CreateTableInput{TableName: aws.String(ledgerTable), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
	}); err != nil {
		return err
	}
	return do(l.ledger, bookkeeper.Keeper{Ledger: dynamo.NewLedger(db, ledgerTable), Now: time.Now})
}

// appends posts rows, so many at once, to books that have some, and counts what that takes; or the same rows once more.
func (b *bench) appends(ctx context.Context, l *ledger, k bookkeeper.Keeper, size int, again bool) (appended, error) {
	one := appended{what: fmt.Sprintf("%d at once", size), again: again}
	if again {
		one.what += ", posted again"
	}
	counted := newBill()
	counted.units = size * ledgerAppends
	for n := range ledgerAppends {
		who := fmt.Sprintf("mem_%03d%02d%t", n, size, again)
		post := func(from int) error {
			_, err := k.Post(ctx, "org_4f0c9a2b1x7z", who, func(books.Book) ([]books.Posting, error) { return settledRows(from, size), nil })
			return err
		}
		if err := post(0); err != nil {
			return one, err
		}
		from := size
		if again {
			from = 0
		}
		l.count(counted)
		err := post(from)
		l.count(nil)
		if err != nil {
			return one, err
		}
	}
	used := usage{}
	for _, t := range counted.list() {
		one.calls += t.calls
		one.sent += float64(t.sent)
		used.addAll(t.usage)
	}
	one.writes, one.reads, one.kept = used[dynamoWrites], used[dynamoReads], float64(counted.kept)
	one.dollars = counted.perMillion(b.prices.of(used))
	for _, value := range []*float64{&one.calls, &one.writes, &one.reads, &one.sent, &one.kept} {
		*value /= float64(counted.units)
	}
	return one, nil
}

// settledRows are postings as a settlement makes them.
func settledRows(from, size int) []books.Posting {
	postings := make([]books.Posting, size)
	for n := range postings {
		number := from + n
		id := fmt.Sprintf("prg_4f0c9a2b1x7z/2026-11/1/adjustment/%08d", number)
		amount := int64(number*7919%1_000_000 + 1)
		postings[n] = books.Posting{Date: "2026-11-30", Cause: books.Cause{Kind: books.Adjustment, ID: id, Program: "prg_4f0c9a2b1x7z", Period: "2026-10", In: "2026-11", Component: "bookings",
			Record: &record.Key{Organization: "org_4f0c9a2b1x7z", Connection: "conn_9k2m4x7q1v5b", Object: "opportunity", ID: fmt.Sprintf("oppo_%024d", number)},
			WasRev: 3, NowRev: 4, Code: "record_changed", Document: fmt.Sprintf("%064x", number*2_654_435_761), By: "per_5d8f2h6j0l3n"},
			Legs: []books.Leg{{Account: books.Account{Kind: books.Cost, Unit: "EUR", Payer: "pyr_2c5e8g1i4k7m"}, Amount: -amount},
				{Account: books.Account{Kind: books.Owed, Unit: "EUR", Payer: "pyr_2c5e8g1i4k7m"}, Amount: amount}}}
	}
	return postings
}

// verifiedChain verifies a book of so many rows, a multiple of chainPart, which are made as it goes, and gives the time that the verification alone took
// and what it held in memory at the end.
func verifiedChain(length int) (took time.Duration, held float64, err error) {
	findings := 0
	book := books.Book{Organization: "org_4f0c9a2b1x7z", Participant: "mem_0a1b2c3d4e5f"}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v := books.NewVerifier(book.Organization, book.Participant, nil, func(books.Finding) { findings++ })
	for from := 0; from < length; from += chainPart {
		next, rows, err := book.Post(time.Now(), settledRows(from, chainPart)...)
		if err != nil {
			return 0, 0, err
		}
		book = next
		begin := time.Now()
		for _, r := range rows {
			v.Row(r)
		}
		took += time.Since(begin)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	begin := time.Now()
	rows := v.Done(book)
	took += time.Since(begin)
	if findings > 0 || rows != int64(length) {
		return 0, 0, fmt.Errorf("%d findings in %d rows that are right", findings, rows)
	}
	return took, float64(after.HeapAlloc) - float64(before.HeapAlloc), nil
}
