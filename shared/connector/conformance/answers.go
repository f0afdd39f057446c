package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// checkAnswers puts something else in the place of answers to each door: what is no answer at all, and parts of the true
// one. Neither is ever a panic, nor an answer with less in it.
func (s *suite) checkAnswers() {
	p := s.options.Server()
	for _, d := range s.doors() {
		w := s.visit(d, p)
		n, _ := s.enter(w, d)
		for _, at := range few(positions(w.requests), 5) {
			at++
			for i, body := range []string{"", "null", "7", "{}", `"` + markerText + `"`, "<html>" + markerText, `{"data":null,"result":null}`} {
				s.answered(s.visit(d, p), d, fmt.Sprintf("%s with body %d as answer %d", d.name, i, at), at, n, func([]byte) []byte { return []byte(body) })
			}
			for _, part := range []int{2, 3} {
				s.answered(s.visit(d, p), d, fmt.Sprintf("%s with a part of answer %d", d.name, at), at, n, func(whole []byte) []byte { return whole[:len(whole)*(part-1)/part] })
			}
		}
	}
}

func (s *suite) enter(w *world, d door) (yield int, err error) {
	err = s.guarded(Answers, d.name, func() (err error) {
		yield, err = d.call(background(), w)
		return err
	})
	return yield, err
}

func (s *suite) answered(w *world, d door, what string, at, usual int, change func(whole []byte) []byte) {
	w.after = func(n int, _ connector.Request, a connector.Answer) connector.Answer {
		if n == at && a.Status/100 == 2 {
			a.Body = change(a.Body)
			a.Header = a.Header.Clone()
			a.Header.Del("Content-Length")
		}
		return a
	}
	yield, err := s.enter(w, d)
	switch {
	case err == nil && yield < usual:
		s.fail(Answers, "%s is taken for nothing: %d of %d came without an error", what, yield, usual)
	case err != nil && fault.Of(err) == nil:
		s.fail(Answers, "%s gives an error that is no fault: %T", what, err)
	case err != nil && fault.Of(err).Kind == fault.Internal:
		s.fail(Answers, "%s gives a fault that nobody foresaw: %v", what, err)
	}
}

// checkSecrecy marks all that answers hold, and looks for the marks and for the secret in what is said of them.
func (s *suite) checkSecrecy() {
	p := s.options.Server()
	for _, d := range s.doors() {
		w := s.visit(d, p)
		_, _ = s.enter(w, d)
		for _, at := range few(positions(w.requests), 5) {
			at++
			for _, how := range []func([]byte) []byte{
				func(b []byte) []byte { return remarked(b, false) },
				func(b []byte) []byte { return remarked(b, true) },
				func([]byte) []byte { return []byte(markerText) },
				func(b []byte) []byte { b = remarked(b, true); return b[:len(b)*2/3] },
			} {
				s.keepsSecret(s.visit(d, p), d, at, how)
			}
		}
	}
}

func remarked(body []byte, keepTimes bool) []byte {
	tree, err := decode(body)
	if err != nil {
		return []byte(strings.Repeat(markerText+",", 1+len(body)/8))
	}
	return encode(marked(tree, keepTimes))
}

func (s *suite) keepsSecret(w *world, d door, at int, how func([]byte) []byte) {
	w.after = func(n int, _ connector.Request, a connector.Answer) connector.Answer {
		if n == at {
			a.Body = how(a.Body)
		}
		return a
	}
	_, secret := w.login()
	_, err := s.enter(w, d)
	if err == nil || connector.Refusal(err) != nil && connector.Refusal(err).Status != http.StatusOK {
		return // what the provider says in so many words is repeated by Judge
	}
	if text := err.Error(); strings.Contains(text, markerText) || strings.Contains(text, markerNumber) || strings.Contains(text, secret) {
		s.fail(Secrecy, "%s shows in a fault what it was answered: %v", d.name, err)
	}
}
