package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// MinJava is the oldest Java that this project is tested with.
const MinJava = 17

// FindEmulator looks for DynamoDB Local in infra/node_modules of a folder and of those above it.
func FindEmulator(from string) (folder string, err error) {
	at, err := filepath.Abs(from)
	if err != nil {
		return "", fmt.Errorf("dynamodb: %w", err)
	}
	for {
		folder := filepath.Join(at, "infra", "node_modules", "amplify-dynamodb-simulator", "emulator")
		if _, err := os.Stat(filepath.Join(folder, "DynamoDBLocal.jar")); err == nil {
			return folder, nil
		}
		above := filepath.Dir(at)
		if above == at {
			return "", errors.New("dynamodb: DynamoDB Local is not installed in infra/node_modules: run `make setup`")
		}
		at = above
	}
}

// checkJava tells what to do if there is no Java or one that is too old.
func checkJava(ctx context.Context, java string) error {
	const advice = "DynamoDB Local needs Java %d or later: install it (Debian: apt-get install openjdk-17-jre-headless) and have `java` on the PATH"
	// On macOS there is always a java command; it fails if no Java is installed.
	text, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("dynamodb: no Java found (%v); "+advice, err, MinJava)
	}
	version := regexp.MustCompile(`version "(?:1\.)?(\d+)`).FindSubmatch(text)
	if version == nil {
		return nil // an unusual one; if it does not do, its own message says so
	}
	if major, _ := strconv.Atoi(string(version[1])); major < MinJava {
		return fmt.Errorf("dynamodb: found Java %d; "+advice, major, MinJava)
	}
	return nil
}
