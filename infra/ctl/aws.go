package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"leadline/shared/secret"
	"leadline/shared/store/dynamo"
)

// The outputs of the stack that name what a founder works on.
const (
	outputTable = "TableTenancy"
	outputKey   = "KeySecrets"
)

// ground is what a founder works on.
type ground struct {
	cfg        aws.Config
	table, key string
	// dynamodb and kms are the endpoints of emulators, nil for those of the configuration.
	dynamodb, kms *string
}

// inAWS is the ground that a stack names, or else a table and a key, with the operator's own credentials.
func inAWS(ctx context.Context, stack, table, key string) (ground, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return ground{}, err
	}
	if stack != "" {
		if table, key, err = stackOutputs(ctx, cfg, stack); err != nil {
			return ground{}, err
		}
	}
	return ground{cfg: cfg, table: table, key: key}, nil
}

// onThisMachine is the ground of what `make run` started.
func onThisMachine(r runFile) (ground, error) {
	g := ground{cfg: localConfig(), table: r.Outputs[outputTable], key: r.Outputs[outputKey]}
	if g.table == "" || g.key == "" || r.Endpoints["dynamodb"] == "" || r.Endpoints["kms"] == "" {
		return ground{}, usagef("say --stack, or set TABLE_TENANCY and KEY_SECRETS: the run file does not name table, key and endpoints")
	}
	g.dynamodb, g.kms = aws.String(r.Endpoints["dynamodb"]), aws.String(r.Endpoints["kms"])
	return g, nil
}

// localConfig is for emulators, which ask for no more than that there are credentials.
func localConfig() aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
}

// founder completes f with the table and the key.
func (g ground) founder(f founder) founder {
	db := dynamodb.NewFromConfig(g.cfg, func(o *dynamodb.Options) {
		if g.dynamodb != nil {
			o.BaseEndpoint = g.dynamodb
		}
	})
	keys := kms.NewFromConfig(g.cfg, func(o *kms.Options) {
		if g.kms != nil {
			o.BaseEndpoint = g.kms
		}
	})
	f.tenancy = dynamo.NewTenancy(db, g.table)
	f.newDataKey = secret.New(secret.NewKMS(keys, g.key), secret.Options{}).NewDataKey
	return f
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
