// Has Grafana's own data library draw what is not there, and states: node grafana.cjs MODULES FILE...
const [modules, ...files] = process.argv.slice(2);
const fs = require('fs'), path = require('path');
const load = name => require(path.join(modules, name));

// The library wants a browser; it looks at hardly anything of it.
const any = () => new Proxy(function () {}, { get: (_, k) => (k === Symbol.toPrimitive ? () => '' : any()), set: () => true, apply: any });
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true });
define('window', globalThis);
define('document', any());
define('navigator', { userAgent: '', language: 'en', languages: ['en'], platform: '' });
define('localStorage', { getItem: () => null, setItem() {}, removeItem() {} });
define('location', { href: 'http://x/', origin: 'http://x', pathname: '/', hostname: 'x', protocol: 'http:', search: '' });
define('history', { pushState() {}, replaceState() {} });
define('addEventListener', () => {});
define('removeEventListener', () => {});
console.warn = console.error = console.info = () => {};

const grafana = load('@grafana/data'), { firstValueFrom } = load('rxjs');
const theme = grafana.createTheme({ colors: { mode: 'dark' } });
const transformers = new Map(Object.values(grafana.standardTransformers).map(t => [t.id, t]));
grafana.standardTransformersRegistry.setInit(() => [...transformers.values()].map(t => ({ id: t.id, name: t.name, transformation: t })));
const processed = {
  unit: 'unit', min: 'number', max: 'number', decimals: 'number', thresholds: 'thresholds', mappings: 'valueMappings', noValue: 'string', displayName: 'displayName',
};
const properties = new grafana.Registry(() => ['links', 'color', ...Object.keys(processed)].map(id => ({
  id, path: id, name: id, shouldApply: () => true, process: processed[id] ? grafana[processed[id] + 'OverrideProcessor'] : v => v,
})));

const neutral = ['#6c717a', '#00000000', 'rgba(0,0,0,0)'];
let displays = 0, wrong = 0;
function expect(holds, uid, panel, ...what) {
  displays++;
  if (!holds) {
    wrong++;
    console.log(`${uid} / ${panel.title}:`, ...what.map(w => JSON.stringify(w)));
  }
}
const frame = (...fields) => grafana.toDataFrame({ fields });
const field = (name, type, ...values) => ({ name, type, values });
const drawn = (data, fieldConfig) =>
  grafana.applyFieldOverrides({ data, fieldConfig, theme, replaceVariables: s => s, fieldConfigRegistry: properties, timeZone: 'utc' });

const checks = {
  // A number of nothing, of no samples, and of a null.
  number(uid, panel, config) {
    for (const data of [[], [frame(field('Time', 'time'), field('x', 'number'))], [frame(field('Time', 'time', 1), field('x', 'number', null))]]) {
      const values = grafana.getFieldDisplayValues({
        data: drawn(data, config), fieldConfig: config, reduceOptions: panel.options.reduceOptions, replaceVariables: s => s, theme, timeZone: 'utc',
      });
      expect(values.length > 0, uid, panel, 'nothing is drawn');
      for (const { display } of values) expect(neutral.includes(display.color) && display.text.trim(), uid, panel, display);
    }
  },
  // Every state in its words and colour.
  timeline(uid, panel, config) {
    const states = Object.entries(config.defaults.mappings[0].options);
    const [of] = drawn([frame(field('Time', 'time', ...states.keys()), field('x', 'number', ...states.map(([n]) => +n)))], config);
    for (const [n, { text, color }] of states) {
      const display = of.fields[1].display(+n);
      expect(display.text === text && display.color === theme.visualization.getColorByName(color), uid, panel, n, display);
    }
  },
  // A row of which only the labels are there.
  async table(uid, panel, config) {
    const labels = Object.keys(panel.transformations.at(-1).options.indexByName || {}).filter(name => !name.startsWith('Value'));
    const frames = panel.targets.map(({ refId }, i) => i
      ? frame(field('Time', 'time'), field('Value #' + refId, 'number'))
      : frame(field('Time', 'time', 1), ...labels.map(l => field(l, 'string', 'x')), field(panel.targets.length > 1 ? 'Value #A' : 'Value', 'number', null)));
    const [table, ...more] = drawn(await firstValueFrom(grafana.transformDataFrame(panel.transformations, frames)), config);
    expect(more.length === 0, uid, panel, 'does not become one table');
    for (const cell of table.fields) {
      const display = cell.display(cell.type === 'string' ? '' : null);
      expect(neutral.includes(display.color) && display.text === '–', uid, panel, grafana.getFieldDisplayName(cell, table), display);
    }
  },
};
const kinds = { stat: 'number', piechart: 'number', 'state-timeline': 'timeline', table: 'table' };

(async () => {
  for (const file of files) {
    const { uid, panels } = JSON.parse(fs.readFileSync(file), (k, v) => (k === 'steps' && v.map ? v.map(s => ({ ...s, value: s.value ?? -Infinity })) : v));
    for (const panel of panels.flatMap(p => [p, ...(p.panels || [])])) {
      const check = panel.transformations?.length === 1 ? undefined : checks[kinds[panel.type]];
      await check?.(uid, panel, panel.fieldConfig);
    }
  }
  console.log(`${displays} displays, ${wrong} wrong`);
  process.exit(wrong || displays < 300 ? 1 : 0);
})();
