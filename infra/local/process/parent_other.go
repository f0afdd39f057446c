//go:build !linux

package process

import "syscall"

// dieWithParent does nothing where the kernel cannot: a Lambda function ends all the same when it finds the runner's
// Runtime API gone.
func dieWithParent(*syscall.SysProcAttr) {}
