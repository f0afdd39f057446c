package iam_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leadline/infra/local/iam"
	"leadline/infra/local/template"
)

func parse(t *testing.T, document string) (iam.Policy, error) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatal(err)
	}
	return iam.Parse(v)
}

func TestAllows(t *testing.T) {
	policy, err := parse(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Table", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Put*"], "Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/Things"},
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::blobs/inbox/*", "arn:aws:s3:::blobs/one"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	const things, blobs = "arn:aws:dynamodb:us-east-1:000000000000:table/Things", "arn:aws:s3:::blobs/"
	for _, test := range []struct {
		action, resource string
		want             bool
	}{
		{"dynamodb:GetItem", things, true},
		{"DynamoDB:getitem", things, true},
		{"dynamodb:PutItem", things, true},
		{"dynamodb:UpdateItem", things, false},
		{"dynamodb:GetItem", things + "2", false},
		{"dynamodb:GetItem", things + "/index/byKind", false},
		{"dynamodb:GetItem", strings.ToLower(things), false},
		{"dynamodb:GetItem", blobs + "one", false},
		{"s3:GetObject", blobs + "inbox/org_1/a", true},
		{"s3:GetObject", blobs + "inbox/", true},
		{"s3:GetObject", blobs + "inbox", false},
		{"s3:GetObject", blobs + "archive/inbox/a", false},
		{"s3:GetObject", blobs + "one", true},
		{"s3:GetObject", blobs + "one/more", false},
		{"s3:PutObject", blobs + "one", false},
		{"s3:GetObject", "*", false},
		{"s3:GetObject", "", true},
		{"s3:PutObject", "", false},
	} {
		if got := policy.Allows(test.action, test.resource); got != test.want {
			t.Errorf("%s on %q: %v, want %v", test.action, test.resource, got, test.want)
		}
	}
	if (iam.Policy{}).Allows("dynamodb:GetItem", things) {
		t.Error("an empty policy allows something")
	}
}

// TestWildcards compares with regular expressions.
func TestWildcards(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(letters string) string {
		b := make([]byte, r.IntN(7))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	matched := 0
	for range 20_000 {
		pattern, text := "x"+word("ab*?"), "x"+word("ab")
		expression := strings.NewReplacer("*", ".*", "?", ".").Replace(regexp.QuoteMeta(pattern))
		expression = strings.NewReplacer(`\.*`, ".*", `\.`, ".").Replace(expression)
		want := regexp.MustCompile("^" + expression + "$").MatchString(text)
		if got := (iam.Policy{{Action: "s3:GetObject", Resource: pattern}}).Allows("s3:GetObject", text); got != want {
			t.Fatalf("%s against %s: %v, want %v", text, pattern, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < 100 {
		t.Errorf("only %d of the random texts match", matched)
	}
}

func TestParseNamesWhatItDoesNotKnow(t *testing.T) {
	statement := func(more string) string {
		return `{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"` + more + `}}`
	}
	if _, err := parse(t, statement("")); err != nil {
		t.Errorf("a single statement: %v", err)
	}
	for name, test := range map[string]struct{ document, says string }{
		"a condition":         {statement(`, "Condition": {"Bool": {"aws:SecureTransport": "true"}}`), "aws:SecureTransport"},
		"a negation":          {`{"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]}`, "NotAction"},
		"a principal":         {statement(`, "Principal": "*"`), "Principal"},
		"a refusal":           {strings.Replace(statement(""), "Allow", "Deny", 1), "Deny"},
		"a variable":          {strings.Replace(statement(""), `"*"`, `"arn:aws:s3:::b/${aws:username}/*"`, 1), "aws:username"},
		"no action":           {`{"Statement": [{"Effect": "Allow", "Resource": "*"}]}`, "no Action"},
		"no resource":         {`{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": []}]}`, "no Resource"},
		"what is no document": {`["x"]`, "policy document"},
		"an element":          {`{"Statement": [], "Extra": 1}`, "Extra"},
		"a number":            {strings.Replace(statement(""), `"*"`, `7`, 1), "Resource: 7"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(t, test.document); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want it to say %q", err, test.says)
			}
		})
	}
}

// stack makes a stack of a role, more resources, and a table that both may refer to.
func stack(t *testing.T, role, more string) *template.Stack {
	t.Helper()
	parsed, err := template.Parse(fmt.Appendf(nil, `{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {%s}}, "Things": {"Type": "AWS::DynamoDB::Table"}%s}}`, role, more))
	if err != nil {
		t.Fatal(err)
	}
	s := parsed.In(template.Environment{Region: "us-east-1", AccountID: "000000000000", StackName: "s"})
	s.Bind("Role", "role", map[string]string{"Arn": roleARN})
	s.Bind("Things", "things", map[string]string{"Arn": "arn:aws:dynamodb:us-east-1:000000000000:table/things"})
	return s
}

const roleARN = "arn:aws:iam::000000000000:role/role"

func TestOfRole(t *testing.T) {
	const policies = `"Policies": [
		{"PolicyName": "A", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "dynamodb:Query",
			"Resource": {"Fn::Join": ["", [{"Fn::GetAtt": ["Things", "Arn"]}, "/index/*"]]}}]}},
		{"PolicyName": "B", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": {"Fn::GetAtt": ["Things", "Arn"]}}]}}]`
	got, err := iam.OfRole(stack(t, policies, ""), roleARN)
	if err != nil {
		t.Fatal(err)
	}
	want := iam.Policy{
		{Action: "dynamodb:Query", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/things/index/*"},
		{Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/things"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := iam.OfRole(stack(t, "", ""), roleARN); err != nil || len(got) != 0 {
		t.Errorf("a role without policies: %v, %v", got, err)
	}
	for name, test := range map[string]struct{ role, more, says string }{
		"a managed policy":    {`"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]`, "", "ManagedPolicyArns"},
		"a boundary":          {`"PermissionsBoundary": "arn:aws:iam::aws:policy/x"`, "", "PermissionsBoundary"},
		"a policy beside it":  {"", `, "More": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Role"}]}}`, "More"},
		"a condition":         {`"Policies": [{"PolicyName": "P", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {}}]}}]`, "", "the policy P: statement 1: the element Condition"},
		"an open reference":   {`"Policies": [{"PolicyName": "P", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": {"Ref": "Nothing"}}]}}]`, "", "Nothing"},
		"what is no document": {`"Policies": ["x"]`, "", "Policies"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := iam.OfRole(stack(t, test.role, test.more), roleARN); err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "Role (AWS::IAM::Role)") {
				t.Errorf("got %v, want it to name the role and %q", err, test.says)
			}
		})
	}
	if _, err := iam.OfRole(stack(t, "", ""), roleARN+"2"); err == nil || !strings.Contains(err.Error(), "role2") {
		t.Errorf("an unknown role: %v", err)
	}
}
