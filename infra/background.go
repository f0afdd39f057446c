package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// The functions that nobody waits for: what goes out, what is due later, what is fetched, and long work.

func deliver(r resources) function {
	return function{
		name:      "deliver",
		purpose:   "Posts events to the destinations of organizations, tries again what failed, and mails notices to admins",
		timeout:   deliverTimeout,
		memory:    256,
		errors:    3,
		faults:    5,
		startedBy: []trigger{batches("Deliveries", r.deliver, 10, r.deliverConcurrency)},
		env: map[string]*string{
			"TABLE_TENANCY":             r.tenancy.TableName(),
			"TABLE_WORK":                r.work.TableName(),
			"QUEUE_DELIVER":             r.deliver.QueueUrl(),
			"BUCKET_PAYLOADS":           r.payloads.BucketName(),
			"KEY_SECRETS":               r.secrets.KeyArn(),
			"BASE_URL":                  r.http.ApiEndpoint(), // where the links of mails lead
			"MAIL_FROM":                 jsii.String(r.mail.from),
			"OUTBOUND_ALLOW_LOOPBACK":   jsii.String("false"),
			"DESTINATION_CACHE_SECONDS": jsii.String("10"),
			"DELIVER_MAX_RECEIVES":      jsii.Sprintf("%d", maxReceives),
		},
		may: append([]awsiam.PolicyStatement{
			// It sends to its own queue what is to be tried again within 15 minutes, and asks for the mail about its notices.
			allow(r.deliver.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"),
			// A destination that is switched off; the people who get mail.
			allow(r.tenancy.TableArn(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
			// The log, what is due later, notices; updates note what became of a mail.
			allow(r.work.TableArn(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
			allow(r.objects(outboundObjects), "s3:GetObject"),
			allow(r.secrets.KeyArn(), "kms:Decrypt"),
		}, r.maySendMail()...),
	}
}

func schedule(r resources) function {
	return function{
		name:      "schedule",
		purpose:   "Sends what is due to its queue",
		timeout:   55, // it ends before it begins again
		memory:    256,
		errors:    3,
		faults:    1, // it runs once a minute
		startedBy: []trigger{every(minutes(1))},
		env: map[string]*string{
			"TABLE_WORK":      r.work.TableName(),
			"QUEUE_DELIVER":   r.deliver.QueueUrl(),
			"QUEUE_FETCH":     r.fetch.QueueUrl(),
			"QUEUE_CALCULATE": r.calculate.QueueUrl(),
			"QUEUE_SETTLE":    r.settle.QueueUrl(),
			"QUEUE_NUDGE":     r.nudge.QueueUrl(),
		},
		may: []awsiam.PolicyStatement{
			allow(r.work.TableArn(), "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
			allow(r.deliver.QueueArn(), "sqs:SendMessage"),
			allow(r.calculate.QueueArn(), "sqs:SendMessage"),
			allow(r.settle.QueueArn(), "sqs:SendMessage"),
			allow(r.nudge.QueueArn(), "sqs:SendMessage"),
			allow(r.fetch.QueueArn(), "sqs:SendMessage"),
		},
	}
}

func fetch(r resources) function {
	return function{
		name:      "fetch",
		purpose:   "Reads what providers have, page by page: imports, what changed, what differs; and looks after connections",
		timeout:   fetchTimeout,
		memory:    512,
		errors:    3,
		faults:    5,
		startedBy: []trigger{batches("Fetch", r.fetch, 1, r.fetchConcurrency)},
		env: map[string]*string{
			"TABLE_RECORDS":           r.records.TableName(),
			"TABLE_INTAKE":            r.intake.TableName(),
			"TABLE_TENANCY":           r.tenancy.TableName(),
			"TABLE_WORK":              r.work.TableName(),
			"QUEUE_FETCH":             r.fetch.QueueUrl(),
			"QUEUE_INBOX":             r.inbox.QueueUrl(),
			"QUEUE_DELIVER":           r.deliver.QueueUrl(),
			"BUCKET_PAYLOADS":         r.payloads.BucketName(),
			"KEY_SECRETS":             r.secrets.KeyArn(),
			"BASE_URL":                r.http.ApiEndpoint(), // of the webhook URLs that providers are told
			"OUTBOUND_ALLOW_LOOPBACK": jsii.String("false"),
			"CLOCK_GUARD_SECONDS":     jsii.String("300"),
			"SCHEMA_CACHE_SECONDS":    jsii.String("60"),
		},
		may: []awsiam.PolicyStatement{
			// It sends itself on to the next pages, after a while where a provider says so.
			allow(r.fetch.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"),
			allow(r.inbox.QueueArn(), "sqs:SendMessage"),   // what was put aside while a connection was paused
			allow(r.deliver.QueueArn(), "sqs:SendMessage"), // the mail about notices
			allow(r.records.TableArn(), "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			// Schemas, what is set aside and resolved, views.
			allow(r.intake.TableArn(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			// Logins, webhook URLs and their keys, the roster, from which it takes an identity back; updates count requests for
			// budgets. A transaction needs the actions of its parts.
			allow(r.tenancy.TableArn(), "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			// Runs and syncs, limits, what is due later, notices.
			allow(r.work.TableArn(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
			allow(r.objects(archiveObjects), "s3:PutObject"),
			allow(r.objects(fieldObjects), "s3:PutObject"),
			allow(r.objects(runObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.secrets.KeyArn(), "kms:Decrypt"),
		},
	}
}

func work(r resources) function {
	return function{
		name:      "work",
		purpose:   "Goes on with jobs, step by step: replays, files to load, exports and erasures of people",
		timeout:   workTimeout,
		memory:    1024, // a file of a gigabyte is unpacked twice
		errors:    1,    // few run, and each step that fails waits half an hour
		faults:    1,
		startedBy: []trigger{batches("Jobs", r.jobs, 1, r.workConcurrency)},
		env: map[string]*string{
			"TABLE_INTAKE":    r.intake.TableName(),
			"TABLE_TENANCY":   r.tenancy.TableName(),
			"TABLE_WORK":      r.work.TableName(),
			"TABLE_RECORDS":   r.records.TableName(),
			"TABLE_HISTORY":   r.history.TableName(),
			"QUEUE_INBOX":     r.inbox.QueueUrl(),
			"QUEUE_JOBS":      r.jobs.QueueUrl(),
			"QUEUE_DELIVER":   r.deliver.QueueUrl(),
			"BUCKET_PAYLOADS": r.payloads.BucketName(),
			// One receive is left for a job whose function was killed each time: then it is noted as failed.
			"JOB_MAX_RECEIVES": jsii.Sprintf("%d", maxReceives-1),
		},
		may: []awsiam.PolicyStatement{
			// It sends itself on to the next step.
			allow(r.jobs.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"),
			allow(r.inbox.QueueArn(), "sqs:SendMessage"),
			allow(r.deliver.QueueArn(), "sqs:SendMessage"),
			// What an erasure finds, it reads, overwrites and deletes.
			allow(r.records.TableArn(), "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			allow(r.history.TableArn(), "dynamodb:BatchWriteItem", "dynamodb:Query"),
			allow(r.intake.TableArn(), "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			// Members and logins lose their names; a transaction needs the actions of its parts.
			allow(r.tenancy.TableArn(), "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			allow(r.work.TableArn(), "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			allow(r.objects(uploadObjects), "s3:DeleteObject", "s3:GetObject"),
			allow(r.objects(inboxObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(archiveObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(fieldObjects), "s3:DeleteObject", "s3:GetObject"),
			allow(r.objects(outboundObjects), "s3:DeleteObject", "s3:GetObject"),
			allow(r.objects(exportObjects), "s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
		},
	}
}
