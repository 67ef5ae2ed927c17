package main

// The contract by hand, as the component model lays it out: no generator of bindings works
// with Go's own compiler alone. Only what this selector reads and says is here.

import "unsafe"

type request struct {
	annotations map[string]string
	networks    []network
}

type network struct{ name, file string }

// One installed network, and why.
type plan struct{ file, reason string }

type mistake struct{ key, value, message string }

// A list or a string in linear memory, whose addresses have 32 bits.
type span struct{ at, length uint32 }

type option struct {
	some  uint32
	value span
}

type rawRequest struct {
	namespace, pod               span
	uid                          option
	annotations                  span
	container, interfaceOf, node span
	networks                     span
	decided                      struct {
		some                uint32
		attachments, reason span
	}
	attributes, settings span
}

type rawNetwork struct{ name, file, plugins, version, capabilities span }

type rawAttachment struct {
	source         uint32
	network, rest  span
	interfaceOf    option
	ips            span
	mac            option
	args           span
	runtime, patch option
	route          uint32
	via            span
}

// The result of select: which of the two it is, which case of that, and its texts.
type rawAnswer struct {
	failed, which uint32
	spans         [3]span
}

type rawAbout struct{ name, version, summary, schema span }

// What the host reads, and what it wrote, until the call is over: the collector does not see
// addresses in numbers.
var kept [][]byte

var answer rawAnswer
var attachment rawAttachment
var about rawAbout

func (s span) text() string {
	return string(unsafe.Slice((*byte)(at(s.at)), s.length))
}

func at(address uint32) unsafe.Pointer {
	return unsafe.Pointer(uintptr(address))
}

func address(value unsafe.Pointer) uint32 {
	return uint32(uintptr(value))
}

func textSpan(text string) span {
	if text == "" {
		return span{}
	}
	bytes := []byte(text)
	kept = append(kept, bytes)
	return span{address(unsafe.Pointer(&bytes[0])), uint32(len(bytes))}
}

//go:wasmimport genie:selector/log@0.1.0 write
func logWrite(level, at, length uint32)

func logInfo(message string) {
	text := textSpan(message)
	logWrite(1, text.at, text.length)
}

//go:wasmexport cabi_realloc
func realloc(old, oldSize, align, size uint32) uint32 {
	if size == 0 {
		return align
	}
	// Eight bytes are as aligned as the contract ever asks for.
	words := make([]uint64, (size+7)/8)
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	if oldSize > 0 {
		copy(bytes, unsafe.Slice((*byte)(at(old)), oldSize))
	}
	kept = append(kept, bytes)
	return address(unsafe.Pointer(&bytes[0]))
}

//go:wasmexport genie:selector/select@0.1.0#describe
func describe() uint32 {
	about = rawAbout{textSpan("tenant"), textSpan("0.1.0"), textSpan("the network of the tenant"), span{}}
	return address(unsafe.Pointer(&about))
}

//go:wasmexport genie:selector/select@0.1.0#select
func selectNetworks(asked uint32) uint32 {
	raw := (*rawRequest)(at(asked))
	decoded := request{annotations: map[string]string{}}
	for _, pair := range unsafe.Slice((*[2]span)(at(raw.annotations.at)), raw.annotations.length) {
		decoded.annotations[pair[0].text()] = pair[1].text()
	}
	for _, n := range unsafe.Slice((*rawNetwork)(at(raw.networks.at)), raw.networks.length) {
		decoded.networks = append(decoded.networks, network{n.name.text(), n.file.text()})
	}

	answer = rawAnswer{}
	switch plan, mistake := decide(decoded); {
	case mistake != nil:
		answer.failed = 1
		answer.spans = [3]span{textSpan(mistake.key), textSpan(mistake.value), textSpan(mistake.message)}
	case plan != nil:
		attachment = rawAttachment{network: textSpan(plan.file)}
		answer.which = 1
		answer.spans = [3]span{{address(unsafe.Pointer(&attachment)), 1}, textSpan(plan.reason), {}}
	}
	return address(unsafe.Pointer(&answer))
}
