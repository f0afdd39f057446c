package bookkeeper

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/klauspost/compress/gzip"

	"leadline/shared/blob"
	"leadline/shared/fault"
	"leadline/shared/ledger"
	"leadline/shared/store"
)

// memberHeads is how many heads one gzip member of a list has: the most that a page of it gives.
const memberHeads = 1000

// Seal makes the next root over all books of an organization, for a period that is locked, and gives it. If the period has one
// already, it is given: sealing again is no change. It holds all heads in memory, some 300 bytes for each account.
func (k Keeper) Seal(ctx context.Context, organization, program, period string) (ledger.Root, error) {
	if _, stands, found, err := k.lastRoot(ctx, organization, program, period); err != nil || found {
		return stands, err
	}
	var heads []ledger.HeadAt
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		books, next, err := k.Ledger.Books(ctx, organization, page)
		if err != nil {
			return ledger.Root{}, err
		}
		for _, b := range books {
			heads = append(heads, b.HeadList()...)
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	root := ledger.NewRoot(organization, ledger.Root{}, program, period, heads, k.Now())
	// The list is there before its root, so that no root is without.
	packed, err := packHeads(heads)
	if err != nil {
		return ledger.Root{}, err
	}
	if err := k.Lists.Put(ctx, ListKey(organization, root.List), packed); err != nil {
		return ledger.Root{}, err
	}
	for try := range tries {
		if err := pause(ctx, try); err != nil {
			return ledger.Root{}, err
		}
		last, stands, found, err := k.lastRoot(ctx, organization, program, period)
		if err != nil || found {
			return stands, err
		}
		root = root.After(last)
		if err := k.Ledger.SaveRoot(ctx, root); !hasCode(err, store.CodeTaken) {
			return root, err
		}
	}
	return ledger.Root{}, fault.New(fault.Unavailable, "busy", "Too many roots are made at once. Try again.")
}

// lastRoot gives the last root, and that of a period if there is one.
func (k Keeper) lastRoot(ctx context.Context, organization, program, period string) (last, of ledger.Root, found bool, err error) {
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		roots, next, err := k.Ledger.Roots(ctx, organization, page)
		if err != nil {
			return last, of, false, err
		}
		for _, r := range roots {
			if last.Number == 0 {
				last = r
			}
			if r.Program == program && r.Period == period {
				return last, r, true, nil
			}
		}
		if page.Cursor = next; next == "" {
			return last, of, false, nil
		}
	}
}

// ListKey is where the list of heads with a hash lies.
func ListKey(organization, list string) string { return "ledger/" + organization + "/" + list + ".gz" }

// packHeads writes a list: heads as JSON, one a line, in gzip members of memberHeads each.
func packHeads(heads []ledger.HeadAt) ([]byte, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	lines := json.NewEncoder(w)
	for n, h := range heads {
		if n > 0 && n%memberHeads == 0 {
			if err := w.Close(); err != nil {
				return nil, err
			}
			w.Reset(&packed)
		}
		if err := lines.Encode(h); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// Heads reads a part of the list of a root from an offset on: 0, or the next that the part before gave, 0 behind the last. A part
// has at most 1,000 heads. NotFound if the list is not there.
func Heads(ctx context.Context, lists blob.Store, root ledger.Root, offset int64) (heads []ledger.HeadAt, next int64, err error) {
	body, size, err := lists.Open(ctx, ListKey(root.Organization, root.List))
	if err != nil {
		return nil, 0, err
	}
	defer body.Close()
	if offset < 0 || offset >= size {
		return nil, 0, fault.New(fault.Invalid, store.CodeInvalidCursor, "The cursor was not given out by this list.")
	}
	if _, err := io.CopyN(io.Discard, body, offset); err != nil {
		return nil, 0, err
	}
	read := &counter{Reader: bufio.NewReader(body)}
	member, err := gzip.NewReader(read)
	if err != nil {
		return nil, 0, damaged(err)
	}
	member.Multistream(false)
	lines := json.NewDecoder(member)
	for {
		var h ledger.HeadAt
		if err := lines.Decode(&h); err == io.EOF {
			break
		} else if err != nil {
			return nil, 0, damaged(err)
		}
		if heads = append(heads, h); len(heads) > memberHeads {
			return nil, 0, damaged(errors.New("too many heads in one part"))
		}
	}
	if next = offset + read.count; next == size {
		next = 0
	}
	return heads, next, nil
}

// damaged says that a list cannot be read.
func damaged(err error) error {
	if fault.Of(err) != nil {
		return err
	}
	return fault.Wrap(err, fault.Internal, "damaged_list", "a list of heads is not what was stored")
}

// counter counts what was read. It is an io.ByteReader, so that gzip reads no byte behind its member.
type counter struct {
	*bufio.Reader
	count int64
}

func (c *counter) Read(to []byte) (int, error) {
	n, err := c.Reader.Read(to)
	c.count += int64(n)
	return n, err
}

func (c *counter) ReadByte() (byte, error) {
	b, err := c.Reader.ReadByte()
	if err == nil {
		c.count++
	}
	return b, err
}

// HeadsFrom pages through the list of a root as a store pages through what it has. NotFound if the list is not there.
func HeadsFrom(ctx context.Context, lists blob.Store, root ledger.Root, page store.Page) (heads []ledger.HeadAt, next string, err error) {
	list := []string{"heads", root.Organization, root.List}
	position, err := page.Position(list, 2)
	if err != nil {
		return nil, "", err
	}
	offset, skip := int64(0), 0 // of the part, and what was given of it
	if position != nil {
		var broken error
		offset, err = strconv.ParseInt(position[0], 10, 64)
		skip, broken = strconv.Atoi(position[1])
		if err != nil || broken != nil || skip < 0 {
			return nil, "", fault.New(fault.Invalid, store.CodeInvalidCursor, "The cursor was not given out by this list.")
		}
	}
	part, behind, err := Heads(ctx, lists, root, offset)
	if err != nil {
		return nil, "", err
	}
	heads = part[min(skip, len(part)):]
	switch {
	case len(heads) > page.Limit:
		return heads[:page.Limit], store.Next(list, strconv.FormatInt(offset, 10), strconv.Itoa(skip+page.Limit)), nil
	case behind > 0:
		return heads, store.Next(list, strconv.FormatInt(behind, 10), "0"), nil
	}
	return heads, "", nil
}
