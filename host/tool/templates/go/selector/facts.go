package selector

// Owner is a pod's controlling owner.
type Owner struct{ Kind, Name string }

// Counters are bytes since the interfaces came up.
type Counters struct{ RxBytes, TxBytes uint64 }

// Rates are bytes in a second.
type Rates struct{ RxBytes, TxBytes uint64 }

// A fact that cannot be had now is an error of [KindUnavailable]: a policy that returns it lets the pod start
// later.

// PodLabels are the pod's labels. They need the interface `pod`, and the grant `"pod"`.
func PodLabels() (map[string]string, error) {
	fact, err := podLabels()
	return fact, unavailable("the pod's labels", err)
}

// PodServiceAccount is the name of the pod's service account. It needs the interface `pod`, and the grant
// `"pod"`.
func PodServiceAccount() (string, error) {
	fact, err := podServiceAccount()
	return fact, unavailable("the pod's service account", err)
}

// PodOwner is the pod's controlling owner, or nil when it has none. It needs the interface `pod`, and the grant
// `"pod"`.
func PodOwner() (*Owner, error) {
	fact, err := podOwner()
	return fact, unavailable("the pod's owner", err)
}

// NamespaceLabels are the labels of the pod's own namespace. They need the interface `cluster`, and the grant
// `{"cluster": ["v1/Namespace"]}`.
func NamespaceLabels() (map[string]string, error) {
	fact, err := namespaceLabels()
	return fact, unavailable("the labels of the pod's namespace", err)
}

// Object is an object of the cluster as JSON text, or nil when it does not exist. The namespace of objects
// without one is empty. It needs the interface `cluster`, and a grant for the kind. A text that cannot be a
// name ends the call: check what users wrote before.
func Object(apiVersion, kind, namespace, name string) (*string, error) {
	fact, err := object(apiVersion, kind, namespace, name)
	return fact, unavailable(kind+" "+name, err)
}

// NodeLabel is a label of this node, or nil when the node has no such label. It needs the interface `node`, and
// the grant `"node"`.
func NodeLabel(key string) (*string, error) {
	fact, err := nodeLabel(key)
	return fact, unavailable("the node's label "+key, err)
}

// Traffic adds up the counters of all interfaces of the node whose names start so. It needs the interface
// `node`, and the grant `"node"`.
func Traffic(prefix string) (Counters, error) {
	fact, err := traffic(prefix)
	return fact, unavailable("the traffic of "+prefix, err)
}

// TrafficRate adds up what all interfaces of the node whose names start so receive and send in a second: the
// mean over the last minute or so. The node's agent counts it, and may be away. It needs the interface `node`,
// and the grant `"node"`.
func TrafficRate(prefix string) (Rates, error) {
	fact, err := trafficRate(prefix)
	return fact, unavailable("the traffic's rate of "+prefix, err)
}

// FreeAddresses is how many addresses are left for a network, named by its file, or nil where its address
// management does not tell. It needs the interface `node`, and the grant `"node"`.
func FreeAddresses(file string) (*uint64, error) {
	fact, err := freeAddresses(file)
	return fact, unavailable("the free addresses of "+file, err)
}

// unavailable is the refusal for a fact that cannot be had now, if there is an error.
func unavailable(fact string, err error) error {
	if err == nil {
		return nil
	}
	return Unavailable(fact + ": " + err.Error())
}
