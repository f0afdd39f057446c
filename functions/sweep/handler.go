package main

import (
	"context"
	"log/slog"
	"time"

	"leadline/shared/fault"
	"leadline/shared/history"
	"leadline/shared/telemetry"
)

// Config is what sweep reads from its environment.
type Config struct {
	Stage    string `env:"STAGE"`
	LogLevel string `env:"LOG_LEVEL"`
	Records  string `env:"TABLE_RECORDS"`
	History  string `env:"TABLE_HISTORY"`
	// GraceSeconds is how old a write must be before its row of history is missed.
	GraceSeconds int `env:"SWEEP_GRACE_SECONDS"`
	// IntervalSeconds is the least time between the starts of two passes over all records.
	IntervalSeconds int `env:"SWEEP_INTERVAL_SECONDS"`
}

// Event is the input of the schedule: nothing. An operator can invoke the function with more.
type Event struct {
	// Restart starts a pass over all records at once.
	Restart bool `json:"restart"`
	// GraceSeconds replaces the grace of the settings for this run.
	GraceSeconds *int `json:"grace_seconds"`
}

// Report is the answer to whoever invoked the function by hand.
type Report struct {
	Checked  int  `json:"checked"`
	Repaired int  `json:"repaired"`
	Failed   int  `json:"failed"`
	Complete bool `json:"complete"`
}

type handler struct {
	sweeper history.Sweeper
	log     *slog.Logger
}

// reserve is the time that a run leaves unused: enough for the page it is on, and its cursor.
const reserve = 30 * time.Second

// Handle goes on with the pass under way until it is through or the function's time is nearly over.
func (h *handler) Handle(ctx context.Context, event Event) (Report, error) {
	sweeper := h.sweeper
	if event.GraceSeconds != nil {
		sweeper.Grace = time.Duration(*event.GraceSeconds) * time.Second
	}
	report, err := sweeper.Sweep(ctx, event.Restart, func() bool {
		deadline, limited := ctx.Deadline()
		return limited && time.Until(deadline) < reserve
	})
	telemetry.Count(ctx, "Checked", report.Checked)
	telemetry.Count(ctx, "Repaired", report.Repaired)
	if report.Failed > 0 {
		telemetry.Count(ctx, "Unrepaired", report.Failed)
		telemetry.Fault(ctx, report.Failure)
		h.log.Error("unrepaired", "records", report.Failed, telemetry.KeyFault, string(fault.KindOf(report.Failure)), telemetry.KeyError, report.Failure.Error())
	}
	return Report{report.Checked, report.Repaired, report.Failed, report.Complete}, err
}
