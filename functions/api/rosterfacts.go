package main

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/roster"
	"leadline/shared/tenant"
)

// During is the time for which something is said.
type During struct {
	From  string `json:"from,omitempty" maxLength:"10" example:"2026-01-01" doc:"The first day, in the past too; today if left out. 0001-01-01 for ever since."`
	Until string `json:"until,omitempty" maxLength:"10" example:"2026-07-01" doc:"The day when it ends, which is not in it; for good if left out."`
}

func (d During) during() During { return d }

// MemberActive, MemberRole, MemberTeams, MemberManager and MemberScope are what can be said of a member.
type MemberActive struct {
	Value bool `json:"value"`
	During
}

// MemberRole is the role of a member for a time.
type MemberRole struct {
	Value string `json:"value" enum:"partner,manager,admin"`
	During
}

// MemberTeams are the teams of a member for a time.
type MemberTeams struct {
	Value []string `json:"value" nullable:"false" maxItems:"50" doc:"All teams that the member is in then: names, or ids in the CRM (also as connection/id). A name that no team has makes one."`
	During
}

// MemberManager is the manager of a member for a time.
type MemberManager struct {
	Value string `json:"value" maxLength:"254" example:"mem_4f0c9a2b1x7z" doc:"The manager's id, or e-mail address if nobody else has it. Empty says that the member reports to nobody."`
	During
}

// MemberScope is whose figures a member sees for a time.
type MemberScope struct {
	Value string `json:"value" enum:"own,team,all"`
	During
}

type setFactInput[B any] struct {
	MemberInput
	MatchInput
	Body B
}

type clearFactInput struct {
	MemberInput
	MatchInput
	From  string `query:"from" maxLength:"10" doc:"The first day; ever since if left out."`
	Until string `query:"until" maxLength:"10" doc:"The day when it ends; for good if left out."`
}

// registerFact adds the routes by which an admin says something of members, and takes it back.
func registerFact[B interface{ during() During }](api huma.API, h *handler, kind roster.Kind, what string, value func(roster.Roster, B) (roster.Value, error)) {
	path := "/v1/members/{member}/" + string(kind)
	register(api, h, route{
		id: "set-member-" + string(kind), method: http.MethodPut, path: path, tag: "members", needs: tenant.Admin, summary: "Say " + what,
		text:   "It counts for that time, whatever was said before and whatever a CRM says or will say. What was said before stays readable.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, func(ctx context.Context, c caller, in *setFactInput[B]) (*memberOutput, error) {
		span, err := h.span(ctx, c, in.Body.during())
		if err != nil {
			return nil, err
		}
		explain(ctx, "%s from %s until %s", kind, span.From, orNever(span.Until))
		err = h.changeMember(ctx, c, in.Member, in.IfMatch, func(all roster.Roster, m *roster.Member) (bool, error) {
			v, err := value(all, in.Body)
			if err != nil {
				return false, err
			}
			return m.Set(kind, span, v, h.author(c, roster.ByAdmin))
		})
		if err != nil {
			return nil, err
		}
		return h.memberToday(ctx, c, in.Member)
	})
	register(api, h, route{
		id: "clear-member-" + string(kind), method: http.MethodDelete, path: path, tag: "members", needs: tenant.Admin, summary: "Take back what was said of " + what,
		text: "For that time the CRM counts again.", errors: []int{400, 404, 409, 412},
	}, func(ctx context.Context, c caller, in *clearFactInput) (*memberOutput, error) {
		span, err := readSpan(in.From, in.Until)
		if err != nil {
			return nil, err
		}
		explain(ctx, "%s from %s until %s", kind, orNever(span.From), orNever(span.Until))
		err = h.changeMember(ctx, c, in.Member, in.IfMatch, func(_ roster.Roster, m *roster.Member) (bool, error) {
			return m.Clear(kind, span, h.author(c, roster.ByAdmin))
		})
		if err != nil {
			return nil, err
		}
		return h.memberToday(ctx, c, in.Member)
	})
}

// span reads a time that begins today if it does not say when.
func (h *handler) span(ctx context.Context, c caller, d During) (roster.Span, error) {
	s, err := readSpan(d.From, d.Until)
	if err == nil && s.From == "" {
		s.From, err = h.keeper().Today(ctx, c.organization)
	}
	if err != nil {
		return s, err
	}
	return s, s.Check()
}

func readSpan(from, until string) (s roster.Span, err error) {
	if s.From, err = calendar.ParseDate(from); err != nil {
		return s, err
	}
	if s.Until, err = calendar.ParseDate(until); err != nil {
		return s, err
	}
	return s, s.Check()
}

func orNever(d roster.Date) roster.Date {
	if d == "" {
		return "ever"
	}
	return d
}
