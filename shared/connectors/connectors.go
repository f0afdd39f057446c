// Package connectors is the shelf: the one list of all connectors.
package connectors

//go:generate go test -run TestReadme -update .

import (
	"leadline/shared/connector"
	"leadline/shared/connectors/close"
)

// All lists the connectors by name.
func All() []connector.Definition {
	return []connector.Definition{
		close.Definition(),
	}
}
