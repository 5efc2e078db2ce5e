// What the act of touching says about a network of two units with a certificate: its states, its
// steps, their arithmetic, and what fails.

import { ballOf, carryOf } from "../numbers/balls.js";
import { step } from "../numbers/network.js";

export const FIRST_WORDS = "Drag the point. Its two numbers are all that the network remembers from one "
  + "column to the next. In the orange part they mean a carry, in the blue part none.";
/** Where weights belong, by what follows W, U and b in their names. */
export const PARTS = { r: "reset gate", z: "update gate", h: "candidate", _output: "output" };

/** Such as 1+0. */
export function pairName(pair) {
  return `${pair >> 1}+${pair & 1}`;
}

/** A number with a minus sign, and with so many decimals. */
export function signed(value, decimals = 2) {
  // No minus zero.
  return Number(value.toFixed(decimals)).toFixed(decimals).replace("-", "−");
}

/** A share, rounded down. */
export function percent(share) {
  return `${Math.floor(100 * share)} %`;
}

/** @param {number[]} h */
export function stateName(h) {
  return h.map((value) => signed(value)).join(", ");
}

/** The names of a certificate's balls. */
export function ballNames({ carries, bits }) {
  return carries.map((carry, i) => (i ? `${carry ? "carry" : "no carry"}, wrote ${bits[i]}` : "start"));
}

/** Such as "from bit a to unit 0", for Wz_0_0. */
export function weightInWords(name) {
  const [, kindOfWeight, part, i, j] = name.match(/^([WUb])(_output|.)_(\d)(?:_(\d))?$/);
  if (part === "_output") return kindOfWeight === "b" ? "bias" : `from unit ${i}`;
  if (kindOfWeight === "b") return `bias of unit ${i}`;
  return `from ${kindOfWeight === "W" ? `bit ${"ab"[i]}` : `unit ${i}`} to unit ${j}`;
}

export function stateInWords(network, h) {
  const { weights: { W_output, b_output }, certificate } = network, carry = carryOf(network, h);
  const output = W_output.reduce((sum, [weight], i) => sum + weight * h[i], b_output[0]);
  const meaning = carry === null ? "no clear carry: some pairs of bits are added with one, others without"
    : carry ? "carry" : "no carry";
  const at = ballOf(certificate, h), name = ballNames(certificate)[at];
  const where = at < 0 ? "In no ball." : `In the ball “${name}”.`;
  return `State ${stateName(h)}, ${meaning}; output ${signed(output)}, writes ${Number(output > 0.5)}. `
    + `${at ? where : ""}`;
}

/** A step from a state with two bits. */
export function stepInWords(network, h, pair) {
  const a = pair >> 1, b = pair & 1, after = step(network, h, a, b), written = Number(after.output > 0.5);
  const had = carryOf(network, h), carry = carryOf(network, after.h), total = a + b + (had ?? 0);
  const isWrong = had !== null && (written !== total % 2 || carry !== total >> 1);
  const before = had === null ? "no clear carry" : had ? "a carry" : "no carry";
  const at = ballOf(network.certificate, after.h), names = ballNames(network.certificate);
  return `${isWrong ? "✕ " : ""}${pairName(pair)} and ${before}: writes ${written}, `
    + `${carry === null ? "and whether it carries is unclear" : `carries ${carry}`}; the state jumps `
    + `${at < 0 ? "to a place outside the balls" : `into the ball “${names[at]}”`}.`
    + `${isWrong ? ` It should write ${total % 2} and carry ${total >> 1}.` : ""}`;
}

/** States all over a ball, and where a pair of bits takes them. proved: the room left, if a proof says so. */
export function cloudInWords(names, { ball, target, pair, shares, proved }) {
  const all = shares.length, outside = shares.filter((share) => share > 1).length;
  const from = ball ? `${all} states from all over the ball “${names[ball]}”` : "The start";
  if (outside) {
    const part = ball ? `${outside < all ? `${outside} of them` : `all ${all}`} lie` : "it lies";
    return `✕ ${from}: after ${pair}, ${part} outside the ball “${names[target]}”.`;
  }
  const least = proved > 0 ? `it is proved that at least ${percent(proved)} is left`
    : "there is no proof that they all get there";
  return `${from}: ${pair} takes ${ball ? "them all" : "it"} into the ball “${names[target]}”. Room left to `
    + `its edge: ${percent(1 - Math.max(...shares))} of its radius${ball ? " or more" : ""}.`
    + `${ball ? ` For all the states between them, ${least}.` : ""}`;
}

/** A step of a proof that fails. */
export function failureInWords(names, { ball, pair, target, margin }) {
  if (margin > 0) return `In “${names[target]}” the output may be on the wrong side of 0.5.`;
  return `From “${names[ball]}”, ${pairName(pair)} may miss “${names[target]}”.`;
}

/** What comes out of a check with the update gate at 1, and of one without. */
export function gateInWords(holds, holdsWithout) {
  const verdict = holds ? "Still all steps are proved right: no update gate keeps the carry. A loop through "
    + "a reset gate writes it anew, which is called a latch."
    : `✕ With this weight the proof fails; without the tick it ${holdsWithout ? "holds" : "fails, too"}.`;
  return `With the update gate at 1, tanh writes the state anew at every column. ${verdict}`;
}

/** What comes out of a check. */
export function proofInWords({ holds, steps }) {
  const failed = steps.filter((step) => !step.holds).length;
  if (!holds) return `✕ Not proved: ${failed} of ${steps.length} steps may miss their ball.`;
  const least = Math.min(...steps.map(({ margin }) => margin));
  return "Proved: it adds any two numbers right, however long. From the start, each column leads "
    + `into the right ball, with at least ${percent(least)} of its radius left, and writes the right bit. `
    + "Trusted: this page's code, IEEE arithmetic (rounding errors are included), and the browser's tanh, "
    + "assumed accurate to 2 · 10⁻¹⁴.";
}

// A sum of weights times numbers, and a bias.
function writtenOut(weights, numbers, bias) {
  const terms = weights.map((weight, i) => {
    const times = numbers[i].startsWith("−") ? `(${numbers[i]})` : numbers[i];
    return [weight, `·${times}`];
  });
  return [...terms, [bias, ""]].map(([weight, times], i) => (
    `${weight < 0 ? "− " : i ? "+ " : ""}${Math.abs(weight)}${times}`)).join(" ");
}

/** The arithmetic of a step of a GRU, gate by gate, with its numbers; a line for each. */
export function arithmeticOf(network, h, a, b) {
  const w = network.weights, after = step(network, h, a, b);
  const reset = h.map((value, i) => after["reset gate"][i] * value);
  const valueOf = (part, unit) => signed(after[PARTS[part]][unit]);
  const lineOf = (part, unit, state) => {
    const [W, U, bias] = ["W", "U", "b"].map((kindOfWeight) => w[kindOfWeight + part]);
    const numbers = [`${a}`, `${b}`, ...state.map((value) => signed(value))];
    const sum = writtenOut([...W, ...U].map((row) => row[unit]), numbers, bias[unit]);
    const isSwitched = part === "z" && network.updateGate !== undefined;
    const made = isSwitched ? "the switch" : `${part === "h" ? "tanh" : "sigmoid"}(${sum})`;
    return `${PARTS[part]} ${unit} = ${made} = ${valueOf(part, unit)}`;
  };
  const units = h.flatMap((value, unit) => {
    const z = valueOf("z", unit), mixed = `(1 − ${z})·(${signed(value)}) + ${z}·(${valueOf("h", unit)})`;
    const gates = [lineOf("r", unit, h), lineOf("z", unit, h), lineOf("h", unit, reset)];
    return [...gates, `new unit ${unit} = ${mixed} = ${signed(after.h[unit])}`, ""];
  });
  const readout = writtenOut(w.W_output.flat(), after.h.map((value) => signed(value)), w.b_output[0]);
  const written = after.output > 0.5 ? "above 0.5, so it writes 1" : "not above 0.5, so it writes 0";
  return ["Weights times bit a, bit b, unit 0 and unit 1, plus a bias. A candidate gets the units",
    "times the reset gates.", "", ...units, `output = ${readout} = ${signed(after.output)}, ${written}`];
}
