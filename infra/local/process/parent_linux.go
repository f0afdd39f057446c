package process

import "syscall"

// dieWithParent asks the kernel to kill the child when its parent thread dies: prctl(2), PR_SET_PDEATHSIG.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
