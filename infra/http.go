package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/jsii-runtime-go"
)

// What each route takes, from all callers together, before API Gateway answers 429. An account's limit is 10,000
// requests a second for all its APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const (
	routeRate  = 1000 // requests per second
	routeBurst = 2000 // requests at once
)

// newHTTPAPI makes the public door. It is closed until openHTTPAPI opens it.
func newHTTPAPI(stack awscdk.Stack, s stage) awsapigatewayv2.HttpApi {
	return awsapigatewayv2.NewHttpApi(stack, jsii.String("Http"), &awsapigatewayv2.HttpApiProps{
		ApiName:            jsii.String("leadline-" + s.name),
		Description:        jsii.String("Leadline " + s.name + ": webhooks and the API"),
		CreateDefaultStage: jsii.Bool(false), // it could have neither limits nor a log
	})
}

// request starts a function with the requests of a route.
func (r resources) request(method awsapigatewayv2.HttpMethod, path string) trigger {
	return func(f deployed) {
		routes := r.http.AddRoutes(&awsapigatewayv2.AddRoutesOptions{
			Path:        jsii.String(path),
			Methods:     &[]awsapigatewayv2.HttpMethod{method},
			Integration: awsapigatewayv2integrations.NewHttpLambdaIntegration(jsii.String(title(f.name)), f.live, nil),
		})
		for _, route := range *routes {
			integration := route.Node().FindChild(jsii.String(title(f.name)))
			// The same ARN as the CDK's reference to the alias, but in a form in which sam local can tell the function.
			integration.Node().DefaultChild().(awsapigatewayv2.CfnIntegration).SetIntegrationUri(
				jsii.String(*f.latest.FunctionArn() + ":" + *f.live.AliasName()))
			integration.Node().AddDependency(f.live)
		}
	}
}

// openHTTPAPI puts the routes that were added into service, with limits and an access log.
func openHTTPAPI(stack awscdk.Stack, api awsapigatewayv2.HttpApi, s stage) error {
	format, err := accessLogFormat()
	if err != nil {
		return err
	}
	open := awsapigatewayv2.NewHttpStage(stack, jsii.String("HttpStage"), &awsapigatewayv2.HttpStageProps{
		HttpApi:    api,
		StageName:  jsii.String("$default"),
		AutoDeploy: jsii.Bool(true),
		Throttle:   &awsapigatewayv2.ThrottleSettings{RateLimit: jsii.Number(routeRate), BurstLimit: jsii.Number(routeBurst)},
	})
	// In Go the log cannot be given to the constructor, which wants an interface that no class of the CDK implements.
	open.Node().DefaultChild().(awsapigatewayv2.CfnStage).SetAccessLogSettings(&awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
		DestinationArn: newLogGroup(open, "AccessLog", s).LogGroupArn(),
		Format:         &format,
	})
	return nil
}

// accessLogFormat gives the line of the access log. It names the route and never the path: the path of a webhook is a
// secret. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
func accessLogFormat() (string, error) {
	line, err := json.Marshal(map[string]string{
		"time":                   "$context.requestTime",
		"request_id":             "$context.requestId",
		"route":                  "$context.routeKey",
		"status":                 "$context.status",
		"latency_ms":             "$context.responseLatency",
		"integration_latency_ms": "$context.integrationLatency",
	})
	return string(line), err
}
