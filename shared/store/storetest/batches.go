package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/store"
)

func claimTests() []test {
	return []test{
		{"a missing claim is not found", func(t *testing.T, s Stores) {
			_, err := s.Batches.Claimed(ctx(t), "org_a", "c")
			is(t, err, fault.NotFound, "")
		}},
		{"the first claim stands, whole, and comes as often as it likes", func(t *testing.T, s Stores) {
			first := newClaim("c", 1)
			claims(t, s, first, nil)
			claims(t, s, first, nil)
			claims(t, s, newClaim("c", 2), &first)
			got, err := s.Batches.Claimed(ctx(t), "org_a", "c")
			ok(t, err)
			same(t, got, first)
		}},
		{"a claim that has expired does not stand", func(t *testing.T, s Stores) {
			first, second := newClaim("c", 1), newClaim("c", 2)
			claims(t, s, first, nil)
			second.ReceivedAt = first.ExpiresAt.Add(-1)
			claims(t, s, second, &first)
			second.ReceivedAt, second.ExpiresAt = first.ExpiresAt, first.ExpiresAt.Add(time.Hour)
			claims(t, s, second, nil)
			claims(t, s, newClaim("c", 1), &second)
		}},
		{"one of concurrent claims wins, and all get the same answer", concurrentClaims},
		{"claims are kept apart", func(t *testing.T, s Stores) {
			var first []push.Claim
			for n, id := range hostile() {
				for _, organization := range []string{"org_a", "org_b", "org_a#claim"} {
					c := newClaim(id, n)
					c.Organization = organization
					if !slices.ContainsFunc(first, func(o push.Claim) bool { return o.ID == id && o.Organization == organization }) {
						claims(t, s, c, nil)
						first = append(first, c)
					}
				}
			}
			for _, c := range first {
				other := c
				other.Batch = "other"
				claims(t, s, other, &c)
			}
		}},
	}
}

func concurrentClaims(t *testing.T, s Stores) {
	for _, expired := range []bool{false, true} {
		id := fmt.Sprint(expired)
		if old := newClaim(id, 99); expired {
			old.ExpiresAt = old.ReceivedAt
			claims(t, s, old, nil)
		}
		var (
			mu   sync.Mutex
			won  []string
			lost []push.Claim
		)
		for _, err := range atOnce(t, func(n int) error {
			stands, err := s.Batches.Claim(ctx(t), newClaim(id, n))
			mu.Lock()
			defer mu.Unlock()
			if stands != nil {
				lost = append(lost, *stands)
			} else {
				won = append(won, newClaim(id, n).Batch)
			}
			return err
		}) {
			ok(t, err)
		}
		if len(won) != 1 {
			t.Fatalf("%d of %d claims won, want one", len(won), writers)
		}
		for _, stands := range lost {
			if stands.Batch != won[0] {
				t.Fatalf("a claim is told that %s stands, but %s won", stands.Batch, won[0])
			}
		}
	}
}

func batchTests() []test {
	return []test{
		{"a missing batch is not found and not made", func(t *testing.T, s Stores) {
			_, err := s.Batches.Batch(ctx(t), "org_a", batchID(1))
			is(t, err, fault.NotFound, "")
			is(t, s.Batches.FinishChunk(ctx(t), "org_a", batchID(1), newChunk(0)), fault.NotFound, "")
			same(t, all(t, 10, batches(t, s, "org_a")), nil)
			same(t, all(t, 10, chunks(t, s, "org_a", batchID(1))), nil)
		}},
		{"a batch is kept whole, and the next state leaves nothing of it", func(t *testing.T, s Stores) {
			b := newBatch("org_a", 1)
			ok(t, s.Batches.SaveBatch(ctx(t), b))
			same(t, batch(t, s, b), b)
			next := push.Batch{ID: b.ID, Organization: "org_a", ReceivedAt: base(), FinishedAt: base(), Status: push.Finished, Problem: "none"}
			ok(t, s.Batches.SaveBatch(ctx(t), next))
			same(t, batch(t, s, b), next)
		}},
		{"finished chunks add up, once each", finishedChunks},
		{"chunks that are finished at once are all counted, one that is finished at once only once", concurrentChunks},
		{"batches come newest first, without Only, with every limit", func(t *testing.T, s Stores) {
			var want []push.Batch
			for n := range 40 {
				b := newBatch("org_a", n)
				ok(t, s.Batches.SaveBatch(ctx(t), b))
				b.Only = nil
				want = append(want, b)
			}
			slices.Reverse(want)
			pages(t, want, batches(t, s, "org_a"))
		}},
		{"chunks come by number, with every limit", func(t *testing.T, s Stores) {
			ok(t, s.Batches.SaveBatch(ctx(t), newBatch("org_a", 1)))
			var want []push.Chunk
			for n := range 23 {
				ok(t, s.Batches.FinishChunk(ctx(t), "org_a", batchID(1), newChunk(22-n)))
				want = append(want, newChunk(n))
			}
			pages(t, want, chunks(t, s, "org_a", batchID(1)))
		}},
		{"batches and chunks of others are not listed, their cursors are invalid", func(t *testing.T, s Stores) {
			for _, organization := range []string{"org_a", "org_b", "org_a#0"} {
				for n := range 3 {
					ok(t, s.Batches.SaveBatch(ctx(t), newBatch(organization, n)))
				}
				for n := range 3 {
					ok(t, s.Batches.FinishChunk(ctx(t), organization, batchID(1), newChunk(n+1)))
					ok(t, s.Batches.FinishChunk(ctx(t), organization, batchID(n), newChunk(0)))
				}
			}
			if got := all(t, 10, batches(t, s, "org_a")); len(got) != 3 {
				t.Fatalf("%d batches, want 3", len(got))
			}
			if got := all(t, 10, chunks(t, s, "org_a", batchID(2))); len(got) != 1 {
				t.Fatalf("%d chunks, want 1", len(got))
			}
			_, err := s.Batches.Batch(ctx(t), "org_c", batchID(1))
			is(t, err, fault.NotFound, "")
			is(t, s.Batches.FinishChunk(ctx(t), "org_c", batchID(1), newChunk(0)), fault.NotFound, "")
			refuses(t, batches(t, s, "org_a"), next(batches(t, s, "org_b")), next(chunks(t, s, "org_a", batchID(1))))
			refuses(t, chunks(t, s, "org_a", batchID(1)), next(chunks(t, s, "org_b", batchID(1))), next(batches(t, s, "org_a")))
		}},
		{"what is written and read is not shared", func(t *testing.T, s Stores) {
			b, c := newBatch("org_a", 1), newChunk(1)
			ok(t, s.Batches.SaveBatch(ctx(t), b))
			ok(t, s.Batches.FinishChunk(ctx(t), "org_a", b.ID, c))
			spoilChunk(b.Only)
			spoilChunk(&c)
			b.Counts[push.Stale] = 99
			want := newBatch("org_a", 1)
			want.Done++
			want.Counts[push.Applied] += 4
			want.Counts[push.SetAside] += 2
			got, stored := batch(t, s, b), all(t, 10, chunks(t, s, "org_a", b.ID))
			same(t, got, want)
			same(t, stored, []push.Chunk{newChunk(1)})
			spoilChunk(got.Only)
			got.Counts[push.Stale] = 99
			spoilChunk(&stored[0])
			same(t, batch(t, s, b), want)
			same(t, all(t, 10, chunks(t, s, "org_a", b.ID)), []push.Chunk{newChunk(1)})
		}},
		{"10,000 rows that are all set aside fit", largestChunk},
	}
}

func finishedChunks(t *testing.T, s Stores) {
	b := newBatch("org_a", 1)
	b.Only, b.Counts, b.Done, b.Chunks = nil, nil, 0, 3
	ok(t, s.Batches.SaveBatch(ctx(t), b))
	b.Counts = map[push.Outcome]int64{push.Applied: 0, push.SetAside: 0}
	for n := range 3 {
		c := newChunk(n)
		if n == 2 {
			c.Counts = nil
		}
		for range 3 {
			ok(t, s.Batches.FinishChunk(ctx(t), "org_a", b.ID, c))
			// The same chunk again counts nothing, whatever it says.
			c.Counts = map[push.Outcome]int64{push.Applied: 1000}
		}
		b.Done++
		if n < 2 {
			b.Counts[push.Applied] += 4
			b.Counts[push.SetAside] += 2
		}
		same(t, batch(t, s, b), b)
	}
	last := newChunk(2)
	last.Counts = nil
	same(t, all(t, 10, chunks(t, s, "org_a", b.ID)), []push.Chunk{newChunk(0), newChunk(1), last})
}

func concurrentChunks(t *testing.T, s Stores) {
	b := newBatch("org_a", 1)
	b.Only, b.Counts, b.Done = nil, nil, 0
	ok(t, s.Batches.SaveBatch(ctx(t), b))
	for _, err := range atOnce(t, func(int) error { return s.Batches.FinishChunk(ctx(t), "org_a", b.ID, newChunk(0)) }) {
		ok(t, err)
	}
	b.Done, b.Counts = 1, map[push.Outcome]int64{push.Applied: 4, push.SetAside: 2}
	same(t, batch(t, s, b), b)
	for _, err := range atOnce(t, func(n int) error { return s.Batches.FinishChunk(ctx(t), "org_a", b.ID, newChunk(1+n)) }) {
		ok(t, err)
	}
	b.Done, b.Counts = 1+writers, map[push.Outcome]int64{push.Applied: 4 + 4*writers, push.SetAside: 2 + 2*writers}
	same(t, batch(t, s, b), b)
}

// largestChunk is a request of the most rows, with ids as random as UUIDs.
func largestChunk(t *testing.T, s Stores) {
	random := rand.New(rand.NewPCG(1, 2))
	c := push.Chunk{Number: 0, First: 1, Rows: push.MaxRows, Counts: map[push.Outcome]int64{push.SetAside: push.MaxRows}}
	for row := 1; row <= push.MaxRows; row++ {
		o := push.RowOutcome{Row: row, ID: fmt.Sprintf("%016x-%016x", random.Uint64(), random.Uint64()),
			Outcome: push.SetAside, Code: "schema_mismatch"}
		if row <= 1000 {
			o.Detail = fmt.Sprintf("The field %q should be a number and is the text of %d characters that the row brought.", o.ID[:8], row)
		}
		c.Outcomes = append(c.Outcomes, o)
	}
	only := newBatch("org_a", 1)
	only.Only = &c
	ok(t, s.Batches.SaveBatch(ctx(t), only))
	same(t, batch(t, s, only), only)
	parts := newBatch("org_a", 2)
	parts.Only = nil
	ok(t, s.Batches.SaveBatch(ctx(t), parts))
	ok(t, s.Batches.FinishChunk(ctx(t), "org_a", parts.ID, c))
	same(t, all(t, 1, chunks(t, s, "org_a", parts.ID)), []push.Chunk{c})
}

func batchID(n int) string { return fmt.Sprintf("01KAN5XQ8Z%016d", n) }

// newClaim makes the claim of the n-th batch.
func newClaim(id string, n int) push.Claim {
	return push.Claim{Organization: "org_a", ID: id, Batch: batchID(n), ReceivedAt: base(), Sum: fmt.Sprintf("%064d", n),
		ExpiresAt: base().Add(24 * time.Hour)}
}

// claims makes a claim and checks what it is told to stand.
func claims(t *testing.T, s Stores, c push.Claim, want *push.Claim) {
	t.Helper()
	stands, err := s.Batches.Claim(ctx(t), c)
	ok(t, err)
	same(t, stands, want)
}

// newBatch makes the n-th batch of an organization, with everything that a batch can have; ids sort by n.
func newBatch(organization string, n int) push.Batch {
	only := newChunk(0)
	return push.Batch{
		ID: batchID(n), Public: "bat_" + strings.Repeat("x", 34), Organization: organization, Connection: "conn_a", Client: "cli_1",
		Object: "deal", Kind: "push", ReceivedAt: base(), FinishedAt: base().Add(time.Second), Status: push.Running,
		Problem: "<&>", Rows: 6, Chunks: 1, Done: 1, Counts: map[push.Outcome]int64{push.Applied: 4, push.SetAside: 2}, Only: &only,
	}
}

// newChunk makes the n-th chunk of a batch: six rows, two of them set aside.
func newChunk(n int) push.Chunk {
	return push.Chunk{Number: n, First: 6*n + 1, Rows: 6, Counts: map[push.Outcome]int64{push.Applied: 4, push.SetAside: 2},
		Outcomes: []push.RowOutcome{{Row: 6*n + 1, ID: "<&>", Outcome: push.SetAside, Code: "invalid_id", Detail: "ü"},
			{Row: 6*n + 2, Outcome: push.SetAside, By: 6*n + 3}}}
}

func spoilChunk(c *push.Chunk) { c.Outcomes[0].ID, c.Counts[push.Stale] = "late", 99 }

func batch(t *testing.T, s Stores, b push.Batch) push.Batch {
	t.Helper()
	got, err := s.Batches.Batch(ctx(t), b.Organization, b.ID)
	ok(t, err)
	return got
}

func batches(t *testing.T, s Stores, organization string) func(store.Page) ([]push.Batch, string, error) {
	return func(p store.Page) ([]push.Batch, string, error) { return s.Batches.Batches(ctx(t), organization, p) }
}

func chunks(t *testing.T, s Stores, organization, batch string) func(store.Page) ([]push.Chunk, string, error) {
	return func(p store.Page) ([]push.Chunk, string, error) {
		return s.Batches.Chunks(ctx(t), organization, batch, p)
	}
}
