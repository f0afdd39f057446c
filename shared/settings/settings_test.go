package settings_test

import (
	"strings"
	"testing"
	"time"

	"leadline/shared/settings"
)

type config struct {
	Table   string `env:"TABLE_X,notEmpty"`
	Seconds int    `env:"SECONDS_X"`
	Level   string `env:"LEVEL_X" envDefault:"info"`
	At      time.Duration
}

func TestLoadNamesEveryMissingVariableAtOnce(t *testing.T) {
	var c config
	err := settings.Load(&c)
	if err == nil || !strings.Contains(err.Error(), "TABLE_X is not set") || !strings.Contains(err.Error(), "SECONDS_X is not set") {
		t.Fatalf("want both variables named, got %v", err)
	}
}

func TestLoadRefusesAMalformedValueWithoutShowingIt(t *testing.T) {
	t.Setenv("TABLE_X", "")
	t.Setenv("SECONDS_X", "hunter2")
	var c config
	err := settings.Load(&c)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "TABLE_X is empty") {
		t.Fatalf("got %v", err)
	}
}

func TestLoad(t *testing.T) {
	t.Setenv("TABLE_X", "records")
	t.Setenv("SECONDS_X", "300")
	var c config
	if err := settings.Load(&c); err != nil {
		t.Fatal(err)
	}
	if c.Table != "records" || c.Seconds != 300 || c.Level != "info" {
		t.Fatalf("got %+v", c)
	}
}
