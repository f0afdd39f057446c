package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"leadline/infra/sandbox/crm"
)

// serveControl answers what tests and developers ask of the sandbox itself. GET /_sandbox/ lists it.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/_sandbox/"), "/")
	if name == "contents" && r.Method == http.MethodGet {
		s.serveContents(w, r)
		return
	}
	result, err := s.controlled(r.Method+" "+name, r)
	if err != nil {
		fail(http.StatusBadRequest, err.Error()).write(w)
		return
	}
	if result == nil {
		result = struct{}{}
	}
	body, err := json.Marshal(result)
	if err != nil {
		fail(http.StatusInternalServerError, err.Error()).write(w)
		return
	}
	ok(body).write(w)
}

// help is what GET /_sandbox/ gives.
func help() map[string]string {
	return map[string]string{
		"GET info":              "organization, users, keys, OAuth client",
		"GET counts":            "records by object type",
		"GET contents":          "?object=lead[&fields=id,name][&full=1]: id, date_updated and hash of each record, as NDJSON",
		"GET requests":          "[?path=/api/v1/lead/]: what was answered; DELETE forgets it",
		"GET stats":             "requests and refusals by key and endpoint group, webhooks sent, lost, waiting",
		"GET violations":        "what the validation had against requests and answers",
		"GET faults":            "the faults that are set; DELETE ends them",
		"POST faults":           `{"method":"GET","path":"/api/v1/lead/","after":0,"times":3,"status":503,"retry_after":1,"kind":"timeout|cut|lost","delay_ms":0}`,
		"POST webhooks":         `{"drop":0.1,"double":0.05}: lose and double deliveries`,
		"POST webhooks/pause":   `{"id":"whsub_..."}: pause as Close does by itself, all without an id`,
		"POST webhooks/deliver": "deliver what is due now, and wait for it",
		"POST keys/revoke":      `{"key":"..."}; keys/restore undoes it; {"grants":true} ends the OAuth grants`,
		"POST keys":             `{"key":"api_x.y","user":"rep|manager|admin|e-mail"}: another API key`,
		"POST clock":            `{"skew":"5m"}: the sandbox's clock against the real one`,
		"POST change":           `{"action":"create|update|delete|touch|win|lose|merge","object":"lead","id":"...","into":"...","count":1,"fields":{},"silent":false}`,
		"POST bulk":             `{"leads":100,"events":false}: import leads with contacts and opportunities`,
		"POST members":          `{"user":"e-mail","active":false,"role":"Sales Manager"}`,
	}
}

// controlled does what a control request asks for.
func (s *Server) controlled(what string, r *http.Request) (any, error) {
	switch what {
	case "GET ":
		return help(), nil
	case "GET info":
		return s.info(), nil
	case "GET counts":
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.model.Counts(), nil
	case "GET requests":
		return under(s.Requests(), r.URL.Query().Get("path")), nil
	case "DELETE requests":
		s.ForgetRequests()
		return nil, nil
	case "GET stats":
		return s.stats(), nil
	case "GET violations":
		return append([]string{}, s.Violations()...), nil
	case "GET faults":
		s.control.mu.Lock()
		defer s.control.mu.Unlock()
		all := []Fault{}
		for _, f := range s.control.faults {
			all = append(all, *f)
		}
		return all, nil
	case "DELETE faults":
		s.ClearFaults()
		return nil, nil
	case "POST faults":
		return read(r, func(f Fault) (any, error) {
			s.AddFault(f)
			return nil, nil
		})
	case "POST webhooks":
		return read(r, func(in struct{ Drop, Double float64 }) (any, error) {
			s.LoseWebhooks(in.Drop, in.Double)
			return nil, nil
		})
	case "POST webhooks/pause":
		return read(r, func(in struct{ ID string }) (any, error) {
			if !s.PauseWebhooks(in.ID) {
				return nil, &crm.Wrong{Message: "There is no such subscription."}
			}
			return nil, nil
		})
	case "POST webhooks/deliver":
		return map[string]int{"sent": s.Deliver(r.Context())}, nil
	case "POST clock":
		return read(r, func(in struct{ Skew string }) (any, error) {
			d, err := time.ParseDuration(in.Skew)
			s.Skew(d)
			return nil, err
		})
	}
	return s.controlledKeys(what, r)
}

// controlledKeys is the part of controlled about people and records.
func (s *Server) controlledKeys(what string, r *http.Request) (any, error) {
	type keyed struct {
		Key, User string
		Grants    bool
	}
	switch what {
	case "POST keys":
		return read(r, func(in keyed) (any, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !s.addKey(in.Key, in.User) {
				return nil, &crm.Wrong{Message: "There is no such user, or the key is empty."}
			}
			return nil, nil
		})
	case "POST keys/revoke", "POST keys/restore":
		return read(r, func(in keyed) (any, error) {
			if in.Grants {
				s.RevokeGrants()
			} else if !s.Revoke(in.Key, what == "POST keys/revoke") {
				return nil, &crm.Wrong{Message: "There is no such key."}
			}
			return nil, nil
		})
	case "POST change":
		return read(r, s.Change)
	case "POST bulk":
		return read(r, func(in struct {
			Leads  int
			Events bool
		}) (any, error) {
			return s.Bulk(in.Leads, in.Events)
		})
	case "POST members":
		return read(r, func(in struct {
			User, Role string
			Active     *bool
		}) (any, error) {
			return nil, s.member(in.User, in.Role, in.Active)
		})
	}
	return nil, &crm.Wrong{Message: "The sandbox does not know " + what + "; GET /_sandbox/ lists what it knows."}
}

// read decodes the body of a control request; a name that it does not know is a mistake of the test.
func read[T any, R any](r *http.Request, do func(T) (R, error)) (any, error) {
	var in T
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, err
	}
	return do(in)
}

func under(all []Seen, path string) []Seen {
	some := []Seen{}
	for _, one := range all {
		if strings.HasPrefix(one.Path, path) {
			some = append(some, one)
		}
	}
	return some
}

func (s *Server) stats() any {
	counts := s.Counts()
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"groups": counts, "webhooks": map[string]int{"sent": s.hooks.sent, "dropped": s.hooks.dropped, "waiting": len(s.hooks.queue)}}
}

func (s *Server) info() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	type person struct{ ID, Name, Email, Role, Group string }
	var people []person
	for _, u := range s.model.Team.Users {
		p := person{ID: u.ID, Name: u.Name(), Email: u.Email, Role: s.model.Role(&u).Name}
		for _, g := range s.model.Team.Groups {
			for _, id := range g.Members {
				if id == u.ID {
					p.Group = g.Name
				}
			}
		}
		people = append(people, p)
	}
	keys := map[string]string{}
	for key, c := range s.keys {
		keys[key] = c.email
	}
	return map[string]any{
		"organization_id": s.model.Team.OrganizationID, "name": s.model.Team.Name, "users": people, "keys": keys,
		"client_id": s.opts.ClientID, "client_secret": s.opts.ClientSecret, "owner_field": s.model.OwnerField(),
	}
}

// member changes a person's membership.
func (s *Server) member(who, role string, active *bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.person(who)
	if u == nil || who == "" {
		return &crm.Wrong{Message: "There is no such user."}
	}
	if role != "" && !s.model.SetRole(u, role) {
		return &crm.Wrong{Message: "There is no such role."}
	}
	if active != nil {
		s.model.SetActive(u, *active, crm.Change{Actor: s.actor("")})
	}
	return nil
}

// actor is who makes a change through the control API: the person who owns the record, at the web page.
func (s *Server) actor(user string) crm.Actor {
	if user == "" {
		user = s.model.Team.Users[0].ID
	}
	return crm.Actor{UserID: user, Method: http.MethodPut, Path: "/graphql/", RequestID: s.model.NewID("req_")}
}

func names(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
