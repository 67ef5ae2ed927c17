// This selector puts a pod on the network that the label `network` of its namespace names.
package main

import "example.org/my-policy/selector"

// The label's key.
const label = "network"

func init() {
	selector.Export(selector.About{
		Name:    "my-policy",
		Version: "0.1.0",
		Summary: "puts a pod on the network that its namespace's label names",
	}, choose)
}

// main is never called. A Go program has to have one.
func main() {}

// choose decides for one pod. A plan gives it networks, an error keeps it from starting, and neither of the
// two leaves it to the next entry of the configuration.
func choose(request *selector.Request) (*selector.Plan, error) {
	labels, err := selector.NamespaceLabels()
	if err != nil {
		return nil, err
	}
	name, found := labels[label]
	if !found {
		return nil, nil
	}
	place := "label " + label + " of namespace " + request.Pod.Namespace
	selector.Log(selector.Info, place+" asks for "+name)
	network, err := request.RequireNetwork(place, name)
	if err != nil {
		return nil, err
	}
	return &selector.Plan{
		Attachments: []selector.Attachment{{Network: selector.Installed(network.File)}},
		Reason:      place + ": " + name,
	}, nil
}
