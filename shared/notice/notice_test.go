package notice_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"leadline/shared/notice"
)

// TestWhatIsMailed is the table of kinds.
func TestWhatIsMailed(t *testing.T) {
	want := map[notice.Kind]bool{
		notice.ImportDone: true, notice.ImportFailed: true, notice.ConnectionError: true, notice.DriftFound: true, notice.DeletionsHeld: true,
		notice.ManagersProposed: true, notice.BankChangeWaiting: true, notice.DisputeOpened: true, notice.DestinationFailing: true, notice.DestinationDisabled: true, notice.SchemaProposed: true,
		notice.JobFailed: true, notice.JobDone: false, notice.ConnectionHealed: false,
	}
	if len(notice.Kinds()) != len(want) {
		t.Errorf("%d kinds, this table knows %d", len(notice.Kinds()), len(want))
	}
	for _, k := range notice.Kinds() {
		if mailed, known := want[k]; !known || k.Mailed() != mailed {
			t.Errorf("%s: mailed %v", k, k.Mailed())
		}
	}
	if notice.Kind("of a later version").Mailed() {
		t.Error("an unknown kind is mailed")
	}
}

func TestWhatIsFinal(t *testing.T) {
	for _, s := range append(notice.MailStates(), "") {
		if want := s != "" && s != notice.MailPending; s.Final() != want {
			t.Errorf("%q: final %v", s, s.Final())
		}
	}
}

// TestFit bounds what anybody tells, keeps what fits, and cuts no character in two.
func TestFit(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.Map(rapid.IntRange(0, 9000), func(n int) string { return "x" + strings.Repeat("é", n) }))
	rapid.Check(t, func(t *rapid.T) {
		n := notice.Notice{ID: "01N", Text: texts.Draw(t, "text"), Table: notice.Table{
			Columns: rapid.SliceOfN(texts, 0, 20).Draw(t, "columns"), Rows: rapid.SliceOfN(rapid.SliceOfN(texts, 0, 12), 0, 120).Draw(t, "rows"),
		}}
		got := n.Fit()
		size := len(got.Text)
		for _, row := range append(got.Table.Rows, got.Table.Columns) {
			if len(row) > 10 {
				t.Fatalf("a row of %d cells", len(row))
			}
			for i, cell := range row {
				if size += len(cell); len(cell) > 200 {
					t.Fatalf("cell %d has %d bytes", i, len(cell))
				}
			}
		}
		if len(got.Text) > 4000 || len(got.Table.Rows) > 100 || size > 250_000 || !utf8.ValidString(got.Text) {
			t.Fatalf("a text of %d bytes, %d rows", len(got.Text), len(got.Table.Rows))
		}
		if len(n.Text) <= 4000 && got.Text != n.Text {
			t.Fatal("a text that fits was changed")
		}
		if len(n.Table.Rows) > 0 && len(n.Table.Rows) <= 100 && len(n.Table.Rows[0]) == 1 && len(n.Table.Rows[0][0]) <= 200 && !slices.Equal(got.Table.Rows[0], n.Table.Rows[0]) {
			t.Fatal("a row that fits was changed")
		}
	})
	many := notice.Notice{Table: notice.Table{Rows: make([][]string, 101)}}.Fit().Table.Rows
	if last := many[len(many)-1]; len(many) != 100 || !slices.Equal(last, []string{"..."}) {
		t.Errorf("what is left out is not said: %q", last)
	}
}
