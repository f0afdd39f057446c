package upload

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"leadline/shared/fault"
	"leadline/shared/push"
)

const (
	// maxUnpackedBytes is the most that a packed file may unpack to.
	maxUnpackedBytes = 4 << 30
	// maxRows is what the numbers of rows have room for.
	maxRows = 99_999_999
	// maxShownBytes is how much is kept of a line that is too long to be a row, maxBadBytes of one that is no JSON.
	maxShownBytes = 1_000
	maxBadBytes   = 256 << 10
	bufferBytes   = 64 << 10
)

// rows reads the rows of a file one by one.
type rows struct {
	source *source
	lines  *bufio.Reader
	line   []byte
	// count is how many rows were read, objects how many of them are JSON objects.
	count, objects int
	// list tells that the first line is no row but the beginning of a list.
	list bool
}

// source notes what the file itself fails with, to tell it from what is wrong in the file.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// bounded reads up to so many bytes; more are Invalid.
type bounded struct {
	io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fault.New(fault.Invalid, "file_too_large", "The file unpacks to more than %d GB. Split it into several.", maxUnpackedBytes>>30)
	}
	return n, err
}

// newRows begins to read a file of a size, and up to so many bytes of what it unpacks to.
func newRows(file io.Reader, size, limit int64) (*rows, error) {
	switch {
	case size > push.MaxUploadBytes:
		return nil, fault.New(fault.Invalid, "file_too_large", "The file has %d bytes; at most %d are taken. Split it, or pack it with gzip.", size, push.MaxUploadBytes)
	case size == 0:
		return nil, empty()
	}
	r := &rows{source: &source{Reader: file}}
	start := bufio.NewReaderSize(r.source, bufferBytes)
	magic, err := start.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	text := io.Reader(start)
	if string(magic) == "\x1f\x8b" { // a gzip
		if text, err = gzip.NewReader(start); err != nil {
			return nil, r.wrong(err)
		}
	}
	r.lines = bufio.NewReaderSize(&bounded{text, limit}, bufferBytes)
	return r, nil
}

func empty() error {
	return fault.New(fault.Invalid, "empty_file", "The file is empty. Send one JSON object on each line.")
}

// wrong tells what an error of reading means: that the file could not be read, now, or that it is no good.
func (r *rows) wrong(err error) error {
	switch {
	case r.source.err != nil:
		return r.source.err
	case fault.Of(err) != nil, err == io.EOF:
		return err
	}
	return fault.New(fault.Invalid, "broken_file", "The file is no sound gzip: it breaks off, or was damaged, before row %d. Upload it again.", r.count+1)
}

// next gives the next row as JSON, valid until the next call, and io.EOF at the end. A line that is no JSON comes as a text
// that holds it, for whoever applies the rows to set it aside.
func (r *rows) next() ([]byte, error) {
	for {
		long, err := r.read()
		if err != nil && (err != io.EOF || len(r.line) == 0) {
			return nil, r.wrong(err)
		}
		line := bytes.TrimSpace(r.line)
		if r.count == 0 {
			line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF"))) // a mark that some editors leave
		}
		if len(line) == 0 {
			continue
		}
		if r.count++; r.count > maxRows {
			return nil, fault.New(fault.Invalid, "file_too_large", "The file has more than %d rows. Split it into several.", maxRows)
		}
		valid := !long && json.Valid(line)
		if r.count == 1 && line[0] == '[' && !valid {
			r.list = true
		}
		switch {
		case long:
			return text(line, maxShownBytes, " ... (cut: the line is longer than a row may be)"), nil
		case !valid:
			return text(line, maxBadBytes, " ... (cut)"), nil
		case !utf8.Valid(line): // it would not come through as it is
			line = []byte(strings.ToValidUTF8(string(line), "\uFFFD"))
		}
		if line[0] == '{' {
			r.objects++
		}
		return line, nil
	}
}

// read reads a line, of one that is too long only the beginning.
func (r *rows) read() (long bool, err error) {
	const most = push.MaxRowBytes + len("\r\n")
	r.line = r.line[:0]
	for {
		part, err := r.lines.ReadSlice('\n')
		if room := most - len(r.line); len(part) > room {
			part, long = part[:room], true
		}
		r.line = append(r.line, part...)
		if err != bufio.ErrBufferFull {
			return long || len(bytes.TrimRight(r.line, "\r\n")) > push.MaxRowBytes, err
		}
	}
}

// text gives a line as the JSON of a text, cut to a length with a note.
func text(line []byte, limit int, note string) []byte {
	s := string(line)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + note
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text always encodes
	return bytes.TrimSpace(buf.Bytes())
}

// sound tells what is wrong with a file that was read to its end, as a whole.
func (r *rows) sound() error {
	switch {
	case r.count == 0:
		return empty()
	case r.list, r.objects == 0:
		return fault.New(fault.Invalid, "not_ndjson", "The file is not a JSON object on each line (NDJSON), one for each row, packed with gzip or not. "+
			"If it is one JSON list, jq -c '.[]' makes such lines of it.")
	}
	return nil
}
