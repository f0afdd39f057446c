package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/spf13/cobra"

	"leadline/shared/connector"
	"leadline/shared/connectors"
)

// hook is a webhook URL and the key with which events posted to it are signed.
type hook struct {
	connector connector.Definition
	url, key  string
}

// sample is a body as a provider posts it.
type sample struct {
	name        string
	body        []byte
	contentType string
	// unsigned samples are posted as a stranger would.
	unsigned bool
	// route is that of an event, empty for a mere body.
	route string
}

// readSample reads a file that holds a body, or an API Gateway event with one. An event without the provider's header
// for signatures is not signed.
func readSample(file string, provider connector.Definition) (sample, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return sample{}, err
	}
	s := sample{name: file, body: raw, contentType: "application/json"}
	var event events.APIGatewayV2HTTPRequest
	if json.Unmarshal(raw, &event) != nil || event.Version != "2.0" || event.RequestContext.HTTP.Method == "" {
		return s, nil
	}
	if s.body, err = eventBody(event.Body, event.IsBase64Encoded); err != nil {
		return sample{}, fmt.Errorf("%s: %w", file, err)
	}
	s.unsigned, s.route = true, event.RouteKey
	for name, value := range event.Headers {
		switch {
		case strings.EqualFold(name, "Content-Type"):
			s.contentType = value
		case strings.EqualFold(name, provider.Webhook.Signature.HashHeader):
			s.unsigned = false
		}
	}
	return s, nil
}

func eventBody(body string, encoded bool) ([]byte, error) {
	if !encoded {
		return []byte(body), nil
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, fmt.Errorf("its body is no base64: %w", err)
	}
	return raw, nil
}

// sign gives the headers that the provider would send with a body now.
func (c *command) sign(h hook, body []byte) (http.Header, error) {
	key, err := h.connector.Webhook.Signature.Key(h.key)
	if err != nil {
		return nil, err
	}
	return h.connector.Webhook.Signature.Sign(body, key, c.now()), nil
}

// deliver posts a body the way the provider does.
func (c *command) deliver(ctx context.Context, h hook, s sample) error {
	header := http.Header{}
	if !s.unsigned {
		var err error
		if header, err = c.sign(h, s.body); err != nil {
			return err
		}
	}
	header.Set("Content-Type", s.contentType)
	_, _, err := c.sender().send(ctx, http.MethodPost, h.url, header, s.body)
	return err
}

// connectorNamed finds a connector on the shelf that takes webhooks.
func connectorNamed(name string) (connector.Definition, error) {
	d, ok := connector.NewRegistry(connectors.All()...)[name]
	if !ok || d.Webhook == nil {
		return d, usagef("there is no connector %q that takes webhooks", name)
	}
	return d, nil
}

// hook gives what was asked for, or else what the run file holds.
func (c *command) hook(name, url, key string) (hook, error) {
	definition, err := connectorNamed(name)
	if err != nil {
		return hook{}, err
	}
	if (url == "") != (key == "") {
		return hook{}, usagef("set both --webhook-url and --key, or neither")
	}
	if url == "" {
		r, err := c.readRunFile()
		if err != nil {
			return hook{}, err
		}
		url, key = r.Close.WebhookURL, r.Close.SignatureKey
	}
	return hook{connector: definition, url: url, key: key}, nil
}

func (c *command) sendCommand() *cobra.Command {
	var name, url, key string
	cmd := &cobra.Command{
		Use: "send FILE", Short: "Post a file to a webhook URL, signed now as the provider signs", Args: cobra.ExactArgs(1),
		Long: "Post a file to a webhook URL, signed now as the provider signs. The file holds a body, or an API Gateway event with one.",
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := c.secretFlag(key)
			if err != nil {
				return err
			}
			h, err := c.hook(name, url, key)
			if err != nil {
				return err
			}
			s, err := readSample(args[0], h.connector)
			if err != nil {
				return err
			}
			if err := c.deliver(cmd.Context(), h, s); err != nil {
				return err
			}
			c.printf("Accepted.\n")
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "connector", "close", "the provider to play")
	cmd.Flags().StringVar(&url, "webhook-url", "", "the URL, if not that of the run file")
	cmd.Flags().StringVar(&key, "key", "", "the signing key, if not that of the run file; - reads it from stdin")
	return cmd
}
