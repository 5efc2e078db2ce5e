// Elements of the page, and what charts in SVG are made of: scales, axes and marks.

const SVG = "http://www.w3.org/2000/svg";

/** An element of a page, added to a parent if there is one. */
export function html(name, attributes, parent, text) {
  return filled(document.createElement(name), attributes, parent, text);
}

/** The same for a picture. */
export function svg(name, attributes, parent, text) {
  return filled(document.createElementNS(SVG, name), attributes, parent, text);
}

function filled(element, attributes, parent, text) {
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

/** What an act makes in its section, unfolded where there is room. A saved page has it already. */
export function made(root, markup) {
  root.querySelector(":scope > .made")?.remove();
  const body = html("div", { class: "made" }, root);
  body.innerHTML = markup;
  const wide = matchMedia("(min-width: 900px), print");
  const fold = () => body.querySelectorAll(".roomy").forEach((part) => { part.open = wide.matches; });
  wide.addEventListener("change", fold);
  fold();
  return body;
}

export function find(root, selector) {
  return root.querySelector(selector);
}

/** A picture; its label is what a screen reader says instead. */
export function chart(parent, width, height, label) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, parent);
}

/** From numbers between low and high to a place between from and to. */
export function scale(low, high, from, to) {
  return (value) => from + ((value - low) / (high - low || 1)) * (to - from);
}

/** Some round numbers from low to high. */
export function ticks(low, high) {
  const span = high - low, power = 10 ** Math.floor(Math.log10(span / 2));
  const every = [1, 2, 5, 10].map((m) => m * power).find((step) => span / step <= 4) ?? span;
  const result = [];
  for (let value = Math.ceil(low / every); value * every <= high; value += 1) result.push(value * every);
  return result;
}

/** A number as it is read: three digits, and a minus sign. */
export function tidy(value) {
  return Number(value.toPrecision(3)).toString().replace("-", "−");
}

/**
 * Axes with ticks, and the scales for a plane or a chart. Without a name, x has no numbers.
 * box: {left, right, top, bottom}, in pixels. xs, ys: from which number to which.
 */
export function axes(parent, box, xs, ys, names) {
  const x = scale(xs[0], xs[1], box.left, box.right), y = scale(ys[0], ys[1], box.bottom, box.top);
  const grid = (x1, x2, y1, y2) => svg("line", { x1, x2, y1, y2, class: "grid" }, parent);
  const write = (text, left, top, anchor) => {
    svg("text", { x: left, y: top, "text-anchor": anchor }, parent, text);
  };
  for (const value of ticks(Math.min(...xs), Math.max(...xs))) {
    grid(x(value), x(value), box.top, box.bottom);
    if (names[0]) write(tidy(value), x(value), box.bottom + 13, "middle");
  }
  for (const value of ticks(ys[0], ys[1])) {
    grid(box.left, box.right, y(value), y(value));
    write(tidy(value), box.left - 5, y(value) + 4, "end");
  }
  write(names[0], box.right, box.bottom + 26, "end");
  write(names[1], box.left, box.top - 6, "start");
  return { x, y };
}

/** The class of a carry: blue and orange in the style sheet. */
export function kind(carry) {
  return carry ? "carry" : "no-carry";
}

/** A round mark for no carry, a square one for a carry. */
export function mark(parent, x, y, carry, size, more = "") {
  const attributes = carry
    ? { x: x - size, y: y - size, width: 2 * size, height: 2 * size }
    : { cx: x, cy: y, r: size };
  return svg(carry ? "rect" : "circle", { ...attributes, class: `${kind(carry)} ${more}` }, parent);
}

/** The points of a polyline or a polygon. */
export function line(points) {
  return points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
}
