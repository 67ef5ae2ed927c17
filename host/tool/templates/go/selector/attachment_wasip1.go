package selector

import "structs"

type rawAttachment struct {
	_ structs.HostLayout
	// Which Source it is, its text or its namespace, and its name.
	source               uint8
	network, name        span
	onInterface          optional
	ips                  span
	mac                  optional
	args                 span
	runtimeConfig, patch optional
	// Which DefaultRoute it is, and its gateways.
	route uint8
	via   span
}

// The cases of source, and of default-route.
const (
	isInstalled = iota
	isDefinition
	isInline
)
const (
	isUsual = iota
	isVia
	isNever
)

func rawAttachmentOf(a Attachment) rawAttachment {
	raw := rawAttachment{
		onInterface:   optionalOf(a.Interface),
		ips:           textsOf(a.IPs),
		mac:           optionalOf(a.MAC),
		args:          pairsOf(a.Args),
		runtimeConfig: optionalOf(a.RuntimeConfig),
		patch:         optionalOf(a.Patch),
	}
	switch network := a.Network.(type) {
	case Installed:
		raw.source, raw.network = isInstalled, spanOf(string(network))
	case Definition:
		raw.source, raw.network, raw.name = isDefinition, spanOf(network.Namespace), spanOf(network.Name)
	case Inline:
		raw.source, raw.network = isInline, spanOf(string(network))
	}
	switch route := a.DefaultRoute.(type) {
	case Via:
		raw.route, raw.via = isVia, textsOf(route)
	case Never:
		raw.route = isNever
	}
	return raw
}

func (r *rawAttachment) attachment() Attachment {
	attachment := Attachment{
		Interface:     r.onInterface.String(),
		IPs:           texts(r.ips),
		MAC:           r.mac.String(),
		Args:          pairs(r.args),
		RuntimeConfig: r.runtimeConfig.String(),
		Patch:         r.patch.String(),
	}
	switch r.source {
	case isInstalled:
		attachment.Network = Installed(r.network.String())
	case isDefinition:
		attachment.Network = Definition{Namespace: r.network.String(), Name: r.name.String()}
	case isInline:
		attachment.Network = Inline(r.network.String())
	}
	switch r.route {
	case isUsual:
	case isVia:
		attachment.DefaultRoute = Via(texts(r.via))
	case isNever:
		attachment.DefaultRoute = Never{}
	}
	return attachment
}
