package selector

import "strings"

// FindNetwork returns the network that a user's word means, or nil. It compares, each for all networks: the
// file's name (10-my-net.conflist is my-net, 10-my-net or 10-my-net.conflist), the file's name without the word
// before its first hyphen, the name inside the configuration, and the type of the first plugin.
func (r *Request) FindNetwork(written string) *Network {
	for _, means := range []func(*Network) bool{
		func(n *Network) bool { return isFile(written, n.File) },
		func(n *Network) bool { return isFileWithoutItsFirstWord(written, n.File) },
		func(n *Network) bool { return written == n.Name },
		func(n *Network) bool { return len(n.Plugins) > 0 && written == n.Plugins[0] },
	} {
		for i := range r.Networks {
			if means(&r.Networks[i]) {
				return &r.Networks[i]
			}
		}
	}
	return nil
}

// RequireNetwork is as FindNetwork, for a word that stands at a place such as "label network". A word that
// means no network is refused as [Invalid]. Whoever wrote it can mend neither a node without networks nor a
// network's unusable file, so these are [Unavailable].
func (r *Request) RequireNetwork(place, written string) (*Network, error) {
	if network := r.FindNetwork(written); network != nil {
		return network, nil
	}
	for _, unusable := range r.AttributesOf("unusable") {
		file, _, _ := strings.Cut(unusable, ": ")
		if isFile(written, file) || isFileWithoutItsFirstWord(written, file) {
			return nil, Unavailable(place + ": this node's configuration cannot be used: " + unusable)
		}
	}
	if len(r.Networks) == 0 {
		return nil, Unavailable("no network is installed on this node")
	}
	return nil, Invalid(place, written, "no such network")
}

func isFile(written, file string) bool {
	stem := stem(file)
	return written == file || written == stem || written == withoutNumber(stem)
}

func isFileWithoutItsFirstWord(written, file string) bool {
	before, rest, found := strings.Cut(stem(file), "-")
	return found && before != "" && written == rest
}

// stem is a file's name without its last extension.
func stem(file string) string {
	if dot := strings.LastIndexByte(file, '.'); dot > 0 {
		return file[:dot]
	}
	return file
}

// withoutNumber leaves out the number that only orders the files.
func withoutNumber(stem string) string {
	number, rest, found := strings.Cut(stem, "-")
	if !found || number == "" || rest == "" || strings.Trim(number, "0123456789") != "" {
		return stem
	}
	return rest
}
