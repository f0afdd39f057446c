package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// The prefixes of the payload bucket.
const (
	// inboxObjects are bodies too large for a message, on their way to ingest.
	inboxObjects = "inbox/*"
	// archiveObjects are the untouched payloads, kept.
	archiveObjects = "archive/*"
	// fieldObjects are values too large for an item.
	fieldObjects = "fields/*"
	// uploadObjects are files that clients upload by presigned URLs, until they are loaded.
	uploadObjects = "uploads/*"
	// outboundObjects are bodies of deliveries to destinations that are too large for a message or an item.
	outboundObjects = "outbound/*"
	// exportObjects are what exports of people give.
	exportObjects = "exports/*"
	// runObjects are the ids that runs saw at providers, until both sides are compared.
	runObjects = "runs/*"
	// inputObjects are what results were reckoned from, kept: a statement is made again from them.
	inputObjects = "inputs/*"
	// previewObjects are previews of changes of programs.
	previewObjects = "previews/*"
	// settledObjects are frozen statements with all that they were reckoned from, kept.
	settledObjects = "settled/*"
	// payoutObjects are what payments were taken as into batches, kept.
	payoutObjects = "payouts/*"
	// ledgerObjects are the lists of heads that the ledger's roots bind, kept.
	ledgerObjects = "ledger/*"
)

// newPayloads makes the bucket of payloads. It is not versioned: an erasure must erase, and a version left behind would
// not be. What versions would guard against is left to one function: only work may delete, and only an erasure gives a
// key other content. No stage deletes it with the stack, for CloudFormation cannot delete a bucket that holds anything.
func newPayloads(scope constructs.Construct) awss3.Bucket {
	return awss3.NewBucket(scope, jsii.String("Payloads"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		MinimumTLSVersion: jsii.Number(1.2),
		Versioned:         jsii.Bool(false),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
		LifecycleRules: &[]*awss3.LifecycleRule{
			// Longer than a message can wait in the inbox and then in its dead-letter queue: 14 days.
			expire("Inbox", "inbox/", 30),
			// A file is loaded within hours; a job that failed can be seen to within a week.
			expire("Uploads", "uploads/", 7),
			// As long as the log of deliveries can replay them, and a little more.
			expire("Outbound", "outbound/", 35),
			// What an export gives is fetched, and then lies where whoever asked for it keeps it.
			expire("Exports", "exports/", 7),
			// A preview is looked at before a program is published.
			expire("Previews", "previews/", 7),
			// A run takes days at most, but somebody may pause it for weeks.
			expire("Runs", "runs/", 60),
			{
				Id:                                  jsii.String("AbortUploads"),
				AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(1)),
			},
		},
	})
}

// expire deletes the objects under a prefix after so many days.
func expire(what, prefix string, days float64) *awss3.LifecycleRule {
	return &awss3.LifecycleRule{
		Id:         jsii.String("Expire" + what),
		Prefix:     jsii.String(prefix),
		Expiration: awscdk.Duration_Days(jsii.Number(days)),
	}
}

// newSecretsKey makes the key that wraps the organizations' data keys, which seal what connections keep secret.
func newSecretsKey(scope constructs.Construct, s stage) awskms.Key {
	return awskms.NewKey(scope, jsii.String("Secrets"), &awskms.KeyProps{
		Description:       jsii.String("Leadline " + s.name + ": wraps the data keys of organizations"),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     s.keep,
	})
}
