package syncing_test

import (
	"reflect"
	"testing"

	"leadline/shared/connector"
	"leadline/shared/syncing"
)

func TestMessages(t *testing.T) {
	of := func(kind syncing.MessageKind) syncing.Message {
		return syncing.Message{V: syncing.Format, Kind: kind, Organization: "org_1", Connection: "conn_1"}
	}
	goOn, due, read, watch := of(syncing.GoOn), of(syncing.Due), of(syncing.Read), of(syncing.Watch)
	goOn.Run, goOn.Object = "run_1", "deal"
	due.Sync, due.At = "sync_1", noon.Add(1)
	read.Refs, read.Entries, read.Try = []connector.Ref{{Object: "deal", ID: "1"}, {Parent: "2"}}, []syncing.EntryRef{{Object: "deal", ID: "1", Entry: "01E"}}, 3
	watch.Run = "run_1"
	for _, m := range []syncing.Message{goOn, due, read, watch, of(syncing.Tend), of(syncing.Resume)} {
		sent := m
		sent.V = 0 // Encode says which
		text, err := sent.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := syncing.Decode(text); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: %+v, %v", m.Kind, got, err)
		}
	}
	for name, text := range map[string]string{
		"no JSON":              `{`,
		"nothing":              `{}`,
		"another format":       `{"v":2,"kind":"tend","organization":"o","connection":"c"}`,
		"no format":            `{"kind":"tend","organization":"o","connection":"c"}`,
		"nobody's":             `{"v":1,"kind":"tend","connection":"c"}`,
		"of no connection":     `{"v":1,"kind":"tend","organization":"o"}`,
		"another kind":         `{"v":1,"kind":"dance","organization":"o","connection":"c"}`,
		"a stream of no run":   `{"v":1,"kind":"stream","organization":"o","connection":"c","object":"deal"}`,
		"a run without object": `{"v":1,"kind":"stream","organization":"o","connection":"c","run":"run_1"}`,
		"no sync":              `{"v":1,"kind":"sync","organization":"o","connection":"c","at":"2026-11-22T12:00:00Z"}`,
		"a sync at no time":    `{"v":1,"kind":"sync","organization":"o","connection":"c","sync":"sync_1"}`,
		"nothing to read":      `{"v":1,"kind":"read","organization":"o","connection":"c","refs":[]}`,
		"nothing to watch":     `{"v":1,"kind":"watch","organization":"o","connection":"c"}`,
	} {
		if m, err := syncing.Decode([]byte(text)); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
