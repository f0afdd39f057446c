package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"leadline/infra/local/template"
)

// Where the stack pretends to be deployed. DynamoDB Local uses this account, too.
const (
	region  = "us-east-1"
	account = "000000000000"
)

// stack is what a template declares, with the names that its resources have here.
type stack struct {
	name     string
	template *template.Template
	*template.Stack
}

func newStack(data []byte, name string) (*stack, error) {
	t, err := template.Parse(data)
	if err != nil {
		return nil, err
	}
	return &stack{name: name, template: t, Stack: t.In(template.Environment{Region: region, AccountID: account, StackName: name})}, nil
}

// physical is the name of a resource to which the template gives none.
func (s *stack) physical(r template.Resource) string { return s.name + "-" + r.LogicalID }

// friendly is what people call a resource: its path in the CDK app, or else its logical id.
func (s *stack) friendly(r template.Resource) string {
	path, ok := r.Metadata["aws:cdk:path"].(string)
	if !ok {
		return r.LogicalID
	}
	path = strings.TrimSuffix(strings.TrimPrefix(path, s.name+"/"), "/Resource")
	return strings.TrimSuffix(path, "/Function")
}

func arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, account, resource)
}

// references gives what Ref and Fn::GetAtt of a resource give, from its name.
type references func(name string) (ref string, attributes map[string]string)

// passive lists the resource types that are played as nothing.
func passive() map[string]references {
	return map[string]references{
		"AWS::IAM::Role": func(name string) (string, map[string]string) {
			return name, map[string]string{"Arn": fmt.Sprintf("arn:aws:iam::%s:role/%s", account, name), "RoleId": name}
		},
		"AWS::IAM::Policy":        named,
		"AWS::IAM::ManagedPolicy": named,
		"AWS::Logs::LogGroup": func(name string) (string, map[string]string) {
			return name, map[string]string{"Arn": arn("logs", "log-group:"+name+":*")}
		},
		"AWS::Logs::MetricFilter": named,
		"AWS::CloudWatch::Alarm": func(name string) (string, map[string]string) {
			return name, map[string]string{"Arn": arn("cloudwatch", "alarm:"+name)}
		},
		"AWS::CloudWatch::Dashboard": named,
		"AWS::SNS::Topic": func(name string) (string, map[string]string) {
			return arn("sns", name), map[string]string{"TopicArn": arn("sns", name), "TopicName": name}
		},
		"AWS::SNS::TopicPolicy":             named,
		"AWS::SNS::Subscription":            named,
		"AWS::SQS::QueuePolicy":             named,
		"AWS::S3::BucketPolicy":             named,
		"AWS::KMS::Alias":                   named,
		"AWS::Lambda::Permission":           named,
		"AWS::CodeDeploy::Application":      named,
		"AWS::CodeDeploy::DeploymentGroup":  named,
		"AWS::CodeDeploy::DeploymentConfig": named,
		"AWS::ApiGatewayV2::Integration":    named, // routes read it
		"AWS::ApiGatewayV2::Stage":          named,
		"AWS::CDK::Metadata":                named,
	}
}

// named is what a reference to a resource gives that has only a name.
func named(name string) (string, map[string]string) { return name, nil }

// played are the resource types that something stands for here.
func played() []string {
	return []string{
		"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Lambda::Version",
		"AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig", "AWS::ApiGatewayV2::Api",
		"AWS::ApiGatewayV2::Route", "AWS::Scheduler::Schedule", "AWS::Events::Rule",
	}
}

// survey binds the resources that are played as nothing and lists their types, and those of the resources that are not
// known at all.
func (s *stack) survey() (nothing, unknown []string, err error) {
	types := passive()
	for _, kind := range s.template.Types() {
		bind, isPassive := types[kind]
		if !isPassive {
			if !slices.Contains(played(), kind) {
				unknown = append(unknown, kind)
			}
			continue
		}
		nothing = append(nothing, kind)
		resources, err := s.Resources(kind)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range resources {
			ref, attributes := bind(s.physical(r))
			s.Bind(r.LogicalID, ref, attributes)
		}
	}
	return nothing, unknown, nil
}

// outputs resolves the outputs of the stack; those that cannot be resolved are left out.
func (s *stack) outputs() map[string]string {
	all := map[string]string{}
	declared := s.template.Outputs()
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if value, err := s.Resolve(declared[name]); err == nil {
			if text, ok := value.(string); ok {
				all[name] = text
			}
		}
	}
	return all
}
