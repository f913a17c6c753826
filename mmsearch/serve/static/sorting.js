// In which order the results come.

import { h, iconButton, icon } from './dom.js';
import { label } from './format.js';
import { asks } from './address.js';
import { split } from './conditions.js';

/** The control in `root`: it acts at once. */
export function sorting(root, stats, { go }) {
  const dates = stats.date_fields ?? [];
  const others = (stats.sort_fields ?? Object.keys(stats.fields ?? {})).filter((one) => !dates.includes(one) && !['path', 'title', 'added', 'relevance'].includes(one)).slice(0, 24);
  const select = h('select', { 'aria-label': 'Sorted by', onchange: () => go({ sort: select.value === NONE ? '' : select.value.startsWith('-') || !numeric(select.value) ? select.value : `-${select.value}` }) });
  const turn = iconButton('down', 'Turn the order around', () => go({ sort: turned(current(state)) }));
  root.replaceChildren(select, turn);
  let state = null;
  const numeric = (field) => ['integer', 'number'].includes(stats.fields?.[field]?.kind);

  const current = (of) => of.sort || (asked(of) ? 'relevance' : '-added');
  const asked = (of) => asks({ ...of, text: split(of.text).words });

  function draw(now) {
    state = now;
    const sort = current(now);
    const field = sort.replace(/^-/, '');
    const options = [
      ...(asked(now) ? [[NONE, 'Relevance', 'relevance']] : []),
      ...dates.map((one) => [`-${one}`, dates.length > 1 ? `By ${label(one)}` : 'Newest', one]),
      [asked(now) ? '-added' : NONE, 'Recently added', 'added'],
      ['path', 'Name', 'path'],
      ...others.map((one) => [one, `By ${label(one)}`, one]),
    ];
    if (!options.some(([, , of]) => of === field)) options.push([sort, `By ${label(field)}`, field]);
    select.replaceChildren(...options.map(([value, text, of]) => h('option', { value, selected: of === field }, text)));
    turn.hidden = field === 'relevance';
    const down = sort.startsWith('-');
    turn.replaceChildren(icon(down ? 'down' : 'up'));
    turn.setAttribute('aria-label', down ? 'Descending: turn around' : 'Ascending: turn around');
    turn.title = turn.getAttribute('aria-label');
    root.hidden = Boolean(now.like.length && !split(now.text).words && !now.pictures.length && !now.sounds.length);
  }
  return { draw };
}

const NONE = 'as-is';
const turned = (sort) => (sort.startsWith('-') ? sort.slice(1) : `-${sort}`);
