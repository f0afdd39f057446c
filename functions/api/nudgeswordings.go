package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/nudge"
	"leadline/shared/tenant"
)

// allChannels stands, in a path, for the channels that have no wording of their own.
const allChannels = "all"

// NudgeWording is how a rule says what it tells.
type NudgeWording struct {
	Language string `json:"language" example:"de"`
	Channel  string `json:"channel" enum:"all,inbox,email,slack" doc:"all: of the channels that have none of their own."`
	NudgeWordingText
	Own bool  `json:"own" doc:"It is the organization's; else it is the default."`
	Rev int64 `json:"rev" doc:"Counts the changes. Its ETag."`
}

// NudgeWordingText is what a wording says.
type NudgeWordingText struct {
	Subject string `json:"subject,omitempty" maxLength:"200" doc:"Heads it in the inbox and in e-mails." example:"{left} to the next tier"`
	Text    string `json:"text" minLength:"1" maxLength:"2000" doc:"Placeholders stand in braces; a brace itself is written twice. The rule says which there are." example:"Only {left} to go in {program}, {name}."`
}

func (h *handler) registerNudgeWordings(api huma.API) {
	const path = "/v1/nudge-rules/{nudge_rule}/wordings"
	register(api, h, route{
		id: "list-nudge-wordings", method: http.MethodGet, path: path, tag: "nudges", needs: tenant.Reader,
		summary: "List the wordings of a rule", text: "The organization's, then the defaults for the languages that have them.", errors: []int{400, 404},
	}, h.listNudgeWordings)
	register(api, h, route{
		id: "set-nudge-wording", method: http.MethodPut, path: path + "/{language}/{channel}", tag: "nudges", needs: tenant.Admin,
		summary: "Say how a rule says what it tells", text: "In a language, by a channel. A placeholder that the rule does not have is refused, with its place.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.setNudgeWording)
	register(api, h, route{
		id: "delete-nudge-wording", method: http.MethodDelete, path: path + "/{language}/{channel}", tag: "nudges", needs: tenant.Admin, status: http.StatusNoContent,
		summary: "Delete a wording", text: "The default, or that of a broader language or channel, counts again.", errors: []int{404, 409},
	}, h.deleteNudgeWording)
	register(api, h, route{
		id: "preview-nudge", method: http.MethodPost, path: "/v1/nudge-rules/{nudge_rule}/preview", tag: "nudges", needs: tenant.Reader, reads: true,
		summary: "See what a wording would say", text: "With made-up values. Without a text, the wording that counts. Nothing is sent.", errors: []int{400, 404, 413, 415},
	}, h.previewNudge)
}

type listNudgeWordingsInput struct {
	NudgeRuleInput
	PageInput
}

type nudgeWordingsOutput struct{ Body list[NudgeWording] }

func (h *handler) listNudgeWordings(ctx context.Context, c caller, in *listNudgeWordingsInput) (*nudgeWordingsOutput, error) {
	s, r, err := h.nudgeRule(ctx, c, in.Rule)
	if err != nil {
		return nil, err
	}
	var all []NudgeWording
	for _, w := range s.Wordings {
		if w.Rule == r.ID {
			all = append(all, showNudgeWording(w))
		}
	}
	plain := nudge.Setup{}
	for _, language := range nudge.Languages() {
		for _, channel := range nudge.Channels() {
			all = append(all, showNudgeWording(plain.WordingFor(r, language, channel)))
		}
	}
	body, err := page(ctx, h, c, in.PageInput, listing[NudgeWording, NudgeWording]{scope: []string{"nudge wordings", r.ID}, read: inMemory(all),
		show: func(w NudgeWording) (NudgeWording, int, bool) {
			return w, 256 + escapedLength([]byte(w.Subject+w.Text)), true
		}})
	return &nudgeWordingsOutput{body}, err
}

// NudgeWordingInput names a wording.
type NudgeWordingInput struct {
	NudgeRuleInput
	Language string `path:"language" maxLength:"35" example:"de"`
	Channel  string `path:"channel" maxLength:"20" doc:"all, inbox, email or slack." example:"all"`
}

// check refuses a channel or language that there is not.
func (in NudgeWordingInput) check() error {
	if !slices.Contains([]string{"all", "inbox", "email", "slack"}, in.Channel) {
		return fault.New(fault.NotFound, "not_found", "There is no channel %q: there are all, inbox, email and slack.", in.Channel)
	}
	if main, _, _ := strings.Cut(in.Language, "-"); len(main) < 2 || len(main) > 3 {
		return fault.New(fault.NotFound, "not_found", "There is no language %q: say it as de, or de-AT.", in.Language)
	}
	return nil
}

// is tells whether a wording is the one that is named.
func (in NudgeWordingInput) is(w nudge.Wording) bool {
	return w.Rule == in.Rule && strings.EqualFold(w.Language, in.Language) && w.Channel == channelOf(in.Channel)
}

func channelOf(text string) nudge.Channel {
	if text == allChannels {
		return ""
	}
	return nudge.Channel(text)
}

type setNudgeWordingInput struct {
	NudgeWordingInput
	MatchInput
	Body NudgeWordingText
}

type nudgeWordingOutput struct {
	ETag string `header:"ETag"`
	Body NudgeWording
}

func (h *handler) setNudgeWording(ctx context.Context, c caller, in *setNudgeWordingInput) (*nudgeWordingOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	w := nudge.Wording{Rule: in.Rule, Language: in.Language, Channel: channelOf(in.Channel), Subject: in.Body.Subject, Text: in.Body.Text}
	_, err := h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		r, found := s.Rule(in.Rule)
		if !found {
			return noNudgeRule(in.Rule)
		}
		if err := w.Check(r.Kind); err != nil {
			return err
		}
		i := slices.IndexFunc(s.Wordings, in.is)
		if i < 0 {
			if in.IfMatch != "" {
				return preconditionFailed()
			}
			if len(s.Wordings) >= nudge.MaxWordings {
				return fault.New(fault.Conflict, "too_many_wordings", "There are %d wordings already, and that is the most.", nudge.MaxWordings)
			}
			w.Rev = 1
			s.Wordings = append(s.Wordings, w)
			return nil
		}
		if err := checkMatch(in.IfMatch, s.Wordings[i].Rev); err != nil {
			return err
		}
		w.Rev = s.Wordings[i].Rev + 1
		s.Wordings[i] = w
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &nudgeWordingOutput{etag(w.Rev), showNudgeWording(w)}, nil
}

func (h *handler) deleteNudgeWording(ctx context.Context, c caller, in *NudgeWordingInput) (*struct{}, error) {
	_, err := h.changeNudges(ctx, c, func(s *nudge.Setup) error {
		before := len(s.Wordings)
		if s.Wordings = slices.DeleteFunc(s.Wordings, in.is); len(s.Wordings) == before {
			return fault.New(fault.NotFound, "not_found", "The organization has no wording of its own for the rule %q in %q by %s.", in.Rule, in.Language, in.Channel)
		}
		return nil
	})
	return nil, err
}

type previewNudgeInput struct {
	NudgeRuleInput
	Body struct {
		Language string `json:"language,omitempty" maxLength:"35" example:"de"`
		Channel  string `json:"channel" enum:"inbox,email,slack"`
		Subject  string `json:"subject,omitempty" maxLength:"200"`
		Text     string `json:"text,omitempty" maxLength:"2000" doc:"What is tried; the wording that counts if left out."`
	} `nameHint:"NudgePreviewRequest"`
}

// NudgePreview is what a wording says of made-up values.
type NudgePreview struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text" doc:"For Slack as it is sent: escaped."`
}

type nudgePreviewOutput struct{ Body NudgePreview }

func (h *handler) previewNudge(ctx context.Context, c caller, in *previewNudgeInput) (*nudgePreviewOutput, error) {
	s, r, err := h.nudgeRule(ctx, c, in.Rule)
	if err != nil {
		return nil, err
	}
	language, channel := in.Body.Language, nudge.Channel(in.Body.Channel)
	if language == "" {
		language = s.Language
	}
	w := s.WordingFor(r, language, channel)
	if in.Body.Text != "" {
		w = nudge.Wording{Rule: r.ID, Language: language, Channel: channel, Subject: in.Body.Subject, Text: in.Body.Text}
		if language == "" {
			w.Language = "en"
		}
		if err := w.Check(r.Kind); err != nil {
			return nil, err
		}
	}
	says, err := w.Say(channel, nudge.Samples(r.Kind, language), nudge.Mention("U012AB3CD"))
	if err != nil {
		return nil, err
	}
	return &nudgePreviewOutput{NudgePreview(says)}, nil
}

func showNudgeWording(w nudge.Wording) NudgeWording {
	channel := string(w.Channel)
	if channel == "" {
		channel = allChannels
	}
	return NudgeWording{Language: w.Language, Channel: channel, NudgeWordingText: NudgeWordingText{w.Subject, w.Text}, Own: w.Rev > 0, Rev: w.Rev}
}
