{{/* What the pods of the nodes and the one of the migration share. */}}

{{- define "tessera.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "tessera.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "tessera.environment" -}}
- name: TESSERA_DATABASE_FILE
  value: /run/secrets/tessera/database
{{- if .Values.database.directSecret.name }}
- name: TESSERA_DATABASE_DIRECT
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.directSecret.name }}
      key: {{ .Values.database.directSecret.key }}
{{- end }}
- name: TESSERA_MASTER_KEY_FILE
  value: /run/secrets/tessera/master.key
- name: TESSERA_ISSUER
  value: {{ required "issuer has to be said: the address by which callers reach the service." .Values.issuer | quote }}
- name: TESSERA_BEHIND_TLS_PROXY
  value: "true"
{{- with .Values.trustedProxies }}
- name: TESSERA_TRUSTED_PROXIES
  value: {{ join " " . | quote }}
{{- end }}
{{- with .Values.clientCertificateProxies }}
- name: TESSERA_CLIENT_CERTIFICATE_PROXIES
  value: {{ join " " . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: TESSERA_{{ upper $name }}
  {{- if and (kindIs "float64" $value) (eq $value (floor $value)) }}
  value: {{ printf "%.0f" $value | quote }}
  {{- else }}
  value: {{ $value | toString | quote }}
  {{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tessera.mounts" -}}
- name: data
  mountPath: /var/lib/tessera
- name: secrets
  mountPath: /run/secrets/tessera
  readOnly: true
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tessera.volumes" -}}
# The counters of the limits, of this node alone.
- name: data
  emptyDir:
    sizeLimit: 256Mi
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ required "database.secret.name has to be said: the secret with the database's address." .Values.database.secret.name }}
          items:
            - key: {{ .Values.database.secret.key }}
              path: database
      - secret:
          name: {{ required "masterKey.secret.name has to be said: the secret with the master key." .Values.masterKey.secret.name }}
          items:
            - key: {{ .Values.masterKey.secret.key }}
              path: master.key
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
While the database is away, every node says so at /readyz, and known clients get their tokens all the same. A Service
without endpoints would end that: so its word on the database does not take a node out. Its word on the feed does where
the node itself refuses tokens then.
*/}}
{{- define "tessera.readyPath" -}}
{{- if eq (get .Values.settings "feed_stale_policy" | toString) "refuse" -}}
/readyz?exclude=database
{{- else -}}
/readyz?exclude=database&exclude=feed
{{- end -}}
{{- end -}}
