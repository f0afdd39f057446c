package main

import (
	"encoding/json"
	"time"

	"leadline/shared/incentive"
	"leadline/shared/program"
	"leadline/shared/tenant"
)

// Program is a commission plan or a contest.
type Program struct {
	ID        string           `json:"id" example:"prg_4f0c9a2b1x7z"`
	Name      string           `json:"name"`
	Status    string           `json:"status" enum:"draft,building,live,archived" doc:"draft: nothing is shown yet. building: nothing is shown yet, and the first edition is being built. live: an edition is shown, whatever is being built beside it."`
	Template  string           `json:"template,omitempty" doc:"The template that it was made from."`
	Draft     jsonValue        `json:"draft,omitempty" doc:"The definition that is edited, as GET /v1/program-schema describes it; absent where nothing differs from what was published, in lists, and for readers."`
	DraftFrom string           `json:"draft_from,omitempty" doc:"The day from which the draft is to be in force." example:"2026-11-01"`
	Problems  []ProgramProblem `json:"problems,omitempty" nullable:"false" doc:"What is wrong with the draft: only in answers to its change. With an error among them it cannot be published."`
	Versions  int              `json:"versions" doc:"How many were published."`
	Live      *ProgramEdition  `json:"live,omitempty" doc:"What is shown."`
	Building  *ProgramEdition  `json:"building,omitempty" doc:"What is being built, to be shown then."`
	By        string           `json:"by,omitempty" doc:"The API key that changed it last."`
	CreatedAt time.Time        `json:"created_at"`
	UpdatedAt time.Time        `json:"updated_at"`
	Rev       int64            `json:"rev" doc:"Counts the changes, those that Leadline makes when an edition is built among them. Its ETag."`
}

// ProgramEdition is what was reckoned by one set of versions.
type ProgramEdition struct {
	ID       string           `json:"id" example:"edn_4f0c9a2b1x7z"`
	Versions []ProgramInForce `json:"versions" nullable:"false" doc:"Those in force, each with its days."`
	Reads    []ProgramSource  `json:"reads" nullable:"false" doc:"The data sources whose records count."`
	Run      *ProgramRun      `json:"run,omitempty" doc:"How far it has come; not in lists."`
}

// ProgramInForce says on which days a version is in force.
type ProgramInForce struct {
	Number int    `json:"number"`
	From   string `json:"from" doc:"The first day."`
	Until  string `json:"until,omitempty" doc:"The day when it ends, which is not in it; absent for no end."`
}

// ProgramSource is a data source that a program is made of.
type ProgramSource struct {
	Connection string `json:"connection,omitempty"`
	Object     string `json:"object"`
	Joined     bool   `json:"joined,omitempty" doc:"Its records are joined to others."`
}

// ProgramRun is how the building of an edition, or its last refreshing, goes.
type ProgramRun struct {
	Kind         string     `json:"kind" enum:"build,refresh" doc:"refresh: what is shown is reckoned anew in its place."`
	Phase        string     `json:"phase" enum:"waiting,crediting,calculating,ranking,done,failed"`
	Parts        int        `json:"parts" doc:"The pieces of work that were given to workers so far."`
	PartsDone    int        `json:"parts_done"`
	Records      int64      `json:"records" doc:"Records that were looked at."`
	Credits      int64      `json:"credits" doc:"Credits that they gave."`
	Refused      int64      `json:"refused" doc:"Records that somebody must look at: see the problems of the program."`
	Participants int64      `json:"participants" doc:"Those that are reckoned."`
	Units        int        `json:"units" doc:"Participants to be reckoned; 0 until it is known."`
	Error        string     `json:"error,omitempty" doc:"Why it failed."`
	StartedAt    *time.Time `json:"started_at,omitempty"`
	FinishedAt   *time.Time `json:"finished_at,omitempty"`
}

// ProgramProblem is what is wrong at one place of a definition.
type ProgramProblem struct {
	Path     string `json:"path" doc:"The place in the definition; empty for the whole." example:"components[0].rate.tiers[1].from"`
	Code     string `json:"code" doc:"For programs; it does not change."`
	Message  string `json:"message" doc:"For people."`
	Severity string `json:"severity" enum:"error,warning" doc:"With an error it cannot be published."`
}

func showProgram(p program.Program, c caller) Program {
	out := Program{ID: p.ID, Name: p.Name, Status: statusOf(p), Template: p.Template, DraftFrom: string(p.DraftFrom), Versions: p.Versions,
		Live: showEdition(p.Live), Building: showEdition(p.Building), By: p.By, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Rev: p.Rev}
	if p.Draft != nil && c.role.Allows(tenant.Manager) {
		out.Draft = showDefinitionOf(*p.Draft)
	}
	return out
}

func showDefinitionOf(d program.Definition) jsonValue {
	text, _ := json.Marshal(d) // texts, numbers and lists of them always encode
	return text
}

func statusOf(p program.Program) string {
	switch {
	case p.Archived:
		return "archived"
	case p.Live != nil:
		return "live"
	case p.Building != nil:
		return "building"
	}
	return "draft"
}

func showEdition(e *program.Edition) *ProgramEdition {
	if e == nil {
		return nil
	}
	out := &ProgramEdition{ID: e.ID, Versions: showInForce(e.Versions), Reads: []ProgramSource{}}
	for _, r := range e.Reads {
		out.Reads = append(out.Reads, ProgramSource(r))
	}
	return out
}

func showInForce(versions []program.InForce) []ProgramInForce {
	out := []ProgramInForce{}
	for _, v := range versions {
		out = append(out, ProgramInForce{Number: v.Number, From: string(v.Span.From), Until: string(v.Span.Until)})
	}
	return out
}

func showProgramRun(r incentive.Run) *ProgramRun {
	out := &ProgramRun{Kind: "build", Phase: string(r.Phase), Parts: r.Sent, PartsDone: r.Parts.Number, Records: r.Parts.Records, Credits: r.Parts.Credits,
		Refused: r.Parts.Refused, Participants: r.Parts.Participants, Units: r.Units, Error: r.Error, StartedAt: someTime(r.StartedAt), FinishedAt: someTime(r.FinishedAt)}
	if r.Refresh {
		out.Kind = "refresh"
	}
	if r.Phase == "" {
		out.Phase = "waiting"
	}
	return out
}

func showProblems(problems []program.Problem) []ProgramProblem {
	out := []ProgramProblem{}
	for _, p := range problems {
		out = append(out, ProgramProblem{Path: p.Path, Code: p.Code, Message: p.Message, Severity: string(p.Severity)})
	}
	return out
}
