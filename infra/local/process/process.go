// Package process starts the runner's child processes so that none outlives it: each is the leader of its own process
// group, which is killed as a whole, and on Linux the kernel kills it when the runner dies, however it dies.
package process

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

// Starter starts processes. It is safe for concurrent use. It has a goroutine of its own, which Close ends.
type Starter struct {
	requests chan request
	done     chan struct{}
}

type request struct {
	cmd    *exec.Cmd
	result chan error
}

// ErrClosed is returned by Start after Close.
var ErrClosed = errors.New("process: the starter is closed")

// NewStarter makes a starter.
func NewStarter() *Starter {
	s := &Starter{requests: make(chan request), done: make(chan struct{})}
	go s.run()
	return s
}

// run starts all processes from one operating system thread that lives as long as the starter. The signal that Linux
// sends at the parent's death is sent at the death of the thread that started the child: https://go.dev/issue/27505
func (s *Starter) run() {
	runtime.LockOSThread() // never unlocked: the thread must not serve and end with another goroutine
	for {
		select {
		case r := <-s.requests:
			r.result <- r.cmd.Start()
		case <-s.done:
			return
		}
	}
}

// Start starts cmd in a new process group. On Linux, cmd is killed when the runner dies or the starter is closed.
func (s *Starter) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
	r := request{cmd: cmd, result: make(chan error, 1)}
	select {
	case s.requests <- r:
		return <-r.result
	case <-s.done:
		return ErrClosed
	}
}

// Close ends the starter. Processes that still run are killed on Linux; elsewhere they are left alone.
func (s *Starter) Close() { close(s.done) }

// Signal sends a signal to the process group of a command that Start started. One that is gone is no error.
func Signal(cmd *exec.Cmd, signal syscall.Signal) error {
	if cmd.Process == nil {
		return nil
	}
	err := syscall.Kill(-cmd.Process.Pid, signal)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
