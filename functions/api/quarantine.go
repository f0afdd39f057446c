package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/quarantine"
	"leadline/shared/replay"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

const (
	// maxTextBytes is the longest payload that is shown as text: escapes may double it.
	maxTextBytes = 1 << 20
	// maxPayloadBytes is the longest that is shown at all, in base64: an answer holds 6 MB.
	maxPayloadBytes = 4 << 20
)

// Entry is one delivery that could not be applied.
type Entry struct {
	ID         string     `json:"id" doc:"The delivery that was set aside."`
	Connection string     `json:"connection"`
	Connector  string     `json:"connector" example:"close"`
	Object     string     `json:"object,omitempty" doc:"The kind of record that it is about, where that is known."`
	Batch      string     `json:"batch,omitempty" doc:"The batch of a row."`
	Row        int        `json:"row,omitempty" doc:"The row of the batch, from 1; absent where a whole delivery was set aside."`
	Reason     reason     `json:"reason"`
	Detail     string     `json:"detail" doc:"What is wrong, for people."`
	Mismatches []Mismatch `json:"mismatches,omitempty" nullable:"false" doc:"The fields that break the schema."`
	Kind       string     `json:"kind" doc:"How it came." example:"webhook"`
	ReceivedAt time.Time  `json:"received_at"`
	Status     string     `json:"status" enum:"open,resolved,discarded" doc:"Open until a replay was applied, or somebody discarded it."`
	Replays    int        `json:"replays" doc:"How many replays have been processed."`
	UpdatedAt  time.Time  `json:"updated_at"`
}

// Mismatch is a field that breaks a schema.
type Mismatch struct {
	Field    string `json:"field"`
	Expected string `json:"expected" example:"a number"`
	Found    string `json:"found" example:"a text"`
}

// reason is a quarantine.Reason that describes itself.
type reason string

// Schema lists the reasons.
func (reason) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "Why it was set aside, for programs."}
	for _, r := range quarantine.Reasons() {
		s.Enum = append(s.Enum, string(r))
	}
	return s
}

// EntryWithPayload is an entry with the untouched bytes that came in.
type EntryWithPayload struct {
	Entry
	Payload *Payload `json:"payload,omitempty" doc:"What came in; absent once it is no longer kept."`
}

// Payload is the untouched body of a delivery.
type Payload struct {
	Bytes  int     `json:"bytes"`
	Text   *string `json:"text,omitempty" doc:"The body, if it is text (UTF-8) of at most 1 MiB."`
	Base64 []byte  `json:"base64,omitempty" doc:"The body otherwise, if it has at most 4 MiB."`
}

func (h *handler) registerQuarantine(api huma.API) {
	register(api, h, route{
		id: "list-quarantine", method: http.MethodGet, path: "/v1/quarantine", tag: "quarantine", needs: tenant.Reader,
		summary: "List what was set aside", text: "Newest first.", errors: []int{400},
	}, h.listQuarantine)
	register(api, h, route{
		id: "get-quarantine-entry", method: http.MethodGet, path: "/v1/quarantine/{entry}", tag: "quarantine", needs: tenant.Reader,
		summary: "Get what was set aside, with its payload", errors: []int{404},
	}, h.getQuarantineEntry)
	register(api, h, route{
		id: "replay-quarantine-entry", method: http.MethodPost, path: "/v1/quarantine/{entry}/replay", tag: "quarantine", needs: tenant.Manager,
		status: http.StatusAccepted, summary: "Try again to apply what was set aside, corrected if need be",
		text:   "It is queued; the entry shows what became of it. Replaying something twice does no harm. With a payload in the body, that is applied instead of what came in, and counts as newer than it.",
		errors: []int{400, 404, 409, 413, 415}, body: maxTextBytes,
	}, h.replayQuarantineEntry)
	register(api, h, route{
		id: "replay-quarantine", method: http.MethodPost, path: "/v1/quarantine/replay", tag: "quarantine", needs: tenant.Manager,
		status: http.StatusAccepted, summary: "Try again everything of a reason, an object or a connection",
		text: "As a job: all open entries that match.", errors: []int{400, 409, 413, 415},
	}, h.replayQuarantine)
	register(api, h, route{
		id: "discard-quarantine-entry", method: http.MethodPost, path: "/v1/quarantine/{entry}/discard", tag: "quarantine", needs: tenant.Manager,
		summary: "Give up what was set aside", text: "It stays in the list, with what came in; it is no longer replayed with others.", errors: []int{404, 409},
	}, h.discardQuarantineEntry)
}

type listQuarantineInput struct {
	PageInput
	Connection string `query:"connection" maxLength:"64" doc:"Of this connection only."`
	Object     string `query:"object" maxLength:"128" doc:"About this kind of record only."`
	Reason     reason `query:"reason" doc:"For this reason only."`
	Status     string `query:"status" enum:"open,resolved,discarded" doc:"With this status only."`
}

type quarantineOutput struct{ Body list[Entry] }

func (h *handler) listQuarantine(ctx context.Context, c caller, in *listQuarantineInput) (*quarantineOutput, error) {
	filter := store.QuarantineFilter{Connection: in.Connection, Object: in.Object, Reason: quarantine.Reason(in.Reason), Status: quarantine.Status(in.Status)}
	body, err := page(ctx, h, c, in.PageInput, listing[quarantine.Entry, Entry]{
		scope: []string{"quarantine", in.Connection, in.Object, string(in.Reason), in.Status},
		read: func(ctx context.Context, p store.Page) ([]quarantine.Entry, string, error) {
			return h.Intake.Entries(ctx, c.organization, filter, p)
		},
		show: func(e quarantine.Entry) (Entry, int, bool) {
			return showEntry(e), 1024 + escapedLength([]byte(e.Detail)) + mismatchBytes(e), true
		},
	})
	return &quarantineOutput{body}, err
}

// EntryInput names an entry.
type EntryInput struct {
	Entry string `path:"entry" maxLength:"64" example:"01KAHT3Q8Z6V0W7N5R2J4M9XYC"`
}

type entryOutput struct{ Body EntryWithPayload }

func (h *handler) getQuarantineEntry(ctx context.Context, c caller, in *EntryInput) (*entryOutput, error) {
	e, err := h.entry(ctx, c, in.Entry)
	if err != nil {
		return nil, err
	}
	out := &entryOutput{EntryWithPayload{Entry: showEntry(e)}}
	if e.Payload.Key == "" {
		return out, nil
	}
	packed, err := h.Payloads.GetRange(ctx, e.Payload.Key, e.Payload.Offset, e.Payload.Length)
	if fault.Is(err, fault.NotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	body, err := delivery.Unpack(packed)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "corrupt_payload", "api: payload of quarantine entry %s", e.ID)
	}
	if e.Row > 0 && e.Kind != delivery.Fetch { // a page that was read is shown whole: its form is the provider's
		if body, err = replay.Row(body, e.Index); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "corrupt_payload", "api: row of quarantine entry %s", e.ID)
		}
	}
	out.Body.Payload = showPayload(body)
	return out, nil
}

type replayInput struct {
	EntryInput
	Body *struct {
		Payload json.RawMessage `json:"payload,omitempty" doc:"What is applied instead of what came in: the whole body of a webhook, or the one row of a batch."`
	} `nameHint:"Correction"`
}

type replayOutput struct {
	Body struct {
		Entry    string `json:"entry"`
		Delivery string `json:"delivery" doc:"The delivery that tries it again."`
	} `nameHint:"Replay"`
}

func (h *handler) replayQuarantineEntry(ctx context.Context, c caller, in *replayInput) (*replayOutput, error) {
	e, err := h.entry(ctx, c, in.Entry)
	if err != nil {
		return nil, err
	}
	if e.Status == quarantine.Resolved {
		return nil, fault.New(fault.Conflict, "already_resolved", "A replay of this entry was applied already.")
	}
	id, err := delivery.NewID(h.Now(), h.Random)
	if err != nil {
		return nil, err
	}
	var corrected []byte
	if in.Body != nil && len(in.Body.Payload) > 0 {
		corrected = in.Body.Payload
		explain(ctx, "with a corrected payload")
	}
	if conn, err := h.Tenancy.Connection(ctx, c.organization, e.Connection); err == nil {
		e.Connector = conn.Connector // a release may have brought the one that was missing
	} else if !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	d, err := replay.Message(e, id, corrected)
	if err != nil {
		return nil, err
	}
	if err := (replay.Inbox{Queue: h.Inbox, Payloads: h.Payloads}).Send(ctx, d); err != nil {
		return nil, err
	}
	out := &replayOutput{}
	out.Body.Entry, out.Body.Delivery = e.ID, id
	return out, nil
}

type replayQuarantineInput struct {
	ResendInput
	Body struct {
		Connection string `json:"connection,omitempty" maxLength:"64"`
		Object     string `json:"object,omitempty" maxLength:"128"`
		Reason     reason `json:"reason,omitempty"`
	} `nameHint:"EntriesToReplay"`
}

func (h *handler) replayQuarantine(ctx context.Context, c caller, in *replayQuarantineInput) (*jobOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "replay-quarantine", "", in.Body)
	if err != nil {
		return nil, err
	}
	params, err := h.replayParams(in.Body.Connection, in.Body.Object, quarantine.Reason(in.Body.Reason))
	if err != nil {
		return nil, err
	}
	return h.startJob(ctx, c, a, job.Replay, params)
}

// replayAll starts the replay of what a change of a schema lets pass.
func (h *handler) replayAll(ctx context.Context, c caller, connection, object string, why quarantine.Reason) error {
	params, err := h.replayParams(connection, object, why)
	if err != nil {
		return err
	}
	j, err := h.newJob(c, job.Replay, params)
	if err != nil {
		return err
	}
	if err := h.Jobs.CreateJob(ctx, j, nil); err != nil {
		return err
	}
	return h.sendJob(ctx, c.organization, j.ID)
}

// replayParams select what was set aside until now.
func (h *handler) replayParams(connection, object string, why quarantine.Reason) (json.RawMessage, error) {
	until, err := delivery.NewID(h.Now(), h.Random)
	if err != nil {
		return nil, err
	}
	return json.Marshal(job.ReplayParams{Connection: connection, Object: object, Reason: string(why), Until: until})
}

func (h *handler) discardQuarantineEntry(ctx context.Context, c caller, in *EntryInput) (*entryOutput, error) {
	discardErr := h.Intake.Discard(ctx, c.organization, in.Entry, h.Now().UTC())
	if discardErr != nil && !fault.Is(discardErr, fault.Conflict) {
		return nil, notFound(discardErr, "There is no quarantine entry %q.", in.Entry)
	}
	e, err := h.entry(ctx, c, in.Entry)
	if err != nil {
		return nil, err
	}
	if discardErr != nil && e.Status != quarantine.Discarded { // to discard it twice is fine
		return nil, fault.New(fault.Conflict, "not_open", "The entry is %s already.", e.Status)
	}
	return &entryOutput{EntryWithPayload{Entry: showEntry(e)}}, nil
}

func (h *handler) entry(ctx context.Context, c caller, id string) (quarantine.Entry, error) {
	e, err := h.Intake.Entry(ctx, c.organization, id)
	return e, notFound(err, "There is no quarantine entry %q.", id)
}

func showEntry(e quarantine.Entry) Entry {
	out := Entry{ID: e.ID, Connection: e.Connection, Connector: e.Connector, Object: e.Object, Batch: e.Public, Row: e.Row,
		Reason: reason(e.Reason), Detail: e.Detail, Kind: e.Kind, ReceivedAt: e.ReceivedAt, Status: string(e.Status), Replays: e.Replays, UpdatedAt: e.UpdatedAt}
	for _, m := range e.Mismatches {
		out.Mismatches = append(out.Mismatches, Mismatch(m))
	}
	return out
}

// mismatchBytes is about how long the mismatches of an entry are in an answer.
func mismatchBytes(e quarantine.Entry) int {
	n := 0
	for _, m := range e.Mismatches {
		n += 48 + escapedLength([]byte(m.Field+m.Expected+m.Found))
	}
	return n
}

func showPayload(body []byte) *Payload {
	p := &Payload{Bytes: len(body)}
	switch {
	case len(body) <= maxTextBytes && utf8.Valid(body):
		text := string(body)
		p.Text = &text
	case len(body) <= maxPayloadBytes:
		p.Base64 = body
	}
	return p
}
