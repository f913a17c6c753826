// Another process has written to the index: show it, or offer to, for somebody who is looking further down.

import { $, h } from './dom.js';
import { generation } from './service.js';

const LOOKING = 1500; // milliseconds between looks
const TOP = 150; // pixels; further down results don't change by themselves

/** `shown()` is the generation that stands there, `calm()` whether nobody is busy with it, `renew(quiet)` shows the new. */
export function fresh({ shown, calm, renew }) {
  const now = () => {
    $('fresh').hidden = true;
    renew(window.scrollY < TOP);
  };

  async function look() {
    const before = shown();
    if (document.hidden || before === undefined) return;
    const changed = await generation().catch(() => undefined);
    if (changed === undefined || changed === shown()) return;
    if (window.scrollY < TOP && calm()) now();
    else if ($('fresh').hidden) {
      $('fresh').replaceChildren(h('button', { type: 'button', onclick: now }, 'The collection has changed: show it as it is now'));
      $('fresh').hidden = false;
    }
  }

  setInterval(look, LOOKING);
}
