package dynamo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/infra/local/dynamodb/dynamodbtest"
	"leadline/shared/store/storetest"
)

// TestDynamoDB runs all tests that need DynamoDB, against one that is started once.
func TestDynamoDB(t *testing.T) {
	l := local{endpoint: dynamodbtest.Start(t)}
	t.Run("Conformance", func(t *testing.T) { storetest.Run(t, func(t *testing.T) storetest.Stores { return l.open(t).Stores }) })
	t.Run("Calls", func(t *testing.T) { testCalls(t, l) })
	t.Run("LoginCalls", func(t *testing.T) { testLoginCalls(t, l) })
	t.Run("MemberCalls", func(t *testing.T) { testMemberCalls(t, l) })
	t.Run("OldItems", func(t *testing.T) { testOldItems(t, l) })
	t.Run("LostMemberAnswers", func(t *testing.T) { testLostMemberAnswers(t, l) })
	t.Run("PageCalls", func(t *testing.T) { testPageCalls(t, l) })
	t.Run("Consistency", func(t *testing.T) { testConsistency(t, l) })
	t.Run("Failures", func(t *testing.T) { testFailures(t, l) })
	t.Run("LostAnswers", func(t *testing.T) { testLostAnswers(t, l) })
	t.Run("Transactions", func(t *testing.T) { testTransactions(t, l) })
	t.Run("Batches", func(t *testing.T) { testBatches(t, l) })
	t.Run("Limits", func(t *testing.T) { testLimits(t, l) })
	t.Run("Size", func(t *testing.T) { testSize(t, l) })
	t.Run("WorkCalls", func(t *testing.T) { testWorkCalls(t, l) })
	t.Run("DueBudget", func(t *testing.T) { testDueBudget(t, l) })
	t.Run("SpoiltDue", func(t *testing.T) { testSpoiltDue(t, l) })
	t.Run("Forgotten", func(t *testing.T) { testForgotten(t, l) })
	t.Run("LostWork", func(t *testing.T) { testLostWork(t, l) })
	t.Run("WorkLimits", func(t *testing.T) { testWorkLimits(t, l) })
	t.Run("ChunkConflicts", func(t *testing.T) { testChunkConflicts(t, l) })
	t.Run("ProgramCalls", func(t *testing.T) { testProgramCalls(t, l) })
	t.Run("ProgramConsistency", func(t *testing.T) { testProgramConsistency(t, l) })
	t.Run("ProgramLimits", func(t *testing.T) { testProgramLimits(t, l) })
	t.Run("LostCredits", func(t *testing.T) { testLostCredits(t, l) })
	t.Run("CreditCrashes", func(t *testing.T) { testCreditCrashes(t, l) })
	t.Run("CreditConflicts", func(t *testing.T) { testCreditConflicts(t, l) })
	t.Run("DroppedEditions", func(t *testing.T) { testDroppedEditions(t, l) })
	t.Run("SettlementCalls", func(t *testing.T) { testSettlementCalls(t, l) })
	t.Run("SettlementConsistency", func(t *testing.T) { testSettlementConsistency(t, l) })
	t.Run("SettlementSize", func(t *testing.T) { testSettlementSize(t, l) })
	t.Run("Stream", func(t *testing.T) { testStream(t, l) })
	t.Run("Formats", func(t *testing.T) { testItemFormats(t, l) })
}

// local is a running DynamoDB.
type local struct{ endpoint string }

// stores are stores over fresh tables, and the wire that they talk over.
type stores struct {
	storetest.Stores
	client *dynamodb.Client
	wire   *wire
	tables map[string]string
}

// open makes fresh tables.
func (l local) open(t *testing.T) stores {
	t.Helper()
	w := &wire{}
	client := l.client(w)
	s := stores{client: client, wire: w, tables: map[string]string{}}
	for _, name := range []string{"records", "history", "intake", "tenancy", "work", "ledger"} {
		s.tables[name] = name + "-" + rand.Text()
		in := &dynamodb.CreateTableInput{
			TableName: aws.String(s.tables[name]), BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{
				{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
				{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema: []types.KeySchemaElement{
				{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
				{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
		}
		if name == "records" {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true),
				StreamViewType: types.StreamViewTypeNewAndOldImages}
		}
		if _, err := client.CreateTable(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: in.TableName})
		})
	}
	tenancy, history := NewTenancy(client, s.tables["tenancy"]), NewHistory(client, s.tables["history"])
	tenancy.pause.base, history.pause.base = time.Microsecond, time.Microsecond
	members, destinations := NewMembers(client, s.tables["tenancy"]), NewDestinations(client, s.tables["tenancy"])
	journal, jobs := NewJournal(client, s.tables["work"]), NewJobs(client, s.tables["work"], s.tables["tenancy"])
	logins := NewLogins(client, s.tables["tenancy"])
	logins.pause.base = time.Microsecond
	members.pause.base, destinations.pause.base = time.Microsecond, time.Microsecond
	journal.pause.base, jobs.pause.base = time.Microsecond, time.Microsecond
	schemas, batches := NewSchemas(client, s.tables["intake"]), NewBatches(client, s.tables["intake"])
	schemas.pause.base, batches.pause.base = time.Microsecond, time.Microsecond
	programs, credits := NewPrograms(client, s.tables["intake"], s.tables["tenancy"]), NewCredits(client, s.tables["work"])
	payees := NewPayees(client, s.tables["tenancy"])
	payees.pause.base = time.Microsecond
	payouts := NewPayouts(client, s.tables["ledger"], s.tables["tenancy"])
	payouts.pause.base = time.Microsecond
	programs.pause.base, credits.pause.base = time.Microsecond, time.Microsecond
	objections := NewDisputes(client, s.tables["work"], s.tables["tenancy"])
	objections.pause.base = time.Microsecond
	books := NewLedger(client, s.tables["ledger"])
	books.pause.base = time.Microsecond
	games := NewGames(client, s.tables["work"], s.tables["tenancy"])
	games.pause.base = time.Microsecond
	settlements := NewSettlements(client, s.tables["ledger"], s.tables["tenancy"])
	settlements.pause.base = time.Microsecond
	s.Stores = storetest.Stores{Records: NewRecords(client, s.tables["records"]), History: history,
		Intake: NewIntake(client, s.tables["intake"]), Tenancy: tenancy,
		// The cursors lie in the history table, among the rows.
		Cursors: NewCursors(client, s.tables["history"]),
		Members: members, Destinations: destinations, Logins: logins, Roster: NewRoster(client, s.tables["tenancy"]), Views: NewViews(client, s.tables["intake"], s.tables["tenancy"]), Journal: journal, Jobs: jobs, Syncs: NewSyncs(client, s.tables["work"], s.tables["tenancy"]), Limits: NewLimits(client, s.tables["work"]), Schemas: schemas, Batches: batches,
		Deliveries: NewDeliveries(client, s.tables["work"]), Due: NewDue(client, s.tables["work"]),
		Payees: payees, Disputes: objections, Payouts: payouts, Ledger: books, Games: games, Settlements: settlements, Nudges: NewNudges(client, s.tables["work"], s.tables["tenancy"]), Programs: programs, Credits: credits, Runs: NewRuns(client, s.tables["work"])}
	w.reset()
	return s
}

// client makes a client with the SDK's standard retries, that do not take long.
func (l local) client(w *wire) *dynamodb.Client {
	w.next = http.DefaultTransport
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: &l.endpoint, HTTPClient: &http.Client{Transport: w},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
		// DynamoDB Local sends wrong checksums with errors.
		DisableValidateResponseChecksum: true,
	})
}

// wire is the HTTP transport: it notes the calls and plays the failures that DynamoDB Local does not have.
type wire struct {
	next   http.RoundTripper
	mu     sync.Mutex
	calls  []call
	script []failure
}

type call struct {
	action string
	body   string
}

// failure is what happens to the next call of an action. With an answer the call does not arrive; otherwise it arrives
// and its answer is lost.
type failure struct {
	action string
	status int
	answer string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	w.calls = append(w.calls, call{action, string(body)})
	var f *failure
	if len(w.script) > 0 && w.script[0].action == action {
		f = &w.script[0]
		w.script = w.script[1:]
	}
	w.mu.Unlock()
	switch {
	case f == nil:
		return w.next.RoundTrip(r)
	case f.answer == "":
		response, err := w.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return &http.Response{StatusCode: f.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:   io.NopCloser(strings.NewReader(f.answer))}, nil
}

// fail makes the next calls of an action fail.
func (w *wire) fail(times int, f failure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range times {
		w.script = append(w.script, f)
	}
}

// reset forgets calls and failures.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.script = nil, nil
}

// actions gives the actions called since reset, and resets.
func (w *wire) actions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var actions []string
	for _, c := range w.calls {
		actions = append(actions, c.action)
	}
	w.calls, w.script = nil, nil
	return actions
}

// awsError is an answer that refuses a call.
func awsError(action string, status int, code, message string) failure {
	body, _ := json.Marshal(map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": message}) // texts always marshal
	return failure{action, status, string(body)}
}
