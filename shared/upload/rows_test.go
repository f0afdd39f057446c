package upload

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/push"
)

func gz(t testing.TB, text string) string {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// read gives the rows of a file.
func read(file io.Reader, size int) (all []string, err error) {
	r, err := newRows(file, int64(size), maxUnpackedBytes)
	if err != nil {
		return nil, err
	}
	for {
		row, err := r.next()
		if err == io.EOF {
			return all, r.sound()
		}
		if err != nil {
			return all, err
		}
		all = append(all, string(row))
	}
}

func TestLines(t *testing.T) {
	longest := `{"a":"` + strings.Repeat("x", push.MaxRowBytes-8) + `"}`
	longer := `{"a":"` + strings.Repeat("x", push.MaxRowBytes) + `"}`
	cut := `"{\"a\":\"` + strings.Repeat("x", maxShownBytes-6) + ` ... (cut: the line is longer than a row may be)"`
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"lines":                     {"{\"a\":1}\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":2}`}},
		"no end of the last line":   {"{\"a\":1}\n{\"a\":2}", []string{`{"a":1}`, `{"a":2}`}},
		"lines of Windows":          {"{\"a\":1}\r\n{\"a\":2}\r\n", []string{`{"a":1}`, `{"a":2}`}},
		"blank lines":               {"\n \n{\"a\":1}\n\t\r\n\n{\"a\":2}\n\n", []string{`{"a":1}`, `{"a":2}`}},
		"a mark at the start":       {"\uFEFF{\"a\":1}\n{\"a\":2}", []string{`{"a":1}`, `{"a":2}`}},
		"a mark and nothing else":   {"\uFEFF\n{\"a\":2}", []string{`{"a":2}`}},
		"space around":              {"  {\"a\": 1}\t\n", []string{`{"a": 1}`}},
		"what is no JSON":           {"{\"a\":1}\n{\"a\":<b>&\"\\\n", []string{`{"a":1}`, `"{\"a\":<b>&\"\\"`}},
		"what is no object":         {"{\"a\":1}\n7\nnull\n\"x\"\n[1]\n", []string{`{"a":1}`, "7", "null", `"x"`, "[1]"}},
		"a list first, then rows":   {"[1]\n{\"a\":1}\n", []string{"[1]", `{"a":1}`}},
		"two values on a line":      {"{\"a\":1} {\"a\":2}\n{\"a\":3}", []string{`"{\"a\":1} {\"a\":2}"`, `{"a":3}`}},
		"broken letters":            {"{\"a\":\"\xff\xfe\"}\n\xff\n", []string{"{\"a\":\"\uFFFD\"}", `"\ufffd"`}},
		"the longest line":          {longest + "\n" + longest, []string{longest, longest}},
		"the longest, of Windows":   {longest + "\r\n" + longest, []string{longest, longest}},
		"a line that is too long":   {longer + "\n" + `{"a":1}`, []string{cut, `{"a":1}`}},
		"bad for a quarter of a MB": {strings.Repeat("x", maxBadBytes+1) + "\n{}", []string{`"` + strings.Repeat("x", maxBadBytes) + ` ... (cut)"`, "{}"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []string{c.file, gz(t, c.file), gz(t, c.file[:len(c.file)/2]) + gz(t, c.file[len(c.file)/2:])} {
				got, err := read(iotest.HalfReader(strings.NewReader(file)), len(file))
				if err != nil || len(got) != len(c.want) {
					t.Fatalf("%d rows, %v, want %d", len(got), err, len(c.want))
				}
				for i := range got {
					if got[i] != c.want[i] {
						t.Errorf("row %d is %.200s, want %.200s", i+1, got[i], c.want[i])
					}
				}
			}
		})
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	good := strings.Repeat("{\"a\":1}\n", 1000)
	damaged := []byte(gz(t, good))
	damaged[len(damaged)-6] ^= 0xff
	for name, c := range map[string]struct {
		file string
		code string
	}{
		"empty":                {"", "empty_file"},
		"blank":                {"\n \r\n\t\n", "empty_file"},
		"a gzip of nothing":    {gz(t, ""), "empty_file"},
		"a list":               {`[{"a":1},{"a":2}]`, "not_ndjson"},
		"a list on many lines": {"[\n{\"a\":1},\n{\"a\":2}\n]\n", "not_ndjson"},
		"a long list":          {"[" + strings.Repeat(`{"a":1},`, 200_000) + "{}]", "not_ndjson"},
		"a table":              {"id,action\n1,create\n", "not_ndjson"},
		"a zip":                {"PK\x03\x04" + strings.Repeat("\x00\xff\n", 100), "not_ndjson"},
		"half a gzip":          {gz(t, good)[:40], "broken_file"},
		"a damaged gzip":       {string(damaged), "broken_file"},
		"the start of a gzip":  {"\x1f\x8b", "broken_file"},
		"more behind a gzip":   {gz(t, good) + "more", "broken_file"},
	} {
		_, err := read(strings.NewReader(c.file), len(c.file))
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, err := newRows(strings.NewReader("{}"), push.MaxUploadBytes+1, maxUnpackedBytes); fault.Of(err) == nil || fault.Of(err).Code != "file_too_large" {
		t.Errorf("a file that is too large: %v", err)
	}
	r, err := newRows(strings.NewReader(gz(t, good)), 100, int64(len(good))-1)
	for err == nil {
		_, err = r.next()
	}
	if f := fault.Of(err); f == nil || f.Code != "file_too_large" {
		t.Errorf("a file that unpacks to too much: %v", err)
	}
}

// TestAFileThatCannotBeReadNow is another thing than a file that is no good.
func TestAFileThatCannotBeReadNow(t *testing.T) {
	gone := fault.New(fault.Unavailable, "unavailable", "the bucket does not answer")
	for _, file := range []string{strings.Repeat("{\"a\":1}\n", 1000), gz(t, strings.Repeat("{\"a\":1}\n", 1000))} {
		for _, at := range []int{0, 1, len(file) / 2} {
			_, err := read(io.MultiReader(strings.NewReader(file[:at]), iotest.ErrReader(gone)), len(file))
			if !errors.Is(err, gone) {
				t.Errorf("after %d bytes: %v", at, err)
			}
		}
	}
}

func TestChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file strings.Builder
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 1, 10, 1000, 100_000, 900_000}), 1, 12).Draw(t, "sizes")
		times := rapid.SampledFrom([]int{1, 1, 1, 300}).Draw(t, "times")
		var want []string
		for range times {
			for _, n := range sizes {
				if times > 1 {
					n = min(n, 1000)
				}
				row := `{"a":"` + strings.Repeat("x", n) + `"}`
				want = append(want, row)
				file.WriteString(row + "\n")
			}
		}
		once := cutAll(t, file.String())
		again := cutAll(t, file.String())
		var got []string
		for i, c := range once {
			var body struct {
				ObjectName string
				Data       []json.RawMessage
			}
			if err := json.Unmarshal(c.body, &body); err != nil || body.ObjectName != `de"als` {
				t.Fatalf("chunk %d: %v", i, err)
			}
			if c.number != i || c.first != len(got)+1 || len(body.Data) == 0 || len(body.Data) > maxChunkRows || len(c.body) > maxChunkBytes {
				t.Fatalf("chunk %d: number %d from row %d, %d rows in %d bytes", i, c.number, c.first, len(body.Data), len(c.body))
			}
			if !bytes.Equal(c.body, again[i].body) || c.first != again[i].first {
				t.Fatalf("chunk %d is another one the second time", i)
			}
			for _, row := range body.Data {
				got = append(got, string(row))
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%d rows of %d", len(got), len(want))
		}
	})
}

func cutAll(t *rapid.T, file string) []chunk {
	r, err := newRows(strings.NewReader(file), int64(len(file)), maxUnpackedBytes)
	if err != nil {
		t.Fatal(err)
	}
	cutter := newCutter(r, `de"als`)
	var all []chunk
	for {
		c, err := cutter.next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		c.body = bytes.Clone(c.body)
		all = append(all, c)
	}
}
