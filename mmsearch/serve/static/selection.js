// Hits that were chosen, and what can be done with all of them.

import { counted } from './format.js';
import { h, icon, toast } from './dom.js';
import { exported } from './service.js';
import { keyOf } from './tile.js';

/** The selection, told in the bar `root`; `onchange(keys)` hears of it. */
export function selection(root, { onchange, onlike }) {
  const chosen = new Map(); // key → hit
  let anchor = null;

  function tell() {
    onchange(new Set(chosen.keys()));
    root.hidden = !chosen.size;
    if (!chosen.size) {
      root.replaceChildren();
      return;
    }
    if (root.firstChild) root.firstChild.textContent = `${counted(chosen.size, 'item')} selected`;
    else root.append(h('p', { role: 'status' }, `${counted(chosen.size, 'item')} selected`), ...buttons());
  }

  const buttons = () => [
    button('download', 'List (CSV)', () => save('csv')),
    button('download', 'List (JSON)', () => save('json')),
    button('download', 'Files (ZIP)', () => save('zip')),
    button('more', 'More like these', () => onlike([...chosen.values()])),
    button('close', 'Clear', clear),
  ];
  const button = (drawing, text, onclick) => h('button', { type: 'button', onclick }, icon(drawing), text);

  async function save(format) {
    root.classList.add('waiting');
    try {
      const { blob, name } = await exported([...chosen.values()].map((hit) => hit.item_id), format);
      const address = URL.createObjectURL(blob);
      h('a', { href: address, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (error) {
      toast(error.message);
    }
    root.classList.remove('waiting');
  }

  function toggle(hit) {
    const key = keyOf(hit);
    if (!chosen.delete(key)) chosen.set(key, hit);
    anchor = key;
    tell();
  }

  /** Everything in `order` from what was chosen last to `hit`. */
  function through(hit, order) {
    const to = order.findIndex((one) => keyOf(one) === keyOf(hit));
    const from = order.findIndex((one) => keyOf(one) === anchor);
    if (from < 0) {
      toggle(hit);
      return;
    }
    for (const one of order.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.set(keyOf(one), one);
    tell();
  }

  function clear() {
    chosen.clear();
    tell();
  }

  return {
    toggle,
    through,
    clear,
    all(order) {
      for (const hit of order) chosen.set(keyOf(hit), hit);
      tell();
    },
    has: (hit) => chosen.has(keyOf(hit)),
    size: () => chosen.size,
  };
}
