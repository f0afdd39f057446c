package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// shape is what recorded values have in common.
type shape struct {
	// kinds are the JSON types that were seen; null is always one of them.
	kinds map[string]bool
	// objects counts the objects that were seen, in the names how many of them had the name.
	objects int
	seen    map[string]int
	names   map[string]*shape
	items   *shape
	// types holds the shapes of objects with a _type: those of different types have little in common.
	types map[string]*shape
}

func newShape() *shape {
	return &shape{kinds: map[string]bool{}, seen: map[string]int{}, names: map[string]*shape{}, types: map[string]*shape{}}
}

// learn adds a recorded value.
func (s *shape) learn(v any) {
	s.kinds[kindOf(v)] = true
	switch v := v.(type) {
	case []any:
		if s.items == nil {
			s.items = newShape()
		}
		for _, one := range v {
			s.items.learn(one)
		}
	case map[string]any:
		if t, ok := v["_type"].(string); ok {
			if s.types[t] == nil {
				s.types[t] = newShape()
			}
			s.types[t].fields(v)
			return
		}
		s.fields(v)
	}
}

func (s *shape) fields(v map[string]any) {
	s.objects++
	for name, one := range v {
		if s.names[name] == nil {
			s.names[name] = newShape()
		}
		s.seen[name]++
		s.names[name].learn(one)
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

// check tells how a value differs from what was recorded, empty where it does not. A partial object may lack names.
func (s *shape) check(v any, at string, partial bool) string {
	kind := kindOf(v)
	known := slices.Sorted(maps.Keys(s.kinds))
	if kind != "null" && len(known) > 0 && !s.kinds[kind] && !slices.Equal(known, []string{"null"}) {
		return fmt.Sprintf("%s is a %s, recorded was %s", at, kind, strings.Join(known, ", "))
	}
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			if s.items == nil {
				break
			}
			if problem := s.items.check(one, fmt.Sprintf("%s[%d]", at, i), partial); problem != "" {
				return problem
			}
		}
	case map[string]any:
		if t, ok := v["_type"].(string); ok {
			if s.types[t] == nil {
				return "" // none was recorded
			}
			return s.types[t].checkFields(v, at+"("+t+")", partial)
		}
		return s.checkFields(v, at, partial)
	}
	return ""
}

func (s *shape) checkFields(v map[string]any, at string, partial bool) string {
	if s.objects == 0 || len(s.names) == 0 || strings.HasSuffix(at, ".counters") {
		return "" // only empty ones were recorded, or its names are no fields
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if s.names[name] == nil {
			if strings.HasPrefix(name, "custom.") || sheet(name) {
				continue
			}
			return at + "." + name + " was never recorded"
		}
		if problem := s.names[name].check(v[name], at+"."+name, partial); problem != "" {
			return problem
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.seen)) {
		if _, there := v[name]; !there && s.seen[name] == s.objects && !partial {
			return at + "." + name + " is missing, all recordings have it"
		}
	}
	return ""
}

// sheet lists names that the fact sheet has and no recording shows.
func sheet(name string) bool {
	return slices.Contains([]string{"currency", "currency_symbol", "opportunity_statuses", "lead_custom_fields", "organization_id", "image",
		"google_profile_image_url", "email_verified_at", "last_used_timezone", "api_key_id", "oauth_client_id", "oauth_scope", "outcome_id",
		"body_preview", "email_account_id", "followup_sequence_id", "template_name", "local_phone", "local_phone_formatted", "date_sent",
		"recording_expires_at", "transferred_from", "transferred_to", "sequence_id", "sequence_name", "sequence_subscription_id", "user_name",
		"user", "n_emails", "extra_filter", "history", "date_created", "date_updated", "phone", "role", "user_email", "bulk_action_id", "merge_source_lead_id", "merge_destination_lead_id", "created_by_name", "updated_by_name"}, name)
}

// record learns from all recordings of a folder.
func (c *Checker) record(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "nango", "*.json"))
	if err != nil || len(files) == 0 {
		return errors.Join(err, fs.ErrNotExist)
	}
	for _, file := range files {
		var f struct {
			API map[string]map[string]json.RawMessage `json:"api"`
		}
		if err := load(file, &f); err != nil {
			return err
		}
		for method, paths := range f.API {
			for path, one := range paths {
				var recorded struct {
					Response any `json:"response"`
				}
				if json.Unmarshal(one, &recorded) == nil && recorded.Response != nil {
					c.learn(method, strings.TrimPrefix(path, "/v1"), recorded.Response)
				}
			}
		}
	}
	for file, at := range map[string][2]string{
		"close-docs/me.get.response.json":                      {"get", "/me/"},
		"close-docs/user.list.response.json":                   {"get", "/user/"},
		"close-docs/organization.get.response.json":            {"get", "/organization/orga_x/"},
		"close-docs/role.list.response.json":                   {"get", "/role/"},
		"close-docs/event.get.response.json":                   {"get", "/event/ev_x/"},
		"close-docs/webhook-subscription-create.response.json": {"post", "/webhook/"},
		"close-docs/webhook-subscription-paused.response.json": {"get", "/webhook/whsub_x/"},
		"close-docs/activity-call.list.response.json":          {"get", "/activity/call/"},
		"close-docs/activity-email.list.response.json":         {"get", "/activity/email/"},
		"close-docs/activity-sms.list.response.json":           {"get", "/activity/sms/"},
		"amp-labs/activities.json":                             {"get", "/activity/meeting/"},
	} {
		var v any
		if err := load(filepath.Join(dir, file), &v); err != nil {
			return err
		}
		if o, ok := v.(map[string]any); ok && at[1] == "/event/ev_x/" { // what an event holds is of any type
			o["data"], o["previous_data"] = map[string]any{}, map[string]any{}
		}
		c.learn(at[0], at[1], v)
	}
	return nil
}

func load(file string, v any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// learn notes a recorded answer under its operation; one of an activity counts for the list of all activities, too.
func (c *Checker) learn(method, path string, v any) {
	all := c.find(method, path)
	if len(all) == 0 {
		return
	}
	names := []string{method + " " + all[len(all)-1].template}
	if strings.HasPrefix(path, "/activity/") && method == "get" && path != "/activity/" {
		names = append(names, "get /activity/")
	}
	for _, name := range names {
		if c.shapes[name] == nil {
			c.shapes[name] = newShape()
		}
		c.shapes[name].learn(v)
	}
}

// checkShape compares an answer with the recorded ones of its operation, if there are any.
func (c *Checker) checkShape(method, template string, body []byte, partial bool, what string) string {
	s := c.shapes[strings.ToLower(method)+" "+template]
	if s == nil {
		return ""
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return what + ": no JSON"
	}
	if problem := s.check(v, "", partial); problem != "" {
		return what + ": " + problem
	}
	return ""
}
