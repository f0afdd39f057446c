package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/store"
)

// Tell implements store.Journal in one transaction, whose token keeps a lost answer from making a new notice an old one.
func (s *Journal) Tell(ctx context.Context, n notice.Notice) (bool, error) {
	i := newItem(noticeKey(n.Organization, n.ID))
	i.setTime("at", n.At)
	i.setText("kind", string(n.Kind))
	i.setText("subject", n.Subject)
	i.setText("text", n.Text)
	i.setTexts("columns", n.Table.Columns)
	if !n.Table.Empty() {
		i["rows"] = encodeList(n.Table.Rows, func(cells []string) item {
			row := item{}
			row.setTexts("cells", cells)
			return row
		})
	}
	i.setTime("read_at", n.ReadAt)
	told := taken("notice")
	err := s.transact(ctx, "tell", s.create(i, unlessThere, nil, told))
	if errors.Is(err, told) {
		return false, nil
	}
	return err == nil, err
}

// Notice implements store.Journal in one GetItem.
func (s *Journal) Notice(ctx context.Context, organization, id string) (notice.Notice, error) {
	const what = "get notice"
	i, err := s.get(ctx, what, noticeKey(organization, id), "notice")
	if err != nil {
		return notice.Notice{}, err
	}
	n, err := decodeNotice(organization, i)
	return n, failed(err, what)
}

// Notices implements store.Journal in one Query.
func (s *Journal) Notices(ctx context.Context, organization string, p store.Page) ([]notice.Notice, string, error) {
	q := query{what: "list notices", partition: noticesPartition(organization), descending: true}
	return page(ctx, s.table, q, []string{"notices", organization}, p, func(i item) (notice.Notice, error) {
		return decodeNotice(organization, i)
	})
}

func decodeNotice(organization string, i item) (notice.Notice, error) {
	in := read(i)
	n := notice.Notice{ID: unsortable(i.primary().sk), Organization: organization, At: in.time("at"),
		Kind: notice.Kind(in.text("kind")), Subject: in.text("subject"), Text: in.text("text"), ReadAt: in.time("read_at"),
		Table: notice.Table{Columns: in.texts("columns"), Rows: decodeList(in, "rows", func(row *reader) []string { return row.texts("cells") })},
		Mail:  decodeMail(in)}
	return n, in.err
}

// MarkRead implements store.Journal in one UpdateItem.
func (s *Journal) MarkRead(ctx context.Context, organization, id string, at time.Time) error {
	return s.changeNotice(ctx, "mark notice read", organization, id, change{
		set: []string{"#at = if_not_exists(#at, :at)"}, condition: "attribute_exists(pk)",
		names: map[string]string{"#at": "read_at"}, values: item{":at": text(timeText(at))},
	})
}

// SaveMail implements store.Journal in one UpdateItem.
func (s *Journal) SaveMail(ctx context.Context, organization, id string, m notice.Mail) error {
	c := change{set: []string{"#mail = :mail"}, condition: "attribute_exists(pk) AND attribute_not_exists(#mail)",
		names: map[string]string{"#mail": "mail"}, values: item{":mail": &types.AttributeValueMemberM{Value: encodeMail(m)}}}
	if m.Rev > 1 {
		c.condition = "attribute_exists(pk) AND #mail.rev = :rev"
		c.values[":rev"] = number(m.Rev - 1)
	}
	return s.changeNotice(ctx, "save the mail of a notice", organization, id, c)
}

// changeNotice changes a notice. Where the condition fails, it is missing or has changed.
func (s *Journal) changeNotice(ctx context.Context, what, organization, id string, c change) error {
	standing, refused, err := s.update(ctx, what, noticeKey(organization, id), c)
	switch {
	case refused && len(standing) == 0:
		return fmt.Errorf("store: %s: %w", what, fault.New(fault.NotFound, "not_found", "notice not found"))
	case refused:
		return fmt.Errorf("store: %s: %w", what, stale("mail"))
	}
	return err
}

func encodeMail(m notice.Mail) item {
	i := item{}
	i.setText("state", string(m.State))
	i.setTexts("sent", m.Sent)
	i.setTexts("refused", m.Refused)
	i.setText("problem", m.Problem)
	i.setTime("since", m.Since)
	i.setTime("at", m.At)
	i.setTime("leased_until", m.LeasedUntil)
	i.setNumber("tries", int64(m.Tries))
	i.setNumber("rev", m.Rev)
	return i
}

func decodeMail(whole *reader) notice.Mail {
	a, ok := attribute[*types.AttributeValueMemberM](whole, "mail")
	if !ok {
		return notice.Mail{}
	}
	in := &reader{item: a.Value}
	m := notice.Mail{State: notice.MailState(in.text("state")), Sent: in.texts("sent"), Refused: in.texts("refused"), Problem: in.text("problem"),
		Since: in.time("since"), At: in.time("at"), LeasedUntil: in.time("leased_until"), Tries: int(in.number("tries")), Rev: in.number("rev")}
	whole.fail("mail", in.err)
	return m
}
