package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
)

// stage is everything in which one deployment of Leadline differs from another.
type stage struct {
	name         string
	logLevel     string
	logRetention awslogs.RetentionDays
	// keep says what becomes of data when its resource leaves the stack.
	keep awscdk.RemovalPolicy
	// protect refuses the deletion of the stack and its tables.
	protect bool
	// ingestConcurrency is how many invocations of ingest the inbox may cause at once, at least 2.
	ingestConcurrency float64
	// deliverConcurrency is the same for deliver, workConcurrency for work.
	deliverConcurrency, workConcurrency float64
	// fetchConcurrency is the same for fetch. However many there are, they share one budget of each connection.
	fetchConcurrency float64
	// calculateConcurrency is the same for calculate.
	calculateConcurrency float64
	// settleConcurrency is the same for settle, nudgeConcurrency for nudge.
	settleConcurrency, nudgeConcurrency float64
	// rollout is how a new version of a function takes over.
	rollout awscodedeploy.ILambdaDeploymentConfig
}

// stageNamed gives the stage of a name.
func stageNamed(name string) (stage, error) {
	switch name {
	case "dev":
		return stage{
			name:                 name,
			logLevel:             "DEBUG",
			logRetention:         awslogs.RetentionDays_ONE_WEEK,
			keep:                 awscdk.RemovalPolicy_DESTROY,
			ingestConcurrency:    10,
			deliverConcurrency:   5,
			workConcurrency:      2,
			fetchConcurrency:     10,
			calculateConcurrency: 20,
			settleConcurrency:    20,
			nudgeConcurrency:     5,
			rollout:              awscodedeploy.LambdaDeploymentConfig_ALL_AT_ONCE(),
		}, nil
	case "test":
		return stage{
			name:                 name,
			logLevel:             "INFO",
			logRetention:         awslogs.RetentionDays_TWO_WEEKS,
			keep:                 awscdk.RemovalPolicy_RETAIN,
			ingestConcurrency:    10,
			deliverConcurrency:   5,
			workConcurrency:      2,
			fetchConcurrency:     10,
			calculateConcurrency: 20,
			settleConcurrency:    20,
			nudgeConcurrency:     5,
			rollout:              awscodedeploy.LambdaDeploymentConfig_ALL_AT_ONCE(),
		}, nil
	case "prod":
		return stage{
			name:                 name,
			logLevel:             "INFO",
			logRetention:         awslogs.RetentionDays_THREE_MONTHS,
			keep:                 awscdk.RemovalPolicy_RETAIN,
			protect:              true,
			ingestConcurrency:    50,
			deliverConcurrency:   20,
			workConcurrency:      5,
			fetchConcurrency:     10,
			calculateConcurrency: 20,
			settleConcurrency:    20,
			nudgeConcurrency:     5,
			rollout:              awscodedeploy.LambdaDeploymentConfig_CANARY_10PERCENT_5MINUTES(),
		}, nil
	case "":
		return stage{}, fmt.Errorf("no stage given: want -c stage=dev, test or prod (--stage without the CDK command line)")
	}
	return stage{}, fmt.Errorf("no stage is called %q: want dev, test or prod", name)
}
