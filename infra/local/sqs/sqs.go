// Package sqs is Amazon SQS for the local stack: standard queues with visibility timeouts, receive counts, delays,
// retention, dead-letter queues and fair message groups, over HTTP for the AWS SDKs and in process for the runner.
//
// It plays the AWS JSON 1.0 protocol (X-Amz-Target: AmazonSQS.*) and does not check signatures. It has no FIFO queues,
// no policies and no limit on messages in flight; a task that moves messages is done when its start is answered.
// Where AWS leaves an order open, this queue keeps the order of arrival within a message group and serves the groups in
// turn, unless Faults disturb it.
package sqs

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options sets up the service. The zero value keeps messages in memory, in real time.
type Options struct {
	// File keeps queues and messages over restarts, with their receive counts and timeouts. Empty keeps them in memory.
	File string
	// Region and Account are part of ARNs and URLs; us-east-1 and 000000000000 unless set.
	Region, Account string
	// Now is the clock; time.Now unless set. A receive that waits notices a change of any other clock late.
	Now func() time.Time
	// Speed makes queue time run faster than the clock: every timeout, delay, wait and retention lasts 1/Speed of what is
	// asked for. Timestamps stay the clock's. 1 unless set.
	Speed float64
	// Faults disturbs deliveries as AWS may; nil for none.
	Faults Faults
}

// Faults decides where a delivery goes wrong in one of the ways that a standard queue allows. queue is the queue's name;
// receives is how often the message was received, this delivery included. Methods are called with a lock held: they must
// not call the service.
type Faults interface {
	// Duplicate tells whether the message that is being delivered will be delivered once more, at once, whether or not it
	// is deleted.
	Duplicate(queue string, receives int) bool
	// Redeliver tells whether the message that is being deleted comes back, and after how much queue time.
	Redeliver(queue string, receives int) (time.Duration, bool)
	// Pick chooses, from 0 to n-1, which of n waiting messages comes next; 0 is the oldest.
	Pick(queue string, n int) int
}

// Queues is the service. It is an http.Handler and safe for concurrent use.
type Queues struct {
	opts Options

	mu     sync.Mutex
	file   *file // nil for memory only
	queues map[string]*Queue
	seq    uint64
	tasks  []moveTask
}

// Open makes the service and loads what its file holds.
func Open(opts Options) (*Queues, error) {
	opts.Region = cmp.Or(opts.Region, "us-east-1")
	opts.Account = cmp.Or(opts.Account, "000000000000")
	opts.Speed = cmp.Or(opts.Speed, 1)
	if opts.Speed < 0 {
		return nil, fmt.Errorf("sqs: speed %v is negative", opts.Speed)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Queues{opts: opts, queues: map[string]*Queue{}}
	if opts.File != "" {
		f, err := openFile(opts.File)
		if err != nil {
			return nil, err
		}
		s.file = f
		if err := s.load(); err != nil {
			return nil, fmt.Errorf("sqs: load %s: %w (close: %v)", opts.File, err, f.close())
		}
	}
	return s, nil
}

// Close ends the service and its file.
func (s *Queues) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		q.gone = true
		q.wake()
	}
	if s.file == nil {
		return nil
	}
	return s.file.close()
}

// Create makes a queue with attributes as in the CreateQueue API. A queue of that name with the same attributes is
// returned as it is; one with others is QueueNameExists.
func (s *Queues) Create(name string, attributes, tags map[string]string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(name, attributes, tags)
}

// Ensure makes a queue, or sets the attributes of the one that is there. Messages stay.
func (s *Queues) Ensure(name string, attributes map[string]string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q, ok := s.queues[name]; ok {
		return q, q.set(attributes)
	}
	return s.create(name, attributes, nil)
}

func (s *Queues) create(name string, attributes, tags map[string]string) (*Queue, error) {
	if err := validName(name); err != nil {
		return nil, err
	}
	set, err := parseSettings(attributes)
	if err != nil {
		return nil, err
	}
	if err := s.checkRedrive(name, set.redrive); err != nil {
		return nil, err
	}
	if q, ok := s.queues[name]; ok {
		for key, value := range attributes {
			if q.attributes(s.opts.Now())[key] != value {
				return nil, errorf(queueNameExists, "A queue already exists with the same name and a different value for attribute %s", key)
			}
		}
		return q, nil
	}
	now := s.opts.Now()
	q := s.newQueue(queueState{Name: name, Created: now, Modified: now, Attributes: maps.Clone(attributes), Tags: tags}, set)
	if err := s.saveQueue(q.state); err != nil {
		return nil, err
	}
	s.queues[name] = q
	return q, nil
}

// Queue gives the queue of a name; QueueDoesNotExist if there is none.
func (s *Queues) Queue(name string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue(name)
}

func (s *Queues) queue(name string) (*Queue, error) {
	if q, ok := s.queues[name]; ok {
		return q, nil
	}
	return nil, errorf(queueDoesNotExist, "The specified queue does not exist.")
}

// ByURL gives the queue of a queue URL. Scheme, host and port do not matter, so that URLs survive a change of port.
func (s *Queues) ByURL(queueURL string) (*Queue, error) {
	if queueURL == "" {
		return nil, missing("QueueUrl")
	}
	u, err := url.Parse(queueURL)
	if err != nil {
		return nil, errorf(invalidAddress, "The address %s is not valid for this endpoint.", queueURL)
	}
	if account := path.Base(path.Dir(u.Path)); account != s.opts.Account {
		return nil, errorf(queueDoesNotExist, "The specified queue does not exist.")
	}
	return s.Queue(path.Base(u.Path))
}

// ByARN gives the queue of an ARN.
func (s *Queues) ByARN(arn string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byARN(arn)
}

func (s *Queues) byARN(arn string) (*Queue, error) {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if !ok {
		return nil, errorf(resourceNotFound, "The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	return s.queue(name)
}

func (s *Queues) arn(name string) string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", s.opts.Region, s.opts.Account, name)
}

// Names lists the queues whose names start with prefix, sorted.
func (s *Queues) Names(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.queues)), func(name string) bool {
		return !strings.HasPrefix(name, prefix)
	})
}

// real is how long a stretch of queue time lasts by the clock.
func (s *Queues) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.opts.Speed)
}

func validName(name string) error {
	if strings.HasSuffix(name, ".fifo") {
		return errorf(unsupportedOperation, "This emulator has standard queues only.")
	}
	for _, r := range name {
		if !alphanumeric(r) && r != '-' && r != '_' {
			name = ""
		}
	}
	if name == "" || len(name) > 80 {
		return errorf(invalidParameterValue, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

func alphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
