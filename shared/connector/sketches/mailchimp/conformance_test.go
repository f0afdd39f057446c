package mailchimp

import (
	"bytes"
	"net/http"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"leadline/shared/connector"
	"leadline/shared/connector/conformance"
	"leadline/shared/fault"
)

func TestConformance(t *testing.T) {
	source := fstest.MapFS{}
	for _, name := range []string{"mailchimp", "webhook"} {
		text, err := os.ReadFile(name + "_test.go")
		if err != nil {
			t.Fatal(err)
		}
		source[name+".go"] = &fstest.MapFile{Data: text}
	}
	for name, inclusive := range map[string]bool{"with its bounds": true, "without its bounds": false} {
		t.Run("a window "+name, func(t *testing.T) {
			conformance.Run(t, Definition(), conformance.Options{Samples: os.DirFS("testdata"), Server: newServer(inclusive), Folder: "mailchimp", Source: source})
		})
	}
}

// TestABareRefusalIsTooMany: at very high volume 403 comes without JSON.
func TestABareRefusalIsTooMany(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       connector.Outcome
	}{
		{"text/html", "<html>Forbidden</html>", connector.Throttled},
		{"", "", connector.Throttled},
		{"application/problem+json; charset=utf-8", `{"title":"User Role","detail":"No."}`, connector.Denied},
	} {
		if got := judge(connector.Answer{Status: http.StatusForbidden, Header: http.Header{"Content-Type": {c.kind}}, Body: []byte(c.body)}); got.Outcome != c.want {
			t.Errorf("%q: got %+v", c.body, got)
		}
	}
}

// TestSignature uses a value computed once with openssl over "1741078800.type=profile".
func TestSignature(t *testing.T) {
	sig, body, at := Definition().Webhook.Signature, []byte("type=profile"), time.Unix(1_741_078_800, 0)
	key, err := sig.Key("s3cret")
	if err != nil {
		t.Fatal(err)
	}
	const known = "t=1741078800,v1=10da91819a60f21b201aa28ce25eeb97ae471d16a47bc8369a3430c63b97d3d5"
	h := http.Header{"X-Mailchimp-Signature": {known}}
	if err := sig.Verify(h, body, [][]byte{key}, at, time.Minute); err != nil {
		t.Error(err)
	}
	if got := sig.Sign(body, key, at).Get("X-Mailchimp-Signature"); got != known {
		t.Errorf("got %s", got)
	}
	for _, broken := range []string{"", "t=1741078800", "v1=" + known[len("t=1741078800,v1="):], known + "," + known, known + ",v1=00"} {
		if err := sig.Verify(http.Header{"X-Mailchimp-Signature": {broken}}, body, [][]byte{key}, at, time.Minute); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: got %v", broken, err)
		}
	}
	if err := sig.Verify(h, bytes.ToUpper(body), [][]byte{key}, at, time.Minute); err == nil {
		t.Error("another body is accepted")
	}
}
