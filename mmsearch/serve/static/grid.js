// The grid: sections of rows, of which only those near the window exist.

import { h } from './dom.js';
import { isCard, rowAt, rows, shape, targetHeight } from './layout.js';
import { longPress } from './press.js';
import { keyOf, tile } from './tile.js';

const GAP = 6;
const AHEAD = 900; // pixels beyond the window that are there before they are seen

/** A grid in `root`; `addressOf(hit)`, `onopen`, `onselect` and `onend` (more is wanted) come from the page. */
export function grid(root, { addressOf, onopen, onselect, onend }) {
  let model = { sections: [], more: false };
  let laid = []; // {kind, hits, element, list, rows, top, first}: `first` is the place of its first hit in `order`
  let order = [];
  let tiles = new Map();
  let width = 0;
  let current = 0;
  let column = null;
  let selected = new Set();
  let waiting = false;
  let version = 0; // of how the rows lie
  let drawn = ''; // which of them are there

  /** Show `next`; what both have stays in place. `top`: from where the window looks at it, undefined for as it is. */
  function show(next, { top, focus = 0 } = {}) {
    model = next;
    current = focus;
    const kept = laid;
    laid = model.sections.map((section, n) => laidOut(section, n === model.sections.length - 1 && model.more, kept[n]));
    if (laid.length !== kept.length || laid.some((one, n) => one !== kept[n])) root.replaceChildren(...laid.map((one) => one.element));
    arrange();
    if (top !== undefined) window.scrollTo(0, top);
    draw();
  }

  /** The section as an element, that of `before` where it has the same heading. */
  function laidOut(section, open, before) {
    const one = before && before.heading === section.heading && before.kind === section.kind ? before : made(section);
    return Object.assign(one, { hits: section.hits, open });
  }

  function made({ kind, heading }) {
    const list = h('ul', { class: 'hits' });
    const title = heading ? h('h2', { class: 'heading' }, h('span', {}, heading)) : null;
    const element = h('section', { class: `section ${kind}`, 'aria-label': heading || 'Results' }, title, list);
    return { kind, heading, element, list };
  }

  /** Reckon all rows for the width that there is. */
  function arrange() {
    version += 1;
    width = root.clientWidth;
    const target = targetHeight(width);
    order = [];
    for (const one of laid) {
      const high = one.hits.every(isCard) ? Math.max(128, 0.78 * target) : target; // texts alone need less room
      const done = rows(one.hits.map((hit) => shape(hit, high)), width, high, GAP, one.open);
      one.rows = done.rows;
      one.first = order.length;
      order.push(...one.hits.slice(0, done.shown));
      one.height = done.height;
      one.list.style.height = `${done.height}px`;
    }
    const from = root.getBoundingClientRect().top;
    for (const one of laid) one.top = one.list.getBoundingClientRect().top - from;
  }

  /** Make the tiles near the window, and take away the others. */
  function draw() {
    const from = -root.getBoundingClientRect().top - AHEAD;
    const to = from + window.innerHeight + 2 * AHEAD;
    const ranges = laid.map((one) => rangeOf(one, from, to));
    const name = `${version}:${ranges.join()}`;
    if (name !== drawn) {
      drawn = name;
      const kept = new Map();
      laid.forEach((one, n) => put(one.list, wanted(one, ranges[n], kept)));
      for (const [key, { element }] of tiles) if (!kept.has(key)) release(element);
      tiles = kept;
    }
    const last = laid.at(-1);
    const end = last ? last.top + last.height : 0;
    if (model.more && !waiting && end - to < 3 * window.innerHeight) {
      waiting = true;
      const before = model;
      Promise.resolve(onend()).finally(() => {
        waiting = false;
        if (model !== before) soon(); // at the very end nothing scrolls any more that would ask for the next
      });
    }
  }

  /** The first row of a section that is near the window, and the first after those. */
  function rangeOf(one, from, to) {
    const first = rowAt(one.rows, from - one.top);
    let after = first;
    while (after < one.rows.length && one.rows[after].top + one.top < to) after += 1;
    return [first, after];
  }

  const wanted = (one, [first, after], kept) =>
    one.rows.slice(first, after).flatMap((row) => row.boxes.map((box, place) => placed(one, row, box, place, kept)));

  /** The tile of one box of a row, where it belongs. */
  function placed(one, row, box, place, kept) {
    const hit = one.hits[row.first + place];
    const key = keyOf(hit);
    let made = tiles.get(key);
    if (!made || made.hit !== hit) {
      const again = made && same(made.hit, hit);
      const element = again ? made.element : tile(hit, { address: addressOf(hit), onopen, onselect });
      if (again) element.firstChild.href = addressOf(hit);
      made = { element, hit, version: 0 };
    }
    kept.set(key, made);
    if (made.version === version) return made.element;
    made.version = version;
    const at = one.first + row.first + place;
    const { element } = made;
    element.style.transform = `translate(${box.x.toFixed(2)}px, ${row.top.toFixed(2)}px)`;
    element.style.width = `${box.width.toFixed(2)}px`;
    element.style.height = `${row.height.toFixed(2)}px`;
    element.dataset.at = at;
    element.setAttribute('aria-setsize', model.more ? -1 : one.hits.length);
    element.setAttribute('aria-posinset', row.first + place + 1);
    element.firstChild.tabIndex = at === current ? 0 : -1;
    mark(element, selected.has(key));
    return element;
  }

  const mark = (element, on) => {
    element.classList.toggle('selected', on);
    element.lastChild.setAttribute('aria-pressed', String(on));
  };
  const elementAt = (at) => order[at] && tiles.get(keyOf(order[at]))?.element;

  /** Where hit `at` stands: {top, bottom, middle} in the grid. */
  function boxOf(at) {
    const one = laid.findLast((section) => section.first <= at);
    const row = one.rows.find((each) => each.last >= at - one.first);
    const box = row.boxes[at - one.first - row.first];
    return { top: one.top + row.top, bottom: one.top + row.top + row.height, middle: box.x + box.width / 2, one, row };
  }

  /** Bring hit `at` into the window and the focus to it. */
  function focus(at, { scroll = true } = {}) {
    if (!order[at]) return false;
    const before = elementAt(current);
    if (before) before.firstChild.tabIndex = -1;
    current = at;
    if (scroll) {
      const { top, bottom } = boxOf(at);
      const head = document.getElementById('head').offsetHeight;
      const y = root.getBoundingClientRect().top;
      const above = head + 12 - (y + top);
      const below = y + bottom + 24 - window.innerHeight;
      if (above > 0) window.scrollBy(0, -above);
      else if (below > 0) window.scrollBy(0, below);
    }
    draw();
    const link = elementAt(at)?.firstChild;
    if (link) link.tabIndex = 0;
    link?.focus({ preventScroll: true });
    return true;
  }

  /** Move the focus one hit `left` or `right`, or one row `up` or `down`; false where nothing is. */
  function move(way) {
    if (!order.length) return false;
    if (way === 'left' || way === 'right') {
      column = null;
      return focus(current + (way === 'left' ? -1 : 1));
    }
    const all = laid.flatMap((one) => one.rows.map((row) => [one, row]));
    const { row, middle } = boxOf(current);
    const next = all[all.findIndex(([, each]) => each === row) + (way === 'up' ? -1 : 1)];
    if (!next) return false;
    const [one, to] = next;
    // Up and down keep to the column in which one set out, over rows that have nothing just there.
    column ??= middle;
    const distance = to.boxes.map((box) => Math.max(0, box.x - column, column - box.x - box.width));
    return focus(one.first + to.first + distance.indexOf(Math.min(...distance)));
  }

  let drawing = 0;
  const soon = () => {
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      draw();
    });
  };
  window.addEventListener('scroll', soon, { passive: true });
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    const from = -root.getBoundingClientRect().top;
    const one = from > 0 ? laid.findLast((section) => section.top <= from) : undefined;
    const row = one?.rows[rowAt(one.rows, from - one.top)];
    const at = row ? one.first + row.first : -1;
    const before = at > 0 ? boxOf(at).top : null;
    arrange();
    if (before !== null && order[at]) window.scrollBy(0, boxOf(at).top - before);
    draw();
  }).observe(root);
  root.addEventListener('focusin', (event) => {
    const at = Number(event.target.closest('.tile')?.dataset.at);
    if (Number.isNaN(at) || at === current) return;
    column = null;
    const old = elementAt(current);
    if (old) old.firstChild.tabIndex = -1;
    current = at;
    event.target.closest('.tile').firstChild.tabIndex = 0;
  });

  longPress(root, (element) => {
    const hit = order[Number(element.dataset.at)];
    if (hit) onselect({ shiftKey: false }, hit);
  });

  return {
    show,
    focus,
    move,
    order: () => order,
    current: () => order[current] ?? null,
    place: () => current,
    find: (id) => order.findIndex((hit) => hit.item_id === id),
    select(keys) {
      selected = keys;
      for (const [key, { element }] of tiles) mark(element, keys.has(key));
    },
  };
}

/** Whether two hits look alike in the grid, so that the tile of one will do for the other. */
const same = (a, b) =>
  a.thumbnail === b.thumbnail && a.beyond_chance === b.beyond_chance && a.found === b.found && a.thumbnail !== null &&
  JSON.stringify(a.snippet) === JSON.stringify(b.snippet) && a.copies === b.copies;

/** What is scrolled away gives its picture back. */
function release(element) {
  if (!element.isConnected) element.querySelector('img')?.removeAttribute('src');
}

function put(list, wanted) {
  const keep = new Set(wanted);
  for (const one of [...list.children]) if (!keep.has(one)) one.remove();
  wanted.forEach((one, n) => {
    if (list.children[n] !== one) list.insertBefore(one, list.children[n] ?? null);
  });
}
