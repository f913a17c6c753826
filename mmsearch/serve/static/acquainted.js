// What is known of items that chips are about, though no list may hold them any more.

import { item } from './service.js';

/** `of(id)` is a hit, or as much as is known of one; what is not known yet is asked for, and `onlearned` hears of it. */
export function acquainted(onlearned) {
  const known = new Map();

  async function learn(id) {
    known.set(id, null);
    const told = await item(id).catch(() => null);
    if (!told) return;
    known.set(id, { ...told.document, thumbnail: told.thumbnail });
    onlearned();
  }

  return {
    of(id) {
      if (!known.has(id)) learn(id);
      return known.get(id);
    },
    remember: (hits) => hits.forEach((hit) => known.set(hit.item_id, hit)),
  };
}
