package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/intake"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/syncing"
)

// seen is a set of the ids that a reading saw: the first eight bytes of their hashes, sorted. Two ids of one million share
// eight bytes once in thirty million readings; such a record would then be taken for present.
type seen []uint64

func hashOf(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:])
}

func (s seen) has(id string) bool {
	_, found := slices.BinarySearch(s, hashOf(id))
	return found
}

// seenKey names the object of the payload bucket that holds what one page saw.
func seenKey(s syncing.Stream, page int64) string {
	return fmt.Sprintf("runs/%s/%s/%s/%08d", s.Organization, s.Run, s.Object, page)
}

// keepSeen keeps the ids of a page. The page that is read again keeps them in the same place.
func (w *worker) keepSeen(ctx context.Context, changes []record.Change, refused []connector.RefusedRow) error {
	var body []byte
	for _, c := range changes {
		body = binary.BigEndian.AppendUint64(body, hashOf(c.ID))
	}
	for _, r := range refused {
		if r.ID != "" { // it is there, though it cannot be understood
			body = binary.BigEndian.AppendUint64(body, hashOf(r.ID))
		}
	}
	if err := w.Payloads.Put(ctx, seenKey(w.stream, w.stream.Pages), body); err != nil {
		return fmt.Errorf("engine: keep the ids of a page: %w", err)
	}
	return nil
}

// parallelReads is how many objects of the bucket are read at once.
const parallelReads = 32

// loadSeen reads what all pages of the reading saw, each id once.
func (w *worker) loadSeen(ctx context.Context) error {
	if w.seen != nil {
		return nil
	}
	var mu sync.Mutex
	all := make(seen, 0, w.stream.Counts.Fetched)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelReads)
	for page := range w.stream.Pages {
		group.Go(func() error {
			body, err := w.Payloads.Get(ctx, seenKey(w.stream, page))
			if fault.Is(err, fault.NotFound) {
				return fault.Wrap(err, fault.Invalid, "reading_forgotten", "What this run had read is not kept any more: it stood still for too long. Start it anew.")
			}
			if err != nil {
				return fmt.Errorf("engine: read the ids of a page: %w", err)
			}
			mu.Lock()
			defer mu.Unlock()
			for len(body) >= 8 {
				all = append(all, binary.BigEndian.Uint64(body))
				body = body[8:]
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	slices.Sort(all)
	w.seen = slices.Compact(all)
	return nil
}

// comparison is the cursor of the phase Comparing: first all that is stored is held against what was read, to know how much
// is absent; then, if that is not too much, what is absent is asked for by id, and what is not there is deleted.
type comparison struct {
	Deleting bool   `json:"deleting,omitempty"`
	Heads    string `json:"heads,omitempty"`
	// Alive counts the records that are stored and not deleted.
	Alive int64 `json:"alive"`
	// At is when the step that the cursor stands before could begin.
	At time.Time `json:"at,omitzero"`
}

// compare takes one step of the phase Comparing.
func (w *worker) compare(ctx context.Context) (syncing.Stream, error) {
	var at comparison
	if w.stream.Cursor != "" {
		if err := json.Unmarshal([]byte(w.stream.Cursor), &at); err != nil {
			return w.stream, fault.Wrap(err, fault.Internal, "unknown_cursor", "engine: the cursor of a comparison")
		}
	}
	if err := w.loadSeen(ctx); err != nil {
		return w.stream, err
	}
	next := w.stream
	limit := store.MaxLimit
	if at.Deleting {
		limit = connector.MaxIDs
	}
	heads, following, err := w.Records.Heads(ctx, w.conn.Organization, w.conn.ID, w.stream.Object, store.Page{Cursor: at.Heads, Limit: limit})
	if err != nil {
		return next, fmt.Errorf("engine: what is stored: %w", err)
	}
	var absent, deleted []record.Record
	for _, h := range heads {
		if h.Deleted {
			if at.Deleting && !w.seen.has(h.ID) && !h.StoredAt.Before(at.At) { // perhaps by a try of this step that was not saved
				deleted = append(deleted, h)
			}
			continue
		}
		if !at.Deleting {
			at.Alive++
		}
		// What was stored since the reading began came in by itself.
		if !w.seen.has(h.ID) && h.StoredAt.Before(w.stream.StartedAt) {
			absent = append(absent, h)
		}
	}
	at.Heads, at.At = following, w.Now().UTC()
	switch {
	case at.Deleting:
		if err := w.resolveAbsent(ctx, &next, absent, deleted); err != nil {
			return w.stream, err
		}
		if following == "" {
			next.Phase, next.Cursor = w.after(syncing.Comparing), ""
			return next, nil
		}
	default:
		next.Counts.Absent += int64(len(absent))
		if following != "" {
			break
		}
		held, err := w.mustHold(ctx, next.Counts.Absent, at.Alive)
		if err != nil {
			return w.stream, err
		}
		if held != "" || next.Counts.Absent == 0 {
			if held != "" {
				next.Counts.Held, next.Problem = next.Counts.Absent, held
			}
			next.Phase, next.Cursor = w.after(syncing.Comparing), ""
			return next, nil
		}
		at = comparison{Deleting: true, Alive: at.Alive, At: at.At}
	}
	text, err := json.Marshal(at)
	next.Cursor = string(text)
	return next, err
}

// mustHold says in words why what is absent must not be deleted without a person, or nothing.
func (w *worker) mustHold(ctx context.Context, absent, alive int64) (string, error) {
	if absent == 0 {
		return "", nil
	}
	if ceiling := w.run.Plan.Ceiling(alive); absent > ceiling {
		return fmt.Sprintf("%d of %d records are not at %s any more, more than the %d that are deleted without asking. If that is right, start a reconciliation of this object with max_deletions %d.",
			absent, alive, w.definition.Title, ceiling, absent), nil
	}
	if w.run.Plan.MaxDeletions > 0 && w.run.Sync == "" { // a person has agreed
		return "", nil
	}
	if len(w.seen) == 0 {
		return fmt.Sprintf("%s shows no record at all, and %d are stored: that may be a fault of its own. If it is right, start a reconciliation of this object with max_deletions %d.",
			w.definition.Title, alive, absent), nil
	}
	if w.definition.API == nil || w.definition.API.Probe == nil {
		return "", nil
	}
	now, err := w.definition.API.Probe(ctx, w.client)
	if err != nil {
		return "", err
	}
	state, err := w.Syncs.State(ctx, w.conn.Organization, w.conn.ID)
	if err != nil {
		return "", fmt.Errorf("engine: state: %w", err)
	}
	for _, p := range state.Trusted {
		if !slices.Contains(now.Permissions, p) {
			return fmt.Sprintf("%d records are not shown by %s any more, and neither does the login have the permission %q that it had before: nothing is deleted. If they are gone, start a reconciliation of this object with max_deletions %d.",
				absent, w.definition.Title, p, absent), nil
		}
	}
	return "", nil
}

// resolveAbsent asks for records by id, deletes those that are not there and stores those that are. deleted were deleted since
// the step could begin: those of them that an earlier try of it deleted are counted now.
func (w *worker) resolveAbsent(ctx context.Context, next *syncing.Stream, absent, deleted []record.Record) error {
	var page connector.Page
	asked := w.Now().UTC()
	if len(absent) > 0 {
		var ids []string
		versions := map[string]record.Version{}
		for _, r := range absent {
			ids = append(ids, r.ID)
			versions[r.ID] = r.Version
		}
		slices.Sort(ids)
		var err error
		if page, err = w.readIDs(ctx, w.client, w.stream.Object, ids); err != nil {
			return err
		}
		for _, id := range page.Missing {
			page.Changes = append(page.Changes, w.gone(w.stream.Object, id, versions[id], page))
		}
	}
	for _, r := range deleted {
		page.Changes = append(page.Changes, record.Change{Object: w.stream.Object, ID: r.ID, Kind: record.Delete, Version: r.Version, Action: absentAction})
	}
	if len(page.Changes)+len(page.Refused) == 0 {
		return nil
	}
	counts, err := w.Pages.ProcessPage(ctx, intake.Page{
		Organization: w.conn.Organization, Connection: w.conn.ID, Connector: w.conn.Connector, Object: w.stream.Object,
		Name:   w.run.ID + "\n" + w.stream.Object + "\nabsent " + w.stream.Cursor,
		ReadAt: asked, Began: asked, Since: w.conn.CreatedAt, Raw: page.Raw, Changes: page.Changes, Refused: page.Refused,
	})
	if err != nil {
		return fmt.Errorf("engine: store what is absent: %w", err)
	}
	counts.Fetched -= int64(len(page.Missing) + len(deleted))
	counts.Kept = int64(len(absent)) - int64(len(page.Missing))
	counts.Unchanged = min(counts.Unchanged, counts.Kept)
	next.Counts = next.Counts.Add(counts)
	return nil
}

// readIDs reads records by id: all that the provider has of them, in one page or more.
func (t task) readIDs(ctx context.Context, client Client, object string, ids []string) (connector.Page, error) {
	var all connector.Page
	raw := [][]byte{}
	r := connector.PageRequest{Object: object, Scope: connector.Scope{Kind: connector.IDs, IDs: ids}, Now: t.Now().UTC()}
	for {
		page, err := t.definition.Pull.Page(ctx, client, r)
		if err != nil {
			return all, err
		}
		all.Changes = append(all.Changes, page.Changes...)
		all.Refused = append(all.Refused, page.Refused...)
		all.Missing = append(all.Missing, page.Missing...)
		if all.At.IsZero() || page.At.Before(all.At) { // what is not there was not there at the earliest of their times
			all.At = page.At
		}
		raw = append(raw, page.Raw)
		if r.Cursor = page.Next; page.Next == "" {
			all.Raw = bytes.Join(raw, []byte("\n"))
			return all, nil
		}
	}
}

// gone is the change of a record that the provider says it does not have: newer than what stands, and dated by the
// provider's clock.
func (t task) gone(object, id string, standing record.Version, page connector.Page) record.Change {
	at := page.At
	if at.IsZero() {
		at = t.Now()
	}
	v := record.VersionAt(at, t.definition.Pull.Revision)
	if v.Micros <= standing.Micros {
		v.Micros = standing.Micros + 1
	}
	return record.Change{Object: object, ID: id, Kind: record.Delete, Version: v, Action: absentAction}
}

// absentAction is the action of a change that deletes what the provider says it does not have.
const absentAction = "absent"
