package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// flood is how many messages one organization sends at once; the full size is 50,000.
var flood = flag.Int("flood", 3_000, "messages of the noisy neighbour")

// TestANoisyNeighbourDelaysNobody floods the inbox for one organization and, while most of that waits, has another one's
// rows stored: they do not stand behind the flood. How long it takes is told, and measured by `make bench`.
func TestANoisyNeighbourDelaysNobody(t *testing.T) {
	s := start(t, t.TempDir())
	_, quiet := s.bootstrap(t, "quiet")
	var client struct {
		ClientID, ClientSecret string
		Connection             string `json:"connection"`
	}
	status, answer := s.call(t, quiet, http.MethodPost, "/v1/clients", map[string]string{"name": "quiet"})
	if status != http.StatusCreated || json.Unmarshal(answer, &client) != nil {
		t.Fatalf("%d %s", status, answer)
	}
	push := func(id int) error {
		status, answer, err := s.tryCall("", http.MethodPost, "/v1/push", json.RawMessage(fmt.Sprintf(`{"objectname":"calls","data":[{"id":%d,"action":"create"}]}`, id)),
			map[string]string{"authorization": basic(client.ClientID, client.ClientSecret)})
		if err == nil && status != http.StatusAccepted {
			err = fmt.Errorf("%d %s", status, answer)
		}
		return err
	}
	stored := func(id int) bool {
		status, _, err := s.tryCall(quiet, http.MethodGet, fmt.Sprintf("/v1/connections/%s/objects/calls/records/%d", client.Connection, id), nil, nil)
		return err == nil && status == http.StatusOK
	}

	began := time.Now()
	var sent atomic.Int64
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for n := sent.Add(1); n <= int64(*flood); n = sent.Add(1) {
				if status, answer, err := s.tryPush("noise", fmt.Sprintf(`[{"id":%d,"action":"create"}]`, n), nil); err != nil || status != http.StatusAccepted {
					t.Errorf("flood: %d %s %v", status, answer, err)
					return
				}
			}
		})
	}
	senders.Wait()
	t.Logf("%d messages taken in %s", *flood, time.Since(began).Round(time.Millisecond))

	waiting := func() int {
		q := s.status(t).Queues["Inbox"]
		return q.Visible + q.InFlight
	}
	if n := waiting(); n < *flood*3/4 {
		t.Fatalf("only %d of %d messages wait: this is no flood", n, *flood)
	}
	for id := range 3 {
		at := time.Now()
		if err := push(id); err != nil {
			t.Fatal(err)
		}
		eventually(t, 2*time.Minute, "the quiet organization's row is stored", func() bool { return stored(id) })
		n := waiting()
		t.Logf("row %d was stored after %s, with %d messages still waiting", id, time.Since(at).Round(time.Millisecond), n)
		if id == 0 && n < *flood/2 {
			t.Errorf("the quiet organization's row was stored when only %d of %d messages still waited: it stood behind them", n, *flood)
		}
	}
}
