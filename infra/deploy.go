package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// deployed is a function as it stands in the stack.
type deployed struct {
	function
	stage string
	// scope is where everything that belongs to the function alone stands.
	scope constructs.Construct
	// latest is the function whatever its version. Nothing invokes it.
	latest awslambda.Function
	// live is the alias that everything invokes: the version in service, during a rollout a mix of two.
	live awslambda.Alias
}

// lag is how far the function is behind its stream, in milliseconds.
func (f deployed) lag(period awscdk.Duration) awscloudwatch.Metric {
	return f.latest.Metric(jsii.String("IteratorAge"), metricOptions("Maximum", period))
}

// faulty counts what failed within invocations, by the metrics that the function prints (package telemetry): faults of
// our own and of what it calls. A metric that was never printed counts as 0.
func (f deployed) faulty(period awscdk.Duration) awscloudwatch.MathExpression {
	count := func(kind string) awscloudwatch.IMetric {
		return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace:     jsii.String("Leadline/" + f.stage),
			MetricName:    jsii.String("Fault_" + kind),
			DimensionsMap: &map[string]*string{"function": jsii.String(f.name)},
			Statistic:     jsii.String("Sum"),
			Period:        period,
		})
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		// The ids of all metrics in a graph of the dashboard must differ.
		Expression: jsii.Sprintf("FILL(%[1]s_internal, 0) + FILL(%[1]s_unavailable, 0)", f.name),
		UsingMetrics: &map[string]awscloudwatch.IMetric{
			f.name + "_internal": count("internal"), f.name + "_unavailable": count("unavailable"),
		},
		Label:  jsii.String(f.name),
		Period: period,
	})
}

// deploy adds a function to the stack. It gets a log group and a role of its own, and the role is closed: what the CDK
// would grant on its own account when it connects the function to something is not added, so that a function may do
// exactly what its description says.
//
// Tracing is off. AWS samples the traces of functions at a rate that cannot be set (one a second and then 5 %), and
// we want 1 %: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
func deploy(stack awscdk.Stack, s settings, f function) (deployed, error) {
	code, err := s.code(f.name)
	if err != nil {
		return deployed{}, err
	}
	scope := constructs.NewConstruct(stack, jsii.String(title(f.name)))
	logs := newLogGroup(scope, "Logs", s.stage)

	statements := append([]awsiam.PolicyStatement{
		allow(logs.LogGroupArn(), "logs:CreateLogStream", "logs:PutLogEvents"),
	}, f.may...)
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.Sprintf("What the Leadline function %s may do in the stage %s", f.name, s.stage.name),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"Function": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements}),
		},
	})

	env := map[string]*string{"STAGE": jsii.String(s.stage.name), "LOG_LEVEL": jsii.String(s.stage.logLevel)}
	for name, value := range f.env {
		env[name] = value
	}
	fn := awslambda.NewFunction(scope, jsii.String("Function"), &awslambda.FunctionProps{
		// The one kind of resource with a name of our own: people read it in consoles, logs and alarms, and the local
		// runner finds the function's binary by it.
		FunctionName: jsii.Sprintf("leadline-%s-%s", s.stage.name, f.name),
		Description:  jsii.String(f.purpose),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(code), nil),
		Timeout:      awscdk.Duration_Seconds(jsii.Number(f.timeout)),
		MemorySize:   jsii.Number(f.memory),
		Environment:  &env,
		Role:         role.WithoutPolicyUpdates(nil),
		LogGroup:     logs,
		// Lambda drops the application's lines below the level; its own lines about each invocation that went well are
		// left out, for they cost as much as the application's one.
		LoggingFormat:         awslambda.LoggingFormat_JSON,
		ApplicationLogLevelV2: awslambda.ApplicationLogLevel(s.stage.logLevel),
		SystemLogLevelV2:      awslambda.SystemLogLevel_WARN,
	})
	live := awslambda.NewAlias(scope, jsii.String("Live"), &awslambda.AliasProps{
		AliasName: jsii.String("live"),
		Version:   fn.CurrentVersion(),
	})
	return deployed{function: f, stage: s.stage.name, scope: scope, latest: fn, live: live}, nil
}

// newLogGroup makes a log group that forgets as the stage says.
func newLogGroup(scope constructs.Construct, id string, s stage) awslogs.LogGroup {
	return awslogs.NewLogGroup(scope, jsii.String(id), &awslogs.LogGroupProps{
		Retention:     s.logRetention,
		RemovalPolicy: s.keep,
	})
}
