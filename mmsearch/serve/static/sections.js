// Which hits stand under which heading. Pure.

export const HEADINGS = {
  named: 'Named so',
  looks: 'Looks like it',
  says: 'Says it',
  sounds: 'Sounds like it',
  guess: 'Below this, chance would find as good',
};

/**
 * `sections` [{kind, heading, hits}] with the `hits` of a further page: above the line by what found them, the kind of
 * the best first, below it as they come. What stands there already never moves.
 */
export function extended(sections, hits, grouped) {
  const after = sections.map((one) => ({ ...one, hits: [...one.hits] }));
  const above = hits.filter((one) => !one.beyond_chance);
  const groups = new Map();
  const last = after.at(-1);
  if (last && above.length) groups.set(last.kind, []);
  for (const hit of above) {
    const kind = grouped && hit.found ? hit.found : 'all';
    groups.set(kind, [...(groups.get(kind) ?? []), hit]);
  }
  const several = [...groups.values()].filter((one) => one.length).length > 1;
  for (const [kind, found] of groups) add(after, kind, found, several || after.length > 0);
  add(after, 'guess', hits.filter((one) => one.beyond_chance), true);
  return after;
}

function add(sections, kind, hits, headed) {
  if (!hits.length) return;
  const last = sections.at(-1);
  if (last?.kind === kind) last.hits.push(...hits);
  else sections.push({ kind, heading: (headed && HEADINGS[kind]) || '', hits });
}
