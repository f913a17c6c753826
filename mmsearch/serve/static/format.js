// Figures, dates and names as people read them.

const whole = new Intl.NumberFormat('en');
const months = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });

export const count = (n) => whole.format(n);
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** The last part of a path. */
export const nameOf = (path) => path.slice(path.lastIndexOf('/') + 1);

/** 2019-07 → Jul 2019, 2019-07-04 → 4 Jul 2019. */
export function date(text) {
  const [, year, month, day] = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?/.exec(text) ?? [];
  if (!month) return year ?? text;
  return `${day ? `${Number(day)} ` : ''}${months.format(Date.UTC(2000, month - 1))} ${year}`;
}

/** A field's value: numbers short, instants readable, lists with commas. */
export function value(given) {
  if (typeof given === 'number') return Number.isInteger(given) ? String(given) : String(Number(given.toFixed(5)));
  if (typeof given === 'boolean') return given ? 'yes' : 'no';
  const instant = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(given);
  return instant ? `${date(instant[1])}, ${instant[2]}` : String(given);
}

/** 75 → 1:15, 3675 → 1:01:15. */
export function clock(seconds) {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const two = (n) => String(n).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Where in its document a hit lies, as people say it: page 4, 1:15; nothing for the whole of it. */
export function placeOf(hit) {
  return [hit.part, hit.seconds ? clock(hit.seconds) : null].filter(Boolean).join(', ');
}

/** A field's name without its underscores. */
export const label = (field) => field.replaceAll('_', ' ');

/** How often chance would do as well: `expected` finds per search. */
export function chance(expected) {
  if (expected >= 0.95) {
    const each = expected < 10 ? expected.toFixed(1).replace(/\.0$/, '') : whole.format(Math.round(expected));
    return `An unrelated query would find ${each} as good in here.`;
  }
  if (expected <= 0) return 'Exactly what was asked for.';
  const searches = 1 / expected;
  if (searches > 1e9) return 'Chance would hardly ever find anything as good.';
  const round = 10 ** Math.max(0, Math.floor(Math.log10(searches)) - 1);
  return `Chance would find one as good in every ${whole.format(Math.round(searches / round) * round)} searches.`;
}

export const coordinate = (latitude, longitude) =>
  `${Math.abs(latitude).toFixed(1)}° ${latitude < 0 ? 'S' : 'N'}, ${Math.abs(longitude).toFixed(1)}° ${longitude < 0 ? 'W' : 'E'}`;
