package close

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"leadline/shared/connector"
	"leadline/shared/fault"
)

// pair is an object type and an action of https://developer.close.com/api/resources/events/list-of-event-types.
type pair struct {
	ObjectType string `json:"object_type"`
	Action     string `json:"action"`
}

// subscribed lists what is subscribed to: every event of what is copied, those too that Close calls noisy ("updated" of
// calls, e-mails and SMS), for its lists have no filter for what changed: without them a note, an outcome or a reply that
// came later would be missing until the next sweep. Events of what is not copied (exports, imports, bulk actions, saved
// searches, templates, sequences, comments, phone numbers) are left out: the records that a bulk action or an import
// changes have events of their own.
func subscribed() []pair {
	var all []pair
	add := func(actions string, objectTypes ...string) {
		for _, t := range objectTypes {
			for action := range strings.FieldsSeq(actions) {
				all = append(all, pair{ObjectType: t, Action: action})
			}
		}
	}
	add("created updated deleted merged", "lead")
	add("created updated deleted", "contact", "opportunity", "custom_object")
	add("created updated deleted completed", "task.lead", "task.incoming_email", "task.email_followup", "task.missed_call",
		"task.answered_detached_call", "task.voicemail", "task.opportunity_due", "task.incoming_sms")
	add("created updated deleted answered completed", "activity.call")
	add("created updated deleted sent", "activity.email", "activity.sms")
	add("created updated deleted scheduled started completed canceled", "activity.meeting")
	add("created updated deleted", "activity.email_thread", "activity.note", "activity.whatsapp_message", "activity.form_submission",
		"activity.lead_status_change", "activity.opportunity_status_change", "activity.custom_activity")
	add("created deleted", "activity.task_completed")
	add("created updated deleted", "status.lead", "status.opportunity", "group", "custom_activity_type", "custom_object_type",
		"custom_fields.lead", "custom_fields.contact", "custom_fields.opportunity", "custom_fields.activity",
		"custom_fields.custom_object", "custom_fields.shared")
	add("activated deactivated", "membership")
	return all
}

// subscription is what /webhook/ says: https://developer.close.com/api/resources/webhooks.
type subscription struct {
	ID           string           `json:"id"`
	URL          string           `json:"url"`
	Status       string           `json:"status"`
	SignatureKey string           `json:"signature_key"`
	Health       string           `json:"health_status"`
	Latest       string           `json:"latest_error"`
	Pause        string           `json:"pause_reason"`
	Failing      int64            `json:"recent_consecutive_fail_buckets_cnt"`
	Events       []map[string]any `json:"events"`
}

// maxSubscriptions is how many an organization may have.
const maxSubscriptions = 40

func createSubscription(ctx context.Context, c connector.Client, url string) (connector.Subscribed, error) {
	var s subscription
	_, err := do(ctx, c, connector.Request{Method: http.MethodPost, Path: pathWebhooks,
		Body: map[string]any{"url": url, "events": subscribed(), "verify_ssl": true}}, &s)
	if r := connector.Refusal(err); r != nil && r.Status == http.StatusBadRequest {
		if taken, listErr := subscriptions(ctx, c); listErr == nil && len(taken) >= maxSubscriptions {
			return connector.Subscribed{}, fault.Wrap(err, fault.Invalid, "too_many_subscriptions", "Close allows %d webhook subscriptions for an "+
				"organization, and all are taken: delete one that is not needed in Close, under Settings, Developer, Webhooks.", maxSubscriptions)
		}
	}
	switch {
	case err != nil:
		return connector.Subscribed{}, err
	case s.ID == "" || s.SignatureKey == "":
		return connector.Subscribed{}, unreadable("Close made a subscription and did not tell its id and its key.")
	}
	return connector.Subscribed{ID: s.ID, SigningKey: s.SignatureKey}, nil
}

func subscriptions(ctx context.Context, c connector.Client) ([]subscription, error) {
	var answer struct {
		Data []subscription `json:"data"`
	}
	if _, err := get(ctx, c, pathWebhooks, nil, &answer); err != nil {
		return nil, err
	}
	if answer.Data == nil {
		return nil, unreadable("There is no data in Close's list of webhook subscriptions.")
	}
	return answer.Data, nil
}

func findSubscriptions(ctx context.Context, c connector.Client, url string) ([]connector.SubscriptionState, error) {
	all, err := subscriptions(ctx, c)
	if err != nil {
		return nil, err
	}
	var found []connector.SubscriptionState
	for _, s := range all {
		if s.URL == url {
			found = append(found, s.state())
		}
	}
	return found, nil
}

func checkSubscription(ctx context.Context, c connector.Client, id string) (connector.SubscriptionState, error) {
	var s subscription
	if _, err := get(ctx, c, one(pathWebhooks, id), nil, &s); err != nil {
		return connector.SubscriptionState{}, err
	}
	if s.ID == "" || s.Status == "" {
		return connector.SubscriptionState{}, unreadable("Close's answer does not say how the subscription stands.")
	}
	return s.state(), nil
}

func mendSubscription(ctx context.Context, c connector.Client, id, url string) error {
	_, err := do(ctx, c, connector.Request{Method: http.MethodPut, Path: one(pathWebhooks, id),
		Body: map[string]any{"status": "active", "url": url, "events": subscribed(), "verify_ssl": true}}, nil)
	return err
}

func deleteSubscription(ctx context.Context, c connector.Client, id string) error {
	_, err := do(ctx, c, connector.Request{Method: http.MethodDelete, Path: one(pathWebhooks, id)}, nil)
	return err
}

func (s subscription) state() connector.SubscriptionState {
	return connector.SubscriptionState{ID: s.ID, Active: s.Status == "active", Problem: s.problem(), Incomplete: s.incomplete()}
}

// problem says why events do not come, or soon will not: Close pauses a subscription that failed for three days, or that
// 100,000 events wait for, and drops those that wait.
func (s subscription) problem() string {
	var words []string
	if s.Status != "active" {
		words = append(words, "The subscription is "+cut(s.Status)+".")
		if s.Pause != "" {
			words = append(words, "Reason: "+cut(s.Pause)+".")
		}
	}
	if s.Failing > 0 || s.Health != "" && s.Health != "healthy" {
		words = append(words, "Deliveries fail; Close pauses the subscription if that goes on for three days.")
	}
	if len(words) > 0 && s.Latest != "" {
		words = append(words, "Latest error: "+strings.TrimSuffix(cut(s.Latest), ".")+".")
	}
	return strings.Join(words, " ")
}

// incomplete tells whether events are missing, or filtered.
func (s subscription) incomplete() bool {
	var whole []pair
	for _, e := range s.Events {
		objectType, _ := e["object_type"].(string)
		action, _ := e["action"].(string)
		if e["extra_filter"] == nil {
			whole = append(whole, pair{ObjectType: objectType, Action: action})
		}
	}
	return slices.ContainsFunc(subscribed(), func(p pair) bool { return !slices.Contains(whole, p) })
}
