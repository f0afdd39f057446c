package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/push"
	"leadline/shared/record"
	"leadline/shared/schema"
	"leadline/shared/store"
)

// keepInbox is longer than bodies under way, and files, are kept.
const keepInbox = 40 * 24 * time.Hour

// walkUploads erases what is left of files that clients uploaded: the file, once it is loaded, for its rows are kept
// payloads then; and the person's rows in its chunks on their way. A file that is being loaded stays, and is forgotten
// within days.
func (r *run) walkUploads(ctx context.Context) (bool, error) {
	return r.pages(func(cursor string) (string, error) {
		batches, next, err := r.Batches.Batches(ctx, r.job.Organization, store.Page{Cursor: cursor, Limit: 1})
		if err != nil {
			return "", fmt.Errorf("batches: %w", err)
		}
		for _, b := range batches {
			if b.ReceivedAt.Before(r.Now().Add(-keepInbox)) { // the rest are older
				return "", nil
			}
			if b.Kind != delivery.File {
				continue
			}
			if err := r.eraseUpload(ctx, b); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

func (r *run) eraseUpload(ctx context.Context, b push.Batch) error {
	connections, err := r.connectionIDs(ctx)
	if err != nil || !slices.Contains(connections, b.Connection) {
		return err
	}
	for n := range b.Chunks {
		key := fmt.Sprintf("inbox/%s/%s-%d.gz", b.Organization, b.ID, n) // see package upload
		packed, found, err := r.get(ctx, key)
		if err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		if !found {
			continue
		}
		body, err := delivery.Unpack(packed)
		if err != nil {
			r.count(CountUnreadable, 1)
			continue
		}
		m, err := r.judge(ctx, r.connection(b.Connection), b.Kind, record.PayloadRef{}, body)
		if err != nil || m.none() {
			if err != nil {
				return err
			}
			continue
		}
		if err := (eraser{r}).inbox(ctx, key, m); err != nil {
			return err
		}
		r.changed(CountUploads, 1)
	}
	if s := b.State(); s != push.Finished && s != push.Refused {
		return nil
	}
	return r.Payloads.Delete(ctx, "uploads/"+b.Organization+"/"+b.ID)
}

// walkSchemas takes what shows something of the person out of proposed schemas. Accepted ones stay: a choice that an
// admin accepted is a rule for all rows.
func (r *run) walkSchemas(ctx context.Context) (bool, error) {
	connections, err := r.connectionIDs(ctx)
	if err != nil {
		return false, err
	}
	return r.groups(connections, func(connection string) (bool, error) {
		objects, err := r.schemas(ctx, connection)
		if err != nil {
			return false, err
		}
		r.budget--
		for _, o := range objects {
			if err := r.eraseExamples(ctx, o); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

func (r *run) eraseExamples(ctx context.Context, o schema.Object) error {
	for range races {
		if o.Proposal == nil {
			return nil
		}
		p, gone := *o.Proposal, 0
		p.Changes = slices.Clone(p.Changes)
		for i, c := range p.Changes {
			left, n, err := r.without(ctx, c)
			if err != nil {
				return err
			}
			p.Changes[i], gone = left, gone+n
		}
		if gone == 0 {
			return nil
		}
		o.Proposal, o.Rev, o.UpdatedAt = &p, o.Rev+1, r.Now().UTC()
		r.budget--
		err := r.Schemas.SaveObject(ctx, o, false)
		if err == nil {
			r.changed(CountExamples, gone)
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("save schema: %w", err)
		}
		if o, err = r.Schemas.Object(ctx, o.Organization, o.Connection, o.Name); err != nil {
			return fmt.Errorf("schema: %w", err)
		}
	}
	return contended("schema")
}

// walkJobs takes the person out of other jobs: exports about them, with their files, and erasures. One that is not
// through is cancelled, if it is an export; an erasure goes on.
func (r *run) walkJobs(ctx context.Context) (bool, error) {
	return r.pages(func(cursor string) (string, error) {
		jobs, next, err := r.Jobs.Jobs(ctx, r.job.Organization, store.Page{Cursor: cursor, Limit: listPage})
		if err != nil {
			return "", fmt.Errorf("jobs: %w", err)
		}
		for _, j := range jobs {
			erasure := j.Kind == job.Erase
			if j.ID == r.job.ID || !erasure && j.Kind != job.Export || erasure && !j.Status.Final() || !r.isAboutPerson(j) {
				continue
			}
			if err := r.eraseJob(ctx, j); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

// isAboutPerson tells whether a job is about the same person.
func (r *run) isAboutPerson(j job.Job) bool {
	var p job.PersonParams
	if json.Unmarshal(j.Params, &p) != nil {
		return false
	}
	other := NewFinder(j.Organization, p)
	shares := func(a, b map[string]bool) bool {
		for name := range a {
			if b[name] {
				return true
			}
		}
		return false
	}
	for key := range other.records {
		if r.found.hasRecord(key.Connection, key.Object, key.ID) || r.who.records[key] {
			return true
		}
	}
	return shares(other.emails, r.who.emails) || shares(other.phones, r.who.phones)
}

func (r *run) eraseJob(ctx context.Context, j job.Job) error {
	if !j.Status.Final() {
		now := r.Now().UTC()
		j.Status, j.UpdatedAt, j.FinishedAt = job.Cancelled, now, now
		j.Problem = "It was cancelled: the person that it was about was erased."
	}
	if err := r.deleteFiles(ctx, j); err != nil {
		return err
	}
	j.Params, j.Rev = nobody(), j.Rev+1
	r.budget--
	err := r.Jobs.UpdateJob(ctx, j)
	if fault.Is(err, fault.Conflict) {
		return contended("job") // it goes on; the step is repeated
	}
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	r.changed(CountJobs, 1)
	return nil
}

// deleteFiles deletes what an export has written. A step of it that is under way may have written a part more.
func (r *run) deleteFiles(ctx context.Context, j job.Job) error {
	var at position
	_ = json.Unmarshal([]byte(j.Cursor), &at) // a job that did not begin has written nothing
	keys := []string{fileKey(j), foundKey(j)}
	for n := range at.Part + 4 {
		keys = append(keys, partKey(j, n))
	}
	for _, key := range keys {
		r.budget--
		if err := r.Payloads.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// nobody is what is left of whom a job was about.
func nobody() json.RawMessage { return json.RawMessage(`{}`) }

// again begins another pass if this one changed something, or is the first.
func (r *run) again(ctx context.Context) (bool, error) {
	switch {
	case r.at.Pass > 1 && r.at.Changed == 0:
		return true, nil
	case r.at.Pass == MaxPasses:
		r.at.Incomplete = true
		return true, nil
	}
	if r.Wait != nil {
		if err := r.Wait(ctx); err != nil {
			return false, fault.Wrap(err, fault.Unavailable, "unavailable", "privacy: wait for what is under way")
		}
	}
	r.at.Pass, r.at.Changed, r.next = r.at.Pass+1, 0, "records"
	if len(r.found.Used) > 0 { // what is used is found out by each pass anew
		r.found.Used, r.found.dirty = map[string]bool{}, true
	}
	r.budget = 0
	return true, nil
}

// sweepHistory deletes the history of the erased records once more: the stream may have brought rows of writes from
// before since the last pass looked.
func (r *run) sweepHistory(ctx context.Context) (bool, error) {
	n := 0
	for key := range r.found.records {
		if n++; n <= r.at.N {
			continue
		}
		if r.budget <= 0 {
			return false, nil
		}
		key.Organization = r.job.Organization
		r.budget--
		rec, err := r.Records.Get(ctx, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return false, fmt.Errorf("record: %w", err)
		}
		if err == nil && isBare(rec) { // else it came anew
			if err := (eraser{r}).history(ctx, key, rec.Rev); err != nil {
				return false, err
			}
		}
		r.at.N = n
	}
	return true, nil
}

// deleteFields deletes large values that were the person's. They are kept by their content: one that another record has,
// or had, stays, and holds nothing that would find the person. Only the passes behind the one that found a value know
// who else has it.
func (r *run) deleteFields(ctx context.Context) (bool, error) {
	for _, sha := range slices.Sorted(maps.Keys(r.found.Larges)) {
		switch {
		case sha <= r.at.Group:
			continue
		case r.budget <= 0:
			return false, nil
		case r.found.Used[sha] || r.found.Larges[sha] >= r.at.Pass:
			r.count(CountFieldsKept, 1)
		default:
			r.budget--
			if err := r.Payloads.Delete(ctx, record.Large{SHA256: sha}.Key(r.job.Organization)); err != nil {
				return false, err
			}
			r.count(CountFields, 1)
		}
		r.at.Group = sha
	}
	return true, nil
}

// forget ends an erasure: the job no longer says whom it was about.
func (r *run) forget(ctx context.Context) (bool, error) {
	result, err := json.Marshal(struct {
		Passes int `json:"passes"`
	}{r.at.Pass})
	if err != nil {
		return false, fmt.Errorf("result: %w", err)
	}
	if err := r.Payloads.Delete(ctx, foundKey(r.job)); err != nil {
		return false, err
	}
	r.job.Status, r.job.Result, r.job.Params = job.Done, result, nobody()
	if r.at.Incomplete {
		r.job.Status, r.job.Problem = job.Failed, fmt.Sprintf("New data about the person came in each of the %d times that everything was searched. "+
			"What was found is erased. Stop what sends it, then erase the person again.", MaxPasses)
	}
	return true, nil
}

// Ended cleans up behind a job that failed or was cancelled: an export leaves no parts, an erasure no longer says whom it
// was about. The same again is no change.
func (w *Worker) Ended(ctx context.Context, j job.Job) error {
	r := &run{Worker: w, job: j}
	if j.Kind == job.Export {
		return r.deleteFiles(ctx, j)
	}
	if err := w.Payloads.Delete(ctx, foundKey(j)); err != nil {
		return err
	}
	for range races {
		if strings.TrimSpace(string(j.Params)) == string(nobody()) {
			return nil
		}
		j.Params, j.Rev = nobody(), j.Rev+1
		err := w.Jobs.UpdateJob(ctx, j)
		if !fault.Is(err, fault.Conflict) {
			return err
		}
		if j, err = w.Jobs.Job(ctx, j.Organization, j.ID); err != nil {
			return fmt.Errorf("privacy: job: %w", err)
		}
	}
	return contended("job")
}
