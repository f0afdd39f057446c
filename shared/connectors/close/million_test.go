package close_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connectors/close"
	"leadline/shared/record"
)

// records is how many records TestMillion and TestMillionTied read: go test -run TestMillion -args -records 1000000
var records = flag.Int("records", 100_000, "how many records TestMillion and TestMillionTied read")

// digest is what is kept of a record.
type digest [16]byte

func digestOf(id string, f record.Fields) digest {
	h := sha256.New()
	h.Write([]byte(id))
	h.Write(f.Canonical())
	return digest(h.Sum(nil)[:16])
}

// TestMillionTied reads very many records behind all of Close's caps (offsets, the rows and the life of a search, page sizes,
// ties of more than a page and of more than a search gives) and compares the copy by count and by hash. The reader holds no
// more than a page; what the test holds is a digest of each record. TestMillion does it with the sandbox.
func TestMillionTied(t *testing.T) {
	objects := []string{"lead", "opportunity", "task", "activity.call"}
	for i, object := range objects {
		n := (*records + i) / len(objects)
		w := newWorld(t, object)
		w.maxSkip, w.tick = 2_000, 100*time.Millisecond
		dice := rand.New(rand.NewPCG(7, uint64(i)))
		base := begin.Add(-8 * 365 * 24 * time.Hour).UnixMilli()
		busy := base + 1<<37
		created := func(int) int64 { return base + dice.Int64N(1<<37) }
		updated := func(i int) int64 {
			switch {
			case i < n/5: // an import that stamped more than a search gives with one time
				return busy
			case i%100 == 0: // bulk actions: hundreds with one time
				return base + int64(i/20_000)
			}
			return base + dice.Int64N(1<<37)
		}
		w.add(n, created, updated)
		if object == "activity.call" || object == "task" { // more than a page of one creation
			for j := range min(n, 1500) {
				w.rows[j].created = busy
			}
		}
		got, pages := map[string]digest{}, 0
		for cursor := ""; ; pages++ {
			page, err := close.Definition().Pull.Page(context.Background(), w, connector.PageRequest{Object: object, Scope: all(), Cursor: cursor, Now: w.now})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Changes {
				got[c.ID] = digestOf(c.ID, c.Fields)
			}
			if len(cursor) > 32<<10 {
				t.Fatalf("a cursor of %d bytes", len(cursor))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(got) != n {
			t.Errorf("%s: got %d records, want %d", object, len(got), n)
		}
		var fields record.Fields
		var text []byte
		for _, r := range w.rows {
			text = w.render(text[:0], r)
			fields, _ = record.ParseFields(bytes.Clone(text))
			delete(fields, "integration_links")
			if got[r.id] != digestOf(r.id, fields) {
				t.Fatalf("%s: %s differs", object, r.id)
			}
		}
		t.Logf("%s: %d records in %d pages", object, n, pages)
	}
}
