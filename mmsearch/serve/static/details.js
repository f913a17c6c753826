// Everything that is known of a hit, beside it.

import { inFolder, isOneOf } from './conditions.js';
import { h, icon, marked, plain, toast } from './dom.js';
import { label, placeOf, value as written } from './format.js';
import { own, similar, thumbnail } from './service.js';
import { titleOf } from './tile.js';
import { why } from './why.js';

const SIMILAR = 12;
const MEASURED = new Set(['width', 'height', 'format', 'latitude', 'longitude', 'iso', 'aperture', 'exposure_time', 'focal_length']);
const likeness = new Map(); // what is similar to an item, by its number

/** The sections about `hit`; `document` is null until it is known. */
export function details(hit, document, page) {
  return [
    h('h2', { class: 'about-title' }, h('bdi', {}, titleOf(hit))),
    crumbs(hit, page),
    actions(hit, page),
    hit.explanation?.length ? why(hit) : page.explained() && !document ? h('section', { class: 'why waiting', 'aria-hidden': 'true' }) : null,
    texts(hit, document),
    fields(hit, page),
    copies(hit, document, page),
    alike(hit, page),
  ].filter(Boolean);
}

/** The folders of a path, each of which filters. */
function crumbs(hit, page) {
  const parts = hit.path.split('/');
  const folders = parts.slice(0, -1).map((name, n) => {
    const folder = parts.slice(0, n + 1).join('/');
    return h('span', {}, h('button', { type: 'button', title: `Only what is in ${plain(folder)}`, onclick: () => page.filter(inFolder(folder)) }, h('bdi', {}, plain(name))), '/');
  });
  const place = placeOf(hit);
  return h('p', { class: 'crumbs' }, ...folders, h('bdi', {}, plain(parts.at(-1))), place ? h('span', { class: 'part' }, plain(place)) : null);
}

function actions(hit, page) {
  const { like, less } = page.state();
  const act = (name, drawing, text, onclick, pressed) =>
    h('button', { type: 'button', 'data-act': name, 'aria-pressed': pressed === undefined ? null : String(pressed), onclick }, icon(drawing), text);
  const file = own(hit.original);
  return h(
    'div',
    { class: 'actions' },
    act('more', 'more', 'More like this', () => page.steer(hit, 'like'), like.includes(hit.item_id)),
    act('less', 'less', 'Less like this', () => page.steer(hit, 'less'), less.includes(hit.item_id)),
    act('select', 'check', 'Select', () => page.select(hit), page.selected(hit)),
    act('copy', 'copy', 'Copy path', () => copyPath(hit)),
    file ? h('a', { href: file, download: '', 'data-act': 'download' }, icon('download'), 'Download') : null,
  );
}

export async function copyPath(hit) {
  const path = hit.file ?? hit.path;
  try {
    await navigator.clipboard.writeText(path);
    toast('The path is copied');
  } catch {
    toast(plain(path)); // without the right to copy, it can be read
  }
}

/** Captions and titles of a picture, that which was found first; of a text all is on the stage. */
function texts(hit, document) {
  if (hit.kind === 'text') return null;
  const others = (document?.document.items ?? []).filter((one) => one.text && one.item_id !== hit.item_id).slice(0, 12);
  const own = hit.snippet?.text === hit.text ? marked(hit.text, hit.snippet.highlights) : [plain(hit.text ?? '')];
  const all = [...(hit.text ? [h('p', { dir: 'auto', class: 'found' }, ...own)] : []), ...others.map((one) => h('p', { dir: 'auto' }, plain(one.text)))];
  return all.length ? h('section', {}, h('h3', {}, 'It says'), ...all) : null;
}

function fields(hit, page) {
  const told = Object.entries(hit.fields ?? {}).filter(([, value]) => value !== null && value !== '');
  const rows = [...told.filter(([name]) => !MEASURED.has(name)), ...told.filter(([name]) => MEASURED.has(name))];
  if (!rows.length) return null;
  return h(
    'section',
    {},
    h('h3', {}, 'Fields'),
    h(
      'dl',
      {},
      ...rows.flatMap(([name, value]) => [
        h('dt', {}, plain(label(name))),
        h('dd', {}, h('button', { type: 'button', title: `Only with this ${plain(label(name))}`, onclick: () => page.filter(isOneOf(name, [value])) }, h('bdi', {}, plain(written(value)).slice(0, 300)))),
      ]),
    ),
  );
}

function copies(hit, document, page) {
  const others = (document?.copies ?? []).filter((one) => one.path !== hit.path);
  if (!others.length) return null;
  const open = (one) => h('button', { type: 'button', class: 'quiet', onclick: () => page.go({ hit: one.item_id }) }, h('bdi', {}, plain(one.path)));
  return h('section', {}, h('h3', {}, 'Copies'), h('ul', { class: 'copies-list' }, ...others.slice(0, 50).map((one) => h('li', {}, one.item_id ? open(one) : plain(one.path)))));
}

function alike(hit, page) {
  const list = h('div', { class: 'alike' });
  const section = h('section', { hidden: true }, h('h3', {}, 'Similar'), list);
  const draw = (hits) => {
    section.hidden = !hits.length;
    list.replaceChildren(
      ...hits.map((one) => {
        const small = thumbnail(one.thumbnail, 160);
        return h(
          'button',
          { type: 'button', 'aria-label': titleOf(one), title: titleOf(one), onclick: () => page.go({ hit: one.item_id }) },
          small ? h('img', { src: small, alt: '', loading: 'lazy', decoding: 'async' }) : h('span', {}, titleOf(one)),
        );
      }),
    );
  };
  const known = likeness.get(hit.item_id);
  if (known) draw(known);
  else {
    similar(hit.item_id, SIMILAR).then(
      (found) => {
        if (likeness.size > 60) likeness.clear();
        likeness.set(hit.item_id, found.hits);
        draw(found.hits);
      },
      () => {},
    );
  }
  return section;
}
