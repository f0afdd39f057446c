// Package telemetry writes what operators read: one structured line per invocation, which is also its metrics
// (CloudWatch embedded metric format), and one line per failed item. Bodies, headers, tokens and URLs never appear.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"leadline/shared/fault"
)

// Keys of the log lines. No other keys are used for these things.
const (
	KeyFunction     = "function"
	KeyRequest      = "request_id"
	KeyDuration     = "duration_ms"
	KeyFault        = "fault"
	KeyCode         = "code"
	KeyError        = "error"
	KeyOrganization = "organization"
	KeyConnection   = "connection"
	KeyDelivery     = "delivery"
	KeyMessage      = "message_id"
)

// NewLogger makes the logger of a function: JSON lines to w from a level (debug, info, warn, error; info if unknown).
func NewLogger(w io.Writer, function, level string) *slog.Logger {
	var l slog.Level
	if l.UnmarshalText([]byte(level)) != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})).With(KeyFunction, function)
}

// Wrap makes handle write its line to w after each invocation.
func Wrap[In, Out any](function, stage string, log *slog.Logger, w io.Writer, handle func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		op := &operation{counts: map[string]int64{}}
		start := time.Now()
		out, err := handle(context.WithValue(ctx, operationKey{}, op), in)
		op.write(ctx, w, function, stage, time.Since(start), err)
		if err != nil {
			log.Error("failed", KeyRequest, requestID(ctx), KeyFault, string(fault.KindOf(err)), KeyError, fault.Brief(err))
		}
		return out, err
	}
}

// Count adds n to a metric of the invocation that ctx belongs to. Names are bounded: never an id.
func Count(ctx context.Context, metric string, n int) {
	if op, ok := ctx.Value(operationKey{}).(*operation); ok {
		op.mu.Lock()
		op.counts[metric] += int64(n)
		op.mu.Unlock()
	}
}

// Fault notes that something failed within an invocation that as a whole succeeded: an item of a batch, an answer 500.
func Fault(ctx context.Context, err error) {
	Count(ctx, "Fault_"+string(fault.KindOf(err)), 1)
}

type operationKey struct{}

type operation struct {
	mu     sync.Mutex
	counts map[string]int64
}

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
