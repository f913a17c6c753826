// Why a hit was found: what adds up to its score, as bars that go on where the one before them ends.

import { h, plain } from './dom.js';
import { chance } from './format.js';

const fixed = (number, digits = 3) => (Object.is(number, -0) ? 0 : number).toFixed(digits).replace('-', '−');

/** What a channel says, in words: [what it tells, of which part]. */
function told({ channel, part }) {
  const [from, to] = /(\w+)→(\w+)$/.exec(channel)?.slice(1) ?? [];
  const quoted = part ? `“${part.length > 60 ? `${part.slice(0, 60)}…` : part}”` : '';
  if (channel === 'exclusion') return ['Takes off', quoted];
  if (channel === 'name') return ['Named', quoted];
  if (channel === 'words') return ['Has the words', quoted];
  const of = from === 'text' ? quoted : from === 'image' ? 'the picture' : 'the sound';
  if (to === 'image') return ['Looks like', of];
  if (to === 'audio') return ['Sounds like', of];
  if (to === 'text') return ['Says something like', of];
  return [channel, quoted];
}

/** The section of `hit`, which has its `explanation`. */
export function why(hit) {
  const reasons = [...hit.explanation].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const gains = reasons.filter((one) => one.contribution >= 0);
  const losses = reasons.filter((one) => one.contribution < 0);
  const high = Math.max(1e-9, gains.reduce((sum, one) => sum + one.contribution, 0));
  let at = 0;
  const row = (reason) => {
    const start = at;
    at += reason.contribution;
    const [what, of] = told(reason);
    return h(
      'li',
      { class: reason.contribution < 0 ? 'loss' : 'gain' },
      h('span', { class: 'why-name' }, `${what} `, h('bdi', {}, plain(of))),
      h('span', { class: 'why-figure' }, `${reason.contribution < 0 ? '' : '+'}${fixed(reason.contribution)}`),
      bar(Math.min(start, at) / high, Math.abs(reason.contribution) / high),
    );
  };
  const rows = [...gains, ...losses].map(row);
  const sum = h(
    'li',
    { class: 'sum' },
    h('span', { class: 'why-name' }, 'Score'),
    h('span', { class: 'why-figure' }, `= ${fixed(hit.score)}`),
    bar(0, Math.max(0, hit.score) / high),
  );
  return h(
    'section',
    { class: 'why' },
    h('h3', {}, 'Why it was found'),
    h('ul', {}, ...rows, sum),
    h('p', { class: 'why-chance' }, `Strength ${Math.round(hit.strength)} of 100. ${chance(hit.expected_count)}`),
    figures(reasons),
  );
}

function bar(from, width) {
  const made = h('span', { class: 'why-bar' });
  made.style.left = `${Math.max(0, 100 * from)}%`;
  made.style.width = `${Math.min(100, 100 * width)}%`;
  return h('span', { class: 'why-track', 'aria-hidden': 'true' }, made);
}

function figures(reasons) {
  const columns = [
    ['channel', (one) => one.channel],
    ['raw', (one) => fixed(one.raw)],
    ['background', (one) => `${fixed(one.location)} ± ${fixed(one.scale)}`],
    ['above it', (one) => `${fixed(one.scales, 2)} ×`],
    ['evidence', (one) => fixed(one.evidence)],
    ['weight', (one) => fixed(one.weight, 2)],
    ['adds', (one) => fixed(one.contribution)],
  ];
  return h(
    'details',
    {},
    h('summary', {}, 'In figures'),
    h(
      'div',
      { class: 'scrolls', tabindex: 0, role: 'region', 'aria-label': 'The score in figures' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...columns.map(([name]) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, ...reasons.map((one) => h('tr', {}, ...columns.map(([, of]) => h('td', {}, plain(of(one))))))),
      ),
    ),
  );
}
