package pattern_test

import (
	"strings"
	"testing"

	"leadline/infra/local/eventsource/pattern"
)

func TestMatch(t *testing.T) {
	const record = `{"eventName":"INSERT","size":26,"big":9007199254740993,"none":null,"empty":"","yes":true,"tags":["a","b"],
		"dynamodb":{"Keys":{"pk":{"S":"org_abc#r"},"sk":{"N":"5"}},"NewImage":{"price":{"N":"12.5"}}}}`
	for name, tc := range map[string]struct {
		patterns []string
		want     bool
	}{
		"no pattern":                       {nil, true},
		"equal":                            {[]string{`{"eventName":["INSERT"]}`}, true},
		"one of":                           {[]string{`{"eventName":["MODIFY","INSERT"]}`}, true},
		"none of":                          {[]string{`{"eventName":["MODIFY","REMOVE"]}`}, false},
		"equal is exact":                   {[]string{`{"eventName":["insert"]}`}, false},
		"ignore case":                      {[]string{`{"eventName":[{"equals-ignore-case":"insert"}]}`}, true},
		"and":                              {[]string{`{"eventName":["INSERT"],"yes":[true]}`}, true},
		"and, one fails":                   {[]string{`{"eventName":["INSERT"],"yes":[false]}`}, false},
		"or of patterns":                   {[]string{`{"eventName":["REMOVE"]}`, `{"size":[26]}`}, true},
		"or of patterns, none":             {[]string{`{"eventName":["REMOVE"]}`, `{"size":[27]}`}, false},
		"$or":                              {[]string{`{"$or":[{"eventName":["REMOVE"]},{"size":[26]}]}`}, true},
		"$or, none":                        {[]string{`{"$or":[{"eventName":["REMOVE"]},{"size":[27]}]}`}, false},
		"$or and more":                     {[]string{`{"yes":[false],"$or":[{"size":[26]}]}`}, false},
		"deep prefix":                      {[]string{`{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"org_"}]}}}}`}, true},
		"deep prefix, other":               {[]string{`{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"hook_"}]}}}}`}, false},
		"suffix":                           {[]string{`{"dynamodb":{"Keys":{"pk":{"S":[{"suffix":"#r"}]}}}}`}, true},
		"prefix of what is no text":        {[]string{`{"size":[{"prefix":"2"}]}`}, false},
		"anything but":                     {[]string{`{"eventName":[{"anything-but":["REMOVE","MODIFY"]}]}`}, true},
		"anything but, hit":                {[]string{`{"eventName":[{"anything-but":"INSERT"}]}`}, false},
		"anything but a prefix":            {[]string{`{"eventName":[{"anything-but":{"prefix":"IN"}}]}`}, false},
		"anything but, absent":             {[]string{`{"nowhere":[{"anything-but":"x"}]}`}, false},
		"number":                           {[]string{`{"size":[26.0]}`}, true},
		"number keeps its digits":          {[]string{`{"big":[9007199254740992]}`}, false},
		"number is no text":                {[]string{`{"size":["26"]}`}, false},
		"numeric equal":                    {[]string{`{"size":[{"numeric":["=",26]}]}`}, true},
		"numeric range":                    {[]string{`{"size":[{"numeric":[">",25,"<=",26]}]}`}, true},
		"numeric range, outside":           {[]string{`{"size":[{"numeric":[">",26,"<",30]}]}`}, false},
		"numeric of a DynamoDB number":     {[]string{`{"dynamodb":{"NewImage":{"price":{"N":[{"numeric":[">",1]}]}}}}`}, false}, // it is a text there
		"exists":                           {[]string{`{"eventName":[{"exists":true}]}`}, true},
		"exists, absent":                   {[]string{`{"nowhere":[{"exists":true}]}`}, false},
		"exists only for leaves":           {[]string{`{"dynamodb":[{"exists":true}]}`}, false},
		"does not exist":                   {[]string{`{"nowhere":[{"exists":false}]}`}, true},
		"does not exist, there":            {[]string{`{"eventName":[{"exists":false}]}`}, false},
		"does not exist, deep":             {[]string{`{"dynamodb":{"OldImage":{"x":{"S":[{"exists":false}]}}}}`}, true},
		"null":                             {[]string{`{"none":[null]}`}, true},
		"null is not absent":               {[]string{`{"nowhere":[null]}`}, false},
		"empty text":                       {[]string{`{"empty":[""]}`}, true},
		"element of a list":                {[]string{`{"tags":["b"]}`}, true},
		"no element of a list":             {[]string{`{"tags":["c"]}`}, false},
		"deep where the event has a value": {[]string{`{"eventName":{"x":["y"]}}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := pattern.Parse(tc.patterns...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Match([]byte(record))
			if err != nil || got != tc.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                                      "EOF",
		`[]`:                                    "no object",
		`{}`:                                    "empty",
		`{"a":"b"}`:                             "a: ",
		`{"a":[]}`:                              "empty",
		`{"a":[{"wildcard":"x*"}]}`:             "wildcard",
		`{"a":{"b":[{"cidr":"10.0.0.0/8"}]}}`:   "a: b: cidr",
		`{"a":[{"prefix":1}]}`:                  "prefix",
		`{"a":[{"exists":"yes"}]}`:              "exists",
		`{"a":[{"numeric":["!",1]}]}`:           "numeric",
		`{"a":[{"numeric":[">"]}]}`:             "numeric",
		`{"a":[{"prefix":"x","suffix":"y"}]}`:   "no condition",
		`{"a":[{"anything-but":{"cidr":"x"}}]}`: "cidr",
		`{"$or":["x"]}`:                         "$or",
		`{"$or":[]}`:                            "$or",
	} {
		if _, err := pattern.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to name %q", text, err, want)
		}
	}
}

func TestMatchOfBrokenEvent(t *testing.T) {
	f, err := pattern.Parse(`{"a":["b"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Match([]byte(`{`)); err == nil {
		t.Error("no error")
	}
}
