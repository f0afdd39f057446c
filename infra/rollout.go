package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// rollout shifts the traffic of each function to a new version as the stage says, and back if one of the function's
// alarms on its failures rings meanwhile.
type rollout struct {
	stage       stage
	application awscodedeploy.LambdaApplication
	role        awsiam.Role
}

func newRollout(stack awscdk.Stack, s stage) rollout {
	return rollout{
		stage:       s,
		application: awscodedeploy.NewLambdaApplication(stack, jsii.String("Rollout"), nil),
		role: awsiam.NewRole(stack, jsii.String("RolloutRole"), &awsiam.RoleProps{
			AssumedBy:   awsiam.NewServicePrincipal(jsii.String("codedeploy.amazonaws.com"), nil),
			Description: jsii.String("Lets CodeDeploy shift the aliases of the functions"),
			ManagedPolicies: &[]awsiam.IManagedPolicy{
				awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AWSCodeDeployRoleForLambdaLimited")),
			},
		}),
	}
}

func (r rollout) add(f deployed, alarms []interfacesawscloudwatch.IAlarmRef) {
	awscodedeploy.NewLambdaDeploymentGroup(f.scope, jsii.String("Rollout"), &awscodedeploy.LambdaDeploymentGroupProps{
		Alias:            f.live,
		Application:      r.application,
		DeploymentConfig: r.stage.rollout,
		Role:             r.role,
		Alarms:           &alarms,
		AutoRollback: &awscodedeploy.AutoRollbackConfig{
			FailedDeployment:  jsii.Bool(true),
			StoppedDeployment: jsii.Bool(true),
			DeploymentInAlarm: jsii.Bool(true),
		},
	})
}
