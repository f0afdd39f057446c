package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/problem"
	"leadline/shared/program"
	"leadline/shared/schedule"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// maxPrograms is how many programs an organization has at most: each record that changes is held against all of them.
const maxPrograms = 100

// maxProgramBytes bounds the body of a request with a definition.
const maxProgramBytes = program.MaxBytes + 16<<10

func (h *handler) registerPrograms(api huma.API) {
	register(api, h, route{
		id: "get-program-schema", method: http.MethodGet, path: "/v1/program-schema", tag: "programs", needs: tenant.Reader,
		summary: "Get the JSON Schema of a definition", text: "What a program may say: each field with its default.",
	}, h.programSchema)
	register(api, h, route{
		id: "create-program", method: http.MethodPost, path: "/v1/programs", tag: "programs", needs: tenant.Admin, status: http.StatusCreated, body: maxProgramBytes,
		summary: "Make a program", text: "As a draft: it is published by itself. A definition with unknown fields or values of a wrong type is refused; what else is wrong with it stands in `problems`, and keeps it from being published.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.createProgram)
	register(api, h, route{
		id: "list-programs", method: http.MethodGet, path: "/v1/programs", tag: "programs", needs: tenant.Reader,
		summary: "List programs", text: "By id, without their definitions.", errors: []int{400},
	}, h.listPrograms)
	register(api, h, route{
		id: "get-program", method: http.MethodGet, path: "/v1/programs/{program}", tag: "programs", needs: tenant.Reader,
		summary: "Get a program", text: "With what is being built, and how far that has come. The draft is for managers and above.", errors: []int{404},
	}, h.getProgram)
	register(api, h, route{
		id: "update-program", method: http.MethodPut, path: "/v1/programs/{program}", tag: "programs", needs: tenant.Admin, body: maxProgramBytes,
		summary: "Change the draft of a program", text: "What is shown stays as it is until the draft is published.", errors: []int{400, 404, 409, 412, 413, 415},
	}, h.updateProgram)
	register(api, h, route{
		id: "refresh-program", method: http.MethodPost, path: "/v1/programs/{program}/refresh", tag: "programs", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Reckon a program anew", text: "All of its records and participants, where they stand. It is never needed for what changes in records, people, rates or goals: that is followed by itself.", errors: []int{404, 409},
	}, h.refreshProgram)
	register(api, h, route{
		id: "archive-program", method: http.MethodPost, path: "/v1/programs/{program}/archive", tag: "programs", needs: tenant.Admin,
		summary: "Archive a program", text: "It is reckoned no more. What it showed stays to be read. It cannot be taken back.", errors: []int{404, 409},
	}, h.archiveProgram)
	h.registerProgramVersions(api)
	h.registerProgramPreviews(api)
	h.registerProgramRecords(api)
}

type programSchemaOutput struct{ Body jsonValue }

func (h *handler) programSchema(context.Context, caller, *struct{}) (*programSchemaOutput, error) {
	return &programSchemaOutput{jsonValue(program.JSONSchema())}, nil
}

// ProgramInput names a program.
type ProgramInput struct {
	Program string `path:"program" maxLength:"64" example:"prg_4f0c9a2b1x7z"`
}

// ProgramFields are what can be said of a program.
type ProgramFields struct {
	Name       string    `json:"name" minLength:"1" maxLength:"200"`
	Definition jsonValue `json:"definition" doc:"As GET /v1/program-schema describes it."`
	From       string    `json:"from,omitempty" maxLength:"10" doc:"The day from which it is to be in force; the first of the present period if left out." example:"2026-11-01"`
}

type createProgramInput struct {
	ResendInput
	Body ProgramFields
}

type programOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Program
}

func (h *handler) createProgram(ctx context.Context, c caller, in *createProgramInput) (*programOutput, error) {
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "create-program", "", in.Body)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusCreated, func() (Program, func(*store.Receipt) error, error) {
		p, err := h.newProgram(ctx, c, in.Body.Name)
		if err != nil {
			return Program{}, nil, err
		}
		problems, err := h.draft(ctx, &p, in.Body)
		if err != nil {
			return Program{}, nil, err
		}
		out := showProgram(p, c)
		out.Problems = showProblems(problems)
		return out, func(receipt *store.Receipt) error { return h.Programs.CreateProgram(ctx, p, receipt) }, nil
	})
	if err != nil {
		return nil, err
	}
	return &programOutput{Location: "/v1/programs/" + made.ID, ETag: etag(made.Rev), Body: made}, nil
}

// newProgram makes a program, if there is room for one.
func (h *handler) newProgram(ctx context.Context, c caller, name string) (program.Program, error) {
	if err := room(ctx, "programs", maxPrograms, func(ctx context.Context, p store.Page) ([]program.Program, string, error) {
		return h.Programs.Programs(ctx, c.organization, p)
	}, func(p program.Program) bool { return !p.Archived }); err != nil {
		return program.Program{}, err
	}
	id, err := tenant.NewID(program.ProgramID, h.Random)
	now := h.Now().UTC()
	return program.Program{ID: id, Organization: c.organization, Name: name, By: c.actor, CreatedAt: now, UpdatedAt: now, Rev: 1}, err
}

// draft puts what is said of a program into it, and tells what is wrong with that.
func (h *handler) draft(ctx context.Context, p *program.Program, f ProgramFields) ([]program.Problem, error) {
	d, err := decodeDefinition(f.Definition, "body.definition")
	if err != nil {
		return nil, err
	}
	from, err := h.fromDay(f.From, d)
	if err != nil {
		return nil, err
	}
	p.Name, p.Draft, p.DraftFrom = f.Name, &d, from
	made, err := h.propose(ctx, *p, d, from)
	return made.problems, err
}

// decodeDefinition reads a definition, and refuses one that cannot be read with all that is wrong with it.
func decodeDefinition(text jsonValue, at string) (program.Definition, error) {
	d, problems := program.Decode(text)
	return d, wrongProgram(problems, at, "The definition cannot be read")
}

// fromDay reads the day from which a definition is to be in force: the first of the period that today lies in, if none is said.
func (h *handler) fromDay(text string, d program.Definition) (calendar.Date, error) {
	if text != "" {
		return calendar.ParseDate(text)
	}
	today := h.todayOf(d)
	if d.Calendar.Check() == nil {
		if p := d.Calendar.Of(d.Period, today); p.From != "" {
			return p.From, nil
		}
	}
	return today, nil
}

// todayOf gives the day that it is by a program's calendar.
func (h *handler) todayOf(d program.Definition) calendar.Date {
	zone, err := schedule.Location(d.Zone)
	if err != nil {
		zone = time.UTC
	}
	return calendar.DateOf(h.Now(), zone)
}

// wrongProgram refuses what has errors among its problems, each with its place.
func wrongProgram(problems []program.Problem, at, what string) error {
	errors := program.Errors(problems)
	if len(errors) == 0 {
		return nil
	}
	const shown = 100
	d := &problem.Detailed{Fault: fault.New(fault.Invalid, "invalid_program", "%s.", what)} // the parts say why
	for _, p := range errors[:min(len(errors), shown)] {
		place := at
		if p.Path != "" {
			place += "." + p.Path
		}
		d.Parts = append(d.Parts, problem.Part{Location: place, Message: p.Message})
	}
	return d
}

type programsOutput struct{ Body list[Program] }

func (h *handler) listPrograms(ctx context.Context, c caller, in *PageInput) (*programsOutput, error) {
	body, err := page(ctx, h, c, *in, listing[program.Program, Program]{
		scope: []string{"programs"},
		read: func(ctx context.Context, p store.Page) ([]program.Program, string, error) {
			return h.Programs.Programs(ctx, c.organization, p)
		},
		show: func(p program.Program) (Program, int, bool) {
			out := showProgram(p, c)
			out.Draft = nil
			return out, 4096, true
		},
	})
	return &programsOutput{body}, err
}

func (h *handler) getProgram(ctx context.Context, c caller, in *ProgramInput) (*programOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	return h.answerProgram(ctx, c, p)
}

// program reads one of the caller's programs.
func (h *handler) program(ctx context.Context, c caller, id string) (program.Program, error) {
	p, err := h.Programs.Program(ctx, c.organization, id)
	return p, notFound(err, "There is no program %q.", id)
}

// answerProgram answers with a program and how far its editions have come.
func (h *handler) answerProgram(ctx context.Context, c caller, p program.Program) (*programOutput, error) {
	out := &programOutput{ETag: etag(p.Rev), Body: showProgram(p, c)}
	for _, e := range []*ProgramEdition{out.Body.Live, out.Body.Building} {
		if e == nil {
			continue
		}
		run, err := h.Runs.EditionRun(ctx, p.Organization, e.ID)
		if err != nil {
			return nil, err
		}
		e.Run = showProgramRun(run)
	}
	return out, nil
}

type updateProgramInput struct {
	ProgramInput
	MatchInput
	Body ProgramFields
}

func (h *handler) updateProgram(ctx context.Context, c caller, in *updateProgramInput) (*programOutput, error) {
	p, err := h.changeable(ctx, c, in.Program, in.IfMatch)
	if err != nil {
		return nil, err
	}
	problems, err := h.draft(ctx, &p, in.Body)
	if err != nil {
		return nil, err
	}
	p.Rev, p.By, p.UpdatedAt = p.Rev+1, c.actor, h.Now().UTC()
	if err := stale(h.Programs.UpdateProgram(ctx, p, nil, nil), in.IfMatch); err != nil {
		return nil, err
	}
	out, err := h.answerProgram(ctx, c, p)
	if err == nil {
		out.Body.Problems = showProblems(problems)
	}
	return out, err
}

// changeable gives a program that can be changed.
func (h *handler) changeable(ctx context.Context, c caller, id, ifMatch string) (program.Program, error) {
	p, err := h.program(ctx, c, id)
	if err == nil {
		err = checkMatch(ifMatch, p.Rev)
	}
	if err == nil && p.Archived {
		err = fault.New(fault.Conflict, "program_archived", "The program is archived, and is not changed any more. Make another of its definition.")
	}
	return p, err
}

func (h *handler) refreshProgram(ctx context.Context, c caller, in *ProgramInput) (*programOutput, error) {
	p, err := h.changeable(ctx, c, in.Program, "")
	if err != nil {
		return nil, err
	}
	if _, err := h.incentives.Shown(ctx, p); err != nil {
		return nil, err
	}
	if err := h.Calculate.Start(ctx, p, true); err != nil {
		return nil, err
	}
	return h.answerProgram(ctx, c, p)
}

func (h *handler) archiveProgram(ctx context.Context, c caller, in *ProgramInput) (*programOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	if !p.Archived {
		if err := h.drop(ctx, p, p.Building); err != nil {
			return nil, err
		}
		p.Archived, p.Building, p.Rev, p.By, p.UpdatedAt = true, nil, p.Rev+1, c.actor, h.Now().UTC()
		if err := stale(h.Programs.UpdateProgram(ctx, p, nil, nil), ""); err != nil {
			return nil, err
		}
	}
	return h.answerProgram(ctx, c, p)
}
