package mailchimp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"leadline/shared/connector"
	"leadline/shared/fault"
	"leadline/shared/quarantine"
	"leadline/shared/record"
)

// event is what a webhook says.
type event struct {
	kind, list, email, old string
	deleted                bool
	at                     time.Time
}

func read(body []byte) (event, error) {
	refuse := func(reason quarantine.Reason, message string) (event, error) {
		return event{}, fault.New(fault.Invalid, string(reason), "%s", message)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !utf8.Valid(body) {
		return refuse(quarantine.MalformedBody, "The body is no form.")
	}
	e := event{kind: form.Get("type"), list: form.Get("data[list_id]"), email: form.Get("data[email]"), deleted: form.Get("data[action]") == "delete"}
	if e.kind == "upemail" {
		e.email, e.old = form.Get("data[new_email]"), form.Get("data[old_email]")
	}
	at, err := time.Parse(time.DateTime, form.Get("fired_at"))
	switch {
	case e.kind == "":
		return refuse(quarantine.MissingAction, "type is missing.")
	case e.kind == "campaign":
		return e, nil
	case e.list == "" || e.email == "":
		return refuse(quarantine.MissingID, "data[list_id] or the e-mail address is missing.")
	case len(e.list) > 64 || strings.Contains(e.list, "/"):
		return refuse(quarantine.InvalidID, "data[list_id] is none.")
	case err != nil || at.Unix() <= 0:
		return refuse(quarantine.MissingVersion, "fired_at is no time since 1970.")
	}
	e.at = at
	return e, nil
}

func (e event) id(email string) string { return e.list + "/" + hash(email) }

// gone gives the id that is no member's any more: an address that was deleted, or changed.
func (e event) gone() (id, into string) {
	switch {
	case e.kind == "unsubscribe" && e.deleted:
		return e.id(e.email), ""
	case e.kind == "upemail" && e.old != "" && e.id(e.old) != e.id(e.email):
		return e.id(e.old), e.id(e.email)
	}
	return "", ""
}

// parse: an event does not hold the member. It is read again, unless it is gone.
func parse(body []byte) ([]record.Change, error) {
	e, err := read(body)
	if err != nil {
		return nil, err
	}
	id, into := e.gone()
	if id == "" {
		return nil, nil
	}
	return []record.Change{{Object: member, ID: id, Kind: record.Delete, Version: record.VersionAt(e.at, revision), MergedInto: into, Action: e.kind}}, nil
}

func touched(body []byte) []connector.Ref {
	e, err := read(body)
	if err != nil || e.kind == "campaign" || e.kind == "unsubscribe" && e.deleted {
		return nil
	}
	return []connector.Ref{{Object: member, ID: e.id(e.email)}}
}

// hook is a webhook of one audience.
type hook struct {
	ID     string          `json:"id"`
	List   string          `json:"list_id"`
	URL    string          `json:"url"`
	Events map[string]bool `json:"events"`
	Secret string          `json:"signing_secret"`
}

func wanted() map[string]bool {
	return map[string]bool{"subscribe": true, "unsubscribe": true, "profile": true, "cleaned": true, "upemail": true, "campaign": false}
}

func settings(to string) map[string]any {
	return map[string]any{"url": to, "events": wanted(), "sources": map[string]bool{"user": true, "admin": true, "api": true}}
}

func hooksPath(list string) string { return "/lists/" + url.PathEscape(list) + "/webhooks" }

func makeHook(ctx context.Context, c connector.Client, list, to string) (hook, error) {
	var h hook
	_, err := ask(ctx, c, http.MethodPost, hooksPath(list), nil, settings(to), &h)
	if err == nil && h.ID == "" {
		err = unreadable("the id of a webhook")
	}
	return h, err
}

// create makes a webhook in every audience. All together are one subscription, named by that of the first audience: the
// others are found by its URL. Where Mailchimp signs, each has a secret of its own, which a connection with one key cannot
// hold: the URL, which nobody else knows, is the proof then, too.
func create(ctx context.Context, c connector.Client, to string) (connector.Subscribed, error) {
	lists, _, err := ids(ctx, c)
	if err != nil {
		return connector.Subscribed{}, err
	}
	var s connector.Subscribed
	for _, list := range lists {
		h, err := makeHook(ctx, c, list, to)
		if err != nil {
			return connector.Subscribed{}, err
		}
		if s.ID == "" {
			s.ID = list + "/" + h.ID
		}
	}
	if s.ID == "" {
		return s, fault.New(fault.Invalid, "no_audience", "The account has no audience that a webhook could belong to.")
	}
	return s, nil
}

// hooks reads the webhooks of all audiences that post to a URL, and the audiences.
func hooks(ctx context.Context, c connector.Client, to string) (all []hook, lists []string, err error) {
	lists, _, err = ids(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range lists {
		var l list
		if _, err := ask(ctx, c, http.MethodGet, hooksPath(id), nil, nil, &l); err != nil {
			return nil, nil, err
		}
		if l.Hooks == nil {
			return nil, nil, unreadable("webhooks")
		}
		for _, h := range l.Hooks {
			if h.URL == to {
				h.List = id
				all = append(all, h)
			}
		}
	}
	return all, lists, nil
}

func find(ctx context.Context, c connector.Client, to string) ([]connector.SubscriptionState, error) {
	all, lists, err := hooks(ctx, c, to)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return []connector.SubscriptionState{state(all[0].List+"/"+all[0].ID, all, lists)}, nil
}

// state: an audience that is new has no webhook yet.
func state(id string, all []hook, lists []string) connector.SubscriptionState {
	covered := map[string]bool{}
	for _, h := range all {
		whole := true
		for name, want := range wanted() {
			whole = whole && (!want || h.Events[name])
		}
		covered[h.List] = covered[h.List] || whole
	}
	s := connector.SubscriptionState{ID: id, Active: true}
	for _, list := range lists {
		s.Incomplete = s.Incomplete || !covered[list]
	}
	return s
}

// anchor reads the webhook that names the subscription.
func anchor(ctx context.Context, c connector.Client, id string) (hook, error) {
	list, name, ok := strings.Cut(id, "/")
	if !ok || list == "" || name == "" {
		return hook{}, fault.New(fault.NotFound, "not_found", "There is no such subscription.")
	}
	var h hook
	_, err := ask(ctx, c, http.MethodGet, hooksPath(list)+"/"+url.PathEscape(name), nil, nil, &h)
	if err == nil && h.URL == "" {
		err = unreadable("the URL of a webhook")
	}
	return h, err
}

func check(ctx context.Context, c connector.Client, id string) (connector.SubscriptionState, error) {
	h, err := anchor(ctx, c, id)
	if err != nil {
		return connector.SubscriptionState{}, err
	}
	all, lists, err := hooks(ctx, c, h.URL)
	if err != nil {
		return connector.SubscriptionState{}, err
	}
	return state(id, all, lists), nil
}

func mend(ctx context.Context, c connector.Client, id, to string) error {
	h, err := anchor(ctx, c, id)
	if err != nil {
		return err
	}
	all, lists, err := hooks(ctx, c, h.URL)
	if err != nil {
		return err
	}
	has := map[string]bool{}
	for _, h := range all {
		has[h.List] = true
		if _, err := ask(ctx, c, http.MethodPatch, hooksPath(h.List)+"/"+url.PathEscape(h.ID), nil, settings(to), nil); err != nil {
			return err
		}
	}
	for _, list := range lists {
		if !has[list] {
			if _, err := makeHook(ctx, c, list, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove deletes the anchor last, so that a deletion that failed half-way can be repeated.
func remove(ctx context.Context, c connector.Client, id string) error {
	h, err := anchor(ctx, c, id)
	if err != nil {
		return err
	}
	all, _, err := hooks(ctx, c, h.URL)
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.List+"/"+h.ID == id {
			continue
		}
		if _, err := ask(ctx, c, http.MethodDelete, hooksPath(h.List)+"/"+url.PathEscape(h.ID), nil, nil, nil); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	list, name, _ := strings.Cut(id, "/")
	_, err = ask(ctx, c, http.MethodDelete, hooksPath(list)+"/"+url.PathEscape(name), nil, nil, nil)
	return err
}
