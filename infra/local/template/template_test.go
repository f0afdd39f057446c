package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadline/infra/local/template"
)

const sample = `{
  "Parameters": {
    "Plain": {"Type": "String", "Default": "plain"},
    "List": {"Type": "CommaDelimitedList", "Default": "a,b"},
    "Bare": {"Type": "String"}
  },
  "Mappings": {"Sizes": {"eu-west-1": {"small": "2"}}},
  "Conditions": {
    "IsEurope": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
    "IsNot": {"Fn::Not": [{"Condition": "IsEurope"}]},
    "Both": {"Fn::And": [{"Condition": "IsEurope"}, {"Condition": "IsNot"}]},
    "Either": {"Fn::Or": [{"Condition": "IsNot"}, {"Condition": "IsEurope"}]},
    "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
    "Number": {"Fn::Equals": ["1", 1]}
  },
  "Resources": {
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "30", "Big": {"Fn::GetAtt": ["Strange", "Arn"]}}},
    "Absent": {"Type": "AWS::SQS::Queue", "Condition": "IsNot"},
    "Strange": {"Type": "AWS::Strange::Thing"},
    "Broken": {"Type": "AWS::Broken::Thing", "Condition": "Circle"}
  },
  "Outputs": {"Url": {"Description": "where", "Value": {"Ref": "Queue"}}}
}`

func stack(t *testing.T) *template.Stack {
	t.Helper()
	parsed, err := template.Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	s := parsed.In(template.Environment{
		Region: "eu-west-1", AccountID: "123456789012", StackName: "demo",
		Parameters: map[string]string{"Bare": "given"},
	})
	s.Bind("Queue", "http://127.0.0.1/queue", map[string]string{"Arn": "arn:queue"})
	s.Bind("Queue", "", map[string]string{"QueueName": "queue"})
	return s
}

// decode reads JSON as the template's parser does.
func decode(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestResolve(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"scalar":                  {`7`, `7`},
		"large number":            {`9007199254740993`, `9007199254740993`},
		"region":                  {`{"Ref": "AWS::Region"}`, `"eu-west-1"`},
		"account":                 {`{"Ref": "AWS::AccountId"}`, `"123456789012"`},
		"partition":               {`{"Ref": "AWS::Partition"}`, `"aws"`},
		"suffix":                  {`{"Ref": "AWS::URLSuffix"}`, `"amazonaws.com"`},
		"stack name":              {`{"Ref": "AWS::StackName"}`, `"demo"`},
		"parameter":               {`{"Ref": "Plain"}`, `"plain"`},
		"list parameter":          {`{"Ref": "List"}`, `["a", "b"]`},
		"given parameter":         {`{"Ref": "Bare"}`, `"given"`},
		"resource":                {`{"Ref": "Queue"}`, `"http://127.0.0.1/queue"`},
		"attribute":               {`{"Fn::GetAtt": ["Queue", "Arn"]}`, `"arn:queue"`},
		"attribute in short form": {`{"Fn::GetAtt": "Queue.QueueName"}`, `"queue"`},
		"join": {
			`{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":sqs:", 7]]}`, `"arn:aws:sqs:7"`,
		},
		"sub":                     {`{"Fn::Sub": "${AWS::Region}/${Queue.Arn}/${!Kept}"}`, `"eu-west-1/arn:queue/${Kept}"`},
		"sub with variables":      {`{"Fn::Sub": ["${X}-${Queue}", {"X": {"Ref": "Plain"}}]}`, `"plain-http://127.0.0.1/queue"`},
		"select":                  {`{"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}`, `"b"`},
		"split of a reference":    {`{"Fn::Split": [":", {"Fn::GetAtt": ["Queue", "Arn"]}]}`, `["arn", "queue"]`},
		"if true":                 {`{"Fn::If": ["IsEurope", "yes", {"Ref": "Nowhere"}]}`, `"yes"`},
		"if false":                {`{"Fn::If": ["IsNot", {"Ref": "Nowhere"}, "no"]}`, `"no"`},
		"and":                     {`{"Fn::If": ["Both", 1, 2]}`, `2`},
		"or":                      {`{"Fn::If": ["Either", 1, 2]}`, `1`},
		"equal by text":           {`{"Fn::If": ["Number", 1, 2]}`, `1`},
		"no value in a list":      {`["a", {"Ref": "AWS::NoValue"}, "b"]`, `["a", "b"]`},
		"no value in a map":       {`{"a": {"Ref": "AWS::NoValue"}, "b": 1}`, `{"b": 1}`},
		"no value by if":          {`{"a": {"Fn::If": ["IsNot", 1, {"Ref": "AWS::NoValue"}]}}`, `{}`},
		"mapping":                 {`{"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}`, `"2"`},
		"base64":                  {`{"Fn::Base64": "hi"}`, `"aGk="`},
		"deep":                    {`{"a": [{"b": {"Ref": "Plain"}}]}`, `{"a": [{"b": "plain"}]}`},
		"one key that is no call": {`{"Reference": "Queue"}`, `{"Reference": "Queue"}`},
		"a join in a join's arguments": {
			`{"Fn::Join": ["-", {"Fn::Split": [",", {"Fn::Join": [",", ["x", "y"]]}]}]}`, `"x-y"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := stack(t).Resolve(decode(t, tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, tc.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResolveNamesWhatItCannot(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want []string // all of these stand in the error
	}{
		"unknown name":        {`{"Ref": "Nowhere"}`, []string{"Nowhere"}},
		"unmade resource":     {`{"Ref": "Strange"}`, []string{"Strange", "AWS::Strange::Thing"}},
		"unmade attribute":    {`{"Fn::GetAtt": ["Strange", "Arn"]}`, []string{"Strange.Arn", "AWS::Strange::Thing"}},
		"unknown attribute":   {`{"Fn::GetAtt": ["Queue", "Colour"]}`, []string{"Queue.Colour", "AWS::SQS::Queue"}},
		"unknown resource":    {`{"Fn::GetAtt": ["Nowhere", "Arn"]}`, []string{"Nowhere"}},
		"unknown function":    {`{"Fn::Cidr": ["10.0.0.0/16", 1, 8]}`, []string{"Fn::Cidr"}},
		"import":              {`{"Fn::ImportValue": "other"}`, []string{"Fn::ImportValue"}},
		"where it stands":     {`{"a": [{"b": {"Ref": "Nowhere"}}]}`, []string{"a.0.b: ", "Nowhere"}},
		"in a sub":            {`{"Fn::Sub": "x${Nowhere}"}`, []string{"Fn::Sub", "Nowhere"}},
		"unknown condition":   {`{"Fn::If": ["Maybe", 1, 2]}`, []string{"Maybe"}},
		"circular condition":  {`{"Fn::If": ["Circle", 1, 2]}`, []string{"Circle -> Circle"}},
		"dynamic reference":   {`"{{resolve:ssm:/x}}"`, []string{"{{resolve:ssm:/x}}"}},
		"missing in mappings": {`{"Fn::FindInMap": ["Sizes", "eu-west-1", "large"]}`, []string{"Sizes.eu-west-1.large"}},
		"select beyond":       {`{"Fn::Select": [3, ["a"]]}`, []string{"no element 3"}},
		"join of maps":        {`{"Fn::Join": ["", [{"a": 1}]]}`, []string{"Fn::Join"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := stack(t).Resolve(decode(t, tc.in))
			if err == nil {
				t.Fatalf("resolved to %v", got)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
		})
	}
}

func TestParameterWithoutValue(t *testing.T) {
	parsed, err := template.Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.In(template.Environment{}).Resolve(decode(t, `{"Ref": "Bare"}`)); err == nil || !strings.Contains(err.Error(), "Bare") {
		t.Errorf("got %v", err)
	}
}

func TestResourcesHonoursConditions(t *testing.T) {
	found, err := stack(t).Resources("AWS::SQS::Queue")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].LogicalID != "Queue" {
		t.Errorf("got %v", found)
	}
	if _, err := stack(t).Resources("AWS::Broken::Thing"); err == nil || !strings.Contains(err.Error(), "Broken") {
		t.Errorf("a condition that cannot be evaluated: got %v", err)
	}
}

func TestDecodeResolvesOnlyWhatIsAsked(t *testing.T) {
	s := stack(t)
	found, err := s.Resources("AWS::SQS::Queue")
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		VisibilityTimeout template.Int `json:"VisibilityTimeout"`
	}
	if err := s.Decode(found[0], &asked); err != nil || asked.VisibilityTimeout != 30 {
		t.Errorf("got %+v, %v", asked, err)
	}
	var more struct {
		Big string `json:"Big"`
	}
	err = s.Decode(found[0], &more)
	if err == nil || !strings.Contains(err.Error(), "Queue (AWS::SQS::Queue)") || !strings.Contains(err.Error(), "Big") {
		t.Errorf("got %v", err)
	}
}

func TestOutputs(t *testing.T) {
	parsed, err := template.Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := stack(t).Resolve(parsed.Outputs()["Url"]); err != nil || got != "http://127.0.0.1/queue" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestScalars(t *testing.T) {
	var v struct {
		T template.Text
		N template.Int
		B template.Bool
	}
	for _, in := range []string{`{"T":"1","N":"1","B":"true"}`, `{"T":1,"N":1,"B":true}`} {
		if err := json.Unmarshal([]byte(in), &v); err != nil || v.T != "1" || v.N != 1 || !bool(v.B) {
			t.Errorf("%s: got %+v, %v", in, v, err)
		}
	}
	for _, in := range []string{`{"T":[]}`, `{"N":"x"}`, `{"N":1.5}`, `{"B":"yes"}`, `{"B":1}`} {
		if err := json.Unmarshal([]byte(in), &v); err == nil {
			t.Errorf("%s: no error", in)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{``, `{}`, `{"Resources": 1}`, `{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": {"Type": "X"}}}`} {
		if _, err := template.Parse([]byte(in)); err == nil {
			t.Errorf("%s: no error", in)
		}
	}
}
