package close_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"leadline/shared/connectors/close"
	"leadline/shared/fault"
	"leadline/shared/record"
)

func FuzzParse(f *testing.F) {
	samples, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, name := range samples {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(bodyOf(f, removal("lead", "lead_1"))))
	for _, body := range []string{"", "null", "[]", `{"event":null}`, `{"event":{"object_type":"note","action":"deleted","object_id":"a","date_updated":"2025-03-03T09:00:00"}}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		first, err := parse(string(body))
		if again, errAgain := parse(string(body)); !reflect.DeepEqual(first, again) || !reflect.DeepEqual(err, errAgain) {
			t.Fatalf("two outcomes of one body: %+v, %v and %+v, %v", first, err, again, errAgain)
		}
		if err != nil {
			if !fault.Is(err, fault.Invalid) || len(first) > 0 {
				t.Fatalf("got %+v, %v", first, err)
			}
			return
		}
		if len(first) == 0 || len(first) > 2 {
			t.Fatalf("%d changes", len(first))
		}
		for _, c := range first {
			if c.Object == "" || c.ID == "" || c.ID == c.MergedInto || len(c.Object) > record.MaxObjectBytes || len(c.ID) > record.MaxIDBytes || c.Version.Micros < 0 {
				t.Fatalf("no change that can be stored: %+v", c)
			}
			if canonical, err := record.ParseFields(c.Fields.Canonical()); err != nil || !bytes.Equal(canonical.Canonical(), c.Fields.Canonical()) {
				t.Fatalf("fields are not canonical: %s, %v", c.Fields.Canonical(), err)
			}
		}
	})
}

func BenchmarkParseOpportunity(b *testing.B) {
	body, err := os.ReadFile("testdata/webhooks/opportunity-updated.json")
	if err != nil {
		b.Fatal(err)
	}
	definition := close.Definition()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := definition.Webhook.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
