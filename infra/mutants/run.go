package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// patience is how long a test may take; one that does not end for a mutation has failed by that.
const patience = "120s"

// result is what became of a mutant.
type result struct {
	mutant
	// killed says that the test failed, problem why the mutant says nothing.
	killed  bool
	problem string
	took    time.Duration
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("run", "", "only traps, sections and tests that the `regexp` fits")
	list := flags.Bool("list", false, "print the table as Markdown, run nothing")
	jobs := flags.Int("j", runtime.NumCPU(), "how many run at once")
	if err := flags.Parse(args); err != nil {
		return err
	}
	fits, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	all, err := parse(table)
	if err != nil {
		return fmt.Errorf("traps.txt: %w", err)
	}
	all = slices.DeleteFunc(all, func(m mutant) bool { return !fits.MatchString(m.String() + " " + m.folder + " " + m.test) })
	if len(all) == 0 {
		return errors.New("no trap fits")
	}
	if *list {
		printTable(stdout, all)
		return nil
	}
	folder, err := os.MkdirTemp("", "leadline-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	begin := time.Now()
	results, err := try(ctx, all, folder, max(1, *jobs), stderr)
	if err != nil {
		return err
	}
	return report(stdout, results, time.Since(begin))
}

// try runs the tests as they are, then each mutant, in copies of the tree.
func try(ctx context.Context, all []mutant, folder string, jobs int, progress io.Writer) ([]result, error) {
	trees := make(chan string, jobs)
	for i := range jobs {
		tree := filepath.Join(folder, fmt.Sprint(i))
		if err := copyTree(".", tree); err != nil {
			return nil, fmt.Errorf("copy the sources: %w", err)
		}
		trees <- tree
	}
	env, err := environment()
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(progress, "the tests without mutations ...")
	failing, err := baseline(ctx, all, trees, env)
	if err != nil {
		return nil, err
	}
	results := make([]result, len(all))
	var group sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i, m := range all {
		group.Go(func() {
			tree := <-trees
			defer func() { trees <- tree }()
			if ctx.Err() != nil {
				return
			}
			r := result{mutant: m}
			if problem, fails := failing[m.call()][m.test]; fails {
				r.problem = "the test fails without the mutation\n" + problem
			} else {
				r = m.try(ctx, tree, env)
			}
			results[i] = r
			mu.Lock()
			defer mu.Unlock()
			done++
			fmt.Fprintf(progress, "%3d of %d  %-8s %5.1f s  %s\n", done, len(all), verdict(r), r.took.Seconds(), m)
		})
	}
	group.Wait()
	return results, ctx.Err()
}

// call is one run of tests of a package.
type call struct{ folder, flags string }

func (m mutant) call() call { return call{m.folder, m.flags} }

// baseline runs the tests as they are, and tells what is wrong with those that do not pass.
func baseline(ctx context.Context, all []mutant, trees chan string, env []string) (map[call]map[string]string, error) {
	tests := map[call][]string{}
	for _, m := range all {
		if !slices.Contains(tests[m.call()], m.test) {
			tests[m.call()] = append(tests[m.call()], m.test)
		}
	}
	failed := map[call]map[string]string{}
	var group sync.WaitGroup
	var mu sync.Mutex
	for c, names := range tests {
		group.Go(func() {
			tree := <-trees
			defer func() { trees <- tree }()
			_, output := goTest(ctx, tree, env, c, names)
			mu.Lock()
			defer mu.Unlock()
			failed[c] = map[string]string{}
			for _, name := range names {
				if !strings.Contains(output, "--- PASS: "+name+" (") {
					failed[c][name] = tail(output)
				}
			}
		})
	}
	group.Wait()
	return failed, ctx.Err()
}

// try takes the remedy away in a tree, runs the test and puts it back.
func (m mutant) try(ctx context.Context, tree string, env []string) result {
	r, begin := result{mutant: m}, time.Now()
	defer func() { r.took = time.Since(begin) }()
	file := filepath.Join(tree, filepath.FromSlash(m.file))
	before, err := os.ReadFile(file)
	if err != nil {
		r.problem = err.Error()
		return r
	}
	after, err := m.applied(string(before))
	if err == nil {
		err = os.WriteFile(file, []byte(after), 0o600)
	}
	if err != nil {
		r.problem = err.Error()
		return r
	}
	passed, output := goTest(ctx, tree, env, m.call(), []string{m.test})
	if err := os.WriteFile(file, before, 0o600); err != nil {
		r.problem = err.Error()
	}
	r.took = time.Since(begin)
	switch {
	case strings.Contains(output, "[build failed]"), strings.Contains(output, "[setup failed]"):
		r.problem = "what is left does not compile\n" + tail(output)
	case !passed && ctx.Err() == nil:
		r.killed = r.problem == ""
	}
	return r
}

// goTest runs tests of a package.
func goTest(ctx context.Context, tree string, env []string, c call, names []string) (passed bool, output string) {
	// With -trimpath the copies share what was compiled; -vet, for a mutation need not be tidy.
	args := []string{"test", "-trimpath", "-vet=off", "-ldflags=-s -w", "-count=1", "-v", "-timeout=" + patience, "-run=^(" + strings.Join(names, "|") + ")$", "./" + c.folder}
	cmd := exec.CommandContext(ctx, "go", append(args, strings.Fields(c.flags)...)...)
	var all bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = tree, env, &all, &all
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	return err == nil, all.String()
}

// environment is that of the tests: the provider specs lie beside the sources, not beside their copies.
func environment() ([]string, error) {
	const specs = "LEADLINE_SPECS"
	env := os.Environ()
	if os.Getenv(specs) == "" {
		beside, err := filepath.Abs(filepath.Join("..", "shared", "specs"))
		if err != nil {
			return nil, err
		}
		env = append(env, specs+"="+beside)
	}
	return env, nil
}

// copyTree copies the sources, without what is built and what is hidden.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) { // gone meanwhile
				return nil
			}
			return err
		}
		name := d.Name()
		if d.IsDir() && path != from && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "cdk.out") {
			return filepath.SkipDir
		}
		target := filepath.Join(to, path)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o600)
	})
}

// tail gives the end of an output.
func tail(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

func verdict(r result) string {
	switch {
	case r.problem != "":
		return "PROBLEM"
	case r.killed:
		return "killed"
	}
	return "SURVIVED"
}

// report prints the table, and what is wrong.
func report(to io.Writer, results []result, took time.Duration) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "about\ttrap\ttest\tkilled\tseconds")
	bad := 0
	for _, r := range results {
		killed := "yes"
		if !r.killed {
			killed = "NO"
			bad++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.1f\n", r.section, r.trap, r.test, killed, r.took.Seconds())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		switch {
		case r.problem != "":
			fmt.Fprintf(to, "\n%s: %s\n", r.mutant, r.problem)
		case !r.killed:
			fmt.Fprintf(to, "\n%s: %s passes without the remedy, in %s:\n-%s\n+%s\n", r.mutant, r.test, r.file,
				strings.ReplaceAll(r.old, "\n", "\n-"), strings.ReplaceAll(r.new, "\n", "\n+"))
		}
	}
	fmt.Fprintf(to, "\n%d mutants of %d are killed, in %.0f s.\n", len(results)-bad, len(results), took.Seconds())
	if bad > 0 {
		return fmt.Errorf("%d of %d mutants are not killed", bad, len(results))
	}
	return nil
}

// printTable prints the table for people.
func printTable(to io.Writer, all []mutant) {
	cell := strings.NewReplacer("|", "\\|", "\n", " ", "\t", " ", "`", "'")
	fmt.Fprintln(to, "| about | trap | test | file | without the remedy |\n|---|---|---|---|---|")
	for _, m := range all {
		gone := "`" + cell.Replace(strings.TrimSpace(m.old)) + "`"
		if m.new != "" {
			gone += " becomes `" + cell.Replace(strings.TrimSpace(m.new)) + "`"
		}
		fmt.Fprintf(to, "| %s | %s | %s | %s | %s |\n", m.section, cell.Replace(m.trap), m.test, m.file, gone)
	}
}
