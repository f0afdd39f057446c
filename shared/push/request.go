package push

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// MaxKeyBytes is the most that a sender's own batch key may take.
const MaxKeyBytes = 255

// Request is a body that a client posted. It lies in the memory of the body.
type Request struct {
	ClientID, ClientSecret string
	// Object is the key of the object, Title its name as it was written; see ObjectName.
	Object, Title string
	// Key is the sender's own batch key; empty for none.
	Key string
	// Data is the list of rows as it was posted, Count how many there are.
	Data  json.RawMessage
	Count int
}

// The parts of a request.
const (
	partClient = iota
	partSecret
	partObject
	partKey
	partData
	parts
)

// Parse reads the body of a request: an object with clientid and clientSecret, objectname, data, and perhaps batch (or
// batchId), in letters of any case. Members of other names mean nothing. Null is the same as absent.
//
// Errors are Invalid, with a code of invalid_json, not_an_object, duplicate_key, invalid_request, missing_object_name,
// invalid_object_name, missing_data, invalid_data, empty_data, too_many_rows, invalid_batch_key. With an error comes what
// was read of the credentials, so that who sends can be judged before what is sent.
func Parse(body []byte) (Request, error) {
	text, valid := trimmed(body)
	if !valid {
		return Request{}, refuse("invalid_json", "The body is no JSON.")
	}
	if text[0] != '{' {
		return Request{}, refuse("not_an_object", "The body must be an object with objectname and data, not %s.", found(text))
	}
	values, err := split(text)
	if err != nil {
		return Request{}, err
	}
	var r Request
	if r.ClientID, err = textOf(values[partClient], "clientid", "invalid_request"); err != nil {
		return Request{}, err
	}
	if r.ClientSecret, err = textOf(values[partSecret], "clientSecret", "invalid_request"); err != nil {
		return Request{}, err
	}
	if err := r.fill(values); err != nil {
		return Request{ClientID: r.ClientID, ClientSecret: r.ClientSecret}, err
	}
	return r, nil
}

// split finds the parts of a request.
func split(text []byte) (values [parts]json.RawMessage, err error) {
	for w := walk(text); ; {
		name, value, more := w.next()
		if !more {
			return values, nil
		}
		part, meant := partOf(decoded(name))
		if !meant {
			continue
		}
		if values[part] != nil {
			return values, refuse("duplicate_key", "The body says twice what its %s is. Send it once.", [parts]string{"clientid", "clientSecret", "objectname", "batch", "data"}[part])
		}
		values[part] = value
	}
}

func partOf(name []byte) (part int, meant bool) {
	if len(name) > len("clientSecret") {
		return 0, false
	}
	switch strings.ToLower(string(name)) {
	case "clientid":
		return partClient, true
	case "clientsecret":
		return partSecret, true
	case "objectname":
		return partObject, true
	case "batch", "batchid":
		return partKey, true
	case "data":
		return partData, true
	}
	return 0, false
}

// fill reads everything but the credentials.
func (r *Request) fill(values [parts]json.RawMessage) error {
	name, err := textOf(values[partObject], "objectname", "invalid_object_name")
	if err != nil {
		return err
	}
	if r.Object, r.Title, err = ObjectName(name); err != nil {
		return err
	}
	if r.Key, err = textOf(values[partKey], "batch", "invalid_batch_key"); err != nil {
		return err
	}
	if isText := len(values[partKey]) > 0 && values[partKey][0] == '"'; isText {
		if err := CheckKey(r.Key); err != nil {
			return err
		}
	}
	r.Data = values[partData]
	switch {
	case r.Data == nil || r.Data[0] == 'n':
		return refuse("missing_data", "The body has no data: a list of rows.")
	case r.Data[0] != '[':
		return refuse("invalid_data", "The data must be a list of rows, not %s.", found(r.Data))
	}
	r.Count = count(r.Data)
	switch {
	case r.Count == 0:
		return refuse("empty_data", "The data is an empty list. Send 1 to %d rows.", MaxRows)
	case r.Count > MaxRows:
		return refuse("too_many_rows", "The data has %d rows; at most %d are taken at once. Send several batches, or upload a file.", r.Count, MaxRows)
	}
	return nil
}

// CheckKey tells what is wrong with a sender's own batch key.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKeyBytes {
		return refuse("invalid_batch_key", "A batch key of your own has 1 to %d bytes; this one has %d.", MaxKeyBytes, len(key))
	}
	return nil
}

// textOf reads a part that must be a text; empty if there is none.
func textOf(value json.RawMessage, name, code string) (string, error) {
	switch {
	case value == nil || value[0] == 'n':
		return "", nil
	case value[0] != '"':
		return "", refuse(code, "The %s must be a text, not %s.", name, found(value))
	}
	return string(decoded(value)), nil
}

func refuse(code, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, code, format, args...)
}

// Rows goes through the rows, numbered from 1.
func (r Request) Rows() iter.Seq2[int, json.RawMessage] {
	return func(yield func(int, json.RawMessage) bool) {
		w := walk(r.Data)
		for number := 1; ; number++ {
			_, row, more := w.next()
			if !more || !yield(number, row) {
				return
			}
		}
	}
}

// Body gives what is kept and sent on of the request: Body of it, without the credentials.
func (r Request) Body() []byte { return Body(r.Title, r.Data) }

// Body makes the body of a delivery of rows of what an object is called and a list of rows, whose bytes stay as they
// are.
func Body(title string, data json.RawMessage) []byte {
	name, _ := json.Marshal(title) // a text always encodes
	body := make([]byte, 0, len(name)+len(data)+24)
	return fmt.Appendf(body, `{"objectname":%s,"data":%s}`, name, data)
}

// Join makes a list of rows.
func Join(rows []json.RawMessage) json.RawMessage {
	size := 2 + len(rows)
	for _, row := range rows {
		size += len(row)
	}
	list := append(make([]byte, 0, size), '[')
	for i, row := range rows {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, row...)
	}
	return append(list, ']')
}

// Contents is what a body of a delivery of rows holds, in the memory of the body.
type Contents struct {
	// Object is the key of the object, Title its name as it was written.
	Object, Title string
	Rows          []json.RawMessage
}

// ReadBody reads what Body made. Errors are Invalid, and their codes reasons of quarantine.
func ReadBody(body []byte) (Contents, error) {
	text, valid := trimmed(body)
	if !valid {
		return Contents{}, refuse(string(quarantine.MalformedBody), "The body is no JSON.")
	}
	if text[0] != '{' {
		return Contents{}, refuse(string(quarantine.NotAnObject), "The body is %s; expected an object with objectname and data.", found(text))
	}
	values, err := split(text)
	if err != nil {
		return Contents{}, refuse(string(quarantine.MalformedBody), "The body says twice what its objectname or data is.")
	}
	var c Contents
	name, err := textOf(values[partObject], "objectname", string(quarantine.InvalidName))
	if err != nil {
		return Contents{}, err
	}
	if c.Object, c.Title, err = ObjectName(name); err != nil {
		return Contents{}, refuse(string(quarantine.InvalidName), "%s", err.Error())
	}
	data := values[partData]
	if data == nil || data[0] != '[' {
		return Contents{}, refuse(string(quarantine.MissingData), "The data is %s; expected a list of rows.", found(data))
	}
	c.Rows = make([]json.RawMessage, 0, count(data))
	for w := walk(data); ; {
		_, row, more := w.next()
		if !more {
			return c, nil
		}
		c.Rows = append(c.Rows, row)
	}
}

// ObjectName reads the name of an object: its key, the same whatever the case and the space around it, and its title, as it
// was written. A name has letters, digits, spaces and _ - . and at least one letter or digit, in at most
// record.MaxObjectBytes bytes. Errors are Invalid: missing_object_name, invalid_object_name.
func ObjectName(text string) (key, title string, err error) {
	title = strings.TrimSpace(text)
	if title == "" {
		return "", "", refuse("missing_object_name", "The objectname is missing: what the rows are, such as \"deals\".")
	}
	key = strings.ToLower(strings.ToUpper(title)) // both letters for one capital, such as the sigmas, become the same
	if longest := max(len(title), len(key)); longest > record.MaxObjectBytes {
		return "", "", refuse("invalid_object_name", "The objectname has %d bytes; at most %d are taken.", longest, record.MaxObjectBytes)
	}
	named := false
	for _, c := range title {
		switch {
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			named = true
		case c == utf8.RuneError || !unicode.IsMark(c) && !strings.ContainsRune(" _-.", c):
			return "", "", refuse("invalid_object_name", "The objectname has a character that is none of letters, digits, space, _ - and the dot.")
		}
	}
	if !named {
		return "", "", refuse("invalid_object_name", "The objectname has no letter and no digit.")
	}
	return key, title, nil
}
