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
	"leadline/shared/settlement"
)

// documentKey is where what is frozen lies: by its own hash, so that the same is stored once, and never replaced by another.
func documentKey(organization, program, hash string) string {
	return "settled/" + organization + "/" + program + "/" + hash + ".gz"
}

// save stores a text under its hash.
func (k *Keeper) save(ctx context.Context, organization, program string, text []byte, hash string) error {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(text); err != nil {
		return fmt.Errorf("settlement: pack: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("settlement: pack: %w", err)
	}
	return k.Documents.Put(ctx, documentKey(organization, program, hash), packed.Bytes())
}

// maxDocument bounds what a document may unpack to.
const maxDocument = 256 << 20

// load reads what is stored under a hash, and holds it to that.
func (k *Keeper) load(ctx context.Context, organization, program, hash string, to any) error {
	packed, err := k.Documents.Get(ctx, documentKey(organization, program, hash))
	if err != nil {
		return fmt.Errorf("settlement: document: %w", err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return damaged(err)
	}
	text, err := io.ReadAll(io.LimitReader(zip, maxDocument))
	if err != nil {
		return damaged(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != hash {
		return fault.New(fault.Internal, codeDamaged, "What is stored under %s is not what was frozen.", hash)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return damaged(err)
	}
	return nil
}

// codeDamaged is the code of what was frozen and is not there as it was.
const codeDamaged = "damaged_document"

func damaged(err error) error {
	return fault.Wrap(err, fault.Internal, codeDamaged, "settlement: read a document")
}

// Document reads a frozen statement by its hash.
func (k *Keeper) Document(ctx context.Context, organization, program, hash string) (settlement.Document, error) {
	var d settlement.Document
	err := k.load(ctx, organization, program, hash, &d)
	d.Organization = organization
	return d, err
}

// Reckoned reads what a period was reckoned as by its hash.
func (k *Keeper) Reckoned(ctx context.Context, organization, program, hash string) (settlement.Reckoned, error) {
	var r settlement.Reckoned
	err := k.load(ctx, organization, program, hash, &r)
	return r, err
}

// listKey is where the participants of a settlement's revision are listed.
func listKey(organization, program, period string, revision int) string {
	return fmt.Sprintf("settled/%s/%s/lists/%s-%d.json", organization, program, period, revision)
}

// list reads who is in a revision of a settlement; who makes it, once, if nobody has.
func (k *Keeper) list(ctx context.Context, s settlement.Settlement, who func() ([]string, error)) ([]string, error) {
	key := listKey(s.Organization, s.Program, s.Period.Name, s.Revision)
	text, err := k.Documents.Get(ctx, key)
	var all []string
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &all); err != nil {
			return nil, damaged(err)
		}
		return all, nil
	case !fault.Is(err, fault.NotFound) || who == nil:
		return nil, fmt.Errorf("settlement: list of participants: %w", err)
	}
	if all, err = who(); err != nil {
		return nil, err
	}
	if text, err = json.Marshal(all); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "unencodable_list", "settlement: encode a list")
	}
	return all, k.Documents.Put(ctx, key, text)
}
