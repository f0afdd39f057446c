package nudge

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadline/shared/fault"
)

// Wording is how a rule says what it tells, in one language, by one channel or, with an empty one, by all that have none of their own.
type Wording struct {
	Rule     string  `json:"rule"`
	Language string  `json:"language"`
	Channel  Channel `json:"channel,omitempty"`
	// Subject heads it in an e-mail and in the inbox; Slack shows the text alone. Both hold placeholders in braces: {name}. A
	// brace itself is written twice.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	Rev     int64  `json:"rev,omitempty"`
}

// The bounds of a wording, in bytes, and of what a value puts into it.
const (
	MaxSubject = 200
	MaxText    = 2000
	maxValue   = 300
)

// CodeWording is the code of wordings that cannot be.
const CodeWording = "invalid_wording"

// Placeholders lists what a wording of a kind may hold.
func Placeholders(k Kind) []string {
	all := []string{"name", "mention", "organization"}
	if k != NothingLogged {
		all = append(all, "program", "period", "days_left")
	}
	switch k {
	case NearTier:
		all = append(all, "component", "left", "tier", "reached")
	case Overtaken:
		all = append(all, "rank", "was", "ranked", "by")
	case QuotaReached, GoalMissed:
		all = append(all, "component", "attainment", "missing", "quota", "reached")
	case PrizeWon:
		all = append(all, "prizes", "rank")
	case NothingLogged:
		all = append(all, "days")
	case StatementReady, Paid:
		all = append(all, "amount")
	}
	return all
}

// Check refuses a wording that cannot be said for a kind, with the place of what is wrong.
func (w Wording) Check(k Kind) error {
	if !regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$`).MatchString(w.Language) {
		return fault.New(fault.Invalid, "invalid_language", "%q is no language: write its tag, such as en, de or pt-BR.", cut(w.Language, 20))
	}
	if w.Channel != "" && !slices.Contains(Channels(), w.Channel) {
		return fault.New(fault.Invalid, "invalid_channel", "The channel is inbox, email or slack.")
	}
	if strings.TrimSpace(w.Text) == "" || len(w.Text) > MaxText {
		return fault.New(fault.Invalid, CodeWording, "The text must say something, in at most %d bytes.", MaxText)
	}
	if w.Channel != Slack && strings.TrimSpace(w.Subject) == "" || len(w.Subject) > MaxSubject || strings.ContainsAny(w.Subject, "\r\n") {
		return fault.New(fault.Invalid, CodeWording, "The subject must say something, on one line and in at most %d bytes. For Slack it may be left out.", MaxSubject)
	}
	for _, part := range []struct{ name, text string }{{"subject", w.Subject}, {"text", w.Text}} {
		pieces, err := parse(part.name, part.text)
		if err != nil {
			return err
		}
		for _, p := range pieces {
			if p.placeholder && !slices.Contains(Placeholders(k), p.text) {
				return fault.New(fault.Invalid, CodeWording, "There is no placeholder {%s} here, at character %d of the %s. A wording of the kind %s may hold {%s}.", cut(p.text, 40), p.at,
					part.name, k, strings.Join(Placeholders(k), "}, {"))
			}
		}
	}
	return nil
}

// piece is a part of a wording: text, or the name of a placeholder, which begins at a character, counted from 1.
type piece struct {
	text        string
	placeholder bool
	at          int
}

// parse cuts a text at its placeholders.
func parse(name, text string) ([]piece, error) {
	var pieces []piece
	var plain strings.Builder
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case (r == '{' || r == '}') && i+1 < len(runes) && runes[i+1] == r:
			plain.WriteRune(r)
			i++
		case r == '}':
			return nil, fault.New(fault.Invalid, CodeWording, "A brace closes at character %d of the %s that was not opened. Write }} for a brace itself.", i+1, name)
		case r == '{':
			end := slices.Index(runes[i:], '}')
			if end < 0 {
				return nil, fault.New(fault.Invalid, CodeWording, "The brace at character %d of the %s is not closed. Write {{ for a brace itself.", i+1, name)
			}
			pieces = append(pieces, piece{text: plain.String()}, piece{string(runes[i+1 : i+end]), true, i + 1})
			plain.Reset()
			i += end
		default:
			plain.WriteRune(r)
		}
	}
	return append(pieces, piece{text: plain.String()}), nil
}

// Says is a wording with its placeholders filled in.
type Says struct{ Subject, Text string }

// Say fills in a wording for a channel. What a value holds is text, whatever it looks like: it is put in once, bounded, without
// control characters, and escaped where the channel would take it for more. mention is how Slack names the person, empty for the name.
func (w Wording) Say(c Channel, values map[string]string, mention string) (Says, error) {
	fill := func(name, text string) (string, error) {
		pieces, err := parse(name, text)
		if err != nil {
			return "", err
		}
		var b strings.Builder
		for _, p := range pieces {
			switch {
			case !p.placeholder && c == Slack:
				b.WriteString(slackText(p.text))
			case !p.placeholder:
				b.WriteString(p.text)
			case c == Slack && p.text == "mention" && mention != "":
				b.WriteString(mention)
			case p.text == "mention":
				b.WriteString(escaped(c, values["name"]))
			default:
				b.WriteString(escaped(c, values[p.text]))
			}
		}
		return b.String(), nil
	}
	subject, err := fill("subject", w.Subject)
	if err != nil {
		return Says{}, err
	}
	text, err := fill("text", w.Text)
	return Says{Subject: oneLine(subject), Text: strings.TrimSpace(text)}, err
}

// escaped makes a value fit to stand in a text of a channel. HTML is escaped where it is made, by package mail.
func escaped(c Channel, value string) string {
	value = cut(oneLine(value), maxValue)
	if c != Slack {
		return value
	}
	var b strings.Builder
	for _, r := range slackText(value) {
		if strings.ContainsRune("*_~`", r) { // these would format: an invisible character before them keeps them as they are
			b.WriteRune('\u2060')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// slackText escapes what Slack reads as the beginning of a link, a mention or an entity: no text of ours calls a whole channel.
//
// https://docs.slack.dev/messaging/formatting-message-text#escaping
func slackText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// Mention names somebody for Slack; empty for what is no id of a user.
func Mention(user string) string {
	if !SlackUser(user) {
		return ""
	}
	return "<@" + user + ">"
}

// SlackUser tells whether a text has the form of a user's id at Slack.
func SlackUser(id string) bool { return regexp.MustCompile(`^[UW][A-Z0-9]{4,20}$`).MatchString(id) }

// Plain gives a name as text that no spreadsheet takes for a formula when somebody copies it there: with an apostrophe before
// what begins as one.
func Plain(name string) string {
	name = oneLine(name)
	if name != "" && strings.ContainsRune("=+-@", rune(name[0])) {
		return "'" + name
	}
	return name
}

// oneLine gives a text as one line, without control characters and those that turn the direction of text.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, text)), " ")
}

// cut shortens a text to so many bytes, between two characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len("...")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// WordingFor gives the wording that counts: the organization's own before ours, of the channel before that of all, in the
// person's language, then in that language without its region, then in the organization's, then in English.
func (s Setup) WordingFor(r Rule, language string, c Channel) Wording {
	for _, tag := range []string{language, base(language), s.Language, base(s.Language), "en"} {
		if tag == "" {
			continue
		}
		for _, channel := range []Channel{c, ""} {
			for _, w := range s.Wordings {
				if w.Rule == r.ID && strings.EqualFold(w.Language, tag) && w.Channel == channel {
					return w
				}
			}
		}
		if w, ok := ours(r, tag, c); ok {
			return w
		}
	}
	w, _ := ours(r, "en", c)
	return w
}
