// What the page asks of the service. Bodies and answers are JSON; errors carry the sentence that the service wrote.

import { all, split } from './conditions.js';
import { asks } from './address.js';

const API = '/api/v1';

/** What went wrong: `status` (0 when nothing answered), `position` in the query where it is known. */
export class Refused extends Error {
  constructor(message, status, position = null) {
    super(message);
    Object.assign(this, { status, position });
  }
}

const RETRIES = 3;

async function ask(path, { signal, retries = RETRIES, ...options } = {}) {
  let answer;
  try {
    answer = await fetch(API + path, { credentials: 'same-origin', ...options, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused('The service does not answer. Is mmsearch serve still running?', 0);
  }
  if (answer.ok) return answer;
  if ([429, 503].includes(answer.status) && retries) {
    // Too much at once: the service says when to come again.
    await new Promise((later) => setTimeout(later, 1000 * Math.min(5, Number(answer.headers.get('Retry-After')) || 1)));
    signal?.throwIfAborted();
    return ask(path, { signal, retries: retries - 1, ...options });
  }
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(problem.detail || problem.title || `The service answered ${answer.status}.`, answer.status, problem.position);
}

const json = async (path, options) => (await ask(path, options)).json();
const sent = (body, signal) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
  signal,
});

/** Where `state` is asked for, and as what: [path, body]. Without words or files, what is liked recommends. */
export function request(state) {
  const { words, filters } = split(state.text);
  const limits = { where: all([...filters, ...state.filters]), modality: state.modality || undefined };
  if (!words.trim() && !state.pictures.length && !state.sounds.length && state.like.length) {
    return ['/recommend', { like: state.like.map((id) => `#${id}`), dislike: state.less.map((id) => `#${id}`), ...limits }];
  }
  // What only says what to leave out asks for nothing: it waits until something is looked for.
  const less = asks({ ...state, text: words }) ? state.less.map((id) => `-#${id}`) : [];
  const text = [...less, words.trim()].join(' ').trim();
  const body = { text: text || undefined, pictures: some(state.pictures), sounds: some(state.sounds), item: some(state.like), ...limits };
  if (state.sort && !(state.sort === 'relevance' && !asks({ ...state, text: words }))) body.sort = state.sort;
  return ['/search', body];
}
const some = (list) => (list.length ? list : undefined);

export const results = ([path, body], page, signal) => json(path, sent({ ...body, ...page }, signal));
/** The `hit` of a request's list again, with its reasons. */
export async function explained([path, body], hit) {
  const page = path === '/recommend' ? { k: hit.rank } : { k: 1, offset: hit.rank - 1 };
  const told = await results([path, { ...body, explain: true }], page);
  return told.hits.find((one) => one.document_id === hit.document_id) ?? null;
}

export const item = (id) => json(`/items/${id}`);
export const similar = (id, k) => json(`/items/${id}/similar?k=${k}`);
export const stats = () => json('/stats');
export const generation = async () => (await json('/health')).generation;
export const signIn = (token) => ask('/session', sent({ token }));

/** What `file` holds, kept by the service for a while: its name as one of `pictures`, or of `sounds`. */
export async function upload(file, kind) {
  const form = new FormData();
  form.append('file', file, file.name || 'file');
  const kept = await json(`/${kind}`, { method: 'POST', body: form });
  return kept.picture ?? kept.sound;
}

/** A file for the visitor: the list of `items`, or their originals. */
export async function exported(items, format) {
  const answer = await ask('/export', sent({ items, format }));
  const named = /filename="?([^";]+)/.exec(answer.headers.get('Content-Disposition') ?? '');
  return { blob: await answer.blob(), name: named ? named[1] : `mmsearch.${format}` };
}

/** An address that the service gave, if it is one of its own. */
export const own = (address) => (typeof address === 'string' && address.startsWith(`${API}/`) ? address : null);
export const thumbnail = (address, size) => own(address)?.replace(/size=\d+/, `size=${size}`) ?? null;
export const original = (address, download) => own(address) && address + (download ? '' : `${address.includes('?') ? '&' : '?'}view=1`);
