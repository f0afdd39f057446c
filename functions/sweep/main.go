// Command sweep is the Lambda function on a schedule that repairs what relay missed.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leadline/shared/function"
	"leadline/shared/history"
	"leadline/shared/store/dynamo"
)

func main() {
	function.Start("sweep", func(cfg Config, aws aws.Config, log *slog.Logger) function.Handler[Event, Report] {
		db := dynamodb.NewFromConfig(aws)
		h := &handler{log: log, sweeper: history.Sweeper{
			Records: dynamo.NewRecords(db, cfg.Records), History: dynamo.NewHistory(db, cfg.History),
			Cursors: dynamo.NewCursors(db, cfg.History), Now: time.Now,
			Grace: time.Duration(cfg.GraceSeconds) * time.Second, Interval: time.Duration(cfg.IntervalSeconds) * time.Second,
		}}
		return h.Handle
	})
}
