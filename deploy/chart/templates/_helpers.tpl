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

{{- /* The site's own ConfigMap, or ours. */ -}}
{{- define "genie.configMap" -}}
{{ .Values.existingConfigMap | default "genie-config" }}
{{- end -}}

{{- /* In a file of values, an unquoted off is false. */ -}}
{{- define "genie.logLevel" -}}
{{ kindIs "bool" . | ternary "off" . }}
{{- end -}}

{{- define "genie.configuration" -}}
{{- $config := deepCopy .Values.config -}}
{{- if eq (get $config "log_level" | toString) "false" -}}
{{- $_ := set $config "log_level" "off" -}}
{{- end -}}
{{- toPrettyJson $config -}}
{{- end -}}

{{- /* A selector's base64, which base64(1) writes in lines. */ -}}
{{- define "genie.module" -}}
{{ regexReplaceAll "\\s" . "" }}
{{- end -}}

{{- /* Where the runtimes of these platforms read, if not where the others do. */ -}}
{{- define "genie.platforms" -}}
k3s: {conf: /var/lib/rancher/k3s/agent/etc/cni/net.d, bin: /var/lib/rancher/k3s/data/cni}
rke2: {}
microk8s: {conf: /var/snap/microk8s/current/args/cni-network, bin: /var/snap/microk8s/current/opt/cni/bin}
gke: {bin: /home/kubernetes/bin}
openshift: {conf: /etc/kubernetes/cni/net.d, bin: /var/lib/cni/bin}
{{- end -}}

{{- /* The node's directories: what is said in so many words, then the platform's, then the usual. */ -}}
{{- define "genie.directories" -}}
{{- $usual := dict "conf" "/etc/cni/net.d" "bin" "/opt/cni/bin" "state" "/var/lib/genie" "cache" "/var/cache/genie" -}}
{{- $platform := get (include "genie.platforms" . | fromYaml) (.Values.platform | default "") | default dict -}}
{{- range $key, $dir := $usual }}
{{- $said := get ($.Values.directories | default dict) $key -}}
{{- $written := "" -}}
{{- if not $.Values.existingConfigMap }}{{ $written = get $.Values.config (printf "%s_dir" $key) | default "" }}{{ end -}}
{{- if and $said $written (ne (trimSuffix "/" $said) (trimSuffix "/" $written)) }}
{{- fail (printf "directories.%s is %s, and config.%s_dir is %s: write one of them" $key $said $key $written) }}
{{- end }}
{{ $key }}: {{ coalesce $said $written (get $platform $key) $dir | trimSuffix "/" | quote }}
{{- end }}
{{- end -}}

{{- /* Where things are, for the installer and the agent. */ -}}
{{- define "genie.place" -}}
{{- $directories := include "genie.directories" . | fromYaml -}}
- --host-root=/host
- --config=/etc/genie
{{- range $key := list "conf" "bin" "state" "cache" }}
- --{{ $key }}-dir={{ get $directories $key }}
{{- end }}
{{- end -}}

{{- /* The agent's address: one that every node has. */ -}}
{{- define "genie.listen" -}}
{{- $address := .Values.listen.address | trimAll "[]" -}}
{{- if eq $address "localhost" }}{{ $address = "127.0.0.1" }}{{ end -}}
{{- if eq $address "node" }}{{ $address = "$(HOST_IP)" }}{{ end -}}
{{- if contains ":" $address }}{{ $address = printf "[%s]" $address }}{{ end -}}
{{ $address }}:{{ .Values.listen.port }}
{{- end -}}

{{- /* Where the kubelet asks. Without a host that is the pod's address, which is the node's. */ -}}
{{- define "genie.probe" -}}
{{- $address := .Values.listen.address | trimAll "[]" -}}
{{- $host := get (dict "0.0.0.0" "127.0.0.1" "::" "::1" "localhost" "127.0.0.1") $address | default $address -}}
{{- if ne $address "node" }}host: {{ quote $host }}, {{ end -}}
{{- end -}}

{{- /* A quantity of memory, in bytes. */ -}}
{{- define "genie.bytes" -}}
{{- $units := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "k" 1000 "M" 1000000 "G" 1000000000 -}}
{{- $unit := regexFind "[A-Za-z]+$" . -}}
{{- mul (trimSuffix $unit . | int64) (get $units $unit | default 1) -}}
{{- end -}}

{{- /* A quantity of processors, in thousandths. */ -}}
{{- define "genie.millis" -}}
{{- $text := toString . -}}
{{- if hasSuffix "m" $text }}{{ trimSuffix "m" $text | int64 }}{{ else }}{{ mulf (float64 $text) 1000 | int64 }}{{ end -}}
{{- end -}}

{{- /* The container's limit of memory holds the agent and, for a while, a compiler. */ -}}
{{- define "genie.resources" -}}
{{- $resources := deepCopy (.Values.resources | default dict) -}}
{{- $limits := $resources.limits | default dict -}}
{{- with $limits.memory -}}
{{- $sum := add (include "genie.bytes" . | int64) (include "genie.bytes" $.Values.compile.memory | int64) -}}
{{- $_ := set $limits "memory" (printf "%dMi" (div (add $sum 1048575) 1048576)) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{- /* The name of an object. */ -}}
{{- define "genie.networks.object" -}}
'^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'
{{- end -}}

{{- /* The schema of a subnet. host-local refuses one with further bits. */ -}}
{{- define "genie.networks.subnet" -}}
type: string
maxLength: 43
x-kubernetes-validations:
  - rule: isCIDR(self) && cidr(self) == cidr(self).masked()
    message: "is no subnet: write it as in 10.32.20.0/24"
{{- end -}}

{{- /* The schema of what a PhysicalNetwork says of itself. */ -}}
{{- define "genie.networks.status" -}}
type: object
properties:
  dedicatedNet:
    description: Whether one network carries all of it. Otherwise each LogicalNetwork may name another.
    type: boolean
  plugin:
    description: The installed network that carries it, as in the annotation `cni`.
    type: string
    minLength: 1
    maxLength: 255
  subnet:
    description: The subnet of which LogicalNetworks are parts.
    {{- include "genie.networks.subnet" . | nindent 4 }}
x-kubernetes-validations:
  - rule: "!self.?dedicatedNet.orValue(false) || has(self.plugin)"
    message: "a dedicated network names its plugin"
{{- end -}}
