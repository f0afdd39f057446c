package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/notice"
	"leadline/shared/store"
)

func noticeTests() []test {
	return []test{
		{"notices of nothing are one empty page", func(t *testing.T, s Stores) {
			same(t, all(t, 10, notices(t, s, "org_a")), nil)
		}},
		{"a notice is kept whole, and told once", func(t *testing.T, s Stores) {
			n := newNotice("org_a", "1")
			told(t, s, n, true)
			other := n
			other.Text = "changed"
			told(t, s, other, false)
			same(t, all(t, 10, notices(t, s, "org_a")), []notice.Notice{n})
		}},
		{"of concurrent tellers one tells", func(t *testing.T, s Stores) {
			fresh := make([]bool, writers)
			for _, err := range atOnce(t, func(n int) (err error) {
				fresh[n], err = s.Journal.Tell(ctx(t), newNotice("org_a", "1"))
				return err
			}) {
				ok(t, err)
			}
			if n := len(slices.DeleteFunc(fresh, func(new bool) bool { return !new })); n != 1 {
				t.Fatalf("%d told it, want one", n)
			}
		}},
		{"a notice is read since the first time", func(t *testing.T, s Stores) {
			n, other := newNotice("org_a", "1"), newNotice("org_a", "0")
			told(t, s, n, true)
			told(t, s, other, true)
			for _, at := range []time.Time{base().Add(time.Hour), base().Add(2 * time.Hour)} {
				ok(t, s.Journal.MarkRead(ctx(t), "org_a", n.ID, at))
			}
			told(t, s, n, false)
			n.ReadAt = base().Add(time.Hour)
			same(t, all(t, 10, notices(t, s, "org_a")), []notice.Notice{n, other})
		}},
		{"a missing notice and one of another organization are not found", func(t *testing.T, s Stores) {
			n := newNotice("org_a", "1")
			told(t, s, n, true)
			is(t, s.Journal.MarkRead(ctx(t), "org_b", n.ID, base()), fault.NotFound, "")
			is(t, s.Journal.MarkRead(ctx(t), "org_a", "2", base()), fault.NotFound, "")
			same(t, all(t, 10, notices(t, s, "org_a")), []notice.Notice{n})
			same(t, all(t, 10, notices(t, s, "org_b")), nil)
		}},
		{"notices come newest first, with every limit; those of others do not", func(t *testing.T, s Stores) {
			ids := hostile()
			slices.Sort(ids)
			ids = slices.Compact(ids)
			slices.Reverse(ids)
			var want []notice.Notice
			for _, id := range ids {
				want = append(want, newNotice("org_a", id))
				told(t, s, newNotice("org_a", id), true)
				told(t, s, newNotice("org_b", id), true)
			}
			pages(t, want, notices(t, s, "org_a"))
			refuses(t, notices(t, s, "org_a"), next(notices(t, s, "org_b")))
		}},
		{"a notice is read alone as in the list; one of another organization is not found", func(t *testing.T, s Stores) {
			n := newNotice("org_a", "1")
			told(t, s, n, true)
			got, err := s.Journal.Notice(ctx(t), "org_a", "1")
			ok(t, err)
			same(t, got, n)
			for _, other := range [][2]string{{"org_b", "1"}, {"org_a", "2"}, {"", ""}} {
				_, err := s.Journal.Notice(ctx(t), other[0], other[1])
				is(t, err, fault.NotFound, "")
			}
		}},
		{"a notice without a table, and with one that has holes", func(t *testing.T, s Stores) {
			bare, holes := newNotice("org_a", "1"), newNotice("org_a", "2")
			bare.Table, holes.Table = notice.Table{}, notice.Table{Rows: [][]string{{"", "1"}, {}, {"ü"}}}
			told(t, s, bare, true)
			told(t, s, holes, true)
			same(t, all(t, 10, notices(t, s, "org_a")), []notice.Notice{holes, bare})
		}},
		{"whoever tells a notice says nothing of its mail", func(t *testing.T, s Stores) {
			n := newNotice("org_a", "1")
			n.Mail = newMail(4)
			told(t, s, n, true)
			n.Mail = notice.Mail{}
			same(t, all(t, 10, notices(t, s, "org_a")), []notice.Notice{n})
			ok(t, s.Journal.SaveMail(ctx(t), "org_a", "1", newMail(1)))
		}},
		{"what became of its mail goes by its rev, and stays when the notice is told again or read", mailOfNotices},
		{"one of those who save what became of a mail at once does", func(t *testing.T, s Stores) {
			told(t, s, newNotice("org_a", "1"), true)
			for rev := int64(1); rev < 4; rev++ {
				oneWins(t, atOnce(t, func(int) error { return s.Journal.SaveMail(ctx(t), "org_a", "1", newMail(rev)) }))
			}
		}},
		{"a request that has ended tells and reads nothing", func(t *testing.T, s Stores) {
			n := newNotice("org_a", "1")
			told(t, s, n, true)
			ended, end := context.WithCancel(ctx(t))
			end()
			_, err := s.Journal.Tell(ended, newNotice("org_a", "2"))
			is(t, err, fault.Unavailable, "")
			_, _, err = s.Journal.Notices(ended, "org_a", store.Page{Limit: 1})
			is(t, err, fault.Unavailable, "")
			_, err = s.Journal.Notice(ended, "org_a", "1")
			is(t, err, fault.Unavailable, "")
			is(t, s.Journal.MarkRead(ended, "org_a", "1", base()), fault.Unavailable, "")
			is(t, s.Journal.SaveMail(ended, "org_a", "1", newMail(1)), fault.Unavailable, "")
			same(t, all(t, 10, notices(t, s, "org_a")), []notice.Notice{n})
		}},
	}
}

func mailOfNotices(t *testing.T, s Stores) {
	n, other := newNotice("org_a", "1"), newNotice("org_a", "0")
	told(t, s, n, true)
	told(t, s, other, true)
	is(t, s.Journal.SaveMail(ctx(t), "org_a", "2", newMail(1)), fault.NotFound, "")
	is(t, s.Journal.SaveMail(ctx(t), "org_b", "1", newMail(1)), fault.NotFound, "")
	is(t, s.Journal.SaveMail(ctx(t), "org_a", "1", newMail(2)), fault.Conflict, store.CodeStale)
	for rev := int64(1); rev < 4; rev++ {
		n.Mail = newMail(rev)
		ok(t, s.Journal.SaveMail(ctx(t), "org_a", "1", n.Mail))
		stale := newMail(rev)
		stale.Problem = "another"
		is(t, s.Journal.SaveMail(ctx(t), "org_a", "1", stale), fault.Conflict, store.CodeStale)
		stale.Rev = rev + 2
		is(t, s.Journal.SaveMail(ctx(t), "org_a", "1", stale), fault.Conflict, store.CodeStale)
		same(t, all(t, 10, notices(t, s, "org_a")), []notice.Notice{n, other})
	}
	bare := notice.Mail{State: notice.MailOff, Rev: 4}
	ok(t, s.Journal.SaveMail(ctx(t), "org_a", "1", bare))
	told(t, s, newNotice("org_a", "1"), false)
	ok(t, s.Journal.MarkRead(ctx(t), "org_a", "1", base().Add(time.Hour)))
	n.Mail, n.ReadAt = bare, base().Add(time.Hour)
	got, err := s.Journal.Notice(ctx(t), "org_a", "1")
	ok(t, err)
	same(t, got, n)
}

func newMail(rev int64) notice.Mail {
	return notice.Mail{State: notice.MailPending, Sent: []string{"per_b", fmt.Sprint("per_", rev)}, Refused: []string{"per_c"}, Problem: "It is busy.",
		Since: base(), At: base().Add(time.Minute), LeasedUntil: base().Add(time.Duration(rev) * time.Nanosecond), Tries: 3, Rev: rev}
}

func told(t *testing.T, s Stores, n notice.Notice, want bool) {
	t.Helper()
	fresh, err := s.Journal.Tell(ctx(t), n)
	ok(t, err)
	same(t, fresh, want)
}

func newNotice(organization, id string) notice.Notice {
	return notice.Notice{ID: id, Organization: organization, At: base(), Kind: notice.JobDone, Subject: "jobs/job_1", Text: "It is done.",
		Table: notice.Table{Columns: []string{"Object", "Stored"}, Rows: [][]string{{"leads", "12"}, {"contacts", "0"}}}}
}

func notices(t *testing.T, s Stores, organization string) func(store.Page) ([]notice.Notice, string, error) {
	return func(p store.Page) ([]notice.Notice, string, error) { return s.Journal.Notices(ctx(t), organization, p) }
}
