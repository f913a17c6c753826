// Elements. What comes from the corpus goes in as text, never as markup.

const ICONS = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14m5 12 5 5',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15.5 8.5v.01',
  close: 'M6 6l12 12M18 6 6 18',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  check: 'M5 12.5l5 5 9-10',
  more: 'M12 5v14M5 12h14',
  less: 'M5 12h14',
  filter: 'M4 6h16M7 12h10M10 18h4',
  theme: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  text: 'M5 6h14M5 10h14M5 14h14M5 18h8',
  sound: 'M4 10v4h4l5 4V6L8 10zM16.5 9a4.5 4.5 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11',
  film: 'M4 5h16v14H4zM8 5v14M16 5v14M4 9h4M4 15h4M16 9h4M16 15h4',
};

/** An element with attributes, listeners (`onclick`) and children; texts become text nodes. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A drawing of one line, of the size of the text, for the eye alone. */
export const icon = (name) =>
  svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' }, svg('path', { d: ICONS[name] }));

/** A button with a name for those who can't see its drawing. */
export const iconButton = (name, label, onclick, attributes = {}) =>
  h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...attributes }, icon(name));

export const $ = (id) => document.getElementById(id);

/** `text` with its `highlights` ([start, end] in code points) as marks. */
export function marked(text, highlights) {
  const signs = Array.from(text);
  const pieces = [];
  let at = 0;
  for (const [start, end] of highlights ?? []) {
    pieces.push(plain(signs.slice(at, start).join('')), h('mark', {}, plain(signs.slice(start, end).join(''))));
    at = end;
  }
  return [...pieces, plain(signs.slice(at).join(''))];
}

// Characters that a page obeys instead of showing: controls, and what turns the direction of writing around.
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** `text` with such characters spelled out, as the command line does. */
export const plain = (text) =>
  String(text).replace(OBEYED, (sign) => (sign === '\r' ? '' : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`));

/** Say `text` to those who listen to the page. */
let saying = 0;
export function say(text) {
  clearTimeout(saying);
  saying = setTimeout(() => ($('said').textContent = text), 400);
}

/** Show `text` for a while at the bottom of the page, and say it. */
let showing = 0;
export function toast(text) {
  const it = $('toast');
  it.textContent = text;
  if (it.matches(':popover-open')) it.hidePopover();
  it.showPopover(); // above an open dialog, too
  say(text);
  clearTimeout(showing);
  showing = setTimeout(() => it.hidePopover(), 4000);
}

/** Run `work` once nothing asked for it for `pause` milliseconds. */
export function debounced(pause, work) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), pause);
  };
}
