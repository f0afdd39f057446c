package dynamo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"
)

const (
	separator = "#"
	escape    = "%"
	// empty stands for an empty component: DynamoDB takes no empty key, and no escaped text reads like it.
	empty = "%0"
)

// join makes one text of components so that different components never give the same text.
func join(components ...string) string {
	var b strings.Builder
	for i, c := range components {
		if i > 0 {
			b.WriteString(separator)
		}
		switch {
		case c == "":
			b.WriteString(empty)
		case strings.ContainsAny(c, separator+escape):
			c = strings.ReplaceAll(c, escape, "%25")
			b.WriteString(strings.ReplaceAll(c, separator, "%23"))
		default:
			b.WriteString(c)
		}
	}
	return b.String()
}

// split reads what join wrote of n components.
func split(text string, n int) ([]string, error) {
	parts := strings.Split(text, separator)
	if len(parts) != n {
		return nil, fmt.Errorf("a key of %d components, want %d", len(parts), n)
	}
	for i, p := range parts {
		if p == empty {
			parts[i] = ""
			continue
		}
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "%23", separator), "%25", escape)
	}
	return parts, nil
}

// sortable makes a sort key of one component. It keeps the order of the text and grows it by at most one byte, so that
// the longest id fits (a sort key takes 1,024 bytes).
func sortable(text string) string {
	if text == "" || strings.HasPrefix(text, escape) {
		return escape + text
	}
	return text
}

// unsortable reads what sortable wrote.
func unsortable(sk string) string { return strings.TrimPrefix(sk, escape) }

// hashed gives the hex of a text's SHA-256: a component for what may be long, or should not be read in a key.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// shardOf spreads ids evenly over shards.
func shardOf(id string, shards int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash takes everything
	sum := h.Sum64()
	// The low bits of FNV-1a depend on few bits of the last bytes; the high half knows all of them.
	return int((sum ^ sum>>32) % uint64(shards))
}
