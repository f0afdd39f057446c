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
	outputWork  = "TableWork"
	outputKey   = "KeySecrets"
)

// names are those of the tables and the key that a founder works on. work, the table of the audit log, may be empty.
type names struct{ table, work, key string }

// ground is what a founder works on.
type ground struct {
	names
	cfg aws.Config
	// dynamodb and kms are the endpoints of emulators, nil for those of the configuration.
	dynamodb, kms *string
}

// inAWS is the ground that a stack names, or else the names given, with the operator's own credentials.
func inAWS(ctx context.Context, stack string, given names) (ground, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return ground{}, err
	}
	if stack != "" {
		if given, err = stackOutputs(ctx, cfg, stack); err != nil {
			return ground{}, err
		}
	}
	return ground{cfg: cfg, names: given}, nil
}

// onThisMachine is the ground of what `make run` started.
func onThisMachine(r runFile) (ground, error) {
	g := ground{cfg: localConfig(), names: names{r.Outputs[outputTable], r.Outputs[outputWork], r.Outputs[outputKey]}}
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

// founder completes f with the tables and the key.
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
	f.tenancy, f.members = dynamo.NewTenancy(db, g.table), dynamo.NewMembers(db, g.table)
	if g.work != "" {
		f.journal = dynamo.NewJournal(db, g.work)
	}
	f.newDataKey = secret.New(secret.NewKMS(keys, g.key), secret.Options{}).NewDataKey
	return f
}

// stackOutputs reads the names of the tables and the key from a stack.
func stackOutputs(ctx context.Context, cfg aws.Config, stack string) (names, error) {
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return names{}, fmt.Errorf("read stack %s: %w", stack, err)
	}
	outputs := map[string]string{}
	for _, s := range out.Stacks {
		for _, o := range s.Outputs {
			outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	found := names{outputs[outputTable], outputs[outputWork], outputs[outputKey]}
	if found.table == "" || found.key == "" {
		return names{}, fmt.Errorf("stack %s has no outputs %s and %s: is it one of Leadline?", stack, outputTable, outputKey)
	}
	return found, nil
}
