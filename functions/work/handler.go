package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/job"
	"leadline/shared/queue"
	"leadline/shared/store"
	"leadline/shared/telemetry"
)

// Config is what work reads from its environment.
type Config struct {
	Stage    string `env:"STAGE"`
	LogLevel string `env:"LOG_LEVEL"`
	Intake   string `env:"TABLE_INTAKE"`
	Tenancy  string `env:"TABLE_TENANCY"`
	Work     string `env:"TABLE_WORK"`
	Records  string `env:"TABLE_RECORDS"`
	History  string `env:"TABLE_HISTORY"`
	Inbox    string `env:"QUEUE_INBOX"`
	Jobs     string `env:"QUEUE_JOBS"`
	Deliver  string `env:"QUEUE_DELIVER"`
	Payloads string `env:"BUCKET_PAYLOADS"`
	// MaxReceives is how often a message is received before its job has failed. It lies below that of the queue, so that a
	// job whose function was killed each time fails, too.
	MaxReceives int `env:"JOB_MAX_RECEIVES"`
}

// Step takes one step of a job and gives the job as it then is: Counts, Total and Cursor, and at the end its Status (Done
// with a Result, or Failed with a Problem). It takes a minute at most, save a first one that must see everything, and may
// be repeated. An error leaves the job as it was, and the step is tried
// again; one that is Invalid ends the job, its message being the problem.
type Step func(ctx context.Context, j job.Job) (job.Job, error)

// kind is how the jobs of one kind are done.
type kind struct {
	step Step
	// ended, unless nil, hears of a job that failed or was cancelled, once or more.
	ended func(ctx context.Context, j job.Job) error
	// tell says that admins are told when a job is done or has failed.
	tell bool
}

type handler struct {
	jobs        store.Jobs
	journal     store.Journal
	queue       groupSender
	kinds       map[job.Kind]kind
	maxReceives int
	now         func() time.Time
	log         *slog.Logger
}

// reserve is the time that an invocation leaves unused: enough for the step it is on.
const reserve = 60 * time.Second

// Handle goes on with the job of each message until it ends or the function's time is nearly over; then the job sends
// itself on. The event source mapping gives one message at a time.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Batch(ctx, event, func(ctx context.Context, messages []queue.Message) []error {
		errs := make([]error, len(messages))
		for i, m := range messages {
			errs[i] = h.process(ctx, m)
		}
		return errs
	}, h.log)
}

func (h *handler) process(ctx context.Context, m queue.Message) error {
	message, err := job.Decode([]byte(m.Body))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "undecodable_message", "work: message %s", m.ID)
	}
	j, err := h.jobs.Job(ctx, message.Organization, message.Job)
	if err != nil {
		return fmt.Errorf("work: read job %s: %w", message.Job, err)
	}
	for first := true; !j.Status.Final(); first = false {
		if !first && h.late(ctx) {
			return h.sendOn(ctx, j)
		}
		next, err := h.step(ctx, j, m.ReceiveCount)
		if err != nil {
			return fmt.Errorf("work: %s %s: %w", j.Kind, j.ID, err)
		}
		telemetry.Count(ctx, "Steps", 1)
		saved, mine, err := h.save(ctx, j, next)
		if err != nil {
			return fmt.Errorf("work: save job %s: %w", j.ID, err)
		}
		if !mine && !saved.Status.Final() {
			telemetry.Count(ctx, "Superseded", 1)
			return nil // another message of the job is being worked on, and goes on with it
		}
		j = saved
	}
	return h.end(ctx, j)
}

// late tells whether too little time is left for another step.
func (h *handler) late(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < reserve
}

func (h *handler) sendOn(ctx context.Context, j job.Job) error {
	message, err := j.Encode()
	if err != nil {
		return err
	}
	if err := h.queue.Send(ctx, j.Organization, message); err != nil {
		return fmt.Errorf("work: send job %s on: %w", j.ID, err)
	}
	telemetry.Count(ctx, "SentOn", 1)
	return nil
}

// step takes a step. What fails for good, or at the last receive, gives the job as failed.
func (h *handler) step(ctx context.Context, j job.Job, receives int) (job.Job, error) {
	k, ok := h.kinds[j.Kind]
	if !ok {
		return failed(j, "This version does not know how to do it."), nil
	}
	if receives > h.maxReceives { // each time before, the function was killed
		return failed(j, h.gaveUp(receives-1)), nil
	}
	next, err := h.guarded(ctx, k.step, j)
	switch f := fault.Of(err); {
	case err == nil:
		return next, nil
	case f != nil && f.Kind == fault.Invalid:
		return failed(j, f.Message), nil
	case receives == h.maxReceives && ctx.Err() == nil:
		telemetry.Fault(ctx, err)
		h.log.Error("gave up", telemetry.KeyOrganization, j.Organization, "job", j.ID, "kind", string(j.Kind),
			telemetry.KeyFault, string(fault.KindOf(err)), telemetry.KeyError, err.Error())
		return failed(j, h.gaveUp(receives)), nil
	}
	return j, err
}

func (h *handler) gaveUp(receives int) string {
	return fmt.Sprintf("It was tried %d times and did not come through. Ask for it again; if that fails, too, tell your operator the name of the job.", receives)
}

func failed(j job.Job, problem string) job.Job {
	j.Status, j.Problem = job.Failed, problem
	return j
}

// guarded turns a panic into an error. What was thrown may hold content, so that only the stack is logged.
func (h *handler) guarded(ctx context.Context, step Step, j job.Job) (next job.Job, err error) {
	defer func() {
		if r := recover(); r != nil {
			h.log.Error("panic", "job", j.ID, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "panic", "the step panicked")
		}
	}()
	j.Counts = maps.Clone(j.Counts) // a step that fails halfway must leave the job as it was
	return step(ctx, j)
}

// save stores what a step made of a job. If somebody else has changed the job since, it gives the stored one, and is not
// mine: it may be cancelled, or another message of it is being worked on. A save whose answer was lost is mine.
func (h *handler) save(ctx context.Context, before, next job.Job) (saved job.Job, mine bool, err error) {
	now := h.now().UTC().Truncate(time.Millisecond)
	next.Rev, next.UpdatedAt = before.Rev+1, now
	if next.Status == job.Queued {
		next.Status = job.Running
	}
	if next.Status.Final() {
		next.FinishedAt = now
	}
	err = h.jobs.UpdateJob(ctx, next)
	if !fault.Is(err, fault.Conflict) {
		return next, true, err
	}
	stored, err := h.jobs.Job(ctx, before.Organization, before.ID)
	if err != nil {
		return next, false, err
	}
	mine = stored.Rev == next.Rev && stored.Cursor == next.Cursor && stored.Status == next.Status &&
		stored.UpdatedAt.Equal(next.UpdatedAt) && maps.Equal(stored.Counts, next.Counts)
	return stored, mine, nil
}

// end does what follows the end of a job. It is done again if the job was saved and this was not.
func (h *handler) end(ctx context.Context, j job.Job) error {
	k := h.kinds[j.Kind]
	if k.ended != nil && j.Status != job.Done {
		if err := k.ended(ctx, j); err != nil {
			return fmt.Errorf("work: end %s %s: %w", j.Kind, j.ID, err)
		}
	}
	if !k.tell || j.Status == job.Cancelled {
		return nil
	}
	if _, err := h.journal.Tell(ctx, noticeOf(j)); err != nil {
		return fmt.Errorf("work: tell of job %s: %w", j.ID, err)
	}
	return nil
}
