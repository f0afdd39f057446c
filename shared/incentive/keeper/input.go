package keeper

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"leadline/shared/fault"
	"leadline/shared/incentive"
)

// Stored is what is kept of a calculation, so that it can be made again to the byte: what it was reckoned from. Its versions
// are those of the edition, which never change.
type Stored struct {
	// Engine is the revision of the engine that reckoned it; see incentive.Revision.
	Engine  int             `json:"engine"`
	Program string          `json:"program"`
	Edition string          `json:"edition"`
	Input   incentive.Input `json:"input"`
}

// inputKey is where an input lies: by its own hash, so that the same one is stored once.
func inputKey(organization, edition, hash string) string {
	return "inputs/" + organization + "/" + edition + "/" + hash + ".gz"
}

// encode gives the text of a stored input with its hash.
func (s Stored) encode() (text []byte, hash string, err error) {
	if text, err = json.Marshal(s); err != nil {
		return nil, "", fault.Wrap(err, fault.Internal, "unencodable_input", "keeper: encode an input")
	}
	return text, hashOf(text), nil
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (k *Keeper) saveInput(ctx context.Context, organization string, s Stored, text []byte, hash string) error {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(text); err != nil {
		return fmt.Errorf("keeper: pack an input: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("keeper: pack an input: %w", err)
	}
	return k.Inputs.Put(ctx, inputKey(organization, s.Edition, hash), packed.Bytes())
}

// maxInput bounds what an input may unpack to.
const maxInput = 256 << 20

// loadInput reads a stored input, and holds it to its hash.
func (k *Keeper) loadInput(ctx context.Context, organization, edition, hash string) (Stored, error) {
	var s Stored
	packed, err := k.Inputs.Get(ctx, inputKey(organization, edition, hash))
	if err != nil {
		return s, fmt.Errorf("keeper: input: %w", err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return s, fault.Wrap(err, fault.Internal, "damaged_input", "keeper: unpack an input")
	}
	text, err := io.ReadAll(io.LimitReader(zip, maxInput))
	if err != nil {
		return s, fault.Wrap(err, fault.Internal, "damaged_input", "keeper: unpack an input")
	}
	if hashOf(text) != hash {
		return s, fault.New(fault.Internal, "damaged_input", "The stored input of the statement is not the one that it was reckoned from.")
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fault.Wrap(err, fault.Internal, "damaged_input", "keeper: read an input")
	}
	return s, nil
}
