package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"leadline/shared/fault"
	"leadline/shared/mail"
	"leadline/shared/nudge/post"
	"leadline/shared/outbound"
	"leadline/shared/queue"
)

// Config is what deliver reads from its environment.
type Config struct {
	Stage      string `env:"STAGE"`
	LogLevel   string `env:"LOG_LEVEL"`
	Tenancy    string `env:"TABLE_TENANCY"`
	Work       string `env:"TABLE_WORK"`
	Deliver    string `env:"QUEUE_DELIVER"`
	Payloads   string `env:"BUCKET_PAYLOADS"`
	SecretsKey string `env:"KEY_SECRETS"`
	// MailFrom is the address that e-mail comes from; empty sends none. BaseURL is where its links lead.
	MailFrom string `env:"MAIL_FROM"`
	BaseURL  string `env:"BASE_URL"`
	// AllowLoopback lets events go to this machine itself, also by http.
	AllowLoopback           bool `env:"OUTBOUND_ALLOW_LOOPBACK"`
	DestinationCacheSeconds int  `env:"DESTINATION_CACHE_SECONDS"`
	// MaxReceives is how often the queue delivers a message before it is dead.
	MaxReceives int `env:"DELIVER_MAX_RECEIVES"`
}

// deliverer does what a message asks for: a dispatch.Deliverer.
type deliverer interface {
	Deliver(ctx context.Context, m outbound.Delivery) error
	Miss(ctx context.Context, m outbound.Delivery) error
}

// mailer does what a message about a notice asks for: a mail.Mailer.
type mailer interface {
	Deliver(ctx context.Context, m mail.Message) error
	Miss(ctx context.Context, m mail.Message) error
}

// poster does what a message about a nudge asks for: a post.Poster.
type poster interface {
	Deliver(ctx context.Context, m post.Message) error
	Miss(ctx context.Context, m post.Message) error
}

type handler struct {
	deliverer   deliverer
	mailer      mailer
	poster      poster
	maxReceives int
	log         *slog.Logger
}

// Handle processes one batch of the deliver queue, all messages at once, for most of the time is waiting, and reports
// those that must be delivered again.
func (h *handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	return queue.Batch(ctx, event, h.process, h.log)
}

func (h *handler) process(ctx context.Context, messages []queue.Message) []error {
	errs := make([]error, len(messages))
	var all sync.WaitGroup
	for i, m := range messages {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil { // a panic of one message is not one of the others
					errs[i] = fault.New(fault.Internal, "panic", "deliver: message %s: a panic with %T", m.ID, p)
				}
			}()
			errs[i] = h.one(ctx, m)
		})
	}
	all.Wait()
	return errs
}

// one processes a message. The last time that the queue delivers it, no attempt is made, whatever it was that failed each
// time before, for it may have killed the function: the log says that we missed it, and the schedule goes on. What even
// cannot be logged goes the way of the dead-letter queue, and so does what cannot be decoded, for it names no delivery
// whose log could hold it.
func (h *handler) one(ctx context.Context, m queue.Message) error {
	switch kind := mail.KindOf([]byte(m.Body)); kind {
	case "":
		return h.deliver(ctx, m)
	case mail.Kind:
		return h.mail(ctx, m)
	case post.Kind:
		return h.nudge(ctx, m)
	default:
		return fault.New(fault.Internal, "undecodable_message", "deliver: message %s: its kind is not known here", m.ID)
	}
}

func (h *handler) mail(ctx context.Context, m queue.Message) error {
	about, err := mail.Decode([]byte(m.Body))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "undecodable_message", "deliver: message %s", m.ID)
	}
	do := h.mailer.Deliver
	if m.ReceiveCount >= h.maxReceives {
		do = h.mailer.Miss
	}
	if err := do(ctx, about); err != nil {
		return fmt.Errorf("deliver: the mail about notice %s: %w", about.Notice, err)
	}
	return nil
}

func (h *handler) nudge(ctx context.Context, m queue.Message) error {
	about, err := post.Decode([]byte(m.Body))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "undecodable_message", "deliver: message %s", m.ID)
	}
	do := h.poster.Deliver
	if m.ReceiveCount >= h.maxReceives {
		do = h.poster.Miss
	}
	if err := do(ctx, about); err != nil {
		return fmt.Errorf("deliver: nudge %s: %w", about.Nudge, err)
	}
	return nil
}

func (h *handler) deliver(ctx context.Context, m queue.Message) error {
	d, err := outbound.Decode([]byte(m.Body))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "undecodable_message", "deliver: message %s", m.ID)
	}
	do := h.deliverer.Deliver
	if m.ReceiveCount >= h.maxReceives {
		do = h.deliverer.Miss
	}
	if err := do(ctx, d); err != nil {
		return fmt.Errorf("deliver: %s: %w", d.ID, err)
	}
	return nil
}
