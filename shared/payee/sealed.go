package payee

import (
	"encoding/json"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/secret"
)

// What is sealed, and what a Change is of.
const (
	OfBank  = "bank"
	OfTaxID = "tax_id"
)

// envelope is what is sealed: a value with whose it is. So what was sealed for one does not open as another's, though all of an
// organization is sealed with one key. The names of its fields are part of what is stored.
type envelope struct {
	Organization string          `json:"organization"`
	Owner        string          `json:"owner"`
	Kind         string          `json:"kind"`
	Value        json.RawMessage `json:"value"`
}

// Seal seals bank details, cleaned, for a payer or participant.
func (b Bank) Seal(box secret.Box, organization, owner string) ([]byte, error) {
	return seal(box, secret.PurposeBank, envelope{Organization: organization, Owner: owner, Kind: OfBank}, b.Clean())
}

// OpenBank gives back what Seal sealed for the same owner. Anything else is an error of kind Internal, which does not say what it is.
func OpenBank(box secret.Box, organization, owner string, sealed []byte) (Bank, error) {
	var b Bank
	err := open(box, secret.PurposeBank, envelope{Organization: organization, Owner: owner, Kind: OfBank}, sealed, &b)
	return b, err
}

// SealTaxID seals a tax id, cleaned, for a participant.
func SealTaxID(box secret.Box, organization, owner, id string) ([]byte, error) {
	return seal(box, secret.PurposeTaxID, envelope{Organization: organization, Owner: owner, Kind: OfTaxID}, CleanTaxID(id))
}

// OpenTaxID gives back what SealTaxID sealed for the same owner. Anything else is an error of kind Internal.
func OpenTaxID(box secret.Box, organization, owner string, sealed []byte) (string, error) {
	var id string
	err := open(box, secret.PurposeTaxID, envelope{Organization: organization, Owner: owner, Kind: OfTaxID}, sealed, &id)
	return id, err
}

func seal(box secret.Box, purpose string, e envelope, value any) ([]byte, error) {
	var err error
	if e.Value, err = json.Marshal(value); err != nil {
		return nil, fmt.Errorf("payee: seal: %w", err)
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("payee: seal: %w", err)
	}
	return box.Seal(purpose, plain), nil
}

func open(box secret.Box, purpose string, want envelope, sealed []byte, value any) error {
	plain, err := box.Open(purpose, sealed)
	if err != nil {
		return fmt.Errorf("payee: %w", err)
	}
	var e envelope
	// The errors of decoding are left out: they repeat parts of what they read.
	if json.Unmarshal(plain, &e) != nil || e.Organization != want.Organization || e.Owner != want.Owner || e.Kind != want.Kind ||
		json.Unmarshal(e.Value, value) != nil {
		return fmt.Errorf("payee: %w", fault.New(fault.Internal, "secret_refused", "a sealed value is not that of its owner"))
	}
	return nil
}
