// Filters in the query language: written, read, and told in words. Pure; docs/query-language.md has the language.

const BARE_NAME = /^[\p{L}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?$/u;
const BARE_VALUE = /^[\p{L}_](?:[\p{L}\p{N}_/-]|\.(?!\.))*$/u;
const SIMPLE = /^(-|NOT )?(`(?:[^`]|``)+`|[\p{L}_][\p{L}\p{N}_.-]*)(:|!=|<=|>=|=|<|>|~)(.+)$/su;
const NOT_A_FIELD = /^(https?|file|mailto)$/i;

export const name = (field) => (BARE_NAME.test(field) ? field : `\`${field.replaceAll('`', '``')}\``);

export function literal(value) {
  if (typeof value !== 'string') return String(value);
  const bare = BARE_VALUE.test(value) && !/^(true|false|and|or|not|in)$/i.test(value);
  return bare ? value : `"${value.replace(/(["\\])/g, '\\$1')}"`;
}

export const isOneOf = (field, values) =>
  values.length === 1 ? `${name(field)}:${literal(values[0])}` : `${name(field)}:(${values.map(literal).join(', ')})`;

export const between = (field, from, to) => `${name(field)}:${from}..${to}`;

/** The files beneath a folder; what a glob would take for a sign of its own stands in brackets. */
export const inFolder = (folder) => `path:${literal(`${folder.replace(/[[*?]/g, '[$&]')}/**`)}`;

/** A rectangle of the world. One that crosses the date line has two parts. */
export function area([latitude, longitude], { south, west, north, east }) {
  const side = (from, to) => `${name(longitude)}:${from.toFixed(3)}..${to.toFixed(3)}`;
  const across = west <= east ? side(west, east) : `(${side(west, 180)} OR ${side(-180, east)})`;
  return `${name(latitude)}:${south.toFixed(3)}..${north.toFixed(3)} AND ${across}`;
}

/** All of `filters` as one condition; undefined without any. */
export const all = (filters) =>
  filters.length ? filters.map((one) => (/ (OR|AND) /.test(one) ? `(${one})` : one)).join(' AND ') : undefined;

/** {field, operator, value, not} of a single comparison; null for anything else. */
export function read(filter) {
  if (/ (AND|OR) /.test(filter)) return null;
  const found = SIMPLE.exec(filter);
  if (!found || NOT_A_FIELD.test(found[2])) return null;
  const [, not, field, operator, value] = found;
  return { not: Boolean(not), field: field.startsWith('`') ? field.slice(1, -1).replaceAll('``', '`') : field, operator, value };
}

/** The values that `filters` choose of `field` by `isOneOf`, as they are written. */
export function chosen(filters, field) {
  for (const filter of filters) {
    const found = read(filter);
    if (!found || found.not || found.field !== field || found.operator !== ':' || /\.\.(?!")/.test(found.value)) continue;
    return found.value.startsWith('(') ? pieces(found.value.slice(1, -1), /[,]/).map((one) => one.trim()) : [found.value];
  }
  return [];
}

/** `filters` with `value` of `field` chosen, or no longer. */
export function toggled(filters, field, value) {
  const before = chosen(filters, field);
  const written = literal(value);
  const after = before.includes(written) ? before.filter((one) => one !== written) : [...before, written];
  const others = filters.filter((one) => !before.length || read(one)?.field !== field || read(one)?.operator !== ':' || read(one)?.not);
  if (!after.length) return others;
  return [...others, after.length === 1 ? `${name(field)}:${after[0]}` : `${name(field)}:(${after.join(', ')})`];
}

/** The words of `text` and the filters among them; what is unfinished or within quotes and parentheses stays a word. */
export function split(text) {
  const words = [];
  const filters = [];
  for (const piece of pieces(text, /\s/)) {
    const found = /^\w:\\/.test(piece) ? null : read(piece);
    if (found && closed(found.value)) filters.push(piece.replace(/^-/, 'NOT '));
    else words.push(piece);
  }
  return { words: words.join(' '), filters };
}

/** Whether all quotation marks and parentheses of `text` have their counterparts. */
function closed(text) {
  const bare = text.replace(/\\./gs, '').replace(/"[^"]*"|`[^`]*`/g, '');
  return !/["`]/.test(bare) && bare.split('(').length === bare.split(')').length;
}

/** `text` cut at the signs that match `between`, but not within quotation marks, backquotes or parentheses. */
function pieces(text, between) {
  const found = [''];
  let quote = '';
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '\\') {
      found[found.length - 1] += sign + (text[(at += 1)] ?? '');
      continue;
    }
    if (quote) quote = sign === quote ? '' : quote;
    else if (sign === '"' || sign === '`') quote = sign;
    else if (sign === '(') depth += 1;
    else if (sign === ')') depth -= 1;
    else if (depth <= 0 && between.test(sign)) {
      found.push('');
      continue;
    }
    found[found.length - 1] += sign;
  }
  return found.filter((one) => one !== '');
}

const SAID = { '=': '', ':': '', '!=': 'not ', '<': 'below ', '<=': 'up to ', '>': 'above ', '>=': 'from ', '~': 'has ' };

/** A filter in words, as its chip says it: [field, what of it]. */
export function inWords(filter, places) {
  if (places && filter.startsWith(`${name(places[0])}:`) && filter.includes(' AND ')) return ['place', 'within the rectangle'];
  const found = read(filter);
  if (!found) return ['', filter];
  const { field, operator, not } = found;
  const value = found.value.replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner) => inner.replace(/\\(.)/g, '$1'));
  if (field === 'path') return ['folder', value.replace(/\/\*\*$/, '').replace(/\[([[*?])\]/g, '$1')];
  const range = operator === ':' && !found.value.startsWith('"') && /^(.*)\.\.(.*)$/.exec(value);
  const told = range ? (range[1] === range[2] ? range[1] : `${range[1] || '…'} – ${range[2] || '…'}`) : SAID[operator] + value.replace(/^\((.*)\)$/s, '$1');
  return [field.replaceAll('_', ' '), (not ? 'not ' : '') + told];
}
