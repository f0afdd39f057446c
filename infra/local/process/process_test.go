package process_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadline/infra/local/process"
)

// TestMain lets the test binary play the parent that is killed.
func TestMain(m *testing.M) {
	if os.Getenv("PROCESS_TEST_PARENT") == "" {
		os.Exit(m.Run())
	}
	cmd := exec.Command("sleep", "300")
	if err := process.NewStarter().Start(cmd); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	// Many threads come and go meanwhile: the child must survive all but the parent's own death.
	for range 50 {
		go func() {
			runtime.LockOSThread() // the thread ends with its goroutine
			time.Sleep(time.Millisecond)
		}()
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println(cmd.Process.Pid)
	select {}
}

func TestSignalReachesTheGroup(t *testing.T) {
	starter := process.NewStarter()
	t.Cleanup(starter.Close)
	cmd := exec.Command("sh", "-c", "sleep 300 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(cmd); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var grandchild int
	if _, err := fmt.Sscan(line, &grandchild); err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(cmd, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitFor(t, func() bool { return !alive(grandchild) })
	if err := process.Signal(cmd, syscall.SIGKILL); err != nil {
		t.Errorf("a group that is gone: %v", err)
	}
}

func TestStartAfterClose(t *testing.T) {
	starter := process.NewStarter()
	starter.Close()
	if err := starter.Start(exec.Command("true")); !errors.Is(err, process.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// alive tells whether a process runs; a zombie that nobody has reaped yet does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && runtime.GOOS != "linux"
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 10 s")
		}
	}
}
