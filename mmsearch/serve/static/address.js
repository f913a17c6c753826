// What is looked for, as one value, and as the address of the page. Pure.

export const NOTHING = Object.freeze({
  text: '',
  filters: [],
  modality: '',
  pictures: [],
  sounds: [],
  like: [],
  less: [],
  sort: '',
  guesses: false,
  hit: null,
});
const SENT = /^[0-9a-f]{32}$/; // names of files that the service keeps
const MOST = 20; // of each, in an address that may come from anybody

/** What the query part of an address asks for; what makes no sense is left out. */
export function read(search) {
  const given = new URLSearchParams(search);
  const some = (name, pattern) => [...new Set(given.getAll(name))].filter((one) => pattern.test(one)).slice(0, MOST);
  const numbers = (name) => some(name, /^\d{1,15}$/).map(Number);
  return {
    text: (given.get('q') ?? '').slice(0, 10000),
    filters: some('where', /\S/),
    modality: some('kind', /^(image|text|audio)$/)[0] ?? '',
    pictures: some('picture', SENT),
    sounds: some('sound', SENT),
    like: numbers('like'),
    less: numbers('less'),
    sort: given.get('sort') ?? '',
    guesses: given.has('guesses'),
    hit: numbers('hit')[0] ?? null,
  };
}

/** The address of `state`, within this site. */
export function write(state) {
  const given = new URLSearchParams();
  if (state.text.trim()) given.set('q', state.text.trim());
  for (const one of state.filters) given.append('where', one);
  if (state.modality) given.set('kind', state.modality);
  for (const one of state.pictures) given.append('picture', one);
  for (const one of state.sounds) given.append('sound', one);
  for (const one of state.like) given.append('like', one);
  for (const one of state.less) given.append('less', one);
  if (state.sort) given.set('sort', state.sort);
  if (state.guesses) given.set('guesses', '1');
  if (state.hit !== null) given.set('hit', state.hit);
  const written = given.toString();
  return written ? `/?${written}` : '/';
}

/** Whether anything is looked for, rather than the collection listed. */
export const asks = (state) => Boolean(state.text.trim() || state.pictures.length || state.sounds.length || state.like.length);
