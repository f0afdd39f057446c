package program

import (
	"time"

	"leadline/shared/calendar"
)

// ProgramID is the prefix of ids of programs, EditionID that of editions.
const (
	ProgramID = "prg"
	EditionID = "edn"
)

// Program is a program as it is stored: a draft that is edited, versions that were published, and the edition that is shown.
type Program struct {
	ID           string // "prg_" and 12 of [0-9a-z]
	Organization string
	Name         string
	// Draft is what is edited, DraftFrom the day from which it is to be in force. Nil if nothing differs from what was
	// published.
	Draft     *Definition
	DraftFrom calendar.Date
	// Template is the name of the template that the draft was made from; empty for none.
	Template string
	// Versions counts those that were published. They are stored by themselves.
	Versions int
	// Live is the edition that is shown; nil before the first is built. Building is the one that is being built.
	Live     *Edition
	Building *Edition
	// Archived programs are reckoned no more, and are kept.
	Archived  bool
	By        string // audit actor who changed it last
	CreatedAt time.Time
	UpdatedAt time.Time
	// Rev counts the changes, from 1. Its ETag.
	Rev int64
}

// Edition is everything that was reckoned for one set of versions: credits, results and standings lie under its id. A new
// one is built beside the one that is shown, takes in what changes meanwhile, and takes its place by one write.
type Edition struct {
	ID string `json:"id"`
	// Versions are the numbers of those that it is reckoned by, Spans the days on which each is in force.
	Versions []InForce `json:"versions"`
	// Reads lists the data sources whose records it is made of: those of its bases, and those that its formulas join.
	Reads []Reads `json:"reads"`
	// Progress is how far its building is.
	Progress Progress `json:"progress"`
}

// InForce says on which days a version is in force.
type InForce struct {
	Number int           `json:"number"`
	Span   calendar.Span `json:"span"`
}

// Reads is a data source that an edition is made of.
type Reads struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	// Joined says that its records are joined to those of others, rather than credited themselves.
	Joined bool `json:"joined,omitempty"`
}

// Progress counts what a full run did.
type Progress struct {
	// Phase is "crediting", "calculating", "ranking", "done" or "failed".
	Phase string `json:"phase"`
	// Source is the place in Reads that is being read, Cursor the page of its records that comes next.
	Source int    `json:"source"`
	Cursor string `json:"cursor,omitempty"`
	// Records were read, Credits made of them, Refused those that somebody must look at.
	Records int64 `json:"records"`
	Credits int64 `json:"credits"`
	Refused int64 `json:"refused"`
	// Participants and periods that are to be reckoned, and those that are.
	Units      int64     `json:"units"`
	Calculated int64     `json:"calculated"`
	Error      string    `json:"error,omitempty"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
}

// LiveAndBuilding gives the editions that records are credited in.
func (p Program) LiveAndBuilding() []Edition {
	var editions []Edition
	if p.Archived {
		return nil
	}
	if p.Live != nil {
		editions = append(editions, *p.Live)
	}
	if p.Building != nil {
		editions = append(editions, *p.Building)
	}
	return editions
}
