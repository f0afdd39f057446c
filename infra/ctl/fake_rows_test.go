package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/push"
	"leadline/shared/record"
)

// rowsWorld is the part of the fake that client software talks to: objects with a schema, batches, uploads.
type rowsWorld struct {
	objects map[string]*objectSchema
	// batches are what became of each, by name; keys the batch of each Idempotency-Key.
	batches map[string]*batch
	keys    map[string]string
	// pushes are the bodies that were posted, resends too; puts the files that were uploaded.
	pushes []push.Request
	puts   [][]byte
	// polls is how often a batch is still running when it is asked for; stuck says that it always is.
	polls int
	stuck bool
}

func newRowsWorld() rowsWorld {
	return rowsWorld{objects: map[string]*objectSchema{}, batches: map[string]*batch{}, keys: map[string]string{}}
}

// age makes what was received look older.
func (w *rowsWorld) age(by time.Duration) {
	for _, b := range w.batches {
		at := b.Received.Add(-by)
		b.Received = &at
	}
}

// route answers what client software, and who looks after it, ask for.
func (w *rowsWorld) route(f *fake, r *http.Request, parts []string, body []byte) (status int, answer any, known bool, err error) {
	missing := fault.New(fault.NotFound, "not_found", "There is no such thing.")
	switch {
	case parts[0] == "push" && r.Method == http.MethodPost:
		answer, err = w.push(f, r, body)
		return http.StatusAccepted, answer, true, err
	case parts[0] == "push":
		b, ok := w.batches[parts[1]]
		if !ok {
			return 0, nil, true, missing
		}
		return http.StatusOK, w.look(b), true, nil
	case parts[0] == "uploads" && len(parts) == 1:
		return http.StatusCreated, w.upload(f, r, body), true, nil
	case parts[0] == "uploads":
		w.batches[parts[1]].Status = "running"
		w.load(f, w.batches[parts[1]])
		return http.StatusAccepted, jobState{ID: "job_0123456789ab", Kind: "load", Status: "queued", Counts: map[string]int64{}, CreatedBy: fakeClient}, true, nil
	case parts[0] == "connections" && len(parts) >= 4 && parts[1] == fakeClients && (len(parts) == 4 || parts[4] == "proposal"):
		o, ok := w.objects[parts[3]]
		if !ok {
			return 0, nil, true, missing
		}
		if len(parts) == 6 && parts[5] == "accept" {
			w.accept(f, o)
		}
		return http.StatusOK, o, true, nil
	}
	return 0, nil, false, nil
}

// push takes rows as the API does: whole, once for each key.
func (w *rowsWorld) push(f *fake, r *http.Request, body []byte) (any, error) {
	if len(body) > 4<<20 {
		return nil, fault.New(fault.Invalid, "body_too_large", "The body has %d bytes.", len(body))
	}
	rows, err := push.Parse(bytes.Clone(body))
	if err != nil {
		return nil, err
	}
	w.pushes = append(w.pushes, rows)
	key := r.Header.Get("Idempotency-Key")
	name, again := w.keys[key]
	if !again {
		name = fmt.Sprintf("bat_%04d", len(w.keys)+1)
		w.keys[key] = name
		at := time.Now().UTC()
		b := &batch{Batch: name, Status: "running", Object: rows.Object, Kind: "push", Received: &at, Rows: int64(rows.Count), Counts: map[string]int64{}, Outcomes: []rowOutcome{}}
		w.batches[name] = b
		var all []json.RawMessage
		for _, row := range rows.Rows() {
			all = append(all, row)
		}
		w.apply(f, b, all)
	}
	refused, _ := rows.Refusals(push.Settings{}, 1)
	return map[string]any{"batch": name, "status": "queued", "object": rows.Object, "rows": rows.Count, "refused": refused, "errors": []any{},
		"url": f.server.URL + "/v1/push/" + name}, nil
}

// apply makes records of rows: the first make the schema, and a row with a field that it has not is set aside.
func (w *rowsWorld) apply(f *fake, b *batch, rows []json.RawMessage) {
	for i, text := range rows {
		fields, err := record.ParseFields(text)
		if err != nil {
			b.Counts["set_aside"]++
			b.Outcomes = append(b.Outcomes, rowOutcome{Row: i + 1, Outcome: "set_aside", Code: "not_an_object", Entry: fmt.Sprintf("01ENTRY-%08d", i+1)})
			continue
		}
		delete(fields, "action")
		o, found := w.objects[b.Object]
		if !found {
			o = &objectSchema{objectState: objectState{Name: b.Object, Title: b.Object, IDField: "id", State: "confirmed", Version: 1, Rev: 1},
				Schema: version{Version: 1, Origin: "first_dump"}}
			for _, name := range slices.Sorted(maps.Keys(fields)) {
				o.Schema.Fields = append(o.Schema.Fields, field{Name: name, Type: "text"})
			}
			w.objects[b.Object] = o
		}
		if _, extra := fields["region"]; extra && o.Version == 1 {
			e := entry{ID: "01REGION-00000001", Connection: fakeClients, Connector: "client", Object: b.Object, Batch: b.Batch, Row: i + 1, Reason: "schema_mismatch",
				Detail: `field "region": expected no such field, found a text.`, Mismatches: []mismatch{{"region", "no such field", "a text"}}, Kind: "push", Status: "open"}
			f.entries, f.bodies[e.ID] = append([]entry{e}, f.entries...), string(text)
			o.Proposed = true
			o.Proposal = &proposal{Rows: 1, Changes: []fieldChange{{Field: "region", To: "text", Rows: 1, Examples: []example{{Value: `"North"`, Entry: e.ID}}}}}
			b.Counts["set_aside"]++
			b.Outcomes = append(b.Outcomes, rowOutcome{Row: i + 1, Outcome: "set_aside", Code: e.Reason, Entry: e.ID, Detail: e.Detail})
			continue
		}
		b.Counts["applied"]++
		w.keep(f, b.Object, fields)
	}
}

func (w *rowsWorld) keep(f *fake, objectName string, fields record.Fields) {
	id := strings.Trim(string(fields["id"]), `"`)
	key := record.Key{Organization: fakeOrganization, Connection: fakeClients, Object: objectName, ID: id}
	_, _ = f.records.PutNewer(f.t.Context(), record.Record{Key: key, Version: record.Version{Micros: time.Now().UnixMicro(), Parser: 1}, Fields: fields,
		StoredAt: time.Now().UTC(), Source: record.Source{Kind: "push", Delivery: "01D"}})
}

// accept makes the proposed version the present one, and replays what was set aside for it.
func (w *rowsWorld) accept(f *fake, o *objectSchema) {
	o.Version, o.Rev, o.Proposed, o.Proposal = 2, o.Rev+1, false, nil
	o.Schema.Version, o.Schema.Origin = 2, "proposal"
	o.Schema.Fields = append(o.Schema.Fields, field{Name: "region", Type: "text"})
	for i, e := range f.entries {
		if e.Reason == "schema_mismatch" {
			f.entries[i].Status, f.entries[i].Replays = "resolved", 1
			fields, _ := record.ParseFields([]byte(f.bodies[e.ID]))
			delete(fields, "action")
			w.keep(f, o.Name, fields)
		}
	}
}

// look gives a batch, finished once it was asked for often enough.
func (w *rowsWorld) look(b *batch) any {
	shown := *b
	if b.Status == "running" {
		if w.polls--; w.polls < 0 && !w.stuck {
			b.Status, shown.Status = "finished", "finished"
		} else {
			shown.Counts = map[string]int64{}
		}
	}
	if shown.Outcomes == nil {
		shown.Outcomes = []rowOutcome{}
	}
	return shownBatch{batch: shown, Outcomes: shown.Outcomes}
}

func (w *rowsWorld) upload(f *fake, r *http.Request, body []byte) any {
	var in struct {
		Object string `json:"objectname"`
	}
	_ = json.Unmarshal(body, &in)
	key := r.Header.Get("Idempotency-Key")
	name, again := w.keys[key]
	if !again {
		name = fmt.Sprintf("bat_%04d", len(w.keys)+1)
		w.keys[key] = name
		w.batches[name] = &batch{Batch: name, Status: "uploading", Object: strings.ToLower(in.Object), Kind: "file", Counts: map[string]int64{}}
		at := time.Now().UTC()
		w.batches[name].Received = &at
	}
	return uploadPlace{Batch: name, Method: http.MethodPut, URL: f.server.URL + "/files/" + name + "?signature=very-secret",
		Headers: map[string]string{"Content-Type": "application/octet-stream"}, ExpiresAt: time.Now().Add(time.Hour).UTC(), MaxBytes: 1 << 30}
}

// file is where files are put.
func (f *fake) file(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Method != http.MethodPut || r.URL.Query().Get("signature") != "very-secret" || r.Header.Get("Content-Type") != "application/octet-stream" ||
		r.Header.Get("Authorization") != "" || r.ContentLength != int64(len(body)) {
		f.t.Errorf("the file is put by %s with %v", r.Method, r.Header)
	}
	f.rows.puts = append(f.rows.puts, body)
	w.WriteHeader(http.StatusOK)
}

// load makes records of the file that was put last.
func (w *rowsWorld) load(f *fake, b *batch) {
	next, err := readRows(bytes.NewReader(w.puts[len(w.puts)-1]))
	if err != nil {
		f.t.Error(err)
		return
	}
	var rows []json.RawMessage
	for row, err := next(); err == nil; row, err = next() {
		rows = append(rows, row)
	}
	b.Rows = int64(len(rows))
	w.apply(f, b, rows)
}
