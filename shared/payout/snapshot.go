package payout

import (
	"encoding/json"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/payee"
	"leadline/shared/secret"
)

// Snapshot is what a bank file says of a payer or payee, as it was when the batch was made. It is sealed with whose it is, so that
// it opens only there.
type Snapshot struct {
	Organization string     `json:"organization"`
	Batch        string     `json:"batch"`
	Owner        string     `json:"snapshot_of"` // id of the payer or participant
	Name         string     `json:"name"`
	Country      string     `json:"country,omitempty"`
	Address      []string   `json:"address,omitempty"`
	Bank         payee.Bank `json:"bank"`
	// OriginID and Destination are those of a payer's NACHA files.
	OriginID    string `json:"origin_id,omitempty"`
	Destination string `json:"destination,omitempty"`
}

// Seal seals a snapshot with the organization's key.
func (s Snapshot) Seal(box secret.Box) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("payout: seal: %w", err)
	}
	return box.Seal(secret.PurposeBank, plain), nil
}

// OpenSnapshot gives back what Seal sealed for the same batch and owner. Anything else is an error of kind Internal, which does not
// say what it is.
func OpenSnapshot(box secret.Box, organization, batch, owner string, sealed []byte) (Snapshot, error) {
	plain, err := box.Open(secret.PurposeBank, sealed)
	if err != nil {
		return Snapshot{}, fmt.Errorf("payout: %w", err)
	}
	var s Snapshot
	// The error of decoding is left out: it repeats parts of what it read.
	if json.Unmarshal(plain, &s) != nil || s.Organization != organization || s.Batch != batch || s.Owner != owner {
		return Snapshot{}, fmt.Errorf("payout: %w", fault.New(fault.Internal, "secret_refused", "a sealed account is not that of its owner"))
	}
	return s, nil
}
