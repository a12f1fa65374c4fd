/**
 * Charts by ECharts in the ink of the page: `<div class="nx-ec" data-chart="ID">` draws the JSON block with that id,
 * `{label, unit, scale, categories: […], series: [{name, values: [minor units]}], kind: 'bar' | 'line'}`. The table
 * behind it says the same to who can't see it. Loaded after vendor/echarts.min.js.
 */

import { json } from './dom.js';
import { points } from './formats.js';

const english = document.documentElement.lang.startsWith('en');

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** From 10,000 on Chinese readers count in 万, the English in thousands. @param {number} highest */
function measure(highest) {
  if (highest < 10_000) return { by: 1, word: '' };
  return english ? { by: 1000, word: 'thousand ' } : { by: 10_000, word: '万' };
}

/** @param {any} series @param {number} index @param {any} ink @param {(value: number) => string} words */
function look(series, index, ink, words) {
  const [fill, edge] = index % 2 ? [ink.second, ink.secondEdge] : [ink.first, ink.first];
  return {
    name: series.name,
    type: series.kind,
    data: series.values,
    barMaxWidth: 36,
    itemStyle: { color: fill, borderColor: edge, borderWidth: 1, ...(index % 2 ? { decal: { symbol: 'rect', rotation: Math.PI / 4, dashArrayX: [1, 0], dashArrayY: [1, 7], color: edge } } : {}) },
    lineStyle: { color: index % 2 ? edge : fill, width: 3, type: index % 2 ? 'dashed' : 'solid' },
    label: { show: series.values.length <= 8, position: 'top', formatter: (/** @type {any} */ item) => words(item.value), ...ink.text },
  };
}

/** @param {any} chart */
function option(chart) {
  const part = 10 ** (chart.scale ?? 0);
  const highest = Math.max(0, ...chart.series.flatMap((/** @type {any} */ s) => s.values)) / part;
  const { by, word } = measure(highest);
  const whole = (/** @type {number} */ value) => Number((value / part / by).toFixed(2)).toLocaleString('en-US');
  const text = { fontFamily: token('--nx-font'), fontSize: parseFloat(getComputedStyle(document.documentElement).fontSize), color: token('--nx-ink-2') };
  const ink = { first: token('--nx-c1'), second: token('--nx-c2'), secondEdge: token('--nx-c2-edge'), text };
  const exact = (/** @type {number} */ value) => `${points(value, chart.scale ?? 0)} ${chart.unit}`;
  return {
    animation: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    aria: { enabled: true, label: { description: chart.label } },
    textStyle: text,
    legend: { show: chart.series.length > 1, top: 0, right: 0, textStyle: text },
    grid: { left: 8, right: 8, bottom: 4, top: 64, containLabel: true },
    tooltip: { trigger: 'axis', renderMode: 'richText', confine: true, valueFormatter: exact, backgroundColor: token('--nx-sheet'), borderColor: token('--nx-edge'), textStyle: text },
    xAxis: { type: 'category', data: chart.categories, axisLabel: text, axisTick: { show: false }, axisLine: { lineStyle: { color: token('--nx-ink') } } },
    yAxis: { type: 'value', name: `${word}${chart.unit}`, nameTextStyle: { ...text, align: 'left' }, axisLabel: { ...text, formatter: whole }, splitLine: { lineStyle: { color: token('--nx-rule') } } },
    series: chart.series.map((/** @type {any} */ s, /** @type {number} */ i) => look({ kind: chart.kind ?? 'bar', ...s }, i, ink, whole)),
  };
}

for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-chart]'))) {
  const chart = json(place.dataset.chart ?? '');
  const drawn = /** @type {any} */ (globalThis).echarts.init(place, null, { renderer: 'svg' });
  drawn.setOption(option(chart));
  new ResizeObserver(() => drawn.resize()).observe(place);
  new MutationObserver(() => drawn.setOption(option(chart), true)).observe(document.documentElement, { attributeFilter: ['data-bs-theme', 'data-type'] });
}
