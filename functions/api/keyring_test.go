package main

import (
	"testing"

	"leadline/shared/secret"
)

func testKeyring(t *testing.T) *secret.Keyring { return secret.NewKeyring(nil, "") }
