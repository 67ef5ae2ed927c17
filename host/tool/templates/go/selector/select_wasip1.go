package selector

import (
	"errors"
	"runtime"
	"structs"
)

type rawAbout struct {
	_                              structs.HostLayout
	name, version, summary, schema span
}

// rawAnswer is the result of select: whether it failed, which case that is, and the case's texts.
type rawAnswer struct {
	_      structs.HostLayout
	failed uint8
	which  uint32
	spans  [3]span
}

// What is returned has to stay where it is.
var (
	described rawAbout
	answered  rawAnswer
)

//go:wasmexport genie:selector/select@0.1.0#describe
func describe() *rawAbout {
	described = rawAbout{
		name:    spanOf(exported.Name),
		version: spanOf(exported.Version),
		summary: spanOf(exported.Summary),
		schema:  spanOf(exported.SettingsSchema),
	}
	return &described
}

//go:wasmexport genie:selector/select@0.1.0#select
func choose(asked *rawRequest) *rawAnswer {
	plan, err := ask(asked.request())
	switch {
	case err != nil:
		answered = refused(err)
	case plan != nil:
		attachments := make([]rawAttachment, len(plan.Attachments))
		for i, attachment := range plan.Attachments {
			attachments[i] = rawAttachmentOf(attachment)
		}
		answered = rawAnswer{which: 1, spans: [3]span{listOf(attachments), spanOf(plan.Reason)}}
	}
	return &answered
}

// ask asks the policy. A panic of it is told as a whole: what Go's runtime says of one comes in many pieces.
func ask(request *Request) (plan *Plan, err error) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
			return
		case error:
			err = Internal("panicked: " + reason.Error())
		case string:
			err = Internal("panicked: " + reason)
		default:
			err = Internal("panicked")
		}
		stack := make([]byte, 4096)
		Log(Debug, string(stack[:runtime.Stack(stack, false)]))
	}()
	if policy == nil {
		return nil, Internal("no init function handed a policy to selector.Export")
	}
	return policy(request)
}

func refused(err error) rawAnswer {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		refusal = &Refusal{Kind: KindInternal, Message: err.Error()}
	}
	answer := rawAnswer{failed: 1, which: uint32(refusal.Kind)}
	if refusal.Kind == KindInvalid {
		answer.spans = [3]span{spanOf(refusal.Key), spanOf(refusal.Value), spanOf(refusal.Message)}
	} else {
		answer.spans[0] = spanOf(refusal.Message)
	}
	return answer
}
