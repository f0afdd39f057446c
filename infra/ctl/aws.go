package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"leadline/shared/secret"
	"leadline/shared/settings"
	"leadline/shared/store/dynamo"
)

// The outputs of the stack that name what a founder works on.
const (
	outputTable = "TableTenancy"
	outputKey   = "KeySecrets"
)

// openFounder completes f with the table and the key that are named, or those of a stack.
func openFounder(ctx context.Context, stack, table, key string, f founder) (founder, error) {
	cfg, err := settings.AWS(ctx)
	if err != nil {
		return founder{}, err
	}
	if stack != "" {
		if table, key, err = stackOutputs(ctx, cfg, stack); err != nil {
			return founder{}, err
		}
	}
	f.tenancy = dynamo.NewTenancy(dynamodb.NewFromConfig(cfg), table)
	f.newDataKey = secret.New(secret.NewKMS(kms.NewFromConfig(cfg), key), secret.Options{}).NewDataKey
	return f, nil
}

// stackOutputs reads the names of the table and the key from a stack.
func stackOutputs(ctx context.Context, cfg aws.Config, stack string) (table, key string, err error) {
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return "", "", fmt.Errorf("read stack %s: %w", stack, err)
	}
	for _, s := range out.Stacks {
		for _, o := range s.Outputs {
			switch aws.ToString(o.OutputKey) {
			case outputTable:
				table = aws.ToString(o.OutputValue)
			case outputKey:
				key = aws.ToString(o.OutputValue)
			}
		}
	}
	if table == "" || key == "" {
		return "", "", fmt.Errorf("stack %s has no outputs %s and %s: is it one of Leadline?", stack, outputTable, outputKey)
	}
	return table, key, nil
}
