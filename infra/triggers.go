package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsschedulertargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// trigger connects a function to what starts it.
type trigger func(deployed)

// batches starts a function with up to so many messages of a queue at a time; of more than one, it waits a second for
// them to gather, for each batch costs calls of its own.
func batches(id string, queue awssqs.Queue, size, concurrency float64) trigger {
	var window awscdk.Duration
	if size > 1 {
		window = awscdk.Duration_Seconds(jsii.Number(1))
	}
	return batchesWithin(window, id, queue, size, concurrency)
}

// batchesWithin is batches that waits for so long; nil for not at all: with what there is.
func batchesWithin(window awscdk.Duration, id string, queue awssqs.Queue, size, concurrency float64) trigger {
	return func(f deployed) {
		awslambda.NewEventSourceMapping(f.scope, jsii.String(id), &awslambda.EventSourceMappingProps{
			Target:                  f.live,
			EventSourceArn:          queue.QueueArn(),
			BatchSize:               jsii.Number(size),
			MaxBatchingWindow:       window,
			MaxConcurrency:          jsii.Number(concurrency),
			ReportBatchItemFailures: jsii.Bool(true),
		})
	}
}

// recordChanges starts a function with the changes of records. A batch that fails is halved until the record that spoils
// it is alone; after ten retries or a day, where it lies goes to the dead-letter queue.
func (r resources) recordChanges() trigger {
	return func(f deployed) {
		awslambda.NewEventSourceMapping(f.scope, jsii.String("Records"), &awslambda.EventSourceMappingProps{
			Target:                  f.live,
			EventSourceArn:          r.records.TableStreamArn(),
			StartingPosition:        awslambda.StartingPosition_TRIM_HORIZON,
			BatchSize:               jsii.Number(100),
			ParallelizationFactor:   jsii.Number(2),
			BisectBatchOnError:      jsii.Bool(true),
			RetryAttempts:           jsii.Number(10),
			MaxRecordAge:            awscdk.Duration_Hours(jsii.Number(24)),
			ReportBatchItemFailures: jsii.Bool(true),
			OnFailure:               awslambdaeventsources.NewSqsDlq(r.relayDead),
			Filters: &[]*map[string]any{
				awslambda.FilterCriteria_Filter(&map[string]any{
					"eventName": awslambda.FilterRule_Or(jsii.String("INSERT"), jsii.String("MODIFY")),
					"dynamodb": map[string]any{
						"Keys": map[string]any{
							"pk": map[string]any{"S": awslambda.FilterRule_BeginsWith(jsii.String("org_"))},
						},
					},
				}),
			},
		})
	}
}

// every starts a function at a rate.
func every(interval awscdk.Duration) trigger {
	return func(f deployed) {
		account := awscdk.Stack_Of(f.scope).Account()
		role := awsiam.NewRole(f.scope, jsii.String("ScheduleRole"), &awsiam.RoleProps{
			AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
				Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": account}},
			}),
			Description: jsii.String("Lets EventBridge Scheduler start " + f.name),
			InlinePolicies: &map[string]awsiam.PolicyDocument{
				"Invoke": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{
					Statements: &[]awsiam.PolicyStatement{allow(f.live.FunctionArn(), "lambda:InvokeFunction")},
				}),
			},
		})
		awsscheduler.NewSchedule(f.scope, jsii.String("Schedule"), &awsscheduler.ScheduleProps{
			Description: jsii.String(f.purpose),
			Schedule:    awsscheduler.ScheduleExpression_Rate(interval),
			Target: awsschedulertargets.NewLambdaInvoke(f.live, &awsschedulertargets.ScheduleTargetBaseProps{
				Role: role.WithoutPolicyUpdates(nil),
				// A start that failed for longer than this is made up for by the next one.
				MaxEventAge:   interval,
				RetryAttempts: jsii.Number(10),
			}),
		})
	}
}
