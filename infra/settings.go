package main

import (
	"fmt"
	"os"
	"path/filepath"

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
