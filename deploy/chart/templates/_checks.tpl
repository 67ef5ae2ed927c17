{{- /* What a schema cannot say, because it is about two values at once. */ -}}
{{- define "genie.checks" -}}
{{- include "genie.checks.configMap" . -}}
{{- include "genie.checks.resources" . -}}
{{- end -}}

{{- define "genie.checks.configMap" -}}
{{- if .Values.existingConfigMap }}
{{- if .Values.selectors }}
{{- fail (printf "existingConfigMap: selectors are keys of the ConfigMap %s, put them there" .Values.existingConfigMap) }}
{{- end }}
{{- if .Values.scripts }}
{{- fail (printf "existingConfigMap: scripts are keys of the ConfigMap %s, put them there" .Values.existingConfigMap) }}
{{- end }}
{{- if or .Values.registry.certificateAuthority .Values.registry.signatureKey }}
{{- fail (printf "existingConfigMap: registry.certificateAuthority and .signatureKey are the keys registry-ca.pem and registry-key.pub of the ConfigMap %s, put them there" .Values.existingConfigMap) }}
{{- end }}
{{- if ne (toJson .Values.config) (include "genie.unchanged" .) }}
{{- fail (printf "existingConfigMap: config would have no effect, write it into the ConfigMap %s" .Values.existingConfigMap) }}
{{- end }}
{{- else }}
{{- include "genie.checks.modules" . -}}
{{- end }}
{{- end -}}

{{- /* config as values.yaml has it. */ -}}
{{- define "genie.unchanged" -}}
{"capabilities":{"bandwidth":true,"io.kubernetes.cri.pod-annotations":true,"portMappings":true},"cniVersion":"1.0.0","default_plugin":"","log_level":"warn","name":"k8s-pod-network","type":"genie"}
{{- end -}}

{{- define "genie.checks.modules" -}}
{{- $size := include "genie.configuration" . | len -}}
{{- range $file, $module := .Values.selectors }}
{{- $base64 := include "genie.module" $module -}}
{{- $bytes := b64dec $base64 -}}
{{- if ne (b64enc $bytes) $base64 }}
{{- fail (printf "selectors: %s is no base64: give what base64 prints of the module" $file) }}
{{- end }}
{{- if hasSuffix ".gz" $file }}
{{- if not (hasPrefix "\x1f\x8b" $bytes) }}
{{- fail (printf "selectors: %s is not compressed: give what base64 prints of what gzip makes of the module" $file) }}
{{- end }}
{{- else if not (hasPrefix "\x00asm" $bytes) }}
{{- fail (printf "selectors: %s is no WebAssembly: give what base64 prints of the module" $file) }}
{{- end }}
{{- $size = add $size (len $bytes) -}}
{{- end }}
{{- range $file, $text := .Values.scripts }}
{{- if gt (len $text) 262144 }}
{{- fail (printf "scripts: %s is larger than 256 KiB" $file) }}
{{- end }}
{{- $size = add $size (len $text) -}}
{{- end }}
{{- if gt (int64 $size) 1048576 }}
{{- fail "selectors: a ConfigMap holds 1 MiB, and this is more: put the modules on the nodes' disks" }}
{{- end }}
{{- $names := list -}}
{{- range get .Values.config "selectors" | default (list (dict "module" "annotation") (dict "module" "default-plugin")) }}
{{- $names = append $names (get . "name" | default .module) -}}
{{- $selectors := $.Values.selectors | default dict -}}
{{- if and (not (contains "/" .module)) (regexMatch "\\.wasm(\\.gz)?$" .module) (not (hasKey $selectors .module)) (not (hasKey $selectors (printf "%s.gz" .module))) }}
{{- fail (printf "config.selectors: %s is not among the selectors that are given" .module) }}
{{- end }}
{{- if and (hasSuffix ".js" .module) (not (hasKey ($.Values.scripts | default dict) .module)) }}
{{- fail (printf "config.selectors: %s is not among the scripts that are given" .module) }}
{{- end }}
{{- end }}
{{- with get .Values.config "merge" }}
{{- if not (has . $names) }}
{{- fail (printf "config.merge: %s is the name or module of none of config.selectors" .) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "genie.checks.resources" -}}
{{- $resources := include "genie.resources" . | fromYaml -}}
{{- $limits := $resources.limits | default dict -}}
{{- range $key, $request := $resources.requests | default dict }}
{{- $convert := eq $key "cpu" | ternary "genie.millis" "genie.bytes" -}}
{{- with get $limits $key }}
{{- if gt (include $convert $request | int64) (include $convert . | int64) }}
{{- fail (printf "resources.requests.%s is more than the limit of %v" $key .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
