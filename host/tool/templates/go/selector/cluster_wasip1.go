package selector

//go:wasmimport genie:selector/cluster@0.1.0 namespace-labels
func importNamespaceLabels(*answer)

//go:wasmimport genie:selector/cluster@0.1.0 get
func importObject(apiVersion, kind string, hasNamespace uint32, namespace, name string, told *answer)

func namespaceLabels() (map[string]string, error) {
	var told answer
	importNamespaceLabels(&told)
	if err := told.err(); err != nil {
		return nil, err
	}
	return table(told.span(0)), nil
}

func object(apiVersion, kind, namespace, name string) (*string, error) {
	var hasNamespace uint32
	if namespace != "" {
		hasNamespace = 1
	}
	var told answer
	importObject(apiVersion, kind, hasNamespace, namespace, name, &told)
	if err := told.err(); err != nil {
		return nil, err
	}
	return told.optional(), nil
}
