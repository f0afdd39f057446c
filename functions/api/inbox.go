package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Nudge is one thing that somebody was told, or was not and why.
type Nudge struct {
	ID          string      `json:"id"`
	At          time.Time   `json:"at"`
	Participant string      `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Rule        string      `json:"rule" example:"near_tier"`
	Kind        string      `json:"kind" example:"near_tier"`
	Program     string      `json:"program,omitempty"`
	Period      string      `json:"period,omitempty" example:"2026-11"`
	Causes      []string    `json:"causes" nullable:"false" doc:"What it is about, for programs: each is told once."`
	Outcome     string      `json:"outcome" enum:"sent,held,suppressed"`
	Why         string      `json:"why,omitempty" enum:"quiet_hours,cap,daily_cap,opted_out,no_channel" doc:"Why it was held or suppressed."`
	Until       *time.Time  `json:"until,omitempty" doc:"When what was held is looked at again: it is told then if it is still so."`
	Posts       []NudgePost `json:"posts" nullable:"false" doc:"What was said, by each channel, and what became of it."`
	ReadAt      *time.Time  `json:"read_at,omitempty" doc:"When the person said that it was seen."`
}

// NudgePost is a nudge on its way by a channel.
type NudgePost struct {
	Channel string     `json:"channel" enum:"inbox,email,slack"`
	Subject string     `json:"subject,omitempty"`
	Text    string     `json:"text"`
	State   string     `json:"state" enum:"waiting,sending,sent,failed,off,unknown" doc:"unknown: nobody knows whether it arrived; it is not sent twice. off: there was nobody to send it to any more."`
	At      *time.Time `json:"at,omitempty" doc:"When it was last tried."`
	Problem string     `json:"problem,omitempty"`
}

// InboxItem is a nudge as the person finds it.
type InboxItem struct {
	ID      string     `json:"id"`
	At      time.Time  `json:"at"`
	Kind    string     `json:"kind" example:"near_tier"`
	Program string     `json:"program,omitempty"`
	Period  string     `json:"period,omitempty" example:"2026-11"`
	Subject string     `json:"subject"`
	Text    string     `json:"text"`
	ReadAt  *time.Time `json:"read_at,omitempty" doc:"When the person said that it was seen."`
}

func (h *handler) registerInbox(api huma.API) {
	register(api, h, route{
		id: "list-inbox", method: http.MethodGet, path: "/v1/participants/{participant}/inbox", tag: "nudges", needs: tenant.Reader,
		summary: "List what somebody was told", text: "Newest first. `me` stands for the caller's own member; admins see those of others. Kept for 400 days.", errors: []int{400, 404},
	}, h.listInbox)
	register(api, h, route{
		id: "read-nudge", method: http.MethodPost, path: "/v1/participants/{participant}/inbox/{nudge}/read", tag: "nudges", needs: tenant.Reader, status: http.StatusNoContent,
		summary: "Say that something in the inbox was seen", errors: []int{404},
	}, h.readNudge)
	register(api, h, route{
		id: "get-nudge-preferences", method: http.MethodGet, path: "/v1/participants/{participant}/nudge-preferences", tag: "nudges", needs: tenant.Reader,
		summary: "Get what somebody wants to hear", text: "`me` stands for the caller's own member; admins see those of others.", errors: []int{404},
	}, h.getNudgePreferences)
	register(api, h, route{
		id: "set-nudge-preferences", method: http.MethodPut, path: "/v1/participants/{participant}/nudge-preferences", tag: "nudges", needs: tenant.Reader,
		summary: "Say what somebody wants to hear", text: "All of it at once: language, zone, quiet hours, what is muted. Everybody says so of oneself, admins of others, too.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setNudgePreferences)
	register(api, h, route{
		id: "list-nudges", method: http.MethodGet, path: "/v1/nudges", tag: "nudges", needs: tenant.Admin,
		summary: "List what people were told, and what they were not and why", text: "Newest first, of everybody. Kept for 400 days.", errors: []int{400},
	}, h.listNudges)
}

// selfOrAdmin gives the member that a path means: the caller's own, or another for an admin.
func (h *handler) selfOrAdmin(ctx context.Context, c caller, participant string) (string, error) {
	s, err := h.sight(ctx, c)
	if err != nil {
		return "", err
	}
	who, err := s.participant(participant)
	if err != nil {
		return "", err
	}
	if _, member := s.members[who]; !member || who != s.member && !c.role.Allows(tenant.Admin) {
		return "", fault.New(fault.NotFound, "not_found", "There is no participant %q whose inbox you see: it is one's own, and admins see those of all members.", participant)
	}
	return who, nil
}

// NudgeParticipantInput names whose nudges are meant.
type NudgeParticipantInput struct {
	Participant string `path:"participant" maxLength:"250" doc:"A member, or me." example:"me"`
}

type listInboxInput struct {
	NudgeParticipantInput
	PageInput
}

type inboxOutput struct{ Body list[InboxItem] }

func (h *handler) listInbox(ctx context.Context, c caller, in *listInboxInput) (*inboxOutput, error) {
	who, err := h.selfOrAdmin(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[nudge.Nudge, InboxItem]{
		scope: []string{"inbox", who},
		read: func(ctx context.Context, p store.Page) ([]nudge.Nudge, string, error) {
			return h.Nudges.Inbox(ctx, c.organization, who, p)
		},
		show: func(n nudge.Nudge) (InboxItem, int, bool) {
			post := n.By(nudge.Inbox)
			if post == nil {
				return InboxItem{}, 0, false
			}
			out := InboxItem{ID: n.ID, At: n.At, Kind: string(n.Kind), Program: n.Program, Period: n.Period, Subject: post.Subject, Text: post.Text, ReadAt: someTime(n.ReadAt)}
			return out, 512 + escapedLength([]byte(post.Subject+post.Text)), true
		},
	})
	return &inboxOutput{body}, err
}

type readNudgeInput struct {
	NudgeParticipantInput
	Nudge string `path:"nudge" maxLength:"64"`
}

func (h *handler) readNudge(ctx context.Context, c caller, in *readNudgeInput) (*struct{}, error) {
	who, err := h.selfOrAdmin(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	err = h.Nudges.MarkNudgeRead(ctx, c.organization, who, in.Nudge, h.Now().UTC())
	return nil, notFound(err, "There is no nudge %q in that inbox.", in.Nudge)
}

type listNudgesInput struct {
	PageInput
	Participant string `query:"participant" maxLength:"64" doc:"Only those of a member."`
	Rule        string `query:"rule" maxLength:"40" doc:"Only those of a rule."`
	Outcome     string `query:"outcome" enum:"sent,held,suppressed" doc:"Only those of which this became."`
}

type nudgesOutput struct{ Body list[Nudge] }

func (h *handler) listNudges(ctx context.Context, c caller, in *listNudgesInput) (*nudgesOutput, error) {
	filter := store.NudgeFilter{Member: in.Participant, Rule: in.Rule, Outcome: nudge.Outcome(in.Outcome)}
	body, err := page(ctx, h, c, in.PageInput, listing[nudge.Nudge, Nudge]{
		scope: append([]string{"nudges"}, filter.Name()...),
		read: func(ctx context.Context, p store.Page) ([]nudge.Nudge, string, error) {
			return h.Nudges.NudgeLog(ctx, c.organization, filter, p)
		},
		show: func(n nudge.Nudge) (Nudge, int, bool) {
			out, size := Nudge{ID: n.ID, At: n.At, Participant: n.Member, Rule: n.Rule, Kind: string(n.Kind), Program: n.Program, Period: n.Period, Causes: texts(n.Causes),
				Outcome: string(n.Outcome), Why: n.Why, Until: someTime(n.Until), Posts: []NudgePost{}, ReadAt: someTime(n.ReadAt)}, 1024
			for _, p := range n.Posts {
				out.Posts = append(out.Posts, NudgePost{Channel: string(p.Channel), Subject: p.Subject, Text: p.Text, State: string(p.State), At: someTime(p.At), Problem: p.Problem})
				size += 256 + escapedLength([]byte(p.Subject+p.Text+p.Problem))
			}
			return out, size, true
		},
	})
	return &nudgesOutput{body}, err
}

// NudgePreferences are what somebody wants to hear, and when.
type NudgePreferences struct {
	Language   string      `json:"language,omitempty" maxLength:"35" doc:"A tag such as de or pt-BR; the organization's if left out." example:"de"`
	Zone       string      `json:"zone,omitempty" maxLength:"64" doc:"The time zone of quiet hours and days; the organization's, or that of the program, if left out." example:"Europe/Berlin"`
	QuietHours *QuietHours `json:"quiet_hours,omitempty" doc:"The organization's if left out."`
	Off        bool        `json:"off,omitempty" doc:"Nothing is told at all."`
	Mutes      []NudgeMute `json:"mutes,omitempty" maxItems:"100" nullable:"false"`
	SlackUser  string      `json:"slack_user,omitempty" maxLength:"32" doc:"The id by which Slack knows the person, for a mention." example:"U012AB3CD"`
}

// QuietHours are those in which nobody is sent e-mail or Slack; what goes to the inbox alone is not held.
type QuietHours struct {
	From    string `json:"from,omitempty" maxLength:"5" example:"20:00"`
	Until   string `json:"until,omitempty" maxLength:"5" example:"08:00"`
	Weekend bool   `json:"weekend,omitempty" doc:"All of Saturday and Sunday, too."`
}

// NudgeMute opts out of a rule, a channel, or a rule by a channel.
type NudgeMute struct {
	Rule    string `json:"rule,omitempty" maxLength:"40" example:"near_tier"`
	Channel string `json:"channel,omitempty" enum:"inbox,email,slack"`
}

type nudgePreferencesOutput struct {
	ETag string `header:"ETag"`
	Body NudgePreferences
}

func (h *handler) getNudgePreferences(ctx context.Context, c caller, in *NudgeParticipantInput) (*nudgePreferencesOutput, error) {
	who, err := h.selfOrAdmin(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	p, err := h.Nudges.NudgePreference(ctx, c.organization, who)
	if err != nil {
		return nil, err
	}
	return showNudgePreferences(p), nil
}

type setNudgePreferencesInput struct {
	NudgeParticipantInput
	MatchInput
	Body NudgePreferences
}

func (h *handler) setNudgePreferences(ctx context.Context, c caller, in *setNudgePreferencesInput) (*nudgePreferencesOutput, error) {
	who, err := h.selfOrAdmin(ctx, c, in.Participant)
	if err != nil {
		return nil, err
	}
	before, err := h.Nudges.NudgePreference(ctx, c.organization, who)
	if err != nil {
		return nil, err
	}
	if err := checkMatch(in.IfMatch, before.Rev); err != nil {
		return nil, err
	}
	p := nudge.Preference{Organization: c.organization, Member: who, Language: in.Body.Language, Zone: in.Body.Zone, Off: in.Body.Off, SlackUser: in.Body.SlackUser, By: c.actor, Rev: before.Rev + 1}
	if q := in.Body.QuietHours; q != nil {
		p.Quiet = &nudge.Quiet{From: q.From, Until: q.Until, Weekend: q.Weekend}
	}
	for _, m := range in.Body.Mutes {
		p.Mutes = append(p.Mutes, nudge.Mute{Rule: m.Rule, Channel: nudge.Channel(m.Channel)})
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	explain(ctx, "of %s", who)
	if err := stale(h.Nudges.SaveNudgePreference(ctx, p), in.IfMatch); err != nil {
		return nil, err
	}
	return showNudgePreferences(p), nil
}

func showNudgePreferences(p nudge.Preference) *nudgePreferencesOutput {
	out := NudgePreferences{Language: p.Language, Zone: p.Zone, Off: p.Off, Mutes: []NudgeMute{}, SlackUser: p.SlackUser}
	if p.Quiet != nil {
		out.QuietHours = &QuietHours{p.Quiet.From, p.Quiet.Until, p.Quiet.Weekend}
	}
	for _, m := range p.Mutes {
		out.Mutes = append(out.Mutes, NudgeMute{m.Rule, string(m.Channel)})
	}
	return &nudgePreferencesOutput{ETag: etag(p.Rev), Body: out}
}
