// Command sweep is the Lambda function on a schedule that repairs what relay missed.
package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/shared/history"
	"leadline/shared/settings"
	"leadline/shared/store/dynamo"
	"leadline/shared/telemetry"
)

func main() {
	telemetry.Start("sweep", func(ctx context.Context, log *slog.Logger) (func(context.Context, Event) (Report, error), error) {
		var cfg Config
		if err := settings.Load(&cfg); err != nil {
			return nil, err
		}
		aws, err := settings.AWS(ctx)
		if err != nil {
			return nil, err
		}
		db := dynamodb.NewFromConfig(aws)
		h := &handler{log: log, sweeper: history.Sweeper{
			Records: dynamo.NewRecords(db, cfg.Records), History: dynamo.NewHistory(db, cfg.History),
			Cursors: dynamo.NewCursors(db, cfg.History), Now: time.Now,
			Grace: time.Duration(cfg.GraceSeconds) * time.Second, Interval: time.Duration(cfg.IntervalSeconds) * time.Second,
		}}
		return h.Handle, nil
	})
}
