// Where the results are: dots on an outline of the world, on which a dragged rectangle filters.

import { area, name } from './conditions.js';
import { h, say, svg } from './dom.js';
import { coordinate, counted } from './format.js';

const NORTH = 84;
const SOUTH = -60;
const LEAST = 12; // degrees that the map shows at least, from west to east
const SHAPE = 0.56; // height by width
const STEPS = 24; // of a rectangle by keyboard, from one side of the map to the other

export function places(fields, { state, go }) {
  let dots = [];
  let view = { west: -180, north: NORTH, width: 360, height: NORTH - SOUTH };
  const land = svg('path', { class: 'land' });
  const marks = svg('g', { class: 'dots' });
  const choice = svg('rect', { class: 'chosen', width: 0, height: 0 });
  const map = svg('svg', { class: 'world', role: 'application', 'aria-roledescription': 'map', tabindex: 0, 'aria-label': 'Map' }, land, marks, choice);
  map.append(svg('title', {}, 'Drag a rectangle, or move one by arrows, size it with Shift, and press Enter'));
  const said = h('p', { class: 'chart-said', 'aria-hidden': 'true' });
  const whole = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => go({ filters: others() }) }, 'Whole world');
  const element = h('section', { class: 'chart places', hidden: true }, h('h3', {}, 'Places'), map, said, h('p', { class: 'chart-foot' }, whole));
  fetch('/static/world.json')
    .then((answer) => answer.json())
    .then(({ path, unit }) => {
      land.setAttribute('d', path);
      land.setAttribute('transform', `scale(${unit})`);
    })
    .catch(() => {}); // dots say something without an outline, too

  const mine = (one) => one.startsWith(`${name(fields[0])}:`) && one.includes(` AND `) && one.includes(`${name(fields[1])}:`);
  const others = () => state().filters.filter((one) => !mine(one));

  function draw(found, now) {
    dots = found;
    const limited = now.filters.some(mine);
    element.hidden = !found.length && !limited;
    whole.hidden = !limited;
    if (found.length) look();
    const most = Math.max(1, ...found.map((one) => one.documents));
    const unit = view.width / 260;
    marks.replaceChildren(
      ...[...found]
        .sort((a, b) => b.documents - a.documents)
        .map((one) => svg('circle', { cx: one.longitude, cy: -one.latitude, r: (2.1 + 4.4 * Math.sqrt(one.documents / most)) * unit })),
    );
    map.setAttribute('aria-label', `Map: ${counted(found.length, 'place')}. Arrows move a rectangle, with Shift they size it, Enter filters by it`);
    held = null;
  }

  /** Turn the map to what there is. */
  function look() {
    const sorted = (key) => dots.map((one) => one[key]).sort((a, b) => a - b);
    const longitudes = sorted('longitude');
    const latitudes = sorted('latitude');
    const [west, east] = [longitudes[0], longitudes.at(-1)];
    const [south, north] = [latitudes[0], latitudes.at(-1)];
    const width = Math.min(360, Math.max(LEAST, (east - west) * 1.25, ((north - south) * 1.3) / SHAPE));
    const height = Math.min(NORTH - SOUTH, width * SHAPE);
    const left = Math.min(180 - width, Math.max(-180, (west + east) / 2 - width / 2));
    const top = Math.max(SOUTH + height, Math.min(NORTH, (south + north) / 2 + height / 2));
    view = { west: left, north: top, width, height };
    map.setAttribute('viewBox', `${left} ${-top} ${width} ${height}`);
    map.style.aspectRatio = `${width} / ${height}`;
    land.style.strokeWidth = 5 * (width / 360);
  }

  const at = (event) => {
    const box = map.getBoundingClientRect();
    const share = (value, size) => Math.min(1, Math.max(0, value / size));
    return [view.west + share(event.clientX - box.left, box.width) * view.width, view.north - share(event.clientY - box.top, box.height) * view.height];
  };
  let start = null;
  const rectangle = (event) => {
    const [x, y] = at(event);
    return { west: Math.min(start[0], x), east: Math.max(start[0], x), south: Math.min(start[1], y), north: Math.max(start[1], y) };
  };
  const within = ({ west, east, south, north }) =>
    dots
      .filter((one) => one.longitude >= west && one.longitude <= east && one.latitude >= south && one.latitude <= north)
      .reduce((sum, one) => sum + one.documents, 0);
  const tell = (one) => {
    said.textContent = `${coordinate(one.north, one.west)} – ${coordinate(one.south, one.east)}: ${counted(within(one), 'item')}`;
  };
  const mark = (one) => {
    choice.setAttribute('x', one.west);
    choice.setAttribute('y', -one.north);
    choice.setAttribute('width', one.east - one.west);
    choice.setAttribute('height', one.north - one.south);
  };
  map.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    map.setPointerCapture(event.pointerId);
    start = at(event);
  });
  map.addEventListener('pointermove', (event) => {
    if (start === null) return;
    const one = rectangle(event);
    mark(one);
    tell(one);
  });
  map.addEventListener('pointerup', (event) => {
    if (start === null) return;
    let one = rectangle(event);
    start = null;
    choice.setAttribute('width', 0);
    said.textContent = '';
    const drawn = (one.east - one.west) / view.width > 0.02 || (one.north - one.south) / view.height > 0.03;
    if (!drawn) {
      // A click on the map is about the places nearest to it.
      const [x, y] = at(event);
      const reach = view.width * 0.04;
      one = { west: Math.max(-180, x - reach), east: Math.min(180, x + reach), south: Math.max(-90, y - reach), north: Math.min(90, y + reach) };
      if (!within(one)) return;
    }
    go({ filters: [...others(), area(fields, one)] });
  });
  let held = null; // the rectangle that the keyboard moves
  const clamped = ({ west, north, width, height }) => {
    const [wide, high] = [Math.min(Math.max(width, view.width / STEPS), view.width), Math.min(Math.max(height, view.height / STEPS), view.height)];
    const left = Math.min(Math.max(west, view.west), view.west + view.width - wide);
    const top = Math.min(Math.max(north, view.north - view.height + high), view.north);
    return { west: left, north: top, width: wide, height: high };
  };
  const sides = ({ west, north, width, height }) => ({ west, east: west + width, north, south: north - height });
  map.addEventListener('keydown', (event) => {
    if (!dots.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (x !== undefined) {
      const [dx, dy] = [(x * view.width) / STEPS, (y * view.height) / STEPS];
      if (!held) held = { west: view.west + view.width / 3, north: view.north - view.height / 3, width: view.width / 3, height: view.height / 3 };
      else if (event.shiftKey) held = { ...held, width: held.width + dx, height: held.height + dy };
      else held = { ...held, west: held.west + dx, north: held.north - dy };
      held = clamped(held);
      mark(sides(held));
      tell(sides(held));
      say(said.textContent);
    } else if (held && (event.key === 'Enter' || event.key === ' ')) {
      const one = sides(held);
      drop();
      go({ filters: [...others(), area(fields, one)] });
    } else if (held && event.key === 'Escape') drop();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const drop = () => {
    held = null;
    choice.setAttribute('width', 0);
    said.textContent = '';
  };
  map.addEventListener('blur', drop);
  map.addEventListener('pointercancel', () => {
    start = null;
    choice.setAttribute('width', 0);
  });

  return { element, draw };
}
