package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"leadline/shared/connector"
	"leadline/shared/record"
)

// only checks that the suite finds breaches of one rule and of no other.
func only(t *testing.T, rule string, found []Violation) {
	t.Helper()
	var rules []string
	for _, v := range found {
		rules = append(rules, v.Rule)
	}
	if rules = slices.Compact(slices.Sorted(slices.Values(rules))); !slices.Equal(rules, []string{rule}) {
		t.Errorf("want breaches of %q alone, got %v:", rule, rules)
		for _, v := range found {
			t.Log(v.Rule, v.Detail)
		}
	}
}

// bugs are the ways to break the toy's code, by the rule that must find each.
func bugs() map[string][]string {
	return map[string][]string{
		Requests:     {"a path with an empty part", "a header of the client's own", "a context of its own"},
		Probe:        {"an account without a name", "permissions in any order", "missing without words", "all logins are alike"},
		Describe:     {"types of its own", "fields by other names", "fields twice", "described otherwise each time", "described without end"},
		People:       {"people without roles", "a team twice", "somebody is left out", "somebody comes twice"},
		Page:         {"no body", "no time", "another object", "another revision"},
		Bounds:       {"a cursor without measure", "the same cursor for ever", "waits for ids", "asks for each part by itself", "all ids at once"},
		Complete:     {"the first page is all", "ties are lost", "dated by us"},
		Scope:        {"all changes, whenever", "any scope will do", "more than was asked for"},
		Resume:       {"a cursor that one process knows", "any cursor will do"},
		Moving:       {"pages by number"},
		Refused:      {"one bad row ends all", "refused in silence", "refused without a reason"},
		Count:        {"counts a page", "a total of its own", "unknown without words"},
		IDs:          {"what is missing is not told", "what is missing ends all"},
		Children:     {"children of anybody", "children of the first"},
		Content:      {"more fields by id", "children are parts"},
		Log:          {"the log dates by the entry", "deletions are not told", "the log tells of parts", "the log has one page"},
		Subscription: {"a key that is none", "subscriptions to anywhere are found", "a pause is not noticed", "what is gone is paused", "nothing is mended"},
		Obedience:    {"tries again", "goes on after a limit", "forgets what went wrong"},
		Answers:      {"panics without an object", "nothing is empty"},
		Secrecy:      {"shows the answer", "a refusal that quotes"},
	}
}

// TestEachRuleCatchesItsConnectors breaks the toy's code in one way each.
func TestEachRuleCatchesItsConnectors(t *testing.T) {
	bugs := bugs()
	for _, rule := range keys(bugs) {
		for _, bug := range bugs[rule] {
			t.Run(rule+"/"+bug, func(t *testing.T) {
				o := toyOptions()
				o.Fresh = func() connector.Definition { return toyWith(bug) }
				only(t, rule, Check(toyWith(bug), o))
			})
		}
	}
}

// TestBrokenPartsAreCaught breaks what the toy's definition says, and the functions that make no requests.
func TestBrokenPartsAreCaught(t *testing.T) {
	judge := func(f func(connector.Answer) connector.Verdict) func(d *connector.Definition) {
		return func(d *connector.Definition) { d.API.Judge = f }
	}
	login := func(f func(l *connector.Login)) func(d *connector.Definition) {
		return func(d *connector.Definition) { f(&d.API.Logins[0]) }
	}
	for _, c := range []struct {
		rule, name string
		spoil      func(d *connector.Definition)
	}{
		{Definition, "nothing at all", func(d *connector.Definition) {
			*d = connector.Definition{Name: d.Name, Title: d.Title, DocsURL: d.DocsURL}
		}},
		{Definition, "a pull without an API", func(d *connector.Definition) { d.API = nil }},
		{Definition, "subscriptions without a webhook", func(d *connector.Definition) { d.Webhook = nil }},
		{Definition, "no probe", func(d *connector.Definition) { d.API.Probe = nil }},
		{Definition, "no page", func(d *connector.Definition) { d.Pull.Page = nil }},
		{Definition, "a log that keeps nothing", func(d *connector.Definition) { d.Log.Keeps = 0 }},
		{Definition, "subscriptions that cannot be found", func(d *connector.Definition) { d.Subscription.Find = nil }},

		{API, "a plain base URL", func(d *connector.Definition) { d.API.BaseURL = "http://api.toy.example.com/v1" }},
		{API, "a slash at its end", func(d *connector.Definition) { d.API.BaseURL += "/" }},
		{API, "no address", func(d *connector.Definition) { d.API.BaseURL, d.API.Hosts = "", nil }},
		{API, "everybody's host", func(d *connector.Definition) { d.API.Hosts = []string{".com"} }},
		{API, "a URL for a host", func(d *connector.Definition) { d.API.Hosts = []string{"https://toy.example.com"} }},
		{API, "a host in capitals", func(d *connector.Definition) { d.API.Downloads = []string{"Files.example.com"} }},
		{API, "no login", func(d *connector.Definition) { d.API.Logins = nil }},
		{API, "a login twice", func(d *connector.Definition) { d.API.Logins = append(d.API.Logins, d.API.Logins[0]) }},
		{API, "an unknown login", login(func(l *connector.Login) { l.Kind = "password" })},
		{API, "OAuth 2 without URLs", login(func(l *connector.Login) { l.Kind = connector.OAuth2 })},
		{API, "client credentials of a person", login(func(l *connector.Login) {
			l.Kind, l.TokenURL, l.AuthorizeURL = connector.ClientCredentials, "/token", "/authorize"
		})},
		{API, "a key with scopes", login(func(l *connector.Login) { l.Scopes = []string{"all"} })},
		{API, "no limits", func(d *connector.Definition) { d.API.Limits = nil }},
		{API, "a limit without a window", func(d *connector.Definition) { d.API.Limits[0].Window = 0 }},
		{API, "a limit of nothing", func(d *connector.Definition) { d.API.Limits = append(d.API.Limits, connector.Limit{Group: "GET"}) }},
		{API, "a limit twice", func(d *connector.Definition) { d.API.Limits = append(d.API.Limits, d.API.Limits[0]) }},
		{API, "a limit of a group that there is not", func(d *connector.Definition) { d.API.Group, d.API.Limits[0].Group = nil, "GET" }},
		{API, "groups that panic", func(d *connector.Definition) {
			d.API.Group = func(_, path string) string { return strings.Split(path, "/")[1] }
		}},

		{Authorization, "no secret", login(func(l *connector.Login) { l.Authorize = func(h http.Header, _ string) { h.Set("X-Toy-Key", "here") } })},
		{Authorization, "a secret twice", login(func(l *connector.Login) {
			l.Authorize = func(h http.Header, secret string) { h.Add("X-Toy-Key", secret) }
		})},
		{Authorization, "a secret for a name", login(func(l *connector.Login) {
			l.Authorize = func(h http.Header, secret string) { h.Set("X-Toy-Key", secret); h[secret] = []string{"1"} }
		})},
		{Authorization, "others' headers", login(func(l *connector.Login) {
			l.Authorize = func(h http.Header, secret string) { h.Set("X-Toy-Key", secret); h.Set("Accept", "*/*") }
		})},
		{Authorization, "all are keys", login(func(l *connector.Login) { l.Check = func(string) string { return "" } })},
		{Authorization, "a key in words", login(func(l *connector.Login) { l.Check = func(secret string) string { return secret + " is no key." } })},
		{Authorization, "another login than the server's", login(func(l *connector.Login) { l.Kind, l.TokenURL = connector.ClientCredentials, "/token" })},

		{Judgement, "panics", judge(func(a connector.Answer) connector.Verdict {
			_ = a.Body[0]
			return connector.StandardJudge(a)
		})},
		{Judgement, "all is well", judge(func(connector.Answer) connector.Verdict { return connector.Verdict{Outcome: connector.OK} })},
		{Judgement, "a word of its own", judge(func(a connector.Answer) connector.Verdict {
			if a.Status == http.StatusTeapot {
				return connector.Verdict{Outcome: "teapot"}
			}
			return connector.StandardJudge(a)
		})},
		{Judgement, "what failed will fail", judge(func(a connector.Answer) connector.Verdict {
			if a.Status == http.StatusServiceUnavailable {
				return connector.Verdict{Outcome: connector.Permanent}
			}
			return connector.StandardJudge(a)
		})},
		{Judgement, "too much is denied", judge(func(a connector.Answer) connector.Verdict {
			if a.Status == http.StatusTooManyRequests {
				return connector.Verdict{Outcome: connector.Denied}
			}
			return connector.StandardJudge(a)
		})},
		{Judgement, "a wrong key is a wrong request", judge(func(a connector.Answer) connector.Verdict {
			if a.Status == http.StatusUnauthorized {
				return connector.Verdict{Outcome: connector.Permanent}
			}
			return connector.StandardJudge(a)
		})},
		{Judgement, "waits for years", judge(func(a connector.Answer) connector.Verdict {
			v := connector.StandardJudge(a)
			if v.Outcome == connector.Throttled {
				v.Wait = 1 << 60
			}
			return v
		})},
		{Judgement, "nothing seen is nothing left", func(d *connector.Definition) {
			d.API.Seen = func(http.Header) connector.Quota { return connector.Quota{} }
		}},
		{Judgement, "sees less than nothing", func(d *connector.Definition) {
			d.API.Seen = func(h http.Header) connector.Quota {
				n := int64(-1)
				_, _ = fmt.Sscan(h.Get("X-RateLimit-Remaining"), &n)
				return connector.Quota{Limit: -1, Remaining: n - map[bool]int64{true: 1}[h.Get("X-RateLimit-Remaining") == "-1"]}
			}
		}},

		{Objects, "no objects", func(d *connector.Definition) { d.Pull.Objects = nil }},
		{Objects, "an object twice", func(d *connector.Definition) { d.Pull.Objects = append(d.Pull.Objects, d.Pull.Objects[0]) }},
		{Objects, "no title", func(d *connector.Definition) { d.Pull.Objects[1].Title = "" }},
		{Objects, "a name with a blank", func(d *connector.Definition) { d.Pull.Objects[1].Name = "the deal" }},
		{Objects, "never read whole", func(d *connector.Definition) { d.Pull.Objects[1].Scopes = d.Pull.Objects[1].Scopes[1:] }},
		{Objects, "a scope that there is not", func(d *connector.Definition) {
			d.Pull.Objects[1].Scopes = append(d.Pull.Objects[1].Scopes, "nearby")
		}},
		{Objects, "no sweep", func(d *connector.Definition) { d.Pull.Objects[2].Sweep = 0 }},
		{Objects, "a sweep of what changed", func(d *connector.Definition) { d.Pull.Objects[1].Sweep = time.Hour }},
		{Objects, "two revisions", func(d *connector.Definition) { d.Pull.Revision = 2 }},
		{Objects, "no revision", func(d *connector.Definition) { d.Pull.Revision, d.Webhook, d.Subscription = 0, nil, nil }},
	} {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			d := toy()
			c.spoil(&d)
			only(t, c.rule, Check(d, toyOptions()))
		})
	}
}

func TestBrokenWebhooksOfAPIsAreCaught(t *testing.T) {
	t.Run("posted otherwise", func(t *testing.T) {
		d := toy()
		d.Log = nil // it would tell otherwise, too
		d.Webhook.Parse = reparse(func(body []byte, changes []record.Change, err error) ([]record.Change, error) {
			for i := range changes {
				delete(changes[i].Fields, "created") // the samples have none
			}
			return changes, err
		})
		only(t, Content, Check(d, toyOptions()))
	})
	t.Run("touched panics", func(t *testing.T) {
		d := toy()
		d.Webhook.Touched = func(body []byte) []connector.Ref {
			var v map[string]any
			_ = json.Unmarshal(body, &v)
			_ = v["id"].(string)
			return nil
		}
		caught(t, Garbage, Check(d, toyOptions()))
	})
	t.Run("touched names what cannot be read", func(t *testing.T) {
		d := toy()
		d.Webhook.Touched = func([]byte) []connector.Ref { return []connector.Ref{{Object: "thing", ID: "1"}} }
		caught(t, Changes, Check(d, toyOptions()))
	})
}

func TestBrokenSourcesAreCaught(t *testing.T) {
	for name, text := range map[string]string{
		"reads the clock":         "import \"time\"\n\nfunc f() time.Time { return time.Now() }",
		"by another name":         "import clock \"time\"\n\nfunc f() time.Time { return clock.Now() }",
		"hands the clock on":      "import \"time\"\n\nvar now = time.Now",
		"sleeps":                  "import \"time\"\n\nfunc f() { time.Sleep(1) }",
		"logs":                    "import \"log/slog\"\n\nfunc f() { slog.Info(\"x\") }",
		"prints":                  "import \"fmt\"\n\nfunc f() { fmt.Println(1) }",
		"reads the environment":   "import \"os\"\n\nfunc f() string { return os.Getenv(\"X\") }",
		"starts a goroutine":      "func f() { go f() }",
		"makes requests":          "import \"net/http\"\n\nfunc f() { _, _ = http.Get(\"https://example.com\") }",
		"a context of its own":    "import \"context\"\n\nfunc f() context.Context { return context.Background() }",
		"draws lots":              "import \"math/rand/v2\"\n\nfunc f() int { return rand.Int() }",
		"does not compile at all": "func {",
	} {
		t.Run(name, func(t *testing.T) {
			o := toyOptions()
			o.Source = fstest.MapFS{"toy.go": {Data: []byte("package toy\n\n" + text + "\n")}}
			only(t, Source, Check(hooked(), o))
		})
	}
	t.Run("nothing", func(t *testing.T) {
		o := toyOptions()
		o.Source = fstest.MapFS{}
		only(t, Source, Check(hooked(), o))
	})
}

func TestAConnectorWithAnAPINeedsAServer(t *testing.T) {
	o := toyOptions()
	o.Server = nil
	only(t, API, Check(toy(), o))
}

// TestAServerThatCannotBeSpoiledIsCaught: a rule that checks nothing must not look as if it were kept.
func TestAServerThatCannotBeSpoiledIsCaught(t *testing.T) {
	o := toyOptions()
	o.Spoil = func(body []byte, _ string) []byte { return body }
	only(t, Refused, Check(toy(), o))
}

func TestAGoroutineOfAPageIsCaught(t *testing.T) {
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	d := toy()
	page := d.Pull.Page
	once := false
	d.Pull.Page = func(ctx context.Context, c connector.Client, r connector.PageRequest) (connector.Page, error) {
		if !once {
			once = true
			go func() { <-stop }()
		}
		return page(ctx, c, r)
	}
	only(t, Goroutines, Check(d, toyOptions()))
}

// TestEachRuleHasABrokenConnector keeps a rule from being added that nothing has shown to find anything.
func TestEachRuleHasABrokenConnector(t *testing.T) {
	shown := append(keys(bugs()), Definition, API, Authorization, Judgement, Objects, // TestBrokenPartsAreCaught
		Source, Goroutines, // tests of their own here
		Signature, Samples, Changes, Numbers, Garbage, Quoting, Determinism) // conformance_test.go and parse_test.go
	var names []string
	for _, r := range Rules() {
		if !slices.Contains(shown, r.Name) {
			t.Errorf("nothing shows that the rule %q finds anything", r.Name)
		}
		if slices.Contains(names, r.Name) || r.Says == "" || !strings.HasSuffix(r.Says, ".") || strings.Contains(r.Says, "|") {
			t.Errorf("the rule %+v is there twice, or says nothing in a sentence", r)
		}
		names = append(names, r.Name)
	}
}
