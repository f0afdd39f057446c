package dynamo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"leadline/shared/ratelimit"
	"leadline/shared/record"
	"leadline/shared/store"
	"leadline/shared/tenant"
)

// Shards over which the records of an object, the quarantine, the batches and the audit entries of an organization, the
// deliveries to a destination and what is due in a minute are spread. All are part of what is stored: another number
// loses sight of it.
const (
	recordShards     = 8
	quarantineShards = 4
	batchShards      = 4
	auditShards      = 4
	deliveryShards   = 4
	dueShards        = 4
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

// entryKey is the place of one entry. SetAside, Requeue, Resolve, Discard, DeleteEntry, Entry: one entry. The rows of a
// batch, which may all be set aside at once, are spread over the shards: a partition takes a thousand writes a second.
func entryKey(organization, id string) primary {
	return primary{quarantinePartition(organization, shardOf(id, quarantineShards)), sortable(id)}
}

// schemasPartition holds the objects of a connection with their schemas. Query: the objects of a connection by name.
func schemasPartition(organization, connection string) string {
	return join(organization, "schemas", connection)
}

// schemaKey is the place of one object. SaveObject, Object: one object.
func schemaKey(organization, connection, name string) primary {
	return primary{schemasPartition(organization, connection), sortable(name)}
}

// versionsPartition holds the versions of an object's schema. Query: the versions, newest first.
func versionsPartition(organization, connection, name string) string {
	return join(organization, "schema", connection, name)
}

// versionKey is the place of one version. SaveObject: one version.
func versionKey(organization, connection, name string, number int) primary {
	return primary{versionsPartition(organization, connection, name), revSort(int64(number))}
}

// claimKey is the place of a claim. Claim, Claimed: one claim.
func claimKey(organization, id string) primary {
	return primary{join(organization, "claim", id), single}
}

// batchesPartition holds one shard of an organization's batches. Query: the batches, newest first, merged from all shards.
func batchesPartition(organization string, shard int) string {
	return join(organization, "batches", strconv.Itoa(shard))
}

// batchKey is the place of one batch. SaveBatch, FinishChunk, Batch: one batch.
func batchKey(organization, id string) primary {
	return primary{batchesPartition(organization, shardOf(id, batchShards)), sortable(id)}
}

// chunksPartition holds the finished chunks of a batch. Query: the chunks by number.
func chunksPartition(organization, batch string) string {
	return join(organization, "chunks", batch)
}

// chunkKey is the place of one chunk. FinishChunk: one chunk.
func chunkKey(organization, batch string, number int) primary {
	return primary{chunksPartition(organization, batch), revSort(int64(number))}
}

// Tenancy
// -------

// organizationKey is the place of an organization. CreateOrganization, UpdateOrganization, Organization.
func organizationKey(id string) primary {
	return primary{join(id, "organization"), single}
}

// apiKeyKey is the place of an API key, found by its hash. CreateAPIKey, PutAPIKey, APIKey, RevokeAPIKey, RevokeKey.
func apiKeyKey(hash string) primary {
	return primary{join(hash, "key"), single}
}

// apiKeysPartition holds the API keys of an organization once more. Query: the keys of an organization by id.
func apiKeysPartition(organization string) string {
	return join(organization, "keys")
}

// apiKeyIDKey is the place of an API key, found by its id. CreateAPIKey, PutAPIKey, APIKeyByID, RevokeAPIKey, RevokeKey.
func apiKeyIDKey(organization, id string) primary {
	return primary{apiKeysPartition(organization), sortable(id)}
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
// long. Receipt, SaveReceipt, and whatever is created or changed with a receipt.
func receiptKey(organization, key string) primary {
	return primary{join(organization, "receipt", hashed(key)), single}
}

// clientsPartition holds the clients of an organization. Query: the clients of an organization by id.
func clientsPartition(organization string) string {
	return join(organization, "clients")
}

// clientKey is the place of a client. CreateClient, UpdateClient, Client.
func clientKey(organization, id string) primary {
	return primary{clientsPartition(organization), sortable(id)}
}

// clientHookKey is the place of what the door knows of a client, found by the clientid, which anybody may send.
// CreateClient, UpdateClient, ClientHook.
func clientHookKey(client string) primary {
	return primary{join(hashed(client), "client"), single}
}

// peoplePartition holds the people of an organization. Query: the people of an organization by id.
func peoplePartition(organization string) string {
	return join(organization, "people")
}

// personKey is the place of a person. CreatePerson, UpdatePerson, DeletePerson, Person.
func personKey(organization, id string) primary {
	return primary{peoplePartition(organization), sortable(id)}
}

// emailKey is the place of the note whose an e-mail address is, which keeps it unique; of the address only its hash is
// in the key. CreatePerson, UpdatePerson, DeletePerson.
func emailKey(organization, email string) primary {
	return primary{join(organization, "email", hashed(tenant.NormalizeEmail(email))), single}
}

// useKey is the place of the count of what was used of a quota in a window. Use: one window.
func useKey(organization, window string) primary {
	return primary{join(organization, "use", window), single}
}

// destinationsPartition holds the destinations of an organization. Query: the destinations of an organization by id.
func destinationsPartition(organization string) string {
	return join(organization, "destinations")
}

// destinationKey is the place of a destination. CreateDestination, UpdateDestination, DeleteDestination, Destination.
func destinationKey(organization, id string) primary {
	return primary{destinationsPartition(organization), sortable(id)}
}

// Work: journal, jobs
// -------------------

// auditPartition holds one shard of an organization's audit entries, for the ids of all that is done at a time are
// neighbours and would all be written to one place. Query: the entries, newest first, merged from all shards; from and
// until a time, which is how their ids begin.
func auditPartition(organization string, shard int) string {
	return join(organization, "audit", strconv.Itoa(shard))
}

// auditKey is the place of one entry. Record: one entry.
func auditKey(organization, id string) primary {
	return primary{auditPartition(organization, shardOf(id, auditShards)), sortable(id)}
}

// noticesPartition holds the notices of an organization. Query: the notices, newest first.
func noticesPartition(organization string) string {
	return join(organization, "notices")
}

// noticeKey is the place of one notice. Tell, Notice, MarkRead, SaveMail: one notice.
func noticeKey(organization, id string) primary {
	return primary{noticesPartition(organization), sortable(id)}
}

// jobsPartition holds the jobs of an organization. Query: the jobs, newest first.
func jobsPartition(organization string) string {
	return join(organization, "jobs")
}

// jobKey is the place of one job, among the others by the time when it was created. CreateJob, UpdateJob, Job.
func jobKey(organization string, created time.Time, id string) primary {
	return primary{jobsPartition(organization), created.UTC().Format("2006-01-02T15:04:05.000000000Z") + separator + id}
}

// parseJobSort reads the id of what jobKey wrote.
func parseJobSort(sk string) string {
	_, id, _ := strings.Cut(sk, separator)
	return id
}

// jobTimeKey is the place of the note when a job was created, found by its id. CreateJob, Job: one job.
func jobTimeKey(organization, id string) primary {
	return primary{join(organization, "job", id), single}
}

// Work: deliveries, due
// ---------------------

// deliveriesPartition holds one shard of the deliveries to a destination, whose ids are neighbours and would all be
// written to one place. Query: the deliveries, newest first, merged from all shards.
func deliveriesPartition(organization, destination string, shard int) string {
	return join(organization, "deliveries", destination, strconv.Itoa(shard))
}

// deliveryKey is the place of one delivery. LogDelivery, LoggedDelivery, DeleteDelivery: one delivery.
func deliveryKey(organization, destination, id string) primary {
	return primary{deliveriesPartition(organization, destination, shardOf(id, deliveryShards)), sortable(id)}
}

// duePartition holds one shard of what is due in a minute, of all organizations: the scheduler looks for what is due,
// whoever it belongs to, and could not ask every organization every minute. It does not begin with an organization, so
// that rights by leading key do not reach it; an item says whose it is, and its message says so again. Query: what is due
// in a minute, by time.
func duePartition(minute time.Time, shard int) string {
	return join("due", store.DueMinute(minute), strconv.Itoa(shard))
}

// dueKey is the place of one item. Schedule, Finished: one item.
func dueKey(at time.Time, key string) primary {
	return primary{duePartition(at, shardOf(key, dueShards)), at.UTC().Format(dueSeconds) + separator + key}
}

// dueSeconds is the form of a time within its minute.
const dueSeconds = "05.000000000"

// parseDueKey reads what dueKey wrote.
func parseDueKey(p primary) (at time.Time, key string, err error) {
	parts, err := split(p.pk, 3)
	if err != nil {
		return time.Time{}, "", err
	}
	seconds, key, _ := strings.Cut(p.sk, separator)
	at, err = time.Parse(time.RFC3339Nano, parts[1]+":"+seconds+"Z")
	return at, key, err
}

// Work: syncs
// -----------

// runsPartition holds the runs of a connection, whose ids sort by time. Query: the runs of a connection, newest first.
func runsPartition(organization, connection string) string {
	return join(organization, "runs", connection)
}

// runKey is the place of one run. CreateRun, UpdateRun, Run.
func runKey(organization, connection, id string) primary {
	return primary{runsPartition(organization, connection), sortable(id)}
}

// streamsPartition holds the streams of a run. Query: all of them.
func streamsPartition(organization, run string) string {
	return join(organization, "streams", run)
}

// streamKey is the place of one stream. CreateRun, SaveStream, Stream.
func streamKey(organization, run, object string) primary {
	return primary{streamsPartition(organization, run), sortable(object)}
}

// syncsPartition holds the syncs of a connection. Query: the syncs of a connection by id.
func syncsPartition(organization, connection string) string {
	return join(organization, "syncs", connection)
}

// syncKey is the place of one sync. CreateSync, UpdateSync, DeleteSync, Sync.
func syncKey(organization, connection, id string) primary {
	return primary{syncsPartition(organization, connection), sortable(id)}
}

// stateKey is the place of what is known of a connection. SaveState, State.
func stateKey(organization, connection string) primary {
	return primary{join(organization, "state", connection), single}
}

// Tenancy: logins
// ---------------

// loginsPartition holds the logins of an organization. Query: the logins of an organization by connection.
func loginsPartition(organization string) string {
	return join(organization, "logins")
}

// loginKey is the place of a connection's login. SaveLogin, Connect, Login.
func loginKey(organization, connection string) primary {
	return primary{loginsPartition(organization), sortable(connection)}
}

// Work: limits
// ------------

// clockKey is the place of what is known of a limit: one group of endpoints of a connection. Clock, SaveClock.
func clockKey(k ratelimit.Key) primary {
	return primary{join(k.Organization, "limits", k.Connection), sortable(k.Group)}
}
