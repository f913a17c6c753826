// The filters, where they lie over the results: on narrow windows.

import { $ } from './dom.js';

const NARROW = matchMedia('(max-width: 899px)');

/** Opens and closes them; what lies beneath can't be reached meanwhile. */
export function drawer() {
  const isOpen = () => document.body.classList.contains('filtering');

  function toggle() {
    const open = document.body.classList.toggle('filtering');
    const over = open && NARROW.matches;
    for (const one of [$('head'), $('main')]) one.inert = over;
    $('filters').setAttribute('aria-expanded', String(open));
    if (over) $('side').querySelector('button').focus();
    else if (!open) $('filters').focus();
  }

  NARROW.addEventListener('change', () => isOpen() && toggle());
  return { toggle, isOpen };
}
