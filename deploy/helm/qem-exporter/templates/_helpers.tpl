{{- define "qem-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 52 characters: Kubernetes adds to the name of a StatefulSet, and we add "-pods". */}}
{{- define "qem-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "qem-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "qem-exporter.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "qem-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "qem-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "qem-exporter.labels" -}}
{{ include "qem-exporter.selectorLabels" . }}
app.kubernetes.io/part-of: qem-exporter
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "qem-exporter.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- /* The flags that say how the exporter is reached, which its health check needs as well. */}}
{{- define "qem-exporter.webArgs" -}}
{{- $args := .Values.extraArgs }}
{{- if .Values.web.existingSecret }}
{{- $args = prepend $args "--web.config.file=/etc/qem_exporter/web/web.yml" }}
{{- end }}
{{- with $args }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- /* A probe, of: the root, the path, what else is said of it. */}}
{{- define "qem-exporter.probe" -}}
{{- $root := index . 0 }}
{{- $probes := $root.Values.probes }}
{{- $type := default (ternary "exec" "http" (ne $root.Values.web.existingSecret "")) $probes.type }}
{{- if eq $type "exec" }}
exec:
  command:
    - /bin/qem_exporter
    - healthcheck
    {{- include "qem-exporter.webArgs" $root | nindent 4 }}
{{- else if eq $type "tcp" }}
tcpSocket:
  port: metrics
{{- else }}
httpGet:
  path: {{ index . 1 }}
  port: metrics
  {{- if ne $probes.scheme "HTTP" }}
  scheme: {{ $probes.scheme }}
  {{- end }}
  {{- with $probes.headers }}
  httpHeaders:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- with index . 2 }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* What ServiceMonitor and PodMonitor say of their endpoint. */}}
{{- define "qem-exporter.endpoint" -}}
- port: metrics
  path: /metrics
  # The exporter's own labels stay what they are, whatever the target is called.
  honorLabels: true
  interval: {{ .interval }}
  scrapeTimeout: {{ .scrapeTimeout }}
  {{- if ne .scheme "http" }}
  scheme: {{ .scheme }}
  {{- end }}
  {{- range $key := list "tlsConfig" "basicAuth" "relabelings" "metricRelabelings" }}
  {{- with index $ $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}

{{- define "qem-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "qem-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "qem-exporter.secretName" -}}
{{- default (printf "%s-credentials" (include "qem-exporter.fullname" .)) .Values.credentials.existingSecret }}
{{- end }}
