// What is beside the results: kinds, dates, places, and how often each value of a field occurs among them.

import { all, chosen, toggled } from './conditions.js';
import { dates } from './dates.js';
import { h, iconButton, plain } from './dom.js';
import { count, label, value as written } from './format.js';
import { places } from './places.js';
import { request, results } from './service.js';

const SHOWN = 6; // values of a field, before more are asked for
const FIELDS = 8;
const KINDS = { image: 'Pictures', text: 'Texts', audio: 'Sounds' };

/**
 * The side of the page in `root`. `state()` is what is asked now, `go(patch)` changes it: what is clicked is added to that,
 * not to what was asked when the counts were drawn. `onclose` hides the side where it lies over the rest.
 */
export function side(root, stats, { state: now, go, onclose, oncount }) {
  const fields = facetFields(stats);
  const open = new Set(); // fields of which all values are shown
  const timeline = stats.date_fields?.length ? dates(stats.date_fields, { state: now, go }) : null;
  const world = stats.place_fields ? places(stats.place_fields, { state: now, go }) : null;
  const known = Object.keys(KINDS).filter((kind) => stats.items?.[kind]);
  const kind = (value, name) => h('button', { type: 'button', value, onclick: () => go({ modality: value }) }, name);
  const kinds = h('div', { class: 'kinds', role: 'group', 'aria-label': 'Kind' }, kind('', 'All'), ...known.map((one) => kind(one, KINDS[one])));
  const values = h('div', { class: 'facets' });
  root.replaceChildren(
    h('div', { class: 'side-head' }, h('h2', {}, 'Filters'), iconButton('close', 'Close the filters', onclose)),
    ...(known.length > 1 ? [kinds] : []),
    ...(timeline ? [timeline.element] : []),
    ...(world ? [world.element] : []),
    values,
  );
  let asked = 0;
  let last = {};

  function drawKinds(state) {
    for (const one of kinds.children) one.setAttribute('aria-pressed', String(state.modality === one.value));
  }

  /** Count anew for what `state` asks; what was counted stays until then. */
  async function update(state) {
    drawKinds(state);
    timeline?.told(state);
    const n = (asked += 1);
    const [path, body] = request(state);
    const base = path === '/recommend' ? { where: body.where, modality: body.modality } : body;
    const own = fields.filter((field) => chosen(state.filters, field).length);
    const others = fields.filter((field) => !own.includes(field));
    const page = { k: 1, facets: others, histogram: timeline?.field(), places: world ? true : undefined };
    const counting = [
      results(['/search', { ...base, sort: undefined }], page),
      // What else could be chosen of a field that is chosen from already: counted without that choice.
      ...own.slice(0, 3).map((field) => {
        const filters = state.filters.filter((one) => !chosen([one], field).length);
        const [, again] = request({ ...state, filters });
        const wide = path === '/recommend' ? { where: all(filters), modality: body.modality } : again;
        return results(['/search', { ...wide, sort: undefined }], { k: 1, facets: [field] });
      }),
    ];
    let found;
    try {
      found = await Promise.all(counting);
    } catch {
      return; // the search itself tells what is wrong
    }
    if (n !== asked) return;
    if (path === '/search') oncount(found[0], state);
    last = Object.assign({}, ...found.map((one) => one.facets));
    timeline?.draw(found[0].histogram, state);
    world?.draw(found[0].places ?? [], state);
    draw(state);
  }

  function draw(state) {
    const scrolled = root.scrollTop;
    const focused = document.activeElement?.closest?.('.facets') ? document.activeElement.dataset.facet : null;
    values.replaceChildren(...fields.map((field) => facet(field, last[field] ?? [], state)).filter(Boolean));
    root.scrollTop = scrolled;
    if (focused) [...values.querySelectorAll('[data-facet]')].find((one) => one.dataset.facet === focused)?.focus();
  }

  function facet(field, counts, state) {
    const picked = chosen(state.filters, field);
    if (!counts.length || (counts.length < 2 && !picked.length)) return null;
    if (counts.every(({ documents }) => documents === 1) && counts.length > 12) return null;
    const most = counts[0].documents;
    const whole = open.has(field);
    const shown = whole ? counts.slice(0, 60) : counts.slice(0, SHOWN);
    const rows = shown.map(({ value, documents }) => {
      const on = picked.includes(literalOf(value));
      const bar = h('span', { class: 'facet-bar', 'aria-hidden': 'true' });
      bar.style.width = `${(100 * documents) / most}%`;
      const name = plain(written(value)).slice(0, 120) || '(empty)';
      return h(
        'li',
        {},
        h(
          'button',
          {
            type: 'button',
            class: 'facet-value',
            'aria-pressed': String(on),
            'data-facet': `${field}=${value}`,
            title: name,
            onclick: () => go({ filters: toggled(now().filters, field, value) }),
          },
          bar,
          h('bdi', { class: 'facet-name' }, name),
          h('span', { class: 'facet-count' }, count(documents)),
        ),
      );
    });
    const more =
      counts.length > SHOWN
        ? h(
            'button',
            {
              type: 'button',
              class: 'quiet',
              'data-facet': `more:${field}`,
              'aria-expanded': String(whole),
              onclick: () => {
                if (!open.delete(field)) open.add(field);
                draw(now());
              },
            },
            whole ? 'Fewer' : `${count(counts.length - SHOWN)} more`,
          )
        : null;
    return h('section', { class: 'facet' }, h('h3', {}, plain(label(field))), h('ul', {}, ...rows), more);
  }

  return { update, tops: () => waysIn(fields, last) };
}

const literalOf = (value) => toggled([], 'x', value)[0].slice(2);

/** The fields worth counting, where the service does not say. */
function facetFields(stats) {
  if (stats.facet_fields) return stats.facet_fields.slice(0, FIELDS);
  const dull = new Set([...(stats.date_fields ?? []), ...(stats.place_fields ?? []), 'width', 'height']);
  return Object.entries(stats.fields ?? {})
    .filter(([name, { kind }]) => kind === 'text' && !dull.has(name))
    .sort((a, b) => b[1].documents - a[1].documents)
    .map(([name]) => name)
    .slice(0, FIELDS);
}

/** The commonest values of each field, in turn: a way in for those who don't know what is there. */
function waysIn(fields, facets) {
  const found = [];
  for (let place = 0; place < 3; place += 1) {
    for (const field of fields) {
      const counts = facets[field] ?? [];
      if (counts.length > 1 && counts[place] && counts[place].documents > 1) found.push({ field, ...counts[place] });
    }
  }
  return found.slice(0, 12);
}
