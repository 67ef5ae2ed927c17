// Command libcni converts CNI results as libcni does, so that another
// implementation can be compared with it.
//
// Each line of stdin is a question, and is answered with a line on stdout before
// the next one is read:
//
//	{"from": VERSION, "to": VERSION, "result": TEXT}
//	{"ok": true, "output": RESULT} or {"ok": false, "error": TEXT}
//
// TEXT is what a plugin printed, VERSION the one of the configuration that it was
// called with, or the one that the result is wanted in. With "prev" set, TEXT is
// a prevResult in a configuration of the version "from".
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/version"
)

type question struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Result string `json:"result"`
	Prev   bool   `json:"prev"`
}

type answer struct {
	OK     bool            `json:"ok"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// printer is a plugin that has printed its result.
type printer struct{ result string }

func (p printer) ExecPlugin(context.Context, string, []byte, []string) ([]byte, error) {
	return []byte(p.result), nil
}

func (printer) FindInPath(plugin string, _ []string) (string, error) { return plugin, nil }

func (printer) Decode([]byte) (version.PluginInfo, error) { return version.All, nil }

// read reads a result as a runtime reads what a plugin printed.
func read(q question) (types.Result, error) {
	netconf, err := json.Marshal(map[string]string{"cniVersion": q.From, "name": "n", "type": "t"})
	if err != nil {
		return nil, err
	}
	return invoke.ExecPluginWithResult(context.Background(), "t", netconf, &invoke.Args{}, printer{q.Result})
}

// readPrevious reads a result as a plugin reads the prevResult of its configuration.
func readPrevious(q question) (types.Result, error) {
	netconf := types.PluginConf{CNIVersion: q.From}
	if err := json.Unmarshal([]byte(q.Result), &netconf.RawPrevResult); err != nil {
		return nil, err
	}
	if err := version.ParsePrevResult(&netconf); err != nil || netconf.PrevResult == nil {
		return nil, err
	}
	return netconf.PrevResult, nil
}

func serve(q question) (a answer) {
	// Some results bring libcni down; whoever compares wants to know which.
	defer func() {
		if reason := recover(); reason != nil {
			a = answer{Error: fmt.Sprintf("panic: %v", reason)}
		}
	}()
	reader := read
	if q.Prev {
		reader = readPrevious
	}
	parsed, err := reader(q)
	if err != nil {
		return answer{Error: err.Error()}
	}
	if parsed == nil {
		return answer{OK: true, Output: json.RawMessage("null")}
	}
	converted, err := parsed.GetAsVersion(q.To)
	if err != nil {
		return answer{Error: err.Error()}
	}
	output, err := json.Marshal(converted)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{OK: true, Output: output}
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(out)
	for {
		var q question
		err := questions.Decode(&q)
		if err == io.EOF {
			return
		}
		if err == nil {
			err = answers.Encode(serve(q))
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "libcni:", err)
			os.Exit(1)
		}
	}
}
