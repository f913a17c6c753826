// Rows that fill the width, each picture in its true shape. Pure.

const NARROWEST = 0.42; // width by height; what is beyond is cropped in the grid
const WIDEST = 3.4;
const CARD = 330; // pixels, of a text

/** Whether a hit stands in the grid as words. */
export const isCard = (hit) => hit.thumbnail === null;

/** The shape of a hit in the grid, where a row is `target` high. */
export function shape(hit, target) {
  if (isCard(hit)) return Math.max(1.45, CARD / target);
  const own = hit.width && hit.height ? hit.width / hit.height : 1;
  return Math.min(WIDEST, Math.max(NARROWEST, own));
}

/**
 * Rows of `shapes` in `width`: [{first, last, top, height, boxes: [{x, width}]}] and the height of all.
 * A row is broken where it comes nearest to `target`. The last one is not stretched, and left out if `open`: more of
 * it is to come.
 */
export function rows(shapes, width, target, gap, open = false) {
  const found = [];
  let first = 0;
  let sum = 0;
  let top = 0;
  const close = (last, total, height) => {
    const boxes = [];
    let x = 0;
    for (let at = first; at <= last; at += 1) {
      boxes.push({ x, width: shapes[at] * height });
      x += shapes[at] * height + gap;
    }
    found.push({ first, last, top, height, boxes });
    top += height + gap;
    first = last + 1;
    sum -= total;
  };
  const heightOf = (total, number) => (width - gap * (number - 1)) / total;
  for (let at = 0; at < shapes.length; at += 1) {
    const before = sum;
    sum += shapes[at];
    const height = heightOf(sum, at - first + 1);
    if (height > target) continue;
    const without = at > first ? heightOf(before, at - first) : Infinity;
    if (without / target < target / height) close(at - 1, before, without);
    if (first <= at && heightOf(sum, at - first + 1) <= target) close(at, sum, heightOf(sum, at - first + 1));
  }
  if (first < shapes.length && !(open && found.length)) {
    close(shapes.length - 1, sum, Math.min(target, heightOf(sum, shapes.length - first)));
  }
  return { rows: found, height: Math.max(0, top - gap), shown: first };
}

/** The first of the ascending `rows` that ends below `y`. */
export function rowAt(list, y) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].top + list[middle].height < y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How high rows are in a window of `width`. */
export const targetHeight = (width) => (width < 520 ? 128 : width < 900 ? 170 : width < 1500 ? 205 : 235);
