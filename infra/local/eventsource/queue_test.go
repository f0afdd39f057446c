package eventsource_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/infra/local/eventsource"
	"leadline/infra/local/lambda"
	"leadline/infra/local/lambda/lambdatest"
	"leadline/infra/local/sqs"
)

// probe is the binary of a function that does what its event says.
var probe string

func TestMain(m *testing.M) { lambdatest.Main(m, &probe) }

// functions is a function that a test scripts.
type functions func(payload []byte) (lambda.Result, error)

func (f functions) Invoke(_ context.Context, _ string, in lambda.Invocation) (lambda.Result, error) {
	return f(in.Payload)
}

func returns(payload string) lambda.Result { return lambda.Result{Payload: []byte(payload)} }

var fails = lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{}`)}

// speed is how much faster than the clock the queues' time runs.
const speed = 100

// never is a visibility timeout that no test lives to see.
var never = map[string]string{"VisibilityTimeout": "43200"}

// queues makes a queue with a dead-letter queue.

func queues(t *testing.T, attributes map[string]string) (*sqs.Queues, *sqs.Queue, *sqs.Queue) {
	t.Helper()
	service, err := sqs.Open(sqs.Options{Speed: speed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	dead, err := service.Create("dead", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"VisibilityTimeout": "50", "RedrivePolicy": `{"maxReceiveCount":3,"deadLetterTargetArn":"` + dead.ARN() + `"}`,
	}
	for name, value := range attributes {
		all[name] = value
	}
	queue, err := service.Create("inbox", all, nil)
	if err != nil {
		t.Fatal(err)
	}
	return service, queue, dead
}

// run starts a mapping until the end of the test.
func run(t *testing.T, m *eventsource.QueueMapping, queue *sqs.Queue) {
	t.Helper()
	m.Queue, m.ARN, m.Region, m.Speed = queue, queue.ARN(), "us-east-1", speed
	if m.Function == "" {
		m.Function = "f"
	}
	m.Report = func(err error) { t.Error(err) }
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func send(t *testing.T, q *sqs.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := q.Send(sqs.Outgoing{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
}

func count(q *sqs.Queue) int {
	s := q.Stats()
	return s.Visible + s.InFlight + s.Delayed
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 30 s: " + what)
		}
	}
}

// TestVerdicts is about what an answer means for the messages of a batch.
func TestVerdicts(t *testing.T) {
	const ok, failing = "ok", "failing"
	item := func(id string) string { return fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":%q}]}`, id) }
	for name, tc := range map[string]struct {
		partial bool
		answer  func(idOfFailing string) lambda.Result
		dead    []string // what ends in the dead-letter queue
	}{
		"no error deletes all":                    {false, func(string) lambda.Result { return returns(`{}`) }, nil},
		"an error keeps all":                      {false, func(string) lambda.Result { return fails }, []string{ok, failing}},
		"failures count only if the mapping says": {false, func(id string) lambda.Result { return returns(item(id)) }, nil},
		"failures are kept, the rest deleted":     {true, func(id string) lambda.Result { return returns(item(id)) }, []string{failing}},
		"an error keeps all, partial or not":      {true, func(string) lambda.Result { return fails }, []string{ok, failing}},
		"an empty list":                           {true, func(string) lambda.Result { return returns(`{"batchItemFailures":[]}`) }, nil},
		"a null list":                             {true, func(string) lambda.Result { return returns(`{"batchItemFailures":null}`) }, nil},
		"an empty answer":                         {true, func(string) lambda.Result { return returns(`{}`) }, nil},
		"a null answer":                           {true, func(string) lambda.Result { return returns(`null`) }, nil},
		"no answer":                               {true, func(string) lambda.Result { return returns(``) }, nil},
		"an answer that is no JSON":               {true, func(string) lambda.Result { return returns(`ok`) }, []string{ok, failing}},
		"an empty identifier":                     {true, func(string) lambda.Result { return returns(item("")) }, []string{ok, failing}},
		"a null identifier":                       {true, func(string) lambda.Result { return returns(`{"batchItemFailures":[{"itemIdentifier":null}]}`) }, []string{ok, failing}},
		"a wrong key":                             {true, func(id string) lambda.Result { return returns(strings.Replace(item(id), "item", "message", 2)) }, []string{ok, failing}},
		"an unknown identifier":                   {true, func(string) lambda.Result { return returns(item("other")) }, []string{ok, failing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, queue, dead := queues(t, nil)
			if err := queue.SetAttributes(map[string]string{"RedrivePolicy": `{"maxReceiveCount":1,"deadLetterTargetArn":"` + dead.ARN() + `"}`}); err != nil {
				t.Fatal(err)
			}
			send(t, queue, ok, failing)
			run(t, &eventsource.QueueMapping{PartialBatch: tc.partial, Window: time.Second, Functions: functions(func(payload []byte) (lambda.Result, error) {
				for _, r := range records(t, payload) {
					if r.Body == failing {
						return tc.answer(r.MessageId), nil
					}
				}
				return returns(`{}`), nil
			})}, queue)
			waitFor(t, "the queue is empty", func() bool { return count(queue) == 0 })
			got := bodies(t, dead)
			want := slices.Clone(tc.dead)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("dead: %v, want %v", got, want)
			}
		})
	}
}

func records(t *testing.T, payload []byte) []events.SQSMessage {
	t.Helper()
	var e events.SQSEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		t.Error(err)
	}
	return e.Records
}

func bodies(t *testing.T, q *sqs.Queue) []string {
	t.Helper()
	var all []string
	zero := time.Duration(0)
	for range 10 {
		messages, err := q.Receive(context.Background(), sqs.ReceiveOptions{Max: 10, Wait: &zero})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			all = append(all, m.Body)
		}
		if len(all) == count(q) {
			break
		}
	}
	slices.Sort(all)
	return all
}

func TestBatches(t *testing.T) {
	_, queue, _ := queues(t, never)
	for i := range 25 {
		send(t, queue, fmt.Sprint(i))
	}
	var mu sync.Mutex
	var sizes []int
	run(t, &eventsource.QueueMapping{BatchSize: 10, Window: time.Second, Concurrency: 2, Functions: functions(func(payload []byte) (lambda.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		sizes = append(sizes, len(records(t, payload)))
		return returns(`{}`), nil
	})}, queue)
	waitFor(t, "the queue is empty", func() bool { return count(queue) == 0 })
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(sizes)
	if !slices.Equal(sizes, []int{5, 10, 10}) {
		t.Errorf("batches of %v", sizes)
	}
}

// TestWindow sends messages one after the other while a window that never ends in the test is open.
func TestWindow(t *testing.T) {
	_, queue, _ := queues(t, never)
	got := make(chan int, 10)
	run(t, &eventsource.QueueMapping{BatchSize: 15, Window: 6 * time.Hour, Functions: functions(func(payload []byte) (lambda.Result, error) {
		got <- len(records(t, payload))
		return returns(`{}`), nil
	})}, queue)
	for i := range 15 {
		send(t, queue, fmt.Sprint(i))
		time.Sleep(time.Millisecond)
	}
	select {
	case n := <-got:
		if n != 15 {
			t.Errorf("a batch of %d before the window was over", n)
		}
	case <-time.After(30 * time.Second):
		t.Error("a full batch was not handed out before the window was over")
	}
}

func TestConcurrency(t *testing.T) {
	_, queue, _ := queues(t, never)
	for i := range 20 {
		send(t, queue, fmt.Sprint(i))
	}
	var mu sync.Mutex
	running, most := 0, 0
	run(t, &eventsource.QueueMapping{BatchSize: 1, Concurrency: 3, Functions: functions(func([]byte) (lambda.Result, error) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		return returns(`{}`), nil
	})}, queue)
	waitFor(t, "the queue is empty", func() bool { return count(queue) == 0 })
	mu.Lock()
	defer mu.Unlock()
	if most != 3 {
		t.Errorf("%d batches at once, want 3", most)
	}
}

func TestEventStaysUnder6MB(t *testing.T) {
	_, queue, _ := queues(t, never)
	for range 9 {
		send(t, queue, strings.Repeat("x", 1<<20))
	}
	var mu sync.Mutex
	total := 0
	host := lambdatest.Host(t, lambda.Options{}, lambda.Function{Name: "f", Binary: probe, Timeout: 20 * time.Second})
	run(t, &eventsource.QueueMapping{Window: time.Second, Functions: functions(func(payload []byte) (lambda.Result, error) {
		if len(payload) > lambda.MaxRequestBytes {
			t.Errorf("an event of %d bytes", len(payload))
		}
		mu.Lock()
		total += len(records(t, payload))
		mu.Unlock()
		return host.Invoke(context.Background(), "f", lambda.Invocation{Payload: payload})
	})}, queue)
	waitFor(t, "the queue is empty", func() bool { return count(queue) == 0 })
	mu.Lock()
	defer mu.Unlock()
	if total != 9 {
		t.Errorf("%d messages were handed out, want 9", total)
	}
}

func TestRecord(t *testing.T) {
	_, queue, _ := queues(t, never)
	id, err := queue.Send(sqs.Outgoing{Body: `<"ü">`, Group: "org_1", Attributes: map[string]sqs.Attribute{
		"text": {DataType: "String", StringValue: "x"}, "bytes": {DataType: "Binary", BinaryValue: []byte{0, 1}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan events.SQSMessage, 1)
	run(t, &eventsource.QueueMapping{Functions: functions(func(payload []byte) (lambda.Result, error) {
		got <- records(t, payload)[0]
		return returns(`{}`), nil
	})}, queue)
	r := <-got
	for what, pair := range map[string][2]string{
		"id": {r.MessageId, id}, "body": {r.Body, `<"ü">`}, "digest": {r.Md5OfBody, sqs.BodyMD5(`<"ü">`)},
		"ARN": {r.EventSourceARN, queue.ARN()}, "source": {r.EventSource, "aws:sqs"}, "region": {r.AWSRegion, "us-east-1"},
		"receives": {r.Attributes["ApproximateReceiveCount"], "1"}, "group": {r.Attributes["MessageGroupId"], "org_1"},
		"text type": {r.MessageAttributes["text"].DataType, "String"}, "text": {*r.MessageAttributes["text"].StringValue, "x"},
		"bytes": {string(r.MessageAttributes["bytes"].BinaryValue), "\x00\x01"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
	if r.ReceiptHandle == "" || r.Attributes["SentTimestamp"] == "" || r.Md5OfMessageAttributes == "" {
		t.Errorf("got %+v", r)
	}
}

func TestPause(t *testing.T) {
	_, queue, _ := queues(t, never)
	var handed sync.Map
	m := &eventsource.QueueMapping{Functions: functions(func(payload []byte) (lambda.Result, error) {
		handed.Store(records(t, payload)[0].Body, true)
		return returns(`{}`), nil
	})}
	run(t, m, queue)
	send(t, queue, "before")
	waitFor(t, "the first message", func() bool { return count(queue) == 0 })
	m.Pause()
	send(t, queue, "during")
	time.Sleep(50 * time.Millisecond) // five seconds of queue time
	if _, ok := handed.Load("during"); ok || count(queue) != 1 {
		t.Error("a paused mapping handed out a message")
	}
	if !m.Stats().Paused {
		t.Error("it does not say that it is paused")
	}
	m.Resume()
	waitFor(t, "the second message", func() bool { return count(queue) == 0 })
	if s := m.Stats(); s.Done != 2 || s.Batches != 2 || s.Paused {
		t.Errorf("stats %+v", s)
	}
}

// TestEndGivesBack ends a mapping that has gathered messages but not made a batch of them.
func TestEndGivesBack(t *testing.T) {
	_, queue, _ := queues(t, never)
	m := &eventsource.QueueMapping{
		Queue: queue, ARN: queue.ARN(), Function: "f", Speed: speed, Window: 6 * time.Hour, Report: func(err error) { t.Error(err) },
		Functions: functions(func([]byte) (lambda.Result, error) {
			t.Error("it was handed out")
			return fails, nil
		}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		m.Run(ctx)
		close(ended)
	}()
	send(t, queue, "x")
	waitFor(t, "the message is received", func() bool { return queue.Stats().InFlight == 1 })
	cancel()
	<-ended
	if s := queue.Stats(); s.Visible != 1 {
		t.Errorf("queue: %+v", s)
	}
}

// TestRealFunction feeds a real process with messages that make it fail items, fail as a whole and crash.
func TestRealFunction(t *testing.T) {
	_, queue, dead := queues(t, nil)
	host := lambdatest.Host(t, lambda.Options{}, lambda.Function{Name: "f", Binary: probe, Timeout: 20 * time.Second})
	crash, failing, poison := `{"do":"exit"}`, `{"do":"fail"}`, `{"do":"fail-item"}`
	send(t, queue, "a", crash, "b", failing, "c", poison)
	run(t, &eventsource.QueueMapping{BatchSize: 1, Concurrency: 2, PartialBatch: true, Functions: host}, queue)
	waitFor(t, "the queue is empty", func() bool { return count(queue) == 0 })
	want := []string{crash, failing, poison}
	slices.Sort(want)
	if got := bodies(t, dead); !slices.Equal(got, want) {
		t.Errorf("dead: %v, want %v", got, want)
	}
	if s := host.Stats()["f"]; s.Crashes != 3 {
		t.Errorf("%d crashes, want 3", s.Crashes)
	}
}

// killer kills the first two tries of everything.
type killer struct{}

func (killer) Kill(_ string, try int) (time.Duration, bool) { return 0, try < 3 }

func TestKilledWorker(t *testing.T) {
	_, queue, dead := queues(t, nil)
	host := lambdatest.Host(t, lambda.Options{}, lambda.Function{Name: "f", Binary: probe, Timeout: 20 * time.Second})
	send(t, queue, "a", "b")
	m := &eventsource.QueueMapping{Functions: host, PartialBatch: true, Chaos: killer{}}
	run(t, m, queue)
	waitFor(t, "the queue is empty", func() bool { return count(queue) == 0 })
	if count(dead) != 0 || m.Stats().Done != 2 || m.Stats().Failed == 0 {
		t.Errorf("dead %d, stats %+v", count(dead), m.Stats())
	}
}
