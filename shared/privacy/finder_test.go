package privacy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/job"
	"leadline/shared/privacy"
	"leadline/shared/record"
)

func TestFinderEmails(t *testing.T) {
	f := privacy.NewFinder("org_a", job.PersonParams{Emails: []string{" Joe.Doe@X.com "}})
	for text, want := range map[string]bool{
		"joe.doe@x.com":                       true,
		" JOE.DOE@X.COM\n":                    true,
		"Joe Doe <joe.doe@x.com>":             true,
		"mailto:joe.doe@x.com?subject=Hi":     true,
		"Write to joe.doe@x.com.":             true,
		"ann@x.com, joe.doe@x.com; bob@x.com": true,
		"'joe.doe@x.com'":                     true,
		"„joe.doe@x.com“":                     true,
		`{"to":"joe.doe@x.com"}`:              true, // JSON within a text
		"https://y.com/?e=joe.doe@x.com&n=1":  true,
		"https://y.com/?e=joe.doe%40x.com&n":  true,
		"(joe.doe@x.com)":                     true,

		"ajoe.doe@x.com":        false,
		"a.joe.doe@x.com":       false,
		"o'joe.doe@x.com":       false,
		"x+joe.doe@x.com":       false,
		"joe.doe+news@x.com":    false,
		"éjoe.doe@x.com":        false,
		"joe.doe@x.com.br":      false,
		"joe.doe@x.community":   false,
		"joe.doe@sub.x.com":     false,
		"joe.doe@x.com-archive": false,
		"joe.doe at x.com":      false,
		"oe.doe@x.com":          false,
		"joe.doe@":              false,
		"@x.com":                false,
		"":                      false,
		"@":                     false,
	} {
		if got := f.Text([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
		quoted, _ := json.Marshal(map[string]any{"a": []any{1, map[string]string{"b": text}}})
		if got := f.JSON(quoted); got != want {
			t.Errorf("%s as JSON: %t", quoted, got)
		}
	}
}

func TestFinderPhones(t *testing.T) {
	f := privacy.NewFinder("org_a", job.PersonParams{Phones: []string{"+49 (0)151 234-56789", "555 123 4567", "+298 123456"}})
	for text, want := range map[string]bool{
		"+4915123456789":                     true,
		"4915123456789":                      true,
		"+49 151 23456789":                   true,
		"+49 (0) 151 / 234 567-89":           true,
		"0049 151 23456789":                  true,
		"0049 (0)151 23456789":               true,
		"tel:+49-151-23456789":               true,
		"+49\u00a0151\u00a023456789":         true,
		" (555) 123-4567 ":                   true,
		"555.123.4567":                       true,
		"5551234567":                         true,
		"+298 123456":                        true,
		"00298123456":                        true,
		"call +49 151 23456789, please":      true,
		"Joe (+49 151 23456789) called":      true,
		"<tel:+4915123456789>":               true,
		"+49 151 1111111 or +49 15123456789": true,

		"0151 23456789":           false, // Liverpool has such numbers, too
		"15123456789":             false,
		"+1 4915123456789":        false,
		"+4915123456789 12":       false,
		"+49151234567890":         false,
		"+49151234567":            false,
		"298123456":               false, // might be a count
		"298-123-456":             false,
		"my +49 151 23456789 x12": false, // somebody else behind the same number
		"+49 151 23456789 ext. 7": false,
		"x+4915123456789@y.com":   false,
		"+4915123456789abc":       false,
		"id 4915123456789":        false, // within a text, only with a +
		"call 5551234567":         false,
		"2026-11-22":              false,
		"":                        false,
		"+":                       false,
		"()":                      false,
	} {
		if got := f.Text([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	for raw, want := range map[string]bool{
		`{"phone":4915123456789}`:         true,
		`[4915123456789]`:                 true,
		`4915123456789`:                   true,
		`{"4915123456789":1}`:             true, // a name is a text
		`{"phone":-4915123456789}`:        false,
		`{"phone":4915123456789.0}`:       false,
		`{"phone":4915123456789e1}`:       false,
		`{"phone":1.4915123456789}`:       false,
		`{"at":5551234567}`:               false, // a point in time looks like this
		`{"phone":"\u002b4915123456789"}`: true,
	} {
		if got := f.JSON([]byte(raw)); got != want {
			t.Errorf("%s: %t", raw, got)
		}
	}
}

func TestFinderTakesNoDateForAPhone(t *testing.T) {
	f := privacy.NewFinder("org_a", job.PersonParams{Phones: []string{"20261122", "1763805600"}})
	for _, raw := range []string{`"2026-11-22"`, `"22.11.2026"`, `20261122`, `"20261122"`, `1763805600`} {
		if f.JSON([]byte(raw)) {
			t.Errorf("%s is taken for a phone number", raw)
		}
	}
}

func TestFinderReadsWhatIsNoJSON(t *testing.T) {
	f := privacy.NewFinder("org_a", job.PersonParams{Emails: []string{"joe@x.com"}})
	for raw, want := range map[string]bool{
		`{"a":"joe@x.com`:           true, // cut off
		`{"joe\u0040x.com":[]}`:     true,
		`{"a":"joe\u0040x.com"}`:    true,
		`{"a":"\"joe@x.com\""}`:     true,
		`{"a":"joe@x.co"}`:          false,
		"\xff\xfe joe@x.com \xff":   true,
		`{"a":"j\u006fe@x.com\\n"}`: true,
	} {
		if got := f.JSON([]byte(raw)); got != want {
			t.Errorf("%s: %t", raw, got)
		}
	}
}

func TestFinderRecords(t *testing.T) {
	f := privacy.NewFinder("org_a", job.PersonParams{Records: []job.RecordRef{{Connection: "c", Object: "o", ID: "1"}}})
	key := record.Key{Organization: "org_a", Connection: "c", Object: "o", ID: "1"}
	if !f.Named(key) {
		t.Error("the record that was named is not found")
	}
	key.Organization = "org_b"
	if f.Named(key) || f.JSON([]byte(`["1"]`)) {
		t.Error("something else is found")
	}
}

// TestFinderNeverTakesAPartOfAnAddress puts letters around an address: it is another one then.
func TestFinderNeverTakesAPartOfAnAddress(t *testing.T) {
	f := privacy.NewFinder("org_a", job.PersonParams{Emails: []string{"joe@x.com"}, Phones: []string{"+4915123456789"}})
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.StringMatching(`[a-z0-9._+é-]{0,5}`)
		before, behind := around.Draw(t, "before"), rapid.StringMatching(`[a-z0-9]{0,5}`).Draw(t, "behind")
		text := before + "joe@x.com" + behind
		if got, want := f.Text([]byte(text)), before+behind == ""; got != want {
			t.Fatalf("%q: %t", text, got)
		}
		digits := rapid.StringMatching(`[0-9]{0,4}`)
		more, less := digits.Draw(t, "more"), digits.Draw(t, "less")
		phone := "+" + less + "4915123456789" + more
		if got, want := f.Text([]byte(phone)), strings.Trim(less, "")+more == ""; got != want {
			t.Fatalf("%q: %t", phone, got)
		}
	})
}

// TestFinderSurvives looks at anything.
func TestFinderSurvives(t *testing.T) {
	f := privacy.NewFinder("org_a", job.PersonParams{Emails: []string{"joe@x.com"}, Phones: []string{"+4915123456789"}})
	rapid.Check(t, func(t *rapid.T) {
		f.JSON(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		f.JSON([]byte(rapid.StringMatching(`["{}\[\]:,0-9eE.+@%4a()x \\-]*`).Draw(t, "text")))
	})
}
