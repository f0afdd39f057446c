package server

import (
	"net/http"
	"strings"

	"leadline/infra/sandbox/crm"
)

// credential is an API key, or what stands behind an access token.
type credential struct {
	// id is what events name: the part of a key before its dot.
	id, name string
	email    string
	revoked  bool
	oauth    bool
}

// user gives the person whose credential it is.
func (c *credential) user(m *crm.Model) *crm.User {
	for i := range m.Team.Users {
		if m.Team.Users[i].Email == c.email {
			return &m.Team.Users[i]
		}
	}
	return nil
}

// person finds a user by what Options.Keys say.
func (s *Server) person(who string) *crm.User {
	team := s.model.Team.Users
	switch who {
	case "", "admin":
		return &team[0]
	case "manager":
		return &team[1]
	case "rep":
		return &team[4]
	}
	for i := range team {
		if team[i].Email == who || team[i].ID == who {
			return &team[i]
		}
	}
	return nil
}

func (s *Server) addKey(key, who string) bool {
	u := s.person(who)
	if u == nil || key == "" {
		return false
	}
	id, _, _ := strings.Cut(key, ".")
	s.keys[key] = &credential{id: id, name: id, email: u.Email}
	return true
}

// authenticate finds whose request it is.
func (s *Server) authenticate(r *http.Request) (*credential, *answer) {
	var who *credential
	if key, _, ok := r.BasicAuth(); ok {
		who = s.keys[key]
	} else if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		who = s.oauth.who(token, s.now())
	}
	var u *crm.User
	if who != nil {
		u = who.user(s.model)
	}
	if who == nil || who.revoked || u == nil || !u.Active {
		a := fail(http.StatusUnauthorized, "The server could not verify that you are authorized to access the URL requested. You either supplied the wrong credentials (e.g. a bad API key), or your session has expired.")
		a.header = [][2]string{{"WWW-Authenticate", `Basic realm="Login Required"`}}
		return nil, &a
	}
	return who, nil
}

// keyName names a request's credential without giving it away.
func keyName(r *http.Request) string {
	if key, _, ok := r.BasicAuth(); ok {
		id, _, _ := strings.Cut(key, ".")
		return id
	}
	if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		return "oauth"
	}
	return ""
}
