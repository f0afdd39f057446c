package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadline/shared/fault"
	"leadline/shared/secret/secrettest"
	"leadline/shared/settings"
	"leadline/shared/store/memory"
	"leadline/shared/tenant"
)

func newFounder(t *testing.T) (founder, *memory.Tenancy) {
	tenancy := memory.NewTenancy()
	return founder{tenancy: tenancy, newDataKey: secrettest.NewKeyring(t).NewDataKey, now: time.Now, random: rand.Reader}, tenancy
}

func TestAnOrganizationIsMadeOnce(t *testing.T) {
	f, tenancy := newFounder(t)
	first, err := f.organization(t.Context(), "org_000000000001", "First")
	if err != nil || first.Name != "First" || len(first.DataKey) == 0 {
		t.Fatalf("got %+v %v", first, err)
	}
	second, err := f.organization(t.Context(), "org_000000000001", "Second")
	if err != nil || second.Name != "First" || string(second.DataKey) != string(first.DataKey) {
		t.Errorf("the second time it is %+v %v", second, err)
	}
	// Somebody else makes it while the data key is made.
	makeKey := f.newDataKey
	f.newDataKey = func(ctx context.Context, id string) ([]byte, error) {
		key, err := makeKey(ctx, id)
		return key, errors.Join(err, tenancy.CreateOrganization(ctx, tenant.Organization{ID: id, Name: "Faster", DataKey: []byte("k")}))
	}
	if third, err := f.organization(t.Context(), "org_000000000003", "Slower"); err != nil || third.Name != "Faster" {
		t.Errorf("got %+v %v", third, err)
	}
	f.newDataKey = func(context.Context, string) ([]byte, error) { return nil, errors.New("no KMS") }
	if _, err := f.organization(t.Context(), "org_000000000004", "x"); err == nil {
		t.Error("an organization without a data key")
	}
	if _, err := tenancy.Organization(t.Context(), "org_000000000004"); !fault.Is(err, fault.NotFound) {
		t.Errorf("half an organization was made: %v", err)
	}
}

func TestKeysHaveARole(t *testing.T) {
	f, tenancy := newFounder(t)
	for _, role := range []tenant.Role{tenant.Admin, tenant.Operator, tenant.Viewer} {
		text, err := f.key(t.Context(), "org_000000000001", "ci", role)
		if err != nil {
			t.Fatal(err)
		}
		key, err := tenancy.APIKey(t.Context(), tenant.HashToken(text))
		if err != nil || key.Role != role || key.Organization != "org_000000000001" || key.Name != "ci" || !key.RevokedAt.IsZero() {
			t.Errorf("got %+v %v", key, err)
		}
	}
	if _, err := f.key(t.Context(), "org_000000000001", "ci", "root"); err == nil {
		t.Error("a key with a role that is none")
	}
}

func TestOrganizationID(t *testing.T) {
	form := regexp.MustCompile(`^org_[0-9a-z]{12}$`)
	for typed, want := range map[string]string{"org_0a1b2c3d4e5f": "org_0a1b2c3d4e5f", "0a1b2c3d4e5f": "org_0a1b2c3d4e5f", "demo": "", "Acme Corp.": "", "org_": ""} {
		got := organizationID(typed)
		if !form.MatchString(got) || want != "" && got != want || got != organizationID(typed) {
			t.Errorf("%q means %q", typed, got)
		}
	}
	if organizationID("demo") == organizationID("Demo") {
		t.Error("two names mean one id")
	}
}

// TestStackOutputs reads what CloudFormation answers about a stack.
func TestStackOutputs(t *testing.T) {
	outputs := `<member><OutputKey>TableTenancy</OutputKey><OutputValue>tenancy-1</OutputValue></member>
		<member><OutputKey>KeySecrets</OutputKey><OutputValue>arn:key</OutputValue></member>`
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = r.Form.Get("Action") + " " + r.Form.Get("StackName")
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(`<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
			<StackName>s</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-22T00:00:00Z</CreationTime>
			<Outputs>` + outputs + `</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`))
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_CLOUDFORMATION": server.URL, "AWS_REGION": "eu-central-1",
		"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"} {
		t.Setenv(name, value)
	}
	cfg, err := settings.AWS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table, key, err := stackOutputs(t.Context(), cfg, "leadline-dev")
	if err != nil || table != "tenancy-1" || key != "arn:key" || asked != "DescribeStacks leadline-dev" {
		t.Errorf("asked %q and got %q %q %v", asked, table, key, err)
	}
	outputs = ""
	if _, _, err := stackOutputs(t.Context(), cfg, "other"); err == nil || !strings.Contains(err.Error(), "TableTenancy") {
		t.Errorf("another stack: %v", err)
	}
}
