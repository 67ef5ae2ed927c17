package selector

import "testing"

func TestANetworkIsFoundByTheWordsThatPeopleWrite(t *testing.T) {
	request := Request{
		Networks: []Network{
			{Name: "k8s-pod-network", File: "10-calico.conflist", Plugins: []string{"calico", "portmap"}},
			{Name: "cbr0", File: "my-flannel.conf", Plugins: []string{"bridge"}},
		},
		Attributes: []Pair{{"unusable", "30-red.conflist: no plugins"}, {"unusable", "bad.conf: no JSON"}},
	}
	for written, file := range map[string]string{
		"calico":             "10-calico.conflist",
		"10-calico":          "10-calico.conflist",
		"10-calico.conflist": "10-calico.conflist",
		"k8s-pod-network":    "10-calico.conflist",
		"flannel":            "my-flannel.conf",
		"my-flannel":         "my-flannel.conf",
		"cbr0":               "my-flannel.conf",
		"bridge":             "my-flannel.conf",
	} {
		if network, err := request.RequireNetwork("cni", written); err != nil || network.File != file {
			t.Errorf("%s: %v, %v", written, network, err)
		}
	}
	for written, kind := range map[string]Kind{"portmap": KindInvalid, "": KindInvalid, "red": KindUnavailable} {
		_, err := request.RequireNetwork("cni", written)
		if refusal, _ := err.(*Refusal); refusal == nil || refusal.Kind != kind {
			t.Errorf("%s: %v", written, err)
		}
	}
	if _, err := new(Request).RequireNetwork("cni", "calico"); err.(*Refusal).Kind != KindUnavailable {
		t.Error(err)
	}
}
