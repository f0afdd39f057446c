package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/incentive/keeper"
	"leadline/shared/money"
	"leadline/shared/roster"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// ProgramPreview is whom a change of a program would affect, and by how much.
type ProgramPreview struct {
	ID           string           `json:"id" example:"pre_4f0c9a2b1x7z"`
	Status       string           `json:"status" enum:"running,done,failed"`
	Error        string           `json:"error,omitempty" doc:"Why it failed."`
	Summary      string           `json:"summary,omitempty" doc:"In one sentence." example:"14 people, +1,234.50 EUR"`
	Versions     []ProgramInForce `json:"versions" nullable:"false" doc:"Those that it reckoned with; the last is the draft."`
	From         string           `json:"from,omitempty" doc:"The first period that it reckoned." example:"2026-10"`
	Periods      int              `json:"periods" doc:"How many it reckoned."`
	Records      int              `json:"records" doc:"Records that were read."`
	Refused      int              `json:"refused" doc:"Those among them that somebody would have to look at."`
	Participants int              `json:"participants" doc:"Those that were reckoned."`
	Affected     int              `json:"affected" doc:"Those for whom something differs."`
	Before       *Money           `json:"before,omitempty" doc:"What is shown now, of all periods and participants."`
	After        *Money           `json:"after,omitempty"`
	Difference   *Money           `json:"difference,omitempty"`
	Effects      []ProgramEffect  `json:"effects" nullable:"false" doc:"What differs, by participant and period: the largest differences first, a page of them."`
	Next         string           `json:"next,omitempty" doc:"The cursor of the next page of effects; absent on the last."`
	At           time.Time        `json:"at"`
}

// ProgramEffect is what a change does for one participant and period.
type ProgramEffect struct {
	Participant string `json:"participant" example:"mem_4f0c9a2b1x7z"`
	Name        string `json:"name,omitempty"`
	Period      string `json:"period" example:"2026-11"`
	Before      Money  `json:"before"`
	After       Money  `json:"after"`
	Difference  Money  `json:"difference"`
}

// Money is an amount of money.
type Money struct {
	Minor    int64  `json:"minor" doc:"In minor units: cents of EUR, yen." example:"123450"`
	Currency string `json:"currency" example:"EUR"`
	Text     string `json:"text" doc:"For people." example:"1234.50 EUR"`
}

func showMoney(minor int64, currency string) Money {
	return Money{Minor: minor, Currency: currency, Text: money.Amount{Minor: minor, Currency: currency}.String()}
}

// previewID is the prefix of ids of previews.
const previewID = "pre"

func (h *handler) registerProgramPreviews(api huma.API) {
	register(api, h, route{
		id: "start-preview", method: http.MethodPost, path: "/v1/programs/{program}/previews", tag: "programs", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "See what the draft would change", text: "Who would be paid what, before and after. Nothing that is shown changes. It reads all records of the program, 50,000 at most; the answer waits at its `Location`.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.startPreview)
	register(api, h, route{
		id: "get-preview", method: http.MethodGet, path: "/v1/programs/{program}/previews/{preview}", tag: "programs", needs: tenant.Admin,
		summary: "Get what the draft would change", text: "It is kept for a week.", errors: []int{400, 404},
	}, h.getPreview)
}

type startPreviewInput struct {
	ProgramInput
	ResendInput
	Body *struct {
		From string `json:"from,omitempty" maxLength:"10" doc:"The day from which the draft would be in force; its own if left out."`
	} `nameHint:"NewPreview"`
}

type previewOutput struct {
	Location string `header:"Location"`
	Body     ProgramPreview
}

func (h *handler) startPreview(ctx context.Context, c caller, in *startPreviewInput) (*previewOutput, error) {
	var from string
	if in.Body != nil {
		from = in.Body.From
	}
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "start-preview", in.Program, from)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusAccepted, func() (ProgramPreview, func(*store.Receipt) error, error) {
		p, err := h.changeable(ctx, c, in.Program, "")
		if err != nil {
			return ProgramPreview{}, nil, err
		}
		d, day, err := h.meant(ctx, p, nil, from)
		if err != nil {
			return ProgramPreview{}, nil, err
		}
		proposed, err := h.propose(ctx, p, d, day)
		if err == nil {
			err = wrongProgram(proposed.problems, "draft", "There is no preview of what cannot be published")
		}
		if err != nil {
			return ProgramPreview{}, nil, err
		}
		id, err := tenant.NewID(previewID, h.Random)
		if err != nil {
			return ProgramPreview{}, nil, err
		}
		out := showPreview(keeper.Preview{ID: id, Status: keeper.PreviewRunning, At: h.Now().UTC()}, nil)
		return out, func(receipt *store.Receipt) error {
			_, err := h.incentives.AskPreview(ctx, p, id, keeper.PreviewRequest{Versions: proposed.versions, Reads: proposed.reads})
			if err != nil || receipt == nil {
				return err
			}
			return h.Tenancy.SaveReceipt(ctx, *receipt, h.Now()) // last: a preview too many does no harm, one that nobody makes would
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return &previewOutput{Location: "/v1/programs/" + in.Program + "/previews/" + made.ID, Body: made}, nil
}

type getPreviewInput struct {
	ProgramInput
	PageInput
	Preview string `path:"preview" maxLength:"64" example:"pre_4f0c9a2b1x7z"`
}

func (h *handler) getPreview(ctx context.Context, c caller, in *getPreviewInput) (*previewOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(in.Preview, func(r rune) bool { return r == '/' || r == '.' }) { // it becomes part of a key
		return nil, fault.New(fault.NotFound, "not_found", "There is no preview %q.", in.Preview)
	}
	v, err := h.incentives.LoadPreview(ctx, p, in.Preview)
	if err != nil {
		return nil, notFound(err, "There is no preview %q. It is kept for a week.", in.Preview)
	}
	members, err := h.knownMembers(ctx, c.organization)
	if err != nil {
		return nil, err
	}
	effects := slices.Clone(v.Effects)
	slices.SortFunc(effects, func(a, b keeper.Effect) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a.Participant, b.Participant), cmp.Compare(a.Period, b.Period))
	})
	shown, err := page(ctx, h, c, in.PageInput, listing[keeper.Effect, ProgramEffect]{
		scope: []string{"effects", p.ID, v.ID},
		read:  inMemory(effects),
		show: func(e keeper.Effect) (ProgramEffect, int, bool) {
			return ProgramEffect{Participant: e.Participant, Name: nameIn(members, e.Participant), Period: e.Period, Before: showMoney(e.Before, v.Currency),
				After: showMoney(e.After, v.Currency), Difference: showMoney(e.After-e.Before, v.Currency)}, 1024, true
		},
	})
	out := showPreview(v, members)
	out.Effects, out.Next = shown.Items, shown.Next
	return &previewOutput{Body: out}, err
}

func size(e keeper.Effect) int64 { return max(e.After-e.Before, e.Before-e.After) }

func showPreview(v keeper.Preview, members roster.Roster) ProgramPreview {
	out := ProgramPreview{ID: v.ID, Status: v.Status, Error: v.Error, Versions: showInForce(v.Versions), From: v.From, Periods: v.Periods, Records: v.Records, Refused: v.Refused,
		Participants: v.Participants, Effects: []ProgramEffect{}, At: v.At}
	if v.Status != keeper.PreviewDone {
		return out
	}
	people := map[string]bool{}
	for _, e := range v.Effects {
		people[e.Participant] = true
	}
	difference := v.AfterTotal - v.BeforeTotal
	out.Affected = len(people)
	before, after, between := showMoney(v.BeforeTotal, v.Currency), showMoney(v.AfterTotal, v.Currency), showMoney(difference, v.Currency)
	out.Before, out.After, out.Difference = &before, &after, &between
	switch {
	case len(people) == 0:
		out.Summary = "Nobody is affected."
	case len(people) == 1 && members != nil:
		for id := range people {
			out.Summary = fmt.Sprintf("1 person (%s), %s", cmp.Or(nameIn(members, id), id), signedMoney(difference, v.Currency))
		}
	default:
		out.Summary = fmt.Sprintf("%d people, %s", len(people), signedMoney(difference, v.Currency))
	}
	return out
}

// signedMoney writes a difference for people: "+1,234.50 EUR".
func signedMoney(minor int64, currency string) string {
	text := money.Amount{Minor: minor, Currency: currency}.String()
	sign := "+"
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	}
	end := strings.IndexAny(text, ". ")
	var whole strings.Builder
	for i, digit := range text[:end] {
		if i > 0 && (end-i)%3 == 0 {
			whole.WriteByte(',')
		}
		whole.WriteRune(digit)
	}
	return sign + whole.String() + text[end:]
}
