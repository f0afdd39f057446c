package dynamo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/record"
	"leadline/shared/store"
)

func kindIs(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.Is(err, kind) || fault.Of(err).Code != code {
		t.Fatalf("got %v (%s), want %s %s", err, fault.KindOf(err), kind, code)
	}
	if !strings.HasPrefix(err.Error(), "store: ") {
		t.Errorf("%q does not say where it comes from", err)
	}
	if strings.Contains(err.Error(), "Confidential") {
		t.Errorf("%q quotes content", err)
	}
}

func testFailures(t *testing.T, l local) {
	s := l.open(t)
	throttled := awsError("UpdateItem", 400, "ProvisionedThroughputExceededException", "slow down")
	for name, test := range map[string]struct {
		times int
		failure
		kind  fault.Kind
		code  string
		calls int
	}{
		"throttled once":      {1, throttled, "", "", 2},
		"throttled for good":  {3, throttled, fault.RateLimited, "throttled", 3},
		"500 once":            {1, awsError("UpdateItem", 500, "InternalServerError", "x"), "", "", 2},
		"500 for good":        {3, awsError("UpdateItem", 500, "InternalServerError", "x"), fault.Unavailable, "unavailable", 3},
		"garbage from within": {3, failure{"UpdateItem", 503, "<html>"}, fault.Unavailable, "unavailable", 3},
		"conflict":            {1, awsError("UpdateItem", 400, "TransactionConflictException", "x"), fault.Unavailable, "unavailable", 1},
		"validation":          {1, awsError("UpdateItem", 400, "ValidationException", "bad"), fault.Internal, "internal", 1},
		"too large": {1, awsError("UpdateItem", 400, "ValidationException", "Item size to update has exceeded the maximum allowed size"),
			fault.Invalid, "too_large", 1},
		"no permission": {1, awsError("UpdateItem", 400, "AccessDeniedException", "x"), fault.Internal, "internal", 1},
		"lost answers":  {3, failure{action: "UpdateItem"}, fault.Unavailable, "unavailable", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s.wire.reset()
			s.wire.fail(test.times, test.failure)
			_, err := s.Records.PutNewer(t.Context(), aRecord(name, 1))
			if test.kind == "" && err != nil {
				t.Error(err)
			} else if test.kind != "" {
				kindIs(t, err, test.kind, test.code)
			}
			if got := s.wire.actions(); len(got) != test.calls {
				t.Errorf("%d calls, want %d", len(got), test.calls)
			}
		})
	}
	t.Run("a table that is not there", func(t *testing.T) {
		records := NewRecords(s.client, "nowhere")
		_, err := records.Get(t.Context(), aRecord("x", 1).Key)
		kindIs(t, err, fault.Internal, "internal")
		_, _, err = records.Scan(t.Context(), store.Page{Limit: 1})
		kindIs(t, err, fault.Internal, "internal")
		_, _, err = records.List(t.Context(), "o", "c", "x", store.Page{Limit: 1})
		kindIs(t, err, fault.Internal, "internal")
		_, _, err = NewIntake(s.client, "nowhere").Entries(t.Context(), "o", store.QuarantineFilter{}, store.Page{Limit: 1})
		kindIs(t, err, fault.Internal, "internal")
	})
	t.Run("nobody answers", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		gone := local{endpoint: "http://" + listener.Addr().String()}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = NewRecords(gone.client(&wire{}), "records").Get(t.Context(), aRecord("x", 1).Key)
		kindIs(t, err, fault.Unavailable, "unavailable")
	})
}

// The request is carried out, its answer is lost, the SDK asks again.
func testLostAnswers(t *testing.T, l local) {
	s := l.open(t)
	lost := func(action string) { s.wire.fail(1, failure{action: action}) }
	r := aRecord("x", 5)

	lost("UpdateItem")
	stands, err := s.Records.PutNewer(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if stands == nil || stands.Hash() != r.Hash() || stands.Version != r.Version || stands.Rev != 1 {
		t.Errorf("PutNewer gives %+v, want what it wrote itself", stands)
	}
	lost("UpdateItem")
	did, stood, err := s.Records.Replace(t.Context(), r, 1)
	if err != nil || did || stood == nil || stood.Hash() != r.Hash() || stood.Rev != 2 {
		t.Errorf("Replace gives %t, %+v, %v, want false and what it wrote itself", did, stood, err)
	}
	if got, err := s.Records.Get(t.Context(), r.Key); err != nil || got.Rev != 2 {
		t.Errorf("rev %d, %v, want 2: each was written once", got.Rev, err)
	}

	c, hook := aConnection("conn_a")
	receipt := &store.Receipt{Organization: c.Organization, Key: "k", ExpiresAt: time.Now().Add(time.Hour)}
	lost("TransactWriteItems")
	if err := s.Tenancy.CreateConnection(t.Context(), c, hook, receipt); err != nil {
		t.Errorf("CreateConnection: %v", err)
	}
	c.Rev++
	lost("TransactWriteItems")
	if err := s.Tenancy.UpdateConnection(t.Context(), c, hook, nil); err != nil {
		t.Errorf("UpdateConnection: %v", err)
	}
	if err := s.Tenancy.CreateConnection(t.Context(), c, hook, receipt); !fault.Is(err, fault.Conflict) {
		t.Errorf("another call is not the same request: %v", err)
	}

	lost("PutItem")
	if err := s.Intake.SetAside(t.Context(), anEntry(1)); err != nil {
		t.Errorf("SetAside: %v", err)
	}
	lost("BatchWriteItem")
	if err := s.History.Put(t.Context(), aRevision(1), aRevision(2)); err != nil {
		t.Errorf("Put: %v", err)
	}
	rows, _, err := s.History.List(t.Context(), aRevision(1).Key, store.Page{Limit: 10})
	if err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v, want 2", len(rows), err)
	}
}

func testTransactions(t *testing.T, l local) {
	s := l.open(t)
	cancelled := func(reasons ...string) failure {
		var codes []string
		for _, r := range reasons {
			codes = append(codes, fmt.Sprintf(`{"Code":%q}`, r))
		}
		return failure{"TransactWriteItems", 400, fmt.Sprintf(
			`{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled","CancellationReasons":[%s]}`,
			strings.Join(codes, ","))}
	}
	for n, test := range []struct {
		name  string
		times int
		failure
		kind  fault.Kind
		code  string
		calls int
	}{
		{"two conflicts", 2, cancelled("None", "TransactionConflict"), "", "", 3},
		{"conflicts for good", 99, cancelled("TransactionConflict", "None"), fault.Unavailable, "unavailable", 6},
		{"throttled twice", 2, cancelled("ThrottlingError", "None"), "", "", 3},
		{"a condition beside a conflict", 1, cancelled("TransactionConflict", "ConditionalCheckFailed"), fault.Conflict, "taken", 1},
		{"a step that can never pass", 1, cancelled("ValidationError", "None"), fault.Internal, "internal", 1},
		{"in progress", 1, awsError("TransactWriteItems", 400, "TransactionInProgressException", "x"), "", "", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.wire.reset()
			s.wire.fail(test.times, test.failure)
			c, hook := aConnection(fmt.Sprint("conn_", n))
			err := s.Tenancy.CreateConnection(t.Context(), c, hook, nil)
			calls := s.wire.actions()
			if len(calls) != test.calls {
				t.Errorf("%d calls, want %d", len(calls), test.calls)
			}
			_, found := s.Tenancy.Connection(t.Context(), c.Organization, c.ID)
			if test.kind == "" {
				if err != nil || found != nil {
					t.Errorf("created: %v, read: %v", err, found)
				}
				return
			}
			kindIs(t, err, test.kind, test.code)
			if !fault.Is(found, fault.NotFound) {
				t.Errorf("refused, and yet: %v", found)
			}
		})
	}
	t.Run("each try carries the same token", func(t *testing.T) {
		s.wire.reset()
		s.wire.fail(1, cancelled("TransactionConflict", "None"))
		c, hook := aConnection("conn_token")
		if err := s.Tenancy.CreateConnection(t.Context(), c, hook, nil); err != nil {
			t.Fatal(err)
		}
		var tokens []string
		for _, c := range s.wire.calls {
			var in struct{ ClientRequestToken string }
			if err := json.Unmarshal([]byte(c.body), &in); err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, in.ClientRequestToken)
		}
		if len(tokens) != 2 || tokens[0] == "" || tokens[0] != tokens[1] {
			t.Errorf("tokens %q, want twice the same", tokens)
		}
	})
	t.Run("the pause ends with the request", func(t *testing.T) {
		tenancy := NewTenancy(s.client, s.tables["tenancy"])
		tenancy.pause = backoff{base: 1000 * time.Hour, most: 1000 * time.Hour, tries: 2}
		s.wire.fail(99, cancelled("TransactionConflict", "None"))
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		c, hook := aConnection("conn_late")
		kindIs(t, tenancy.CreateConnection(ctx, c, hook, nil), fault.Unavailable, "unavailable")
	})
}

func testBatches(t *testing.T, l local) {
	s := l.open(t)
	var rows []record.Revision
	for rev := int64(1); rev <= 30; rev++ {
		rows = append(rows, aRevision(rev))
	}
	unfinished := func(rows ...record.Revision) failure {
		h := NewHistory(s.client, s.tables["history"])
		var requests []string
		for _, row := range rows {
			i, err := h.encode(row)
			if err != nil {
				t.Fatal(err)
			}
			requests = append(requests, fmt.Sprintf(
				`{"PutRequest":{"Item":{"pk":{"S":%q},"sk":{"S":%q},"v":{"N":"1"},"ver":{"S":%q},"b":{"B":%q}}}}`,
				i.primary().pk, i.primary().sk, row.Version, base64.StdEncoding.EncodeToString(read(i).bytes("b"))))
		}
		return failure{"BatchWriteItem", 200, fmt.Sprintf(`{"UnprocessedItems":{%q:[%s]}}`, s.tables["history"], strings.Join(requests, ","))}
	}
	// The first call does nothing and leaves all, and so does the second.
	s.wire.fail(1, unfinished(rows[:25]...))
	s.wire.fail(1, unfinished(rows[:25]...))
	if err := s.History.Put(t.Context(), rows...); err != nil {
		t.Fatal(err)
	}
	if got := s.wire.actions(); len(got) != 4 {
		t.Errorf("%d calls, want 4", len(got))
	}
	got, _, err := s.History.List(t.Context(), rows[0].Key, store.Page{Limit: 100})
	if err != nil || len(got) != 30 {
		t.Errorf("%d rows, %v, want 30", len(got), err)
	}

	s.wire.reset()
	s.wire.fail(99, unfinished(rows[0]))
	kindIs(t, s.History.Put(t.Context(), rows[0]), fault.RateLimited, "throttled")
	if got := s.wire.actions(); len(got) != 6 {
		t.Errorf("%d calls, want 6", len(got))
	}

	slow := NewHistory(s.client, s.tables["history"])
	slow.pause = backoff{base: 1000 * time.Hour, most: 1000 * time.Hour, tries: 2}
	s.wire.fail(99, unfinished(rows[0]))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	kindIs(t, slow.Put(ctx, rows[0]), fault.Unavailable, "unavailable")
}

func TestBackoffGrowsToItsBound(t *testing.T) {
	b := backoff{base: time.Millisecond, most: 4 * time.Millisecond, tries: 60}
	if err := b.wait(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 3, 40, 59} { // far beyond where doubling overflows
		start := time.Now()
		if err := b.wait(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("pause %d took %v", n, took)
		}
	}
}
