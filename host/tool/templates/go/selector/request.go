package selector

// Request is the pod that waits for its networks, and the networks of this node.
type Request struct {
	// Pod is the pod that is being set up.
	Pod Pod
	// Annotations are the pod's. Those that kubelet and kubectl write for themselves are left out.
	Annotations map[string]string
	// Container is the container's identifier.
	Container string
	// Interface is the one that the runtime will report as the pod's own, nearly always eth0.
	Interface string
	// Node is this node's name, or empty when it is not known.
	Node string
	// Networks are those of the node, in the order of their files' names.
	Networks []Network
	// Decided is the decision of an earlier entry. Only an entry with `"run": "always"` sees one.
	Decided *Plan
	// Attributes are further facts. A key may occur more than once, and new keys may appear.
	Attributes []Pair
	// Settings are those of the configuration's entry as JSON text; {} when it has none.
	Settings string
}

// Pod is a pod's name.
type Pod struct {
	// Namespace and Name are empty when the runtime names no pod.
	Namespace, Name string
	// UID is empty when the runtime does not tell it.
	UID string
}

// Network is one of the node's networks.
type Network struct {
	// Name is the one inside the configuration. Two files may carry the same.
	Name string
	// File is the file's name without its directory. It is unique.
	File string
	// Plugins are the types of its plugins, in the order in which they run.
	Plugins []string
	// CNIVersion is the version that its plugins are spoken to in.
	CNIVersion string
	// Capabilities are those that at least one of its plugins declares, sorted.
	Capabilities []string
}

// AttributesOf are the values of all attributes with this key.
func (r *Request) AttributesOf(key string) []string {
	var values []string
	for _, attribute := range r.Attributes {
		if attribute.Key == key {
			values = append(values, attribute.Value)
		}
	}
	return values
}
