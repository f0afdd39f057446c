package storetest

import (
	"slices"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/ratelimit"
)

func limitTests() []test {
	return []test{
		{"a missing clock is not found", func(t *testing.T, s Stores) {
			_, err := s.Limits.Clock(ctx(t), clock("a", 1, "").Key)
			is(t, err, fault.NotFound, "")
		}},
		{"a clock is kept whole", func(t *testing.T, s Stores) {
			for n, state := range []string{"a", "", `{"v":1,"text":"ü#%"}` + "\xff\x00"} {
				saves(t, s, clock("a", int64(n+1), state))
			}
		}},
		{"a clock goes by its rev", func(t *testing.T, s Stores) {
			refusesClock(t, s, clock("a", 2, "nothing stands"), ratelimit.Clock{Key: clock("a", 0, "").Key})
			first, second := clock("a", 1, "first"), clock("a", 2, "second")
			saves(t, s, first)
			refusesClock(t, s, clock("a", 1, "again"), first)
			refusesClock(t, s, clock("a", 3, "too new"), first)
			saves(t, s, second)
			refusesClock(t, s, clock("a", 2, "too late"), second)
			refusesClock(t, s, clock("a", 1, "far too late"), second)
		}},
		{"what stands is nobody's to change", func(t *testing.T, s Stores) {
			c := clock("a", 1, "state")
			saves(t, s, c)
			c.State[0] = 'X'
			if stands, err := s.Limits.SaveClock(ctx(t), c); err != nil || stands == nil || len(stands.State) == 0 {
				t.Fatalf("%v, %v stands", err, stands)
			} else {
				stands.State[0] = 'X'
			}
			got, err := s.Limits.Clock(ctx(t), c.Key)
			ok(t, err)
			same(t, got, clock("a", 1, "state"))
		}},
		{"groups, connections and organizations have clocks of their own", func(t *testing.T, s Stores) {
			var keys []ratelimit.Key
			for _, a := range []string{"org_a", "org_a#conn"} {
				for _, b := range []string{"conn", "conn#"} {
					for _, c := range hostile() {
						if k := (ratelimit.Key{Organization: a, Connection: b, Group: c}); !slices.Contains(keys, k) {
							keys = append(keys, k)
						}
					}
				}
			}
			for n, k := range keys {
				c := clock("", 1, string(rune('0'+n)))
				c.Key = k
				saves(t, s, c)
			}
			for n, k := range keys {
				got, err := s.Limits.Clock(ctx(t), k)
				ok(t, err)
				same(t, string(got.State), string(rune('0'+n)))
			}
		}},
		{"one of concurrent saves wins, and the others are told what stands", func(t *testing.T, s Stores) {
			saves(t, s, clock("a", 1, "first"))
			stands := make([]*ratelimit.Clock, writers)
			for _, err := range atOnce(t, func(n int) (err error) {
				stands[n], err = s.Limits.SaveClock(ctx(t), clock("a", 2, string(rune('a'+n))))
				return err
			}) {
				ok(t, err)
			}
			winner := slices.Index(stands, nil)
			if winner < 0 {
				t.Fatal("nobody won")
			}
			for n, c := range stands {
				if n != winner {
					same(t, c, new(clock("a", 2, string(rune('a'+winner)))))
				}
			}
		}},
	}
}

func clock(group string, rev int64, state string) ratelimit.Clock {
	return ratelimit.Clock{Key: ratelimit.Key{Organization: "org_a", Connection: "conn_a", Group: group}, Rev: rev, State: []byte(state),
		Forget: base().Add(30 * 24 * time.Hour).Truncate(time.Second)}
}

func saves(t *testing.T, s Stores, c ratelimit.Clock) {
	t.Helper()
	stands, err := s.Limits.SaveClock(ctx(t), c)
	ok(t, err)
	if stands != nil {
		t.Fatalf("rev %d is refused for rev %d", c.Rev, stands.Rev)
	}
	got, err := s.Limits.Clock(ctx(t), c.Key)
	ok(t, err)
	same(t, got, c)
}

func refusesClock(t *testing.T, s Stores, c, want ratelimit.Clock) {
	t.Helper()
	stands, err := s.Limits.SaveClock(ctx(t), c)
	ok(t, err)
	same(t, stands, &want)
}
