package dynamo

// definitionsPartition holds the links, the views or the variables of an organization. Query: those of a kind by name.
func definitionsPartition(organization, kind string) string {
	return join(organization, "views", kind)
}

// definitionKey is the place of one. CreateDefinition, UpdateDefinition, DeleteDefinition, Definition.
func definitionKey(organization, kind, name string) primary {
	return primary{definitionsPartition(organization, kind), sortable(name)}
}
