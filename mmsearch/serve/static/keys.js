// What can be done without a mouse, and the list of it.

import { $, h, iconButton } from './dom.js';

const ROWS = [
  ['/  or  Ctrl K', 'to the search box'],
  ['↑ ↓ ← →  or  h j k l', 'from hit to hit'],
  ['Enter', 'open it'],
  ['Esc', 'close; clear the selection; back to the box'],
  ['x  or  Space', 'select it; with Shift all up to it'],
  ['Ctrl A', 'select all that are shown'],
  ['+  and  −', 'more like it, less like it'],
  ['c', 'copy its path'],
  ['z  and  Z', 'nearer, farther (in the panel)'],
  ['f', 'filters'],
  ['← →  and  Enter', 'in a chart of dates: to a bar, with Shift over several; then only these'],
  ['?', 'this list'],
];
const WAYS = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', h: 'left', l: 'right', k: 'up', j: 'down' };

/** Listen to the keyboard for the `page`. */
export function keys(page) {
  const box = $('box');
  const help = $('help');
  help.append(
    h('div', { class: 'dialog-head' }, h('h2', { id: 'help-title' }, 'Keys'), iconButton('close', 'Close', () => help.close())),
    h('dl', {}, ...ROWS.flatMap(([key, what]) => [h('dt', {}, ...key.split('  ').map((one) => (/^(or|and)$/.test(one) ? ` ${one} ` : h('kbd', {}, one)))), h('dd', {}, what)])),
    h(
      'p',
      {},
      'In the box: ',
      h('code', {}, '"an exact phrase"'),
      ', ',
      h('code', {}, '-less of this'),
      ', ',
      h('code', {}, 'NOT any of this'),
      ', ',
      h('code', {}, '2:twice as much'),
      ', filters such as ',
      h('code', {}, 'year>=1990'),
      ' or ',
      h('code', {}, 'place:Paris'),
      '.',
    ),
  );
  help.addEventListener('click', (event) => event.target === help && help.close());

  window.addEventListener('keydown', (event) => {
    const typing = event.target.matches?.('input:not([type=file]), textarea, select');
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === 'k') return done(event, toBox());
    if (event.isComposing || event.altKey) return undefined;
    if (page.panelOpen()) return control ? undefined : inPanel(event);
    if (help.open || $('sign-in').open) return undefined;
    if (event.target === box) return inBox(event);
    if (typing) return undefined;
    if (control && event.key.toLowerCase() === 'a' && inGrid()) return done(event, page.selectAll());
    if (control) return undefined;
    return anywhere(event);
  });

  const done = (event) => event.preventDefault();
  const inGrid = () => Boolean(document.activeElement?.closest('#grid'));
  function toBox() {
    page.closePanel();
    box.focus({ preventScroll: true });
    box.select();
  }

  function inBox(event) {
    if (event.key === 'ArrowDown' && page.focusFirst()) done(event);
    else if (event.key === 'Escape') {
      done(event);
      if (box.value) page.clearBox();
      else box.blur();
    } else if (event.key === 'Backspace' && !box.value) page.dropGiven();
  }

  function anywhere(event) {
    const { key } = event;
    const hit = inGrid() ? page.current() : null;
    if (key === '/') done(event, toBox());
    else if (key === '?') done(event, help.showModal());
    else if (key === 'f' && !hit) done(event, page.toggleSide());
    else if (WAYS[key] && (inGrid() || event.target === document.body)) {
      if (!inGrid()) done(event, page.focusFirst());
      else if (page.move(WAYS[key])) done(event);
      else if (WAYS[key] === 'up') done(event, toBox());
    } else if (key === 'Escape') {
      if (page.sideOpen()) page.toggleSide();
      else if (page.selecting()) page.clearSelection();
      else toBox();
      done(event);
    } else if (hit && ((key === ' ' && !event.target.closest('.select')) || key.toLowerCase() === 'x')) {
      done(event, event.shiftKey ? page.selectThrough(hit) : page.select(hit));
    } else if (hit) onHit(event, hit);
  }

  function onHit(event, hit) {
    const { key } = event;
    if (key === '+' || key === '=') done(event, page.steer(hit, 'like'));
    else if (key === '-' || key === '−') done(event, page.steer(hit, 'less'));
    else if (key === 'c') done(event, page.copy(hit));
    else if (key === 'f') done(event, page.toggleSide());
  }

  function inPanel(event) {
    const { key, target } = event;
    if (target.matches?.('video, audio, input')) return;
    const reading = target.closest?.('.reading, .about, .scrolls');
    if (key === 'ArrowLeft' || key === 'h') done(event, page.step(-1));
    else if (key === 'ArrowRight' || key === 'l') done(event, page.step(1));
    else if ((key === 'ArrowUp' || key === 'k') && !reading) done(event, page.step(-1));
    else if ((key === 'ArrowDown' || key === 'j') && !reading) done(event, page.step(1));
    else if (key === 'z') done(event, page.zoom(1.6));
    else if (key === 'Z') done(event, page.zoom(1 / 1.6));
    else if (key === 'x') done(event, page.select(page.shown()));
    else onHit(event, page.shown());
  }
}
