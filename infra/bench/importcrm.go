package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"leadline/infra/sandbox/crm"
	"leadline/infra/sandbox/server"
)

// leads is a provider of more leads than a sandbox has records: all alike, a second apart. What is asked for besides, its
// sandbox answers.
type leads struct {
	sandbox *server.Server
	n       int
	// begin is the time of the first, by which the others follow.
	begin time.Time
	// gone are the first so many by number.
	gone int
	// row is a lead of the sandbox, in parts: what stands between is the id or the times of each.
	row []string

	mu     sync.Mutex
	window time.Time
	used   int
}

const (
	idMark   = "lead_IDIDIDIDIDIDID"
	timeMark = "2001-01-01T01:01:01.000000+00:00"
	// leadsLimit is how many requests a second there may be: more than are made.
	leadsLimit = 5000
)

func newLeads(n int) (*leads, error) {
	l := &leads{sandbox: server.New(server.Options{Options: crm.Options{Seed: 1, Records: 500}}), n: n}
	l.begin = time.Now().UTC().Truncate(time.Second).Add(-time.Duration(n)*time.Second - time.Hour)
	var row object
	stop := errors.New("one is enough")
	err := l.sandbox.Contents("lead", nil, func(_, _ string, body []byte) (err error) {
		if row, err = decode(body); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		return nil, errors.Join(err, errors.New("the sandbox has no lead"))
	}
	row["id"], row["date_created"], row["date_updated"] = idMark, timeMark, timeMark
	text := strings.ReplaceAll(string(row.text()), timeMark, "\x00t\x00")
	for part := range strings.SplitSeq(strings.ReplaceAll(text, idMark, "\x00i\x00"), "\x00") {
		l.row = append(l.row, part)
	}
	return l, nil
}

// id names a lead: by its number, behind what sorts them by chance.
func (l *leads) id(i int) string { return fmt.Sprintf("lead_%.8s%07d", randomText("lead", i), i) }

func (l *leads) write(b *bytes.Buffer, i int) {
	for _, part := range l.row {
		switch part {
		case "t":
			b.WriteString(closeTime(l.begin.Add(time.Duration(i) * time.Second)))
		case "i":
			b.WriteString(l.id(i))
		default:
			b.WriteString(part)
		}
	}
}

// search is what the connector asks a search for.
type search struct {
	Query struct {
		Queries []struct {
			ObjectType string `json:"object_type"`
			Queries    []struct{ Value string }
			Condition  struct {
				From  struct{ Value time.Time } `json:"on_or_after"`
				Until struct{ Value time.Time } `json:"before"`
			}
		}
	}
	Limit   int  `json:"_limit"`
	Results *int `json:"results_limit"`
}

func (l *leads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, single := strings.CutPrefix(r.URL.Path, "/api/v1/lead/")
	id = strings.TrimSuffix(id, "/")
	if !(single && id != "") && r.URL.Path != "/api/v1/data/search/" {
		l.sandbox.ServeHTTP(w, r)
		return
	}
	l.limit(w.Header())
	w.Header().Set("Content-Type", "application/json")
	var b bytes.Buffer
	if single {
		if i, ok := l.number(id); ok {
			l.write(&b, i)
		} else {
			w.WriteHeader(http.StatusNotFound)
			b.WriteString(`{"error":"There is no such lead."}`)
		}
	} else {
		var asked search
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		l.search(&b, asked)
	}
	_, _ = b.WriteTo(w) // what fails here is the connection
}

// number gives the number of a lead that is there.
func (l *leads) number(id string) (int, bool) {
	i, err := strconv.Atoi(id[max(0, len(id)-7):])
	return i, err == nil && i >= l.gone && i < l.n && l.id(i) == id
}

// search writes a page in the order of both times, which are the same.
func (l *leads) search(b *bytes.Buffer, asked search) {
	var found []int
	from, until := l.gone, l.n
	first := func(t time.Time) int { return int(math.Ceil(t.Sub(l.begin).Seconds())) }
	for _, q := range asked.Query.Queries {
		if t := q.Condition.From.Value; !t.IsZero() {
			from = max(from, first(t))
		}
		if t := q.Condition.Until.Value; !t.IsZero() {
			until = min(until, first(t))
		}
		for _, one := range q.Queries {
			from, until = 0, 0 // by id
			if i, ok := l.number(one.Value); ok {
				found = append(found, i)
			}
		}
	}
	limit := asked.Limit
	if asked.Results != nil {
		limit = *asked.Results
	}
	for i := from; i < min(from+limit, until); i++ {
		found = append(found, i)
	}
	cursor := "null"
	if from+limit < until && limit > 0 {
		cursor = `"more"`
	}
	fmt.Fprintf(b, `{"cursor":%s,"count":{"total":%d},"data":[`, cursor, max(0, until-from))
	for at, i := range found {
		if at > 0 {
			b.WriteByte(',')
		}
		l.write(b, i)
	}
	b.WriteString("]}")
}

// limit tells a limit that is not reached: fetch holds itself to what the connector knows otherwise.
func (l *leads) limit(header http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.window) >= time.Second {
		l.window, l.used = now, 0
	}
	l.used++
	header.Set("RateLimit", fmt.Sprintf("limit=%d, remaining=%d, reset=%.3f", leadsLimit, max(0, leadsLimit-l.used), (time.Second-now.Sub(l.window)).Seconds()))
}
