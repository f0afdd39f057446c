package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"leadline/shared/fault"
	"leadline/shared/payout"
	"leadline/shared/payout/bankfile"
	"leadline/shared/secret"
)

// The codes of bank files that are not handed out.
const (
	CodeNoFile      = "no_file_yet"  // Conflict: the batch was not released
	CodeUnsoundFile = "unsound_file" // Invalid: a bank would refuse it
	CodeOtherFile   = "file_differs" // Internal: it is not what was released
)

// File makes the bank file of a released batch again: the same to the byte each time, which its hash proves before it is given out.
func (k *Keeper) File(ctx context.Context, b payout.Batch) ([]byte, error) {
	if !b.HasFile() {
		return nil, fault.New(fault.Conflict, CodeNoFile, "The batch is %s: its bank file is there when it was released.", b.State)
	}
	text, hash, err := k.write(ctx, b)
	if err != nil {
		return nil, err
	}
	if hash != b.FileHash {
		return nil, fault.New(fault.Internal, CodeOtherFile, "payout: the file of %s is not the one that was released", b.ID)
	}
	return text, nil
}

// writeFile makes the file that a release is for, and notes its hash. If it cannot be made, the release is taken back and says why.
func (k *Keeper) writeFile(ctx context.Context, b payout.Batch) (payout.Batch, error) {
	_, hash, failed := k.write(ctx, b)
	if failed != nil && !fault.Is(failed, fault.Invalid) {
		return b, failed
	}
	return k.change(ctx, b, func(b payout.Batch) (payout.Batch, bool, error) {
		if b.Work.Kind != payout.WorkReleasing || b.FileHash != "" && b.FileHash == hash {
			return b, false, nil
		}
		var next payout.Batch
		var err error
		if failed != nil {
			next, err = b.Unreleased(fault.Of(failed).Message, k.Now())
		} else {
			next, err = b.Filed(hash, k.Now())
		}
		return next, err == nil, err
	})
}

// write makes the file from what is frozen, and reads it as a bank would.
func (k *Keeper) write(ctx context.Context, b payout.Batch) (text []byte, hash string, err error) {
	f, sums, err := k.content(ctx, b)
	if err != nil {
		return nil, "", err
	}
	if sums.Payments != b.Payments || sums.Net != b.Net {
		return nil, "", fault.New(fault.Internal, CodeOtherFile, "payout: the payments of %s are %d and come to %d, and the batch says %d and %d", b.ID,
			sums.Payments, sums.Net, b.Payments, b.Net)
	}
	if text, err = bankfile.Write(b.Format, f); err != nil {
		return nil, "", err
	}
	if found := bankfile.Check(b.Format, text); len(found) > 0 {
		return nil, "", fault.New(fault.Invalid, CodeUnsoundFile, "A bank would refuse the file: %s, at %s: %s. It was not released.", found[0].Rule, found[0].Place, found[0].Detail)
	}
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:]), nil
}

// content opens what the file says.
func (k *Keeper) content(ctx context.Context, b payout.Batch) (f bankfile.File, sums payout.Sums, err error) {
	box, err := k.Box(ctx, b.Organization)
	if err != nil {
		return f, sums, err
	}
	payer, err := payout.OpenSnapshot(box, b.Organization, b.ID, b.Payer, b.Source)
	if err != nil {
		return f, sums, err
	}
	f = bankfile.File{ID: b.ID, CreatedAt: b.CreatedAt, PayOn: b.PayOn, Currency: b.Currency, Payer: Party(payer), Modifier: modifier(b.ID)}
	err = k.every(ctx, b, func(p payout.Payment) error {
		one, err := k.transfer(box, b, p)
		f.Payments, sums = append(f.Payments, one), sums.Add(p)
		return err
	})
	return f, sums, err
}

func (k *Keeper) transfer(box secret.Box, b payout.Batch, p payout.Payment) (bankfile.Payment, error) {
	s, err := payout.OpenSnapshot(box, b.Organization, b.ID, p.Participant, p.Bank)
	if err != nil {
		return bankfile.Payment{}, fmt.Errorf("payout: account of %s: %w", p.Participant, err)
	}
	return bankfile.Payment{EndToEnd: p.EndToEnd, Name: s.Name, Country: s.Country, Bank: s.Bank, Amount: p.Net}, nil
}

// Party gives the payer of a file as its snapshot says.
func Party(s payout.Snapshot) bankfile.Party {
	return bankfile.Party{Name: s.Name, Country: s.Country, Address: s.Address, Bank: s.Bank, OriginID: s.OriginID, Destination: s.Destination}
}

// modifier tells apart the NACHA files of a payer on one day by the batch's id.
func modifier(batch string) byte {
	const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	sum := sha256.Sum256([]byte(batch))
	return all[int(sum[0])%len(all)]
}
