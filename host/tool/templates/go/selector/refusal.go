package selector

import "strconv"

// Kind is the kind of a refusal.
type Kind uint8

const (
	// KindInvalid: somebody wrote something wrong.
	KindInvalid Kind = iota
	// KindDenied: policy keeps the network from this pod.
	KindDenied
	// KindUnavailable: it cannot be decided now, and the runtime tries again later.
	KindUnavailable
	// KindInternal: the selector itself is at fault.
	KindInternal
)

// Refusal is why a pod does not start. The pod's events show its text.
type Refusal struct {
	// Kind is the kind.
	Kind Kind
	// Key is the place of what is wrong, for KindInvalid alone.
	Key string
	// Value is what stands there, for KindInvalid alone.
	Value string
	// Message is the text.
	Message string
}

// Error is one line for people.
func (r *Refusal) Error() string {
	switch r.Kind {
	case KindInvalid:
		return r.Key + ": " + strconv.Quote(r.Value) + ": " + r.Message
	case KindDenied:
		return "denied: " + r.Message
	case KindUnavailable:
		return "cannot decide now: " + r.Message
	default:
		return "failed: " + r.Message
	}
}

// Invalid says that somebody wrote something wrong. The key tells who has to correct it: `settings` and its
// parts (`settings.networks`, `settings[0]`) the operator of the cluster, and anything else, such as an
// annotation's key or `label NAME`, the pod's owner. The message says what would be right.
func Invalid(key, value, message string) error {
	return &Refusal{Kind: KindInvalid, Key: key, Value: value, Message: message}
}

// Denied says who may not have what, and why.
func Denied(message string) error {
	return &Refusal{Kind: KindDenied, Message: message}
}

// Unavailable says what has to be there before this can be decided.
func Unavailable(message string) error {
	return &Refusal{Kind: KindUnavailable, Message: message}
}

// Internal says what is wrong with the selector.
func Internal(message string) error {
	return &Refusal{Kind: KindInternal, Message: message}
}
