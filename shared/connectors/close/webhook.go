package close

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

const (
	actionDeleted     = "deleted"
	actionMerged      = "merged"
	actionActivated   = "activated"
	actionDeactivated = "deactivated"
)

// event is the "event" of a webhook body, an entry of Close's event log
// (https://developer.close.com/api/resources/events). Its data holds the whole record as it now is; previous_data, of
// which updates carry the changed fields and deletions the whole record, is read for an id only.
type event struct {
	log map[string]any
	// data is nil where the event carries no record.
	data map[string]any
	// object is the stored name of the event's object_type.
	object string
	action string
	// id names the event, empty if Close did not.
	id string
}

// parse reads one webhook body. Every object type and action is taken, listed by Close or not: "deleted" leaves a
// tombstone, "merged" leads leave one of the lead that is gone, and all else is the record's new state.
func parse(body []byte) ([]record.Change, error) {
	e, err := readEvent(body)
	if err != nil {
		return nil, err
	}
	return e.changes()
}

func (e *event) changes() ([]record.Change, error) {
	switch {
	case e.action == actionDeleted:
		return e.deleted()
	case e.action == actionMerged && e.object == objectLead:
		return e.merged()
	}
	return e.written()
}

func readEvent(body []byte) (*event, error) {
	root, err := decode(body)
	if err != nil {
		return nil, err
	}
	envelope, ok := root.(map[string]any)
	if !ok {
		return nil, refuse(quarantine.NotAnObject, "The body is %s, expected an object.", kind(root))
	}
	log, ok := envelope["event"].(map[string]any)
	if !ok {
		return nil, refuse(quarantine.MissingEvent, "event is %s, expected an object.", kindOf(envelope, "event"))
	}
	return readEntry(log)
}

// readEntry reads one entry of the event log, which is what a webhook carries, too.
func readEntry(log map[string]any) (*event, error) {
	e := &event{log: log}
	objectType, err := e.key(log, "event", "object_type", record.MaxObjectBytes)
	if err != nil {
		return nil, err
	}
	if objectType == "" {
		return nil, refuse(quarantine.MissingObjectType, "event.object_type is %s, expected a text.", kindOf(log, "object_type"))
	}
	e.object = objectName(objectType)
	e.action, _ = log["action"].(string)
	if e.action == "" || len(e.action) > record.MaxObjectBytes {
		return nil, refuse(quarantine.MissingAction, "event.action is %s, expected a text of at most %d bytes.",
			kindOf(log, "action"), record.MaxObjectBytes)
	}
	if id, ok := log["id"].(string); ok && len(id) <= record.MaxIDBytes {
		e.id = id
	}
	if data, ok := log["data"].(map[string]any); ok && len(data) > 0 {
		e.data = data
	}
	return e, nil
}

// decode reads a body of exactly one JSON value, numbers as they are written.
func decode(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, refuse(quarantine.MalformedBody, "The body is not JSON: it breaks off or goes wrong at byte %d.", syntax.Offset)
		}
		return nil, refuse(quarantine.MalformedBody, "The body is not JSON: it breaks off.")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, refuse(quarantine.MalformedBody, "The body goes on after its JSON value.")
	}
	return root, nil
}

// written is the change of every action after which the record is there: created, updated, completed, sent ...
func (e *event) written() ([]record.Change, error) {
	if e.data == nil {
		return nil, e.missingData()
	}
	id, err := e.recordID(nil)
	if err != nil {
		return nil, err
	}
	c, err := e.upsert(id)
	if err != nil {
		return nil, err
	}
	return []record.Change{c}, nil
}

// deleted is the change of a deletion. A lead that went by a merge says so in its meta.
func (e *event) deleted() ([]record.Change, error) {
	previous, _ := e.log["previous_data"].(map[string]any)
	id, err := e.recordID(previous)
	if err != nil {
		return nil, err
	}
	var into string
	if e.object == objectLead {
		source, destination, err := e.merge()
		if err != nil {
			return nil, err
		}
		if source == id && destination != id {
			into = destination
		}
	}
	c, err := e.tombstone(id, into)
	if err != nil {
		return nil, err
	}
	return []record.Change{c}, nil
}

// merged gives the state of the lead that remains, if the event carries it, and the tombstone of the one that is gone.
// Close documents data to be the destination's; whatever else it is, the lead named as source is gone.
func (e *event) merged() ([]record.Change, error) {
	source, destination, err := e.merge()
	if err != nil {
		return nil, err
	}
	var remaining string
	if e.data != nil {
		if remaining, err = e.key(e.data, "event.data", "id", record.MaxIDBytes); err != nil {
			return nil, err
		}
	}
	if remaining == "" {
		remaining = destination
	}
	if remaining == "" {
		if remaining, err = e.recordID(nil); err != nil {
			return nil, err
		}
	}
	if destination == "" {
		destination = remaining
	}
	var changes []record.Change
	gone := source != "" && source != destination
	if e.data != nil && !(gone && remaining == source) {
		c, err := e.upsert(remaining)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	if gone {
		c, err := e.tombstone(source, destination)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	if len(changes) == 0 {
		return nil, e.missingData()
	}
	return changes, nil
}

// merge reads which lead was merged into which. Close says so in the meta of every event that a merge causes.
func (e *event) merge() (source, destination string, err error) {
	meta, _ := e.log["meta"].(map[string]any)
	if source, err = e.key(meta, "event.meta", "merge_source_lead_id", record.MaxIDBytes); err != nil {
		return "", "", err
	}
	destination, err = e.key(meta, "event.meta", "merge_destination_lead_id", record.MaxIDBytes)
	return source, destination, err
}

// recordID finds the id of the record that the event is about. The record's own id comes before the event's object_id:
// it is the one that Close's API knows the record by. Deliveries seen so far agree; the documentation's example does
// not. previous is the record as it was before a deletion, nil for other events.
func (e *event) recordID(previous map[string]any) (string, error) {
	for _, place := range []struct {
		in         map[string]any
		path, name string
	}{
		{e.data, "event.data", "id"},
		{previous, "event.previous_data", "id"},
		{e.log, "event", "object_id"},
	} {
		id, err := e.key(place.in, place.path, place.name, record.MaxIDBytes)
		if id != "" || err != nil {
			return id, err
		}
	}
	return "", refuse(quarantine.MissingID, "Neither event.data.id nor event.object_id names the record.")
}

func (e *event) upsert(id string) (record.Change, error) {
	version, ok := e.version(e.data["date_updated"], e.log["date_updated"], e.log["date_created"])
	if !ok {
		return record.Change{}, refuse(quarantine.MissingVersion,
			"None of event.data.date_updated, event.date_updated and event.date_created is a time since 1970.")
	}
	normalize(e.object, e.data)
	switch { // which is all that the event says of it: a membership's own fields do not tell
	case e.object == objectMembership && e.action == actionActivated:
		e.data[fieldActive] = true
	case e.object == objectMembership && e.action == actionDeactivated:
		e.data[fieldActive] = false
	}
	fields, err := record.FieldsOf(e.data)
	if err != nil { // what encoding/json decoded can only be too deep
		return record.Change{}, refuse(quarantine.MalformedBody, "event.data nests deeper than %d levels.", record.MaxDepth)
	}
	return record.Change{Object: e.object, ID: id, Kind: record.Upsert, Version: version, Fields: fields,
		Event: e.id, Action: e.action}, nil
}

// tombstone dates a deletion by the event: the record's own date_updated is that of its last state.
func (e *event) tombstone(id, into string) (record.Change, error) {
	version, ok := e.version(e.log["date_updated"], e.log["date_created"])
	if !ok {
		return record.Change{}, refuse(quarantine.MissingVersion,
			"Neither event.date_updated nor event.date_created is a time since 1970.")
	}
	return record.Change{Object: e.object, ID: id, Kind: record.Delete, Version: version, MergedInto: into,
		Event: e.id, Action: e.action}, nil
}

// version takes the first of times that can be read.
func (e *event) version(times ...any) (record.Version, bool) {
	for _, t := range times {
		if at, ok := readTime(t); ok {
			return record.VersionAt(at, parserRevision), true
		}
	}
	return record.Version{}, false
}

// key reads a text that is to become a part of a record's key. Absent, null and empty are all "".
func (e *event) key(in map[string]any, path, name string, max int) (string, error) {
	value := in[name]
	text, ok := value.(string)
	switch {
	case value != nil && !ok:
		return "", refuse(quarantine.InvalidID, "%s.%s is %s, expected a text.", path, name, kind(value))
	case len(text) > max:
		return "", refuse(quarantine.InvalidID, "%s.%s is longer than %d bytes.", path, name, max)
	}
	return text, nil
}

func (e *event) missingData() error {
	return refuse(quarantine.MissingData, "event.data is %s, expected the record: only deletions come without one.",
		kindOf(e.log, "data"))
}

func refuse(reason quarantine.Reason, format string, args ...any) error {
	return fault.New(fault.Invalid, string(reason), format, args...)
}
