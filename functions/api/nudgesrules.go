package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/number"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// NudgeRuleFields are what can be said of a rule. Which of them count goes by the kind.
type NudgeRuleFields struct {
	Kind       string   `json:"kind" enum:"near_tier,overtaken,quota_reached,prize_won,goal_missed,nothing_logged,statement_ready,paid"`
	Title      string   `json:"title,omitempty" maxLength:"200"`
	Off        bool     `json:"off,omitempty"`
	Programs   []string `json:"programs,omitempty" maxItems:"100" nullable:"false" doc:"Those that it looks at; all if left out."`
	Component  string   `json:"component,omitempty" maxLength:"64" doc:"The only component that it looks at."`
	Deals      int      `json:"deals,omitempty" minimum:"0" maximum:"1000" doc:"near_tier: how many deals may be missing."`
	Share      string   `json:"share,omitempty" maxLength:"40" doc:"near_tier, of what is not counted in deals: what part of the tier's bound may be missing; 0.1 if left out." example:"0.1"`
	Estimate   bool     `json:"estimate,omitempty" doc:"near_tier: by the person's average deal it is said how many deals are missing, and told once that are as many as deals says."`
	Attainment string   `json:"attainment,omitempty" maxLength:"40" doc:"quota_reached, goal_missed: what part of the quota is meant; 1 if left out." example:"1"`
	Days       int      `json:"days,omitempty" minimum:"0" maximum:"60" doc:"nothing_logged: after how many days without a credit. goal_missed, prize_won: how many days after the period ended."`
	Top        int      `json:"top,omitempty" minimum:"0" doc:"overtaken: only those who stood among so many first; 0 for all."`
	Channels   []string `json:"channels" maxItems:"3" enum:"inbox,email,slack" nullable:"false"`
	Cap        NudgeCap `json:"cap"`
	Uncounted  bool     `json:"uncounted,omitempty" doc:"It is told beyond the cap of a day, and does not count for it."`
}

// NudgeCap is how often a rule tells one person something.
type NudgeCap struct {
	Times int `json:"times,omitempty" minimum:"0" maximum:"20" doc:"How often; 0 for no bound."`
	Hours int `json:"hours,omitempty" minimum:"0" doc:"In how many hours; 0 for a period of the program."`
}

// NudgeRule says when somebody is told something.
type NudgeRule struct {
	ID string `json:"id" example:"near_tier"`
	NudgeRuleFields
	Placeholders []string `json:"placeholders" nullable:"false" doc:"What a wording of it may hold in braces."`
	Rev          int64    `json:"rev" doc:"Counts the changes; 0 for a default as it came. Its ETag."`
}

func (h *handler) registerNudgeRules(api huma.API) {
	register(api, h, route{
		id: "get-nudge-rules", method: http.MethodGet, path: "/v1/nudge-rules", tag: "nudges", needs: tenant.Reader,
		summary: "List the rules by which people are told where they stand", text: "By id; the defaults where nobody said anything.", errors: []int{400},
	}, h.listNudgeRules)
	register(api, h, route{
		id: "add-nudge-rule", method: http.MethodPost, path: "/v1/nudge-rules", tag: "nudges", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Add a rule", errors: []int{400, 409, 413, 415},
	}, h.addNudgeRule)
	register(api, h, route{
		id: "get-nudge-rule", method: http.MethodGet, path: "/v1/nudge-rules/{nudge_rule}", tag: "nudges", needs: tenant.Reader,
		summary: "Get a rule", errors: []int{404},
	}, h.getNudgeRule)
	register(api, h, route{
		id: "set-nudge-rule", method: http.MethodPut, path: "/v1/nudge-rules/{nudge_rule}", tag: "nudges", needs: tenant.Admin,
		summary: "Change a rule", text: "Its kind stays as it is.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setNudgeRule)
	register(api, h, route{
		id: "delete-nudge-rule", method: http.MethodDelete, path: "/v1/nudge-rules/{nudge_rule}", tag: "nudges", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Delete a rule", text: "With its wordings.", errors: []int{404, 409},
	}, h.deleteNudgeRule)
}

// NudgeRuleInput names a rule.
type NudgeRuleInput struct {
	Rule string `path:"nudge_rule" maxLength:"40" example:"near_tier"`
}

type nudgeRulesOutput struct{ Body list[NudgeRule] }

func (h *handler) listNudgeRules(ctx context.Context, c caller, in *PageInput) (*nudgeRulesOutput, error) {
	s, err := h.Nudges.NudgeSetup(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	rules := slices.Clone(s.Rules)
	slices.SortFunc(rules, func(a, b nudge.Rule) int { return strings.Compare(a.ID, b.ID) })
	body, err := page(ctx, h, c, *in, listing[nudge.Rule, NudgeRule]{scope: []string{"nudge rules"}, read: inMemory(rules),
		show: func(r nudge.Rule) (NudgeRule, int, bool) { return showNudgeRule(r), 2048 + 64*len(r.Programs), true }})
	return &nudgeRulesOutput{body}, err
}

type nudgeRuleOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     NudgeRule
}

func (h *handler) getNudgeRule(ctx context.Context, c caller, in *NudgeRuleInput) (*nudgeRuleOutput, error) {
	_, r, err := h.nudgeRule(ctx, c, in.Rule)
	if err != nil {
		return nil, err
	}
	return &nudgeRuleOutput{ETag: etag(r.Rev), Body: showNudgeRule(r)}, nil
}

// nudgeRule gives a rule, with the setup that it is in.
func (h *handler) nudgeRule(ctx context.Context, c caller, id string) (nudge.Setup, nudge.Rule, error) {
	s, err := h.Nudges.NudgeSetup(ctx, c.organization)
	if err != nil {
		return s, nudge.Rule{}, err
	}
	r, found := s.Rule(id)
	if !found {
		return s, r, noNudgeRule(id)
	}
	return s, r, nil
}

func noNudgeRule(id string) error {
	return fault.New(fault.NotFound, "not_found", "There is no rule %q of nudges.", id)
}

type setNudgeRuleInput struct {
	NudgeRuleInput
	MatchInput
	Body NudgeRuleFields
}

func (h *handler) setNudgeRule(ctx context.Context, c caller, in *setNudgeRuleInput) (*nudgeRuleOutput, error) {
	if _, _, err := h.nudgeRule(ctx, c, in.Rule); err != nil {
		return nil, err
	}
	r, err := readNudgeRule(in.Rule, in.Body)
	if err != nil {
		return nil, err
	}
	_, err = h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		i := slices.IndexFunc(s.Rules, func(one nudge.Rule) bool { return one.ID == r.ID })
		if i < 0 {
			return noNudgeRule(r.ID)
		}
		if err := checkMatch(in.IfMatch, s.Rules[i].Rev); err != nil {
			return err
		}
		if s.Rules[i].Kind != r.Kind {
			return fault.New(fault.Conflict, "kind_stays", "The rule is of the kind %s, which does not change: its wordings are made for it. Add another rule.", s.Rules[i].Kind)
		}
		r.Rev = s.Rules[i].Rev + 1
		s.Rules[i] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &nudgeRuleOutput{ETag: etag(r.Rev), Body: showNudgeRule(r)}, nil
}

type addNudgeRuleInput struct {
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"40" pattern:"^[a-z0-9_]+$" example:"near_tier_enterprise"`
		NudgeRuleFields
	} `nameHint:"NewNudgeRule"`
}

func (h *handler) addNudgeRule(ctx context.Context, c caller, in *addNudgeRuleInput) (*nudgeRuleOutput, error) {
	r, err := readNudgeRule(in.Body.ID, in.Body.NudgeRuleFields)
	if err != nil {
		return nil, err
	}
	r.Rev = 1
	_, err = h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		if _, found := s.Rule(r.ID); found {
			return fault.New(fault.Conflict, store.CodeTaken, "There is a rule %q already: change it, or take another id.", r.ID)
		}
		if len(s.Rules) >= nudge.MaxRules {
			return fault.New(fault.Conflict, "too_many_rules", "There are %d rules already, and that is the most.", nudge.MaxRules)
		}
		s.Rules = append(s.Rules, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &nudgeRuleOutput{Location: "/v1/nudge-rules/" + r.ID, ETag: etag(r.Rev), Body: showNudgeRule(r)}, nil
}

func (h *handler) deleteNudgeRule(ctx context.Context, c caller, in *NudgeRuleInput) (*struct{}, error) {
	_, err := h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		if _, found := s.Rule(in.Rule); !found {
			return noNudgeRule(in.Rule)
		}
		s.Rules = slices.DeleteFunc(s.Rules, func(r nudge.Rule) bool { return r.ID == in.Rule })
		s.Wordings = slices.DeleteFunc(s.Wordings, func(w nudge.Wording) bool { return w.Rule == in.Rule })
		return nil
	})
	return nil, err
}

// readNudgeRule reads a rule, and refuses one that cannot be.
func readNudgeRule(id string, in NudgeRuleFields) (nudge.Rule, error) {
	r := nudge.Rule{ID: id, Kind: nudge.Kind(in.Kind), Title: in.Title, Off: in.Off, Programs: in.Programs, Component: in.Component, Deals: in.Deals, Estimate: in.Estimate,
		Days: in.Days, Top: in.Top, Channels: channelsOf(in.Channels), Cap: nudge.Cap{Times: in.Cap.Times, Hours: in.Cap.Hours}, Uncounted: in.Uncounted}
	for _, n := range []struct {
		text string
		to   **number.Number
	}{{in.Share, &r.Share}, {in.Attainment, &r.Attainment}} {
		if n.text == "" {
			continue
		}
		parsed, err := number.Parse(n.text)
		if err != nil {
			return r, err
		}
		*n.to = &parsed
	}
	return r, r.Check()
}

func showNudgeRule(r nudge.Rule) NudgeRule {
	out := NudgeRule{ID: r.ID, NudgeRuleFields: NudgeRuleFields{Kind: string(r.Kind), Title: r.Title, Off: r.Off, Programs: r.Programs, Component: r.Component, Deals: r.Deals,
		Estimate: r.Estimate, Days: r.Days, Top: r.Top, Channels: channelTexts(r.Channels), Cap: NudgeCap{r.Cap.Times, r.Cap.Hours}, Uncounted: r.Uncounted},
		Placeholders: nudge.Placeholders(r.Kind), Rev: r.Rev}
	if r.Share != nil {
		out.Share = r.Share.String()
	}
	if r.Attainment != nil {
		out.Attainment = r.Attainment.String()
	}
	return out
}
