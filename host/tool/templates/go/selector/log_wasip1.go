package selector

//go:wasmimport genie:selector/log@0.1.0 enabled
func importLogEnabled(level uint32) uint32

//go:wasmimport genie:selector/log@0.1.0 write
func importLogWrite(level uint32, message string)

func logEnabled(level Level) bool { return importLogEnabled(uint32(level)) != 0 }

func logWrite(level Level, message string) { importLogWrite(uint32(level), message) }
