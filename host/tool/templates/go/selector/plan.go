package selector

// Plan is the networks of a pod.
type Plan struct {
	// Attachments are made in this order. There is at least one.
	Attachments []Attachment
	// Reason is one sentence that says why these, for records, logs and `test-selector`.
	Reason string
}

// Attachment is one network on one interface of the container. Fields but the first two need a grant when they
// are set.
type Attachment struct {
	// Network is an Installed, a Definition or an Inline.
	Network Source
	// Interface is its name inside the container, or empty: the first attachment without a name gets the
	// runtime's own interface, every further one the lowest free ethN.
	Interface string
	// IPs are addresses to ask for, with or without prefix length.
	IPs []string
	// MAC is the hardware address to ask for, or empty.
	MAC string
	// Args are added to CNI_ARGS. A pair replaces one with the same key.
	Args []Pair
	// RuntimeConfig is a JSON object, whose members are added to runtimeConfig, or empty.
	RuntimeConfig string
	// Patch is a JSON merge patch (RFC 7396) for the network's first plugin, or empty.
	Patch string
	// DefaultRoute says what becomes of the default routes that its plugins set: nil (the usual), a Via or Never.
	DefaultRoute DefaultRoute
}

// Source is where an attachment's configuration comes from: [Installed], [Definition] or [Inline].
type Source interface{ isSource() }

// Installed is a network of the request, by its file or by its name.
type Installed string

// Definition is a NetworkAttachmentDefinition of the cluster. It needs a grant.
type Definition struct{ Namespace, Name string }

// Inline is a CNI configuration, or configuration list, as JSON text. It needs a grant.
type Inline string

func (Installed) isSource()  {}
func (Definition) isSource() {}
func (Inline) isSource()     {}

// DefaultRoute is what becomes of an attachment's default routes: nil, [Via] or [Never]. With nil, the
// attachment on the runtime's interface has those of each family for which its plugins set one, and the others
// lose theirs.
type DefaultRoute interface{ isDefaultRoute() }

// Via leads the default routes through these gateways, at most one per address family; the other attachments
// lose theirs of the same family. Without a gateway the attachment keeps the routes that its plugins set.
type Via []string

// Never takes the attachment's default routes away.
type Never struct{}

func (Via) isDefaultRoute()   {}
func (Never) isDefaultRoute() {}
