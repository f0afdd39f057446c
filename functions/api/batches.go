package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/oklog/ulid/v2"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/quarantine"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Batch is what became of one push, or of one uploaded file.
type Batch struct {
	Batch      string           `json:"batch" example:"bat_01kahv5d8q2m7x9c3r4t6w8y0zabcdefgh"`
	Status     string           `json:"status" enum:"queued,uploading,running,finished,refused" doc:"queued: taken, and not looked at yet."`
	Problem    string           `json:"problem,omitempty" doc:"Why it was refused as a whole."`
	Connection string           `json:"connection,omitempty"`
	Client     string           `json:"client,omitempty"`
	Object     string           `json:"object,omitempty"`
	Kind       string           `json:"kind,omitempty" enum:"push,file"`
	ReceivedAt *time.Time       `json:"received_at,omitempty"`
	FinishedAt *time.Time       `json:"finished_at,omitempty"`
	Rows       int64            `json:"rows,omitempty" doc:"How many rows it has; absent while unknown."`
	Chunks     int              `json:"chunks,omitempty" doc:"In how many parts a file is worked on."`
	ChunksDone int              `json:"chunks_done,omitempty"`
	Counts     map[string]int64 `json:"counts" nullable:"false" doc:"Rows by outcome: applied, superseded, stale, ignored, set_aside."`
}

// BatchWithRows is a batch with the outcome of its rows.
type BatchWithRows struct {
	Batch
	Outcomes []RowOutcome `json:"outcomes" nullable:"false" doc:"Of the rows, in order."`
	Next     string       `json:"next,omitempty" doc:"The cursor of the next page of outcomes; absent on the last."`
}

// RowOutcome is what became of one row.
type RowOutcome struct {
	Row     int    `json:"row" doc:"From 1."`
	ID      string `json:"id,omitempty"`
	Outcome string `json:"outcome" enum:"applied,superseded,stale,ignored,set_aside" doc:"superseded: a later row of the batch has the same id, and stands where both carry a field. stale: everything in it is older than what is stored. ignored: it updates a record that was deleted. set_aside: see the quarantine."`
	Code    string `json:"code,omitempty" doc:"Why it was set aside, for programs."`
	By      int    `json:"by,omitempty" doc:"The row that superseded it."`
	Detail  string `json:"detail,omitempty"`
	Entry   string `json:"entry,omitempty" doc:"Its quarantine entry."`
}

func (h *handler) registerBatches(api huma.API) {
	register(api, h, route{
		id: "list-batches", method: http.MethodGet, path: "/v1/batches", tag: "push", needs: tenant.Reader,
		summary: "List batches", text: "Newest first; kept for 90 days.", errors: []int{400},
	}, h.listBatches)
	register(api, h, route{
		id: "get-batch", method: http.MethodGet, path: "/v1/push/{batch}", tag: "push", needs: tenant.Reader, ingest: true,
		summary: "Get what became of a batch, row by row",
		text: "Clients ask with their own credentials (HTTP Basic), and find the batches of their own connection; keys of the role ingest find those that they pushed. " +
			"With only=failed rows that were simply applied are left out.",
		errors: []int{400, 404},
	}, h.getBatch)
}

type batchesOutput struct{ Body list[Batch] }

func (h *handler) listBatches(ctx context.Context, c caller, in *PageInput) (*batchesOutput, error) {
	body, err := page(ctx, h, c, *in, listing[push.Batch, Batch]{
		scope: []string{"batches"},
		read: func(ctx context.Context, p store.Page) ([]push.Batch, string, error) {
			return h.Batches.Batches(ctx, c.organization, p)
		},
		show: func(b push.Batch) (Batch, int, bool) {
			return showBatch(b), 1024 + escapedLength([]byte(b.Problem)), true
		},
	})
	return &batchesOutput{body}, err
}

type getBatchInput struct {
	Batch string `path:"batch" maxLength:"64" example:"bat_01kahv5d8q2m7x9c3r4t6w8y0zabcdefgh"`
	PageInput
	Only string `query:"only" enum:"failed" doc:"Leave out the rows that were simply applied."`
}

type batchOutput struct{ Body BatchWithRows }

func (h *handler) getBatch(ctx context.Context, c caller, in *getBatchInput) (*batchOutput, error) {
	b, err := h.batch(ctx, c, in.Batch)
	if err != nil {
		return nil, err
	}
	out := &batchOutput{BatchWithRows{Batch: showBatch(b), Outcomes: []RowOutcome{}}}
	if b.ID == "" { // nobody has looked at it yet
		return out, nil
	}
	out.Body.Outcomes, out.Body.Next, err = h.outcomes(ctx, c, b, in)
	return out, err
}

// batch finds a batch by its name. One that this system has named and nobody has looked at yet has no ID.
func (h *handler) batch(ctx context.Context, c caller, name string) (push.Batch, error) {
	unknown := fault.New(fault.NotFound, "not_found", "There is no batch %q.", name)
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return push.Batch{}, err
	}
	mac := func(text []byte) []byte { return box.MAC(secret.PurposeBatch, text) }
	id, keyed, ok := push.ReadID(mac, name)
	if !ok {
		return push.Batch{}, unknown
	}
	queued := push.Batch{Public: name, Status: push.Queued}
	if keyed != nil {
		claim, err := h.Batches.Claimed(ctx, c.organization, keyed.Claim)
		if fault.Is(err, fault.NotFound) {
			return queued, nil
		}
		if err != nil {
			return push.Batch{}, err
		}
		if !keyed.Brings(mac, claim.Sum) {
			return push.Batch{Public: name, Status: push.Refused, Problem: "Another batch came under this key before. The rows wait in the quarantine as batch_reused; send others under a key of their own."}, nil
		}
		id = claim.Batch
	}
	b, err := h.Batches.Batch(ctx, c.organization, id)
	switch {
	case fault.Is(err, fault.NotFound) && h.couldBeQueued(id):
		return queued, nil
	case fault.Is(err, fault.NotFound):
		return push.Batch{}, unknown
	case err != nil:
		return push.Batch{}, err
	case c.connection != "" && b.Connection != c.connection, c.connection == "" && c.role == tenant.Ingest && b.Client != c.actor:
		return push.Batch{}, unknown
	}
	return b, nil
}

// maxQueued is the longest that a queue keeps what it holds.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const maxQueued = 14 * 24 * time.Hour

// couldBeQueued tells whether a batch that is stored nowhere may be in the queue still. An older one was forgotten.
func (h *handler) couldBeQueued(id string) bool {
	parsed, err := ulid.ParseStrict(id)
	return err == nil && h.Now().Sub(ulid.Time(parsed.Time())) < maxQueued
}

// outcomes gives a page of the outcomes of a batch's rows: for each chunk, what is not in its list was applied. The cursor
// is the number of the last row looked at.
func (h *handler) outcomes(ctx context.Context, c caller, b push.Batch, in *getBatchInput) ([]RowOutcome, string, error) {
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return nil, "", err
	}
	scope := []string{"batch", b.ID, in.Only}
	position, err := openCursor(box, c.organization, scope, in.Cursor)
	if err != nil {
		return nil, "", err
	}
	storeCursor, after := "", 0
	if position != "" {
		text, rest, _ := strings.Cut(position, " ")
		if after, err = strconv.Atoi(text); err != nil {
			return nil, "", invalidCursor()
		}
		storeCursor = rest
	}
	out := []RowOutcome{}
	for reads := 1; ; reads++ {
		chunks, next, err := h.chunks(ctx, b, storeCursor)
		if err != nil {
			return nil, "", err
		}
		for _, chunk := range chunks {
			for _, o := range rowsOf(b.ID, chunk, after, in.Only == "failed", in.Limit-len(out)) {
				out, after = append(out, o), o.Row
			}
			if len(out) == in.Limit {
				return out, sealCursor(box, c.organization, scope, strconv.Itoa(after)+" "+storeCursor), nil
			}
		}
		if next == "" {
			return out, "", nil
		}
		if storeCursor = next; reads == maxReads {
			return out, sealCursor(box, c.organization, scope, strconv.Itoa(after)+" "+storeCursor), nil
		}
	}
}

// chunks reads one chunk of a batch at a time: one can be large.
func (h *handler) chunks(ctx context.Context, b push.Batch, cursor string) ([]push.Chunk, string, error) {
	if b.Only != nil {
		return []push.Chunk{*b.Only}, "", nil
	}
	return h.Batches.Chunks(ctx, b.Organization, b.ID, store.Page{Cursor: cursor, Limit: 1})
}

// rowsOf gives up to limit outcomes of a chunk's rows behind a row.
func rowsOf(batch string, chunk push.Chunk, after int, failedOnly bool, limit int) []RowOutcome {
	var out []RowOutcome
	listed := map[int]push.RowOutcome{}
	for _, o := range chunk.Outcomes {
		listed[o.Row] = o
	}
	for row := max(after+1, chunk.First); row < chunk.First+chunk.Rows && len(out) < limit; row++ {
		o, found := listed[row]
		if !found {
			o = push.RowOutcome{Row: row, Outcome: push.Applied}
		}
		if failedOnly && o.Outcome == push.Applied {
			continue
		}
		shown := RowOutcome{Row: row, ID: o.ID, Outcome: string(o.Outcome), Code: o.Code, By: o.By, Detail: o.Detail}
		if o.Outcome == push.SetAside {
			shown.Entry = quarantine.RowID(batch, row)
		}
		out = append(out, shown)
	}
	return out
}

func showBatch(b push.Batch) Batch {
	out := Batch{Batch: b.Public, Status: string(b.State()), Problem: b.Problem, Connection: b.Connection, Client: b.Client, Object: b.Object,
		Kind: b.Kind, ReceivedAt: someTime(b.ReceivedAt), FinishedAt: someTime(b.FinishedAt), Rows: b.Rows, Chunks: b.Chunks, ChunksDone: b.Done,
		Counts: map[string]int64{}}
	for outcome, n := range b.Counts {
		out.Counts[string(outcome)] = n
	}
	return out
}
