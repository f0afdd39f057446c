package ses

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed templates/mail.html
var templates embed.FS

// Mailbox serves what was sent to people and tests, under a path that ends without a slash:
//
//	GET  PATH                    all mails, the newest first, as JSON: {"items": [...]}; ?to=a@b.c only those to an address
//	GET  PATH/{id}               one mail as a page
//	POST PATH/fail?code=&times=  have the next calls of SendEmail answered with an error of SES; times is 1 unless given
func (s *Service) Mailbox(path string) http.Handler {
	page := template.Must(template.ParseFS(templates, "templates/mail.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		to, found := r.URL.Query().Get("to"), []Mail{}
		for _, m := range s.Mails() {
			if to == "" || m.goesTo(to) {
				found = append(found, m)
			}
		}
		show(w, http.StatusOK, map[string]any{"items": found})
	})
	mux.HandleFunc("GET "+path+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		m, found := s.Mail(r.PathValue("id"))
		if !found {
			show(w, http.StatusNotFound, map[string]string{"error": "there is no such mail"})
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		// What a mail brings runs nothing and loads nothing.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
		_ = page.ExecuteTemplate(w, "mail.html", m) // what fails here is the connection
	})
	mux.HandleFunc("POST "+path+"/fail", func(w http.ResponseWriter, r *http.Request) {
		times := 1
		if text := r.URL.Query().Get("times"); text != "" {
			var err error
			if times, err = strconv.Atoi(text); err != nil || times < 1 {
				show(w, http.StatusBadRequest, map[string]string{"error": "times must be a number above 0"})
				return
			}
		}
		if err := s.Fail(r.URL.Query().Get("code"), times); err != nil {
			show(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		show(w, http.StatusOK, map[string]any{"code": r.URL.Query().Get("code"), "times": times})
	})
	return mux
}

func (m Mail) goesTo(address string) bool {
	for _, list := range [][]string{m.To, m.Cc, m.Bcc} {
		for _, to := range list {
			if bare(to) == address {
				return true
			}
		}
	}
	return false
}

func show(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // what fails here is the connection
}
