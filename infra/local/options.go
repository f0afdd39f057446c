package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// options is what the command line asks for.
type options struct {
	port      int
	data      string
	logs      string
	runFile   string
	stage     string
	mailFrom  string
	functions string
	ctl       string
	cache     string
	template  string
	// sandbox is sandboxOn, sandboxOff or the URL of one that runs; sandboxFlags are for the one that is started.
	sandbox, sandboxBinary, sandboxFlags string
	// sandboxImport connects the demo organization to the sandbox.
	sandboxImport bool
	chaos         bool
	chaosSeed     uint64
	speed         float64
	processes     int
	disable       []string
	quiet         bool
	verbose       bool
}

// envPrefix begins the names of the variables that stand for flags: LEADLINE_LOCAL_QUEUE_SPEED for --queue-speed.
const envPrefix = "LEADLINE_LOCAL_"

const usage = `Brings Leadline up on this machine: the functions as they are deployed, against emulators of the AWS services that the
synthesized stack declares. Ctrl-C stops all of it; the data stays.

Every flag can also be set by a variable: LEADLINE_LOCAL_PORT for --port, LEADLINE_LOCAL_QUEUE_SPEED for --queue-speed.

`

// parseOptions reads flags and variables; a flag wins.
func parseOptions(args []string, getenv func(string) string, stderr io.Writer) (options, error) {
	var o options
	var disable string
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.port, "port", 8787, "`port` of the public URL; the four next ones serve the AWS services, the fifth the sandbox; 0 takes free ones")
	flags.StringVar(&o.data, "data", ".local/data", "`folder` that keeps the data over restarts")
	flags.StringVar(&o.logs, "logs", "", "`folder` of the log files (default: logs beside the data)")
	flags.StringVar(&o.runFile, "run-file", ".local/run.json", "`file` that says where everything is, while it is up")
	flags.StringVar(&o.stage, "stage", "dev", "which `stage` of the stack to play")
	flags.StringVar(&o.mailFrom, "mail-from", "leadline@leadline.test", "`address` that e-mail comes from, which goes to a mailbox here and to nobody; empty sends none")
	flags.StringVar(&o.functions, "functions", ".build/local", "`folder` of the built functions: <function>/bootstrap")
	flags.StringVar(&o.ctl, "ctl", ".local/bin/leadline", "the leadline `command`, which makes the demo organization; empty makes none")
	flags.StringVar(&o.cache, "synth-cache", ".local/synth", "`folder` of the synthesized templates")
	flags.StringVar(&o.template, "template", "", "play this template `file` instead of the synthesized stack")
	flags.StringVar(&o.sandbox, "sandbox", sandboxOff, "`on` starts a CRM that looks like Close, off does not; a URL is that of one that runs")
	flags.StringVar(&o.sandboxBinary, "sandbox-command", ".local/bin/sandbox", "the sandbox `command`")
	flags.StringVar(&o.sandboxFlags, "sandbox-flags", "-play 2s", "`flags` for the sandbox that is started, apart by blanks; `sandbox -help` lists them")
	flags.BoolVar(&o.sandboxImport, "sandbox-import", true, "connect the demo organization to the sandbox, and import what is there")
	flags.BoolVar(&o.chaos, "chaos", false, "deliver twice, reorder, kill functions in mid-batch, throttle DynamoDB, raise transaction conflicts")
	flags.Uint64Var(&o.chaosSeed, "chaos-seed", 1, "`number` that chaos draws its decisions from")
	flags.Float64Var(&o.speed, "queue-speed", 1, "let the time of queues and retries run `N` times as fast as the clock")
	flags.IntVar(&o.processes, "processes", 10, "the most processes of a function without reserved concurrency")
	flags.StringVar(&disable, "disable", "", "`functions`, by commas, whose event source mappings start paused")
	flags.BoolVar(&o.quiet, "quiet", false, "print only warnings, and READY")
	flags.BoolVar(&o.verbose, "verbose", false, "print also what of the stack is played as nothing, and more about what goes on")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	var errs []error
	flags.VisitAll(func(f *flag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := getenv(name); value != "" {
			if err := f.Value.Set(value); err != nil {
				errs = append(errs, fmt.Errorf("%s=%q: %w", name, value, err))
			}
		}
	})
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	if o.speed <= 0 {
		errs = append(errs, errors.New("--queue-speed must be positive"))
	}
	if o.processes < 1 {
		errs = append(errs, errors.New("--processes must be positive"))
	}
	if o.port < 0 || o.port > 65530 {
		errs = append(errs, errors.New("--port must be from 0 to 65530"))
	}
	if o.sandbox != sandboxOn && o.sandbox != sandboxOff && !strings.HasPrefix(o.sandbox, "http://") && !strings.HasPrefix(o.sandbox, "https://") {
		errs = append(errs, errors.New("--sandbox must be on, off or the URL of a sandbox"))
	}
	for name := range strings.SplitSeq(disable, ",") {
		if name = strings.TrimSpace(name); name != "" {
			o.disable = append(o.disable, name)
		}
	}
	if o.logs == "" {
		o.logs = filepath.Join(filepath.Dir(filepath.Clean(o.data)), "logs")
	}
	return o, errors.Join(errs...)
}
