// This selector uses the whole package `selector` of a project in Go. Its settings say what it does, and what it was
// told is in its plan's reason. It does without fmt, with which compiling it takes nearly all memory that it may take.
package main

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.org/my-policy/selector"
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
		return saying(request, strings.Join(told(request), "; "))
	case "facts":
		return saying(request, strings.Join(facts(request), "; "))
	case "attachments":
		return attachments(request), nil
	case "decided":
		return request.Decided, nil
	case "invalid":
		return nil, errors.Join(errors.New("an error of mine"), selector.Invalid("annotation act", "bad", "is not wanted"))
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

// told is what the request says.
func told(r *selector.Request) []string {
	all := []string{r.Pod.Namespace, r.Pod.Name, r.Pod.UID, table(r.Annotations), r.Container, r.Interface, r.Node}
	for _, network := range r.Networks {
		all = append(all, strings.Join([]string{
			network.Name, network.File, strings.Join(network.Plugins, "+"), network.CNIVersion,
			strings.Join(network.Capabilities, "+"),
		}, " "))
	}
	for _, attribute := range r.Attributes {
		all = append(all, attribute.Key+"="+attribute.Value)
	}
	return append(all, r.Settings)
}

// facts asks for all of them. Some are asked twice, since they may be there or not.
func facts(request *selector.Request) []string {
	var all []string
	add := func(fact string, err error) {
		if err != nil {
			fact = err.Error()
		}
		all = append(all, fact)
	}
	text := func(fact *string, err error) {
		if fact == nil {
			fact = new(string)
			*fact = "none"
		}
		add(*fact, err)
	}
	labels, err := selector.PodLabels()
	add(table(labels), err)
	add(selector.PodServiceAccount())
	owner, err := selector.PodOwner()
	if owner == nil {
		owner = &selector.Owner{Kind: "none"}
	}
	add(owner.Kind+" "+owner.Name, err)
	labels, err = selector.NamespaceLabels()
	add(table(labels), err)
	text(selector.Object("v1", "ConfigMap", request.Pod.Namespace, "policy"))
	text(selector.Object("v1", "Node", "", "one"))
	text(selector.NodeLabel("rack"))
	text(selector.NodeLabel("zone"))
	counters, err := selector.Traffic("eth")
	add(strconv.FormatUint(counters.RxBytes, 10)+" "+strconv.FormatUint(counters.TxBytes, 10), err)
	rates, err := selector.TrafficRate("eth")
	add(strconv.FormatUint(rates.RxBytes, 10)+" "+strconv.FormatUint(rates.TxBytes, 10), err)
	for _, network := range request.Networks {
		if free, err := selector.FreeAddresses(network.File); free == nil {
			add("none", err)
		} else {
			add(strconv.FormatUint(*free, 10), err)
		}
	}
	return all
}

func table(pairs map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		all = append(all, key+"="+pairs[key])
	}
	return strings.Join(all, " ")
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

// collect makes garbage until the collector has been at work, which takes nothing that is still used.
func collect(request *selector.Request) (*selector.Plan, error) {
	labels, err := selector.PodLabels()
	if err != nil {
		return nil, err
	}
	var total int
	for range 600 {
		total += len(strings.Repeat("0123456789abcdef", 1024))
	}
	return saying(request, strconv.Itoa(total)+" bytes, and still "+table(labels)+" of "+request.Pod.Name)
}
