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
