// Searches under way, and the models that their answers make.

import { asks, write } from './address.js';
import { extended } from './sections.js';
import { Refused, request, results } from './service.js';

const FIRST = 60;
const NEXT = 150;
const KEPT = 8; // models, for going back

/** The part of the address that a search depends on. */
export const searchOf = (state) => write({ ...state, hit: null, guesses: false });

/** Searches one after the other: an answer replaces only what was asked before it. */
export function searches({ onanswer, onproblem, onbusy }) {
  let asked = 0;
  let answered = 0;
  const running = new Map();
  const kept = new Map();
  let busy = 0;

  function settle(n) {
    for (const [older, controller] of running) {
      if (older >= n) continue;
      controller.abort();
      running.delete(older);
    }
  }

  /** Ask for what `state` says; `k` hits at first. */
  async function start(state, { k = FIRST, ...context } = {}) {
    const n = (asked += 1);
    const controller = new AbortController();
    running.set(n, controller);
    clearTimeout(busy);
    busy = setTimeout(() => onbusy(true), 180);
    try {
      const wanted = request(state);
      const found = await results(wanted, { k }, controller.signal);
      if (n < answered) return;
      answered = n;
      settle(n);
      const model = modelOf(state, wanted, found);
      keep(model);
      onanswer(model, { state, ...context });
    } catch (error) {
      if (controller.signal.aborted || n < answered) return;
      answered = n;
      onproblem(error, state);
    } finally {
      running.delete(n);
      if (!running.size) {
        clearTimeout(busy);
        onbusy(false);
      }
    }
  }

  function keep(model) {
    kept.delete(model.search);
    kept.set(model.search, model);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  }

  /** The next hits of `model`, or null when it has been replaced or there are none. */
  async function more(model) {
    const onwards = model.cursor ? { cursor: model.cursor } : { offset: model.loaded };
    let found;
    try {
      found = await results(model.request, { k: NEXT, ...onwards });
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 410) throw error;
      found = await results(model.request, { k: NEXT, offset: model.loaded });
    }
    const known = new Set(model.sections.flatMap((one) => one.hits.map((hit) => hit.document_id)));
    const hits = found.hits.filter((hit) => model.itemwise || !known.has(hit.document_id));
    return {
      ...model,
      sections: extended(model.sections, hits, model.grouped),
      loaded: model.loaded + found.hits.length,
      more: found.more && found.hits.length > 0,
      cursor: found.cursor ?? null,
    };
  }

  return {
    start,
    more,
    keep,
    kept: (state) => kept.get(searchOf(state)),
    forget: () => kept.clear(),
    /** What is under way is no longer waited for. */
    supersede() {
      answered = asked += 1;
      settle(asked);
    },
  };
}

function modelOf(state, wanted, found) {
  const ranked = asks(state) && (!wanted[1].sort || wanted[1].sort === 'relevance');
  return {
    search: searchOf(state),
    request: wanted,
    asks: asks(state),
    ranked,
    grouped: ranked,
    sections: extended([], found.hits, ranked),
    loaded: found.hits.length,
    total: found.total ?? found.hits.filter((hit) => !hit.beyond_chance).length,
    exact: found.total_is_exact ?? false,
    nothing: Boolean(found.nothing_matches) || !found.hits.length,
    searched: found.searched,
    seconds: found.seconds,
    notes: found.notes ?? [],
    more: Boolean(found.more),
    cursor: found.cursor ?? null,
    generation: found.generation,
    y: 0,
  };
}
