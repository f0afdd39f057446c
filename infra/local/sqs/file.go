package sqs

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// file keeps queues and messages. It survives the end of the process at any point, not that of the machine.
type file struct {
	db *bolt.DB
}

// The buckets: a state by queue name, and by queue name a bucket of messages by id.
const (
	stateBucket    = "queues"
	messagesBucket = "messages"
)

func openFile(name string) (*file, error) {
	db, err := bolt.Open(name, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true, NoFreelistSync: true})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("sqs: %s is in use by another process", name)
	case err != nil:
		return nil, fmt.Errorf("sqs: open %s: %w", name, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(stateBucket))
		_, err2 := tx.CreateBucketIfNotExists([]byte(messagesBucket))
		return errors.Join(err, err2)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqs: prepare %s: %w", name, err), db.Close())
	}
	return &file{db: db}, nil
}

func (f *file) close() error { return f.db.Close() }

// load fills the service with what the file holds.
func (s *Queues) load() error {
	return s.file.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte(stateBucket)).ForEach(func(name, value []byte) error {
			var state queueState
			if err := json.Unmarshal(value, &state); err != nil {
				return err
			}
			set, err := parseSettings(state.Attributes)
			if err != nil {
				return err
			}
			q := s.newQueue(state, set)
			s.queues[state.Name] = q
			var messages []*message
			if b := tx.Bucket([]byte(messagesBucket)).Bucket(name); b != nil {
				err = b.ForEach(func(_, value []byte) error {
					m := &message{}
					messages = append(messages, m)
					return json.Unmarshal(value, m)
				})
			}
			slices.SortFunc(messages, func(a, b *message) int { return cmp.Compare(a.Seq, b.Seq) })
			for _, m := range messages {
				q.add(m, s.opts.Now())
				s.seq = max(s.seq, m.Seq)
			}
			return err
		})
	})
}

// saveQueue keeps the state of a queue.
func (s *Queues) saveQueue(state queueState) error {
	return s.update(func(tx *bolt.Tx) error {
		value, err := json.Marshal(state)
		if err != nil {
			return err
		}
		return tx.Bucket([]byte(stateBucket)).Put([]byte(state.Name), value)
	})
}

// dropQueue forgets a queue and its messages.
func (s *Queues) dropQueue(name string) error {
	return s.update(func(tx *bolt.Tx) error {
		if err := tx.Bucket([]byte(messagesBucket)).DeleteBucket([]byte(name)); err != nil && !errors.Is(err, berrors.ErrBucketNotFound) {
			return err
		}
		return tx.Bucket([]byte(stateBucket)).Delete([]byte(name))
	})
}

// save keeps messages of a queue as they are now, and forgets those that are gone.
func (s *Queues) save(q *Queue, messages []*message, gone ...*message) error {
	return s.update(func(tx *bolt.Tx) error { return write(tx, q, messages, gone) })
}

// move takes a message out of one queue and puts it, as another, into a second one.
func (s *Queues) move(from *Queue, m *message, to *Queue, as *message) error {
	return s.update(func(tx *bolt.Tx) error {
		return errors.Join(write(tx, from, nil, []*message{m}), write(tx, to, []*message{as}, nil))
	})
}

func write(tx *bolt.Tx, q *Queue, messages, gone []*message) error {
	b, err := tx.Bucket([]byte(messagesBucket)).CreateBucketIfNotExists([]byte(q.state.Name))
	if err != nil {
		return err
	}
	for _, m := range messages {
		value, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if err := b.Put([]byte(m.ID), value); err != nil {
			return err
		}
	}
	for _, m := range gone {
		if err := b.Delete([]byte(m.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Queues) update(f func(*bolt.Tx) error) error {
	if s.file == nil {
		return nil
	}
	if err := s.file.db.Update(f); err != nil {
		return fmt.Errorf("sqs: save: %w", err)
	}
	return nil
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
