package nudge_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/nudge"
)

// TestEveryKindIsWorded in every language, by every channel, with placeholders that there are, all of which stand for something.
func TestEveryKindIsWorded(t *testing.T) {
	setup := nudge.Default("org_1")
	for _, r := range setup.Rules {
		for _, language := range nudge.Languages() {
			seen := map[string]bool{}
			for _, c := range nudge.Channels() {
				w := setup.WordingFor(r, language, c)
				if err := w.Check(r.Kind); err != nil || w.Language != language {
					t.Errorf("%s, %s, %s: %+v, %v", r.ID, language, c, w, err)
				}
				says, err := w.Say(c, nudge.Samples(r.Kind, language), nudge.Mention("U012AB3CD"))
				if err != nil || strings.ContainsAny(says.Subject+says.Text, "{}") || strings.Contains(says.Text, "  ") {
					t.Errorf("%s, %s, %s says %+v, %v", r.ID, language, c, says, err)
				}
				if c == nudge.Slack && (!strings.Contains(says.Text, "<@U012AB3CD>") || strings.Contains(says.Text, "EUR")) {
					t.Errorf("%s, %s: Slack is told %q", r.ID, language, says.Text)
				}
				seen[says.Text] = true
			}
			if len(seen) != 2 {
				t.Errorf("%s, %s: %d texts", r.ID, language, len(seen))
			}
		}
	}
}

// TestWordingsThatCannotBe are refused with the place of what is wrong.
func TestWordingsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		w    nudge.Wording
		want string
	}{
		{nudge.Wording{Language: "en", Subject: "x", Text: "Dear {name}, {lefft} to go"}, "There is no placeholder {lefft} here, at character 14 of the text."},
		{nudge.Wording{Language: "en", Subject: "{prizes}", Text: "x"}, "{prizes} here, at character 1 of the subject"},
		{nudge.Wording{Language: "en", Subject: "x", Text: "ä {name"}, "The brace at character 3 of the text is not closed"},
		{nudge.Wording{Language: "en", Subject: "x", Text: "a } b"}, "A brace closes at character 3 of the text"},
		{nudge.Wording{Language: "en", Subject: "x", Text: "{na{me}"}, "no placeholder {na{me}"},
		{nudge.Wording{Language: "en", Subject: "x", Text: " "}, "The text must say something"},
		{nudge.Wording{Language: "en", Subject: "", Text: "x"}, "The subject must say something"},
		{nudge.Wording{Language: "en", Subject: "a\nb", Text: "x"}, "on one line"},
		{nudge.Wording{Language: "en", Subject: strings.Repeat("x", 201), Text: "x"}, "at most 200 bytes"},
		{nudge.Wording{Language: "en", Subject: "x", Text: strings.Repeat("x", 2001)}, "at most 2000 bytes"},
		{nudge.Wording{Language: "English", Subject: "x", Text: "x"}, "is no language"},
		{nudge.Wording{Language: "en", Channel: "fax", Subject: "x", Text: "x"}, "The channel is inbox, email or slack."},
	} {
		err := c.w.Check(nudge.NearTier)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Of(err).Message, c.want) {
			t.Errorf("%q: %v", c.w.Text, err)
		}
	}
	for _, w := range []nudge.Wording{
		{Language: "pt-BR", Subject: "{{x}}", Text: "{left} {{not a placeholder}} {name}"}, {Language: "en", Channel: nudge.Slack, Text: "{mention} {left}"},
	} {
		if err := w.Check(nudge.NearTier); err != nil {
			t.Errorf("%q: %v", w.Text, err)
		}
	}
}

// TestFallback: of several wordings the nearest counts.
func TestFallback(t *testing.T) {
	word := func(language string, c nudge.Channel, text string) nudge.Wording {
		return nudge.Wording{Rule: "near_tier", Language: language, Channel: c, Subject: "x", Text: text}
	}
	r := rule(t, "near_tier", nil)
	mine := rule(t, "near_tier", func(r *nudge.Rule) { r.ID = "mine" })
	setup := nudge.Setup{Language: "fr", Wordings: []nudge.Wording{word("de", "", "de"), word("de", nudge.Slack, "de slack"), word("fr", "", "fr"), word("de-AT", nudge.Email, "at")}}
	for _, c := range []struct {
		r        nudge.Rule
		language string
		channel  nudge.Channel
		want     string
	}{
		{r, "de", nudge.Email, "de"}, {r, "de", nudge.Slack, "de slack"}, {r, "de-AT", nudge.Email, "at"}, {r, "DE-at", nudge.Inbox, "de"},
		{r, "hi", nudge.Email, "fr"}, {r, "", nudge.Email, "fr"}, {r, "es", nudge.Email, "Solo {left}"}, {mine, "hi", nudge.Email, "Only {left}"}, {mine, "de-CH", nudge.Email, "Nur noch {left}"},
	} {
		if got := setup.WordingFor(c.r, c.language, c.channel).Text; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s in %q by %s: %q, want %q", c.r.ID, c.language, c.channel, got, c.want)
		}
	}
}

// TestValuesAreText: whatever a value holds, it is put in once, as text, and in Slack it neither formats nor links nor mentions.
func TestValuesAreText(t *testing.T) {
	hostile := "<!channel> {left} *b* _i_ ~s~ `c` &amp; \u202egpj\x00\x1b[2J\r\nBcc: x"
	w := nudge.Wording{Language: "en", Subject: "{name}", Text: "{name}: {left} & <b>"}
	says, err := w.Say(nudge.Email, map[string]string{"name": hostile, "left": "2"}, "")
	if err != nil || strings.ContainsAny(says.Subject, "\r\n\x00\x1b\u202e") || !strings.HasSuffix(says.Text, ": 2 & <b>") || !strings.Contains(says.Text, "{left}") {
		t.Errorf("%+v, %v", says, err)
	}
	slack, err := w.Say(nudge.Slack, map[string]string{"name": hostile, "left": "2"}, nudge.Mention("U012AB3CD"))
	if err != nil || strings.ContainsAny(slack.Text, "<>") || !strings.Contains(slack.Text, "&lt;!channel&gt;") || !strings.HasSuffix(slack.Text, ": 2 &amp; &lt;b&gt;") {
		t.Errorf("%+v, %v", slack, err)
	}
	if found := regexp.MustCompile("(^|[^\u2060])[*_~`]").FindString(slack.Text); found != "" {
		t.Errorf("%q formats in %q", found, slack.Text)
	}
	for name, want := range map[string]string{"=HYPERLINK(1)": "'=HYPERLINK(1)", "+49": "'+49", "@x": "'@x", "-1": "'-1", "Ada": "Ada", "\t=1": "'=1", "": ""} {
		if got := nudge.Plain(name); got != want {
			t.Errorf("%q became %q", name, got)
		}
	}
	for user, want := range map[string]string{"U012AB3CD": "<@U012AB3CD>", "W012AB3CD": "<@W012AB3CD>", "!channel": "", "U1>": "", "here": "", "": ""} {
		if got := nudge.Mention(user); got != want {
			t.Errorf("%q is mentioned as %q", user, got)
		}
	}
}

// TestWhatIsTakenCanBeSaid: no wording that was checked fails when it is said, nor holds what would end a line of a header.
func TestWhatIsTakenCanBeSaid(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-z ]|\{name\}|\{left\}|\{\{|\}\}){0,40}`))
	rapid.Check(t, func(r *rapid.T) {
		w := nudge.Wording{Language: "en", Subject: texts.Draw(r, "subject"), Text: texts.Draw(r, "text")}
		if w.Check(nudge.NearTier) != nil {
			return
		}
		for _, c := range nudge.Channels() {
			says, err := w.Say(c, map[string]string{"name": texts.Draw(r, "name"), "left": "2"}, "")
			if err != nil || strings.ContainsAny(says.Subject, "\r\n\x00") {
				r.Fatalf("%+v by %s: %+v, %v", w, c, says, err)
			}
		}
	})
}

// TestSetupsThatCannotBe are refused, and the default one is not.
func TestSetupsThatCannotBe(t *testing.T) {
	d := nudge.Default("org_1")
	if err := d.Check(); err != nil {
		t.Error(err)
	}
	for _, r := range d.Rules {
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
	for name, change := range map[string]func(*nudge.Rule){
		"id": func(r *nudge.Rule) { r.ID = "Near" }, "kind": func(r *nudge.Rule) { r.Kind = "x" }, "channel": func(r *nudge.Rule) { r.Channels = []nudge.Channel{"fax"} },
		"none": func(r *nudge.Rule) { r.Channels = nil }, "twice": func(r *nudge.Rule) { r.Channels = []nudge.Channel{nudge.Email, nudge.Email} },
		"deals": func(r *nudge.Rule) { r.Deals = -1 }, "days": func(r *nudge.Rule) { r.Days = 61 }, "cap": func(r *nudge.Rule) { r.Cap = nudge.Cap{Hours: 2} },
		"share": func(r *nudge.Rule) { r.Share = ref("0") }, "idle": func(r *nudge.Rule) { r.Kind, r.Days = nudge.NothingLogged, 0 }, "top": func(r *nudge.Rule) { r.Top = -1 },
	} {
		if err := rule(t, "near_tier", change).Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*nudge.Setup){
		"zone": func(s *nudge.Setup) { s.Zone = "Mars" }, "language": func(s *nudge.Setup) { s.Language = "1" }, "day": func(s *nudge.Setup) { s.PerDay = -1 },
		"slack": func(s *nudge.Setup) { s.Channels = nudge.Channels() }, "channel": func(s *nudge.Setup) { s.Channels = []nudge.Channel{"fax"} }, "quiet": func(s *nudge.Setup) { s.Quiet.From = "x" },
	} {
		s := nudge.Default("org_1")
		change(&s)
		if err := s.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, p := range map[string]nudge.Preference{"zone": {Zone: "Mars"}, "language": {Language: "?"}, "slack": {SlackUser: "!here"}, "mute": {Mutes: []nudge.Mute{{}}},
		"channel": {Mutes: []nudge.Mute{{Channel: "fax"}}}, "mutes": {Mutes: make([]nudge.Mute, 101)}, "quiet": {Quiet: &nudge.Quiet{From: "1"}}} {
		if err := p.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
