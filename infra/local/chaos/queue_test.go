package chaos_test

import (
	"fmt"
	"testing"
	"time"

	"leadline/infra/local/chaos"
	"leadline/infra/local/sqs"
)

// Whatever chaos does to deliveries and workers, a consumer that works gets every message done within the five receives
// after which it would be dead.
func TestChaosAloneNeverDeadLetters(t *testing.T) {
	for _, cfg := range []chaos.Config{chaos.Default(1), always()} {
		source := chaos.New(cfg)
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		queues, err := sqs.Open(sqs.Options{Now: func() time.Time { return now }, Faults: source})
		if err != nil {
			t.Fatal(err)
		}
		dead, err := queues.Create("InboxDead", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		inbox, err := queues.Create("Inbox", map[string]string{"VisibilityTimeout": "360",
			"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, dead.ARN())}, nil)
		if err != nil {
			t.Fatal(err)
		}
		const messages = 300
		for i := range messages {
			if _, err := inbox.Send(sqs.Outgoing{Body: fmt.Sprint(i), Group: fmt.Sprint(i % 3)}); err != nil {
				t.Fatal(err)
			}
		}
		done, deliveries := map[string]bool{}, 0
		for st := inbox.Stats(); st != (sqs.Stats{}); st = inbox.Stats() {
			batch, err := inbox.Receive(t.Context(), sqs.ReceiveOptions{Max: 10})
			if err != nil {
				t.Fatal(err)
			}
			if len(batch) == 0 {
				now = now.Add(time.Second)
				continue
			}
			receives := 0
			for _, m := range batch {
				receives = max(receives, m.Receives)
			}
			deliveries += len(batch)
			if _, killed := source.Kill("ingest", receives); killed {
				continue
			}
			for _, m := range batch {
				done[m.Body] = true
				if err := inbox.Delete(m.Receipt); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(done) != messages || dead.Stats() != (sqs.Stats{}) {
			t.Errorf("%d of %d messages done, dead letters: %+v", len(done), messages, dead.Stats())
		}
		if deliveries <= messages*11/10 {
			t.Errorf("%d deliveries of %d messages: there was no chaos", deliveries, messages)
		}
	}
}
