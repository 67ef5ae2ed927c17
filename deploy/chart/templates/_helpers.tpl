{{- /* One name for all objects: nodes have one genie-host, and so has a cluster. */ -}}
{{- define "genie.name" -}}genie{{- end -}}

{{- define "genie.selector" -}}
app.kubernetes.io/name: genie-host
{{- end -}}

{{- define "genie.labels" -}}
{{ include "genie.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "genie.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "genie.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "genie.name" . }}
{{- end -}}

{{- /* The token of a pod says on which node it is; a token without that is refused. */ -}}
{{- define "genie.policy.node" -}}
request.userInfo.extra[?'authentication.kubernetes.io/node-name'][?0].orValue('')
{{- end -}}

{{- /* Mi and Gi, in Mi. */ -}}
{{- define "genie.mebibytes" -}}
{{- if hasSuffix "Gi" . }}{{ mul (trimSuffix "Gi" . | int) 1024 }}{{ else }}{{ trimSuffix "Mi" . }}{{ end -}}
{{- end -}}

{{- /* The container's limit of memory holds the agent and, for a while, a compiler. */ -}}
{{- define "genie.resources" -}}
{{- $resources := deepCopy .Values.resources -}}
{{- $limits := $resources.limits | default dict -}}
{{- with $limits.memory -}}
{{- $sum := add (include "genie.mebibytes" . | int) (include "genie.mebibytes" $.Values.compile.memory | int) -}}
{{- $_ := set $limits "memory" (printf "%dMi" $sum) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}
