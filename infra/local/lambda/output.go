package lambda

import (
	"io"
	"sync"
	"time"
)

// maxTailBytes is how much of the log LogType=Tail gives: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
const maxTailBytes = 4096

// output passes on what a process writes and remembers the end of what it wrote for the invocation under way.
type output struct {
	to io.Writer

	mu     sync.Mutex
	recent []byte
	wrote  time.Time
}

// Write never fails: a full disk must not stop a function.
func (o *output) Write(p []byte) (int, error) {
	_, _ = o.to.Write(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recent = append(o.recent, p...)
	if over := len(o.recent) - maxTailBytes; over > 0 {
		o.recent = append(o.recent[:0], o.recent[over:]...)
	}
	o.wrote = time.Now()
	return len(p), nil
}

// begin forgets what was written for the invocation before.
func (o *output) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recent = nil
}

// tail gives the end of what was written since begin. What the process has written may still be in its pipe, so tail
// waits until nothing came for a moment.
func (o *output) tail() []byte {
	const quiet, most = 10 * time.Millisecond, 200 * time.Millisecond
	for start := time.Now(); time.Since(start) < most; time.Sleep(quiet / 5) {
		o.mu.Lock()
		last := o.wrote
		o.mu.Unlock()
		if last.Before(start) {
			last = start
		}
		if time.Since(last) >= quiet {
			break
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]byte(nil), o.recent...)
}
