package selector

//go:wasmimport genie:selector/pod@0.1.0 labels
func importPodLabels(*answer)

//go:wasmimport genie:selector/pod@0.1.0 service-account
func importPodServiceAccount(*answer)

//go:wasmimport genie:selector/pod@0.1.0 owner
func importPodOwner(*answer)

func podLabels() (map[string]string, error) {
	var told answer
	importPodLabels(&told)
	if err := told.err(); err != nil {
		return nil, err
	}
	return table(told.span(0)), nil
}

func podServiceAccount() (string, error) {
	var told answer
	importPodServiceAccount(&told)
	if err := told.err(); err != nil {
		return "", err
	}
	return told.span(0).String(), nil
}

func podOwner() (*Owner, error) {
	var told answer
	importPodOwner(&told)
	if err := told.err(); err != nil || !told.some() {
		return nil, err
	}
	return &Owner{Kind: told.span(1).String(), Name: told.span(3).String()}, nil
}
