package incentivetest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadline/shared/calendar"
	"leadline/shared/incentive"
	"leadline/shared/number"
	"leadline/shared/program"
)

// Check compares what a run came to with the tables Expect and Ranking, and tells every difference.
func (r *Run) Check() []string {
	var wrong []string
	for _, row := range r.Case.Tables["Expect"].Rows {
		wrong = append(wrong, r.checkExpected(row)...)
	}
	return append(wrong, r.checkRanking()...)
}

// CheckTrace compares the tables Lines, Credits and Refusals, which only the engine has.
func (r *Run) CheckTrace() []string {
	var wrong []string
	for _, row := range r.Case.Tables["Lines"].Rows {
		wrong = append(wrong, r.checkLine(row)...)
	}
	return append(append(wrong, r.checkCredits()...), r.checkRefusals()...)
}

// Digits of the minor unit of the currencies in worked examples.
func digits(currency string) int {
	switch currency {
	case "JPY":
		return 0
	case "KWD":
		return 3
	}
	return 2
}

// minor reads an amount in major units as a count of minor ones.
func minor(cell, currency string) (string, error) {
	n, err := parse(cell)
	if err != nil {
		return "", err
	}
	return n.Mul(number.Ten(digits(currency))).String(), nil
}

func (r *Run) checkExpected(row Row) []string {
	u := Unit{row["who"], row["period"]}
	result, found := r.Results[u]
	at := fmt.Sprintf("%s in %s", u.Participant, u.Period)
	if !found {
		return []string{at + ": was not reckoned"}
	}
	got := map[string]string{
		"earned": strconv.FormatInt(result.Earned, 10), "payable": strconv.FormatInt(result.Payable, 10),
		"owed": total(result.After.Owed, func(a incentive.Advance) int64 { return a.Amount }),
		"held": total(result.After.Holds, func(h incentive.Held) int64 { return h.Amount }),
	}
	name := cmp.Or(row["component"], r.Case.only())
	got["excess"] = strconv.FormatInt(result.After.Excess[row["component"]], 10)
	if o, found := outcome(result, name, row["version"]); found {
		at += ", " + name
		describe(got, o)
	} else if row["component"] != "" {
		return []string{at + ": has no outcome of " + name}
	}
	var wrong []string
	for column, want := range row {
		if slices.Contains([]string{"period", "who", "component", "version"}, column) || column == "why" && r.figures {
			continue
		}
		if problem := compareCell(column, want, got, result.Currency); problem != "" {
			wrong = append(wrong, at+": "+problem)
		}
	}
	slices.Sort(wrong)
	return wrong
}

func compareCell(column, want string, got map[string]string, currency string) string {
	have, stated := got[column]
	if !stated {
		return "there is no " + column + ", want " + want
	}
	switch column {
	case "why":
		if want != have {
			return fmt.Sprintf("why is %q, want %q", have, want)
		}
		return ""
	case "amount", "earned", "payable", "owed", "excess", "held":
		text, err := minor(want, currency)
		if err != nil {
			return err.Error()
		}
		if text != have {
			return fmt.Sprintf("%s is %s minor units, want %s (%s)", column, have, text, want)
		}
		return ""
	}
	wanted, err := parse(want)
	if err != nil {
		return err.Error()
	}
	if wanted.String() != have {
		return fmt.Sprintf("%s is %s, want %s", column, have, wanted)
	}
	return ""
}

func describe(got map[string]string, o incentive.Outcome) {
	got["credits"], got["count"] = strconv.Itoa(o.Credits), strconv.Itoa(o.Count)
	got["measure"], got["exact"], got["amount"] = o.Measure.String(), o.Exact.String(), strconv.FormatInt(o.Amount, 10)
	for name, n := range map[string]*number.Number{"quota": o.Quota, "attainment": o.Attainment, "target": o.Target} {
		if n != nil {
			got[name] = n.String()
		}
	}
	got["why"] = "-"
	if o.Why != nil {
		got["why"] = o.Why.Code
	}
}

func outcome(result incentive.Result, name, version string) (incentive.Outcome, bool) {
	for _, o := range result.Components {
		if o.Component == name && (version == "" || version == strconv.Itoa(o.Version)) {
			return o, true
		}
	}
	return incentive.Outcome{}, false
}

func total[T any](all []T, amount func(T) int64) string {
	sum := int64(0)
	for _, one := range all {
		sum += amount(one)
	}
	return strconv.FormatInt(sum, 10)
}

// checkLine adds up the lines that a row speaks of.
func (r *Run) checkLine(row Row) []string {
	result := r.Results[Unit{row["who"], row["period"]}]
	deals := map[string]string{}
	for _, c := range r.Credits {
		deals[c.ID] = c.Record.ID
	}
	var lines []incentive.Line
	for _, o := range result.Components {
		if (row["component"] == "" || row["component"] == o.Component) && (row["version"] == "" || row["version"] == strconv.Itoa(o.Version)) {
			lines = append(lines, o.Lines...)
		}
	}
	for _, l := range result.Limits {
		lines = append(lines, l.Lines...)
	}
	lines = append(lines, result.Holds...)
	lines = slices.DeleteFunc(lines, func(l incentive.Line) bool {
		return row["deal"] != "" && deals[l.Credit] != row["deal"] || row["kind"] != "" && string(l.Kind) != row["kind"] ||
			row["tier"] != "" && strconv.Itoa(l.Tier) != row["tier"]
	})
	at := fmt.Sprintf("lines of %s in %s, %v", row["who"], row["period"], row)
	if len(lines) == 0 {
		return []string{at + ": there are none"}
	}
	got := map[string]string{}
	var exact, base number.Number
	amount := int64(0)
	for _, l := range lines {
		exact, base, amount = exact.Add(l.Exact), base.Add(l.Base), amount+l.Amount
		got["from"], got["to"], got["rate"] = lines[0].From.String(), l.To.String(), l.Rate.String()
	}
	got["exact"], got["base"], got["amount"] = exact.String(), base.String(), strconv.FormatInt(amount, 10)
	var wrong []string
	for _, column := range []string{"from", "to", "rate", "exact", "base", "amount"} {
		if want := row[column]; want != "" {
			if problem := compareCell(column, want, got, result.Currency); problem != "" {
				wrong = append(wrong, at+": "+problem)
			}
		}
	}
	return wrong
}

// checkCredits compares all credits of the deals that the table speaks of; a row with nothing but a deal says that it has none.
func (r *Run) checkCredits() []string {
	left := map[string][]incentive.Credit{}
	for _, c := range r.Credits {
		left[c.Record.ID] = append(left[c.Record.ID], c)
	}
	var wrong []string
	spoken := map[string]bool{}
	for _, row := range r.Case.Tables["Credits"].Rows {
		deal := row["deal"]
		spoken[deal] = true
		if len(row) == 1 {
			continue
		}
		i := slices.IndexFunc(left[deal], func(c incentive.Credit) bool { return matches(row, c) })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("no credit %v among %s", row, creditTexts(left[deal])))
			continue
		}
		left[deal] = slices.Delete(left[deal], i, i+1)
	}
	for deal := range spoken {
		if len(left[deal]) > 0 {
			wrong = append(wrong, fmt.Sprintf("the deal %s has more credits: %s", deal, creditTexts(left[deal])))
		}
	}
	slices.Sort(wrong)
	return wrong
}

func matches(row Row, c incentive.Credit) bool {
	has := map[string]string{"component": c.Component, "who": c.Participant, "kind": string(c.Kind), "version": strconv.Itoa(c.Version), "date": string(c.Date),
		"key": c.Key, "reversal": map[bool]string{true: "yes", false: "no"}[c.Reversal]}
	numbers := map[string]number.Number{"share": c.Share, "value": c.Value, "weight": c.Weight}
	for column, want := range row {
		if n, isNumber := numbers[column]; isNumber {
			if wanted, err := parse(want); err != nil || !wanted.Equal(n) {
				return false
			}
		} else if text, known := has[column]; known && text != want {
			return false
		}
	}
	return true
}

func creditTexts(all []incentive.Credit) string {
	var texts []string
	for _, c := range all {
		texts = append(texts, fmt.Sprintf("[%s %s %s v%d %s share %s value %s weight %s key %q reversal %t]", c.Component, c.Participant, c.Kind, c.Version, c.Date, c.Share, c.Value,
			c.Weight, c.Key, c.Reversal))
	}
	return strings.Join(texts, " ")
}

func (r *Run) checkRefusals() []string {
	var wrong []string
	for _, row := range r.Case.Tables["Refusals"].Rows {
		if !slices.ContainsFunc(r.Refusals[row["deal"]], func(f incentive.Refusal) bool {
			return (row["component"] == "" || row["component"] == f.Component) && row["step"] == f.Step && (row["code"] == "" || row["code"] == f.Code) &&
				(row["problem"] == "" || (row["problem"] == "yes") == f.Problem)
		}) {
			wrong = append(wrong, fmt.Sprintf("the deal %s is not refused as %v: %+v", row["deal"], row, r.Refusals[row["deal"]]))
		}
	}
	return wrong
}

// Ranking gives the standings of a period as they are before they are ranked: with the scores that the table states, or else
// those that the run came to.
func (r *Run) Ranking(period string) (program.Standing, []incentive.Standing) {
	definition := r.Case.Versions[len(r.Case.Versions)-1].Definition
	var standings []incentive.Standing
	for _, row := range r.Case.Tables["Ranking"].Rows {
		if row["period"] != period {
			continue
		}
		s := incentive.Standing{Unit: incentive.Unit{Participant: row["who"], Period: period}, Currency: definition.Currency}
		if result, found := r.Results[Unit{row["who"], period}]; found {
			s.Score = Score(definition.Standing.By, r.Case.only(), result).String()
			s.Earned, s.Payable = result.Earned, result.Payable
		} else if score, err := parse(row["score"]); err == nil {
			s.Score = score.String()
		}
		if at, err := time.Parse("2006-01-02 15:04", row["reached"]); err == nil {
			s.Reached = at
		} else if at, err := calendar.ParseDate(row["reached"]); err == nil && at != "" {
			s.Reached, _ = time.Parse(time.DateOnly, string(at))
		}
		standings = append(standings, s)
	}
	return *definition.Standing, standings
}

func (r *Run) checkRanking() []string {
	var periods []string
	for _, row := range r.Case.Tables["Ranking"].Rows {
		if !slices.Contains(periods, row["period"]) {
			periods = append(periods, row["period"])
		}
	}
	var wrong []string
	for _, period := range periods {
		rule, standings := r.Ranking(period)
		currency := r.Case.Versions[len(r.Case.Versions)-1].Definition.Currency
		ranked, err := incentive.Rank(rule, standings, digits(currency))
		if err != nil {
			return []string{err.Error()}
		}
		for _, row := range r.Case.Tables["Ranking"].Rows {
			if row["period"] == period {
				wrong = append(wrong, checkRank(row, ranked, currency)...)
			}
		}
	}
	return wrong
}

func checkRank(row Row, ranked []incentive.Standing, currency string) []string {
	i := slices.IndexFunc(ranked, func(s incentive.Standing) bool { return s.Participant == row["who"] })
	if i < 0 {
		return []string{row["who"] + " has no standing"}
	}
	s := ranked[i]
	score, err := number.Parse(cmp.Or(s.Score, "0"))
	if err != nil {
		return []string{err.Error()}
	}
	var points number.Number
	var things []string
	for _, p := range s.Prizes {
		if n, err := number.Parse(p.Points); err == nil {
			points = points.Add(n)
		}
		if p.Thing != "" {
			things = append(things, p.Thing)
		}
	}
	got := map[string]string{"rank": strconv.Itoa(s.Rank), "amount": total(s.Prizes, func(p incentive.Prize) int64 { return p.Amount }), "points": points.String(),
		"score": score.String()}
	var wrong []string
	for column, cell := range map[string]string{"rank": "rank", "points": "points", "score": "score", "amount": "prize"} {
		if want := row[cell]; want != "" {
			if problem := compareCell(column, want, got, currency); problem != "" {
				wrong = append(wrong, row["who"]+": "+problem)
			}
		}
	}
	if want := row["thing"]; want != "" && want != strings.Join(things, ", ") {
		wrong = append(wrong, fmt.Sprintf("%s: wins %v, want %s", row["who"], things, want))
	}
	slices.Sort(wrong)
	return wrong
}

// CheckSharing compares the table Sharing with number.Share.
func (c Case) CheckSharing() []string {
	var wrong []string
	for _, row := range c.Tables["Sharing"].Rows {
		whole, err := minor(row["whole"], "USD")
		if err != nil {
			return []string{err.Error()}
		}
		cents, _ := strconv.ParseInt(whole, 10, 64)
		var weights []number.Number
		for _, w := range strings.Fields(row["weights"]) {
			n, err := parse(w)
			if err != nil {
				return []string{err.Error()}
			}
			weights = append(weights, n)
		}
		var parts []string
		for _, p := range number.Share(cents, weights) {
			parts = append(parts, number.Frac(p, 100).String())
		}
		var want []string
		for _, p := range strings.Fields(row["parts"]) {
			n, err := parse(p)
			if err != nil {
				return []string{err.Error()}
			}
			want = append(want, n.String())
		}
		if !slices.Equal(parts, want) {
			wrong = append(wrong, fmt.Sprintf("%s among %s: %v, want %v", row["whole"], row["weights"], parts, want))
		}
	}
	return wrong
}
