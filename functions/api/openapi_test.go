package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leadline/shared/openapitest"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// TestOpenAPIFile holds the committed description to the routes. `go generate` writes it anew.
func TestOpenAPIFile(t *testing.T) {
	text, err := json.MarshalIndent(newAPI(http.NewServeMux(), &handler{}).OpenAPI(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = folded(text)
	if *update {
		if err := os.WriteFile("openapi.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, openAPIFile) {
		t.Error("openapi.json does not describe the routes: run `make generate` and look at what changed")
	}
}

// folded puts what fits into one line into one: a third of the lines, which still differ where the description does. The text is
// indented by one space for each level.
func folded(indented []byte) []byte {
	const width = 120
	lines := bytes.Split(indented, []byte("\n"))
	var out bytes.Buffer
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		depth := len(line) - len(bytes.TrimLeft(line, " "))
		one := slices.Clone(line)
		for j := i + 1; bytes.HasSuffix(line, []byte("{")) || bytes.HasSuffix(line, []byte("[")); j++ {
			if one = append(one, bytes.TrimLeft(lines[j], " ")...); len(one) > width {
				break
			}
			if len(lines[j])-len(bytes.TrimLeft(lines[j], " ")) == depth { // its end
				line, i = one, j
				break
			}
			if bytes.HasSuffix(one, []byte(",")) {
				one = append(one, ' ')
			}
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

func TestFoldedIsTheSame(t *testing.T) {
	long := strings.Repeat("x", 130)
	for _, text := range []string{`{}`, `[]`, `{"a":{},"b":[]}`, `{"a":["{","[","}]"],"b":{"c":"` + long + `","d":[1,2,{"e":null}]},"f":[["` + long + `"],[3]]}`, string(openAPIFile)} {
		var want, indented, got bytes.Buffer
		for _, err := range []error{json.Compact(&want, []byte(text)), json.Indent(&indented, []byte(text), "", " "), json.Compact(&got, folded(indented.Bytes()))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != want.String() {
			t.Errorf("%.200s became %.200s", want.String(), got.String())
		}
	}
}

func TestOpenAPIDescribesEverything(t *testing.T) {
	doc, err := openapitest.Parse(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	public := map[string]bool{"GET /v1/health": true, "GET /v1/openapi.json": true, "GET /v1/oauth/callback": true}
	for _, op := range doc.Operations() {
		if want := public[op.Method+" "+op.Path]; op.Public != want {
			t.Errorf("%s %s: public is %t, want %t", op.Method, op.Path, op.Public, want)
		}
	}
	var file struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Summary     string
			Tags        []string
			Parameters  []struct{ In, Name string }
			Responses   map[string]struct {
				Content map[string]struct {
					Schema map[string]any
				}
			}
		}
		Tags       []struct{ Name string }
		Components struct {
			Schemas map[string]struct{ Properties map[string]map[string]any }
		}
	}
	if err := json.Unmarshal(openAPIFile, &file); err != nil {
		t.Fatal(err)
	}
	// harmless are the POSTs that need no Idempotency-Key: to do them twice is to do them once.
	harmless := strings.Fields("test-connection authorize-connection infer-schema read-notice offboard-person revoke-api-key declare-object confirm-object accept-proposal refuse-proposal " +
		"cancel-job pause-run resume-run cancel-run complete-upload discard-quarantine-entry accept-member-proposal refuse-member-proposal import-members replay-quarantine-entry replay-delivery receive-webhook " +
		"restore-link restore-view restore-variable generate-views check-program refresh-program archive-program estimate import-exchange-rates " +
		"add-activity add-nudge-rule read-nudge test-slack-webhook preview-nudge calculate-settlement submit-settlement approve-settlement reject-settlement reopen-settlement lock-settlement withdraw-adjustment withdraw-dispute approve-payout reject-payout cancel-payout release-payout resume-payout return-payment " +
		"archive-payer confirm-tax-rules accept-bank-change refuse-bank-change withdraw-bank-change assess-tax")
	ids := map[string]bool{}
	for path, item := range file.Paths {
		for method, op := range item {
			if ids[op.OperationID] || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(op.OperationID) {
				t.Errorf("%s %s: the operation id %q is no good, or not the only one", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
			if op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s %s has no summary, or not one tag", method, path)
			}
			if !slices.ContainsFunc(file.Tags, func(tag struct{ Name string }) bool { return tag.Name == op.Tags[0] }) {
				t.Errorf("%s %s has the tag %s, which nobody describes", method, path, op.Tags[0])
			}
			takes := func(in, name string) bool { return slices.Contains(op.Parameters, struct{ In, Name string }{in, name}) }
			if method == "post" && takes("header", "Idempotency-Key") == slices.Contains(harmless, op.OperationID) {
				t.Errorf("%s %s takes an Idempotency-Key: %t", method, path, takes("header", "Idempotency-Key"))
			}
			if method == "put" && !takes("header", "If-Match") {
				t.Errorf("%s %s takes no If-Match", method, path)
			}
			if strings.HasPrefix(op.OperationID, "list-") && op.OperationID != "list-templates" && !(takes("query", "limit") && takes("query", "cursor")) {
				t.Errorf("%s %s does not come in pages", method, path)
			}
			for _, name := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(path, -1) {
				if !slices.Contains(op.Parameters, struct{ In, Name string }{"path", name[1]}) {
					t.Errorf("%s %s does not describe its parameter %s", method, path, name[1])
				}
			}
			for status, response := range op.Responses {
				if problem, has := response.Content["application/problem+json"]; (status >= "4") != has || has && problem.Schema["$ref"] != "#/components/schemas/Problem" {
					t.Errorf("%s %s: the errors, and only they, must be problems: %s is %v", method, path, status, response.Content)
				}
			}
		}
	}
	for name, schema := range file.Components.Schemas {
		for property, s := range schema.Properties {
			if types, ok := s["type"].([]any); ok && len(types) > 1 {
				t.Errorf("%s.%s can be %v; nothing here is ever null", name, property, types)
			}
		}
	}
	if _, found := file.Components.Schemas["ErrorModel"]; found {
		t.Error("the description has an error of huma's own")
	}
}
