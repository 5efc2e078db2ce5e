// Act 2: the network of two units. Its state is moved by hand; its proof is checked, and broken.

import { drawDigits, firstWrong } from "../drawing/columns.js";
import { handPlane } from "../drawing/lenses.js";
import { find, html, kind, made } from "../drawing/svg.js";
import { carryOf, distanceFrom, statesIn, weightsByName, withWeight } from "../numbers/balls.js";
import { check } from "../numbers/check.js";
import { parseBetween } from "../numbers/integers.js";
import { addWith, step } from "../numbers/network.js";
import { wrongByStates } from "../numbers/search.js";
import { FIRST_WORDS, PARTS, arithmeticOf, ballNames, cloudInWords, failureInWords } from "./words.js";
import { gateInWords, pairName, percent, proofInWords, signed, stateInWords, stateName } from "./words.js";
import { stepInWords, weightInWords } from "./words.js";

const TOUCH_MARKUP = `
<p class="problem" role="alert"></p>
<div class="hand">
  <div class="head">
    <h2><span></span> <a href="#watch&a=13&b=12&network=two-units"></a></h2>
    <fieldset class="modes" aria-label="what to do"></fieldset>
  </div>
  <div class="figure"></div>
  <div class="body">
    <p class="said"></p>
    <div class="panel" data-mode="move">
      <h3>Read a column: one bit of each number</h3>
      <p class="pairs"></p>
    </div>
    <div class="panel" data-mode="prove">
      <h3 class="can-fail"></h3>
      <p><button type="button" class="start-proof">Prove</button> From anywhere in a ball, each pair of bits
      must lead into the right ball, computed with ranges that contain all its states (interval arithmetic).
      The table: the room left to the edge, in percent of the radius. Press a number to see its step.</p>
      <div class="beside"><table role="grid" aria-label="the steps of the proof"></table>
      <p class="proved"></p></div>
    </div>
    <div class="panel" data-mode="break">
      <h3>What breaks it</h3>
      <p class="weight"><label>Change <select></select></label>
      <input type="range" step="0.1" aria-label="the weight"><output></output>
      <button type="button" class="reset">Reset</button><button type="button" class="look">Look</button></p>
      <div class="beside verdict"><p class="broken" aria-live="polite"></p>
      <pre class="wrong-sum" tabindex="0" aria-label="a wrong sum" hidden></pre></div>
    </div>
    <div class="panel" data-mode="gate">
      <h3 class="asks">Is it the gate that remembers?</h3>
      <p><label><input type="checkbox" class="gate"> Hold the update gate at 1</label>, so that it keeps
      nothing of the old state. Tick it: is the carry lost?</p>
      <p class="latch" aria-live="polite"></p>
    </div>
    <details class="panel" data-mode="move"><summary></summary>
    <pre tabindex="0" aria-label="the arithmetic of this step"></pre></details>
  </div>
  <details class="caption panel roomy" data-mode="move"><summary>What the colours say</summary>
  Orange: a carry. Blue: none. No colour: some pairs of bits are
  added as with a carry, others as without. The output may be any number; above 0.5, which is above the dashed
  line, it counts as 1.
  Arrow keys move the point, with Shift by less.</details>
</div>`;
const MODES = { move: "Move", prove: "Prove", break: "Break it", gate: "Gate" };
// It breaks the proof soon, and sums later.
const FIRST_WEIGHT = "Ur_0_1";
const TOUCH_KEYS = ["x", "y", "ball", "pair", "weight", "value", "gate", "proof"];
// States are remembered, and drawn, that many steps back. In milliseconds: how long a step of a proof takes;
// how long a weight must rest before a wrong sum is looked for, and the point before it is told.
const TRAIL = 12, PROOF_TIME = 120, REST = 200, STILL = 600;
// How many states are followed in that search; it takes some milliseconds.
const FOLLOWED = 3000;

// How far a weight can be moved.
function reachOf(value) {
  return [value - 2, value + 2].map((end) => Number(end.toFixed(1)));
}

/**
 * What a link to this act holds; throws if that is not allowed.
 * @param {URLSearchParams} params @param {number} balls how many @param {Map<string, number>} weights
 */
function readTouch(params, balls, weights) {
  const given = Object.fromEntries([...params].filter(([key]) => key !== "touch"));
  const strange = Object.keys(given).find((key) => !TOUCH_KEYS.includes(key));
  if (strange !== undefined) {
    throw new Error(`it may hold ${TOUCH_KEYS.join(", ")}, not ${strange.slice(0, 20)}`);
  }
  const pairs = [["x", "y"], ["y", "x"], ["pair", "ball"], ["weight", "value"], ["value", "weight"]];
  for (const [one, other] of pairs) {
    if (one in given && !(other in given)) throw new Error(`${one} needs ${other} beside it`);
  }
  const whole = (name, most) => (name in given ? parseBetween(0, most, given[name], name) : 0);
  const number = (name, least, most, decimals) => {
    const text = given[name], value = Number(text);
    if (!RegExp(`^-?\\d+(\\.\\d{1,${decimals}})?$`).test(text) || value < least || value > most) {
      throw new Error(`${name} must be a number from ${least} to ${most} with at most ${decimals} `
        + `decimal${decimals > 1 ? "s" : ""}`);
    }
    return value;
  };
  const read = { h: [0, 0], ball: -1, pair: whole("pair", 3), weight: "", value: 0, gate: 0, proof: 0 };
  Object.assign(read, { gate: whole("gate", 1), proof: whole("proof", 1) });
  if ("x" in given) read.h = [number("x", -1, 1, 4), number("y", -1, 1, 4)];
  if ("ball" in given) read.ball = whole("ball", balls - 1);
  if ("weight" in given) {
    const value = weights.get(given.weight);
    if (value === undefined) {
      throw new Error(`weight must be one of the ${weights.size}, such as Ur_0_1, from unit 0 to 1, or bz_0`);
    }
    const [least, most] = reachOf(value);
    Object.assign(read, { weight: given.weight, value: number("value", least, most, 1) });
  }
  return read;
}

/** @param {HTMLElement} root @param {import("../links.js").Context} context */
export function touchAct(root, context) {
  const network = context.networks.find((each) => (
    each.certificate && each.cell === "gru" && each.stateSize === 2 && !each.resolution));
  const body = made(root, network ? TOUCH_MARKUP : "<p>This page has no proved network of two units.</p>");
  if (!network) return { show() {} };
  const { certificate, planes: [{ balls }] } = network, { states: centres, targets } = certificate;
  const names = ballNames(certificate), weights = weightsByName(network.weights), all = targets.flat();
  const part = (selector) => find(body, selector), parts = (selector) => [...body.querySelectorAll(selector)];
  // before: the states that have led to h. read: the pair of the step to it, or -1. ball: the one whose
  // states are shown, or -1. pair: the last one pressed. weight: the name of that which was changed.
  const view = {
    h: [0, 0], before: /** @type {number[][]} */ ([]), read: -1, ball: -1, pair: 0,
    weight: "", value: 0, gate: 0, proof: 0,
  };
  // The network as it is changed, and what is left of its proof.
  let changed = network, result, failed, checking, proving, searching, saying;

  const after = (h, pair) => step(changed, h, pair >> 1, pair & 1).h;
  const picture = handPlane(part(".figure"), {
    balls, names, labels: names.map((name) => name.replace(/.*, /, "")),
    onMove(h) {
      body.classList.add("dragged");
      start(h);
      show();
      clearTimeout(saying);
      saying = setTimeout(() => context.say(part(".said").textContent), STILL);
    },
    onBall(ball) {
      look(ball, view.pair);
    },
  });

  function setMode(mode) {
    body.dataset.mode = mode;
    parts(".panel").forEach((panel) => panel.classList.toggle("off", panel.dataset.mode !== mode));
    part(`[value=${mode}]`).checked = true;
  }

  function start(h = [0, 0]) {
    Object.assign(view, { h, before: [], read: -1, ball: -1 });
  }

  // Read a column, or show where a ball goes.
  function press(pair) {
    body.classList.remove("dragged");
    view.pair = pair;
    if (view.ball < 0) {
      view.before = [...view.before, view.h].slice(-TRAIL);
      view.read = pair;
      view.h = after(view.h, pair);
    }
    show(true);
  }

  function look(ball, pair) {
    Object.assign(view, { ball, pair });
    setMode("move");
    show(true);
  }

  function cloudOf(ball, pair) {
    const target = targets[ball][pair], states = statesIn(balls[ball]);
    const images = states.map((h) => after(h, pair)), radius = certificate.radii[target];
    const shares = images.map((h) => distanceFrom(certificate, target, h) / radius);
    const proved = result?.steps[4 * ball + pair]?.margin;
    return { ball, target, pair: pairName(pair), states, images, shares, proved };
  }

  // The arrow from the centre of a ball to where it goes.
  const arrowFrom = (ball, pair) => [centres[ball], after(centres[ball], pair)];

  function draw(speak = false) {
    const cloud = view.ball < 0 ? null : cloudOf(view.ball, view.pair), last = view.before.at(-1) ?? view.h;
    const words = stateInWords(changed, view.h);
    let said = view.h.some((value) => value) ? words : FIRST_WORDS, from = view.h;
    let way = /** @type {number[][] | null} */ (null), wrong = -1;
    if (cloud) {
      said = cloudInWords(names, cloud);
      wrong = cloud.shares.some((share) => share > 1) ? cloud.target : -1;
      way = arrowFrom(view.ball, view.pair);
      from = centres[view.ball];
    } else if (view.read >= 0) {
      said = stepInWords(changed, last, view.read);
      way = [last, view.h];
      from = last;
    } else if (failed) {
      said = `${words} ✕ Red: where the proof fails. ${failureInWords(names, failed)}`;
      way = arrowFrom(failed.ball, failed.pair);
      wrong = failed.target;
    }
    const { h, before } = view, carry = carryOf(changed, h), isWrong = said.includes("✕");
    picture.show({ h, carry, words, before: [...before, h], way, cloud, wrong, isWrong });
    part(".said").textContent = said;
    if (speak) context.say(said);
    part("summary").textContent = `The arithmetic of ${pairName(view.pair)} from state ${stateName(from)}`;
    part("details pre").textContent = arithmeticOf(changed, from, view.pair >> 1, view.pair & 1).join("\n");
    const chosen = cloud ? view.pair : -1;
    parts(".pairs button").forEach((each, pair) => each.classList.toggle("chosen", pair === chosen));
  }

  function show(speak = false) {
    draw(speak);
    writeLink();
  }

  function writeLink() {
    const { ball, pair, h, weight, value, gate, proof } = view;
    /** @type {Object<string, any>} */
    const link = {};
    if (ball >= 0) Object.assign(link, { ball, pair });
    else if (h.some((each) => each)) [link.x, link.y] = h.map((each) => Number(each.toFixed(4)));
    Object.assign(link, weight && { weight, value }, gate && { gate }, proof && { proof });
    context.link("touch", link);
  }

  // All that depends on the weights and the gate. A slider may be faster than the check is.
  function change() {
    const { weight, value, gate } = view, name = weight || part("select").value;
    const now = weight ? value : weights.get(name), slider = part("[type=range]");
    changed = { ...network };
    if (weight) changed.weights = withWeight(network.weights, weight, value);
    if (gate) changed.updateGate = 1;
    part("select").value = name;
    [slider.min, slider.max] = reachOf(weights.get(name));
    slider.value = now;
    part("output").textContent = signed(now, 1);
    slider.setAttribute("aria-valuetext", signed(now, 1));
    part(".gate").checked = gate === 1;
    picture.shade((h) => carryOf(changed, h), changed.weights.W_output.flat(), changed.weights.b_output[0]);
    clearTimeout(checking);
    checking = setTimeout(() => {
      result = check(changed, certificate);
      // The one that fails by most.
      [failed] = result.steps.filter(({ holds }) => !holds).sort((p, q) => p.margin - q.margin);
      clearInterval(proving);
      fillTable(view.proof || weight || gate ? all.length : 0);
      tellChange();
      draw();
    });
  }

  function tellChange() {
    const told = part(".broken"), sum = part(".wrong-sum"), isChanged = view.weight || view.gate;
    clearTimeout(searching);
    sum.hidden = true;
    part(".can-fail").textContent = result.holds ? "Why it cannot fail" : "Now it may fail";
    const holdsWithout = view.gate && check({ ...changed, updateGate: undefined }, certificate).holds;
    part(".latch").textContent = view.gate ? gateInWords(result.holds, holdsWithout) : "";
    part("h2 span").textContent = isChanged ? `${network.name.split(",")[0]}, changed` : network.name;
    part("h2 a").textContent = `watch it add${isChanged ? ", unchanged" : ""}`;
    part(".look").disabled = !failed;
    told.textContent = "Change a weight, and see how much the proof tolerates.";
    if (!isChanged) return;
    told.textContent = `The proof still holds: all ${all.length} steps fit.`;
    if (result.holds) return;
    told.textContent = "";
    const reason = failed ? failureInWords(names, failed) : `${result.reason}.`;
    html("span", { class: "wrong" }, told, `✕ The proof fails. ${reason} `);
    const ending = html("span", {}, told, " Looking for a wrong sum…");
    searching = setTimeout(() => {
      const found = wrongByStates(changed, FOLLOWED);
      ending.textContent = found ? ` And a sum is wrong: ${found.a} + ${found.b} → ${found.answer}.`
        : " But no wrong sum was found: without the proof, one cannot know.";
      sum.hidden = !found;
      if (!found) return;
      const columns = addWith(changed, found.a, found.b, found.bits);
      drawDigits(sum, columns, found.bits, Infinity, firstWrong(columns));
    }, REST);
  }

  // The first `many` steps of the proof.
  function fillTable(many) {
    parts("td button").forEach((cell, i) => {
      const { margin, holds } = result?.steps[i] ?? {}, target = all[i], carry = certificate.carries[target];
      const isShown = i < many && margin !== undefined, share = percent(margin);
      cell.textContent = !isShown ? "·" : holds ? `${carry ? "■" : "●"} ${share}` : "✕";
      cell.className = !isShown ? "" : holds ? kind(carry) : "wrong";
      const said = !isShown ? "not checked yet" : holds ? `${share} of its radius left` : "may miss it";
      cell.setAttribute("aria-label", `${names[i >> 2]}, ${pairName(i & 3)}, to ${names[target]}: ${said}`);
    });
    part(".proved").textContent = many === all.length && result ? proofInWords(result) : "";
  }

  function prove() {
    let many = matchMedia("(prefers-reduced-motion: reduce)").matches ? all.length - 1 : 0;
    clearInterval(proving);
    proving = setInterval(() => {
      fillTable(many += 1);
      if (many < all.length) return;
      clearInterval(proving);
      context.say(part(".proved").textContent);
    }, PROOF_TIME);
    view.proof = 1;
    writeLink();
  }

  function button(parent, text, onClick) {
    html("button", { type: "button" }, parent, text).addEventListener("click", onClick);
  }

  for (const [value, name] of Object.entries(MODES)) {
    const label = html("label", {}, part(".modes"));
    const input = html("input", { type: "radio", name: "touch-mode", value }, label);
    input.addEventListener("change", () => setMode(value));
    label.append(name);
  }
  for (const pair of [0, 1, 2, 3]) button(part(".pairs"), pairName(pair), () => press(pair));
  button(part(".pairs"), "Start again", () => { start(); show(true); });
  const header = html("tr", {}, part("table"));
  ["from", ...[0, 1, 2, 3].map(pairName)].forEach((text) => html("th", { scope: "col" }, header, text));
  names.forEach((name, ball) => {
    const row = html("tr", {}, part("table"));
    html("th", { scope: "row" }, row, name);
    [0, 1, 2, 3].forEach((pair) => button(html("td", {}, row), "", () => look(ball, pair)));
  });
  // One stop for the Tab key; arrow keys move on.
  const cells = parts("td button"), stopAt = (chosen) => cells.forEach((cell) => {
    cell.tabIndex = cell === chosen ? 0 : -1;
  });
  stopAt(cells[0]);
  part("table").addEventListener("focusin", (event) => stopAt(event.target));
  part("table").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -4, ArrowDown: 4 }[event.key];
    const next = cells[cells.indexOf(event.target) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  for (const [letters, label] of Object.entries(PARTS)) {
    const group = html("optgroup", { label }, part("select"));
    [...weights.keys()].filter((name) => RegExp(`^.${letters}_\\d`).test(name))
      .forEach((name) => html("option", { value: name }, group, `${label}, ${weightInWords(name)}`));
  }
  part("select").value = FIRST_WEIGHT;
  // What is shown then is what becomes of the proof, and no step of the network as it was.
  const set = (changes) => {
    start(view.h);
    Object.assign(view, changes);
    change();
    writeLink();
  };
  part("select").addEventListener("change", () => set({ weight: "" }));
  part("[type=range]").addEventListener("input", (event) => {
    const name = part("select").value, value = Number(event.target.value);
    set({ weight: value === weights.get(name) ? "" : name, value });
  });
  part(".reset").addEventListener("click", () => set({ weight: "" }));
  part(".gate").addEventListener("change", (event) => set({ gate: Number(event.target.checked) }));
  part(".look").addEventListener("click", () => look(failed.ball, failed.pair));
  part(".start-proof").addEventListener("click", prove);

  return {
    /** @param {URLSearchParams} params */
    show(params) {
      const isNew = !body.dataset.mode;
      part(".problem").textContent = "";
      // Without a word on how it is to be, the act is as it was left.
      if (!isNew && ![...params.keys()].some((key) => key !== "touch")) return show();
      try {
        Object.assign(view, readTouch(params, balls.length, weights), { before: [], read: -1 });
      } catch (error) {
        part(".problem").textContent = `The link can't be read: ${/** @type {Error} */ (error).message}.`;
        if (!isNew) return;
      }
      if (view.weight) part("select").value = view.weight;
      setMode(view.weight ? "break" : view.gate ? "gate" : view.proof ? "prove" : "move");
      change();
      draw();
    },
    hide() { clearInterval(proving); },
  };
}
