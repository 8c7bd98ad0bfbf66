{{- define "tessera.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tessera.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tessera.labels" -}}
{{ include "tessera.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "tessera.image" -}}
{{- $repository := required "image.repository has to be said: where your image is." .Values.image.repository -}}
{{- if and .Values.image.tag (not .Values.image.digest) -}}
{{ $repository }}:{{ .Values.image.tag }}
{{- else -}}
{{ $repository }}@{{ required "image.digest has to be said, as sha256:... (docs/deploying.md says how it is found)." .Values.image.digest }}
{{- end -}}
{{- end -}}
