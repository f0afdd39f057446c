package main

import (
	"encoding/json"
	"time"
)

// The answers of the API about programs, as far as they are shown. functions/api/openapi.json describes them.
type (
	programState struct {
		ID        string           `json:"id"`
		Name      string           `json:"name"`
		Status    string           `json:"status"`
		Template  string           `json:"template,omitempty"`
		Draft     json.RawMessage  `json:"draft,omitempty"`
		DraftFrom string           `json:"draft_from,omitempty"`
		Problems  []programProblem `json:"problems,omitempty"`
		Versions  int              `json:"versions"`
		Live      *programEdition  `json:"live,omitempty"`
		Building  *programEdition  `json:"building,omitempty"`
		UpdatedAt time.Time        `json:"updated_at"`
		Rev       int64            `json:"rev"`
	}
	programEdition struct {
		ID       string          `json:"id"`
		Versions []inForce       `json:"versions"`
		Reads    []programSource `json:"reads"`
		Run      *programRun     `json:"run,omitempty"`
	}
	// inForce says on which days a version is in force: until is the day after the last.
	inForce struct {
		Number int    `json:"number"`
		From   string `json:"from"`
		Until  string `json:"until,omitempty"`
	}
	programSource struct {
		Connection string `json:"connection,omitempty"`
		Object     string `json:"object"`
		Joined     bool   `json:"joined,omitempty"`
	}
	programRun struct {
		Kind         string     `json:"kind"`
		Phase        string     `json:"phase"`
		Parts        int        `json:"parts"`
		PartsDone    int        `json:"parts_done"`
		Records      int64      `json:"records"`
		Credits      int64      `json:"credits"`
		Refused      int64      `json:"refused"`
		Participants int64      `json:"participants"`
		Units        int        `json:"units"`
		Error        string     `json:"error,omitempty"`
		StartedAt    *time.Time `json:"started_at,omitempty"`
		FinishedAt   *time.Time `json:"finished_at,omitempty"`
	}
	programProblem struct {
		Path     string `json:"path"`
		Code     string `json:"code"`
		Message  string `json:"message"`
		Severity string `json:"severity"`
	}
	programVersion struct {
		Number     int             `json:"number"`
		Title      string          `json:"title"`
		From       string          `json:"from"`
		InForce    []inForce       `json:"in_force"`
		Definition json.RawMessage `json:"definition,omitempty"`
		Text       string          `json:"text,omitempty"`
	}
	programCheck struct {
		OK       bool             `json:"ok"`
		Problems []programProblem `json:"problems"`
		From     string           `json:"from"`
		Text     string           `json:"text"`
		Against  int              `json:"against,omitempty"`
		Changes  []struct {
			Path string          `json:"path"`
			Old  json.RawMessage `json:"old,omitempty"`
			New  json.RawMessage `json:"new,omitempty"`
		} `json:"changes"`
		InForce []inForce       `json:"in_force"`
		Reads   []programSource `json:"reads"`
	}
	programPreview struct {
		ID           string `json:"id"`
		Status       string `json:"status"`
		Error        string `json:"error,omitempty"`
		Summary      string `json:"summary,omitempty"`
		From         string `json:"from,omitempty"`
		Periods      int    `json:"periods"`
		Records      int    `json:"records"`
		Refused      int    `json:"refused"`
		Participants int    `json:"participants"`
		Affected     int    `json:"affected"`
		Before       *sum   `json:"before,omitempty"`
		After        *sum   `json:"after,omitempty"`
		Difference   *sum   `json:"difference,omitempty"`
		Effects      []struct {
			Participant string `json:"participant"`
			Name        string `json:"name,omitempty"`
			Period      string `json:"period"`
			Before      sum    `json:"before"`
			After       sum    `json:"after"`
			Difference  sum    `json:"difference"`
		} `json:"effects"`
		Next string `json:"next,omitempty"`
	}
	// sum is an amount of money.
	sum struct {
		Minor    int64  `json:"minor"`
		Currency string `json:"currency"`
		Text     string `json:"text"`
	}
	recordRef struct {
		Connection string `json:"connection"`
		Object     string `json:"object"`
		ID         string `json:"id"`
	}
	programRefusal struct {
		Component string `json:"component"`
		Step      string `json:"step"`
		Code      string `json:"code"`
		Detail    string `json:"detail"`
		Problem   bool   `json:"problem"`
	}
	recordRefusals struct {
		Record    recordRef        `json:"record"`
		RecordRev int64            `json:"record_rev"`
		Refusals  []programRefusal `json:"refusals"`
		At        time.Time        `json:"at"`
	}
	recordWhy struct {
		Record     recordRef `json:"record"`
		Components []struct {
			Component string `json:"component"`
			Version   int    `json:"version"`
			Counts    bool   `json:"counts"`
			Steps     []struct {
				Step   string `json:"step"`
				Detail string `json:"detail"`
			} `json:"steps"`
			Credits  []programCredit  `json:"credits"`
			Refusals []programRefusal `json:"refusals"`
		} `json:"components"`
	}
	programCredit struct {
		ID          string    `json:"id"`
		Component   string    `json:"component"`
		Participant string    `json:"participant"`
		Kind        string    `json:"kind"`
		Date        string    `json:"date"`
		Record      recordRef `json:"record"`
		Value       string    `json:"value"`
		Share       string    `json:"share"`
		Worth       string    `json:"worth,omitempty"`
		Currency    string    `json:"currency,omitempty"`
		Rate        *struct {
			From  string `json:"from"`
			To    string `json:"to"`
			Value string `json:"value"`
			Since string `json:"since"`
		} `json:"rate,omitempty"`
		Reversal bool `json:"reversal,omitempty"`
		TakeBack bool `json:"take_back,omitempty"`
	}
	programTemplate struct {
		Name        string             `json:"name"`
		Title       string             `json:"title"`
		Description string             `json:"description"`
		Connector   string             `json:"connector"`
		Kind        string             `json:"kind"`
		Questions   []templateQuestion `json:"questions"`
	}
	templateQuestion struct {
		Name    string   `json:"name"`
		Title   string   `json:"title"`
		Help    string   `json:"help"`
		Type    string   `json:"type"`
		Default string   `json:"default"`
		Unit    string   `json:"unit,omitempty"`
		Choices []string `json:"choices,omitempty"`
	}
	participantGoals struct {
		Participant string `json:"participant"`
		Name        string `json:"name,omitempty"`
		Goals       []goal `json:"goals"`
	}
	goal struct {
		Component string `json:"component"`
		Target    bool   `json:"target,omitempty"`
		Amount    string `json:"amount"`
		From      string `json:"from,omitempty"`
		Until     string `json:"until,omitempty"`
	}
)
