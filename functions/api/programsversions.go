package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"leadline/shared/calendar"
	"leadline/shared/fault"
	"leadline/shared/incentive"
	"leadline/shared/incentive/keeper"
	"leadline/shared/money"
	"leadline/shared/program"
	"leadline/shared/store"
	"leadline/shared/tenant"
	"leadline/shared/view"
)

// ProgramVersion is a definition that was published.
type ProgramVersion struct {
	Number     int              `json:"number"`
	Title      string           `json:"title"`
	From       string           `json:"from" doc:"The day from which it was to be in force."`
	InForce    []ProgramInForce `json:"in_force" nullable:"false" doc:"The days on which it is in force in what is shown; none for one that others replaced altogether."`
	Definition jsonValue        `json:"definition,omitempty" doc:"Not in lists."`
	Text       string           `json:"text,omitempty" doc:"The plan in words, drawn from the definition; not in lists."`
}

// ProgramCheck is what publishing a definition would mean.
type ProgramCheck struct {
	OK       bool             `json:"ok" doc:"It can be published."`
	Problems []ProgramProblem `json:"problems" nullable:"false"`
	From     string           `json:"from" doc:"The day from which it would be in force."`
	Text     string           `json:"text" doc:"The plan in words."`
	Against  int              `json:"against,omitempty" doc:"The version that changes are counted from: the last that was published; absent for none."`
	Changes  []ProgramChange  `json:"changes" nullable:"false" doc:"What differs from it."`
	InForce  []ProgramInForce `json:"in_force" nullable:"false" doc:"Which versions would be in force when; none if it cannot be published."`
	Reads    []ProgramSource  `json:"reads" nullable:"false" doc:"The data sources whose records would count; none if it cannot be published."`
}

// ProgramChange is one difference between two definitions.
type ProgramChange struct {
	Path string    `json:"path" example:"components[0].rate.tiers[0].pay"`
	Old  jsonValue `json:"old,omitempty" doc:"Absent for what was added."`
	New  jsonValue `json:"new,omitempty" doc:"Absent for what was taken away."`
}

func (h *handler) registerProgramVersions(api huma.API) {
	register(api, h, route{
		id: "check-program", method: http.MethodPost, path: "/v1/programs/{program}/check", tag: "programs", needs: tenant.Manager, reads: true, body: maxProgramBytes,
		summary: "Check a definition", text: "The draft, or one that is sent: everything that is wrong with it, the plan in words, and what it changes. It changes nothing.",
		errors: []int{400, 404, 409, 413, 415},
	}, h.checkProgram)
	register(api, h, route{
		id: "publish-program", method: http.MethodPost, path: "/v1/programs/{program}/publish", tag: "programs", needs: tenant.Admin, status: http.StatusAccepted,
		summary: "Publish the draft", text: "It becomes a version, in force from a day on, and an edition by it is built beside what is shown and then takes its place: watch `building`. It is refused, with all that is wrong, if it has errors.",
		errors: []int{400, 404, 409, 412, 413, 415},
	}, h.publishProgram)
	register(api, h, route{
		id: "list-program-versions", method: http.MethodGet, path: "/v1/programs/{program}/versions", tag: "programs", needs: tenant.Manager,
		summary: "List the versions of a program", text: "Newest first.", errors: []int{400, 404},
	}, h.listProgramVersions)
	register(api, h, route{
		id: "get-program-version", method: http.MethodGet, path: "/v1/programs/{program}/versions/{version}", tag: "programs", needs: tenant.Manager,
		summary: "Get a version of a program", text: "Its definition, and the plan in words.", errors: []int{404},
	}, h.getProgramVersion)
}

// proposed is a definition made ready to be published: the version that it would be, beside those that stay in force.
type proposed struct {
	version  program.Version
	problems []program.Problem
	before   []program.Version // all that were published, the newest first
	// inForce, versions (those in force, by their days) and reads are there if nothing is wrong.
	inForce  []program.InForce
	versions []program.Version
	reads    []program.Reads
}

// propose makes a definition ready to be in force from a day on, and finds everything that is wrong with it.
func (h *handler) propose(ctx context.Context, p program.Program, d program.Definition, from calendar.Date) (proposed, error) {
	made := proposed{version: program.Version{Number: p.Versions + 1, From: from, Definition: d}}
	items, err := h.items(ctx, p.Organization)
	if err != nil {
		return made, err
	}
	rates, err := h.rates(ctx, p.Organization)
	if err != nil {
		return made, err
	}
	table, err := money.NewTable(rates)
	if err != nil {
		return made, err
	}
	made.version.Sources, made.problems = program.Resolve(d, items)
	made.problems = append(made.problems, program.Check(d, from, made.version.Sources, table)...)
	for v, err := range store.All(ctx, func(ctx context.Context, page store.Page) ([]program.Version, string, error) {
		return h.Programs.Versions(ctx, p.Organization, p.ID, page)
	}) {
		if err != nil {
			return made, err
		}
		made.before = append(made.before, v)
	}
	made.problems = append(made.problems, program.CheckVersions(made.before, made.version)...)
	around, err := h.checkAround(ctx, p, made)
	if err != nil {
		return made, err
	}
	made.problems = append(made.problems, around...)
	sortProblems(made.problems)
	if len(program.Errors(made.problems)) == 0 {
		made.compile(p)
	}
	return made, nil
}

// compile tries what would be in force.
func (p *proposed) compile(of program.Program) {
	p.inForce = program.Follow(lastInForce(of), p.version.Number, p.version.From)
	for _, f := range p.inForce {
		v := p.version
		if f.Number != v.Number {
			at := slices.IndexFunc(p.before, func(v program.Version) bool { return v.Number == f.Number })
			if at < 0 {
				continue // it was published a moment ago, and the draft is stale
			}
			v = p.before[at]
		}
		v.From, v.Until = f.Span.From, f.Span.Until
		p.versions = append(p.versions, v)
	}
	plan, err := incentive.Compile(p.versions)
	if err != nil {
		text := err.Error()
		if f := (*fault.Error)(nil); errors.As(err, &f) {
			text = f.Message
		}
		p.problems = append([]program.Problem{{Code: program.CodeFormula, Message: text, Severity: program.Error}}, p.problems...)
		return
	}
	p.reads = plan.Reads()
	p.problems = append(p.problems, checkLinks(p.version.Definition, p.version.Sources, p.reads)...)
	p.problems = append(p.problems, checkTogether(p.versions, p.version)...)
	sortProblems(p.problems)
}

// lastInForce gives what was published last: what is being built, or else is shown.
func lastInForce(p program.Program) []program.InForce {
	switch {
	case p.Building != nil:
		return p.Building.Versions
	case p.Live != nil:
		return p.Live.Versions
	}
	return nil
}

// items reads the links, views and variables of an organization.
func (h *handler) items(ctx context.Context, organization string) (program.Items, error) {
	var items program.Items
	for _, kind := range []view.Kind{view.KindLink, view.KindView, view.KindVariable} {
		for i, err := range store.All(ctx, func(ctx context.Context, p store.Page) ([]view.Item, string, error) {
			return h.Views.Definitions(ctx, organization, kind, p)
		}) {
			if err != nil {
				return nil, err
			}
			items = append(items, i)
		}
	}
	return items, nil
}

type checkProgramInput struct {
	ProgramInput
	Body *struct {
		Definition jsonValue `json:"definition,omitempty" doc:"The draft if left out; without one, the last version."`
		From       string    `json:"from,omitempty" maxLength:"10" doc:"The day from which it is to be in force."`
	} `nameHint:"ProgramToCheck"`
}

type programCheckOutput struct{ Body ProgramCheck }

func (h *handler) checkProgram(ctx context.Context, c caller, in *checkProgramInput) (*programCheckOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	var text jsonValue
	var from string
	if in.Body != nil {
		text, from = in.Body.Definition, in.Body.From
	}
	d, day, err := h.meant(ctx, p, text, from)
	if err != nil {
		return nil, err
	}
	made, err := h.propose(ctx, p, d, day)
	if err != nil {
		return nil, err
	}
	out := ProgramCheck{OK: len(program.Errors(made.problems)) == 0, Problems: showProblems(made.problems), From: string(day), Text: program.Text(d), Changes: []ProgramChange{},
		InForce: []ProgramInForce{}, Reads: []ProgramSource{}}
	if len(made.before) > 0 {
		out.Against = made.before[0].Number
		for _, change := range program.Diff(made.before[0].Definition, d) {
			out.Changes = append(out.Changes, ProgramChange{Path: change.Path, Old: jsonValue(change.Old), New: jsonValue(change.New)})
		}
	}
	if out.OK {
		e := showEdition(&program.Edition{Versions: made.inForce, Reads: made.reads})
		out.InForce, out.Reads = e.Versions, e.Reads
	}
	return &programCheckOutput{out}, nil
}

// meant gives the definition that a request is about: the one that it sends, the draft, or the last version; and the day from
// which it is to be in force.
func (h *handler) meant(ctx context.Context, p program.Program, text jsonValue, from string) (d program.Definition, day calendar.Date, err error) {
	switch {
	case len(text) > 0:
		if d, err = decodeDefinition(text, "body.definition"); err != nil {
			return d, "", err
		}
		day, err = h.fromDay(from, d)
		return d, day, err
	case p.Draft != nil:
		d, day = *p.Draft, p.DraftFrom
	default:
		v, err := h.Programs.Version(ctx, p.Organization, p.ID, p.Versions)
		if err != nil {
			return d, "", notFound(err, "The program has no draft and no version.")
		}
		d, day = v.Definition, v.From
	}
	if from != "" {
		day, err = calendar.ParseDate(from)
	}
	return d, day, err
}

type publishProgramInput struct {
	ProgramInput
	MatchInput
	ResendInput
	Body *struct {
		From string `json:"from,omitempty" maxLength:"10" doc:"The day from which it is in force; that of the draft if left out. It may be past: what was paid since is reckoned anew." example:"2026-11-01"`
	} `nameHint:"ProgramPublished"`
}

func (h *handler) publishProgram(ctx context.Context, c caller, in *publishProgramInput) (*programOutput, error) {
	var from string
	if in.Body != nil {
		from = in.Body.From
	}
	a, err := h.attempt(ctx, c, in.IdempotencyKey, "publish-program", in.Program, from)
	if err != nil {
		return nil, err
	}
	made, err := once(ctx, h, c, a, http.StatusAccepted, func() (Program, func(*store.Receipt) error, error) {
		p, err := h.changeable(ctx, c, in.Program, in.IfMatch)
		if err != nil {
			return Program{}, nil, err
		}
		if p.Draft == nil {
			return Program{}, nil, fault.New(fault.Conflict, "nothing_to_publish", "The program has no draft: nothing differs from what was published. PUT /v1/programs/%s makes one.", p.ID)
		}
		_, day, err := h.meant(ctx, p, nil, from)
		if err != nil {
			return Program{}, nil, err
		}
		v, replaced, err := h.publish(ctx, c, &p, day)
		if err != nil {
			return Program{}, nil, err
		}
		return showProgram(p, c), func(receipt *store.Receipt) error {
			if err := h.drop(ctx, p, replaced); err != nil { // before it is stored: one that has its place still is not removed
				return err
			}
			return stale(h.Programs.UpdateProgram(ctx, p, &v, receipt), in.IfMatch)
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return h.begin(ctx, c, made, http.StatusAccepted)
}

// publish makes a version of a program's draft, in force from a day on, and the edition that is to be built by it. It also gives
// the edition whose building ends with that.
func (h *handler) publish(ctx context.Context, c caller, p *program.Program, from calendar.Date) (v program.Version, replaced *program.Edition, err error) {
	made, err := h.propose(ctx, *p, *p.Draft, from)
	if err == nil {
		err = wrongProgram(made.problems, "draft", "The program cannot be published")
	}
	if err != nil {
		return v, nil, err
	}
	id, err := tenant.NewID(program.EditionID, h.Random)
	if err != nil {
		return v, nil, err
	}
	replaced = p.Building
	p.Building = &program.Edition{ID: id, Versions: made.inForce, Reads: made.reads}
	p.Versions, p.Draft, p.DraftFrom = made.version.Number, nil, ""
	p.Rev, p.By, p.UpdatedAt = p.Rev+1, c.actor, h.Now().UTC()
	explain(ctx, "version %d from %s, edition %s", made.version.Number, from, id)
	return made.version, replaced, nil
}

// dropAfter is when what was built of an edition is removed: nobody works on it any more then.
const dropAfter = keeper.KnownFor * 300

// drop removes an edition whose place another took before it was built.
func (h *handler) drop(ctx context.Context, p program.Program, e *program.Edition) error {
	if e == nil {
		return nil
	}
	return h.Calculate.Send(ctx, keeper.Message{Kind: keeper.Drop, Organization: p.Organization, Program: p.ID, Edition: e.ID}, dropAfter)
}

// begin has the edition of a program that was published be built, also after a resend: the first request may have ended between
// storing and sending. Where it is being built already, that changes nothing.
func (h *handler) begin(ctx context.Context, c caller, made Program, status int) (*programOutput, error) {
	out := &programOutput{ETag: etag(made.Rev), Body: made}
	if status == http.StatusCreated {
		out.Location = "/v1/programs/" + made.ID
	}
	if made.Building == nil {
		return out, nil
	}
	p := program.Program{Organization: c.organization, ID: made.ID, Building: &program.Edition{ID: made.Building.ID}}
	return out, h.Calculate.Start(ctx, p, false)
}

type listProgramVersionsInput struct {
	ProgramInput
	PageInput
}

type programVersionsOutput struct{ Body list[ProgramVersion] }

func (h *handler) listProgramVersions(ctx context.Context, c caller, in *listProgramVersionsInput) (*programVersionsOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	body, err := page(ctx, h, c, in.PageInput, listing[program.Version, ProgramVersion]{
		scope: []string{"program versions", p.ID},
		read: func(ctx context.Context, page store.Page) ([]program.Version, string, error) {
			return h.Programs.Versions(ctx, c.organization, p.ID, page)
		},
		show: func(v program.Version) (ProgramVersion, int, bool) { return showProgramVersion(p, v), 2048, true },
	})
	return &programVersionsOutput{body}, err
}

type getProgramVersionInput struct {
	ProgramInput
	Version string `path:"version" maxLength:"10" doc:"Its number." example:"1"`
}

type programVersionOutput struct{ Body ProgramVersion }

func (h *handler) getProgramVersion(ctx context.Context, c caller, in *getProgramVersionInput) (*programVersionOutput, error) {
	p, err := h.program(ctx, c, in.Program)
	if err != nil {
		return nil, err
	}
	number, _ := strconv.Atoi(in.Version) // what is no number is that of no version
	v, err := h.Programs.Version(ctx, c.organization, p.ID, number)
	if err != nil {
		return nil, notFound(err, "The program has no version %q.", in.Version)
	}
	out := showProgramVersion(p, v)
	out.Definition, out.Text = showDefinitionOf(v.Definition), program.Text(v.Definition)
	return &programVersionOutput{out}, nil
}

func showProgramVersion(p program.Program, v program.Version) ProgramVersion {
	out := ProgramVersion{Number: v.Number, Title: v.Definition.Title, From: string(v.From), InForce: []ProgramInForce{}}
	if p.Live == nil {
		return out
	}
	for _, f := range showEdition(p.Live).Versions {
		if f.Number == v.Number {
			out.InForce = append(out.InForce, f)
		}
	}
	return out
}
