package main

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
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
	ID         string    `json:"id" doc:"The delivery that was set aside."`
	Connection string    `json:"connection"`
	Connector  string    `json:"connector" example:"close"`
	Reason     reason    `json:"reason"`
	Detail     string    `json:"detail" doc:"What is wrong, for people."`
	Kind       string    `json:"kind" doc:"How it came." example:"webhook"`
	ReceivedAt time.Time `json:"received_at"`
	Status     string    `json:"status" enum:"open,resolved" doc:"Open until a replay was applied."`
	Replays    int       `json:"replays" doc:"How many replays have been processed."`
	UpdatedAt  time.Time `json:"updated_at"`
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
		id: "list-quarantine", method: http.MethodGet, path: "/v1/quarantine", tag: "quarantine", needs: tenant.Viewer,
		summary: "List what was set aside", text: "Newest first.", errors: []int{400},
	}, h.listQuarantine)
	register(api, h, route{
		id: "get-quarantine-entry", method: http.MethodGet, path: "/v1/quarantine/{entry}", tag: "quarantine", needs: tenant.Viewer,
		summary: "Get what was set aside, with its payload", errors: []int{404},
	}, h.getQuarantineEntry)
	register(api, h, route{
		id: "replay-quarantine-entry", method: http.MethodPost, path: "/v1/quarantine/{entry}/replay", tag: "quarantine", needs: tenant.Operator,
		status: http.StatusAccepted, summary: "Try again to apply what was set aside",
		text:   "It is queued; the entry shows what became of it. Replaying something twice does no harm.",
		errors: []int{404, 409},
	}, h.replayQuarantineEntry)
}

type listQuarantineInput struct {
	PageInput
	Connection string `query:"connection" maxLength:"64" doc:"Of this connection only."`
	Reason     reason `query:"reason" doc:"For this reason only."`
	Status     string `query:"status" enum:"open,resolved" doc:"With this status only."`
}

type quarantineOutput struct{ Body list[Entry] }

func (h *handler) listQuarantine(ctx context.Context, c caller, in *listQuarantineInput) (*quarantineOutput, error) {
	filter := store.QuarantineFilter{Connection: in.Connection, Reason: quarantine.Reason(in.Reason), Status: quarantine.Status(in.Status)}
	body, err := page(ctx, h, c, in.PageInput, listing[quarantine.Entry, Entry]{
		scope: []string{"quarantine", in.Connection, string(in.Reason), in.Status},
		read: func(ctx context.Context, p store.Page) ([]quarantine.Entry, string, error) {
			return h.Intake.Entries(ctx, c.organization, filter, p)
		},
		show: func(e quarantine.Entry) (Entry, int, bool) { return showEntry(e), 512 + len(e.Detail), true },
	})
	return &quarantineOutput{body}, err
}

type entryInput struct {
	Entry string `path:"entry" maxLength:"64" example:"01KAHT3Q8Z6V0W7N5R2J4M9XYC"`
}

type entryOutput struct{ Body EntryWithPayload }

func (h *handler) getQuarantineEntry(ctx context.Context, c caller, in *entryInput) (*entryOutput, error) {
	e, err := h.entry(ctx, c, in.Entry)
	if err != nil {
		return nil, err
	}
	out := &entryOutput{EntryWithPayload{Entry: showEntry(e)}}
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
	out.Body.Payload = showPayload(body)
	return out, nil
}

type replayOutput struct {
	Body struct {
		Entry    string `json:"entry"`
		Delivery string `json:"delivery" doc:"The delivery that tries it again."`
	} `nameHint:"Replay"`
}

func (h *handler) replayQuarantineEntry(ctx context.Context, c caller, in *entryInput) (*replayOutput, error) {
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
	message, err := delivery.Delivery{ID: id, Organization: e.Organization, Connection: e.Connection, Connector: e.Connector,
		Kind: e.Kind, ReceivedAt: e.ReceivedAt, Payload: &e.Payload, Replay: e.ID}.Encode()
	if err != nil {
		return nil, err
	}
	if err := h.Inbox.Send(ctx, c.organization, message); err != nil {
		return nil, err
	}
	out := &replayOutput{}
	out.Body.Entry, out.Body.Delivery = e.ID, id
	return out, nil
}

func (h *handler) entry(ctx context.Context, c caller, id string) (quarantine.Entry, error) {
	e, err := h.Intake.Entry(ctx, c.organization, id)
	return e, notFound(err, "There is no quarantine entry %q.", id)
}

func showEntry(e quarantine.Entry) Entry {
	return Entry{ID: e.ID, Connection: e.Connection, Connector: e.Connector, Reason: reason(e.Reason), Detail: e.Detail, Kind: e.Kind,
		ReceivedAt: e.ReceivedAt, Status: string(e.Status), Replays: e.Replays, UpdatedAt: e.UpdatedAt}
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
