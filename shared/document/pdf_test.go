package document_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"leadline/shared/document"
)

// textOf gives the texts that the pages of a file show, a line each.
func textOf(t *testing.T, file []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`).FindAllSubmatch(file, -1) {
		zip, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // no text
		}
		content, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range regexp.MustCompile(`(?s)\(((?:[^\\)]|\\.)*)\) ?Tj`).FindAllSubmatch(content, -1) {
			out.WriteString(decoded(shown[1]) + "\n")
		}
	}
	return out.String()
}

// decoded reads a text as the file writes it: UTF-16 with escaped brackets.
func decoded(text []byte) string {
	var plain []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			i++
			if text[i] == 'r' {
				plain = append(plain, '\r')
				continue
			}
		}
		plain = append(plain, text[i])
	}
	var units []uint16
	for ; len(plain) > 1; plain = plain[2:] {
		units = append(units, binary.BigEndian.Uint16(plain))
	}
	return string(utf16.Decode(units))
}

func pages(file []byte) int { return len(regexp.MustCompile(`/Type /Page\b[^s]`).FindAll(file, -1)) }

func TestFileShowsTheStatement(t *testing.T) {
	file, err := document.PDF(statement(2, document.Names{Person: "Żofia Ωmega Жук 漢😀\u200b", Organization: "Acme"}))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(file, []byte("%PDF-")) {
		t.Fatalf("it begins with %q", file[:8])
	}
	text := textOf(t, file)
	for _, want := range []string{"Statement: Plan <2026>", "Żofia Ωmega Жук \uFFFD\uFFFD (mem_a)", "Acme", "Final", "Sales & <renewals>", "333.33 USD", "≈ 333.333333", "-120.00 USD", "Credited",
		"Bicycle: blue", "0a1b2c", "Page 1 of 2", "Page 2 of 2", "shown as \uFFFD"} {
		if !strings.Contains(text, want) {
			t.Errorf("the file does not show %q", want)
		}
	}
	if got := pages(file); got != 2 {
		t.Errorf("it has %d pages", got)
	}
	if plain, err := document.PDF(statement(2, document.Names{Person: "Zoe"})); err != nil || strings.Contains(textOf(t, plain), "\uFFFD") {
		t.Errorf("a file that lacks nothing says so: %v", err)
	}
}

func TestFileIsTheSameEachTime(t *testing.T) {
	first, err := document.PDF(statement(40, document.Names{Person: "Żofia"}))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := document.PDF(statement(40, document.Names{Person: "Żofia"}))
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("it differs: %v", err)
		}
	}
	other, err := document.PDF(statement(41, document.Names{Person: "Żofia"}))
	if err != nil || bytes.Equal(first, other) {
		t.Fatalf("another statement is the same file: %v", err)
	}
}

func TestLongStatementsHavePages(t *testing.T) {
	file, err := document.PDF(statement(5000, document.Names{}))
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, file)
	last := regexp.MustCompile(`Page (\d+) of (\d+)`).FindAllStringSubmatch(text, -1)
	if n := pages(file); n < 150 || n > 600 || len(last) != n || last[n-1][1] != last[n-1][2] {
		t.Errorf("%d pages, %d footers, the last of them %v", n, len(last), last[len(last)-1])
	}
	if got := strings.Count(text, "oppo_5000"); got < 2 {
		t.Errorf("the last deal stands there %d times", got)
	}
	if len(file) > 3<<20 {
		t.Errorf("it has %d bytes", len(file))
	}
}

func TestTextsWithoutEndFitIntoTheFile(t *testing.T) {
	d, r := rich(1)
	d.Title, d.Manual[0].Reason = strings.Repeat("long", 400), strings.Repeat("endless ", 4000)
	file, err := document.PDF(document.Of(d, "h", &r, true, document.Names{Person: strings.Repeat("M", 500)}))
	if err != nil {
		t.Fatal(err)
	}
	if n := pages(file); n < 3 || n > 8 {
		t.Errorf("%d pages", n)
	}
}
