//go:build !wasip1

package main

import (
	"errors"
	"reflect"
	"testing"

	"example.org/my-policy/selector"
)

var request = selector.Request{
	Pod: selector.Pod{Namespace: "shop", Name: "web"},
	Networks: []selector.Network{
		{Name: "k8s-pod-network", File: "10-calico.conflist", Plugins: []string{"calico"}},
		{Name: "blue", File: "20-blue.conflist", Plugins: []string{"bridge"}},
	},
}

// ask asks the policy with these facts.
func ask(t *testing.T, host *selector.Host) (*selector.Plan, error) {
	t.Helper()
	t.Cleanup(host.Use())
	return choose(&request)
}

func TestTheNamespacesLabelNamesTheNetwork(t *testing.T) {
	host := &selector.Host{NamespaceLabels: map[string]string{"network": "blue"}}
	plan, err := ask(t, host)
	want := &selector.Plan{
		Attachments: []selector.Attachment{{Network: selector.Installed("20-blue.conflist")}},
		Reason:      "label network of namespace shop: blue",
	}
	if err != nil || !reflect.DeepEqual(plan, want) {
		t.Errorf("got %+v, %v", plan, err)
	}
	if len(host.Messages) != 1 {
		t.Errorf("logged %v", host.Messages)
	}
}

func TestANamespaceWithoutTheLabelIsLeftToTheNextEntry(t *testing.T) {
	plan, err := ask(t, &selector.Host{NamespaceLabels: map[string]string{"team": "shop"}})
	if plan != nil || err != nil {
		t.Errorf("got %+v, %v", plan, err)
	}
}

func TestALabelThatNamesNoNetworkIsToldWithItsPlace(t *testing.T) {
	_, err := ask(t, &selector.Host{NamespaceLabels: map[string]string{"network": "blu"}})
	var refusal *selector.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != selector.KindInvalid {
		t.Fatalf("got %v", err)
	}
	if want := `label network of namespace shop: "blu": no such network`; err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestAPodWhoseNamespaceIsNotKnownStartsLater(t *testing.T) {
	_, err := ask(t, &selector.Host{})
	var refusal *selector.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != selector.KindUnavailable {
		t.Errorf("got %v", err)
	}
}
