// What limits and steers the results, as chips that can be taken away.

import { inWords } from './conditions.js';
import { h, icon, plain } from './dom.js';
import { own } from './service.js';
import { titleOf } from './tile.js';

/** The chips of `state` in `root`; `named(id)` tells what is known of an item; `go(patch)` changes the state. */
export function drawChips(root, state, { go, named, places }) {
  const focused = [...root.children].indexOf(document.activeElement?.closest?.('.chip'));
  const without = (list, one) => list.filter((other) => other !== one);
  const chips = [
    ...state.like.map((id) => steering('more', 'More like', id, named(id), () => go({ like: without(state.like, id) }))),
    ...state.less.map((id) => steering('less', 'Less like', id, named(id), () => go({ less: without(state.less, id) }))),
    ...state.filters.map((one) => {
      const [field, value] = inWords(one, places);
      return chip('filter', field, value, `Remove the filter ${field} ${value}`, () => go({ filters: without(state.filters, one) }), one);
    }),
  ];
  if (chips.length > 1) {
    chips.push(h('button', { type: 'button', class: 'clear', onclick: () => go({ filters: [], like: [], less: [] }) }, 'Clear all'));
  }
  root.replaceChildren(...chips);
  root.hidden = !chips.length;
  if (focused >= 0) (root.children[Math.min(focused, chips.length - 1)]?.querySelector('button') ?? document.getElementById('box')).focus();
}

function chip(kind, name, value, remove, onclick, title) {
  return h(
    'span',
    { class: `chip ${kind}`, title },
    name ? h('span', { class: 'chip-name' }, plain(name)) : null,
    h('bdi', {}, plain(value)),
    h('button', { type: 'button', 'aria-label': plain(remove), title: 'Remove', onclick }, icon('close')),
  );
}

function steering(kind, name, id, known, onclick) {
  const title = known ? titleOf(known) : `item ${id}`;
  const made = chip(kind, name, title, `No longer ${name.toLowerCase()} ${title}`, onclick);
  const small = own(known?.thumbnail)?.replace(/size=\d+/, 'size=160');
  made.prepend(small ? h('img', { src: small, alt: '', width: 24, height: 24 }) : icon(kind));
  return made;
}

/** The pictures and sounds that are searched by, before the words in the box. */
export function drawGiven(root, state, { go, uploading }) {
  const given = (kind, id, noun, shown) =>
    h(
      'span',
      { class: 'given' },
      shown,
      h(
        'button',
        { type: 'button', 'aria-label': `Remove the ${noun}`, title: 'Remove', onclick: () => go({ [kind]: state[kind].filter((one) => one !== id) }) },
        icon('close'),
      ),
    );
  const small = (id) => h('img', { src: `/api/v1/pictures/${id}`, alt: 'The picture that is searched by', width: 34, height: 34 });
  const heard = () => h('span', { class: 'heard', role: 'img', 'aria-label': 'The sound that is searched by' }, icon('sound'));
  root.replaceChildren(
    ...state.pictures.map((id) => given('pictures', id, 'picture', small(id))),
    ...state.sounds.map((id) => given('sounds', id, 'sound', heard())),
    ...(uploading ? [h('span', { class: 'given waiting', role: 'img', 'aria-label': 'The file is on its way' })] : []),
  );
}
