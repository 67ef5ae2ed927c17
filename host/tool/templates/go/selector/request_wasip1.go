package selector

import "structs"

type rawRequest struct {
	_                      structs.HostLayout
	namespace, name        span
	uid                    optional
	annotations            span
	container, onInterface span
	node, networks         span
	isDecided              uint8
	attachments, reason    span
	attributes, settings   span
}

type rawNetwork struct {
	_                                          structs.HostLayout
	name, file, plugins, version, capabilities span
}

func (r *rawRequest) request() *Request {
	request := &Request{
		Pod:         Pod{Namespace: r.namespace.String(), Name: r.name.String(), UID: r.uid.String()},
		Annotations: table(r.annotations),
		Container:   r.container.String(),
		Interface:   r.onInterface.String(),
		Node:        r.node.String(),
		Attributes:  pairs(r.attributes),
		Settings:    r.settings.String(),
	}
	for _, network := range items[rawNetwork](r.networks) {
		request.Networks = append(request.Networks, Network{
			Name:         network.name.String(),
			File:         network.file.String(),
			Plugins:      texts(network.plugins),
			CNIVersion:   network.version.String(),
			Capabilities: texts(network.capabilities),
		})
	}
	if r.isDecided != 0 {
		request.Decided = &Plan{Reason: r.reason.String()}
		for _, attachment := range items[rawAttachment](r.attachments) {
			request.Decided.Attachments = append(request.Decided.Attachments, attachment.attachment())
		}
	}
	return request
}
