package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// The functions of incentives: what people earn, what they are paid, and what they are told of it.

// ledgerActions are what functions may do in the ledger: nothing in it is ever deleted, and a batch of writes could delete.
func ledgerActions() []string {
	return []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
}

func calculate(r resources) function {
	return function{
		name:      "calculate",
		purpose:   "Credits the records that changed, and reckons what people earn",
		timeout:   calculateTimeout,
		memory:    1024,
		errors:    3,
		faults:    5,
		startedBy: []trigger{batchesWithin(nil, "Calculations", r.calculate, 10, r.calculateConcurrency)}, // people watch their standing
		env: map[string]*string{
			"TABLE_RECORDS":   r.records.TableName(),
			"TABLE_INTAKE":    r.intake.TableName(),
			"TABLE_TENANCY":   r.tenancy.TableName(),
			"TABLE_WORK":      r.work.TableName(),
			"QUEUE_CALCULATE": r.calculate.QueueUrl(),
			"QUEUE_NUDGE":     r.nudge.QueueUrl(),
			"BUCKET_PAYLOADS": r.payloads.BucketName(),
		},
		may: []awsiam.PolicyStatement{
			// It sends to its own queue the parts of long work, and what it has no time for.
			allow(r.calculate.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"),
			allow(r.nudge.QueueArn(), "sqs:SendMessage"), // whose standings moved
			allow(r.records.TableArn(), "dynamodb:GetItem", "dynamodb:Query"),
			allow(r.intake.TableArn(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"), // programs, exchange rates, goals
			allow(r.tenancy.TableArn(), "dynamodb:GetItem", "dynamodb:Query"),                    // members
			allow(r.work.TableArn(), "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			allow(r.objects(inputObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(previewObjects), "s3:GetObject", "s3:PutObject"),
		},
	}
}

func settle(r resources) function {
	return function{
		name:      "settle",
		purpose:   "Freezes what people earned, posts it to the ledger, and collects, taxes and pays it",
		timeout:   settleTimeout,
		memory:    1024,
		errors:    3,
		faults:    5,
		startedBy: []trigger{batchesWithin(nil, "Settlements", r.settle, 10, r.settleConcurrency)}, // somebody waits for the next step
		env: map[string]*string{
			"TABLE_RECORDS":   r.records.TableName(),
			"TABLE_INTAKE":    r.intake.TableName(),
			"TABLE_TENANCY":   r.tenancy.TableName(),
			"TABLE_WORK":      r.work.TableName(),
			"TABLE_LEDGER":    r.ledger.TableName(),
			"QUEUE_SETTLE":    r.settle.QueueUrl(),
			"QUEUE_NUDGE":     r.nudge.QueueUrl(),
			"BUCKET_PAYLOADS": r.payloads.BucketName(),
			"KEY_SECRETS":     r.secrets.KeyArn(),
		},
		may: []awsiam.PolicyStatement{
			// It sends to its own queue the parts of long work.
			allow(r.settle.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"),
			allow(r.nudge.QueueArn(), "sqs:SendMessage"),                                            // whose statements are ready, or paid
			allow(r.records.TableArn(), "dynamodb:GetItem"),                                         // whether a record changed since
			allow(r.ledger.TableArn(), append(ledgerActions(), "dynamodb:UpdateItem")...),           // updates note what was posted
			allow(r.intake.TableArn(), "dynamodb:GetItem", "dynamodb:Query"),                        // programs, exchange rates, goals
			allow(r.tenancy.TableArn(), "dynamodb:GetItem", "dynamodb:Query"),                       // members, who pays and who is paid
			allow(r.work.TableArn(), "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"), // standings
			allow(r.objects(inputObjects), "s3:GetObject"),
			allow(r.objects(settledObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(payoutObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(ledgerObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.secrets.KeyArn(), "kms:Decrypt"), // bank details
		},
	}
}

func nudge(r resources) function {
	return function{
		name:      "nudge",
		purpose:   "Tells people what their standing asks for, and keeps their points, badges, levels and streaks",
		timeout:   nudgeTimeout,
		memory:    512,
		errors:    3,
		faults:    5,
		startedBy: []trigger{batches("Nudges", r.nudge, 10, r.nudgeConcurrency)},
		env: map[string]*string{
			"TABLE_INTAKE":  r.intake.TableName(),
			"TABLE_TENANCY": r.tenancy.TableName(),
			"TABLE_WORK":    r.work.TableName(),
			"TABLE_LEDGER":  r.ledger.TableName(),
			"QUEUE_NUDGE":   r.nudge.QueueUrl(),
			"QUEUE_DELIVER": r.deliver.QueueUrl(),
		},
		may: []awsiam.PolicyStatement{
			// It sends to its own queue the people that a look is for, in parts.
			allow(r.nudge.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"),
			allow(r.deliver.QueueArn(), "sqs:SendMessage"), // which sends what is decided here
			allow(r.ledger.TableArn(), ledgerActions()...), // points
			allow(r.intake.TableArn(), "dynamodb:GetItem", "dynamodb:Query"),
			allow(r.tenancy.TableArn(), "dynamodb:GetItem", "dynamodb:Query"), // members, people, destinations
			// What was told to whom, what lies in their inboxes, what is due later.
			allow(r.work.TableArn(), "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
		},
	}
}
