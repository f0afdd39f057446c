package incentive_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

func contest(text string) program.Standing {
	var s program.Standing
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		panic(err)
	}
	return s
}

// scored makes standings of "ann:100", with the day on which it was reached where there is one: "ann:100@5".
func scored(texts string) []incentive.Standing {
	var all []incentive.Standing
	for _, one := range strings.Fields(texts) {
		name, score, _ := strings.Cut(one, ":")
		score, day, reached := strings.Cut(score, "@")
		s := incentive.Standing{Unit: incentive.Unit{Participant: name, Period: "2026-01"}, Score: score}
		if reached {
			var n int
			fmt.Sscan(day, &n)
			s.Reached = time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC)
		}
		all = append(all, s)
	}
	return all
}

func rank(t testing.TB, s program.Standing, all []incentive.Standing) []incentive.Standing {
	t.Helper()
	ranked, err := incentive.Rank(s, all, 2)
	if err != nil {
		t.Fatal(err)
	}
	return ranked
}

// won writes ranks and prizes: "1 ann 15.00, 100p, trip".
func won(all []incentive.Standing) string {
	var texts []string
	for _, s := range all {
		text := fmt.Sprint(s.Rank, " ", s.Participant)
		for _, p := range s.Prizes {
			var parts []string
			if p.Amount != 0 {
				parts = append(parts, fmt.Sprintf("%d", p.Amount))
			}
			if p.Points != "" {
				parts = append(parts, p.Points+"p")
			}
			if p.Thing != "" {
				parts = append(parts, p.Thing)
			}
			if p.Milestone != "" {
				parts = append(parts, "at "+p.Milestone)
			}
			text += " " + strings.Join(parts, "+")
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

func TestRanks(t *testing.T) {
	const prizes = `"prizes":[{"from":1,"amount":"20"},{"from":2,"amount":"10"},{"from":3,"amount":"5"}]`
	tests := []struct{ name, contest, scores, want string }{
		{"nobody", `{` + prizes + `}`, "", ""},
		{"in order", `{` + prizes + `}`, "a:1 b:3 c:2 d:0", "1 b 2000, 2 c 1000, 3 a 500, 4 d"},
		{"the least first", `{"ascending":true,` + prizes + `}`, "a:1 b:3 c:2", "1 a 2000, 2 c 1000, 3 b 500"},
		{"by exact scores", `{` + prizes + `}`, "a:1/3 b:0.3333333333333333333333333 c:9 d:10", "1 d 2000, 2 c 1000, 3 a 500, 4 b"},
		{"below the least", `{"least":"2",` + prizes + `}`, "a:1 b:3 c:2 d:1.99", "1 b 2000, 2 c 1000, 0 a, 0 d"},
		{"the least first, with a least", `{"least":"2","ascending":true,` + prizes + `}`, "a:1 b:3 c:2", "1 c 2000, 2 b 1000, 0 a"},
		{"without a score", `{` + prizes + `}`, "b: a: c:-1", "1 c 2000, 0 a, 0 b"},
		{"two first, pooled", `{` + prizes + `}`, "a:3 b:3 c:2 d:1", "1 a 1500, 1 b 1500, 3 c 500, 4 d"},
		{"three first, pooled", `{"ties":"pooled",` + prizes + `}`, "c:3 b:3 a:3 d:1", "1 a 1167, 1 b 1167, 1 c 1166, 4 d"},
		{"two last, pooled with a rank without a prize", `{` + prizes + `}`, "a:3 b:2 c:1 d:1", "1 a 2000, 2 b 1000, 3 c 250, 3 d 250"},
		{"each", `{"ties":"each",` + prizes + `}`, "a:3 b:3 c:2 d:2", "1 a 2000, 1 b 2000, 3 c 500, 3 d 500"},
		{"dense", `{"ties":"dense",` + prizes + `}`, "a:3 b:3 c:2 d:2 e:1", "1 a 2000, 1 b 2000, 2 c 1000, 2 d 1000, 3 e 500"},
		{"first", `{"ties":"first",` + prizes + `}`, "a:3@5 b:3@4 c:2@9 d:2", "1 b 2000, 2 a 1000, 3 c 500, 4 d"},
		{"first, or nobody knows when", `{"ties":"first",` + prizes + `}`, "a:3 b:3@9 c:3 d:3@8", "1 d 2000, 2 b 1000, 3 a 500, 4 c"},
		{"first, at one moment", `{"ties":"first",` + prizes + `}`, "b:3@5 a:3@5 d:2 c:2", "1 a 2000, 2 b 1000, 3 c 500, 4 d"},
		{"to whom a prize goes", `{"prizes":[{"from":2,"to":3,"amount":"1"},{"from":3,"amount":"2"}]}`, "a:4 b:3 c:2 d:1", "1 a, 2 b 100, 3 c 300, 4 d"},
		{"points", `{"prizes":[{"from":1,"points":"100"},{"from":2,"points":"5"}]}`, "a:3 b:3", "1 a 52.5p, 1 b 52.5p"},
		{"points without an end", `{"prizes":[{"from":1,"points":"10"}]}`, "a:3 b:3 c:3", "1 a 3.34p, 1 b 3.33p, 1 c 3.33p"},
		{"many decimals of points without an end", `{"prizes":[{"from":1,"points":"10.001"}]}`, "a:3 b:3 c:3", "1 a 3.341p, 1 b 3.33p, 1 c 3.33p"},
		{"things", `{"prizes":[{"from":1,"thing":"trip"},{"from":2,"thing":"mug"}]}`, "a:3 b:3 c:1", "1 a trip, 1 b trip, 3 c"},
		{"the thing of the best rank that has one", `{"prizes":[{"from":1,"amount":"2"},{"from":3,"thing":"pen"},{"from":2,"thing":"mug"}]}`, "a:3 b:3 c:3", "1 a 67+mug, 1 b 67+mug, 1 c 66+mug"},
		{"milestones", `{"milestones":[{"at":"2","amount":"1"},{"at":"3","points":"7","thing":"mug"}]}`, "a:2 b:3 c:1.99", "1 b 100+at 2 7p+mug+at 3, 2 a 100+at 2, 3 c"},
		{"milestones in any order", `{"milestones":[{"at":"3","amount":"2"},{"at":"2","amount":"1"}]}`, "a:3", "1 a 100+at 2 200+at 3"},
		{"milestones for having less", `{"ascending":true,"milestones":[{"at":"3","amount":"1"},{"at":"2","amount":"2"}]}`, "a:2 b:3 c:3.01", "1 a 100+at 3 200+at 2, 2 b 100+at 3, 3 c"},
		{"milestones without a rank", `{"least":"5","milestones":[{"at":"3","amount":"1"}]}`, "a:4 b:2 c:", "0 a 100+at 3, 0 b, 0 c"},
		{"a rank and a milestone", `{"milestones":[{"at":"3","amount":"1"}],` + prizes + `}`, "a:4", "1 a 2000 100+at 3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := won(rank(t, contest(test.contest), scored(test.scores))); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestBudgets(t *testing.T) {
	const prizes = `"prizes":[{"from":1,"amount":"20"},{"from":2,"amount":"10"},{"from":3,"to":4,"amount":"5"}],"milestones":[{"at":"1","amount":"1"},{"at":"3","amount":"2","points":"9"}]`
	const scores = "a:4 b:3 c:2 d:2" // 40 for ranks, 4 at 1, 4 at 3: 48
	tests := []struct{ name, contest, want string }{
		{"enough", `"budget":"48"`, "1 a 2000 100+at 1 200+9p+at 3, 2 b 1000 100+at 1 200+9p+at 3, 3 c 500 100+at 1, 3 d 500 100+at 1"},
		{"scaled to a half", `"budget":"24"`, "1 a 1000 50+at 1 100+9p+at 3, 2 b 500 50+at 1 100+9p+at 3, 3 c 250 50+at 1, 3 d 250 50+at 1"},
		{"scaled, the rest to the largest remainders", `"budget":"0.47","beyond":"scale"`, "1 a 19 1+at 1 2+9p+at 3, 2 b 10 1+at 1 2+9p+at 3, 3 c 5 1+at 1, 3 d 5 1+at 1"},
		{"cut: the lowest milestone for the last", `"budget":"47","beyond":"cut"`, "1 a 2000 100+at 1 200+9p+at 3, 2 b 1000 100+at 1 200+9p+at 3, 3 c 500 at 1, 3 d 500 at 1"},
		{"cut: the lowest milestone", `"budget":"44.99","beyond":"cut"`, "1 a 2000 at 1 200+9p+at 3, 2 b 1000 at 1 200+9p+at 3, 3 c 500 at 1, 3 d 500 at 1"},
		{"cut: a higher one for the last", `"budget":"43","beyond":"cut"`, "1 a 2000 at 1 200+9p+at 3, 2 b 1000 at 1 9p+at 3, 3 c 500 at 1, 3 d 500 at 1"},
		{"cut: the last ranks, those who are equal together", `"budget":"39","beyond":"cut"`, "1 a 2000 at 1 9p+at 3, 2 b 1000 at 1 9p+at 3, 3 c  at 1, 3 d  at 1"},
		{"cut: nothing is left", `"budget":"19.99","beyond":"cut"`, "1 a  at 1 9p+at 3, 2 b  at 1 9p+at 3, 3 c  at 1, 3 d  at 1"},
		{"nothing at all", `"budget":"0"`, "1 a  at 1 9p+at 3, 2 b  at 1 9p+at 3, 3 c  at 1, 3 d  at 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := contest(`{` + test.contest + `,` + prizes + `}`)
			ranked := rank(t, s, scored(scores))
			if got := won(ranked); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
			for _, one := range ranked {
				for _, p := range one.Prizes {
					if beyond := strings.Contains(p.Note, "beyond the budget"); p.Amount == 0 && !beyond {
						t.Errorf("%s is not told why there is no money: %+v", one.Participant, p)
					}
				}
			}
		})
	}
}

func TestPayableIsSetAnew(t *testing.T) {
	s := contest(`{"prizes":[{"from":1,"amount":"20"}],"milestones":[{"at":"1","amount":"0.5"}]}`)
	all := scored("a:3 b:2")
	all[0].Base, all[0].Payable = 700, 700
	all[1].Base, all[1].Payable, all[1].Rank, all[1].Prizes = -100, 1900, 1, []incentive.Prize{{Rank: 1, Amount: 2000}}
	for range 2 {
		all = rank(t, s, all)
	}
	if all[0].Payable != 700+2000+50 || all[1].Payable != -100+50 || len(all[1].Prizes) != 1 {
		t.Errorf("%+v", all)
	}
}

func TestRankingLeavesWhatItIsGivenAsItIs(t *testing.T) {
	all := scored("b:3 a:3 c:4")
	before := text(t, all)
	rank(t, contest(`{"prizes":[{"from":1,"to":2,"amount":"20"}]}`), all)
	if after := text(t, all); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

func TestPrizesSayHowTheyCameAbout(t *testing.T) {
	ranked := rank(t, contest(`{"prizes":[{"from":1,"amount":"20","thing":"trip"},{"from":2,"amount":"10"}],"budget":"15"}`), scored("a:3 b:3"))
	alone := rank(t, contest(`{"prizes":[{"from":1,"to":2,"amount":"20"}]}`), scored("a:3 b:2"))
	if alone[0].Prizes[0].Note != "" || alone[1].Prizes[0].Note != "" {
		t.Errorf("%+v", alone)
	}
	const want = "the prizes of the ranks 1 to 2, shared by 2; what cannot be shared, each gets; less in proportion: all prizes together are beyond the budget"
	if got := ranked[1].Prizes[0].Note; got != want {
		t.Errorf("%q", got)
	}
}

func TestWhatCannotBeRanked(t *testing.T) {
	tests := []struct{ contest, scores, code string }{
		{`{}`, "a:1 b:many", number.CodeInvalid},
		{`{"prizes":[{"from":1,"amount":"1e30"}]}`, "a:1", number.CodeTooLarge},
		{`{"prizes":[{"from":1,"to":2,"amount":"9e16"}]}`, "a:1 b:1", number.CodeTooLarge},
		{`{"prizes":[{"from":1,"points":"1/3"},{"from":2,"points":"1e40"}]}`, "a:1 b:1 c:1", number.CodeTooLarge},
		{`{"milestones":[{"at":"1","amount":"1e30"}]}`, "a:1", number.CodeTooLarge},
		{`{"milestones":[{"at":"1","amount":"9e16"},{"at":"1","amount":"9e16"}]}`, "a:1", number.CodeTooLarge},
		{`{"prizes":[{"from":1,"amount":"1"}],"budget":"1e30"}`, "a:1", number.CodeTooLarge},
	}
	for _, test := range tests {
		if _, err := incentive.Rank(contest(test.contest), scored(test.scores), 2); fault.Of(err) == nil || fault.Of(err).Code != test.code {
			t.Errorf("%s: %v, want %s", test.contest, err, test.code)
		}
	}
}

// TestRankingDoesNotHangOnTheOrder gives the same standings in two orders, and holds the prizes to what there is to win.
func TestRankingDoesNotHangOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := program.Standing{
			Ties:   rapid.SampledFrom([]program.Ties{"", program.Pooled, program.EachGets, program.Dense, program.FirstReach}).Draw(t, "ties"),
			Beyond: rapid.SampledFrom([]program.Beyond{program.Scale, program.CutOff}).Draw(t, "beyond"), Ascending: rapid.Bool().Draw(t, "ascending"),
		}
		cents := func(name string) *number.Number {
			n := number.Frac(rapid.Int64Range(0, 5000).Draw(t, name), 100)
			return &n
		}
		ranks := rapid.IntRange(0, 12).Draw(t, "ranks")
		var toWin int64
		for at := range ranks {
			p := program.Prize{From: at + 1, Award: program.Award{Amount: cents("prize"), Points: cents("points")}}
			amount, _ := p.Amount.Round(2, "")
			toWin += amount
			s.Prizes = append(s.Prizes, p)
		}
		var points number.Number
		for _, p := range s.Prizes {
			points = points.Add(*p.Points)
		}
		withMilestones := rapid.Bool().Draw(t, "milestones")
		if withMilestones {
			s.Milestones = []program.Milestone{{At: number.Of(3), Award: program.Award{Amount: cents("at 3")}}, {At: number.Of(1), Award: program.Award{Amount: cents("at 1")}}}
		}
		if rapid.Bool().Draw(t, "limited") {
			s.Budget = cents("budget")
		}
		var all []incentive.Standing
		for at := range rapid.IntRange(0, 20).Draw(t, "people") {
			one := fmt.Sprintf("p%02d:%d@%d", at, rapid.IntRange(0, 6).Draw(t, "score"), rapid.IntRange(1, 9).Draw(t, "day"))
			all = append(all, scored(one)...)
		}
		shuffled := slices.Clone(all)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		first, err := incentive.Rank(s, all, 2)
		if err != nil {
			t.Fatal(err)
		}
		second, err := incentive.Rank(s, shuffled, 2)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(first)
		b, _ := json.Marshal(second)
		if string(a) != string(b) {
			t.Fatalf("%s\nin another order %s", a, b)
		}
		var money int64
		var given number.Number
		for _, one := range first {
			for _, p := range one.Prizes {
				money += p.Amount
				if p.Points != "" {
					given = given.Add(exactly(p.Points))
				}
			}
		}
		if s.Budget != nil {
			if budget, _ := s.Budget.Round(2, ""); money > budget {
				t.Fatalf("%d is won, the budget is %d", money, budget)
			}
		}
		shares := s.Ties == "" || s.Ties == program.Pooled || s.Ties == program.FirstReach
		if shares && len(all) >= ranks {
			if !given.Equal(points) {
				t.Fatalf("%s points are won of %s", given, points)
			}
			if s.Budget == nil && !withMilestones && money != toWin {
				t.Fatalf("%d is won of %d", money, toWin)
			}
		}
	})
}

// TestAScaledBudgetIsSpentToTheCent has more to win than there is.
func TestAScaledBudgetIsSpentToTheCent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		budget := rapid.Int64Range(0, 9000).Draw(t, "budget")
		limit := number.Frac(budget, 100)
		s := contest(`{"prizes":[{"from":1,"to":9,"amount":"10.01"}]}`)
		s.Budget = &limit
		var all []incentive.Standing
		for at := range 9 {
			all = append(all, scored(fmt.Sprintf("p%d:%d", at, rapid.IntRange(0, 4).Draw(t, "score")))...)
		}
		ranked, err := incentive.Rank(s, all, 2)
		if err != nil {
			t.Fatal(err)
		}
		var sum int64
		for _, one := range ranked {
			sum += one.Payable
		}
		if sum != budget {
			t.Fatalf("%d of %d is spent", sum, budget)
		}
	})
}

// BenchmarkRank ranks 10,000 standings, all of whom win, within a budget.
func BenchmarkRank(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var all []incentive.Standing
	for at := range 10000 {
		all = append(all, scored(fmt.Sprintf("mem_%08d:%d.%02d", rng.IntN(1e8), rng.IntN(1e6), at%100))...)
	}
	for name, s := range map[string]program.Standing{
		"leaderboard": {}, "prizes": contest(`{"prizes":[{"from":1,"to":100,"amount":"50"}]}`),
		"all win, scaled": contest(`{"prizes":[{"from":1,"to":10000,"amount":"50"}],"budget":"1000"}`),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				rank(b, s, all)
			}
		})
	}
}
