package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/nudge/post"
	"leadline/shared/secret"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// NudgeSettings are what an organization says about nudges.
type NudgeSettings struct {
	Channels   []string   `json:"channels" maxItems:"3" enum:"inbox,email,slack" nullable:"false" doc:"Those that are switched on. Until an admin says more, what people are told goes to their inbox alone."`
	Zone       string     `json:"zone,omitempty" maxLength:"64" doc:"The time zone of who has none of one's own; that of the program if left out." example:"Europe/Berlin"`
	Language   string     `json:"language,omitempty" maxLength:"35" doc:"Of who has none of one's own; English if left out." example:"de"`
	QuietHours QuietHours `json:"quiet_hours" doc:"Of who has none of one's own."`
	PerDay     int        `json:"per_day" minimum:"0" maximum:"1000" doc:"How many nudges one person gets in a day, by all rules; 0 for no bound."`
}

// NudgeSetup is what is shown of it.
type NudgeSetup struct {
	NudgeSettings
	Slack     *NudgeSlack `json:"slack,omitempty" doc:"Absent without a webhook."`
	UpdatedAt *time.Time  `json:"updated_at,omitempty"`
}

// NudgeSlack is what is shown of a webhook, which is a secret.
type NudgeSlack struct {
	Hint string `json:"hint" doc:"Its last characters."`
}

func (h *handler) registerNudges(api huma.API) {
	register(api, h, route{
		id: "get-nudge-settings", method: http.MethodGet, path: "/v1/nudge-settings", tag: "nudges", needs: tenant.Reader,
		summary: "Get how people are told where they stand", text: "What the defaults are, where nobody said anything.",
	}, h.getNudgeSettings)
	register(api, h, route{
		id: "set-nudge-settings", method: http.MethodPut, path: "/v1/nudge-settings", tag: "nudges", needs: tenant.Admin,
		summary: "Say how people are told where they stand", text: "All of it at once; rules, wordings and the webhook stay as they are.", errors: []int{400, 409, 412, 413, 415},
	}, h.setNudgeSettings)
	register(api, h, route{
		id: "set-slack-webhook", method: http.MethodPut, path: "/v1/nudge-settings/slack", tag: "nudges", needs: tenant.Admin,
		summary: "Set Slack's webhook", text: "An incoming webhook of the channel that is written to. It is kept sealed and never shown. Switch the channel `slack` on for it to be used. Its ETag is that of the settings.", errors: []int{400, 409, 412, 413, 415},
	}, h.setSlackWebhook)
	register(api, h, route{
		id: "delete-slack-webhook", method: http.MethodDelete, path: "/v1/nudge-settings/slack", tag: "nudges", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Take Slack's webhook away", text: "The channel is switched off with it.", errors: []int{409},
	}, h.deleteSlackWebhook)
	register(api, h, route{
		id: "test-slack-webhook", method: http.MethodPost, path: "/v1/nudge-settings/slack/test", tag: "nudges", needs: tenant.Admin,
		summary: "Send a message to try Slack's webhook", text: "At once, and what Slack answered.", errors: []int{404},
	}, h.testSlackWebhook)
	h.registerNudgeRules(api)
	h.registerNudgeWordings(api)
	h.registerInbox(api)
}

type nudgeSettingsOutput struct {
	ETag string `header:"ETag"`
	Body NudgeSetup
}

func (h *handler) getNudgeSettings(ctx context.Context, c caller, _ *struct{}) (*nudgeSettingsOutput, error) {
	s, err := h.Nudges.NudgeSetup(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	return showNudgeSetup(s), nil
}

func showNudgeSetup(s nudge.Setup) *nudgeSettingsOutput {
	out := NudgeSetup{NudgeSettings: NudgeSettings{Channels: channelTexts(s.Channels), Zone: s.Zone, Language: s.Language, PerDay: s.PerDay,
		QuietHours: QuietHours{s.Quiet.From, s.Quiet.Until, s.Quiet.Weekend}}, UpdatedAt: someTime(s.UpdatedAt)}
	if len(s.Webhook) > 0 {
		out.Slack = &NudgeSlack{s.Hint}
	}
	return &nudgeSettingsOutput{ETag: etag(s.Rev), Body: out}
}

func channelTexts(all []nudge.Channel) []string {
	out := []string{}
	for _, c := range all {
		out = append(out, string(c))
	}
	return out
}

func channelsOf(all []string) []nudge.Channel {
	var out []nudge.Channel
	for _, c := range all {
		out = append(out, nudge.Channel(c))
	}
	return out
}

// nudgeTries is how often a change of the setup is made anew that somebody else's came before: all of it is one item.
const nudgeTries = 5

// changeNudges changes the setup of the caller's organization. It is made anew over what somebody else changed meanwhile.
func (h *handler) changeNudges(ctx context.Context, c caller, change func(*nudge.Setup) error) (nudge.Setup, error) {
	var err error
	for range nudgeTries {
		var s nudge.Setup
		if s, err = h.Nudges.NudgeSetup(ctx, c.organization); err != nil {
			return s, err
		}
		s.Channels, s.Rules, s.Wordings = slices.Clone(s.Channels), slices.Clone(s.Rules), slices.Clone(s.Wordings)
		if err := change(&s); err != nil {
			return s, err
		}
		s.By, s.UpdatedAt = c.actor, h.Now().UTC()
		s.Rev++
		err = h.Nudges.SaveNudgeSetup(ctx, s)
		if f := fault.Of(err); f == nil || f.Code != store.CodeStale {
			return s, err
		}
	}
	return nudge.Setup{}, stale(err, "")
}

type setNudgeSettingsInput struct {
	MatchInput
	Body NudgeSettings
}

func (h *handler) setNudgeSettings(ctx context.Context, c caller, in *setNudgeSettingsInput) (*nudgeSettingsOutput, error) {
	s, err := h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		if err := checkMatch(in.IfMatch, s.Rev); err != nil {
			return err
		}
		b := in.Body
		s.Channels, s.Zone, s.Language, s.PerDay = channelsOf(b.Channels), b.Zone, b.Language, b.PerDay
		s.Quiet = nudge.Quiet{From: b.QuietHours.From, Until: b.QuietHours.Until, Weekend: b.QuietHours.Weekend}
		return s.Check()
	})
	if err != nil {
		return nil, err
	}
	explain(ctx, "channels: %s", strings.Join(in.Body.Channels, ", "))
	return showNudgeSetup(s), nil
}

type setSlackWebhookInput struct {
	MatchInput
	Body struct {
		Webhook string `json:"webhook" minLength:"1" maxLength:"500" writeOnly:"true" doc:"A secret: it is never shown again." example:"https://hooks.slack.com/services/T000/B000/XXXX"`
	} `nameHint:"SlackWebhook"`
}

func (h *handler) setSlackWebhook(ctx context.Context, c caller, in *setSlackWebhookInput) (*nudgeSettingsOutput, error) {
	if err := post.CheckWebhook(in.Body.Webhook, h.AllowLoopback); err != nil {
		return nil, err
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	s, err := h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		if err := checkMatch(in.IfMatch, s.Rev); err != nil {
			return err
		}
		s.Webhook, s.Hint = box.Seal(secret.PurposeSlack, []byte(in.Body.Webhook)), post.Hint(in.Body.Webhook)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return showNudgeSetup(s), nil
}

func (h *handler) deleteSlackWebhook(ctx context.Context, c caller, _ *struct{}) (*struct{}, error) {
	_, err := h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		s.Webhook, s.Hint = nil, ""
		s.Channels = slices.DeleteFunc(s.Channels, func(c nudge.Channel) bool { return c == nudge.Slack })
		return nil
	})
	return nil, err
}

// SlackTest is what Slack made of a message.
type SlackTest struct {
	Taken   bool   `json:"taken"`
	Problem string `json:"problem,omitempty" doc:"Why it was not taken."`
}

type slackTestOutput struct{ Body SlackTest }

func (h *handler) testSlackWebhook(ctx context.Context, c caller, _ *struct{}) (*slackTestOutput, error) {
	s, err := h.Nudges.NudgeSetup(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	if len(s.Webhook) == 0 {
		return nil, fault.New(fault.NotFound, "not_found", "Slack has no webhook yet: set it with PUT /v1/nudge-settings/slack.")
	}
	box, err := h.box(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	a, err := post.Slack(ctx, h.Slack, box, s.Webhook, "test", "Leadline writes here where people stand. This is a test.")
	if err != nil {
		return nil, err
	}
	explain(ctx, "taken: %t", a.Taken)
	return &slackTestOutput{SlackTest{a.Taken, a.Problem}}, nil
}
