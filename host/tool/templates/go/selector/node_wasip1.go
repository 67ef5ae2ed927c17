package selector

//go:wasmimport genie:selector/node@0.1.0 label
func importNodeLabel(key string, told *answer)

//go:wasmimport genie:selector/node@0.1.0 traffic
func importTraffic(prefix string, told *wideAnswer)

//go:wasmimport genie:selector/node@0.1.0 traffic-rate
func importTrafficRate(prefix string, told *wideAnswer)

//go:wasmimport genie:selector/node@0.1.0 free-addresses
func importFreeAddresses(file string, told *wideAnswer)

func nodeLabel(key string) (*string, error) {
	var told answer
	importNodeLabel(key, &told)
	if err := told.err(); err != nil {
		return nil, err
	}
	return told.optional(), nil
}

func traffic(prefix string) (Counters, error) {
	var told wideAnswer
	importTraffic(prefix, &told)
	if err := told.err(); err != nil {
		return Counters{}, err
	}
	return Counters{RxBytes: told.words[0], TxBytes: told.words[1]}, nil
}

func trafficRate(prefix string) (Rates, error) {
	var told wideAnswer
	importTrafficRate(prefix, &told)
	if err := told.err(); err != nil {
		return Rates{}, err
	}
	return Rates{RxBytes: told.words[0], TxBytes: told.words[1]}, nil
}

func freeAddresses(file string) (*uint64, error) {
	var told wideAnswer
	importFreeAddresses(file, &told)
	if err := told.err(); err != nil || uint8(told.words[0]) == 0 {
		return nil, err
	}
	return &told.words[1], nil
}
