package server

import (
	"encoding/json"
	"slices"
	"strconv"

	"leadline/infra/sandbox/crm"
)

// Change is a change that a test asks for.
type Change struct {
	// Action is create, update, delete, touch, win, lose or merge.
	Action string `json:"action"`
	// Object is the object type, such as lead or activity.call; with an id it is not needed.
	Object string `json:"object"`
	ID     string `json:"id"`
	// Into is the lead that a merge keeps.
	Into string `json:"into"`
	// Count is how many records are changed where there is no id; 1 unless set.
	Count int `json:"count"`
	// Fields are what create and update set.
	Fields json.RawMessage `json:"fields"`
	// Silent makes no events.
	Silent bool `json:"silent"`
}

// Changed tells which records a change was made to.
type Changed struct {
	IDs []string `json:"ids"`
}

// Change changes records as people do who work in the CRM.
func (s *Server) Change(in Change) (Changed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := Changed{IDs: []string{}}
	kind, known := s.kind(in)
	if !known {
		return done, &crm.Wrong{Message: "There is no object type " + strconv.Quote(in.Object) + ", or no record with this id."}
	}
	fields := crm.Object{}
	if len(in.Fields) > 0 && string(in.Fields) != "null" {
		var err error
		if fields, err = crm.ParseObject(in.Fields); err != nil {
			return done, err
		}
	}
	if in.Action == "create" {
		for range max(in.Count, 1) {
			r, err := s.model.Create(kind, slices.Clone(fields), crm.Change{Actor: s.actor(""), Silent: in.Silent})
			if err != nil {
				return done, err
			}
			done.IDs = append(done.IDs, r.ID)
		}
		return done, nil
	}
	records := []*crm.Record{s.model.Get(in.ID)}
	if in.ID == "" {
		records = s.some(kind, in.Action, max(in.Count, 1))
	}
	for _, r := range records {
		if err := s.changeOne(r, in, fields); err != nil {
			return done, err
		}
		done.IDs = append(done.IDs, r.ID)
	}
	return done, nil
}

func (s *Server) kind(in Change) (crm.Kind, bool) {
	if in.ID != "" {
		r := s.model.Get(in.ID)
		if r == nil {
			return 0, false
		}
		return r.Kind, true
	}
	for _, k := range crm.Kinds() {
		if k.Object == in.Object || k.Path == in.Object {
			return k.Kind, true
		}
	}
	return crm.Opportunity, in.Action == "win" || in.Action == "lose"
}

// some picks records, spread over all of them.
func (s *Server) some(kind crm.Kind, action string, n int) []*crm.Record {
	all := s.model.All(kind)
	d := crm.NewDice(s.opts.Seed, 32, s.model.Serial())
	d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if action == "win" || action == "lose" {
		all = slices.DeleteFunc(all, func(r *crm.Record) bool { return s.model.Deal(r).Status.Type != "active" })
	}
	return all[:min(n, len(all))]
}

func (s *Server) changeOne(r *crm.Record, in Change, fields crm.Object) error {
	c := crm.Change{Actor: s.actor(s.model.UserID(r)), Silent: in.Silent}
	switch in.Action {
	case "update":
		return s.model.Update(r, slices.Clone(fields), c)
	case "delete":
		s.model.Delete(r, c)
		return nil
	case "touch":
		s.model.Touch(r, c)
		return nil
	case "win", "lose":
		if r.Kind != crm.Opportunity {
			break
		}
		return s.close(r, map[string]string{"win": "won", "lose": "lost"}[in.Action], c)
	case "merge":
		into := s.model.Get(in.Into)
		if r.Kind != crm.Lead || into == nil || into.Kind != crm.Lead || into == r {
			break
		}
		s.model.Merge(r, into, c)
		return nil
	}
	return &crm.Wrong{Message: "The action " + strconv.Quote(in.Action) + " cannot be done with this record."}
}

// close moves an opportunity to the first status of a type in its pipeline.
func (s *Server) close(r *crm.Record, typ string, c crm.Change) error {
	now := s.model.Deal(r).Status
	for _, st := range s.model.OpportunityStatuses() {
		if st.Pipeline == now.Pipeline && st.Type == typ {
			return s.model.Update(r, crm.Object{{Key: "status_id", Value: crm.Quote(st.ID)}}, c)
		}
	}
	return &crm.Wrong{Message: "The pipeline has no such status."}
}

// Bulk imports leads with a contact and an opportunity each, all at one time, with or without events.
func (s *Server) Bulk(leads int, events bool) (Changed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := Changed{IDs: []string{}}
	c := crm.Change{Actor: s.actor(""), Silent: !events}
	if events {
		c.Bulk = s.model.NewID("bulk_")
	}
	for i := range leads {
		name := "Imported " + strconv.FormatUint(s.model.Serial(), 10) + "-" + strconv.Itoa(i)
		l, err := s.model.Create(crm.Lead, crm.Object{
			{Key: "name", Value: crm.Quote(name)},
			{Key: "contacts", Value: json.RawMessage(`[{"name":"Import Contact","emails":[{"email":"import@customer.example.com"}]}]`)},
		}, c)
		if err != nil {
			return done, err
		}
		o, err := s.model.Create(crm.Opportunity, crm.Object{{Key: "lead_id", Value: crm.Quote(l.ID)}, {Key: "value", Value: json.RawMessage("125000")}}, c)
		if err != nil {
			return done, err
		}
		done.IDs = append(done.IDs, l.ID, o.ID)
	}
	return done, nil
}
