{{/* Name of everything in the release's namespace. */}}
{{- define "node-gate.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Name of what belongs to no namespace: releases of the same name in two namespaces must not meet. */}}
{{- define "node-gate.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "node-gate.fullname" .) -}}
{{- end -}}

{{- define "node-gate.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "node-gate.labels" -}}
{{ include "node-gate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "node-gate.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "node-gate.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name must be set when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The scope as arguments. Acting on every group of the account is never the default. */}}
{{- define "node-gate.scopeArgs" -}}
{{- $ways := 0 -}}
{{- if .Values.clusterName }}{{ $ways = add1 $ways }}{{ end -}}
{{- if .Values.groupTags }}{{ $ways = add1 $ways }}{{ end -}}
{{- if .Values.groups }}{{ $ways = add1 $ways }}{{ end -}}
{{- if ne (int $ways) 1 -}}
{{- fail "Say which Auto Scaling groups are yours, in exactly one of three ways: clusterName=NAME (the EKS cluster's groups, by their tags), groupTags={KEY=VALUE} (groups with these tags) or groups={NAME} (groups by name)." -}}
{{- end -}}
{{- with .Values.clusterName }}
- {{ printf "--cluster-name=%s" . | quote }}
{{- end }}
{{- range .Values.groupTags }}
- {{ printf "--group-tag=%s" . | quote }}
{{- end }}
{{- range .Values.groups }}
- {{ printf "--group=%s" . | quote }}
{{- end }}
{{- end -}}
