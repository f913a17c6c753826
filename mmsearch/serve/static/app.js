// The page: one state, its address, and the parts that show it.

import { acquainted } from './acquainted.js';
import { asks, NOTHING, read, write } from './address.js';
import { drawChips, drawGiven } from './chips.js';
import { copyPath } from './details.js';
import { $, debounced, h, icon, iconButton, say, toast } from './dom.js';
import { drawer } from './drawer.js';
import { fresh } from './fresh.js';
import { grid } from './grid.js';
import { keys } from './keys.js';
import { panel } from './panel.js';
import { given } from './given.js';
import { searches, searchOf } from './search.js';
import { selection } from './selection.js';
import { explained, stats } from './service.js';
import { side } from './side.js';
import { signIn } from './signin.js';
import { sorting } from './sorting.js';
import { drawStatus } from './status.js';
import { theme } from './theme.js';
import { problem, writing } from './writing.js';

const COUNTING = 160; // milliseconds after an answer, before the side is counted anew

let state = read(location.search);
let model = null;
let overview = null;
let parts = { update() {}, tops: () => [] };
let sort = { draw() {} };
let typing = false; // whether the address in the history is that of words still being typed
let uploading = false;
const known = acquainted(() => drawAround());

const box = $('box');
const found = grid($('grid'), {
  addressOf: (hit) => write({ ...state, hit: hit.item_id }),
  onopen: opened,
  onselect: (event, hit) => (event.shiftKey ? chosen.through(now(hit), found.order()) : chosen.toggle(now(hit))),
  onend: more,
});
const chosen = selection($('selection'), {
  onchange: (selected) => found.select(selected),
  onlike: (hits) => (chosen.clear(), known.remember(hits), go({ like: [...new Set([...state.like, ...hits.map((hit) => hit.item_id)])].slice(0, 20) })),
});
const looking = panel($('panel'), {
  around: () => ({ order: found.order(), at: found.find, total: model ? String(model.exact ? model.total : found.order().length) : '' }),
  go,
  wanted: () => state.hit,
  state: () => state,
  explained: () => model?.asks && model.ranked,
  explain: (hit) => explained(model.request, hit),
  steer: (hit, way) => steer(hit, way),
  select: (hit) => (chosen.toggle(hit), looking.redraw()),
  selected: (hit) => chosen.has(hit),
  filter: (condition) => go({ filters: [...state.filters.filter((one) => one !== condition), condition], hit: null }),
  onshow: (hit, at) => {
    known.remember([hit]);
    if (at > found.order().length - 10) more();
  },
  onclose: () => {
    const last = found.find(state.hit);
    if (state.hit !== null) go({ hit: null });
    if (last >= 0) found.focus(last);
  },
});
const search = searches({ onanswer: answered, onproblem: refused, onbusy: (yes) => ($('busy').hidden = !yes) });

/** Change the state by `patch`, and with it the address and the page. */
function go(patch, { replace = false, words = false } = {}) {
  const before = state;
  state = { ...state, ...patch };
  if ('text' in patch && !words && box.value.trim() !== state.text.trim()) box.value = state.text; // never while typing
  // What steers by things of the list that is left behind makes a list of its own: the line is drawn anew.
  if (!('guesses' in patch) && searchOf(state) !== searchOf(before)) state.guesses = false;
  const address = write(state);
  if (address !== location.pathname + location.search) {
    if (model) search.keep(Object.assign(model, { y: window.scrollY }));
    const saved = { y: 0, loaded: 0 };
    if (replace || (words && typing)) history.replaceState(saved, '', address);
    else {
      history.replaceState({ y: window.scrollY, loaded: model?.loaded ?? 0 }, '');
      history.pushState(saved, '', address);
    }
  }
  typing = words;
  follow(before);
}

/** Make the page show the state. */
function follow(before, { y, loaded } = {}) {
  drawAround();
  if (model?.search !== searchOf(state)) {
    const kept = y === undefined ? null : search.kept(state);
    if (kept) {
      search.supersede();
      answered(kept, { state, y });
    } else search.start(state, { k: loaded > 60 ? Math.min(loaded, 200) : undefined, y });
  } else if (state.guesses !== before.guesses) draw();
  if (state.hit === null) looking.close();
  else looking.open(state.hit);
}

/** Everything around the results. */
function drawAround() {
  drawChips($('chips'), state, { go, named: known.of, places: overview?.place_fields });
  drawGiven($('given'), state, { go, uploading });
  sort.draw(state);
  const words = state.text.trim();
  document.title = words ? `${words} · ${overview?.title ?? 'mmsearch'}` : (overview?.title ?? 'mmsearch');
}

function answered(next, { y, quiet = false } = {}) {
  const again = model?.search === next.search;
  model = next;
  problem(null);
  draw(again && quiet ? {} : { top: y ?? 0 });
  if (!quiet) say($('count').textContent);
  count();
}

const count = debounced(COUNTING, async () => {
  await parts.update(state);
  drawEmpty();
});

/** What went wrong with what the state `of` asks; of what is no longer asked nothing is told. */
function refused(error, of = state) {
  if (error.status !== 401 && searchOf(of) !== searchOf(state)) return;
  if (error.status === 401) signIn(() => (start(), search.start(state)));
  else if ([404, 410].includes(error.status) && (state.pictures.length || state.sounds.length)) {
    toast('That file is no longer kept by the service: drop it once more.');
    go({ pictures: [], sounds: [] }, { replace: true });
  } else problem(error.message, typing);
}

/** The model in the grid: what stands below the line only on request, where nothing stands above it. */
function draw(how = {}) {
  const hidden = model.nothing && model.asks && !state.guesses;
  found.show(hidden ? { sections: [], more: false } : model, how);
  drawStatus(model, { state });
  drawEmpty();
  drawAround();
  document.documentElement.dataset.shown = model.search === searchOf(state) ? write({ ...state, hit: null }) : '';
}

const drawEmpty = () => drawStatus.empty(model, { state, go, overview, tops: parts.tops() });

let fetching = false;
async function more() {
  if (fetching || !model?.more) return;
  fetching = true;
  const from = model;
  try {
    const next = await search.more(from);
    if (model === from) {
      model = next;
      search.keep(model);
      found.show(model, { focus: found.place() });
      drawStatus(model, { state });
    }
  } catch (error) {
    toast(error.message);
    if (model === from) model = { ...model, more: false };
  }
  fetching = false;
}

/** The hit that stands in the grid now under the key of `hit`. */
const now = (hit) => found.order()[found.find(hit.item_id)] ?? hit;

function opened(event, hit) {
  if (event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  if (event.shiftKey) chosen.through(now(hit), found.order());
  else if (chosen.size()) chosen.toggle(now(hit));
  else {
    found.focus(found.find(hit.item_id), { scroll: false });
    go({ hit: hit.item_id });
  }
}

/** More like a hit, or less; once more takes it back. */
function steer(hit, way) {
  const other = way === 'like' ? 'less' : 'like';
  known.remember([hit]);
  const taken = state[way].includes(hit.item_id);
  const patch = {
    [way]: taken ? state[way].filter((id) => id !== hit.item_id) : [...state[way], hit.item_id].slice(-20),
    [other]: state[other].filter((id) => id !== hit.item_id),
    hit: null,
  };
  go(patch);
  const waits = way === 'less' && !asks(state);
  toast(taken ? 'Taken back' : waits ? 'That will count once something is looked for' : way === 'like' ? 'More like it' : 'Less like it');
}

writing(box, {
  state: () => state,
  go,
  settled: () => (typing = false),
});
$('home').addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  box.value = '';
  go({ ...NOTHING });
  box.focus();
});

window.addEventListener('popstate', (event) => {
  const before = state;
  typing = false;
  state = read(location.search);
  box.value = state.text;
  follow(before, { y: event.state?.y ?? 0, loaded: event.state?.loaded ?? 0 });
});
history.scrollRestoration = 'manual';

given({
  button: $('choose'),
  input: $('file'),
  overlay: $('drop'),
  ongiven: (kind, id) => {
    looking.close();
    go({ pictures: [], sounds: [], [kind]: [id], hit: null });
  },
  onwaiting: (yes) => {
    uploading = yes;
    drawGiven($('given'), state, { go, uploading });
  },
});

const filters = drawer();

keys({
  panelOpen: looking.isOpen,
  closePanel: looking.close,
  shown: looking.hit,
  step: looking.step,
  zoom: looking.view.by,
  current: found.current,
  move: found.move,
  focusFirst: () => found.focus(found.place()),
  clearBox: () => ((box.value = ''), go({ text: '' })),
  dropGiven: () => (state.pictures.length || state.sounds.length) && go({ pictures: [], sounds: [] }),
  toggleSide: filters.toggle,
  sideOpen: filters.isOpen,
  selecting: () => chosen.size() > 0,
  clearSelection: chosen.clear,
  select: (hit) => (chosen.toggle(hit), looking.redraw()),
  selectThrough: (hit) => chosen.through(hit, found.order()),
  selectAll: () => chosen.all(found.order()),
  steer,
  copy: copyPath,
});

/** See what the index holds, and draw what depends on it. */
async function start() {
  try {
    overview = await stats();
  } catch (error) {
    refused(error);
    return;
  }
  parts = side($('side'), overview, { state: () => state, go, onclose: filters.toggle, oncount: counted });
  sort = sorting($('sorting'), overview, { go });
  if (model) draw();
  else drawAround();
  count();
}

/** How many there are in all, as counted for what the state `of` asks; another list may stand there by now. */
function counted(exact, of) {
  if (!model || model.search !== searchOf(of) || model.exact || exact.total === undefined || !model.asks) return;
  model = { ...model, total: exact.total, exact: exact.total_is_exact };
  search.keep(model);
  drawStatus(model, { state });
}

fresh({
  shown: () => model?.generation,
  calm: () => !looking.isOpen() && !chosen.size(),
  renew: (quiet) => {
    search.forget();
    search.start(state, { quiet });
    stats().then((now) => (overview = now), () => {});
  },
});

$('box-icon').append(icon('search'));
$('choose').append(icon('picture'));
$('tools').append(
  h('button', { type: 'button', id: 'filters', class: 'icon-button', 'aria-label': 'Filters', title: 'Filters (f)', 'aria-expanded': 'false', 'aria-controls': 'side', onclick: filters.toggle }, icon('filter')),
  theme(),
  iconButton('help', 'Keys (?)', () => $('help').showModal()),
);
box.value = state.text;
history.replaceState(history.state, '', write(state));
drawAround();
search.start(state, { y: history.state?.y, k: history.state?.loaded > 60 ? Math.min(200, history.state.loaded) : undefined });
if (state.hit !== null) looking.open(state.hit);
start();
