package connectors_test

import (
	"os"
	"slices"
	"testing"

	"leadline/shared/connectors"
)

func TestTheShelfListsEveryFolderOnceByName(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var folders, listed []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, d := range connectors.All() {
		listed = append(listed, d.Name)
	}
	if !slices.Equal(folders, listed) {
		t.Errorf("the folders are %v, the list says %v", folders, listed)
	}
}
