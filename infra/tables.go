package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// tables holds all that Leadline remembers. The items and their keys are described in shared/DESIGN.md.
type tables struct {
	// records is the one clean copy of every record; its stream is the outbox of changes.
	records awsdynamodb.Table
	// history is what each write to a record changed.
	history awsdynamodb.Table
	// intake is what came in: objects and their schemas, batches, payloads kept, deliveries set aside.
	intake awsdynamodb.Table
	// tenancy is who uses Leadline: organizations, people, API keys, connections, webhook URLs, clients, destinations.
	tenancy awsdynamodb.Table
	// work is what goes on and what was done: jobs, deliveries to destinations, what is due later, notices, the audit log.
	work awsdynamodb.Table
	// ledger is what people are owed and paid: their books, settled periods, statements and payments. Nobody may delete from it.
	ledger awsdynamodb.Table
}

func newTables(scope constructs.Construct, s stage) tables {
	table := func(id string, stream awsdynamodb.StreamViewType) awsdynamodb.Table {
		return awsdynamodb.NewTable(scope, jsii.String(id), &awsdynamodb.TableProps{
			PartitionKey:        &awsdynamodb.Attribute{Name: jsii.String("pk"), Type: awsdynamodb.AttributeType_STRING},
			SortKey:             &awsdynamodb.Attribute{Name: jsii.String("sk"), Type: awsdynamodb.AttributeType_STRING},
			TimeToLiveAttribute: jsii.String("ttl"),
			BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
			Stream:              stream,
			Encryption:          awsdynamodb.TableEncryption_AWS_MANAGED,
			PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
				PointInTimeRecoveryEnabled: jsii.Bool(true),
			},
			DeletionProtection: jsii.Bool(s.protect),
			RemovalPolicy:      s.keep,
		})
	}
	return tables{
		records: table("Records", awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES),
		history: table("History", ""),
		intake:  table("Intake", ""),
		tenancy: table("Tenancy", ""),
		work:    table("WorkTable", ""), // Work alone is where the function of that name stands
		ledger:  table("Ledger", ""),
	}
}

func (t tables) all() []awsdynamodb.Table {
	return []awsdynamodb.Table{t.records, t.history, t.intake, t.tenancy, t.work, t.ledger}
}

// streamsOf names the streams of a table, for the one action that is granted on all of them.
func streamsOf(table awsdynamodb.Table) *string {
	return awscdk.Fn_Join(jsii.String("/"), &[]*string{table.TableArn(), jsii.String("stream"), jsii.String("*")})
}
