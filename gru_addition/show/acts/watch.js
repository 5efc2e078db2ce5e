// Act 3, Watch: any sum on any network, column by column.

import { drawDigits, drawOutputs, firstWrong, writtenIn } from "../drawing/columns.js";
import { drawPlane, placeIn } from "../drawing/plane.js";
import { find, html, made, tidy } from "../drawing/svg.js";
import { drawBars, drawLosses } from "../drawing/units.js";
import { carryOf, distanceFrom } from "../numbers/balls.js";
import { lengthOf, MOST_BITS, parseBetween, parseNumber, randomNumber } from "../numbers/integers.js";
import { addWith, CELLS, step, weighted } from "../numbers/network.js";
import { percent } from "./words.js";

/** @typedef {import("../links.js").Context} Context */

// On paper nothing scrolls: a sum is printed in blocks of so many columns.
const COLUMNS_ON_PAPER = 16;
// What can be picked: the operands, and how many columns to read. n is a number that is asked for.
const EXAMPLES = {
  Example: null,
  "1024 + 16": () => [1024, 16, 12],
  "13 + 12": () => [13, 12, 5],
  "2^81 - 1 + 2^80 + 1": () => ["2^81 - 1", "2^80 + 1", 83],
  "a carry, then n times 1+0": (n) => [`2^${n + 1} - 1`, 1, n + 2],
  "a carry, then n times 0+0": (n) => [1, 1, n + 1],
};
const WATCH_MARKUP = `
<ul class="tour"></ul>
<form aria-label="the sum">
<label>a <input name="a" inputmode="numeric" autocomplete="off"></label>
<label>+ b <input name="b" inputmode="numeric" autocomplete="off"></label>
<label>on <input name="bits" type="number" min="1" max="${MOST_BITS}"> columns</label>
<select name="examples" aria-label="examples"></select>
<label class="repeats">n = <input name="times" type="number" value="100"
min="1" max="${MOST_BITS - 2}"></label>
<button type="button" name="random" title="two random numbers of 20 bits">Random</button>
<select name="network" aria-label="the network shown"></select>
</form>
<div class="bar"><p class="steps" role="group" aria-label="the column shown">
<button name="first" aria-label="to the start">|&lt;</button>
<button name="back" aria-label="one column back">&lt;</button>
<button name="play">Play</button>
<button name="next" aria-label="one column on">&gt;</button>
<button name="last" aria-label="to the end">&gt;|</button>
<input name="column" type="range" min="0" value="0" aria-label="columns read">
</p>
<p class="problem" role="alert"></p>
<p class="told"><span class="step"></span>
<span class="key"><span class="no-carry">● no carry</span> <span class="carry">■ carry</span> to remember
<span class="wrong">✕ wrong</span></span></p></div>
<div class="networks"></div>
<details><summary>About the figures, and the code</summary>
<p class="caption">Small dots: states in random sums. Large mark: the state now, coloured by the true carry.
With more than three units, the axes are the principal components, the directions in which states differ
most. Each axis has a scale of its own, so a round ball may look flat until you zoom in on it.</p>
<p>For each column, a network gets one bit of each number. From these and its old state, <code>step</code>
makes its new state and an output; above 0.5, it writes a 1. Nothing else is passed on to the next column.
Everything is computed in your browser, in double precision, by this code:</p><pre class="code"></pre>
</details>`;

// What a link calls a network.
const keyOf = (network, i) => network.key ?? `${i + 1}`;

/** @param {Element} root @param {Context} context */
export function watchAct(root, context) {
  const body = made(root, WATCH_MARKUP), field = (name) => find(body, `[name=${name}]`);
  const parts = [".tour", ".problem", ".step", ".networks"].map((name) => find(body, name));
  const [tour, problem, told, cards] = parts;
  // What is shown, as it was typed and as numbers; `column` columns have been read.
  const shown = { typed: ["13", "12"], a: 13n, b: 12n, bits: 5, column: 0, network: 0 };
  let views = /** @type {any[]} */ ([]), timer = 0, blockLength = Infinity, isQuiet = false;

  function drawNetworks() {
    const { networks } = context;
    cards.replaceChildren();
    tour.replaceChildren();
    networks.forEach((network, i) => {
      if (!network.tour) return;
      const { words, link } = network.tour;
      const [sum] = words.split(":"), href = `#watch&${link}&network=${keyOf(network, i)}`;
      html("span", {}, html("a", { href }, html("li", {}, tour), sum), words.slice(sum.length));
    });
    views = networks.map((network) => drawNetwork(cards, network, (column) => { stop(); goTo(column); }));
    field("network").replaceChildren(...networks.map(({ name }) => new Option(name)));
    field("network").hidden = networks.length < 2;
    const cells = [...new Set(networks.map(({ cell }) => CELLS[cell]))];
    find(body, ".code").textContent = [weighted, ...cells, step, addWith].map(String).join("\n\n");
  }

  // Show a sum, as it is typed. columns: how many columns; by default as many as the sum needs.
  function setSum(typedA, typedB, columns, column = 0, network = shown.network) {
    const typed = [`${typedA}`, `${typedB}`];
    const a = parseNumber(typed[0], "a"), b = parseNumber(typed[1], "b"), least = lengthOf(a + b);
    if (least > MOST_BITS) throw new Error(`a + b must be at most 2^${MOST_BITS} - 1`);
    const needed = `${typed.join(" + ")} needs ${least} columns: their number`;
    const bits = parseBetween(least, MOST_BITS, columns ?? least, needed);
    column = parseBetween(0, bits, column, "column");
    Object.assign(shown, { typed, a, b, bits, network });
    [field("a").value, field("b").value] = typed;
    field("bits").value = bits;
    field("column").max = bits;
    views.forEach((view) => view.setSum(shown));
    goTo(column);
  }

  function goTo(column) {
    shown.column = column;
    field("network").selectedIndex = shown.network;
    views.forEach((view, i) => view.card.classList.toggle("chosen", i === shown.network));
    field("column").value = column;
    field("column").setAttribute("aria-valuetext", `${column} of ${shown.bits} columns read`);
    const verdicts = views.map((view) => view.show(column, blockLength));
    told.textContent = inWords(views[0].columns, column);
    if (isQuiet) return;
    // A screen reader can't keep up with what plays.
    if (!timer) context.say([told.textContent, ...verdicts].join(" "));
    const [a, b] = shown.typed.map((text) => text.replaceAll(" ", "")), { bits, network } = shown;
    const key = keyOf(context.networks[network], network);
    context.link("watch", { a, b, bits, column, ...(views.length > 1 && { network: key }) });
  }

  // What the reader did not ask for changes neither the address nor what a screen reader says.
  function quietly(action) {
    isQuiet = true;
    action();
    isQuiet = false;
  }

  // Call a function, and say what is wrong if it refuses what was typed. Returns that.
  function trying(action) {
    stop();
    problem.textContent = "";
    try {
      action();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
      isQuiet = false;
    }
    return problem.textContent;
  }

  function pick() {
    const name = field("examples").value, example = EXAMPLES[name];
    find(body, ".repeats").hidden = !name.includes("n times");
    const n = () => parseBetween(1, MOST_BITS - 2, field("times").value, "n");
    if (example) trying(() => setSum(...example(example.length && n())));
  }

  function move(by) {
    stop();
    goTo(Math.min(Math.max(0, shown.column + by), shown.bits));
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    field("play").textContent = "Play";
  }

  function play() {
    if (timer) return move(0);
    if (shown.column === shown.bits) goTo(0);
    field("play").textContent = "Pause";
    // A sum takes some seconds, whatever its length.
    const columns = Math.ceil(shown.bits / 100);
    timer = setInterval(() => {
      if (shown.column + columns >= shown.bits) stop();
      goTo(Math.min(shown.column + columns, shown.bits));
    }, Math.min(1000, Math.max(80, 4000 / shown.bits)));
  }

  drawNetworks();
  field("examples").append(...Object.keys(EXAMPLES).map((name) => new Option(name)));
  find(body, ".repeats").hidden = true;
  find(body, "form").addEventListener("submit", (event) => event.preventDefault());
  const typedSum = () => [field("a").value, field("b").value];
  const on = (type, actions) => Object.entries(actions).forEach(([name, action]) => {
    field(name).addEventListener(type, action);
  });
  on("change", {
    a: () => trying(() => setSum(...typedSum())),
    b: () => trying(() => setSum(...typedSum())),
    bits: () => trying(() => setSum(...typedSum(), field("bits").value)),
    examples: pick,
    times: pick,
    network: () => { shown.network = field("network").selectedIndex; goTo(shown.column); },
  });
  on("click", {
    random: () => trying(() => setSum(randomNumber(20), randomNumber(20), 21)),
    first: () => move(-Infinity),
    back: () => move(-1),
    next: () => move(1),
    last: () => move(Infinity),
    play,
  });
  on("input", { column: () => { stop(); goTo(Number(field("column").value)); } });
  for (const [event, length] of Object.entries({ beforeprint: COLUMNS_ON_PAPER, afterprint: Infinity })) {
    window.addEventListener(event, () => quietly(() => {
      blockLength = length;
      if (views[0].columns.length) goTo(shown.column);
    }));
  }

  return {
    // Another network has come.
    redraw() {
      drawNetworks();
      quietly(() => setSum(...shown.typed, shown.bits, shown.column, 0));
    },
    /** @param {URLSearchParams} params */
    show(params) {
      const word = (name, otherwise) => /** @type {any} */ (params.get(name) ?? otherwise);
      const [a, b, key] = [word("a", "13"), word("b", "12"), params.get("network")];
      const number = context.networks.findIndex((network, i) => keyOf(network, i) === key);
      const isLost = key !== null && number < 0, network = key === null ? shown.network : Math.max(number, 0);
      const open = () => setSum(a, b, word("bits"), word("column"), network);
      // An address that can't be followed is kept.
      const said = trying(isLost || !`${params}` ? () => quietly(open) : open);
      if (said) {
        quietly(() => setSum(13, 12));
        problem.textContent = `The link can't be read: ${said}. This is 13 + 12.`;
      } else if (isLost) {
        problem.textContent = "The network just trained is gone: train one, or open its file.";
      }
    },
    hide: stop,
  };
}

function inWords(columns, read) {
  if (read === 0) return "No column has been read yet: this is the start.";
  const c = columns[read - 1], carry = c.carryIn ? " and a carry" : "";
  return `Column ${read - 1}: ${c.a} + ${c.b}${carry} make ${c.total}. `
    + `Write ${c.bit}, carry ${c.carry ? 1 : "nothing"}.`;
}

// The card of a network: what stays the same, what changes with the sum, and with the column.
function drawNetwork(parent, network, goTo) {
  const card = html("section", { "aria-label": network.name }, parent);
  const zero = new Array(network.stateSize).fill(0);
  html("h2", {}, card, network.name);
  html("p", { class: "about" }, card, network.about);
  const said = html("p", { class: "said" }, card), total = html("p", { class: "total" }, card);
  const digits = html("pre", { tabindex: 0, "aria-label": "the sum in base two" }, card);
  const strip = html("div", {}, card);
  const figure = html("div", { class: "figure" }, card);
  const planes = network.planes.map((plane) => drawPlane(figure, plane, placeIn(plane, zero)));
  const meaning = html("p", {}, card);
  if (network.certificate) {
    const zoom = html("button", { "aria-pressed": "false", class: "zoom" }, card, "Zoom in on the ball");
    zoom.addEventListener("click", () => {
      const near = zoom.getAttribute("aria-pressed") === "false";
      zoom.setAttribute("aria-pressed", `${near}`);
      planes.forEach((plane) => plane.zoom(near));
    });
  }
  const inside = html("details", {}, card);
  html("summary", {}, inside, "Unit by unit");
  if (network.cell.startsWith("gru")) {
    html("p", { class: "caption" }, inside, "The update gate says how much of a unit is replaced by the "
      + "candidate, the reset gate how much of it the candidate may use.");
  }
  const bars = html("div", {}, inside);
  if (network.losses) {
    const losses = html("details", {}, card);
    html("summary", {}, losses, "Losses in training");
    drawLosses(losses, network.losses);
  }
  /** @type {any} */
  const view = { card, columns: [], setSum, show };
  let sum, showOutputs, read = 0;
  inside.addEventListener("toggle", drawUnits);

  function setSum(shown) {
    sum = shown;
    view.columns = addWith(network, sum.a, sum.b, sum.bits);
    strip.replaceChildren();
    showOutputs = drawOutputs(strip, view.columns, goTo);
  }

  // Returns the verdict on the column read last.
  function show(column, blockLength) {
    read = column;
    const c = view.columns[read - 1], past = view.columns.slice(0, read);
    said.replaceChildren();
    if (c) {
      const right = c.written === c.bit;
      said.append(`Output ${c.output.toFixed(3)}: it writes ${c.written}, `);
      const verdict = right ? "which is right." : `✕ wrong; it should be ${c.bit}.`;
      html("strong", { class: right ? "" : "wrong" }, said, verdict);
    } else {
      said.append("Nothing has been read yet.");
    }
    total.textContent = totalInWords(sum, view.columns, read);
    drawDigits(digits, view.columns, read, blockLength);
    showOutputs(read);
    const states = [zero, ...past.map(({ h }) => h)], carries = [0, ...past.map(({ carry }) => carry)];
    planes.forEach((drawn, i) => {
      const places = states.map((state) => placeIn(network.planes[i], state));
      const [x, y] = places[read].map(tidy), carry = carries[read] ? "a carry" : "no carry";
      const label = `the state in the plane: at ${x}, ${y} after ${read} columns, with ${carry}`;
      drawn.show(places, carries, c ? c.ball : 0, label);
    });
    const { certificate } = network, h = states[read];
    meaning.textContent = certificate ? ballInWords(certificate, h, c ? c.ball : 0)
      : meaningInWords(carryOf(network, h), carries[read]);
    drawUnits();
    return `${network.name}: ${said.textContent} ${read === view.columns.length ? total.textContent : ""}`;
  }

  function drawUnits() {
    if (!inside.open) return;
    const c = view.columns[read - 1] ?? { h: zero }, units = network.weights.W_output.length;
    const names = Object.keys(c).filter((name) => Array.isArray(c[name]) && name !== "h");
    const group = (name) => [name, c[name], name === "candidate" ? -1 : 0];
    drawBars(bars, [["state", c.h.slice(0, units), -1], ...names.map(group)]);
  }

  return view;
}

// The sum in decimal, and where it goes wrong.
function totalInWords({ typed, a, b }, columns, read) {
  const short = (text) => (text.length < 18 ? text : `${text.slice(0, 4)}…${text.slice(-4)}`);
  const first = firstWrong(columns.slice(0, read));
  const written = read === columns.length ? `; it wrote ${short(`${writtenIn(columns)}`)}` : "";
  return `${typed.join(" + ")} = ${short(`${a + b}`)}${written}.`
    + `${first < 0 ? "" : ` First ✕: column ${first}.`}`;
}

// Which carry a state stands for, and whether that is the true one.
function meaningInWords(carry, trueCarry) {
  if (carry === null) return "Its state stands neither for a carry nor for none.";
  const words = `Its state stands for ${carry ? "a carry" : "no carry"}`;
  return carry === trueCarry ? `${words}, as it should.` : `✕ ${words}, which is wrong.`;
}

// The ball of the proof in which the state must be, and where it is there.
function ballInWords(certificate, h, ball) {
  const leads = certificate.targets[ball].map((to, pair) => `${pair >> 1}+${pair & 1} to ${to}`);
  const onwards = `From anywhere in it, ${leads.join(", ").replace(" ", " leads ")}.`;
  if (ball === 0) return `The proof begins here. ${onwards}`;
  const radius = certificate.radii[ball], room = 1 - distanceFrom(certificate, ball, h) / radius;
  const carry = certificate.carries[ball] ? "carry" : "no carry";
  const left = radius ? ` Room left: ${percent(room)} of its radius.` : "";
  return `Proved to be in ball ${ball} (${carry}, wrote ${certificate.bits[ball]}).${left} ${onwards}`;
}
