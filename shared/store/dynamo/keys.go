package dynamo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"leadline/shared/record"
)

// Shards over which the records of an object and the quarantine of an organization are spread. Both are part of what
// is stored: another number loses sight of it.
const (
	recordShards     = 8
	quarantineShards = 4
)

// single is the sort key where a partition holds one item.
const single = "-"

// primary is the primary key of an item.
type primary struct{ pk, sk string }

// Records
// -------

// recordPartition holds one shard of the records of an object.
// Query: the records of an object, shard after shard. Stream filter: it begins with the organization id.
func recordPartition(organization, connection, object string, shard int) string {
	return join(organization, connection, object, strconv.Itoa(shard))
}

// recordKey is the place of one record. Get, PutNewer, Replace: one record.
func recordKey(k record.Key) primary {
	return primary{recordPartition(k.Organization, k.Connection, k.Object, shardOf(k.ID, recordShards)), sortable(k.ID)}
}

// parseRecordKey reads what recordKey wrote.
func parseRecordKey(p primary) (record.Key, error) {
	parts, err := split(p.pk, 4)
	if err != nil {
		return record.Key{}, err
	}
	return record.Key{Organization: parts[0], Connection: parts[1], Object: parts[2], ID: unsortable(p.sk)}, nil
}

// History
// -------

// historyPartition holds the rows of one record. Query: the rows of a record, newest first.
func historyPartition(k record.Key) string {
	return join(k.Organization, k.Connection, k.Object, k.ID)
}

// historyKey is the place of one row. Put: one row.
func historyKey(k record.Key, rev int64) primary {
	return primary{historyPartition(k), revSort(rev)}
}

// parseHistoryKey reads what historyKey wrote.
func parseHistoryKey(p primary) (record.Key, int64, error) {
	parts, err := split(p.pk, 4)
	if err != nil {
		return record.Key{}, 0, err
	}
	rev, err := strconv.ParseInt(p.sk, 10, 64)
	return record.Key{Organization: parts[0], Connection: parts[1], Object: parts[2], ID: parts[3]}, rev, err
}

// revSort gives a rev in a form that sorts as text.
func revSort(rev int64) string { return fmt.Sprintf("%016d", rev) }

// cursorKey is the place of a job's cursor, which belongs to no organization. Cursor, SaveCursor.
func cursorKey(job string) primary { return primary{join("job", job), single} }

// Intake
// ------

// objectsPartition holds the objects of a connection. Query: the objects of a connection by name.
func objectsPartition(organization, connection string) string {
	return join(organization, "objects", connection)
}

// objectKey is the place of one object. RegisterObject: one object, once.
func objectKey(o record.Object) primary {
	return primary{objectsPartition(o.Organization, o.Connection), sortable(o.Name)}
}

// payloadsPartition holds the payload indexes of a connection of one UTC day. Query: the payloads of a day by time.
func payloadsPartition(organization, connection string, day time.Time) string {
	return join(organization, "payloads", connection, day.UTC().Format(time.DateOnly))
}

// payloadsKey is the place of one payload index. IndexPayloads: one index.
func payloadsKey(organization, connection string, storedAt time.Time, object string) primary {
	return primary{payloadsPartition(organization, connection, storedAt), payloadsSort(storedAt, object)}
}

// payloadsSort orders the indexes of a day by time, then by object.
func payloadsSort(storedAt time.Time, object string) string {
	return storedAt.UTC().Format("15:04:05.000000000") + separator + object
}

// quarantinePartition holds one shard of an organization's quarantine. Query: the entries, newest first, merged from all
// shards.
func quarantinePartition(organization string, shard int) string {
	return join(organization, "quarantine", strconv.Itoa(shard))
}

// entryKey is the place of one entry. SetAside, Requeue, Resolve, Entry: one entry.
func entryKey(organization, id string) primary {
	return primary{quarantinePartition(organization, shardOf(id, quarantineShards)), sortable(id)}
}

// Tenancy
// -------

// organizationKey is the place of an organization. CreateOrganization, Organization.
func organizationKey(id string) primary {
	return primary{join(id, "organization"), single}
}

// apiKeyKey is the place of an API key, found by its hash. CreateAPIKey, APIKey.
func apiKeyKey(hash string) primary {
	return primary{join(hash, "key"), single}
}

// connectionsPartition holds the connections of an organization. Query: the connections of an organization by id.
func connectionsPartition(organization string) string {
	return join(organization, "connections")
}

// connectionKey is the place of a connection. CreateConnection, UpdateConnection, Connection.
func connectionKey(organization, id string) primary {
	return primary{connectionsPartition(organization), sortable(id)}
}

// hookKey is the place of a hook, found by the hash of its token. CreateConnection, UpdateConnection, Hook.
func hookKey(tokenHash string) primary {
	return primary{join(tokenHash, "hook"), single}
}

// receiptKey is the place of a receipt, found by the hash of the Idempotency-Key, which the caller chose and may be
// long. CreateConnection, UpdateConnection, Receipt.
func receiptKey(organization, key string) primary {
	sum := sha256.Sum256([]byte(key))
	return primary{join(organization, "receipt", hex.EncodeToString(sum[:])), single}
}

// Text
// ----

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

// shardOf spreads ids evenly over shards.
func shardOf(id string, shards int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash takes everything
	sum := h.Sum64()
	// The low bits of FNV-1a depend on few bits of the last bytes; the high half knows all of them.
	return int((sum ^ sum>>32) % uint64(shards))
}
