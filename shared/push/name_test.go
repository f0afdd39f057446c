package push_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"leadline/shared/push"
)

func macOf(key string) func([]byte) []byte {
	return func(data []byte) []byte {
		h := hmac.New(sha256.New, []byte(key))
		h.Write(data)
		return h.Sum(nil)
	}
}

const batchULID = "01JNZ1QG00ABCDEFGHJKMNPQRS"

func TestBatchNames(t *testing.T) {
	mac := macOf("one")
	name := push.PublicID(mac, batchULID)
	if !regexp.MustCompile(`^bat_[0-9a-z]{34}$`).MatchString(name) || !strings.Contains(name, strings.ToLower(batchULID)) {
		t.Errorf("got %s", name)
	}
	if id, keyed, ok := push.ReadID(mac, name); id != batchULID || keyed != nil || !ok {
		t.Errorf("got %s, %v, %t", id, keyed, ok)
	}
	claim, own := push.KeyedID(mac, "cli_1", "monday", "sum")
	id, keyed, ok := push.ReadID(mac, own)
	if id != "" || !ok || keyed == nil || keyed.Claim != claim || !regexp.MustCompile(`^bat_k[0-9a-z]{33}$`).MatchString(own) {
		t.Fatalf("%s: got %s, %v, %t", own, id, keyed, ok)
	}
	if !keyed.Brings(mac, "sum") || keyed.Brings(mac, "other") {
		t.Error("the name does not tell what the batch brings")
	}
	if reused, name := push.KeyedID(mac, "cli_1", "monday", "other"); reused != claim || name == own {
		t.Errorf("other rows under the same key: claim %s, name %s", reused, name)
	}
	if _, again := push.KeyedID(mac, "cli_1", "monday", "sum"); again != own {
		t.Error("one key gives two names")
	}
	for _, other := range [][2]string{{"cli_1", "tuesday"}, {"cli_2", "monday"}, {"cli_1\nmonday", ""}} {
		if _, name := push.KeyedID(mac, other[0], other[1], "sum"); name == own {
			t.Errorf("%q gives the same name", other)
		}
	}
	if _, theirs := push.KeyedID(macOf("two"), "cli_1", "monday", "sum"); theirs == own {
		t.Error("another organization gets the same name")
	}
}

func TestMadeUpBatchNamesAreRefused(t *testing.T) {
	mac := macOf("one")
	_, keyed := push.KeyedID(mac, "cli_1", "monday", "sum")
	for _, name := range []string{push.PublicID(mac, batchULID), keyed} {
		wrong := []string{"", "bat_", name[4:], name + "0", name[:37], strings.ToUpper(name), "bat_" + strings.ToUpper(name[4:]), " " + name,
			push.PublicID(macOf("two"), batchULID), push.PublicID(mac, "u"+strings.Repeat("0", 25)), push.PublicID(mac, "8"+strings.Repeat("0", 25))}
		for i := range name {
			other := byte('0')
			if name[i] == other {
				other = '1'
			}
			wrong = append(wrong, name[:i]+string(other)+name[i+1:])
		}
		for _, w := range wrong {
			if inner, _, ok := push.ReadID(mac, w); ok || inner != "" {
				t.Errorf("%q is read as %q", w, inner)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if inner, _, ok := push.ReadID(mac, rapid.String().Draw(t, "name")); ok || inner != "" {
			t.Fatalf("read as %q", inner)
		}
	})
}
