package keeper_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadline/shared/nudge"
	"leadline/shared/nudge/keeper"
	"leadline/shared/program"
	"leadline/shared/settlement"
)

func expect(t *testing.T, w *world, want ...string) {
	t.Helper()
	if got := w.log(); !slices.Equal(got, want) {
		t.Fatalf("told:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestNearATier is told by all channels, once, however often the standing moves.
func TestNearATier(t *testing.T) {
	w := newWorld(t)
	w.with(nil)
	w.publish(program.Commission)
	w.stands(ada, "2026-11", 8)
	w.tell(moved(ada, "team:North", "mem_nobody"))
	w.tell(moved(ada))
	expect(t, w, "ada near_tier sent")
	if len(w.mails) != 1 || len(w.posts) != 1 || len(w.inbox(ada)) != 1 {
		t.Fatalf("%d mails, %d posts, %d in the inbox", len(w.mails), len(w.posts), len(w.inbox(ada)))
	}
	l := w.mails[0]
	want := "Only 2 deals to the next tier of New deals in Q4 {Accelerator}: it begins at 10, and you are at 8. 2026-11 has 13 days left."
	if l.To != ada+"@example.com" || l.Subject != "2 deals to the next tier of Q4 {Accelerator}" || !strings.Contains(l.Text, want) ||
		!strings.Contains(l.HTML, "Acme &amp; &lt;Sons&gt;") || strings.Contains(l.HTML, "<Sons>") || l.Headers[0].Name != "X-Leadline-Nudge" {
		t.Errorf("%+v", l)
	}
	if body := string(w.posts[0].Body); !strings.Contains(body, `Ada: only 2 deals`) || !strings.Contains(body, `"verbatim":true`) || strings.Contains(body, "5ecret") {
		t.Errorf("Slack was sent %s", body)
	}
	for _, p := range w.inbox(ada)[0].Posts {
		if p.State != nudge.PostSent || p.Problem != "" {
			t.Errorf("%+v", p)
		}
	}
	w.stands(ada, "2026-11", 10)
	w.tell(moved(ada))
	expect(t, w, "ada near_tier sent")
}

// TestDefaultsSendNothing but to the inbox, until an admin switches channels on.
func TestDefaultsSendNothing(t *testing.T) {
	w := newWorld(t)
	w.publish(program.Commission)
	w.stands(ada, "2026-11", 9)
	w.tell(moved(ada))
	expect(t, w, "ada near_tier sent")
	if len(w.mails)+len(w.posts) != 0 || len(w.inbox(ada)) != 1 {
		t.Errorf("%d mails, %d posts, %d in the inbox", len(w.mails), len(w.posts), len(w.inbox(ada)))
	}
}

// TestOvertaken names who went past only to those who may see it.
func TestOvertaken(t *testing.T) {
	for kind, want := range map[program.Kind]string{program.Contest: "Bob <b> went past you in", program.Commission: "somebody went past you in"} {
		w := newWorld(t)
		w.with(func(s *nudge.Setup) { s.Rules[0].Off = true })
		w.publish(kind)
		w.stands(ada, "2026-11", 3)
		w.stands(bob, "2026-11", 2)
		w.stands(cid, "2026-11", 1)
		w.tell(moved(ada, bob, cid))
		w.run(w.now.Add(2 * time.Minute))
		expect(t, w)
		w.stands(bob, "2026-11", 4)
		w.tell(moved(bob))
		w.run(w.now.Add(2 * time.Minute))
		expect(t, w, "ada overtaken sent")
		n := w.inbox(ada)[0]
		if text := n.By(nudge.Email).Text; !strings.HasPrefix(text, want) || !strings.Contains(text, "you were number 1 and are number 2 of 3") {
			t.Errorf("%s: %q", kind, text)
		}
		for _, l := range w.mails {
			if strings.Contains(l.HTML, "<b>") {
				t.Errorf("%s: %s", kind, l.HTML)
			}
		}
	}
}

// TestQuietHoursHold what is so in the morning still, and forget what is not.
func TestQuietHoursHold(t *testing.T) {
	for still, want := range map[bool][]string{true: {"ada near_tier held quiet_hours", "ada near_tier sent"}, false: {"ada near_tier held quiet_hours"}} {
		w := newWorld(t)
		w.with(nil)
		w.publish(program.Commission)
		w.now = time.Date(2026, 11, 18, 21, 0, 0, 0, time.UTC)
		w.stands(ada, "2026-11", 9)
		w.credited(ada, "2026-11-17")
		w.tell(moved(ada))
		if len(w.mails)+len(w.inbox(ada)) != 0 {
			t.Fatal("it was told by night")
		}
		if !still {
			w.stands(ada, "2026-11", 10)
		}
		w.run(time.Date(2026, 11, 19, 7, 0, 0, 0, time.UTC))
		expect(t, w, want...)
	}
}

// TestTheLook finds what nobody's standing moved for: goals that were missed, people who logged nothing; and orders the next one.
func TestTheLook(t *testing.T) {
	w := newWorld(t)
	w.with(func(s *nudge.Setup) { s.Quiet = nudge.Quiet{} })
	w.publish(program.Commission)
	w.now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, who := range []string{ada, bob} {
		w.stands(who, "2026-11", 15)
		w.stands(who, "2026-12", 0)
	}
	w.credited(bob, "2026-11-30")
	w.credited(ada, "2026-11-24")
	w.tell(keeper.Message{Of: keeper.Look, Organization: organization, At: w.now})
	expect(t, w, "ada nothing_logged sent")
	w.run(time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)) // two more looks
	got := w.log()[1:]
	slices.Sort(got)
	if !slices.Equal(got, []string{"ada goal_missed sent", "bob goal_missed sent"}) {
		t.Fatalf("told %q", got)
	}
	if len(w.due) != 1 || w.due[0].At.Format("2006-01-02 15:04") != "2026-12-04 08:00" {
		t.Errorf("due: %+v", w.due)
	}
}

// TestSettled tells that a period is locked, and that it is paid, to those who have a statement in it.
func TestSettled(t *testing.T) {
	w := newWorld(t)
	w.with(nil)
	w.publish(program.Commission)
	at := programID + "2026-10"
	tell := func(state settlement.State, who ...string) {
		w.settled[at] = settlement.Settlement{Program: programID, State: state, Currency: "EUR", Revision: 1}
		w.tell(keeper.Message{Of: keeper.Settled, Organization: organization, Program: programID, Period: "2026-10", Participants: who})
	}
	w.given[at+ada] = settlement.Statement{Participant: ada, Revision: 1, Credited: 123450}
	tell(settlement.Approved, ada)
	expect(t, w)
	tell(settlement.Locked, ada, bob)
	tell(settlement.Locked)
	expect(t, w, "ada statement_ready sent")
	tell(settlement.Paid)
	expect(t, w, "ada statement_ready sent", "ada paid sent")
	if text := w.inbox(ada)[1].By(nudge.Inbox).Text; !strings.Contains(text, "1234.50 EUR") {
		t.Errorf("%q", text)
	}
	if len(w.posts) != 0 {
		t.Error("Slack was told of somebody's pay")
	}
}

// TestOnceWhateverHappens: eight workers at once, each of whose steps may fail before or after it is done, and posters of whom the
// same is true, tell each cause once, and send it by each channel at most once.
func TestOnceWhateverHappens(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 3))
			w := newWorld(t)
			w.with(nil)
			w.publish(program.Commission)
			for _, who := range []string{ada, bob, cid} {
				w.stands(who, "2026-11", 9)
			}
			steps := 0
			w.chaos = func(string) (bool, bool) {
				steps++
				return random.IntN(2) == 0, steps < 300 && random.IntN(4) == 0
			}
			var all sync.WaitGroup
			for range 8 {
				body, err := moved(ada, bob, cid).Encode()
				w.must(err)
				k := w.keeper()
				all.Go(func() {
					for range 500 {
						if k.Process(t.Context(), [][]byte{body})[0] == nil {
							return
						}
					}
					t.Error("a message is never done with")
				})
			}
			all.Wait()
			w.send()
			got := w.log()
			slices.Sort(got)
			if !slices.Equal(got, []string{"ada near_tier sent", "bob near_tier sent", "cid near_tier sent"}) {
				t.Fatalf("told %q", got)
			}
			sent := map[string]int{}
			for _, l := range w.mails {
				sent[l.To]++
			}
			for _, p := range w.posts {
				sent["slack "+p.ID]++
			}
			for to, times := range sent {
				if times > 1 {
					t.Errorf("%s was sent %d", to, times)
				}
			}
			for _, who := range []string{ada, bob, cid} {
				for _, p := range w.inbox(who)[0].Posts {
					if !p.State.Final() || p.State == nudge.PostSent && p.Channel == nudge.Email && sent[who+"@example.com"] != 1 {
						t.Errorf("%s: %+v", who, p)
					}
				}
			}
		})
	}
}

// TestMessagesOfOthers are told apart from ours.
func TestMessagesOfOthers(t *testing.T) {
	w := newWorld(t)
	for body, ours := range map[string]bool{`{"of":"moved","organization":"o"}`: true, `{"of":"points","organization":"o"}`: false, `{`: false, `{"of":"moved"}`: true} {
		if keeper.Takes([]byte(body)) != ours {
			t.Errorf("%s: ours %v", body, !ours)
		}
		if err := w.keeper().Process(t.Context(), [][]byte{[]byte(body)})[0]; (err == nil) != (body == `{"of":"moved","organization":"o"}`) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
