package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"leadline/infra/local/dynamodb/dynamodbtest"
	localkms "leadline/infra/local/kms"
	"leadline/shared/fault"
	"leadline/shared/secret"
	"leadline/shared/secret/secrettest"
	"leadline/shared/store"
	"leadline/shared/store/dynamo"
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
	for _, role := range tenant.Roles() {
		text, err := f.key(t.Context(), "org_000000000001", "ci", role)
		if err != nil {
			t.Fatal(err)
		}
		key, err := tenancy.APIKey(t.Context(), tenant.HashToken(text))
		if err != nil || key.Role != role || key.Organization != "org_000000000001" || key.Name != "ci" || !key.RevokedAt.IsZero() {
			t.Errorf("got %+v %v", key, err)
		}
	}
	for _, role := range []tenant.Role{"root", "operator", "viewer", "Owner", ""} {
		_, err := f.key(t.Context(), "org_000000000001", "ci", role)
		if err == nil || !strings.Contains(err.Error(), "want owner, admin, manager, reader or ingest") {
			t.Errorf("a key with the role %q: %v", role, err)
		}
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
		<member><OutputKey>TableWork</OutputKey><OutputValue>work-1</OutputValue></member>
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
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := stackOutputs(t.Context(), cfg, "leadline-dev")
	if err != nil || got != (names{"tenancy-1", "work-1", "arn:key"}) || asked != "DescribeStacks leadline-dev" {
		t.Errorf("asked %q and got %+v %v", asked, got, err)
	}
	outputs = ""
	if _, err := stackOutputs(t.Context(), cfg, "other"); err == nil || !strings.Contains(err.Error(), "TableTenancy") {
		t.Errorf("another stack: %v", err)
	}
}

func newTable(t *testing.T, db *dynamodb.Client) string {
	t.Helper()
	table := "ctl-" + strings.ToLower(rand.Text())
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}, {AttributeName: aws.String("sk"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}, {AttributeName: aws.String("sk"), KeyType: "RANGE"}}})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestBootstrap makes an organization and keys in real emulators, found through the run file, and reads them back as the
// functions do.
func TestBootstrap(t *testing.T) {
	keys, err := localkms.Open(localkms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(keys)
	t.Cleanup(server.Close)
	client := kms.New(kms.Options{BaseEndpoint: &server.URL, Region: "us-east-1", Credentials: localConfig().Credentials})
	made, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := dynamodbtest.Start(t)
	db := dynamodbtest.Client(endpoint)
	table, work := newTable(t, db), newTable(t, db)
	outputs := map[string]string{outputTable: table, outputWork: work, outputKey: *made.KeyMetadata.Arn}
	write := func() string {
		text, _ := json.Marshal(map[string]any{"endpoints": map[string]string{"dynamodb": endpoint, "kms": server.URL}, "outputs": outputs})
		file := filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	file := write()
	f := newFake(t)
	bootstrap := func() founded {
		t.Helper()
		var got founded
		if err := json.Unmarshal([]byte(f.run("--run-file", file, "bootstrap", "--organization", "demo", "--name", "Demo", "--json").ok(t)), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, second := bootstrap(), bootstrap()
	if first.Organization != organizationID("demo") || second.Organization != first.Organization || second.AdminKey == first.AdminKey {
		t.Errorf("got %+v, then %+v", first, second)
	}
	reader := strings.TrimSpace(f.run("--run-file", file, "key", "create", "--organization", first.Organization, "--name", "ci").ok(t))
	pusher := strings.TrimSpace(f.run("--run-file", file, "key", "create", "--organization", first.Organization, "--name", "shop", "--role", "ingest").ok(t))
	tenancy := dynamo.NewTenancy(db, table)
	for text, role := range map[string]tenant.Role{first.AdminKey: tenant.Owner, second.AdminKey: tenant.Owner, reader: tenant.Reader, pusher: tenant.Ingest} {
		if key, err := tenancy.APIKey(t.Context(), tenant.HashToken(text)); err != nil || key.Role != role || key.Organization != first.Organization {
			t.Errorf("got %+v %v", key, err)
		}
	}
	org, err := tenancy.Organization(t.Context(), first.Organization)
	if err != nil || org.Name != "Demo" {
		t.Fatalf("got %+v %v", org, err)
	}
	if _, err := secret.New(secret.NewKMS(client, *made.KeyMetadata.Arn), secret.Options{}).Open(t.Context(), org.ID, org.DataKey); err != nil {
		t.Errorf("the data key does not open: %v", err)
	}
	f.run("--run-file", file, "key", "create", "--organization", "other", "--name", "ci").fails(t, exitFailed, "there is no organization")
	f.run("--run-file", file, "key", "create", "--organization", first.Organization, "--name", "ci", "--role", "root").fails(t, exitUsage, "root")

	// A key is revoked, from stdin or as an argument, once and for good. Others work on.
	f.runWith(system{stdin: strings.NewReader(reader + "\n")}, "--run-file", file, "key", "revoke", "-").ok(t)
	key, err := tenancy.APIKey(t.Context(), tenant.HashToken(reader))
	if err != nil || key.RevokedAt.IsZero() {
		t.Errorf("the key is not revoked: %+v %v", key, err)
	}
	var again revoked
	if err := json.Unmarshal([]byte(f.run("--run-file", file, "key", "revoke", reader, "--json").ok(t)), &again); err != nil ||
		again.Organization != first.Organization || again.Name != "ci" || !again.RevokedAt.Equal(key.RevokedAt) {
		t.Errorf("revoked again: %+v %v", again, err)
	}
	if other, err := tenancy.APIKey(t.Context(), tenant.HashToken(first.AdminKey)); err != nil || !other.RevokedAt.IsZero() {
		t.Errorf("another key is revoked: %+v %v", other, err)
	}
	f.run("--run-file", file, "key", "revoke", "llk_"+strings.Repeat("x", 43)).fails(t, exitFailed, "there is no such key")
	f.run("--run-file", file, "key", "revoke", "llk_x").fails(t, exitUsage, "no API key")

	// A quota reaches the table, and all of it stands in the audit log.
	contains(t, f.run("--run-file", file, "quota", "set", "--organization", first.Organization, "--rows-per-day", "5000").ok(t), "5000", "rows that clients push")
	contains(t, f.run("--run-file", file, "quota", "--organization", first.Organization, "--json").ok(t), `"rows_per_day": 5000`)
	f.run("--run-file", file, "quota", "--organization", "other").fails(t, exitFailed, "there is no organization")
	entries, _, err := dynamo.NewJournal(db, work).Entries(t.Context(), first.Organization, store.AuditFilter{Actor: "operator"}, store.Page{Limit: 100})
	var acts []string
	for _, e := range entries {
		acts = append(acts, e.Operation)
		if e.Outcome != "done" || strings.Contains(e.Detail+e.Target, "llk_") {
			t.Errorf("noted %+v", e)
		}
	}
	if want := "set-quotas revoke-api-key revoke-api-key create-api-key create-api-key create-api-key create-api-key create-organization"; err != nil || strings.Join(acts, " ") != want {
		t.Errorf("noted %v %v, want %s", acts, err, want)
	}
	// Without its table it is done and said that it is not noted.
	delete(outputs, outputWork)
	r := f.run("--run-file", write(), "key", "create", "--organization", first.Organization, "--name", "ci", "--json")
	if r.code != exitDone || !strings.Contains(r.stdout, "llk_") || !strings.Contains(r.stderr, "the audit log will not hear of this") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("without an audit log: %+v", r)
	}
}
