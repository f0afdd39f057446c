package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// errNoRows: a file is empty, or a list without items.
var errNoRows = errors.New("there are no rows in it")

// rowReader gives rows one after another, and io.EOF behind the last.
type rowReader func() (json.RawMessage, error)

// rowFile is an open file of rows.
type rowFile struct {
	next  rowReader
	close func()
	// size is how many bytes the file has, 0 while that is unknown; read counts those that were read.
	size int64
	read *counter
}

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (r *counter) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += int64(n)
	return n, err
}

// openRows opens a file of rows; - is stdin.
func (c *command) openRows(name string) (*rowFile, error) {
	f := &rowFile{close: func() {}, read: &counter{Reader: c.stdin}}
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		f.read.Reader, f.close = opened, func() { _ = opened.Close() }
		if info, err := opened.Stat(); err == nil && info.Mode().IsRegular() {
			f.size = info.Size()
		}
	}
	var err error
	if f.next, err = readRows(f.read); err != nil {
		f.close()
		return nil, fmt.Errorf("%s: %w", describeFile(name), err)
	}
	return f, nil
}

// readRows reads NDJSON or a JSON array, plain or gzip, whatever the name of the file.
func readRows(in io.Reader) (rowReader, error) {
	r := bufio.NewReaderSize(in, 64<<10)
	if magic, _ := r.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		r = bufio.NewReaderSize(z, 64<<10)
	}
	if mark, _ := r.Peek(3); string(mark) == "\uFEFF" {
		_, _ = r.Discard(3) // it was peeked at
	}
	array := false
	for { // what comes first tells the two apart
		b, err := r.ReadByte()
		if err == io.EOF {
			return nil, errNoRows
		}
		if err != nil {
			return nil, err
		}
		if b == ' ' || b == '\t' || b == '\r' || b == '\n' {
			continue
		}
		array = b == '['
		_ = r.UnreadByte() // it was just read
		break
	}
	dec := json.NewDecoder(r)
	if array {
		if _, err := dec.Token(); err != nil {
			return nil, err
		}
	}
	return decodeRows(dec, array), nil
}

func decodeRows(dec *json.Decoder, array bool) rowReader {
	n := 0
	return func() (json.RawMessage, error) {
		n++
		if array && !dec.More() {
			return nil, endOfArray(dec, n)
		}
		var row json.RawMessage
		switch err := dec.Decode(&row); {
		case err == io.EOF:
			return nil, err
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("row %d is cut off", n)
		case err != nil:
			return nil, fmt.Errorf("row %d is no JSON: %w", n, err)
		}
		return row, nil
	}
}

// endOfArray gives io.EOF if a list ends as it should.
func endOfArray(dec *json.Decoder, n int) error {
	if end, err := dec.Token(); err != nil || end != json.Delim(']') {
		return fmt.Errorf("the list is cut off behind row %d", n-1)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("there is something behind the list")
	}
	return io.EOF
}

// withAction gives a row an action, if it has none.
func withAction(row json.RawMessage, action string) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(row, &fields) != nil || fields == nil {
		return row // the API says what is wrong with it
	}
	if _, has := fields["action"]; has {
		return row
	}
	comma := ","
	if len(fields) == 0 {
		comma = ""
	}
	return append([]byte(`{"action":"`+action+`"`+comma), row[1:]...)
}

// onOneLine writes a row as a line of NDJSON.
func onOneLine(row json.RawMessage) ([]byte, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, row); err != nil {
		return nil, err
	}
	line.WriteByte('\n')
	return line.Bytes(), nil
}
