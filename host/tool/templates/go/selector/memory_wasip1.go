package selector

import (
	"structs"
	"unsafe"
)

// The host reads and writes this program's memory. Its addresses have 32 bits there, while a pointer of Go has
// 64: so they are numbers in the types that both sides know.

// span is a string or a list.
type span struct {
	_          structs.HostLayout
	at, length uint32
}

// optional is a string that may be missing.
type optional struct {
	_    structs.HostLayout
	some uint8
	text span
}

type pair struct {
	_          structs.HostLayout
	key, value span
}

// kept is what the host reads and what it wrote. The collector does not see addresses that are numbers. A call
// has a memory of its own, so nothing is ever given back.
var kept []unsafe.Pointer

func keep(value unsafe.Pointer) uint32 {
	kept = append(kept, value)
	return uint32(uintptr(value))
}

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if size == 0 {
		return unsafe.Add(nil, align)
	}
	// No type of the contract wants more than eight bytes.
	words := make([]uint64, (uint64(size)+7)/8)
	fresh := unsafe.Pointer(&words[0])
	copy(unsafe.Slice((*byte)(fresh), size), unsafe.Slice((*byte)(old), oldSize))
	keep(fresh)
	return fresh
}

func (s span) String() string {
	return unsafe.String((*byte)(unsafe.Add(nil, s.at)), s.length)
}

func (o optional) String() string {
	if o.some == 0 {
		return ""
	}
	return o.text.String()
}

// items are the elements of a list.
func items[T any](s span) []T {
	return unsafe.Slice((*T)(unsafe.Add(nil, s.at)), s.length)
}

func texts(s span) []string {
	var all []string
	for _, text := range items[span](s) {
		all = append(all, text.String())
	}
	return all
}

func pairs(s span) []Pair {
	var all []Pair
	for _, pair := range items[pair](s) {
		all = append(all, Pair{pair.key.String(), pair.value.String()})
	}
	return all
}

func table(s span) map[string]string {
	all := make(map[string]string, s.length)
	for _, pair := range items[pair](s) {
		all[pair.key.String()] = pair.value.String()
	}
	return all
}

func spanOf(text string) span {
	if text == "" {
		return span{}
	}
	return span{at: keep(unsafe.Pointer(unsafe.StringData(text))), length: uint32(len(text))}
}

// optionalOf takes an empty text for a missing one.
func optionalOf(text string) optional {
	if text == "" {
		return optional{}
	}
	return optional{some: 1, text: spanOf(text)}
}

func listOf[T any](all []T) span {
	if len(all) == 0 {
		return span{}
	}
	return span{at: keep(unsafe.Pointer(&all[0])), length: uint32(len(all))}
}

func textsOf(all []string) span {
	spans := make([]span, len(all))
	for i, text := range all {
		spans[i] = spanOf(text)
	}
	return listOf(spans)
}

func pairsOf(all []Pair) span {
	spans := make([]pair, len(all))
	for i, one := range all {
		spans[i] = pair{key: spanOf(one.Key), value: spanOf(one.Value)}
	}
	return listOf(spans)
}
