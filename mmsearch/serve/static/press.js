// A finger that rests on a tile selects it.

const LONG = 450; // milliseconds
const STILL = 10; // pixels

/** `onpress(tile)` hears of each; the click and the menu that would follow are left out. */
export function longPress(root, onpress) {
  let timer = 0;
  let start = null;
  let done = false;
  root.addEventListener('pointerdown', (event) => {
    done = false;
    const tile = event.target.closest('.tile');
    if (event.pointerType !== 'touch' || !tile) return;
    start = event;
    timer = setTimeout(() => {
      done = true;
      onpress(tile);
    }, LONG);
  });
  const stop = () => clearTimeout(timer);
  root.addEventListener('pointermove', (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > STILL) stop();
  });
  for (const gone of ['pointerup', 'pointercancel', 'pointerleave']) root.addEventListener(gone, stop);
  root.addEventListener('contextmenu', (event) => start && event.pointerType === 'touch' && event.preventDefault());
  root.addEventListener(
    'click',
    (event) => {
      if (!done) return;
      done = false;
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true },
  );
}
