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

// Follow gives what is in force when a version takes over from a day on: earlier versions end there, and those that were to begin
// there or later never do.
func Follow(before []InForce, number int, from calendar.Date) []InForce {
	var after []InForce
	for _, f := range before {
		if f.Span.From >= from {
			continue
		}
		if f.Span.Until == "" || f.Span.Until > from {
			f.Span.Until = from
		}
		after = append(after, f)
	}
	return append(after, InForce{Number: number, Span: calendar.Span{From: from}})
}
