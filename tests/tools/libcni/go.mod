module genie.test/tools/libcni

go 1.24

tool genie.test/tools/libcni

require github.com/containernetworking/cni v1.3.0
