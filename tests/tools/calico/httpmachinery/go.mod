// Deliberately empty. calico's go.mod requires this module from its own tree,
// which is not published; nothing that the CNI plugin imports comes from it.
module github.com/projectcalico/calico/lib/httpmachinery

go 1.24
