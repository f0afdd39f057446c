package main

import (
	"testing"

	"leadline/shared/secret"
)

func testKeyring(t testing.TB) *secret.Keyring { return secret.NewKeyring(nil, "") }
