// Package function starts a Lambda function: it reads the settings, loads the AWS configuration, makes the log, has the
// handler made, and serves invocations. Every main.go is one call of it.
package function

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"leadline/shared/settings"
	"leadline/shared/telemetry"
)

// Handler handles one invocation.
type Handler[In, Out any] func(context.Context, In) (Out, error)

// Start runs the function of the name. wire makes its handler, once, of the settings (a struct with env tags) and the
// AWS configuration. What fails before the first invocation is logged and ends the process, which Lambda reports as an
// initialization error.
func Start[Config, In, Out any](name string, wire func(cfg Config, aws aws.Config, log *slog.Logger) Handler[In, Out]) {
	log := telemetry.NewLogger(os.Stdout, name, os.Getenv("LOG_LEVEL"))
	handle, err := prepare(log, wire)
	if err != nil {
		log.Error("start", telemetry.KeyError, err.Error())
		os.Exit(1)
	}
	lambda.Start(telemetry.Wrap(name, os.Getenv("STAGE"), log, os.Stdout, handle))
}

func prepare[Config, In, Out any](log *slog.Logger, wire func(Config, aws.Config, *slog.Logger) Handler[In, Out]) (Handler[In, Out], error) {
	var cfg Config
	if err := settings.Load(&cfg); err != nil {
		return nil, err
	}
	configuration, err := settings.AWS()
	if err != nil {
		return nil, err
	}
	return wire(cfg, configuration, log), nil
}
