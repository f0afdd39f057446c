package chaos

// Fault is what happens to a call to DynamoDB.
type Fault int

// The faults of calls.
const (
	// None lets the call through.
	None Fault = iota
	// Exceeded refuses it unapplied: ProvisionedThroughputExceededException.
	Exceeded
	// Throttled refuses it unapplied: ThrottlingException.
	Throttled
	// Unprocessed applies a part of a batch and returns the rest as unprocessed.
	Unprocessed
	// Conflicted cancels a transaction unapplied: TransactionCanceledException with a TransactionConflict.
	Conflicted
	// Failed applies the call and answers InternalServerError.
	Failed
	// Cut applies the call and breaks the connection instead of answering.
	Cut
)

// Call decides about one attempt of a call to DynamoDB. attempt is the SDK's number of it, from 1; 0 if it is not known.
// Only calls on items meet faults; those that manage tables, and those of the streams API, never do.
func (s *Source) Call(operation string, attempt int) Fault {
	if s == nil || attempt > s.cfg.MaxFaultsPerCall {
		return None
	}
	write, batch, transaction := false, false, false
	switch operation {
	case "GetItem", "Query", "Scan", "TransactGetItems", "ExecuteStatement":
	case "PutItem", "UpdateItem", "DeleteItem":
		write = true
	case "BatchGetItem":
		batch = true
	case "BatchWriteItem":
		write, batch = true, true
	case "TransactWriteItems":
		write, transaction = true, true
	default:
		return None
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := s.fault(operation, write, batch, transaction)
	retriedBySDK := fault != None && fault != Conflicted && fault != Unprocessed && attempt > 0
	switch {
	case fault == None:
		s.inARow[operation] = 0
	case retriedBySDK:
	case s.inARow[operation] >= s.cfg.MaxInARow:
		s.inARow[operation] = 0
		return None
	default:
		s.inARow[operation]++
	}
	if name := fault.kind(); name != "" {
		s.injected[name+" "+operation]++
	}
	return fault
}

// fault rolls for one attempt. The caller holds mu and counts what is injected.
func (s *Source) fault(operation string, write, batch, transaction bool) Fault {
	r := s.stream("call", operation)
	if transaction && r.Float64() < s.cfg.Conflict {
		return Conflicted
	}
	if r.Float64() < s.cfg.Throttle {
		switch n := r.IntN(4); {
		case batch && n < 2:
			return Unprocessed
		case n%2 == 0:
			return Exceeded
		default:
			return Throttled
		}
	}
	if write && r.Float64() < s.cfg.Lost {
		if r.IntN(2) == 0 {
			return Failed
		}
		return Cut
	}
	return None
}

// kind names a fault in the counts of Injected.
func (f Fault) kind() string {
	switch f {
	case Exceeded, Throttled:
		return "throttle"
	case Unprocessed:
		return "unprocessed"
	case Conflicted:
		return "conflict"
	case Failed, Cut:
		return "lost"
	}
	return ""
}
