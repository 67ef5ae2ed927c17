//go:build !wasip1

package selector

import "errors"

// Host answers in place of genie-host where tests run. A fact whose map is nil cannot be had, and what a map
// lacks does not exist.
type Host struct {
	PodLabels map[string]string
	// ServiceAccount cannot be had when it is empty.
	ServiceAccount string
	// Owner is nil for a pod without one.
	Owner           *Owner
	NamespaceLabels map[string]string
	Objects         map[ObjectName]string
	NodeLabels      map[string]string
	// Traffic is by the prefix that is asked.
	Traffic map[string]Counters
	// TrafficRates are by the prefix that is asked.
	TrafficRates map[string]Rates
	// FreeAddresses are by the network's file.
	FreeAddresses map[string]uint64
	// Messages are those that were logged.
	Messages []Message
}

// ObjectName is the name of an object of the cluster.
type ObjectName struct{ APIVersion, Kind, Namespace, Name string }

// Message is one that was logged.
type Message struct {
	Level Level
	Text  string
}

var (
	current   = new(Host)
	errNotHad = errors.New("the Host of this test does not have it")
)

// Use lets this host answer, until the function is called that Use returns.
func (h *Host) Use() (end func()) {
	before := current
	current = h
	return func() { current = before }
}

func podLabels() (map[string]string, error) { return all(current.PodLabels) }

func podServiceAccount() (string, error) {
	if current.ServiceAccount == "" {
		return "", errNotHad
	}
	return current.ServiceAccount, nil
}

func podOwner() (*Owner, error) { return current.Owner, nil }

func namespaceLabels() (map[string]string, error) { return all(current.NamespaceLabels) }

func object(apiVersion, kind, namespace, name string) (*string, error) {
	return one(current.Objects, ObjectName{apiVersion, kind, namespace, name})
}

func nodeLabel(key string) (*string, error) { return one(current.NodeLabels, key) }

func traffic(prefix string) (Counters, error) {
	counters, found := current.Traffic[prefix]
	if !found {
		return Counters{}, errNotHad
	}
	return counters, nil
}

func trafficRate(prefix string) (Rates, error) {
	rates, found := current.TrafficRates[prefix]
	if !found {
		return Rates{}, errNotHad
	}
	return rates, nil
}

func freeAddresses(file string) (*uint64, error) { return one(current.FreeAddresses, file) }

func logEnabled(Level) bool { return true }

func logWrite(level Level, text string) {
	current.Messages = append(current.Messages, Message{level, text})
}

func all(labels map[string]string) (map[string]string, error) {
	if labels == nil {
		return nil, errNotHad
	}
	return labels, nil
}

func one[K comparable, V any](facts map[K]V, key K) (*V, error) {
	if facts == nil {
		return nil, errNotHad
	}
	fact, found := facts[key]
	if !found {
		return nil, nil
	}
	return &fact, nil
}
