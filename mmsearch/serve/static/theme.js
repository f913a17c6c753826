// Light or dark: as the system has it, until somebody chooses.

import { iconButton } from './dom.js';

const NEXT = { '': 'dark', dark: 'light', light: '' };
const SAID = { '': 'Colors: as the system has them', dark: 'Colors: dark', light: 'Colors: light' };

/** The button that changes it; the choice is kept in this browser. */
export function theme() {
  let chosen = '';
  try {
    chosen = localStorage.getItem('mmsearch-theme') ?? '';
  } catch {
    // a browser that keeps nothing
  }
  const button = iconButton('theme', SAID[chosen] ?? SAID[''], () => put(NEXT[chosen] ?? ''));
  function put(next) {
    chosen = next in NEXT ? next : '';
    document.documentElement.dataset.theme = chosen;
    button.setAttribute('aria-label', SAID[chosen]);
    button.title = SAID[chosen];
    try {
      localStorage.setItem('mmsearch-theme', chosen);
    } catch {
      // as above
    }
  }
  put(chosen);
  return button;
}
