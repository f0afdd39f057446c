package main

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/fault"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// ProgramTemplate makes a program of a few answers.
type ProgramTemplate struct {
	Name        string             `json:"name" example:"percent_of_won_deals"`
	Title       string             `json:"title"`
	Description string             `json:"description"`
	Connector   string             `json:"connector" doc:"For connections of this one." example:"close"`
	Kind        string             `json:"kind" enum:"commission,contest"`
	Questions   []TemplateQuestion `json:"questions" nullable:"false"`
}

// TemplateQuestion is what a template asks.
type TemplateQuestion struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Help    string   `json:"help"`
	Type    string   `json:"type" enum:"percent,money,number,whole,choice,text"`
	Default string   `json:"default" doc:"The answer if none is given."`
	Unit    string   `json:"unit,omitempty"`
	Choices []string `json:"choices,omitempty" nullable:"false"`
	Zero    bool     `json:"zero,omitempty" doc:"The answer may be 0."`
}

// ProgramTemplates are all of them.
type ProgramTemplates struct {
	Items []ProgramTemplate `json:"items" nullable:"false"`
}

func (h *handler) registerTemplates(api huma.API) {
	register(api, h, route{
		id: "get-program-templates", method: http.MethodGet, path: "/v1/program-templates", tag: "programs", needs: tenant.Reader,
		summary: "Get the templates of programs", text: "Each with what it asks.",
	}, h.programTemplates)
	register(api, h, route{
		id: "use-program-template", method: http.MethodPost, path: "/v1/program-templates/{template}", tag: "programs", needs: tenant.Admin, status: http.StatusCreated,
		summary: "Make a program of a template", text: "Of a connection and the answers to what the template asks. It becomes a draft, and with `publish` is published at once, from the first day of the present period on, if no other is said.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.useTemplate)
}

type programTemplatesOutput struct{ Body ProgramTemplates }

func (h *handler) programTemplates(context.Context, caller, *struct{}) (*programTemplatesOutput, error) {
	out := ProgramTemplates{Items: []ProgramTemplate{}}
	for _, t := range program.Templates() {
		one := ProgramTemplate{Name: t.Name, Title: t.Title, Description: t.Description, Connector: t.Connector, Kind: string(t.Kind), Questions: []TemplateQuestion{}}
		for _, q := range t.Questions {
			one.Questions = append(one.Questions, TemplateQuestion{Name: q.Name, Title: q.Title, Help: q.Help, Type: string(q.Type), Default: q.Default, Unit: q.Unit,
				Choices: q.Choices, Zero: q.Zero})
		}
		out.Items = append(out.Items, one)
	}
	return &programTemplatesOutput{out}, nil
}

// TemplateAnswers make a program of a template.
type TemplateAnswers struct {
	Connection string            `json:"connection" minLength:"1" maxLength:"64" doc:"Whose records count." example:"conn_4f0c9a2b1x7z"`
	Name       string            `json:"name,omitempty" maxLength:"200" doc:"The title of the template if left out."`
	Answers    map[string]string `json:"answers,omitempty" nullable:"false" doc:"By the names of the questions; what is left out has its default." example:"{\"rate\":\"10%\"}"`
	Currency   string            `json:"currency,omitempty" maxLength:"3" doc:"What is paid in; USD if left out." example:"EUR"`
	Zone       string            `json:"zone,omitempty" maxLength:"64" doc:"By whose days records are dated; UTC if left out." example:"Europe/Berlin"`
	From       string            `json:"from,omitempty" maxLength:"10" doc:"The day from which it is in force; the first of the present period if left out." example:"2026-11-01"`
	Publish    bool              `json:"publish,omitempty" doc:"Publish it at once."`
}

type useTemplateInput struct {
	ResendInput
	Template string `path:"template" maxLength:"64" example:"percent_of_won_deals"`
	Body     TemplateAnswers
}

func (h *handler) useTemplate(ctx context.Context, c caller, in *useTemplateInput) (*programOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "use-program-template", in.Template, in.Body)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusCreated, func() (Program, func(*store.Receipt) error, error) {
		draft, err := h.fromTemplate(ctx, c, in)
		if err != nil {
			return Program{}, nil, err
		}
		if !in.Body.Publish {
			return showProgram(draft, c), func(receipt *store.Receipt) error { return h.Programs.CreateProgram(ctx, draft, receipt) }, nil
		}
		p := draft
		v, _, err := h.publish(ctx, c, &p, p.DraftFrom)
		if err != nil {
			return Program{}, nil, err
		}
		return showProgram(p, c), func(receipt *store.Receipt) error {
			// A crash in between leaves a draft, and the resend, which finds no receipt, makes another program.
			if err := h.Programs.CreateProgram(ctx, draft, nil); err != nil {
				return err
			}
			return h.Programs.UpdateProgram(ctx, p, &v, receipt)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return h.begin(ctx, c, made, http.StatusCreated)
}

// fromTemplate makes a program with the draft that a template gives.
func (h *handler) fromTemplate(ctx context.Context, c caller, in *useTemplateInput) (program.Program, error) {
	t, found := program.TemplateNamed(in.Template)
	if !found {
		return program.Program{}, fault.New(fault.NotFound, "not_found", "There is no template %q. GET /v1/program-templates lists those that there are.", in.Template)
	}
	conn, err := h.connection(ctx, c, in.Body.Connection)
	if err != nil {
		return program.Program{}, err
	}
	if conn.Connector != t.Connector {
		return program.Program{}, fault.New(fault.Invalid, "wrong_connector", "The template is for connections of %s, and this one is of %s.", t.Connector, conn.Connector)
	}
	setting, err := h.setting(ctx, c, conn, in.Body)
	if err != nil {
		return program.Program{}, err
	}
	d, problems := t.Build(in.Body.Answers, setting)
	if err := wrongProgram(problems, "body", "The template cannot make a program of that"); err != nil {
		return program.Program{}, err
	}
	name := in.Body.Name
	if name == "" {
		name = t.Title
	}
	p, err := h.newProgram(ctx, c, name)
	if err != nil {
		return p, err
	}
	p.Template, p.Draft = t.Name, &d
	p.DraftFrom, err = h.fromDay(in.Body.From, d)
	return p, err
}

// setting is what a template knows without asking.
func (h *handler) setting(ctx context.Context, c caller, conn tenant.Connection, b TemplateAnswers) (program.Setting, error) {
	if _, known := money.Digits(b.Currency); b.Currency != "" && !known {
		return program.Setting{}, fault.New(fault.Invalid, money.CodeCurrency, "%q is no currency: write an active code of ISO 4217, such as EUR.", b.Currency)
	}
	if _, err := schedule.Location(b.Zone); b.Zone != "" && err != nil {
		return program.Setting{}, err
	}
	items, err := h.items(ctx, c.organization)
	return program.Setting{Connection: conn.ID, Items: items, Currency: b.Currency, Zone: b.Zone}, err
}
