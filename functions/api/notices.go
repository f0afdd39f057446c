package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/notice"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Notice is something that Leadline tells by itself.
type Notice struct {
	ID      string       `json:"id"`
	At      time.Time    `json:"at"`
	Kind    string       `json:"kind" example:"destination_disabled"`
	Subject string       `json:"subject" doc:"What it is about, as a path of this API." example:"destinations/dst_4f0c9a2b1x7z"`
	Text    string       `json:"text"`
	Table   *NoticeTable `json:"table,omitempty" doc:"What the text sums up, row by row: the counts of an import, object by object."`
	ReadAt  *time.Time   `json:"read_at,omitempty" doc:"When somebody said that it was seen."`
	Mail    *NoticeMail  `json:"mail,omitempty" doc:"What became of the e-mail about it. Absent where none is sent for notices of this kind, or none was begun yet."`
}

// NoticeTable is rows of texts.
type NoticeTable struct {
	Columns []string   `json:"columns" nullable:"false"`
	Rows    [][]string `json:"rows" nullable:"false"`
}

// NoticeMail is what became of an e-mail.
type NoticeMail struct {
	State   string    `json:"state" enum:"pending,sent,nobody,off,failed" doc:"pending: it is being sent, or tried again. nobody: no owner or admin gets mail. off: this installation sends none."`
	At      time.Time `json:"at" doc:"Since when it is so."`
	Sent    int       `json:"sent" doc:"How many people it was sent to."`
	Refused int       `json:"refused" doc:"How many addresses the mail service refused."`
	Problem string    `json:"problem,omitempty"`
}

func (h *handler) registerNotices(api huma.API) {
	register(api, h, route{
		id: "list-notices", method: http.MethodGet, path: "/v1/notices", tag: "organization", needs: tenant.Reader,
		summary: "List what needs attention", text: "Newest first: imports and jobs that ended, connections that need a login, destinations that fail, schemas that are proposed ... " +
			"What admins must know of is sent to them by e-mail, too.", errors: []int{400},
	}, h.listNotices)
	register(api, h, route{
		id: "get-notice", method: http.MethodGet, path: "/v1/notices/{notice}", tag: "organization", needs: tenant.Reader,
		summary: "Get a notice", errors: []int{404},
	}, h.getNotice)
	register(api, h, route{
		id: "read-notice", method: http.MethodPost, path: "/v1/notices/{notice}/read", tag: "organization", needs: tenant.Reader, status: http.StatusNoContent,
		summary: "Say that a notice was seen", errors: []int{404},
	}, h.readNotice)
}

type noticesOutput struct{ Body list[Notice] }

func (h *handler) listNotices(ctx context.Context, c caller, in *PageInput) (*noticesOutput, error) {
	body, err := page(ctx, h, c, *in, listing[notice.Notice, Notice]{
		scope: []string{"notices"},
		read: func(ctx context.Context, p store.Page) ([]notice.Notice, string, error) {
			return h.Journal.Notices(ctx, c.organization, p)
		},
		show: func(n notice.Notice) (Notice, int, bool) { return showNotice(n), lengthOf(n), true },
	})
	return &noticesOutput{body}, err
}

// NoticeInput names a notice.
type NoticeInput struct {
	Notice string `path:"notice" maxLength:"128"`
}

type noticeOutput struct{ Body Notice }

func (h *handler) getNotice(ctx context.Context, c caller, in *NoticeInput) (*noticeOutput, error) {
	n, err := h.Journal.Notice(ctx, c.organization, in.Notice)
	if err != nil {
		return nil, notFound(err, "There is no notice %q.", in.Notice)
	}
	return &noticeOutput{showNotice(n)}, nil
}

func (h *handler) readNotice(ctx context.Context, c caller, in *NoticeInput) (*struct{}, error) {
	err := h.Journal.MarkRead(ctx, c.organization, in.Notice, h.Now().UTC())
	return nil, notFound(err, "There is no notice %q.", in.Notice)
}

func showNotice(n notice.Notice) Notice {
	out := Notice{ID: n.ID, At: n.At, Kind: string(n.Kind), Subject: n.Subject, Text: n.Text, ReadAt: someTime(n.ReadAt)}
	if !n.Table.Empty() {
		out.Table = &NoticeTable{Columns: texts(n.Table.Columns), Rows: make([][]string, len(n.Table.Rows))}
		for i, row := range n.Table.Rows {
			out.Table.Rows[i] = texts(row)
		}
	}
	if m := n.Mail; m.State != "" {
		out.Mail = &NoticeMail{State: string(m.State), At: m.At, Sent: len(m.Sent), Refused: len(m.Refused), Problem: m.Problem}
	}
	return out
}

// texts gives a list that is never null.
func texts(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

// lengthOf is about how many bytes a notice takes in an answer.
func lengthOf(n notice.Notice) int {
	length := 512 + escapedLength([]byte(n.Text+n.Subject+n.Mail.Problem))
	for _, row := range append([][]string{n.Table.Columns}, n.Table.Rows...) {
		for _, cell := range row {
			length += escapedLength([]byte(cell)) + 3
		}
	}
	return length
}
