{{- /* Names, labels and image references: each in one place. */ -}}

{{- /* The name of everything that belongs to a release. */ -}}
{{- define "warpline.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "warpline.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "warpline.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- /* What all pods of a release have, the operator's and that of `warpline release`. */ -}}
{{- define "warpline.releaseSelector" -}}
app.kubernetes.io/name: warpline
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* What selects the operator's pods; it may never change. */ -}}
{{- define "warpline.selector" -}}
{{ include "warpline.releaseSelector" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- /* The labels of every object. */ -}}
{{- define "warpline.labels" -}}
{{ include "warpline.selector" . }}
app.kubernetes.io/part-of: warpline
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* repository:tag, or repository@digest. Takes a list: the image's values, the tag by default. */ -}}
{{- define "warpline.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default (index . 1)) -}}
{{- end -}}
{{- end -}}

{{- /* A container under Kubernetes' restricted standard, with a root file system that it can't write. */ -}}
{{- define "warpline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* A pod under the same. The user is the image's, 10001; clusters that give each namespace its own users can set another. */ -}}
{{- define "warpline.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}
