// A monitoring mixin of what this repository ships: the rules as they are generated, and the dashboards, with what a
// team of its own changes in _config. Vendored by jsonnet-bundler:
//
//   jb install github.com/qem-exporter/qem_exporter/alerts/mixin@main
//   mixtool generate all mixin.libsonnet
{
  _config+:: {
    // Where the links of the alerts lead.
    runbookURLBase: 'https://github.com/qem-exporter/qem_exporter/blob/main/docs/runbooks/',
    grafanaURLBase: '/d/',
    // Other numbers than those of the group qem_thresholds, by name without qem:threshold:, such as
    // { license_warning_days: 60 }.
    thresholds: {},
    // Alerts that are left out.
    dropAlerts: [],
    // Other severities: { QemServerCpuHigh: 'info', 'QemManagerUnreachable/warning': 'info' }.
    severities: {},
    // Labels of every alert, such as { cluster: 'eu' }.
    alertLabels: {},
  },

  local config = self._config,
  local shipped = std.parseYaml(importstr '../qem.rules.yml'),
  local prefix = 'qem:threshold:',
  local known = [
    std.substr(r.record, std.length(prefix), std.length(r.record))
    for g in shipped.groups
    for r in g.rules
    if std.startsWith(std.get(r, 'record', ''), prefix)
  ],
  local names = [r.alert for g in shipped.groups for r in g.rules if std.objectHas(r, 'alert')],
  local unknown(all, given) = [name for name in given if !std.member(all, std.split(name, '/')[0])],
  local based(url, old, new) = if std.startsWith(url, old) then new + std.substr(url, std.length(old), std.length(url)) else url,

  local recorded(r) =
    local name = if std.startsWith(r.record, prefix) then std.substr(r.record, std.length(prefix), std.length(r.record)) else null;
    if name != null && std.objectHas(config.thresholds, name) then r { expr: 'vector(%s)' % config.thresholds[name] } else r,

  local alerted(r) =
    local severity = std.get(config.severities, r.alert + '/' + r.labels.severity, std.get(config.severities, r.alert, r.labels.severity));
    r {
    // What fires is looked for by its severity.
    expr: std.strReplace(super.expr, 'severity="%s"' % r.labels.severity, 'severity="%s"' % severity),
    labels+: config.alertLabels { severity: severity },
    annotations+: {
      runbook_url: based(super.runbook_url, 'https://github.com/qem-exporter/qem_exporter/blob/main/docs/runbooks/', config.runbookURLBase),
      dashboard_url: based(super.dashboard_url, '/d/', config.grafanaURLBase),
    },
  },

  local made(isAlert) =
    local slips = unknown(known, std.objectFields(config.thresholds)) + unknown(names, config.dropAlerts + std.objectFields(config.severities));
    assert slips == [] : '_config: there is no %s' % std.join(', ', slips);
    local rulesOf(g) = [
      if std.objectHas(r, 'alert') then alerted(r) else recorded(r)
      for r in g.rules
      if isAlert(g) && !std.member(config.dropAlerts, std.get(r, 'alert', ''))
    ];
    [{ name: g.name, rules: rulesOf(g) } for g in shipped.groups if std.length(rulesOf(g)) > 0],

  // A group that has alerts has what they are made of, too: their order counts.
  local hasAlerts(g) = std.length([r for r in g.rules if std.objectHas(r, 'alert')]) > 0,
  prometheusAlerts+:: { groups+: made(hasAlerts) },
  prometheusRules+:: { groups+: made(function(g) !hasAlerts(g)) },

  grafanaDashboards+:: {
    'qem-compose.json': import '../../dashboards/qem-compose.json',
    'qem-exporter.json': import '../../dashboards/qem-exporter.json',
    'qem-fleet.json': import '../../dashboards/qem-fleet.json',
    'qem-full-load.json': import '../../dashboards/qem-full-load.json',
    'qem-server.json': import '../../dashboards/qem-server.json',
    'qem-servers.json': import '../../dashboards/qem-servers.json',
    'qem-tables.json': import '../../dashboards/qem-tables.json',
    'qem-task.json': import '../../dashboards/qem-task.json',
    'qem-tasks.json': import '../../dashboards/qem-tasks.json',
  },
}
