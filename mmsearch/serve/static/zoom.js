// A picture that can be drawn nearer: by wheel, pinch, double click and buttons; flicked to the next while it is whole.

const MOST = 12;

/** Make `stage` zoom the element that `image()` gives. `onflick` hears 'next', 'previous' and 'close'. */
export function zoom(stage, image, { onflick, onscale }) {
  let scale = 1;
  let x = 0;
  let y = 0;
  const fingers = new Map();
  let flick = null;

  function put() {
    const it = image();
    if (!it) return;
    const room = stage.getBoundingClientRect();
    const far = (size) => (size * (scale - 1)) / 2;
    x = Math.max(-far(room.width), Math.min(far(room.width), x));
    y = Math.max(-far(room.height), Math.min(far(room.height), y));
    it.style.transform = scale === 1 ? '' : `translate(${x}px, ${y}px) scale(${scale})`;
    stage.classList.toggle('zoomed', scale > 1);
    onscale(scale);
  }

  /** To `next` times its size, so that what is at (clientX, clientY) stays there. */
  function to(next, clientX, clientY) {
    const room = stage.getBoundingClientRect();
    const from = [(clientX ?? room.left + room.width / 2) - room.left - room.width / 2, (clientY ?? room.top + room.height / 2) - room.top - room.height / 2];
    const after = Math.min(MOST, Math.max(1, next));
    x = from[0] - ((from[0] - x) * after) / scale;
    y = from[1] - ((from[1] - y) * after) / scale;
    scale = after;
    put();
  }

  const reset = () => {
    scale = 1;
    x = y = 0;
    put();
  };
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  stage.addEventListener(
    'wheel',
    (event) => {
      if (!image()) return;
      event.preventDefault();
      to(scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.clientX, event.clientY);
    },
    { passive: false },
  );
  stage.addEventListener('dblclick', (event) => {
    if (!event.target.closest('button') && image()) to(scale > 1 ? 1 : 2.5, event.clientX, event.clientY);
  });
  stage.addEventListener('pointerdown', (event) => {
    if (event.button || event.target.closest('button, a, video, audio')) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (image() || event.pointerType === 'touch') flick = fingers.size === 1 && scale === 1 && event.pointerType === 'touch' ? { x: event.clientX, y: event.clientY } : null;
    if (scale > 1 || fingers.size > 1) stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    if (fingers.size === 2) {
      const old = spread();
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const now = spread();
      x += now.x - old.x;
      y += now.y - old.y;
      if (image()) to((scale * now.distance) / Math.max(1, old.distance), now.x, now.y);
      return;
    }
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (scale > 1) {
      x += event.clientX - before.x;
      y += event.clientY - before.y;
      put();
    } else if (flick && image()) {
      image().style.transform = `translateX(${event.clientX - flick.x}px)`;
    }
  });
  for (const gone of ['pointerup', 'pointercancel']) {
    stage.addEventListener(gone, (event) => {
      fingers.delete(event.pointerId);
      if (!flick) return;
      const [dx, dy] = [event.clientX - flick.x, event.clientY - flick.y];
      flick = null;
      if (image() && scale === 1) image().style.transform = '';
      if (gone === 'pointercancel') return;
      if (Math.abs(dx) > 50 && Math.abs(dx) > 1.5 * Math.abs(dy)) onflick(dx < 0 ? 'next' : 'previous');
      else if (dy > 110 && dy > 2 * Math.abs(dx)) onflick('close');
    });
  }
  return { to, reset, by: (factor) => to(scale * factor), scale: () => scale };
}
