// How the results lie in time: bars that filter by dragging, and two boxes that do so by typing.

import { between, name, read } from './conditions.js';
import { h, svg } from './dom.js';
import { counted, date, label } from './format.js';

const HEIGHT = 56;
const YEAR = /^\d{4}(-\d\d){0,2}$/;

export function dates(fields, { state, go }) {
  let field = fields[0];
  let bins = [];
  const bars = svg('g', {});
  const choice = svg('rect', { class: 'chosen', y: 0, height: HEIGHT, width: 0 });
  const chart = svg('svg', { class: 'bars', preserveAspectRatio: 'none', viewBox: `0 0 100 ${HEIGHT}`, role: 'slider', tabindex: 0, 'aria-valuemin': 1 }, choice, bars);
  chart.append(svg('title', {}, 'Drag, or choose by arrows (with Shift several) and Enter'));
  const said = h('p', { class: 'chart-said', 'aria-hidden': 'true' });
  const first = h('span', {});
  const last = h('span', {});
  const from = box('from');
  const to = box('to');
  const picker =
    fields.length > 1
      ? h('select', { 'aria-label': 'Which dates', onchange: (event) => go({}, (field = event.target.value)) }, ...fields.map((one) => h('option', { value: one }, label(one))))
      : null;
  const element = h(
    'section',
    { class: 'chart dates', hidden: true },
    h('h3', {}, picker ?? label(field)),
    chart,
    h('p', { class: 'ends', 'aria-hidden': 'true' }, first, last),
    said,
    h('form', { class: 'range', onsubmit: typed }, from, '–', to, h('button', { type: 'submit' }, 'Set')),
  );

  function box(what) {
    return h('input', { type: 'text', name: what, size: 9, inputmode: 'numeric', placeholder: what, 'aria-label': `${what === 'from' ? 'From' : 'To'} this date, such as 2019-07`, autocomplete: 'off' });
  }

  function typed(event) {
    event.preventDefault();
    for (const one of [from, to]) one.setCustomValidity(!one.value || YEAR.test(one.value) ? '' : 'A year, 2019-07 or 2019-07-04');
    if (element.querySelector('form').reportValidity()) limit(from.value, to.value);
  }

  /** Only dates between these, ends included; both empty for all. */
  function limit(start, end) {
    const others = state().filters.filter((one) => read(one)?.field !== field || read(one)?.not);
    go({ filters: start || end ? [...others, between(field, start, end)] : others });
  }

  const at = (event) => {
    const area = chart.getBoundingClientRect();
    const share = Math.min(0.9999, Math.max(0, (event.clientX - area.left) / area.width));
    return Math.floor(share * bins.length);
  };
  let start = null;
  const range = (event) => [Math.min(start, at(event)), Math.max(start, at(event))];
  const tell = (a, b) => {
    const documents = bins.slice(a, b + 1).reduce((sum, bin) => sum + bin.documents, 0);
    const span = bins[a].from === bins[b].to ? date(bins[a].from) : `${date(bins[a].from)} – ${date(bins[b].to)}`;
    said.textContent = `${span}: ${counted(documents, 'item')}`;
  };
  chart.addEventListener('pointerdown', (event) => {
    if (!bins.length || event.button) return;
    chart.setPointerCapture(event.pointerId);
    start = at(event);
    mark(start, start);
  });
  chart.addEventListener('pointermove', (event) => {
    if (!bins.length) return;
    const [a, b] = start === null ? [at(event), at(event)] : range(event);
    mark(a, b);
    tell(a, b);
  });
  chart.addEventListener('pointerup', (event) => {
    if (start === null) return;
    const [a, b] = range(event);
    start = null;
    limit(bins[a].from, bins[b].to);
  });
  for (const gone of ['pointercancel', 'pointerleave']) {
    chart.addEventListener(gone, () => {
      if (gone === 'pointerleave' && start !== null) return;
      start = null;
      mark(0, -1);
      said.textContent = '';
    });
  }
  // By keyboard: `place` moves, and what lies between it and `anchor` is chosen.
  let place = 0;
  let anchor = 0;
  const ends = () => [Math.min(place, anchor), Math.max(place, anchor)];
  function point() {
    [place, anchor] = [place, anchor].map((one) => Math.min(Math.max(0, one), bins.length - 1));
    mark(...ends());
    tell(...ends());
    chart.setAttribute('aria-valuenow', place + 1);
    chart.setAttribute('aria-valuetext', said.textContent);
  }
  chart.addEventListener('keydown', (event) => {
    if (!bins.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -bins.length, End: bins.length }[event.key];
    if (by) {
      place = Math.min(Math.max(0, place + by), bins.length - 1);
      if (!event.shiftKey) anchor = place;
      point();
    } else if (event.key === 'Enter' || event.key === ' ') {
      const [a, b] = ends();
      limit(bins[a].from, bins[b].to);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  chart.addEventListener('focus', () => bins.length && chart.matches(':focus-visible') && point());
  chart.addEventListener('blur', () => {
    mark(0, -1);
    said.textContent = '';
  });

  const mark = (a, b) => {
    const width = 100 / bins.length;
    choice.setAttribute('x', a * width || 0);
    choice.setAttribute('width', Math.max(0, (b - a + 1) * width) || 0);
  };

  function draw(histogram, now) {
    bins = filled(histogram?.bins ?? [], histogram?.unit);
    element.hidden = !bins.length && !now.filters.some((one) => read(one)?.field === field);
    const most = Math.max(1, ...bins.map((bin) => bin.documents));
    const width = 100 / Math.max(1, bins.length);
    bars.replaceChildren(
      ...bins.map((bin, n) => {
        const height = bin.documents ? Math.max(2, (HEIGHT - 2) * Math.sqrt(bin.documents / most)) : 0;
        return svg('rect', { x: n * width + width * 0.08, width: width * 0.84, y: HEIGHT - height, height });
      }),
    );
    mark(0, -1);
    chart.setAttribute('aria-valuemax', Math.max(1, bins.length));
    chart.setAttribute('aria-valuenow', Math.min(place + 1, Math.max(1, bins.length)));
    if (bins.length && document.activeElement === chart && chart.matches(':focus-visible')) point();
    first.textContent = bins.length ? date(bins[0].from) : '';
    last.textContent = bins.length > 1 ? date(bins.at(-1).to) : '';
    const best = bins.reduce((a, b) => (b.documents > (a?.documents ?? 0) ? b : a), null);
    chart.setAttribute('aria-label', best ? `${label(field)}: ${date(bins[0].from)} to ${date(bins.at(-1).to)}, most in ${date(best.from)}` : label(field));
  }

  /** The boxes show what is chosen. */
  function told(now) {
    if ([from, to].includes(document.activeElement)) return; // somebody is writing there
    const found = now.filters.map(read).find((one) => one && one.field === field && one.operator === ':' && !one.not);
    const [, a, b] = /^(.*?)\.\.(.*)$/.exec(found?.value ?? '') ?? [null, found?.value ?? '', found?.value ?? ''];
    from.value = a.replaceAll('"', '');
    to.value = b.replaceAll('"', '');
  }

  return { element, draw, told, field: () => field, condition: () => name(field) };
}

/** `bins` with the empty years, months or days between them, as far as that is at most 400. */
function filled(bins, unit) {
  if (bins.length < 2 || !['year', 'month', 'day'].includes(unit)) return bins;
  const known = new Map(bins.map((bin) => [bin.from, bin]));
  const at = new Date(`${bins[0].from.padEnd(10, '-01').slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(at.getTime())) return bins;
  const cut = { year: 4, month: 7, day: 10 }[unit];
  const found = [];
  while (found.length < 400) {
    const name = at.toISOString().slice(0, cut);
    found.push(known.get(name) ?? { from: name, to: name, documents: 0 });
    if (name >= bins.at(-1).from) return found;
    if (unit === 'year') at.setUTCFullYear(at.getUTCFullYear() + 1);
    else if (unit === 'month') at.setUTCMonth(at.getUTCMonth() + 1);
    else at.setUTCDate(at.getUTCDate() + 1);
  }
  return bins;
}
