package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// table is a table that is there.
type table struct {
	resource
	// stream is the ARN of its stream, as DynamoDB Local calls it; empty if it has none.
	stream string
}

// makeTables makes the tables that are missing and binds all of them.
func (s *stack) makeTables(ctx context.Context, client *dynamodb.Client) ([]table, error) {
	resources, err := s.each("AWS::DynamoDB::Table", "TableName")
	if err != nil {
		return nil, err
	}
	var all []table
	for _, r := range resources {
		var properties tableProperties
		if err := s.Decode(r.Resource, &properties); err != nil {
			return nil, err
		}
		made, err := ensureTable(ctx, client, r.name, properties)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", r.label, err)
		}
		stream := ""
		attributes := map[string]string{"Arn": arn("dynamodb", "table/"+r.name)}
		if properties.StreamSpecification != nil {
			stream = aws.ToString(made.LatestStreamArn)
			attributes["StreamArn"] = stream
		}
		s.Bind(r.LogicalID, r.name, attributes)
		all = append(all, table{resource: r, stream: stream})
	}
	return all, nil
}

// ensureTable gives a table as the template wants it, and makes it if it is missing.
func ensureTable(ctx context.Context, client *dynamodb.Client, name string, want tableProperties) (*types.TableDescription, error) {
	found, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		if _, err := client.CreateTable(ctx, createTable(name, want)); err != nil {
			return nil, err
		}
		if err := dynamodb.NewTableExistsWaiter(client, quickly).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
			return nil, err
		}
		found, err = client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	}
	if err != nil {
		return nil, err
	}
	if err := compare(found.Table, want); err != nil {
		return nil, err
	}
	if want.StreamSpecification != nil && (found.Table.StreamSpecification == nil || !aws.ToBool(found.Table.StreamSpecification.StreamEnabled)) {
		changed, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &name, StreamSpecification: streamOf(want)})
		if err != nil {
			return nil, fmt.Errorf("turn its stream on: %w", err)
		}
		found.Table = changed.TableDescription
	}
	return found.Table, ensureTimeToLive(ctx, client, name, want)
}

func quickly(o *dynamodb.TableExistsWaiterOptions) {
	o.MinDelay, o.MaxDelay = 20*time.Millisecond, time.Second
}

func createTable(name string, want tableProperties) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest, KeySchema: keySchema(want.KeySchema), StreamSpecification: streamOf(want),
	}
	for _, a := range want.AttributeDefinitions {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(a.AttributeName), AttributeType: types.ScalarAttributeType(a.AttributeType),
		})
	}
	for _, i := range want.GlobalSecondaryIndexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(i.IndexName), KeySchema: keySchema(i.KeySchema), Projection: projection(i),
		})
	}
	for _, i := range want.LocalSecondaryIndexes {
		in.LocalSecondaryIndexes = append(in.LocalSecondaryIndexes, types.LocalSecondaryIndex{
			IndexName: aws.String(i.IndexName), KeySchema: keySchema(i.KeySchema), Projection: projection(i),
		})
	}
	return in
}

func keySchema(elements []keyElement) []types.KeySchemaElement {
	var all []types.KeySchemaElement
	for _, e := range elements {
		all = append(all, types.KeySchemaElement{AttributeName: aws.String(e.AttributeName), KeyType: types.KeyType(e.KeyType)})
	}
	return all
}

func projection(i index) *types.Projection {
	return &types.Projection{ProjectionType: types.ProjectionType(i.Projection.ProjectionType), NonKeyAttributes: i.Projection.NonKeyAttributes}
}

func streamOf(want tableProperties) *types.StreamSpecification {
	if want.StreamSpecification == nil {
		return nil
	}
	return &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(want.StreamSpecification.StreamViewType)}
}

// compare tells whether a table that was there has the keys and indexes that the template declares. DynamoDB cannot
// change the keys of a table; on AWS, CloudFormation would replace it.
func compare(found *types.TableDescription, want tableProperties) error {
	const advice = "the data folder is of an older stack; `make clean` forgets it"
	if shape(found.KeySchema) != shape(keySchema(want.KeySchema)) {
		return fmt.Errorf("it has the keys %s, the template says %s: %s", shape(found.KeySchema), shape(keySchema(want.KeySchema)), advice)
	}
	var has, wants []string
	for _, i := range found.GlobalSecondaryIndexes {
		has = append(has, aws.ToString(i.IndexName)+" "+shape(i.KeySchema))
	}
	for _, i := range found.LocalSecondaryIndexes {
		has = append(has, aws.ToString(i.IndexName)+" "+shape(i.KeySchema))
	}
	for _, i := range slices.Concat(want.GlobalSecondaryIndexes, want.LocalSecondaryIndexes) {
		wants = append(wants, i.IndexName+" "+shape(keySchema(i.KeySchema)))
	}
	slices.Sort(has)
	slices.Sort(wants)
	if !slices.Equal(has, wants) {
		return fmt.Errorf("it has the indexes %v, the template says %v: %s", has, wants, advice)
	}
	return nil
}

func shape(keys []types.KeySchemaElement) string {
	var parts []string
	for _, k := range keys {
		parts = append(parts, aws.ToString(k.AttributeName)+" "+string(k.KeyType))
	}
	return strings.Join(parts, ", ")
}

func ensureTimeToLive(ctx context.Context, client *dynamodb.Client, name string, want tableProperties) error {
	if want.TimeToLiveSpecification == nil || !bool(want.TimeToLiveSpecification.Enabled) {
		return nil
	}
	found, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
	if err != nil {
		return fmt.Errorf("time to live: %w", err)
	}
	if d := found.TimeToLiveDescription; d != nil && d.TimeToLiveStatus == types.TimeToLiveStatusEnabled {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &name, TimeToLiveSpecification: &types.TimeToLiveSpecification{
		AttributeName: aws.String(want.TimeToLiveSpecification.AttributeName), Enabled: aws.Bool(true),
	}})
	if err != nil {
		return fmt.Errorf("time to live: %w", err)
	}
	return nil
}
