// What was found, in words: how many, how sure, and what to do when there is nothing.

import { $, h, plain } from './dom.js';
import { count, counted, label, value as written } from './format.js';
import { toggled } from './conditions.js';

/** The line above the results. */
export function drawStatus(model, { state }) {
  $('count').textContent = sentence(model, state);
  $('notes').textContent = model.notes.map(plain).join(' · ');
  $('notes').hidden = !model.notes.length;
  $('count').classList.toggle('unseen', model.nothing && model.asks && !state.guesses); // the page says it large
  $('end').textContent = model.more || !model.loaded || (model.nothing && model.asks && !state.guesses) ? '' : 'That is all.';
}

function sentence(model, state) {
  const limited = state.filters.length || state.modality;
  if (!model.asks) {
    const all = model.exact ? count(model.total) : `about ${count(model.total)}`;
    return limited ? `${all} pass the filters` : `${all} ${model.total === 1 ? 'item' : 'items'}`;
  }
  if (model.request[0] === '/recommend') return `${counted(model.total, 'item')}, most alike first`;
  if (model.nothing) return 'Nothing here matches';
  const about = model.exact ? '' : 'about ';
  return `${about}${counted(model.total, 'match', 'matches')}`.replace(/^a/, 'A');
}

/** What stands in the place of results, or before those of an empty box. */
drawStatus.empty = (model, { state, go, overview, tops }) => {
  const empty = $('empty');
  const ways = $('ways');
  ways.replaceChildren();
  empty.replaceChildren();
  if (!model) return;
  if (overview?.documents === 0) {
    empty.append(h('h2', {}, 'This index holds nothing yet'), h('p', {}, 'Give it a folder: ', h('code', {}, 'mmsearch index FOLDER')));
  } else if (model.nothing && model.asks && !state.guesses) {
    empty.append(
      h('h2', {}, 'Nothing here matches'),
      h('p', {}, state.filters.length || state.modality ? 'Nothing that passes the filters is more like it than chance would have it.' : 'Nothing in the collection is more like it than chance would have it.'),
      h(
        'p',
        { class: 'offers' },
        model.loaded ? h('button', { type: 'button', class: 'primary', onclick: () => go({ guesses: true }) }, 'Show the best guesses') : null,
        state.filters.length || state.modality ? h('button', { type: 'button', onclick: () => go({ filters: [], modality: '' }) }, 'Without the filters') : null,
      ),
    );
  } else if (!model.loaded) {
    empty.append(
      h('h2', {}, 'Nothing passes the filters'),
      h('p', { class: 'offers' }, h('button', { type: 'button', class: 'primary', onclick: () => go({ filters: [], modality: '', less: [] }) }, 'Without the filters')),
    );
  } else if (!model.asks && !state.filters.length && tops.length) {
    ways.append(
      ...tops.map(({ field, value, documents }) =>
        h(
          'button',
          { type: 'button', onclick: () => go({ filters: toggled(state.filters, field, value) }) },
          h('span', { class: 'chip-name' }, plain(label(field))),
          h('bdi', {}, plain(written(value)).slice(0, 60)),
          h('span', { class: 'facet-count' }, count(documents)),
        ),
      ),
    );
  }
};
