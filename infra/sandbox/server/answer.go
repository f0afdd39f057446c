package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"leadline/infra/sandbox/crm"
)

// answer is what a request gets.
type answer struct {
	status int
	body   []byte
	header [][2]string
}

func ok(body []byte) answer { return answer{status: http.StatusOK, body: body} }

// fail is a refusal as Close words it.
func fail(status int, message string) answer {
	return answer{status: status, body: append(append([]byte(`{"error":`), crm.Quote(message)...), '}')}
}

func notFound() answer {
	return fail(http.StatusNotFound, "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.")
}

func notAllowed() answer {
	return fail(http.StatusMethodNotAllowed, "The method is not allowed for the requested URL.")
}

func forbidden(permission string) answer {
	return fail(http.StatusForbidden, "You do not have permission to perform this action ("+permission+").")
}

// refuse turns an error into a refusal: what is wrong with fields stands in field-errors.
func refuse(err error) answer {
	var wrong *crm.Wrong
	if !errors.As(err, &wrong) || len(wrong.Fields) == 0 {
		return fail(http.StatusBadRequest, err.Error())
	}
	body, _ := json.Marshal(map[string]any{"errors": []string{}, "field-errors": wrong.Fields}) // texts only
	return answer{status: http.StatusBadRequest, body: body}
}

// write sends the answer.
func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	for _, p := range a.header {
		h.Set(p[0], p[1])
	}
	if a.body != nil && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // what fails here is the connection
}

// data is a list as most of Close's lists are.
func data(list []crm.Object, more bool) answer {
	b := []byte(`{"data":[`)
	for i, o := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, o.JSON()...)
	}
	b = append(b, `],"has_more":`...)
	b = strconv.AppendBool(b, more)
	return ok(append(b, '}'))
}
