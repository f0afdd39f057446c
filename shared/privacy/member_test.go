package privacy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	stdgzip "compress/gzip"

	"pgregory.net/rapid"

	"leadline/shared/delivery"
	"leadline/shared/privacy"
	"leadline/shared/push"
)

// unpacks reads members of gzip by two readers that share little code.
func unpacks(t interface{ Fatalf(string, ...any) }, packed []byte) string {
	body, err := delivery.Unpack(packed)
	if err != nil {
		t.Fatalf("%d bytes: %v", len(packed), err)
	}
	z, err := stdgzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatalf("%d bytes: %v", len(packed), err)
	}
	again, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(again, body) {
		t.Fatalf("%d bytes: %q and %q, %v", len(packed), body, again, err)
	}
	return string(body)
}

// TestAnyLengthIsMet fills members up to each length from the shortest on, and to many that are longer than one extra
// field.
func TestAnyLengthIsMet(t *testing.T) {
	for _, body := range []string{"", `{"erased":true}`, strings.Repeat(`{"a":1},`, 100)} {
		shortest := 0
		for n := range 400 {
			packed, err := privacy.Fitted([]byte(body), n)
			if err != nil {
				t.Fatal(err)
			}
			if packed == nil {
				if shortest > 0 {
					t.Fatalf("%d bytes are enough and %d are not", shortest, n)
				}
				continue
			}
			if shortest == 0 {
				shortest = n
			}
			if len(packed) != n || unpacks(t, packed) != body {
				t.Fatalf("%d bytes instead of %d", len(packed), n)
			}
		}
		if shortest == 0 || body == "" && shortest != 20 {
			t.Errorf("%d bytes are the least for %q", shortest, body)
		}
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.OneOf(rapid.IntRange(shortest, 2_000), rapid.IntRange(65_500, 65_700), rapid.IntRange(131_000, 131_300),
				rapid.IntRange(shortest, 300_000)).Draw(t, "length")
			packed, err := privacy.Fitted([]byte(body), n)
			if err != nil || len(packed) != n || unpacks(t, packed) != body {
				t.Fatalf("%d bytes instead of %d, %v", len(packed), n, err)
			}
		})
	}
}

// TestRowsGiveWayInPlace erases rows out of packed bodies of every sort: the result is as long as what was there, the
// other rows are the same bytes.
func TestRowsGiveWayInPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]json.RawMessage, rapid.IntRange(1, 40).Draw(t, "rows"))
		var gone []int
		for i := range rows {
			text, err := json.Marshal(rapid.StringN(0, 40, 80).Draw(t, "text"))
			if err != nil {
				t.Fatal(err)
			}
			rows[i] = fmt.Appendf(nil, `{ "id":%d , "email":%s}`, i, text)
			if rapid.Bool().Draw(t, "gone") {
				gone = append(gone, i)
			}
		}
		contents := push.Contents{Object: "deals", Title: "Deals", Rows: rows}
		var packed bytes.Buffer
		if err := delivery.Pack(&packed, push.Body("Deals", push.Join(rows))); err != nil {
			t.Fatal(err)
		}
		out, whole, err := privacy.ErasedBody(false, gone, contents, packed.Len())
		if err != nil || len(out) != packed.Len() {
			t.Fatalf("%d bytes instead of %d, %v", len(out), packed.Len(), err)
		}
		body := unpacks(t, out)
		if whole {
			if body != `{"erased":true}` && body != "{}" && body != "" {
				t.Fatalf("left %q", body)
			}
			return
		}
		left, err := push.ReadBody([]byte(body))
		if err != nil || len(left.Rows) != len(rows) || left.Title != "Deals" {
			t.Fatalf("%s, %v", body, err)
		}
		for i, row := range left.Rows {
			want := string(rows[i])
			if len(gone) > 0 && gone[0] == i {
				want, gone = `{"erased":true}`, gone[1:]
			}
			if string(row) != want {
				t.Fatalf("row %d is %s, not %s", i, row, want)
			}
		}
	})
}

func TestWhatIsTooShortForTheMark(t *testing.T) {
	for length, want := range map[int]string{20: "", 21: "", 24: "{}", 40: `{"erased":true}`} {
		out, whole, err := privacy.ErasedBody(true, nil, push.Contents{}, length)
		if err != nil || !whole || len(out) != length || unpacks(t, out) != want {
			t.Errorf("%d bytes: %d, %q, %v", length, len(out), out, err)
		}
	}
	if _, _, err := privacy.ErasedBody(true, nil, push.Contents{}, 19); err == nil {
		t.Error("19 bytes were a member of gzip")
	}
	// A mark that is longer than its row costs the whole body where there is no room for it.
	rows := []json.RawMessage{json.RawMessage(`{"id":7}`), json.RawMessage(`{"id":8}`)}
	var packed bytes.Buffer
	if err := delivery.Pack(&packed, push.Body("d", push.Join(rows))); err != nil {
		t.Fatal(err)
	}
	out, whole, err := privacy.ErasedBody(false, []int{0}, push.Contents{Title: "d", Rows: rows}, 40)
	if err != nil || !whole || unpacks(t, out) != `{"erased":true}` {
		t.Errorf("got %q, %t, %v", out, whole, err)
	}
}
