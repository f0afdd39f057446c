package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"leadline/infra/local/template"
)

// resource is a resource with the names it goes by.
type resource struct {
	template.Resource
	// name is the physical name, label what people call it.
	name, label string
}

// each lists the resources of a type. nameProperty is the property that may name them; lower makes the name fit for a
// bucket.
func (s *stack) each(kind, nameProperty string) ([]resource, error) {
	found, err := s.Resources(kind)
	if err != nil {
		return nil, err
	}
	all := make([]resource, len(found))
	for i, r := range found {
		all[i] = resource{Resource: r, name: s.physical(r), label: s.friendly(r)}
		if property, ok := r.Properties[nameProperty]; ok {
			value, err := s.Resolve(property)
			if err != nil {
				return nil, fmt.Errorf("template: resource %s: %s: %w", r, nameProperty, err)
			}
			if name, ok := value.(string); ok {
				all[i].name = name
			}
		}
	}
	return all, nil
}

// tableProperties are those of an AWS::DynamoDB::Table that are played.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
type tableProperties struct {
	KeySchema            []keyElement `json:"KeySchema"`
	AttributeDefinitions []struct {
		AttributeName string
		AttributeType string
	} `json:"AttributeDefinitions"`
	GlobalSecondaryIndexes []index `json:"GlobalSecondaryIndexes"`
	LocalSecondaryIndexes  []index `json:"LocalSecondaryIndexes"`
	StreamSpecification    *struct {
		StreamViewType string
	} `json:"StreamSpecification"`
	TimeToLiveSpecification *struct {
		AttributeName string
		Enabled       template.Bool
	} `json:"TimeToLiveSpecification"`
}

type keyElement struct {
	AttributeName string
	KeyType       string
}

type index struct {
	IndexName  string
	KeySchema  []keyElement
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string
	}
}

// functionProperties are those of an AWS::Lambda::Function that are played.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
type functionProperties struct {
	Runtime     template.Text `json:"Runtime"`
	PackageType template.Text `json:"PackageType"`
	Timeout     template.Int  `json:"Timeout"`
	MemorySize  template.Int  `json:"MemorySize"`
	Environment struct {
		Variables map[string]template.Text
	} `json:"Environment"`
	ReservedConcurrentExecutions *template.Int `json:"ReservedConcurrentExecutions"`
	LoggingConfig                struct {
		LogFormat           template.Text
		ApplicationLogLevel template.Text
	} `json:"LoggingConfig"`
}

// mappingProperties are those of an AWS::Lambda::EventSourceMapping that are played, and some that must not be there.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
type mappingProperties struct {
	FunctionName                   template.Text  `json:"FunctionName"`
	EventSourceArn                 template.Text  `json:"EventSourceArn"`
	Enabled                        *template.Bool `json:"Enabled"`
	BatchSize                      template.Int   `json:"BatchSize"`
	MaximumBatchingWindowInSeconds template.Int   `json:"MaximumBatchingWindowInSeconds"`
	FunctionResponseTypes          []string       `json:"FunctionResponseTypes"`
	StartingPosition               string         `json:"StartingPosition"`
	ParallelizationFactor          template.Int   `json:"ParallelizationFactor"`
	BisectBatchOnFunctionError     template.Bool  `json:"BisectBatchOnFunctionError"`
	MaximumRetryAttempts           *template.Int  `json:"MaximumRetryAttempts"`
	MaximumRecordAgeInSeconds      *template.Int  `json:"MaximumRecordAgeInSeconds"`
	TumblingWindowInSeconds        template.Int   `json:"TumblingWindowInSeconds"`
	ScalingConfig                  struct {
		MaximumConcurrency template.Int
	} `json:"ScalingConfig"`
	FilterCriteria struct {
		Filters []struct{ Pattern string }
	} `json:"FilterCriteria"`
	DestinationConfig struct {
		OnFailure struct{ Destination template.Text }
	} `json:"DestinationConfig"`
}

func (m mappingProperties) partialBatch() bool {
	return slices.Contains(m.FunctionResponseTypes, "ReportBatchItemFailures")
}

// scheduleProperties are those of an AWS::Scheduler::Schedule that are played.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html
type scheduleProperties struct {
	ScheduleExpression         string `json:"ScheduleExpression"`
	ScheduleExpressionTimezone string `json:"ScheduleExpressionTimezone"`
	State                      string `json:"State"`
	Target                     target `json:"Target"`
}

// ruleProperties are those of an AWS::Events::Rule that are played.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
type ruleProperties struct {
	ScheduleExpression string   `json:"ScheduleExpression"`
	State              string   `json:"State"`
	Targets            []target `json:"Targets"`
}

type target struct {
	ID    template.Text `json:"Id"`
	Arn   template.Text
	Input template.Text
}

// queueAttributes lists the properties of an AWS::SQS::Queue that SQS knows as attributes of the same name.
func queueAttributes() []string {
	return []string{
		"DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
		"RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled",
		"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
	}
}

// attributesOf gives the attributes of a queue, and the ARN of its dead-letter queue if it has one.
func (s *stack) attributesOf(r resource) (attributes map[string]string, dead string, err error) {
	attributes = map[string]string{}
	for _, name := range queueAttributes() {
		property, ok := r.Properties[name]
		if !ok {
			continue
		}
		value, err := s.Resolve(property)
		if err != nil {
			return nil, "", fmt.Errorf("template: resource %s: %s: %w", r, name, err)
		}
		switch value := value.(type) {
		case string:
			attributes[name] = value
		case map[string]any, []any:
			text, err := json.Marshal(value)
			if err != nil {
				return nil, "", fmt.Errorf("template: resource %s: %s: %w", r, name, err)
			}
			attributes[name] = string(text)
		default:
			attributes[name] = fmt.Sprint(value)
		}
	}
	if policy := attributes["RedrivePolicy"]; policy != "" {
		var redrive struct {
			Target string `json:"deadLetterTargetArn"`
		}
		if err := json.Unmarshal([]byte(policy), &redrive); err != nil {
			return nil, "", fmt.Errorf("template: resource %s: RedrivePolicy: %w", r, err)
		}
		dead = redrive.Target
	}
	return attributes, dead, nil
}

// route is a route of the HTTP API.
type route struct {
	key, function string
	// milliseconds that the function has to answer; 0 for the default.
	milliseconds int64
}

// routes reads the routes with their integrations.
func (s *stack) routes() ([]route, error) {
	found, err := s.Resources("AWS::ApiGatewayV2::Route")
	if err != nil {
		return nil, err
	}
	integrations, err := s.Resources("AWS::ApiGatewayV2::Integration")
	if err != nil {
		return nil, err
	}
	var all []route
	for _, r := range found {
		var properties struct {
			RouteKey          string        `json:"RouteKey"`
			Target            template.Text `json:"Target"`
			AuthorizationType string        `json:"AuthorizationType"`
		}
		if err := s.Decode(r, &properties); err != nil {
			return nil, err
		}
		if a := properties.AuthorizationType; a != "" && a != "NONE" {
			return nil, fmt.Errorf("resource %s has the authorization %s, which the local runner does not play", r, a)
		}
		name := strings.TrimPrefix(string(properties.Target), "integrations/")
		i := slices.IndexFunc(integrations, func(i template.Resource) bool { return s.physical(i) == name })
		if i < 0 {
			return nil, fmt.Errorf("resource %s has the target %s, which is no integration", r, properties.Target)
		}
		var integration struct {
			IntegrationType      string        `json:"IntegrationType"`
			IntegrationURI       template.Text `json:"IntegrationUri"`
			PayloadFormatVersion string        `json:"PayloadFormatVersion"`
			TimeoutInMillis      template.Int  `json:"TimeoutInMillis"`
		}
		if err := s.Decode(integrations[i], &integration); err != nil {
			return nil, err
		}
		if integration.IntegrationType != "AWS_PROXY" || integration.PayloadFormatVersion != "2.0" {
			return nil, fmt.Errorf("resource %s is no Lambda proxy with payload format 2.0, which is all that the local runner plays", integrations[i])
		}
		all = append(all, route{properties.RouteKey, string(integration.IntegrationURI), int64(integration.TimeoutInMillis)})
	}
	slices.SortFunc(all, func(a, b route) int { return cmp.Compare(a.key, b.key) })
	return all, nil
}
