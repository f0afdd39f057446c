package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"leadline/infra/sandbox/crm"
)

// Contents gives all records of an object type as the API shows them, with their date_updated, to compare a copy with. Of
// leads, what belongs to others is left out: contacts, opportunities, tasks and contact_ids. Fields limits the contents to
// some; nil gives all.
func (s *Server) Contents(object string, fields []string, visit func(id, updated string, body []byte) error) error {
	var f *crm.Fields
	if fields != nil {
		f = crm.ParseFields(fields)
	}
	s.mu.Lock()
	var all []*crm.Record
	for _, k := range crm.Kinds() {
		if k.Object == object || object == "task" && k.Kind == crm.Task || object == "activity" && k.Kind.Activity() {
			all = append(all, s.model.All(k.Kind)...)
		}
	}
	s.mu.Unlock()
	for len(all) > 0 {
		n := min(500, len(all))
		if err := s.contents(all[:n], f, visit); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

func (s *Server) contents(some []*crm.Record, f *crm.Fields, visit func(id, updated string, body []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range some {
		if s.model.Get(r.ID) != r {
			continue // deleted meanwhile
		}
		if err := visit(r.ID, crm.Stamp(r.Updated()), s.model.Plain(r, f)); err != nil {
			return err
		}
	}
	return nil
}

// Hash is the SHA-256 of a JSON object in its canonical form, in hex: names sorted, no white space, numbers as they are
// written, no signs of HTML escaped.
func Hash(body []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	sum := sha256.Sum256(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return hex.EncodeToString(sum[:]), nil
}

// serveContents streams the contents of an object type, a line of JSON each: id, date_updated and hash, and with full=1 the
// record.
func (s *Server) serveContents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	full := r.URL.Query().Get("full") == "1"
	err := s.Contents(r.URL.Query().Get("object"), names(r.URL.Query().Get("fields")), func(id, updated string, body []byte) error {
		hash, err := Hash(body)
		if err != nil {
			return err
		}
		line := []byte(`{"id":` + strconv.Quote(id) + `,"date_updated":"` + updated + `","hash":"` + hash + `"`)
		if full {
			line = append(append(line, `,"record":`...), body...)
		}
		_, err = w.Write(append(line, "}\n"...))
		return err
	})
	if err != nil {
		_, _ = w.Write([]byte(`{"error":"` + http.StatusText(http.StatusInternalServerError) + "\"}\n")) // the stream has begun
	}
}
