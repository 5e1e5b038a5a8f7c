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
