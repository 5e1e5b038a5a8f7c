{{- /* The rules with what the values change: thresholds, alerts that are left out, severities, links. A name that there is not is an error. */}}
{{- define "qem-exporter.rules" -}}
{{- $values := .Values.prometheusRule }}
{{- $rules := .Files.Get "rules/qem.rules.yml" | fromYaml }}
{{- $thresholds := dict }}
{{- $alerts := dict }}
{{- range $group := $rules.groups }}
{{- $kept := list }}
{{- range $rule := $group.rules }}
{{- if $rule.alert }}
{{- $_ := set $alerts $rule.alert true }}
{{- $severity := get $rule.labels "severity" }}
{{- $one := printf "%s/%s" $rule.alert $severity }}
{{- $_ := set $alerts $one true }}
{{- $new := default (default $severity (get $values.severities $rule.alert)) (get $values.severities $one) }}
{{- $_ := set $rule "labels" (merge (dict "severity" $new) $values.alertLabels $rule.labels) }}
{{- /* What fires is looked for by its severity. */}}
{{- $_ := set $rule "expr" ($rule.expr | replace (printf "severity=%q" $severity) (printf "severity=%q" $new)) }}
{{- $links := $rule.annotations }}
{{- $_ := set $links "runbook_url" (printf "%s%s.md" $values.runbookURLBase $rule.alert) }}
{{- $_ := set $links "dashboard_url" (printf "%s%s" $values.grafanaURLBase (trimPrefix "/d/" $links.dashboard_url)) }}
{{- else if hasPrefix "qem:threshold:" $rule.record }}
{{- $name := trimPrefix "qem:threshold:" $rule.record }}
{{- $_ := set $thresholds $name true }}
{{- if hasKey $values.thresholds $name }}
{{- $_ := set $rule "expr" (printf "vector(%v)" (get $values.thresholds $name)) }}
{{- end }}
{{- end }}
{{- if not (and $rule.alert (has $rule.alert $values.dropAlerts)) }}
{{- $kept = append $kept $rule }}
{{- end }}
{{- end }}
{{- $_ := set $group "rules" $kept }}
{{- end }}
{{- range $name, $_ := $values.thresholds }}
{{- if not (hasKey $thresholds $name) }}
{{- fail (printf "prometheusRule.thresholds: there is no %s, only %s" $name (keys $thresholds | sortAlpha | join ", ")) }}
{{- end }}
{{- end }}
{{- range $name := concat $values.dropAlerts (keys $values.severities) }}
{{- if not (hasKey $alerts $name) }}
{{- fail (printf "prometheusRule: there is no alert %s" $name) }}
{{- end }}
{{- end }}
{{- toYaml $rules }}
{{- end }}
