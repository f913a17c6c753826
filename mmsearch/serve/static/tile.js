// A hit as it stands in the grid.

import { h, icon, marked, plain } from './dom.js';
import { nameOf, placeOf } from './format.js';
import { thumbnail } from './service.js';

const KINDS = { picture: 'Picture', text: 'Text', sound: 'Sound', film: 'Film' };

export const keyOf = (hit) => `${hit.document_id}:${hit.item_id}`;
export const titleOf = (hit) => plain(hit.title || nameOf(hit.path));

/** An <li> with a link that opens the hit and a button that selects it. */
export function tile(hit, { address, onopen, onselect }) {
  const small = thumbnail(hit.thumbnail, 320);
  const shown = small ? pictureOf(hit, small) : card(hit);
  const link = h(
    'a',
    {
      class: 'hit',
      href: address,
      tabindex: -1,
      draggable: 'false',
      onclick: (event) => onopen(event, hit),
    },
    shown,
  );
  const select = h(
    'button',
    { type: 'button', class: 'select', tabindex: -1, 'aria-pressed': 'false', 'aria-label': `Select ${titleOf(hit)}`, onclick: (event) => onselect(event, hit) },
    icon('check'),
  );
  const made = h('li', { class: `tile ${small ? 'picture' : 'card'}${hit.beyond_chance ? ' guess' : ''}`, 'data-key': keyOf(hit) }, link, select);
  return made;
}

const kindOf = (hit) => `${KINDS[hit.kind] ?? 'Item'}${hit.found ? `, ${hit.beyond_chance ? 'no better than chance' : `strength ${Math.round(hit.strength)} of 100`}` : ''}`;

function pictureOf(hit, address) {
  const image = h('img', { alt: '', draggable: 'false', decoding: 'async', width: hit.width ?? 320, height: hit.height ?? 320 });
  const frame = h('span', { class: 'frame' }, image);
  image.addEventListener('load', () => frame.classList.add('there'));
  let tries = 2;
  image.addEventListener('error', () => {
    tries -= 1;
    if (tries) {
      // The service may only have been too busy: once more, if it is still to be seen by then.
      setTimeout(() => image.isConnected && (image.src = address), 1500);
      return;
    }
    frame.classList.add('missing');
    image.remove();
    frame.append(icon('picture'));
  });
  image.src = address;
  if (image.complete && image.naturalWidth) frame.classList.add('there');
  const said = hit.found === 'says' && hit.snippet ? h('span', { class: 'said' }, h('span', { dir: 'auto' }, words(around(hit.snippet)))) : null;
  const played = hit.kind === 'film' || hit.kind === 'sound';
  const badge = played || placeOf(hit) ? h('span', { class: 'badge' }, played ? icon(hit.kind) : null, part(hit)) : null;
  const told = h('span', { class: 'unseen' }, h('bdi', { class: 'named' }, titleOf(hit)), `. ${kindOf(hit)}. `);
  return [told, frame, badge, said ?? h('span', { class: 'name', 'aria-hidden': 'true' }, h('bdi', {}, titleOf(hit))), copies(hit)];
}

function card(hit) {
  const text = hit.snippet ?? { text: hit.text ?? '', highlights: [] };
  return [
    h('span', { class: 'card-title' }, icon(hit.kind in KINDS && hit.kind !== 'film' ? hit.kind : 'text'), h('bdi', { class: 'named' }, titleOf(hit)), part(hit), h('span', { class: 'unseen' }, `. ${kindOf(hit)}. `)),
    h('span', { class: 'card-text', dir: 'auto' }, words({ ...text, text: text.text.slice(0, 420) })),
    hit.title ? h('span', { class: 'card-foot' }, h('bdi', {}, plain(hit.path))) : null,
    copies(hit),
  ];
}

/** The part of a snippet that begins shortly before its first mark, for where there is little room. */
function around(snippet) {
  const first = snippet.highlights?.[0]?.[0] ?? 0;
  if (first < 60) return snippet;
  const signs = Array.from(snippet.text);
  const blank = signs.indexOf(' ', first - 40);
  const start = blank >= 0 && blank < first ? blank + 1 : first - 40;
  const highlights = snippet.highlights.map(([from, to]) => [from - start, to - start]);
  return { ...snippet, text: signs.slice(start).join(''), highlights, cut_before: true };
}

const words = (snippet) => [snippet.cut_before ? '… ' : '', ...marked(snippet.text, snippet.highlights), snippet.cut_after ? ' …' : ''];
const part = (hit) => (placeOf(hit) ? h('span', { class: 'part' }, plain(placeOf(hit))) : null);
const copies = (hit) => (hit.copies ? h('span', { class: 'copies' }, `+${hit.copies}`) : null);
