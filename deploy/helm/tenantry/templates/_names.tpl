{{- define "tenantry.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "tenantry.secret" -}}
{{- .Values.secret.existing | default (include "tenantry.name" .) -}}
{{- end -}}

{{- define "tenantry.labels" -}}
app.kubernetes.io/name: tenantry
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Of the pods of one workload; they never change. Takes a list: the root, the workload's name. */}}
{{- define "tenantry.selector" -}}
app.kubernetes.io/name: tenantry
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Not empty where roles have a part of the API. */}}
{{- define "tenantry.hasCalls" -}}
{{- range splitList "," . }}{{ if ne . "worker" }}yes{{ end }}{{ end -}}
{{- end -}}

{{/* A number that was given, 0 too, or the one unless it was. Takes a list of both. */}}
{{- define "tenantry.number" -}}
{{- $given := index . 0 -}}
{{- if kindIs "invalid" $given }}{{ index . 1 }}{{ else }}{{ int $given }}{{ end -}}
{{- end -}}
