// Package connectors is the shelf: the one list of all connectors.
package connectors

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
