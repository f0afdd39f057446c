package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

// standing is a line of a leaderboard.
type standing struct {
	Participant, Name, Score string
	Rank                     int
	Payable                  struct{ Minor int64 }
	Figures                  []struct {
		Credits int
		Measure string
	}
}

// statement is a page of what somebody earned in a period.
type statement struct {
	Reproduced bool
	Payable    struct{ Minor int64 }
	Lines      []struct {
		Credit string
		Amount struct{ Minor int64 }
	}
	Credits []struct {
		ID     string
		Record struct{ ID string }
		Rev    int64
	}
	Next string
}

// TestStandings: from a template and three answers to a program that is live; then two hundred deals are won in the CRM, and each is
// in the leaderboard and in the statement of whom it belongs to. It prints how long that takes; what may be asked of a quiet
// machine, `make bench` says.
func TestStandings(t *testing.T) {
	t.Parallel()
	const wins = 200
	s := start(t, t.TempDir())
	crm := startSandbox(t, "-records", "6500", "-seed", "51")
	p := connect(t, s, crm, "seller", crm.key(t, "Admin"))
	p.imports(t)

	for currency, value := range map[string]string{"EUR": "1.08", "GBP": "1.27", "JPY": "0.0067"} {
		if status, answer := p.call(t, p.AdminKey, http.MethodPost, "/v1/exchange-rates", map[string]string{
			"from": currency, "to": "USD", "since": "2020-01-01", "value": value}); status != http.StatusCreated {
			t.Fatalf("rate of %s: %d %s", currency, status, answer)
		}
	}
	id := p.live(t, "percent_of_won_deals", map[string]string{"rate": "10%", "period": "quarter"})
	board := p.board(t, id)
	if len(board) == 0 {
		t.Fatal("nobody is in the leaderboard")
	}
	open := p.openDeals(t, wins)
	counted := map[string]int{}
	for _, one := range board {
		counted[one.Participant] = one.Figures[0].Credits
	}

	won := map[string][]time.Time{} // by participant, in order
	seen := map[string]int{}
	var took []time.Duration
	look := func() {
		for _, one := range p.board(t, id) {
			for n := seen[one.Participant]; n < one.Figures[0].Credits-counted[one.Participant] && n < len(won[one.Participant]); n++ {
				took = append(took, time.Since(won[one.Participant][n]))
				seen[one.Participant] = n + 1
			}
		}
	}
	pace := time.NewTicker(250 * time.Millisecond) // a busy team, not a flood
	defer pace.Stop()
	for _, deal := range open {
		<-pace.C
		crm.change(t, crmChange{Action: "win", Object: "opportunity", ID: deal.id})
		won[deal.owner] = append(won[deal.owner], time.Now())
		look()
	}
	t.Cleanup(func() {
		if len(took) == wins {
			return
		}
		for owner, times := range won {
			t.Logf("%s: %d of %d wins are in the leaderboard", owner, seen[owner], len(times))
		}
		for _, problem := range list[json.RawMessage](t, p.system, "/v1/programs/"+id+"/problems") {
			t.Logf("%s", problem)
		}
	})
	eventually(t, time.Minute, fmt.Sprintf("all of %d wins are in the leaderboard", wins), func() bool { look(); return len(took) == wins })
	slices.Sort(took)
	t.Logf("from a deal that is won in the CRM to the leaderboard: p50 %.2f s, p99 %.2f s, of %d", took[wins/2].Seconds(), took[wins*99/100].Seconds(), wins)

	owners := slices.Sorted(maps.Keys(won))
	for _, owner := range owners {
		p.holds(t, id, owner, open)
	}
	if stranger, _ := s.organization(t, "stranger"); stranger.get(t, "/v1/programs/"+id+"/standings", nil) {
		t.Error("another organization sees the leaderboard")
	}
}

// live makes a program of a template, and waits until it is shown.
func (p *provider) live(t *testing.T, template string, answers map[string]string) string {
	t.Helper()
	var made struct{ ID string }
	status, answer := p.call(t, p.AdminKey, http.MethodPost, "/v1/program-templates/"+template, map[string]any{
		"connection": p.id, "name": template, "answers": answers, "publish": true})
	if status != http.StatusCreated {
		t.Fatalf("%s: %d %s", template, status, answer)
	}
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "the program is live", func() bool {
		var now struct {
			Status   string
			Building *struct{ Run struct{ Phase, Error string } }
		}
		p.get(t, "/v1/programs/"+made.ID, &now)
		if now.Building != nil && now.Building.Run.Phase == "failed" {
			t.Fatal(now.Building.Run.Error)
		}
		return now.Status == "live"
	})
	return made.ID
}

func (p *provider) board(t *testing.T, program string) []standing {
	t.Helper()
	return list[standing](t, p.system, "/v1/programs/"+program+"/standings")
}

// openDeal is a deal that may be won, with the member that it belongs to.
type openDeal struct{ id, owner string }

// openDeals gives deals that are open and have an owner.
func (p *provider) openDeals(t *testing.T, n int) []openDeal {
	t.Helper()
	type row struct {
		ID     string
		Values struct {
			Status   string `json:"status_type"`
			Owner    string `json:"owner.id"`
			Currency string `json:"value_currency"`
			Value    *int64 `json:"annualized_value"`
		}
	}
	var all []openDeal
	for _, r := range list[row](t, p.system, "/v1/views/"+url.PathEscape("close-user_close_opportunity_view")+"/rows") {
		if r.Values.Status == "active" && r.Values.Owner != "" && r.Values.Value != nil && len(all) < n {
			all = append(all, openDeal{r.ID, r.Values.Owner})
		}
	}
	if len(all) < n {
		t.Fatalf("only %d deals are open", len(all))
	}
	return all
}

// holds demands that a statement is whole: its lines sum to what is paid, each leads to a record, and the deals that were won
// are among them.
func (p *provider) holds(t *testing.T, program, participant string, won []openDeal) {
	t.Helper()
	var board struct{ Period struct{ Name string } }
	p.get(t, "/v1/programs/"+program+"/standings", &board)
	path := "/v1/programs/" + program + "/participants/" + participant + "/statements/" + board.Period.Name
	records, sum := map[string]bool{}, int64(0)
	for cursor := ""; ; {
		var s statement
		if !p.get(t, path+"?limit=200&cursor="+url.QueryEscape(cursor), &s) {
			t.Errorf("%s has no statement", participant)
			return
		}
		credits := map[string]bool{}
		for _, c := range s.Credits {
			credits[c.ID], records[c.Record.ID] = true, c.Rev > 0
		}
		for _, l := range s.Lines {
			if sum += l.Amount.Minor; !credits[l.Credit] {
				t.Errorf("%s: a line leads to no credit: %+v", participant, l)
			}
		}
		if cursor = s.Next; cursor != "" {
			continue
		}
		if !s.Reproduced || sum != s.Payable.Minor || sum == 0 {
			t.Errorf("%s: lines of %d make %d; made again: %v", participant, sum, s.Payable.Minor, s.Reproduced)
		}
		break
	}
	for _, deal := range won {
		if deal.owner == participant && !records[deal.id] {
			t.Errorf("%s: %s is not in the statement", participant, deal.id)
		}
	}
}
