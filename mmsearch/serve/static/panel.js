// A hit by itself: large, with its neighbors, and everything that is known of it.

import { h, icon, iconButton, marked, plain, toast } from './dom.js';
import { details } from './details.js';
import { count } from './format.js';
import { item, original, own, thumbnail } from './service.js';
import { titleOf } from './tile.js';
import { zoom } from './zoom.js';

const AROUND = 12; // neighbors on either side, in the filmstrip

/**
 * The panel in the dialog `root`. `around()` gives {order, at(id), total}; `go(patch, how)` changes the state;
 * `explain(hit)` promises the hit with its reasons; `steer`, `select`, `selected` act on a hit.
 */
export function panel(root, page) {
  let shown = null; // {hit, document}
  const media = h('div', { class: 'media' });
  const strip = h('div', { class: 'strip', role: 'group', 'aria-label': 'Neighbors in the ranking' });
  const place = h('p', { class: 'place' });
  const previous = iconButton('left', 'The one before (←)', () => step(-1), { class: 'icon-button step previous' });
  const next = iconButton('right', 'The next one (→)', () => step(1), { class: 'icon-button step next' });
  const nearer = iconButton('more', 'Nearer (z)', () => view.by(1.6));
  const farther = iconButton('less', 'Farther (Z)', () => view.by(1 / 1.6));
  const zooming = h('div', { class: 'zooming' }, farther, nearer);
  const stage = h('div', { class: 'stage' }, media, previous, next, zooming);
  const about = h('div', { class: 'about' });
  root.append(
    h('div', { class: 'looking' }, h('div', { class: 'panel-head' }, iconButton('close', 'Close (Esc)', () => root.close()), place), stage, strip),
    about,
  );
  const view = zoom(stage, () => media.querySelector('img'), {
    onflick: (way) => (way === 'close' ? root.close() : step(way === 'next' ? 1 : -1)),
    onscale: (scale) => (farther.disabled = scale <= 1),
  });
  root.addEventListener('close', () => {
    media.replaceChildren(); // a film stops
    shown = null;
    page.onclose();
  });

  function step(by) {
    if (!shown) return;
    const { order, at } = page.around();
    const to = order[at(shown.hit.item_id) + by];
    if (to) page.go({ hit: to.item_id }, { replace: true });
  }

  /** Show the item `id`: at once what the grid knows of it, then the rest. */
  async function open(id) {
    if (shown?.hit.item_id === id && root.open) return;
    const { order, at } = page.around();
    const known = order[at(id)] ?? null;
    if (known) draw({ hit: known, document: null });
    if (!root.open) root.showModal();
    // asked now: what is searched for may be something else when the item is known
    const why = known && page.explained() ? page.explain(known).catch(() => null) : null;
    let found;
    try {
      found = await item(id);
    } catch (error) {
      if (page.wanted() !== id) return;
      toast(error.message);
      if (!known) root.close();
      return;
    }
    if (page.wanted() !== id) return;
    const hit = known ?? bare(found);
    draw({ hit, document: found });
    if (why) {
      const told = await why;
      if (told && page.wanted() === id) draw({ hit: { ...hit, ...told, item_id: id }, document: found });
    }
  }

  function draw(next_) {
    const same = shown?.hit.item_id === next_.hit.item_id;
    const before = shown;
    shown = next_;
    const { hit, document } = shown;
    root.setAttribute('aria-label', titleOf(hit));
    if (!same || (hit.kind === 'text' && !before.document && document)) {
      media.replaceChildren(mediaOf(hit, document));
      view.reset();
      zooming.hidden = hit.kind !== 'picture' || !hit.thumbnail;
    }
    const focused = window.document.activeElement;
    const remembered = about.contains(focused) ? focused.dataset.act : null;
    const scrolled = about.scrollTop;
    about.replaceChildren(...details(hit, document, page));
    about.scrollTop = same ? scrolled : 0;
    if (remembered) about.querySelector(`[data-act="${remembered}"]`)?.focus();
    if (!same) drawStrip();
  }

  function drawStrip() {
    const { order, at, total } = page.around();
    const here = at(shown.hit.item_id);
    place.textContent = here < 0 ? '' : `${count(here + 1)} of ${total}`;
    previous.disabled = here <= 0;
    next.disabled = here < 0 || here >= order.length - 1;
    const near = here < 0 ? [] : order.slice(Math.max(0, here - AROUND), here + AROUND + 1);
    strip.hidden = near.length < 2;
    strip.replaceChildren(
      ...near.map((hit) => {
        const small = thumbnail(hit.thumbnail, 160);
        return h(
          'button',
          {
            type: 'button',
            class: hit.beyond_chance ? 'guess' : '',
            'aria-label': titleOf(hit),
            'aria-current': hit.item_id === shown.hit.item_id ? 'true' : null,
            tabindex: hit.item_id === shown.hit.item_id ? 0 : -1,
            onclick: () => page.go({ hit: hit.item_id }, { replace: true }),
          },
          small ? h('img', { src: small, alt: '', loading: 'lazy', decoding: 'async' }) : h('span', {}, titleOf(hit).slice(0, 60)),
        );
      }),
    );
    const current = strip.querySelector('[aria-current]');
    if (current) strip.scrollLeft = current.offsetLeft - strip.clientWidth / 2 + current.clientWidth / 2;
    page.onshow(shown.hit, here);
  }

  return {
    open,
    close: () => root.open && root.close(),
    isOpen: () => root.open,
    redraw: () => shown && root.open && draw({ ...shown }),
    hit: () => shown?.hit ?? null,
    step,
    view,
  };
}

/** What stands on the stage. */
function mediaOf(hit, document) {
  const file = own(hit.original);
  const played = file && { controls: true, preload: 'metadata', src: hit.seconds ? `${file}#t=${hit.seconds}` : file, 'aria-label': titleOf(hit) };
  if (hit.kind === 'sound' && file) return h('div', { class: 'player' }, icon('sound'), h('audio', played));
  if (hit.kind === 'film' && file) return h('video', { ...played, poster: thumbnail(hit.thumbnail, 640) });
  if (hit.thumbnail) return large(hit);
  return reading(hit, document);
}

/** The thumbnail at once, the picture itself when it is there. */
function large(hit) {
  const image = h('img', { alt: titleOf(hit), src: thumbnail(hit.thumbnail, 640), draggable: 'false', width: hit.width, height: hit.height });
  // A small picture is shown at twice its size at most.
  if (hit.width) Object.assign(image.style, { maxWidth: `${2 * hit.width}px`, maxHeight: `${2 * hit.height}px` });
  const whole = original(hit.original);
  if (whole) {
    const better = new Image();
    better.decoding = 'async';
    better.src = whole;
    better.decode().then(() => (image.src = whole), () => {});
  }
  return image;
}

/** A text to read: its passages, that which was found first in view. */
function reading(hit, document) {
  const passages = (document?.document.items ?? []).filter((one) => one.text && one.modality === 'text' && (one.locator !== 'title' || one.item_id === hit.item_id));
  const parts = passages.length ? passages : [{ item_id: hit.item_id, text: hit.text ?? '' }];
  const made = parts.map((one) => {
    const here = one.item_id === hit.item_id;
    return h('p', { class: here && parts.length > 1 ? 'found' : '', dir: 'auto' }, ...(here ? markedIn(one.text, hit.snippet) : [plain(one.text)]));
  });
  const page = h('article', { class: 'reading', tabindex: 0, 'aria-label': 'Text' }, h('h2', {}, h('bdi', {}, titleOf(hit))), ...made);
  requestAnimationFrame(() => page.querySelector('.found')?.scrollIntoView({ block: 'center' }));
  return page;
}

/** `text` with the marks of its snippet, where that is found in it again. */
function markedIn(text, snippet) {
  const at = snippet ? text.indexOf(snippet.text) : -1;
  if (at < 0) return [plain(text)];
  const before = Array.from(text.slice(0, at)).length;
  return marked(text, snippet.highlights.map(([start, end]) => [start + before, end + before]));
}

/** A hit of what is known of an item that no search found. */
function bare(found) {
  const { document } = found;
  const of = document.items.find((one) => one.item_id === found.item_id) ?? document.items[0];
  const kind = found.kind ?? (found.thumbnail ? 'picture' : of.modality === 'audio' ? 'sound' : 'text');
  return {
    ...of,
    document_id: document.document_id,
    path: document.path,
    title: document.title,
    fields: document.fields,
    item_id: found.item_id,
    kind,
    thumbnail: found.thumbnail,
    original: found.original,
    width: found.width,
    height: found.height,
    snippet: null,
    copies: 0,
    explanation: [],
    before: found.before ?? [],
    after: found.after ?? [],
  };
}
