// This selector uses the whole package `selector` of the template for Go. Its settings say what it does, and what
// it was told is in its plan's reason.
package main

import (
	"errors"
	"fmt"
	"strings"

	"my-policy/selector"
)

func init() {
	selector.Export(selector.About{
		Name:           "whole",
		Version:        "1.2.3",
		Summary:        "uses the whole package",
		SettingsSchema: `{"type": "string"}`,
	}, act)
}

func main() {}

func act(request *selector.Request) (*selector.Plan, error) {
	switch strings.Trim(request.Settings, `"`) {
	case "request":
		return saying(request, fmt.Sprintf("%+v", *request))
	case "facts":
		return saying(request, strings.Join(facts(request), "; "))
	case "attachments":
		return attachments(request), nil
	case "decided":
		return request.Decided, nil
	case "invalid":
		return nil, fmt.Errorf("as an error of mine: %w", selector.Invalid("annotation act", "bad", "is not wanted"))
	case "denied":
		return nil, selector.Denied("not for this pod")
	case "unavailable":
		return nil, selector.Unavailable("not now")
	case "internal":
		return nil, selector.Internal("it is my fault")
	case "error":
		return nil, errors.New("an error of mine")
	case "panic":
		panic("it went wrong")
	case "collect":
		return collect(request)
	default:
		return nil, nil
	}
}

// saying is a plan that says a text.
func saying(request *selector.Request, text string) (*selector.Plan, error) {
	if !selector.Logs(selector.Warn) {
		return nil, errors.New("warnings are not kept")
	}
	selector.Log(selector.Warn, "a message of äöü")
	file := request.Networks[0].File
	return &selector.Plan{Attachments: []selector.Attachment{{Network: selector.Installed(file)}}, Reason: text}, nil
}

// facts asks for all of them. Some are asked twice, since they may be there or not.
func facts(request *selector.Request) []string {
	file := func(index int) string { return request.Networks[index].File }
	var all []string
	for _, fact := range []func() (any, error){
		func() (any, error) { return selector.PodLabels() },
		func() (any, error) { return selector.PodServiceAccount() },
		func() (any, error) { return shown(selector.PodOwner()) },
		func() (any, error) { return selector.NamespaceLabels() },
		func() (any, error) { return shown(selector.Object("v1", "ConfigMap", request.Pod.Namespace, "policy")) },
		func() (any, error) { return shown(selector.Object("v1", "Node", "", "one")) },
		func() (any, error) { return shown(selector.NodeLabel("rack")) },
		func() (any, error) { return shown(selector.NodeLabel("zone")) },
		func() (any, error) { return selector.Traffic("eth") },
		func() (any, error) { return shown(selector.FreeAddresses(file(0))) },
		func() (any, error) { return shown(selector.FreeAddresses(file(1))) },
	} {
		value, err := fact()
		if err != nil {
			value = err
		}
		all = append(all, fmt.Sprintf("%+v", value))
	}
	return all
}

// shown is what a pointer points to.
func shown[T any](fact *T, err error) (any, error) {
	if fact == nil {
		return "none", err
	}
	return *fact, err
}

// attachments are two that ask for all there is.
func attachments(request *selector.Request) *selector.Plan {
	return &selector.Plan{
		Attachments: []selector.Attachment{
			{
				Network:       selector.Installed(request.Networks[0].Name),
				Interface:     "net0",
				IPs:           []string{"10.20.0.7/24", "fd00::7"},
				MAC:           "02:00:00:00:00:07",
				Args:          []selector.Pair{{Key: "COLOUR", Value: "blue"}, {Key: "SIZE", Value: "7"}},
				RuntimeConfig: `{"bandwidth": {"ingressRate": 1000}}`,
				Patch:         `{"mtu": 1400}`,
				DefaultRoute:  selector.Via{"10.20.0.1", "fd00::1"},
			},
			{
				Network:      selector.Inline(`{"cniVersion": "1.0.0", "name": "inline", "type": "bridge"}`),
				DefaultRoute: selector.Never{},
			},
		},
		Reason: "all there is",
	}
}

// collect makes garbage until the collector has been at work, which must take nothing that is still used.
func collect(request *selector.Request) (*selector.Plan, error) {
	labels, err := selector.PodLabels()
	if err != nil {
		return nil, err
	}
	var total int
	for range 600 {
		total += len(strings.Repeat("0123456789abcdef", 1024))
	}
	return saying(request, fmt.Sprintf("%d bytes, and still %v of %+v", total, labels, request.Pod))
}
