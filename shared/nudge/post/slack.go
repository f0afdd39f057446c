package post

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leadline/shared/fault"
	"leadline/shared/outbound"
	"leadline/shared/secret"
)

// CodeWebhook is the code of what is no webhook of Slack.
const CodeWebhook = "invalid_webhook"

// CheckWebhook refuses a URL that is no incoming webhook of Slack. With allowLoopback, one on this machine may stand in for it.
//
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func CheckWebhook(text string, allowLoopback bool) error {
	if err := outbound.CheckURL(text, allowLoopback); err != nil {
		return err
	}
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.Path, "/services/") && !allowLoopback || u.RawQuery != "" || u.Fragment != "" {
		return fault.New(fault.Invalid, CodeWebhook, "An incoming webhook of Slack looks like https://hooks.slack.com/services/T000/B000/XXXX.")
	}
	if host := u.Hostname(); host != "hooks.slack.com" && host != "hooks.slack-gov.com" && !allowLoopback {
		return fault.New(fault.Invalid, CodeWebhook, "An incoming webhook of Slack is at hooks.slack.com, and this is not.")
	}
	return nil
}

// Hint gives the last characters of a webhook: enough to tell two apart.
func Hint(webhook string) string { return webhook[max(len(webhook)-4, 0):] }

// SlackBody gives the body of a text that is escaped already: in it nothing is read as a link or a mention that is not written as one.
//
// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
func SlackBody(text string) ([]byte, error) {
	type textObject struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		Verbatim bool   `json:"verbatim"`
	}
	type section struct {
		Type string     `json:"type"`
		Text textObject `json:"text"`
	}
	return json.Marshal(struct {
		Text        string    `json:"text"`
		Parse       string    `json:"parse"`
		LinkNames   bool      `json:"link_names"`
		UnfurlLinks bool      `json:"unfurl_links"`
		Blocks      []section `json:"blocks"`
	}{Text: text, Parse: "none", Blocks: []section{{Type: "section", Text: textObject{"mrkdwn", text, true}}}})
}

// Answer is what Slack made of a message. Nothing in it holds the webhook, which is a secret.
type Answer struct {
	Taken bool
	// Refused says that it was not taken, and never will be.
	Refused bool
	// Again says that it was not taken and a later try may be, After how long Slack asks to wait.
	Again bool
	After time.Duration
	// Problem says why it was not taken, or that nobody knows.
	Problem string
}

// Client makes requests: an outbound.Client.
type Client interface {
	Post(ctx context.Context, r outbound.Request) (outbound.Answer, error)
}

// Slack posts a text by a webhook that is sealed.
func Slack(ctx context.Context, client Client, box secret.Box, sealed []byte, id, text string) (Answer, error) {
	webhook, err := box.Open(secret.PurposeSlack, sealed)
	if err != nil {
		return Answer{}, err
	}
	body, err := SlackBody(text)
	if err != nil {
		return Answer{}, fmt.Errorf("nudge: slack: %w", err)
	}
	a, err := client.Post(ctx, outbound.Request{URL: string(webhook), ID: id, Body: body})
	switch {
	case err != nil:
		return Answer{}, err
	case a.Delivered():
		return Answer{Taken: true}, nil
	case a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable:
		return Answer{Again: true, After: a.RetryAfter, Problem: "Slack does not take it for now."}, nil
	case a.Status == 0 && strings.HasPrefix(a.Problem, "Nothing was sent"), a.Status/100 == 4, a.Status/100 == 3:
		return Answer{Refused: true, Problem: strings.TrimSpace("Slack refused it. " + strings.ReplaceAll(a.Problem, string(webhook), "[webhook]") + " " + slackWord(a.Answer))}, nil
	}
	return Answer{Problem: "Slack gave no answer that says whether it took it. " + strings.ReplaceAll(a.Problem, string(webhook), "[webhook]")}, nil
}

// slackWord gives what Slack says in one of its own words, such as no_service: nothing else of an answer is repeated.
func slackWord(answer string) string {
	answer = strings.TrimSpace(answer)
	if answer == "" || len(answer) > 40 || strings.Trim(answer, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return "It says " + answer + "."
}
