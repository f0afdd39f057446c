package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type (
	settlementState struct {
		Program   string           `json:"program"`
		Period    programPeriod    `json:"period"`
		State     string           `json:"state"`
		Revision  int              `json:"revision"`
		Work      *settlementWork  `json:"work,omitempty"`
		Totals    settlementTotals `json:"totals"`
		Waiting   string           `json:"waiting,omitempty"`
		Approvals []struct {
			Level string    `json:"level"`
			By    string    `json:"by"`
			For   string    `json:"for,omitempty"`
			At    time.Time `json:"at"`
		} `json:"approvals"`
		Rejected *struct {
			By     string    `json:"by"`
			At     time.Time `json:"at"`
			Reason string    `json:"reason"`
		} `json:"rejected,omitempty"`
		By struct {
			Calculated string `json:"calculated,omitempty"`
			Submitted  string `json:"submitted,omitempty"`
			Locked     string `json:"locked,omitempty"`
		} `json:"by"`
		Root      int64      `json:"root,omitempty"`
		LockedAt  *time.Time `json:"locked_at,omitempty"`
		PaidAt    *time.Time `json:"paid_at,omitempty"`
		UpdatedAt *time.Time `json:"updated_at,omitempty"`
	}
	settlementWork struct {
		Kind         string    `json:"kind"`
		Participants int       `json:"participants"`
		Done         int       `json:"done"`
		Error        string    `json:"error,omitempty"`
		Since        time.Time `json:"since"`
	}
	settlementTotals struct {
		Statements int `json:"statements"`
		settledSums
		Negative int `json:"negative"`
	}
	// settledSums are what a statement, or all of a period, comes to.
	settledSums struct {
		Payable  sum    `json:"payable"`
		Adjusted sum    `json:"adjusted"`
		Manual   sum    `json:"manual"`
		Credited sum    `json:"credited"`
		Benefits sum    `json:"benefits"`
		Points   string `json:"points"`
	}
)

func (c *command) settlementsCommand() *cobra.Command {
	var limit int
	cmd := c.ofProgram("settlements PROGRAM", "List periods on their way from calculated to paid; calculate, submit, approve, reject, lock or reopen one", "  leadline settlements prg_4f0c9a2b1x7z\n"+
		"  leadline settlements calculate \"Commission 2026\" 2026-10\n  leadline settlements submit \"Commission 2026\" 2026-10\n  leadline settlements approve \"Commission 2026\" 2026-10\n"+
		"  leadline settlements lock \"Commission 2026\" 2026-10", cobra.ExactArgs(1),
		func(ctx context.Context, api *client, id string, _ []string) error {
			return showList(ctx, c, api, limit, settlementList(), "programs", id, "settlements")
		})
	cmd.Long = "List the periods of a program that are settled, or being settled. A period is calculated, which freezes a statement for each participant, submitted, approved by others, " +
		"and locked, which posts it to the ledger for good. What changes afterwards is settled with a later period.\n\n" +
		"Where a command takes a PROGRAM, that is its id or its name."
	limitFlag(cmd, &limit)
	cmd.AddCommand(c.ofProgram("show PROGRAM PERIOD", "Show how far a period is: what it comes to, who did what, whose approval it waits for", "  leadline settlements show prg_4f0c9a2b1x7z 2026-10", cobra.ExactArgs(2),
		func(ctx context.Context, api *client, id string, rest []string) error {
			return fetchInto(ctx, c, api, nil, func(s settlementState) {
				c.showSettlement(ctx, api, s)
				c.showHowManyDiffer(ctx, api, s)
				c.showNextStep(s)
			}, settlementPath(id, rest[0])...)
		}))
	for _, verb := range [][2]string{
		{"submit", "Submit a calculated period for approval: what is approved is what was frozen"},
		{"approve", "Approve a period on the level that comes next"},
		{"reopen", "Give up what was frozen, and the approvals, of a period that is not locked"},
	} {
		cmd.AddCommand(c.ofProgram(verb[0]+" PROGRAM PERIOD", verb[1], "  leadline settlements "+verb[0]+" prg_4f0c9a2b1x7z 2026-10", cobra.ExactArgs(2),
			func(ctx context.Context, api *client, id string, rest []string) error {
				return submitInto(ctx, c, api, nil, c.settled(ctx, api), settlementPath(id, rest[0], verb[0])...)
			}))
	}
	var reason string
	reject := c.ofProgram("reject PROGRAM PERIOD", "Reject a period that was submitted, with a reason: it is calculated then, as before", "  leadline settlements reject prg_4f0c9a2b1x7z 2026-10 --reason 'Ada is to have the Rollout deal'",
		cobra.ExactArgs(2), func(ctx context.Context, api *client, id string, rest []string) error {
			return submitInto(ctx, c, api, map[string]string{"reason": reason}, c.settled(ctx, api), settlementPath(id, rest[0], "reject")...)
		})
	reject.Flags().StringVar(&reason, "reason", "", "what has to change, for who submitted it")
	_ = reject.MarkFlagRequired("reason")
	cmd.AddCommand(reject)
	cmd.AddCommand(c.settlementWorkCommands()...)
	cmd.AddCommand(c.settledStatementCommands()...)
	return cmd
}

// settlementPath names a period of a program, and what is below it.
func settlementPath(id, period string, below ...string) []string {
	return append([]string{"programs", id, "settlements", period}, below...)
}

// settled shows a period after something was done to it.
func (c *command) settled(ctx context.Context, api *client) func(settlementState) {
	return func(s settlementState) {
		c.showSettlement(ctx, api, s)
		c.showNextStep(s)
	}
}

func settlementList() shown[settlementState] {
	return shown[settlementState]{[]string{"PERIOD", "STATE", "STATEMENTS", "PAYABLE", "ADJUSTED", "BY HAND", "CREDITED", "SINCE (UTC)", ""}, func(s settlementState) []cell {
		t := s.Totals
		return []cell{text(s.Period.Name), s.stateCell(), text(grouped(int64(t.Statements))), amountCell(&t.Payable, plain), amountCell(&t.Adjusted, plain), amountCell(&t.Manual, plain),
			amountCell(&t.Credited, bold), text(instantOr(s.UpdatedAt)), s.note()}
	}}
}

func instantOr(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return instant(*t)
}

func (s settlementState) stateCell() cell {
	switch s.State {
	case "locked", "paid":
		return styled(green, s.State)
	case "open":
		return styled(dim, s.State)
	}
	return styled(yellow, s.State)
}

// doing says what long work does.
func (w settlementWork) doing() string {
	return map[string]string{"freezing": "Calculating", "posting": "Locking"}[w.Kind]
}

// verb is the command that begins such work.
func (w settlementWork) verb() string {
	return map[string]string{"freezing": "calculate", "posting": "lock"}[w.Kind]
}

// note says in a few words what keeps a period where it is.
func (s settlementState) note() cell {
	switch {
	case s.Work != nil && s.Work.Error != "":
		return styled(red, strings.ToLower(s.Work.doing())+" came to nothing: "+s.Work.Error)
	case s.Work != nil:
		return styled(yellow, "is being "+map[string]string{"freezing": "calculated", "posting": "locked"}[s.Work.Kind])
	case s.Rejected != nil:
		return styled(yellow, "rejected: "+s.Rejected.Reason)
	case s.Totals.Negative > 0:
		return text(are(s.Totals.Negative, "comes", "come") + " to less than nothing")
	}
	return text("")
}

// showSettlement shows how far a period is.
func (c *command) showSettlement(ctx context.Context, api *client, s settlementState) {
	state := s.stateCell()
	c.printf("%s  %s", c.paint.paint(bold, clean(s.Period.String())), c.paint.paint(state.style, clean(state.text)))
	if s.Revision > 0 {
		c.printf(", revision %d", s.Revision)
	}
	c.printf("\n")
	if w := s.Work; w != nil {
		line := c.paint.paint(yellow, clean(fmt.Sprintf("%s: %s of %s participants, since %s UTC.", w.doing(), grouped(int64(w.Done)), grouped(int64(w.Participants)), instant(w.Since))))
		if w.Error != "" {
			line = c.paint.paint(red, clean(fmt.Sprintf("%s it came to nothing: %s", w.doing(), w.Error)))
		}
		c.printf("%s\n", line)
	}
	if t := s.Totals; t.Statements > 0 {
		c.showSums(t.settledSums)
		of := are(t.Statements, "statement", "statements")
		if t.Negative > 0 {
			of += fmt.Sprintf(", %s to less than nothing: what is owed back is carried", are(t.Negative, "of which comes", "of which come"))
		}
		c.printf("  %s.\n", of)
	}
	c.showWhoDidWhat(s, namesOf(ctx, api, s.actors()...))
}

// showSums shows what a statement, or all of a period, comes to.
func (c *command) showSums(s settledSums) {
	t := table{}
	t.add(text("Payable"), amountCell(&s.Payable, plain), text("what the period comes to"))
	t.add(text("Adjusted"), amountCell(&s.Adjusted, plain), text("what later changes of locked periods come to"))
	t.add(text("By hand"), amountCell(&s.Manual, plain))
	t.add(styled(bold, "Credited"), amountCell(&s.Credited, bold), text("the sum of these"))
	if s.Benefits.Minor != 0 {
		t.add(text("In kind"), amountCell(&s.Benefits, plain), text("in no other sum"))
	}
	if s.Points != "" && s.Points != "0" {
		t.add(text("Points"), text(figure(s.Points)))
	}
	c.printf("\n%s", t.format(c.paint, "  "))
}

// actors are the ids of all who did something to a period.
func (s settlementState) actors() []string {
	ids := []string{s.By.Calculated, s.By.Submitted, s.By.Locked}
	for _, g := range s.Approvals {
		ids = append(ids, g.By, g.For)
	}
	if s.Rejected != nil {
		ids = append(ids, s.Rejected.By)
	}
	return filled(ids)
}

// showWhoDidWhat lists what was done to a period, in its order, and what it waits for.
func (c *command) showWhoDidWhat(s settlementState, names map[string]string) {
	t := table{}
	did := func(what, by, note string) {
		if by != "" {
			t.add(text(what), text(nameOf(names, by)), text(note))
		}
	}
	did("Calculated by", s.By.Calculated, "")
	did("Submitted by", s.By.Submitted, "")
	for _, g := range s.Approvals {
		note := g.Level + ", at " + instant(g.At) + " UTC"
		if g.For != "" {
			note += ", in the place of " + nameOf(names, g.For)
		}
		did("Approved by", g.By, note)
	}
	if s.Waiting != "" {
		t.add(styled(yellow, "Waits for"), styled(yellow, s.Waiting))
	}
	if r := s.Rejected; r != nil {
		t.add(styled(yellow, "Rejected by"), styled(yellow, nameOf(names, r.By)), styled(yellow, "at "+instant(r.At)+" UTC: "+r.Reason))
	}
	if s.LockedAt != nil {
		did("Locked by", s.By.Locked, fmt.Sprintf("at %s UTC, root %d of the ledger", instant(*s.LockedAt), s.Root))
	} else {
		did("Locked by", s.By.Locked, "")
	}
	if s.PaidAt != nil {
		t.add(styled(green, "Paid"), text(""), text("at "+instant(*s.PaidAt)+" UTC"))
	}
	if len(t.rows) > 0 {
		c.printf("\n%s", t.format(c.paint, "  "))
	}
}

// mostDiffering is how many statements are counted that differ from what they were frozen as.
const mostDiffering = 200

// showHowManyDiffer says how many statements come to something else since they were frozen, as far as the key may know.
func (c *command) showHowManyDiffer(ctx context.Context, api *client, s settlementState) {
	if s.State == "open" || s.Totals.Statements == 0 {
		return
	}
	differ, err := list[settledDifference](ctx, api, mostDiffering, nil, settlementPath(s.Program, s.Period.Name, "differences")...)
	if err != nil {
		return // how far the period is was answered: this is for admins
	}
	switch n := len(differ.Items); {
	case n == 0:
		c.printf("\nSince then nothing changed.\n")
	default:
		many := are(n, "statement comes", "statements come")
		if differ.Next != "" {
			many = "More than " + many
		}
		c.printf("\n%s\n", c.paint.paint(yellow, clean(fmt.Sprintf("%s to something else now: `leadline settlements differences %s %s` lists them.", many, s.Program, s.Period.Name))))
	}
}

// showNextStep says what is to be done next, where somebody has to do something.
func (c *command) showNextStep(s settlementState) {
	verb := map[string]string{"open": "calculate", "calculated": "submit", "submitted": "approve", "approved": "lock"}[s.State]
	switch {
	case s.Work != nil && s.Work.Error == "":
		verb = "watch"
	case s.Work != nil:
		verb = s.Work.verb()
	case verb == "":
		return
	}
	c.printf("\n%s\n", c.paint.paint(dim, clean(fmt.Sprintf("Next: `leadline settlements %s %s %s`", verb, s.Program, s.Period.Name))))
}

// namesOf gives the names of members, people and API keys by id, as far as the key may read them: without, ids do.
func namesOf(ctx context.Context, api *client, ids ...string) map[string]string {
	names := map[string]string{}
	for prefix, path := range map[string]string{"mem_": "members", "per_": "people", "key_": "keys"} {
		if !slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(id, prefix) }) {
			continue
		}
		all, err := list[struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		}](ctx, api, 0, nil, path)
		if err != nil {
			continue
		}
		for _, one := range all.Items {
			names[one.ID] = one.Name
		}
	}
	return names
}

// nameOf names somebody: a key as one, as who has it is another thing.
func nameOf(names map[string]string, id string) string {
	name := names[id]
	switch {
	case name == "":
		return id
	case strings.HasPrefix(id, "key_"):
		return "key " + name
	}
	return name
}
