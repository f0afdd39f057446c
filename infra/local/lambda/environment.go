package lambda

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// environment gives the variables of a process: those of the function's configuration, those that Lambda sets, and no
// other of the runner's own than PATH.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func (h *Host) environment(f *function, worker string) []string {
	env := maps.Clone(h.opts.Environment)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, f.Environment)
	dir := filepath.Dir(f.Binary)
	maps.Copy(env, map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          h.listener.Addr().String() + "/" + worker,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     latest,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      worker,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_EXECUTION_ENV":               "AWS_Lambda_provided.al2023",
		"AWS_REGION":                      h.opts.Region,
		"AWS_DEFAULT_REGION":              h.opts.Region,
		"LAMBDA_TASK_ROOT":                dir,
		"LAMBDA_RUNTIME_DIR":              dir,
		"_HANDLER":                        filepath.Base(f.Binary),
		"LANG":                            "en_US.UTF-8",
		"TZ":                              ":UTC",
		"PATH":                            os.Getenv("PATH"),
		"HOME":                            dir, // not the developer's, whose AWS profile must not matter
	})
	if f.LogFormat != "" {
		env["AWS_LAMBDA_LOG_FORMAT"] = f.LogFormat
	}
	if f.LogLevel != "" {
		env["AWS_LAMBDA_LOG_LEVEL"] = f.LogLevel
	}
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// latest is the version that a function runs as: the local stack has no other.
const latest = "$LATEST"
