package selector

import (
	"errors"
	"structs"
)

// answer is what the host says to a question: whether it failed, and then the fact, or why.
type answer struct {
	_      structs.HostLayout
	failed uint8
	words  [5]uint32
}

// span is the string or the list that begins with a word.
func (a *answer) span(word int) span {
	return span{at: a.words[word], length: a.words[word+1]}
}

// some tells of a fact that may be missing whether it is there. It begins with the second word then.
func (a *answer) some() bool { return uint8(a.words[0]) != 0 }

func (a *answer) err() error {
	if a.failed == 0 {
		return nil
	}
	return errors.New(a.span(0).String())
}

func (a *answer) optional() *string {
	if !a.some() {
		return nil
	}
	text := a.span(1).String()
	return &text
}

// wideAnswer is an answer with numbers of 64 bits.
type wideAnswer struct {
	_      structs.HostLayout
	failed uint8
	words  [2]uint64
}

func (a *wideAnswer) err() error {
	if a.failed == 0 {
		return nil
	}
	return errors.New(span{at: uint32(a.words[0]), length: uint32(a.words[0] >> 32)}.String())
}
