package delivery

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"leadline/shared/fault"
	"leadline/shared/quarantine"
)

// MaxPayloadBytes is the most that a packed payload unpacks to. It lies above what any door lets in.
const MaxPayloadBytes = 16 << 20

// Pack appends body to w as one gzip member, the same bytes for the same body. Its errors are those of w.
func Pack(w io.Writer, body []byte) error {
	// Stateless, for a body is written at once: as small as the fastest level makes it, without its 800 kB of tables.
	z, err := gzip.NewWriterLevel(w, gzip.StatelessCompression)
	if err != nil {
		return fmt.Errorf("delivery: pack: %w", err)
	}
	if _, err := z.Write(body); err != nil {
		return fmt.Errorf("delivery: pack: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("delivery: pack: %w", err)
	}
	return nil
}

// Unpack reads what Pack wrote. One that unpacks to more than MaxPayloadBytes is Invalid.
func Unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("delivery: unpack: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(z, MaxPayloadBytes+1))
	if err != nil {
		return nil, fmt.Errorf("delivery: unpack: %w", err)
	}
	if len(body) > MaxPayloadBytes {
		return nil, fault.New(fault.Invalid, string(quarantine.TooLarge), "The payload unpacks to more than %d bytes.", MaxPayloadBytes)
	}
	return body, nil
}
