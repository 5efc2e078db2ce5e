const networks = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const MOST_BITS = 2000;
// On paper nothing scrolls: a sum is printed in blocks of so many columns.
const COLUMNS_ON_PAPER = 16;
const times = () => parseBetween(1, MOST_BITS - 2, byId("times").value, "n");
// What can be picked: the operands, and how many columns to read.
const EXAMPLES = {
  "an example": null,
  "1024 + 16": () => [1024, 16, 12],
  "13 + 12": () => [13, 12, 6],
  "2^81 - 1 + 2^80 + 1": () => ["2^81 - 1", "2^80 + 1", 83],
  "random, 20 bits": () => [randomNumber(20), randomNumber(20), 21],
  "a carry, then n times 1+0": (n = times()) => [`2^${n + 1} - 1`, 1, n + 2],
  "a carry, then n times 0+0": (n = times()) => [1, 1, n + 1],
};

// What is shown. columns[i] holds those of network i; `column` of them have been read.
const shown = { a: 13n, b: 12n, bits: 6, column: 0, columns: [] };
let timer = null, writing = null, blockLength = Infinity;

function randomNumber(bits) {
  const bytes = crypto.getRandomValues(new Uint32Array(1));
  return BigInt(bytes[0]) % (2n ** BigInt(bits));
}

// A number as it is typed: 13, or 2^81 - 1.
function parseNumber(text, name) {
  const refusal = new Error(`${name} must be a whole number from 0 to 2^${MOST_BITS} - 1, such as 13 or 2^81 - 1`);
  let number = 0n;
  for (const term of text.replace(/\s*([-+^])\s*/g, "$1").trim().split(/(?=[-+])/)) {
    const parts = term.match(/^([-+]?)(\d+)(?:\^(\d+))?$/);
    // A number that is longer is too large.
    if (!parts || parts[2].length * (parts[3] || 1) > MOST_BITS) throw refusal;
    const value = BigInt(parts[2]) ** BigInt(parts[3] || 1);
    number += parts[1] === "-" ? -value : value;
  }
  if (number < 0n || number >= 2n ** BigInt(MOST_BITS)) throw refusal;
  return number;
}

function parseBetween(least, most, text, name) {
  if (!/^\d+$/.test(text) || text < least || text > most) {
    throw new Error(`${name} must be a whole number from ${least} to ${most}`);
  }
  return Number(text);
}

function lengthOf(number) {
  return number.toString(2).length;
}

// Show a sum, as it is typed. bits: how many columns; by default as many as the sum needs.
function setSum(typedA, typedB, bits, column = 0) {
  const a = parseNumber(`${typedA}`, "a"), b = parseNumber(`${typedB}`, "b"), least = lengthOf(a + b);
  if (least > MOST_BITS) throw new Error(`a + b must be at most 2^${MOST_BITS} - 1`);
  bits = parseBetween(least, MOST_BITS, bits ?? least, "the number of columns for a + b");
  Object.assign(shown, { a, b, bits, column: parseBetween(0, bits, column, "column") });
  shown.columns = networks.map((network) => addWith(network, a, b, bits));
  byId("a").value = typedA;
  byId("b").value = typedB;
  byId("bits").value = bits;
  byId("column").max = bits;
  networks.forEach((network, i) => drawSum(network, shown.columns[i]));
  goTo(shown.column);
}

// Call a function, and say what is wrong if it refuses what was typed. Returns whether it does not.
function trying(act) {
  stop();
  byId("problem").textContent = "";
  try {
    act();
    return true;
  } catch (error) {
    byId("problem").textContent = error.message;
    return false;
  }
}

function readLink(hash) {
  // In an address a form writes a space as a plus; here a plus is one.
  const given = new URLSearchParams(hash.slice(1).replaceAll("+", "%2B"));
  const word = (name, otherwise) => given.get(name) ?? otherwise;
  if (trying(() => setSum(word("a", 13), word("b", 12), word("bits"), word("column")))) return;
  const problem = byId("problem").textContent;
  setSum(13, 12);
  byId("problem").textContent = `The link can't be read: ${problem}. This is 13 + 12.`;
}

// The link holds what is shown. Safari refuses to change it more than 100 times in half a minute, and
// a page inside another may not change it at all.
function writeLink() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    const { a, b, bits, column } = shown;
    try {
      // A <base> does not move this page.
      history.replaceState(null, "", `${location.href.split("#")[0]}#a=${a}&b=${b}&bits=${bits}&column=${column}`);
    } catch { /* Without a link, the rest works. */ }
  }, 400);
}

function goTo(column) {
  shown.column = column;
  byId("column").value = column;
  byId("column").setAttribute("aria-valuetext", `${column} of ${shown.bits} columns read`);
  networks.forEach((network, i) => drawColumn(network, shown.columns[i], column));
  byId("said").textContent = inWords(column);
  writeLink();
}

function inWords(column) {
  if (column === 0) return "No column has been read yet, and the state is zero.";
  const c = shown.columns[0][column - 1];
  const carry = c.carryIn ? " and a carry" : "";
  return `Column ${column - 1}: ${c.a} + ${c.b}${carry} make ${c.total}. `
    + `Write ${c.bit}, ${c.carry ? "and carry 1" : "and carry nothing"}.`;
}

function move(by) {
  stop();
  goTo(Math.min(Math.max(0, shown.column + by), shown.bits));
}

function stop() {
  clearInterval(timer);
  timer = null;
  byId("play").textContent = "Play";
  byId("said").setAttribute("aria-live", "polite");
}

function play() {
  if (timer) return stop();
  if (shown.column === shown.bits) goTo(0);
  byId("play").textContent = "Pause";
  // A screen reader can't keep up.
  byId("said").setAttribute("aria-live", "off");
  // A long sum takes as long as a short one.
  const columns = Math.ceil(shown.bits / 100);
  timer = setInterval(() => {
    goTo(Math.min(shown.column + columns, shown.bits));
    if (shown.column === shown.bits) stop();
  }, Math.max(80, 800 / Math.sqrt(shown.bits)));
}

// Drawing

function html(name, attributes, parent, text) {
  return filled(document.createElement(name), attributes, parent, text);
}

function svg(name, attributes, parent, text) {
  return filled(document.createElementNS(SVG, name), attributes, parent, text);
}

function filled(element, attributes, parent, text) {
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

function chart(parent, width, height, label) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, parent);
}

// From numbers between low and high to a place between from and to.
function scale(low, high, from, to) {
  return (value) => from + ((value - low) / (high - low || 1)) * (to - from);
}

function ticks(low, high) {
  const span = high - low, power = 10 ** Math.floor(Math.log10(span / 2));
  const every = [1, 2, 5, 10].map((m) => m * power).find((step) => span / step <= 4);
  const result = [];
  for (let value = Math.ceil(low / every); value * every <= high; value += 1) result.push(value * every);
  return result;
}

const tidy = (value) => Number(value.toPrecision(3)).toString().replace("-", "−");

// Axes with ticks, and the scales for a plane or a chart. Without a name, x has no numbers.
function axes(parent, box, xs, ys, names) {
  const x = scale(...xs, box.left, box.right), y = scale(...ys, box.bottom, box.top);
  for (const value of ticks(...xs)) {
    svg("line", { x1: x(value), x2: x(value), y1: box.top, y2: box.bottom, class: "grid" }, parent);
    if (names[0]) svg("text", { x: x(value), y: box.bottom + 13, "text-anchor": "middle" }, parent, tidy(value));
  }
  for (const value of ticks(...ys)) {
    svg("line", { x1: box.left, x2: box.right, y1: y(value), y2: y(value), class: "grid" }, parent);
    svg("text", { x: box.left - 5, y: y(value) + 4, "text-anchor": "end" }, parent, tidy(value));
  }
  svg("text", { x: box.right, y: box.bottom + 27, "text-anchor": "end" }, parent, names[0]);
  svg("text", { x: box.left, y: box.top - 6 }, parent, names[1]);
  return { x, y };
}

const kind = (carry) => (carry ? "carry" : "no-carry");

// A round mark for no carry, a square one for a carry.
function mark(parent, x, y, carry, size, more = "") {
  const attributes = carry
    ? { x: x - size, y: y - size, width: 2 * size, height: 2 * size }
    : { cx: x, cy: y, r: size };
  return svg(carry ? "rect" : "circle", { ...attributes, class: `${kind(carry)} ${more}` }, parent);
}

function line(points) {
  return points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
}

// What stays the same for a network, whatever the sum.
function drawNetwork(network) {
  const card = html("section", { "aria-label": network.name }, byId("networks"));
  html("h2", {}, card, network.name);
  html("p", {}, card, network.about);
  const view = { card };
  view.said = html("p", { class: "said" }, card);
  view.sum = html("pre", { tabindex: 0, "aria-label": "the sum in base two" }, card);
  html("h3", {}, card, "Output, and the units of the state, column by column");
  view.strip = html("div", {}, card);
  html("h3", {}, card, network.planes.length > 1 || network.stateSize === 2
    ? "The state in the plane" : "The state in the plane in which states differ most");
  html("p", { class: "caption" }, card, "The small dots are states in random sums. The large mark is the state now; its colour is the right carry out of this column.");
  view.planes = network.planes.map((plane) => drawPlane(card, network, plane));
  view.ball = html("p", {}, card);
  html("h3", {}, card, "What it computes in this column, unit by unit");
  if (network.cell === "gru") html("p", { class: "caption" }, card, "The update gate says how much of a unit is replaced by the candidate, the reset gate how much of it the candidate may use.");
  view.bars = html("div", {}, card);
  if (network.losses) drawLosses(card, network.losses);
  network.view = view;
}

function place(plane, h) {
  return plane.directions.map((direction) => direction.reduce((sum, d, i) => sum + d * (h[i] - plane.centre[i]), 0));
}

function drawPlane(card, network, plane) {
  const picture = chart(card, 360, 300, `the states of random sums in a plane, with the path of this sum`);
  const box = { left: 40, right: 350, top: 22, bottom: 265 };
  const all = [...plane.cloud, ...plane.balls.flatMap((b) => [[b.x - b.rx, b.y - b.rx], [b.x + b.rx, b.y + b.rx]]), place(plane, new Array(network.stateSize).fill(0))];
  const range = (i) => {
    const values = all.map((p) => p[i]), low = Math.min(...values), high = Math.max(...values);
    return [low - 0.06 * (high - low), high + 0.06 * (high - low)];
  };
  const { x, y } = axes(picture, box, range(0), range(1), plane.names);
  plane.cloud.forEach(([px, py, carry]) => mark(picture, x(px), y(py), carry, 1.7, "cloud"));
  // An ellipse in the plane, as points, since the two scales differ.
  const balls = plane.balls.map((ball) => {
    const points = [];
    for (let i = 0; i < 48; i += 1) {
      const t = (2 * Math.PI * i) / 48, u = ball.rx * Math.cos(t), v = ball.ry * Math.sin(t);
      const c = Math.cos(ball.angle), s = Math.sin(ball.angle);
      points.push([x(ball.x + u * c - v * s), y(ball.y + u * s + v * c)]);
    }
    return svg("polygon", { points: line(points), class: `ball ${kind(ball.carry)}` }, picture);
  });
  // Their numbers, if there is room for them.
  if (balls.length <= 6) {
    plane.balls.forEach((ball, i) => svg("text", { x: x(ball.x) - 12, y: y(ball.y) + 4, "text-anchor": "end", class: "name" }, picture, i ? `${i}` : "start"));
  }
  for (const carry of [0, 1]) {
    const of = plane.cloud.filter((p) => p[2] === carry);
    if (!of.length) continue;
    const left = of.reduce((sum, p) => sum + p[0], 0) / of.length;
    const tops = plane.balls.slice(1).map((ball) => (ball.carry === carry ? ball.y + ball.rx : -Infinity));
    const top = Math.max(...of.map((p) => p[1]), ...tops);
    const anchor = x(left) > 320 ? "end" : x(left) < 70 ? "start" : "middle";
    svg("text", { x: x(left), y: y(top) - 7, "text-anchor": anchor, class: "name" }, picture, carry ? "carry" : "no carry");
  }
  const path = svg("polyline", { class: "path" }, picture);
  const dot = svg("g", {}, picture);
  return { plane, x, y, balls, path, dot };
}

// What changes with the sum.
function drawSum(network, columns) {
  const { strip } = network.view;
  strip.replaceChildren();
  const picture = chart(strip, 360, 210, "the output in each column, and the value of each unit");
  const wide = { left: 40, right: 350 };
  const xs = [-0.5, columns.length - 0.5];
  const outputs = columns.map((c) => c.output);
  const ys = [Math.min(-0.2, ...outputs), Math.max(1.2, ...outputs)];
  const above = axes(picture, { ...wide, top: 18, bottom: 90 }, xs, ys, ["", "output"]);
  if (!ticks(...ys).includes(0.5)) svg("text", { x: 35, y: above.y(0.5) + 4, "text-anchor": "end" }, picture, "0.5");
  svg("line", { x1: 40, x2: 350, y1: above.y(0.5), y2: above.y(0.5), class: "threshold" }, picture);
  network.view.outputs = columns.map((c, k) => {
    const size = columns.length > 60 ? 1.2 : 3, px = above.x(k), py = above.y(c.output);
    if (c.written !== c.bit) {
      return svg("path", { d: `M${px - 5},${py - 5}l10,10m0,-10l-10,10`, class: "cross" }, picture);
    }
    return svg("circle", { cx: px, cy: py, r: size, class: "output" }, picture);
  });
  const below = axes(picture, { ...wide, top: 112, bottom: 182 }, xs, [-1.05, 1.05], ["column", "units"]);
  const limit = Math.min(network.stateSize, network.weights.W_output.length);
  for (let unit = 0; unit < limit; unit += 1) {
    const points = [[-0.5, 0], ...columns.map((c, k) => [k, c.h[unit]])];
    svg("polyline", { points: line(points.map(([k, value]) => [below.x(k), below.y(value)])), class: "unit" }, picture);
  }
  network.view.now = svg("line", { y1: 14, y2: 182, class: "now" }, picture);
  network.view.xOf = below.x;
  picture.addEventListener("click", (event) => {
    const at = picture.getBoundingClientRect(), share = (event.clientX - at.left) / at.width;
    const k = Math.round(((share * 360 - 40) / 310) * columns.length - 0.5);
    stop();
    goTo(Math.min(Math.max(0, k + 1), columns.length));
  });
}

// What changes with the column.
function drawColumn(network, columns, read) {
  const view = network.view, c = read > 0 ? columns[read - 1] : null;
  const h = c ? c.h : new Array(network.stateSize).fill(0);
  view.said.replaceChildren();
  if (c) {
    const right = c.written === c.bit;
    html("span", {}, view.said, `Output ${c.output.toFixed(3)}: it writes ${c.written}, `);
    html("strong", { class: right ? "" : "wrong" }, view.said, right ? "which is right." : `✕ wrong; it should be ${c.bit}.`);
    const first = columns.slice(0, read).findIndex((other) => other.written !== other.bit);
    if (right && first >= 0) html("span", {}, view.said, ` (The first wrong column was ${first}.)`);
  } else {
    html("span", {}, view.said, "Nothing has been read yet.");
  }
  drawDigits(view.sum, columns, read);
  view.now.setAttribute("x1", view.xOf(read - 1));
  view.now.setAttribute("x2", view.xOf(read - 1));
  view.now.classList.toggle("hidden", !c);
  view.outputs.forEach((output, k) => output.classList.toggle("ahead", k >= read));
  for (const { plane, x, y, balls, path, dot } of view.planes) {
    const states = [new Array(network.stateSize).fill(0), ...columns.slice(0, read).map((column) => column.h)];
    const places = states.map((state) => place(plane, state)).map(([u, v]) => [x(u), y(v)]);
    path.setAttribute("points", line(places));
    dot.replaceChildren();
    if (places.length < 60) places.forEach((at, k) => mark(dot, ...at, k && columns[k - 1].carry, 2.2));
    mark(dot, ...places[read], c ? c.carry : 0, 5, "here");
    balls.forEach((ball, i) => ball.classList.toggle("lit", i === (c ? c.ball : 0)));
  }
  if (network.certificate) view.ball.textContent = ballInWords(network.certificate, h, c ? c.ball : 0);
  drawBars(view.bars, network, c, h);
}

// The ball of the proof in which the state must be, and where it is there.
function ballInWords(certificate, h, ball) {
  const leads = certificate.targets[ball].map((to, pair) => `${pair >> 1}+${pair & 1} to ball ${to}`).join(", ");
  const onwards = `From anywhere in it, ${leads}.`;
  if (ball === 0) return `The proof begins here. ${onwards}`;
  const off = h.map((value, i) => value - certificate.states[ball][i]);
  const inNorm = off.map((_, j) => off.reduce((sum, value, i) => sum + value * certificate.norm[i][j], 0));
  const distance = Math.hypot(...inNorm), radius = certificate.radii[ball];
  const carry = certificate.carries[ball] ? "carry" : "no carry";
  return `The proof says that the state is now in ball ${ball} (${carry}, wrote ${certificate.bits[ball]}): `
    + `at most ${tidy(radius)} from its centre. It is ${tidy(distance)} from it. ${onwards}`;
}

function drawDigits(parent, columns, read) {
  const hidden = (digit) => (c, k) => (k < read ? digit(c) : "·");
  const atEnd = (name) => (read === columns.length ? valueOf(columns, name) : "");
  const rows = [
    ["a", (c) => c.a, `${shown.a}`],
    ["b", (c) => c.b, `${shown.b}`],
    ["carry in", hidden((c) => c.carryIn), ""],
    ["writes", hidden((c) => c.written), atEnd("written")],
    ["true", hidden((c) => c.bit), atEnd("bit")],
    ["wrong", (c, k) => (k < read && c.written !== c.bit ? "^" : " "), ""],
  ];
  const put = (text, name = "span", attributes = {}) => html(name, attributes, parent, text);
  const putName = (name) => put(`${name.padStart(8)}  `, "span", { class: "row" });
  const onPaper = blockLength < Infinity;
  parent.replaceChildren();
  // The highest column stands on the left, as on paper.
  for (let high = columns.length; high > 0; high -= blockLength) {
    const low = Math.max(0, high - blockLength);
    if (onPaper) put(` columns  ${high - 1} to ${low}\n`);
    for (const [name, digit, value] of rows) {
      const digits = columns.slice(low, high).map((c, k) => digit(c, low + k)).reverse();
      const at = read > low && read <= high ? high - read : digits.length;
      putName(name);
      put(digits.slice(0, at).map((d) => `${d} `).join(""));
      if (at < digits.length) put(digits[at], "mark");
      put(digits.slice(at + 1).map((d) => ` ${d}`).join(""));
      put(onPaper ? "\n" : `  ${value}\n`);
    }
  }
  for (const [name, , value] of onPaper ? rows : []) {
    if (value) { putName(name); put(`${value}\n`); }
  }
  const here = parent.querySelector("mark");
  if (here) parent.scrollLeft = here.offsetLeft - parent.clientWidth / 2;
}

function valueOf(columns, name) {
  return columns.reduce((sum, c, k) => sum + (BigInt(c[name]) << BigInt(k)), 0n).toString();
}

function drawBars(parent, network, c, h) {
  const names = c ? Object.keys(c).filter((name) => Array.isArray(c[name]) && name !== "h") : [];
  const groups = [["state", h.slice(0, network.weights.W_output.length), -1]];
  names.forEach((name) => groups.push([name, c[name], name === "candidate" ? -1 : 0]));
  const units = groups[0][1].length, row = Math.min(18, Math.max(9, 150 / units)), width = 330 / 4;
  parent.replaceChildren();
  const picture = chart(parent, 360, 34 + row * units, "state, gates and candidate of each unit, as bars");
  groups.forEach(([name, values, low], i) => {
    const left = 26 + i * width, x = scale(low, 1, left, left + width - 8);
    svg("text", { x: left, y: 12 }, picture, name);
    svg("text", { x: left, y: 24, class: "small" }, picture, low < 0 ? "−1 to 1" : "0 to 1");
    values.forEach((value, unit) => {
      const y = 30 + row * unit, from = x(0), to = x(value);
      svg("rect", { x: left, y, width: width - 8, height: row - 2, class: "room" }, picture);
      svg("rect", { x: Math.min(from, to), y, width: Math.abs(to - from), height: row - 2, class: "bar" }, picture);
      if (i === 0) svg("text", { x: 22, y: y + row / 2 + 3, "text-anchor": "end", class: "small" }, picture, `${unit}`);
    });
  });
}

function drawLosses(card, losses) {
  const details = html("details", {}, card);
  html("summary", {}, details, "Losses in training");
  const picture = chart(details, 360, 180, "training and test loss, on a logarithmic scale, against the iteration");
  const logs = [...losses.train, ...losses.test].filter((loss) => loss > 0).map(Math.log10);
  const range = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  const { x, y } = axes(picture, { left: 40, right: 350, top: 20, bottom: 145 }, [0, losses.iterations.at(-1)], range, ["iteration", "loss, powers of ten"]);
  for (const name of ["train", "test"]) {
    const points = losses[name].map((loss, i) => [x(losses.iterations[i]), y(Math.max(range[0], Math.log10(loss)))]);
    svg("polyline", { points: line(points), class: `loss ${name}` }, picture);
    svg("text", { x: 346, y: points.at(-1)[1] - 5, "text-anchor": "end" }, picture, name);
  }
}

// A page that was saved from a browser holds what was drawn there.
byId("networks").replaceChildren();
byId("examples").replaceChildren();
for (const network of networks) drawNetwork(network);
for (const name of Object.keys(EXAMPLES)) html("option", {}, byId("examples"), name);
byId("code").textContent = byId("network").textContent.trim();
byId("controls").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["a", "b"]) {
  byId(id).addEventListener("change", () => trying(() => setSum(byId("a").value, byId("b").value)));
}
byId("bits").addEventListener("change", () => {
  trying(() => setSum(byId("a").value, byId("b").value, byId("bits").value));
});
function pick() {
  const name = byId("examples").value, example = EXAMPLES[name];
  byId("repeats").hidden = !name.includes("n times");
  byId("again").hidden = !name.includes("random");
  if (example) trying(() => setSum(...example()));
}
byId("examples").addEventListener("change", pick);
byId("times").addEventListener("change", pick);
byId("again").addEventListener("click", pick);
byId("column").addEventListener("input", () => { stop(); goTo(Number(byId("column").value)); });
byId("first").addEventListener("click", () => move(-Infinity));
byId("back").addEventListener("click", () => move(-1));
byId("next").addEventListener("click", () => move(1));
byId("last").addEventListener("click", () => move(Infinity));
byId("play").addEventListener("click", play);
window.addEventListener("hashchange", () => readLink(location.hash));
// In a page inside another, or under a <base>, such a link would lead to another page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  readLink(link.hash);
  location.hash = link.hash;
});
for (const [event, length] of [["beforeprint", COLUMNS_ON_PAPER], ["afterprint", Infinity]]) {
  window.addEventListener(event, () => { blockLength = length; goTo(shown.column); });
}
byId("no-script").hidden = true;
byId("page").hidden = false;
pick();
readLink(location.hash);
