// Package selector is the contract genie:selector@0.1.0 between genie-host and a selector, for Go's own
// compiler. A selector decides which networks a pod gets.
//
// A program hands its policy to [Export] in an init function. The policy gets a [Request] and answers with a
// [Plan], with nothing, or with a [Refusal]. What the request does not hold it asks: [PodLabels],
// [NamespaceLabels], [Object] and the like. Each needs its interface in wit/world.wit and a grant; the program
// imports only what it calls.
//
// On the machine where tests run, a [Host] answers in place of genie-host.
package selector

// About is what a selector says of itself.
type About struct {
	// Name has lower-case letters, digits and hyphens.
	Name string
	// Version is the selector's own.
	Version string
	// Summary is one line that says what it does.
	Summary string
	// SettingsSchema is a JSON schema of its settings, or empty when it takes none. A configuration whose
	// settings do not fit is not put in force. The schema refers to its own parts only (`#/$defs/NAME`), and
	// no part to itself.
	SettingsSchema string
}

// Policy decides for one pod. Neither a plan nor an error leaves the pod to the next entry of the
// configuration, or an earlier decision as it is. An error that is no [Refusal] is taken for one of
// [KindInternal].
type Policy func(request *Request) (*Plan, error)

var (
	exported About
	policy   Policy
)

// Export makes a policy that of this program. It belongs into an init function: main is never called.
func Export(about About, choose Policy) {
	exported, policy = about, choose
}

// Pair is a key and a value.
type Pair struct{ Key, Value string }
