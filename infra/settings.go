package main

import (
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// settings is what the context of a synthesis asks for.
type settings struct {
	stage stage
	// code gives the directory that holds a function's bootstrap.
	code func(function string) (string, error)
	// alarmEmail is empty if nobody is to be subscribed.
	alarmEmail string
	mail       sender
	// productionCRM lets the stage log in to providers themselves, not only to sandboxes.
	productionCRM bool
}

// sender is who sends e-mail.
type sender struct {
	// from is the address; empty if none is sent.
	from string
	// identity is what SES has verified of it: a domain or an address.
	identity string
}

// newSender checks the address that mail comes from: without a display name, for Leadline gives its own, and without what
// means something else in a policy.
func newSender(from, identity string) (sender, error) {
	if from == "" && identity == "" {
		return sender{}, nil
	}
	address, err := mail.ParseAddress(from)
	if err != nil || address.Address != from || strings.ContainsFunc(from, func(r rune) bool { return r > 126 || strings.ContainsRune("*?${}", r) }) {
		return sender{}, fmt.Errorf("context mail-from is %q: want an e-mail address and nothing else, such as leadline@example.com", from)
	}
	_, domain, _ := strings.Cut(from, "@")
	switch identity {
	case "":
		identity = strings.ToLower(domain)
	case from, domain:
	default:
		if !strings.HasSuffix(domain, "."+identity) { // a domain's identity is good for its subdomains, too
			return sender{}, fmt.Errorf("context mail-identity is %q: want %s, its domain or one above it", identity, from)
		}
	}
	return sender{from: from, identity: identity}, nil
}

// readSettings reads the app's context; cleanup removes what it made, after the synthesis.
func readSettings(app awscdk.App, root string) (s settings, cleanup func(), err error) {
	text := func(name string) string {
		switch value := app.Node().TryGetContext(jsii.String(name)).(type) {
		case nil:
			return ""
		case string:
			return value
		default:
			return fmt.Sprint(value)
		}
	}
	if s.stage, err = stageNamed(text("stage")); err != nil {
		return settings{}, nil, err
	}
	s.alarmEmail = text("alarm-email")
	if s.mail, err = newSender(text("mail-from"), text("mail-identity")); err != nil {
		return settings{}, nil, err
	}
	if err := s.readFetching(text("fetch-concurrency"), text("allow-production-crm")); err != nil {
		return settings{}, nil, err
	}

	switch value := text("placeholder"); value {
	case "true":
		dir, err := placeholder()
		if err != nil {
			return settings{}, nil, err
		}
		s.code = func(string) (string, error) { return dir, nil }
		return s, func() { _ = os.RemoveAll(dir) }, nil
	case "", "false":
		assets := text("assets")
		if assets == "" {
			assets = filepath.Join(".build", "arm64")
		}
		if !filepath.IsAbs(assets) {
			assets = filepath.Join(root, assets)
		}
		s.code = func(function string) (string, error) { return built(assets, function) }
		return s, func() {}, nil
	default:
		return settings{}, nil, fmt.Errorf("context placeholder is %q: want true or false", value)
	}
}

// readFetching reads how providers are read from; what is empty is as the stage says.
func (s *settings) readFetching(concurrency, productionCRM string) error {
	if concurrency != "" {
		// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
		n, err := strconv.Atoi(concurrency)
		if err != nil || n < 2 || n > 1000 {
			return fmt.Errorf("context fetch-concurrency is %q: want a number from 2 to 1000", concurrency)
		}
		s.stage.fetchConcurrency = float64(n)
	}
	switch productionCRM {
	case "", "false":
		s.productionCRM = s.stage.name == "prod" // that is what it is for
	case "true":
		s.productionCRM = true
	default:
		return fmt.Errorf("context allow-production-crm is %q: want true or false", productionCRM)
	}
	return nil
}

// built gives the directory of a built function, or an error that says how to build it.
func built(assets, function string) (string, error) {
	dir := filepath.Join(assets, function)
	if _, err := os.Stat(filepath.Join(dir, "bootstrap")); err != nil {
		return "", fmt.Errorf("function %s is not built: %w; run `make build-arm64`, or synthesize without code by placeholder=true",
			function, err)
	}
	return dir, nil
}

// placeholder makes a directory that stands in for the code of a function. Its content is always the same, so that the
// template is too.
func placeholder() (string, error) {
	dir, err := os.MkdirTemp("", "leadline-placeholder-")
	if err != nil {
		return "", err
	}
	script := []byte("#!/bin/sh\necho 'This stack was synthesized with placeholder=true: it has no code.' >&2\nexit 1\n")
	return dir, os.WriteFile(filepath.Join(dir, "bootstrap"), script, 0o755)
}
