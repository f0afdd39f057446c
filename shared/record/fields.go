package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// Fields is the content of a record: top-level field names, dotted ones kept as they are, to values in canonical JSON
// (see Canonical). Numbers keep the digits of the source.
type Fields map[string]json.RawMessage

// MaxDepth is how deep arrays and objects may nest in a payload.
const MaxDepth = 64

// ParseFields reads a JSON object into fields with canonical values.
func ParseFields(raw []byte) (Fields, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("record: read fields: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("record: read fields: data after the object")
	}
	return FieldsOf(m)
}

// FieldsOf makes fields of a decoded JSON object whose numbers are json.Number.
func FieldsOf(m map[string]any) (Fields, error) {
	f := make(Fields, len(m))
	var buf bytes.Buffer
	for name, value := range m {
		buf.Reset()
		if err := appendCanonical(&buf, value, 1); err != nil {
			return nil, fmt.Errorf("record: field %s: %w", strconv.Quote(name), err)
		}
		f[name] = bytes.Clone(buf.Bytes())
	}
	return f, nil
}

// Canonical gives the one JSON text of the fields: names sorted at every level, no white space, numbers digit for digit
// as the source wrote them. Equal contents give equal bytes.
func (f Fields) Canonical() []byte {
	size := 2
	for name, value := range f {
		size += len(name) + len(value) + 4
	}
	buf := bytes.NewBuffer(make([]byte, 0, size))
	buf.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(f)) {
		if i > 0 {
			buf.WriteByte(',')
		}
		appendString(buf, name)
		buf.WriteByte(':')
		buf.Write(f[name])
	}
	buf.WriteByte('}')
	return buf.Bytes()
}

// MarshalJSON gives the canonical text.
func (f Fields) MarshalJSON() ([]byte, error) { return f.Canonical(), nil }

// Hash identifies the content of the record: its fields, the digests of its large fields, and what a tombstone says.
// It is the hex of half a SHA-256.
func (r *Record) Hash() string {
	h := sha256.New()
	h.Write(r.Fields.Canonical())
	for _, name := range slices.Sorted(maps.Keys(r.Large)) {
		fmt.Fprintf(h, "\n%q %s", name, r.Large[name].SHA256)
	}
	fmt.Fprintf(h, "\n%t %q", r.Deleted, r.MergedInto)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func appendCanonical(buf *bytes.Buffer, value any, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("nested deeper than %d", MaxDepth)
	}
	switch v := value.(type) {
	case nil:
		buf.WriteString("null")
	case bool:
		buf.WriteString(strconv.FormatBool(v))
	case json.Number:
		buf.WriteString(v.String())
	case string:
		appendString(buf, v)
	case []any:
		buf.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				buf.WriteByte(',')
			}
			if err := appendCanonical(buf, e, depth+1); err != nil {
				return err
			}
		}
		buf.WriteByte(']')
	case map[string]any:
		buf.WriteByte('{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				buf.WriteByte(',')
			}
			appendString(buf, name)
			buf.WriteByte(':')
			if err := appendCanonical(buf, v[name], depth+1); err != nil {
				return err
			}
		}
		buf.WriteByte('}')
	default:
		return fmt.Errorf("no JSON value: %T", value)
	}
	return nil
}

// appendString writes s as a JSON string without HTML escapes, so that text stays readable.
func appendString(buf *bytes.Buffer, s string) {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	buf.Truncate(buf.Len() - 1)
}
