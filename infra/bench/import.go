package main

// imports lists the parts of the section import, which can be asked for alone, too: the speed of imports, their price, the
// memory that they take, and how soon a change is stored.
func imports() []string {
	return []string{"import-rate", "import-cost", "import-memory", "import-delay"}
}
