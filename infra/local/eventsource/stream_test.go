package eventsource_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"leadline/infra/local/eventsource"
	"leadline/infra/local/eventsource/pattern"
	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/lambdatest"
)

// consumer is a function that notes what it is handed: lists of sequence numbers.
type consumer struct {
	mu      sync.Mutex
	batches [][]string
	passed  []string
	answer  func(try int, batch []events.DynamoDBEventRecord) lambda.Result
}

func (c *consumer) Invoke(_ context.Context, _ string, in lambda.Invocation) (lambda.Result, error) {
	var e events.DynamoDBEvent
	if err := json.Unmarshal(in.Payload, &e); err != nil {
		return lambda.Result{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var sequences []string
	for _, r := range e.Records {
		sequences = append(sequences, r.Change.SequenceNumber)
	}
	c.batches = append(c.batches, sequences)
	result := returns(`{}`)
	if c.answer != nil {
		result = c.answer(len(c.batches), e.Records)
	}
	if result.FunctionError == "" && string(result.Payload) == `{}` {
		c.passed = append(c.passed, sequences...)
	}
	result.RequestID = "request"
	return result, nil
}

// seen gives all batches as text, in order.
func (c *consumer) seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, b := range c.batches {
		all = append(all, strings.Join(b, " "))
	}
	return all
}

func (c *consumer) done() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.passed)
}

// follow starts a mapping; stop ends it.
func follow(t *testing.T, m *eventsource.StreamMapping) (stop func()) {
	t.Helper()
	m.ARN, m.EventARN, m.Region, m.Function, m.FunctionARN = "arn:stream", "arn:shown", "us-east-1", "f", "arn:f"
	m.Poll = time.Millisecond
	if m.Backoff == nil {
		m.Backoff = func(int) time.Duration { return time.Millisecond }
	}
	if m.Checkpoints == nil {
		m.Checkpoints = checkpoints(t, "")
	}
	if m.Report == nil {
		m.Report = func(err error) { t.Error(err) }
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

func checkpoints(t *testing.T, path string) *eventsource.Checkpoints {
	t.Helper()
	c, err := eventsource.OpenCheckpoints(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func caughtUp(t *testing.T, m *eventsource.StreamMapping) {
	t.Helper()
	start := time.Now()
	waitFor(t, "the mapping has caught up", func() bool { return m.CaughtUp().After(start) })
}

func TestStreamOrder(t *testing.T) {
	s := &stream{}
	var want []string
	for i := range 7 {
		want = append(want, s.put("a", fmt.Sprint(i), ""))
	}
	c := &consumer{}
	m := &eventsource.StreamMapping{Streams: s, Functions: c, BatchSize: 3}
	follow(t, m)
	caughtUp(t, m)
	want = append(want, s.put("a", "7", ""))
	caughtUp(t, m)
	if diff := cmp.Diff(want, c.done()); diff != "" {
		t.Error(diff)
	}
	if got := c.seen()[0]; got != strings.Join(want[:3], " ") {
		t.Errorf("the first batch was %s", got)
	}
	if s := m.Stats(); s.Done != 8 || s.Failed != 0 || s.Running != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestParentsBeforeChildren splits a shard twice and makes the first batch of the parent fail for a while.
func TestParentsBeforeChildren(t *testing.T) {
	s := &stream{}
	s.put("a", "1", "")
	s.put("a", "2", "")
	s.split("a", "b", "c")
	for _, id := range []string{"b", "c", "b"} {
		s.put(id, "1", "")
	}
	s.split("b", "d")
	s.put("d", "1", "")
	c := &consumer{answer: func(try int, _ []events.DynamoDBEventRecord) lambda.Result {
		if try <= 3 {
			return fails
		}
		return returns(`{}`)
	}}
	m := &eventsource.StreamMapping{Streams: s, Functions: c, MaxRetries: -1}
	follow(t, m)
	caughtUp(t, m)
	got := c.done()
	place := func(sequence string) int { return slices.Index(got, sequence) }
	if len(got) != 6 {
		t.Fatalf("passed on: %v", got)
	}
	for _, pair := range [][2]string{{"a-000000", "a-000001"}, {"a-000001", "b-000000"}, {"a-000001", "c-000000"}, {"b-000000", "b-000001"}, {"b-000001", "d-000000"}} {
		if place(pair[0]) > place(pair[1]) {
			t.Errorf("%s came after %s: %v", pair[0], pair[1], got)
		}
	}
}

func TestLanesKeepTheOrderOfItems(t *testing.T) {
	s := &stream{}
	want := map[string][]string{}
	for i := range 60 {
		pk := fmt.Sprint(i % 5)
		want[pk] = append(want[pk], s.put("a", pk, ""))
	}
	got := map[string][]string{}
	var mu sync.Mutex
	running, most := 0, 0
	f := functions(func(payload []byte) (lambda.Result, error) {
		var e events.DynamoDBEvent
		if err := json.Unmarshal(payload, &e); err != nil {
			return lambda.Result{}, err
		}
		mu.Lock()
		running++
		most = max(most, running)
		for _, r := range e.Records {
			pk := r.Change.Keys["pk"].String()
			got[pk] = append(got[pk], r.Change.SequenceNumber)
		}
		mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		return returns(`{}`), nil
	})
	m := &eventsource.StreamMapping{Streams: s, Functions: f, BatchSize: 4, Lanes: 2}
	follow(t, m)
	caughtUp(t, m)
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if most != 2 {
		t.Errorf("%d batches at once, want 2", most)
	}
}

// TestStreamFailures is about what becomes of a batch of four changes, 0 to 3, of which the function fails at some.
func TestStreamFailures(t *testing.T) {
	failAt := func(bad string) func(int, []events.DynamoDBEventRecord) lambda.Result {
		return func(_ int, batch []events.DynamoDBEventRecord) lambda.Result {
			for _, r := range batch {
				if strings.HasSuffix(r.Change.SequenceNumber, bad) {
					return fails
				}
			}
			return returns(`{}`)
		}
	}
	report := func(bad ...string) func(int, []events.DynamoDBEventRecord) lambda.Result {
		return func(_ int, batch []events.DynamoDBEventRecord) lambda.Result {
			var items []string
			for _, r := range batch {
				if slices.Contains(bad, r.Change.SequenceNumber[len(r.Change.SequenceNumber)-1:]) {
					items = append(items, fmt.Sprintf(`{"itemIdentifier":%q}`, r.Change.SequenceNumber))
				}
			}
			if len(items) == 0 {
				return returns(`{}`)
			}
			slices.Reverse(items) // the lowest counts, wherever it stands
			return returns(`{"batchItemFailures":[` + strings.Join(items, ",") + `]}`)
		}
	}
	for name, tc := range map[string]struct {
		mapping func(m *eventsource.StreamMapping)
		answer  func(int, []events.DynamoDBEventRecord) lambda.Result
		// batches that are handed out, by the last digits of their changes' numbers.
		batches []string
		// discarded batches, with the condition and the number of attempts.
		discarded []string
	}{
		"retries of the whole": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = 2 }, failAt("2"),
			[]string{"0123", "0123", "0123"}, []string{"0123 RetryAttemptsExhausted 3"},
		},
		"no retry": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = 0 }, failAt("2"), []string{"0123"}, []string{"0123 RetryAttemptsExhausted 1"},
		},
		"bisect, which uses up no retry": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = 1; m.Bisect = true }, failAt("2"),
			[]string{"0123", "01", "23", "2", "2", "3"}, []string{"2 RetryAttemptsExhausted 2"},
		},
		"retries without end": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = -1 },
			func(try int, _ []events.DynamoDBEventRecord) lambda.Result {
				if try < 6 {
					return fails
				}
				return returns(`{}`)
			},
			[]string{"0123", "0123", "0123", "0123", "0123", "0123"}, nil,
		},
		"reported failures go on from the lowest": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = 2; m.PartialBatch = true }, report("1", "3"),
			[]string{"0123", "123", "123"}, []string{"123 RetryAttemptsExhausted 3"},
		},
		"reported failures, cured one by one": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = 2; m.PartialBatch = true },
			func(try int, batch []events.DynamoDBEventRecord) lambda.Result {
				return report(fmt.Sprint(try))(try, batch)
			},
			[]string{"0123", "123", "23", "3"}, nil,
		},
		"reported failures count only if the mapping says": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = 2 }, report("1"), []string{"0123"}, nil,
		},
		"an answer that makes no sense is a failure": {
			func(m *eventsource.StreamMapping) { m.MaxRetries = 1; m.PartialBatch = true },
			func(int, []events.DynamoDBEventRecord) lambda.Result {
				return returns(`{"batchItemFailures":[{"itemIdentifier":"x"}]}`)
			},
			[]string{"0123", "0123"}, []string{"0123 RetryAttemptsExhausted 2"},
		},
		"too old": {
			func(m *eventsource.StreamMapping) {
				m.MaxRetries = -1
				m.MaxAge = time.Hour
				m.Now = func() time.Time { return time.Unix(1_800_000_000, 0).Add(2 * time.Hour) }
			},
			nil, nil, []string{"0123 RecordAgeExceeded 0"},
		},
		"old, but not too old": {
			func(m *eventsource.StreamMapping) {
				m.MaxAge = time.Hour
				m.Now = func() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Hour) }
			},
			nil, []string{"0123"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stream{}
			for i := range 4 {
				s.put("a", fmt.Sprint(i), "")
			}
			c := &consumer{answer: tc.answer}
			var discarded []string
			var mu sync.Mutex
			m := &eventsource.StreamMapping{Streams: s, Functions: c}
			tc.mapping(m)
			m.Discarded = func(message []byte) error {
				mu.Lock()
				defer mu.Unlock()
				discarded = append(discarded, describe(t, message))
				return nil
			}
			follow(t, m)
			caughtUp(t, m)
			var batches []string
			for _, b := range c.seen() {
				batches = append(batches, digits(b))
			}
			if diff := cmp.Diff(tc.batches, batches); diff != "" {
				t.Errorf("batches: %s", diff)
			}
			mu.Lock()
			if diff := cmp.Diff(tc.discarded, discarded); diff != "" {
				t.Errorf("discarded: %s", diff)
			}
			mu.Unlock()
			s.put("a", "4", "") // whatever happened, the shard goes on
			waitFor(t, "the next change is dealt with", func() bool {
				stats := m.Stats()
				return stats.Done+stats.Discarded == 5
			})
		})
	}
}

// digits shortens sequence numbers to their last digits.
func digits(batch string) string {
	var all string
	for sequence := range strings.SplitSeq(batch, " ") {
		all += sequence[len(sequence)-1:]
	}
	return all
}

// describe gives what a message about discarded changes says, as "0123 condition attempts".
func describe(t *testing.T, message []byte) string {
	t.Helper()
	var got struct {
		RequestContext struct {
			RequestID, FunctionArn, Condition string
			ApproximateInvokeCount            int
		}
		ResponseContext *struct {
			StatusCode                     int
			ExecutedVersion, FunctionError string
		}
		Version, Timestamp string
		DDBStreamBatchInfo struct {
			ShardID, StartSequenceNumber, EndSequenceNumber, ApproximateArrivalOfFirstRecord, ApproximateArrivalOfLastRecord, StreamArn string
			BatchSize                                                                                                                   int
		}
	}
	if err := json.Unmarshal(message, &got); err != nil {
		t.Error(err)
	}
	info := got.DDBStreamBatchInfo
	if got.Version != "1.0" || got.RequestContext.FunctionArn != "arn:f" || info.ShardID != "a" || info.StreamArn != "arn:shown" ||
		info.ApproximateArrivalOfFirstRecord != "2027-01-15T08:00:00Z" || info.ApproximateArrivalOfLastRecord != "2027-01-15T08:00:00Z" || got.Timestamp == "" {
		t.Errorf("message %s", message)
	}
	if tried := got.RequestContext.ApproximateInvokeCount > 0; tried != (got.ResponseContext != nil) || tried && got.ResponseContext.ExecutedVersion != "$LATEST" {
		t.Errorf("message %s", message)
	}
	first, last := digits(info.StartSequenceNumber), digits(info.EndSequenceNumber)
	var all string
	for d := first[0]; d <= last[0]; d++ {
		all += string(d)
	}
	if len(all) != info.BatchSize {
		t.Errorf("message %s", message)
	}
	return fmt.Sprintf("%s %s %d", all, got.RequestContext.Condition, got.RequestContext.ApproximateInvokeCount)
}

func TestRestartGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "checkpoints.json")
	s := &stream{}
	s.put("a", "0", "")
	s.split("a", "b")
	s.put("b", "1", "")
	first := &consumer{}
	m := &eventsource.StreamMapping{Streams: s, Functions: first, Checkpoints: checkpoints(t, path)}
	stop := follow(t, m)
	caughtUp(t, m)
	stop()
	next := s.put("b", "2", "")

	second := &consumer{}
	m = &eventsource.StreamMapping{Streams: s, Functions: second, Checkpoints: checkpoints(t, path)}
	follow(t, m)
	caughtUp(t, m)
	if got := second.done(); !slices.Equal(got, []string{next}) {
		t.Errorf("after a restart: %v, want %s", got, next)
	}

	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := eventsource.OpenCheckpoints(path); err == nil {
		t.Error("a broken file was taken for an empty one")
	}
}

// TestCheckpointWaitsForTheSlowerLane ends a mapping while one of its lanes fails: a restart must repeat what is not
// done, and may repeat what came after it.
func TestCheckpointWaitsForTheSlowerLane(t *testing.T) {
	s := &stream{}
	var all []string
	for i := range 8 {
		all = append(all, s.put("a", fmt.Sprint(i), ""))
	}
	first := &consumer{}
	first.answer = func(_ int, batch []events.DynamoDBEventRecord) lambda.Result {
		for _, r := range batch {
			if r.Change.SequenceNumber == all[3] {
				return fails
			}
		}
		return returns(`{}`)
	}
	store := checkpoints(t, "")
	stop := follow(t, &eventsource.StreamMapping{Streams: s, Functions: first, Checkpoints: store, BatchSize: 4, Lanes: 2, Bisect: true, MaxRetries: -1})
	waitFor(t, "all but the failing lane is done", func() bool {
		return slices.Contains(first.done(), all[0]) && len(first.seen()) > 12
	})
	stop()
	second := &consumer{}
	m := &eventsource.StreamMapping{Streams: s, Functions: second, Checkpoints: store}
	follow(t, m)
	caughtUp(t, m)
	got := second.done()
	if len(got) == 0 || got[0] > all[3] || !slices.Contains(got, all[3]) {
		t.Errorf("after a restart: %v; %s was not done", got, all[3])
	}
	for _, sequence := range all {
		if !slices.Contains(first.done(), sequence) && !slices.Contains(got, sequence) {
			t.Errorf("%s was never passed on", sequence)
		}
	}
	if slices.Contains(got, all[0]) {
		t.Errorf("after a restart: %v; %s was done and nothing before it was not", got, all[0])
	}
}

func TestFilter(t *testing.T) {
	s := &stream{}
	s.put("a", "hook_1", "")
	want := s.put("a", "org_1", "")
	s.put("a", "hook_2", "")
	filter, err := pattern.Parse(`{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"org_"}]}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	c := &consumer{}
	m := &eventsource.StreamMapping{Streams: s, Functions: c, Filter: filter}
	follow(t, m)
	caughtUp(t, m)
	if got := c.done(); !slices.Equal(got, []string{want}) {
		t.Errorf("got %v", got)
	}
	if s := m.Stats(); s.Filtered != 2 || s.Done != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestStartingPosition(t *testing.T) {
	s := &stream{}
	s.put("a", "old", "")
	c := &consumer{}
	m := &eventsource.StreamMapping{Streams: s, Functions: c, Latest: true}
	follow(t, m)
	caughtUp(t, m)
	s.split("a", "b")
	want := s.put("b", "new", "")
	caughtUp(t, m)
	if got := c.done(); !slices.Equal(got, []string{want}) {
		t.Errorf("from the latest: %v, want %s", got, want)
	}
}

func TestIteratorsThatEnd(t *testing.T) {
	s := &stream{}
	s.put("a", "1", "")
	c := &consumer{}
	var mu sync.Mutex
	reports := 0
	report := func(error) {
		mu.Lock()
		defer mu.Unlock()
		reports++
	}
	store := checkpoints(t, "")
	m := &eventsource.StreamMapping{Streams: s, Functions: c, Checkpoints: store, Report: report}
	stop := follow(t, m)
	caughtUp(t, m)
	s.mu.Lock()
	s.expire = 1
	s.mu.Unlock()
	s.put("a", "2", "")
	waitFor(t, "the change after the expiry", func() bool { return len(c.done()) == 2 })
	stop()

	s.mu.Lock()
	s.trimmed = true
	s.mu.Unlock()
	again := &consumer{}
	m = &eventsource.StreamMapping{Streams: s, Functions: again, Checkpoints: store, Report: report}
	follow(t, m)
	caughtUp(t, m)
	if got := again.done(); len(got) != 2 {
		t.Errorf("after the stream forgot: %v, want all that there is", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if reports != 1 { // an iterator that expires is no news, but changes that are lost are
		t.Errorf("%d reports, want 1", reports)
	}
}

func TestStreamPause(t *testing.T) {
	s := &stream{}
	s.put("a", "1", "")
	c := &consumer{}
	m := &eventsource.StreamMapping{Streams: s, Functions: c}
	follow(t, m)
	caughtUp(t, m)
	m.Pause()
	time.Sleep(20 * time.Millisecond) // a read may be under way
	s.put("a", "2", "")
	time.Sleep(20 * time.Millisecond)
	if len(c.done()) != 1 {
		t.Error("a paused mapping passed on a change")
	}
	m.Resume()
	waitFor(t, "the second change", func() bool { return len(c.done()) == 2 })
}

func TestStreamBatchesStayUnder6MB(t *testing.T) {
	s := &stream{}
	for range 20 {
		s.put("a", "1", strings.Repeat("x", 390_000))
	}
	var mu sync.Mutex
	largest, batches := 0, 0
	m := &eventsource.StreamMapping{Streams: s, Functions: functions(func(payload []byte) (lambda.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		largest = max(largest, len(payload))
		batches++
		return returns(`{}`), nil
	})}
	follow(t, m)
	caughtUp(t, m)
	mu.Lock()
	defer mu.Unlock()
	if largest > lambda.MaxRequestBytes || batches != 2 {
		t.Errorf("%d batches, the largest of %d bytes", batches, largest)
	}
}

// TestRealConsumer passes changes to a real process that fails one item and crashes at another.
func TestRealConsumer(t *testing.T) {
	s := &stream{}
	for _, do := range []string{"", "fail-item", "", "exit", ""} {
		s.put("a", "1", do)
	}
	host := lambdatest.Host(t, lambda.Options{}, lambda.Function{Name: "f", Binary: probe, Timeout: 20 * time.Second})
	var mu sync.Mutex
	var discarded []string
	m := &eventsource.StreamMapping{
		Streams: s, Functions: host, Bisect: true, PartialBatch: true, MaxRetries: 1,
		Discarded: func(message []byte) error {
			mu.Lock()
			defer mu.Unlock()
			discarded = append(discarded, describe(t, message))
			return nil
		},
	}
	follow(t, m)
	caughtUp(t, m)
	mu.Lock()
	defer mu.Unlock()
	if stats := m.Stats(); stats.Done+stats.Discarded != 5 || !slices.Contains(discarded, "3 RetryAttemptsExhausted 2") {
		t.Errorf("discarded %v, stats %+v", discarded, stats)
	}
}

func TestKilledConsumer(t *testing.T) {
	s := &stream{}
	for i := range 4 {
		s.put("a", fmt.Sprint(i), "")
	}
	host := lambdatest.Host(t, lambda.Options{}, lambda.Function{Name: "f", Binary: probe, Timeout: 20 * time.Second})
	m := &eventsource.StreamMapping{Streams: s, Functions: host, MaxRetries: 5, Chaos: killer{}}
	follow(t, m)
	caughtUp(t, m)
	if stats := m.Stats(); stats.Done != 4 || stats.Failed != 2 {
		t.Errorf("stats %+v", stats)
	}
}
