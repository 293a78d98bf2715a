{{/* The release's name, with the chart's behind it where it does not say so itself; there is room for "-migrate" in 63 characters. */}}
{{- define "tallyhook.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 55 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" (.Release.Name | trunc 45 | trimSuffix "-") .Chart.Name }}{{ end -}}
{{- end }}

{{/* A value as text. A number is not quoted as it is, because Helm would write a million as 1e+06. */}}
{{- define "tallyhook.text" -}}
{{- if kindIs "string" . }}{{ . | quote }}{{ else }}{{ toJson . | quote }}{{ end -}}
{{- end }}

{{/* What never changes, because selectors cannot be changed. Alerts and the NetworkPolicy know the name. */}}
{{- define "tallyhook.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tallyhook.labels" -}}
{{ include "tallyhook.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "tallyhook.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What every pod may not do, and whom it runs as. */}}
{{- define "tallyhook.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "tallyhook.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{- define "tallyhook.access" -}}
- name: access
  secret:
    secretName: {{ .Values.secrets.access }}
    defaultMode: 0440
{{- end }}

{{- define "tallyhook.databaseCa" -}}
- name: database-ca
  secret:
    secretName: {{ .Values.secrets.databaseCa }}
    optional: true
    defaultMode: 0440
{{- end }}

{{/* On which nodes every pod may be, and what it goes before. */}}
{{- define "tallyhook.scheduling" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
