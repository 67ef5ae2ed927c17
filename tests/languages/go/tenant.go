// A pod gets the network of the tenant that its annotation names.
package main

const key = "example.org/tenant"

func decide(r request) (*plan, *mistake) {
	tenant, asked := r.annotations[key]
	if !asked {
		return nil, nil
	}
	logInfo("asked for " + tenant)
	for _, network := range r.networks {
		if network.name == tenant {
			return &plan{network.file, "tenant " + tenant}, nil
		}
	}
	return nil, &mistake{key, tenant, "no such network"}
}

func main() {}
