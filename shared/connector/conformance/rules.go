package conformance

// The rules; Rules says what each demands.
const (
	Definition    = "definition"
	API           = "api"
	Authorization = "authorization"
	Judgement     = "judgement"
	Objects       = "objects"
	Source        = "source"
	Signature     = "signature"
	Samples       = "samples"
	Changes       = "changes"
	Numbers       = "numbers"
	Garbage       = "garbage"
	Quoting       = "quoting"
	Determinism   = "determinism"
	Requests      = "requests"
	Probe         = "probe"
	Describe      = "describe"
	People        = "people"
	Page          = "page"
	Bounds        = "bounds"
	Complete      = "complete"
	Scope         = "scope"
	Resume        = "resume"
	Moving        = "moving"
	Refused       = "refused"
	Count         = "count"
	IDs           = "ids"
	Children      = "children"
	Content       = "content"
	Log           = "log"
	Subscription  = "subscription"
	Obedience     = "obedience"
	Answers       = "answers"
	Secrecy       = "secrecy"
	Goroutines    = "goroutines"
)

// Rule is one demand of the contract.
type Rule struct {
	Name string
	// Says is the demand in a sentence.
	Says string
}

// Rules lists the rules in the order in which they are checked.
func Rules() []Rule {
	return []Rule{
		{Definition, "What the definition says is complete and well-formed, and it is named like its folder."},
		{Source, "The code reads no clock, sleeps nowhere, starts nothing and imports nothing that logs, does I/O or draws lots."},
		{Signature, "What is signed is accepted; what was changed, is stale or is signed by another key is not."},
		{Samples, "Each sample of a webhook gives what its .want.json says."},
		{Changes, "Each change has a key, a kind, a version of this parser, and content that fits them."},
		{Numbers, "Numbers reach the fields digit for digit."},
		{Garbage, "No body makes Parse or Touched panic; Parse gives changes or a fault of kind Invalid with a quarantine reason as code."},
		{Quoting, "No fault of Parse shows a value of the body."},
		{Determinism, "One body gives the same changes always, however its keys are ordered and spaced, and Parse neither changes nor keeps the body."},
		{API, "Base URL, hosts, logins and limits are complete and well-formed, and each request has a group of endpoints."},
		{Authorization, "A login puts its secret into headers, once, and knows what cannot be a secret."},
		{Judgement, "Judge and Seen make something of every status and every body: 401 is about credentials, 429 throttles, 5xx may be tried again."},
		{Objects, "Each object has a name, a title and the scopes that a reading needs, and pages have the revision that webhooks have."},
		{Requests, "Each request is one that the client takes: a plain path, one body, no header of the client's own, the caller's context."},
		{Probe, "The probe names the account, and says of a login that may do less what it is missing and what for."},
		{Describe, "The description ends, names each object and field once, with types and objects that there are, and by the names that records use."},
		{People, "Everybody at the account comes once, with a name, a role and teams, and the reading ends."},
		{Page, "Each page has its time, its untouched body, and changes that are whole states of the object that was asked for."},
		{Bounds, "A page takes few requests, a reading ends, a wait has an end, and a cursor is text of a bearable length."},
		{Complete, "A reading gives every record of its scope, with the version and the identity that the provider states."},
		{Scope, "A reading gives nothing outside its scope, and an object or scope that is not served is refused without a request."},
		{Resume, "From every cursor, hours later and in another process, a reading gives all that was still to come; what is no cursor is refused."},
		{Moving, "A reading misses no record while others are changed, made and deleted, given the reading of what changed that follows it."},
		{Refused, "A row that cannot be understood is refused by itself, with a reason, and the others go on."},
		{Count, "Counts and totals are what the scope holds, and say where they come from."},
		{IDs, "A reading by ids gives those that are there, and names those that are not as missing."},
		{Children, "A reading of children gives those of the parents that were named and no others."},
		{Content, "A record has one content, whether it came by webhook, from a list, by its id or as somebody's child."},
		{Log, "The log reaches back to where it was asked from, and tells of every change, or names what is to be read again."},
		{Subscription, "A subscription can be made, found, checked, mended and deleted, and what is gone is not found."},
		{Obedience, "A fault of the client comes back as it is, after that very request: nothing is tried again, nothing goes on."},
		{Answers, "An answer that is not what was expected is a fault, never a panic and never an empty page."},
		{Secrecy, "No fault and no refusal shows a value of an answer, or the secret."},
		{Goroutines, "Nothing is left running."},
	}
}
