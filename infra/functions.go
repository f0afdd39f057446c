package main

import (
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// The timeouts, in seconds, from which the visibility timeouts of queues follow.
const (
	ingestTimeout    = 60
	deliverTimeout   = 60
	fetchTimeout     = 120
	calculateTimeout = 60
	settleTimeout    = 60
	nudgeTimeout     = 60
	workTimeout      = 300
)

// function describes one Lambda function: everything about it except what starts it. Its name is that of its folder.
type function struct {
	name    string
	purpose string
	timeout float64 // seconds
	memory  float64 // MB
	// errors is how many failed invocations in five minutes call a person, and roll a deployment back. What one item of
	// a batch fails at is no failed invocation.
	errors float64
	// faults is how many failures within invocations that succeed as such, a minute, call a person and roll a deployment
	// back: answers of 5xx, items of a batch. 0 for a function that a schedule starts now and then: there a single one in
	// an hour calls a person, and rolls nothing back, because a run falls into a rollout by chance only.
	faults float64
	// startedBy connects the function to all that starts it.
	startedBy []trigger
	// streamed functions read a stream and can lag behind it.
	streamed bool
	// env is what the function reads from its environment, besides STAGE and LOG_LEVEL.
	env map[string]*string
	// may is all that the function is allowed to do, besides writing its log.
	may []awsiam.PolicyStatement
}

// resources is what the functions work on.
type resources struct {
	stage
	tables
	queues
	payloads awss3.Bucket
	secrets  awskms.Key
	http     awsapigatewayv2.HttpApi
	mail     sender
	// productionCRM lets the stage log in to providers themselves, not only to sandboxes.
	productionCRM bool
}

// objects names the objects of the payload bucket under a prefix.
func (r resources) objects(prefix string) *string {
	return r.payloads.ArnForObjects(jsii.String(prefix))
}

// maySendMail permits to send as the identity of the sender, if there is one.
func (r resources) maySendMail() []awsiam.PolicyStatement {
	if r.mail.from == "" {
		return nil
	}
	return []awsiam.PolicyStatement{allow(jsii.Sprintf("arn:%s:ses:%s:%s:identity/%s",
		*awscdk.Aws_PARTITION(), *awscdk.Aws_REGION(), *awscdk.Aws_ACCOUNT_ID(), r.mail.identity), "ses:SendEmail")}
}

// describe lists all functions.
func describe(r resources) []function {
	return []function{receive(r), ingest(r), relay(r), sweep(r), deliver(r), schedule(r), fetch(r), calculate(r), settle(r), nudge(r),
		work(r), api(r)}
}

func receive(r resources) function {
	return function{
		name:    "receive",
		purpose: "Takes webhooks and the rows of clients: checks who sends, puts the body into the inbox, answers",
		timeout: 10,
		memory:  256,
		errors:  3,
		faults:  5,
		startedBy: []trigger{
			r.request(awsapigatewayv2.HttpMethod_POST, "/hooks/{token}"),
			r.request(awsapigatewayv2.HttpMethod_POST, "/v1/push"), // the one route under /v1 that is not the API's
		},
		env: map[string]*string{
			"TABLE_TENANCY":               r.tenancy.TableName(),
			"TABLE_INTAKE":                r.intake.TableName(),
			"QUEUE_INBOX":                 r.inbox.QueueUrl(),
			"BUCKET_PAYLOADS":             r.payloads.BucketName(),
			"KEY_SECRETS":                 r.secrets.KeyArn(),
			"SIGNATURE_TOLERANCE_SECONDS": jsii.String("300"),
			"HOOK_CACHE_SECONDS":          jsii.String("60"),
			"CLIENT_CACHE_SECONDS":        jsii.String("60"),
			"BODY_MAX_BYTES":              jsii.String("4194304"), // Lambda takes 6 MB, of which base64 may be a third
			"PUSH_MAX_BYTES":              jsii.String("4194304"),
			"MESSAGE_MAX_BYTES":           jsii.Sprintf("%d", maxMessageBytes),
			"BASE_URL":                    r.http.ApiEndpoint(), // of the address of a batch
		},
		may: []awsiam.PolicyStatement{
			allow(r.tenancy.TableArn(), "dynamodb:GetItem", "dynamodb:UpdateItem"), // updates count rows for quotas
			allow(r.intake.TableArn(), "dynamodb:GetItem"),                         // which field of an object is the id
			allow(r.inbox.QueueArn(), "sqs:SendMessage"),
			allow(r.objects(inboxObjects), "s3:PutObject"),
			allow(r.secrets.KeyArn(), "kms:Decrypt"),
		},
	}
}

func ingest(r resources) function {
	return function{
		name:      "ingest",
		purpose:   "Applies what lies in the inbox to the records, and announces it to destinations",
		timeout:   ingestTimeout,
		memory:    512,
		errors:    3,
		faults:    5,
		startedBy: []trigger{batches("Inbox", r.inbox, 10, r.ingestConcurrency)},
		env: map[string]*string{
			"TABLE_RECORDS":             r.records.TableName(),
			"TABLE_INTAKE":              r.intake.TableName(),
			"TABLE_TENANCY":             r.tenancy.TableName(),
			"TABLE_WORK":                r.work.TableName(),
			"QUEUE_INBOX":               r.inbox.QueueUrl(),
			"QUEUE_DELIVER":             r.deliver.QueueUrl(),
			"QUEUE_FETCH":               r.fetch.QueueUrl(),
			"BUCKET_PAYLOADS":           r.payloads.BucketName(),
			"CLOCK_GUARD_SECONDS":       jsii.String("300"),
			"SCHEMA_CACHE_SECONDS":      jsii.String("60"),
			"DESTINATION_CACHE_SECONDS": jsii.String("10"),
		},
		may: []awsiam.PolicyStatement{
			// It sends round again what it has no time for.
			allow(r.inbox.QueueArn(), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"),
			allow(r.records.TableArn(), "dynamodb:GetItem", "dynamodb:UpdateItem"),
			allow(r.intake.TableArn(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
			allow(r.tenancy.TableArn(), "dynamodb:Query"), // destinations
			allow(r.work.TableArn(), "dynamodb:PutItem"),  // notices
			allow(r.deliver.QueueArn(), "sqs:SendMessage"),
			allow(r.fetch.QueueArn(), "sqs:SendMessage"), // records that must be read again
			allow(r.objects(inboxObjects), "s3:GetObject"),
			allow(r.objects(archiveObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(fieldObjects), "s3:PutObject"),
			allow(r.objects(outboundObjects), "s3:PutObject"),
		},
	}
}

func relay(r resources) function {
	return function{
		name:      "relay",
		purpose:   "Writes the history of records from the stream of their table, and says which of them changed",
		timeout:   60,
		memory:    256,
		errors:    3,
		faults:    2, // one for a whole batch, and ever longer pauses between its retries
		startedBy: []trigger{r.recordChanges()},
		streamed:  true,
		env: map[string]*string{
			"TABLE_HISTORY":   r.history.TableName(),
			"QUEUE_CALCULATE": r.calculate.QueueUrl(),
		},
		may: []awsiam.PolicyStatement{
			allow(r.records.TableStreamArn(), "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
			allow(streamsOf(r.records), "dynamodb:ListStreams"),
			allow(r.relayDead.QueueArn(), "sqs:SendMessage"),
			allow(r.history.TableArn(), "dynamodb:BatchWriteItem"),
			allow(r.calculate.QueueArn(), "sqs:SendMessage"),
		},
	}
}

func sweep(r resources) function {
	return function{
		name:      "sweep",
		purpose:   "Repairs the history that relay missed",
		timeout:   300,
		memory:    256,
		errors:    1,
		startedBy: []trigger{every(minutes(15))},
		env: map[string]*string{
			"TABLE_RECORDS":          r.records.TableName(),
			"TABLE_HISTORY":          r.history.TableName(),
			"SWEEP_GRACE_SECONDS":    jsii.String("900"),
			"SWEEP_INTERVAL_SECONDS": jsii.String("21600"), // a pass reads the whole table; the stream keeps a day
		},
		may: []awsiam.PolicyStatement{
			allow(r.records.TableArn(), "dynamodb:Scan"),
			allow(r.history.TableArn(), "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
		},
	}
}

func api(r resources) function {
	return function{
		name:      "api",
		purpose:   "Serves the HTTP API",
		timeout:   15,
		memory:    256,
		errors:    3,
		faults:    5,
		startedBy: []trigger{r.request(awsapigatewayv2.HttpMethod_ANY, "/v1/{proxy+}")},
		env: map[string]*string{
			"TABLE_RECORDS":           r.records.TableName(),
			"TABLE_HISTORY":           r.history.TableName(),
			"TABLE_INTAKE":            r.intake.TableName(),
			"TABLE_TENANCY":           r.tenancy.TableName(),
			"TABLE_WORK":              r.work.TableName(),
			"TABLE_LEDGER":            r.ledger.TableName(),
			"QUEUE_INBOX":             r.inbox.QueueUrl(),
			"QUEUE_DELIVER":           r.deliver.QueueUrl(),
			"QUEUE_JOBS":              r.jobs.QueueUrl(),
			"QUEUE_FETCH":             r.fetch.QueueUrl(),
			"QUEUE_CALCULATE":         r.calculate.QueueUrl(),
			"QUEUE_SETTLE":            r.settle.QueueUrl(),
			"QUEUE_NUDGE":             r.nudge.QueueUrl(),
			"BUCKET_PAYLOADS":         r.payloads.BucketName(),
			"KEY_SECRETS":             r.secrets.KeyArn(),
			"BASE_URL":                r.http.ApiEndpoint(), // no slash at its end
			"KEY_CACHE_SECONDS":       jsii.String("60"),
			"OUTBOUND_ALLOW_LOOPBACK": jsii.String("false"),
			"ALLOW_PRODUCTION_CRM":    jsii.String(strconv.FormatBool(r.productionCRM)),
		},
		may: []awsiam.PolicyStatement{
			allow(r.records.TableArn(), "dynamodb:GetItem", "dynamodb:Query"),
			allow(r.history.TableArn(), "dynamodb:Query"),
			allow(r.intake.TableArn(), "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			// A transaction needs the actions of its parts.
			allow(r.tenancy.TableArn(), "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			allow(r.work.TableArn(), "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
			allow(r.inbox.QueueArn(), "sqs:SendMessage"),
			allow(r.deliver.QueueArn(), "sqs:SendMessage"),
			allow(r.jobs.QueueArn(), "sqs:SendMessage"),
			allow(r.fetch.QueueArn(), "sqs:SendMessage"),
			allow(r.calculate.QueueArn(), "sqs:SendMessage"),
			allow(r.settle.QueueArn(), "sqs:SendMessage"),
			allow(r.nudge.QueueArn(), "sqs:SendMessage"), // points and activities
			// What it posts at once, and how far periods and payments have come.
			allow(r.ledger.TableArn(), ledgerActions()...),
			allow(r.objects(settledObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(payoutObjects), "s3:GetObject"), // what bank files are made of
			allow(r.objects(ledgerObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(inputObjects), "s3:GetObject"), // what statements were reckoned from
			allow(r.objects(previewObjects), "s3:GetObject", "s3:PutObject"),
			allow(r.objects(inboxObjects), "s3:PutObject"), // payloads that an admin corrected
			allow(r.objects(archiveObjects), "s3:GetObject"),
			allow(r.objects(fieldObjects), "s3:GetObject"),
			allow(r.objects(uploadObjects), "s3:GetObject", "s3:PutObject"), // a presigned URL may do what its signer may
			allow(r.objects(exportObjects), "s3:GetObject"),
			allow(r.objects(outboundObjects), "s3:GetObject"),
			allow(r.secrets.KeyArn(), "kms:Decrypt"), // data keys are made by an operator
		},
	}
}

// allow permits actions on one resource.
func allow(resource *string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{resource},
	})
}

// title gives a function's name as it begins the ids of its constructs.
func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
