// What is written in the box: searched for as it comes, filters taken out as chips, and what is wrong with it.

import { split } from './conditions.js';
import { $, debounced } from './dom.js';

const PAUSE = 45; // milliseconds without a keystroke before a search
const PATIENCE = 700; // and before somebody who writes is told that it can't be read

/** Listen to `box`. `state()` is what is looked for, `go` changes it, `settled()` hears when a text is done. */
export function writing(box, { state, go, settled }) {
  const soon = debounced(PAUSE, () => box.value.trim() !== state().text.trim() && go({ text: box.value }, { words: true }));

  /** Filters that were typed among the words become chips. */
  function chips() {
    const { words, filters } = split(box.value);
    if (!filters.length) return;
    box.value = words && `${words} `;
    go({ text: words, filters: [...new Set([...state().filters, ...filters])] });
  }

  box.addEventListener('input', () => {
    if (/\s$/.test(box.value)) chips();
    soon();
  });
  box.addEventListener('blur', settled);
  $('search').addEventListener('submit', (event) => {
    event.preventDefault();
    chips();
    if (box.value.trim() !== state().text.trim()) go({ text: box.value });
    settled();
  });
}

let telling = 0;

/** Show what is wrong with the query, to one who is `typing` only after a while; null when nothing is. */
export function problem(text, typing = false) {
  clearTimeout(telling);
  const tell = () => {
    $('problem').textContent = text ?? '';
    $('problem').hidden = !text;
    $('box').setAttribute('aria-invalid', String(Boolean(text)));
  };
  if (text && typing) telling = setTimeout(tell, PATIENCE);
  else tell();
}
