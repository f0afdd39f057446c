package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"leadline/shared/audit"
	"leadline/shared/delivery"
	"leadline/shared/fault"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// founder sets up organizations, keys and quotas, directly in the table: there is nobody whom the API could let do it.
type founder struct {
	tenancy store.Tenancy
	members store.Members
	// journal is the audit log; nil where its table is not known. actor is what the operator is called there; may be empty.
	journal store.Journal
	actor   string
	// newDataKey makes the wrapped data key of an organization.
	newDataKey func(ctx context.Context, organization string) ([]byte, error)
	now        func() time.Time
	random     io.Reader
}

// founded is what is told of a new key.
type founded struct {
	Organization string `json:"organization"`
	AdminKey     string `json:"admin_key"`
}

// revoked is what is told of a key that is revoked.
type revoked struct {
	Organization string    `json:"organization"`
	Name         string    `json:"name"`
	RevokedAt    time.Time `json:"revoked_at"`
}

// organization gives the organization with an id, and creates it if there is none.
func (f founder) organization(ctx context.Context, id, name string) (tenant.Organization, error) {
	org, err := f.tenancy.Organization(ctx, id)
	if !fault.Is(err, fault.NotFound) {
		return org, err
	}
	dataKey, err := f.newDataKey(ctx, id)
	if err != nil {
		return org, fmt.Errorf("make the data key of the organization: %w", err)
	}
	now := f.now().UTC()
	org = tenant.Organization{ID: id, Name: name, DataKey: dataKey, CreatedAt: now, UpdatedAt: now, Rev: 1}
	err = f.tenancy.CreateOrganization(ctx, org)
	if fault.Is(err, fault.Conflict) { // somebody else was faster
		return f.tenancy.Organization(ctx, id)
	}
	if err != nil {
		return org, err
	}
	return org, f.note(ctx, id, "create-organization", "organization", "")
}

// existing gives the organization that a person means.
func (f founder) existing(ctx context.Context, typed string) (tenant.Organization, error) {
	org, err := f.tenancy.Organization(ctx, organizationID(typed))
	if fault.Is(err, fault.NotFound) {
		err = fmt.Errorf("there is no organization %s", organizationID(typed))
	}
	return org, err
}

// note writes an act of the operator into the organization's audit log, if that is known.
func (f founder) note(ctx context.Context, organization, operation, target, detail string) error {
	if f.journal == nil {
		return nil
	}
	now := f.now().UTC()
	id, err := delivery.NewID(now, f.random)
	if err == nil {
		err = f.journal.Record(ctx, audit.Entry{ID: id, Organization: organization, At: now, Actor: "operator", ActorName: f.actor,
			Operation: operation, Target: target, Outcome: "done", Agent: "leadline", Detail: detail})
	}
	if err != nil {
		return fmt.Errorf("it is done, but it cannot be noted in the audit log: %w", err)
	}
	return nil
}

// key makes an API key of an organization and gives its text, also where that cannot be noted.
func (f founder) key(ctx context.Context, organization, name string, role tenant.Role) (string, error) {
	if !role.Valid() {
		return "", usagef("there is no role %q: want %s", role, roles())
	}
	text, key, err := tenant.NewAPIKey(organization, name, role, f.now().UTC(), f.random)
	if err != nil {
		return "", err
	}
	if err := f.tenancy.CreateAPIKey(ctx, key); err != nil {
		return "", err
	}
	return text, f.note(ctx, organization, "create-api-key", "keys/"+key.ID, fmt.Sprintf("%s, with the role %s", name, role))
}

// roles lists the roles for people: owner, admin, manager, reader or ingest.
func roles() string {
	var names []string
	for _, role := range tenant.Roles() {
		names = append(names, string(role))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// organizationID gives the id that a person means: an id as it is, else one drawn from what was typed, so that the same
// name always means the same organization.
func organizationID(typed string) string {
	const prefix = tenant.OrganizationID + "_"
	if regexp.MustCompile(`^[0-9a-z]{12}$`).MatchString(strings.TrimPrefix(typed, prefix)) {
		return prefix + strings.TrimPrefix(typed, prefix)
	}
	sum := sha256.Sum256([]byte(typed))
	digits := new(big.Int).SetBytes(sum[:]).Text(36)
	return prefix + digits[len(digits)-12:]
}

func (c *command) bootstrapCommand() *cobra.Command {
	var organization, name, stack string
	cmd := &cobra.Command{
		Use: "bootstrap", Short: "Create an organization and an owner's API key for it", Args: cobra.NoArgs,
		Long: "Create an organization, if there is none yet, and a new API key for it with the role owner.\n\n" +
			groundHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := c.founder(cmd.Context(), stack)
			if err != nil {
				return err
			}
			id := organizationID(organization)
			if organization == "" {
				if id, err = tenant.NewID(tenant.OrganizationID, f.random); err != nil {
					return err
				}
			}
			if name == "" {
				name = organization
			}
			org, err := f.organization(cmd.Context(), id, name)
			if err != nil {
				return fmt.Errorf("create the organization: %w", err)
			}
			key, err := f.key(cmd.Context(), org.ID, "bootstrap", tenant.Owner)
			if key == "" {
				return fmt.Errorf("create the key: %w", err)
			}
			if c.asJSON {
				return errors.Join(c.printJSON(founded{Organization: org.ID, AdminKey: key}), err)
			}
			c.printf("Organization  %s\nOwner's key   %s\n\nThe key is shown only now.\n", org.ID, key)
			return err
		},
	}
	cmd.Flags().StringVar(&organization, "organization", "", "an id, org_ and 12 of [0-9a-z], or any name, which always means the same id; without it a new id is made")
	cmd.Flags().StringVar(&name, "name", "", "what people call the organization")
	stackFlag(cmd, &stack)
	return cmd
}

func (c *command) keyCommand() *cobra.Command {
	var organization, name, role, stack string
	create := &cobra.Command{
		Use: "create", Short: "Create an API key of an organization", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := c.founder(cmd.Context(), stack)
			if err != nil {
				return err
			}
			org, err := f.existing(cmd.Context(), organization)
			if err != nil {
				return err
			}
			key, err := f.key(cmd.Context(), org.ID, name, tenant.Role(role))
			if key == "" {
				return err
			}
			if c.asJSON {
				return errors.Join(c.printJSON(map[string]string{"organization": org.ID, "key": key, "role": role}), err)
			}
			c.printf("%s\n", key)
			return err
		},
	}
	create.Flags().StringVar(&organization, "organization", "", "the organization")
	create.Flags().StringVar(&name, "name", "", "what the key is for")
	create.Flags().StringVar(&role, "role", string(tenant.Reader), roles()+"; ingest may only push rows and read its batches")
	stackFlag(create, &stack)
	for _, required := range []string{"organization", "name"} {
		_ = create.MarkFlagRequired(required) // it is there
	}
	cmd := &cobra.Command{Use: "key", Short: "Make and revoke API keys of any organization, directly in the table", Args: cobra.NoArgs}
	cmd.AddCommand(create, c.revokeCommand())
	return cmd
}

func (c *command) revokeCommand() *cobra.Command {
	var stack string
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "Revoke an API key, for good", Args: cobra.ExactArgs(1),
		Long: "Revoke an API key, for good. With - it is read from stdin, which leaves no trace of it in the history of the shell.\n\n" +
			"The API goes on accepting a key that it knows for KEY_CACHE_SECONDS, a minute by default.",
		RunE: func(cmd *cobra.Command, args []string) error {
			text := args[0]
			if text == "-" {
				raw, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<10))
				if err != nil {
					return fmt.Errorf("read the key from stdin: %w", err)
				}
				text = string(raw)
			}
			if text = strings.TrimSpace(text); !tenant.IsAPIKey(text) {
				return usagef("that is no API key: one is llk_ and 43 more characters")
			}
			f, err := c.founder(cmd.Context(), stack)
			if err != nil {
				return err
			}
			hash := tenant.HashToken(text)
			err = f.tenancy.RevokeAPIKey(cmd.Context(), hash, f.now().UTC())
			if fault.Is(err, fault.NotFound) {
				return errors.New("there is no such key")
			}
			if err != nil {
				return fmt.Errorf("revoke the key: %w", err)
			}
			key, err := f.tenancy.APIKey(cmd.Context(), hash)
			if err != nil {
				return fmt.Errorf("revoked, but the key cannot be read: %w", err)
			}
			if err := f.note(cmd.Context(), key.Organization, "revoke-api-key", "keys/"+key.ID, key.Name); err != nil {
				return err
			}
			if c.asJSON {
				return c.printJSON(revoked{Organization: key.Organization, Name: key.Name, RevokedAt: key.RevokedAt})
			}
			c.printf("Revoked the key %q of %s, since %s UTC. The API may accept it for another minute.\n", clean(key.Name), key.Organization, instant(key.RevokedAt))
			return nil
		},
	}
	stackFlag(cmd, &stack)
	return cmd
}

// groundHelp says what the operator's commands work on.
const groundHelp = "This works on the table with your AWS credentials. --stack finds table and key; without it they are those of TABLE_TENANCY, KEY_SECRETS and TABLE_WORK " +
	"(for the audit log, which else does not hear of it), or of what `make run` started."

func stackFlag(cmd *cobra.Command, stack *string) {
	cmd.Flags().StringVar(stack, "stack", "", "the CloudFormation `stack` whose table and key to use, such as leadline-prod")
}

// founder works on the tables and the key of a stack, or those that the environment names, or those of the run file.
func (c *command) founder(ctx context.Context, stack string) (founder, error) {
	g, err := c.ground(ctx, stack)
	if err != nil {
		return founder{}, err
	}
	f := g.founder(founder{now: c.now, random: rand.Reader, actor: c.getenv("USER")})
	if f.journal == nil {
		c.warn(errors.New("the audit log will not hear of this: its table is not known (TABLE_WORK)"))
	}
	return f, nil
}

func (c *command) ground(ctx context.Context, stack string) (ground, error) {
	given := names{c.getenv("TABLE_TENANCY"), c.getenv("TABLE_WORK"), c.getenv("KEY_SECRETS")}
	switch {
	case stack != "" || given.table != "" && given.key != "":
		return inAWS(ctx, stack, given)
	case given.table != "" || given.key != "":
		return ground{}, usagef("set both TABLE_TENANCY and KEY_SECRETS, or neither")
	}
	r, err := c.readRunFile()
	if err != nil {
		return ground{}, err
	}
	return onThisMachine(r)
}
