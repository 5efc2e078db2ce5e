// Checks in the page that a certificate proves a network right, by the rules of `gru_addition.verify`;
// its docstring has them, and the reason why they are enough. All numbers are balls that account for
// rounding; see enclosure.js, also for what is trusted.

import {
  above, addBalls, arithmeticIn, columnOf, endsOf, inverseOf, lengthAbove, multiplyBalls, normAbove, sizeOf,
  subtractBalls, timesMatrix,
} from "./enclosure.js";
import { fits, GATES, weightShapes } from "./shapes.js";

// The state after a column, by the arithmetic A. x: what the column adds to each gate.
const EQUATIONS = {
  gru(A, h, x, w, updateGate) {
    const r = A.weighted(h, w.Ur, x.r).map(A.sigmoid), reset = h.map((value, i) => A.multiply(r[i], value));
    const candidate = A.weighted(reset, w.Uh, x.h).map(A.tanh);
    if (updateGate === 1) return candidate;
    const z = A.weighted(h, w.Uz, x.z).map(A.sigmoid);
    return h.map((value, i) => A.add(value, A.multiply(z[i], A.subtract(candidate[i], value))));
  },
  gru_reset_after(A, h, x, w) {
    const [r, z] = ["r", "z"].map((gate) => A.weighted(h, w[`U${gate}`], x[gate]).map(A.sigmoid));
    const kept = A.weighted(h, w.Uh, w.bu.map((bias) => [bias, 0]));
    const candidate = kept.map((value, i) => A.tanh(A.shifted(A.multiply(r[i], value), x.h[i])));
    return h.map((value, i) => A.add(value, A.multiply(z[i], A.subtract(candidate[i], value))));
  },
  elman: (A, h, x, w) => A.weighted(h, w.Uh, x.h).map(A.tanh),
  lstm(A, state, x, w) {
    const units = w.bc.length, h = state.slice(0, units);
    const [i, f, o] = ["i", "f", "o"].map((gate) => A.weighted(h, w[`U${gate}`], x[gate]).map(A.sigmoid));
    const candidate = A.weighted(h, w.Uc, x.c).map(A.tanh);
    const c = candidate.map((value, k) => A.add(A.multiply(f[k], state[units + k]), A.multiply(i[k], value)));
    return [...c.map((value, k) => A.multiply(o[k], A.tanh(value))), ...c];
  },
};
const NEEDED = ["norm", "states", "radii", "targets", "carries", "bits"];
const ALLOWED = [...NEEDED, "resolution", "slack", "output_margins", "step_margins"];

// What is wrong with a certificate before anything is computed, or null.
function flawOf(network, c) {
  const w = network.weights, cells = Object.keys(GATES);
  const names = cells.includes(network.cell) ? Object.keys(weightShapes(network.cell, 1)) : [];
  if (names.length === 0 || `${Object.keys(w).sort()}` !== `${names.sort()}`) {
    return `the network is no ${cells.join(", ")} that adds`;
  }
  const missing = NEEDED.filter((name) => !Object.hasOwn(c, name));
  const unknown = Object.keys(c).filter((name) => ![...ALLOWED, ...names].includes(name));
  if (missing.length > 0) return `it lacks ${missing.join(", ")}`;
  if (unknown.length > 0) return `it holds ${unknown.join(", ")}, of which nothing is known`;
  const units = w.W_output.length, size = network.cell === "lstm" ? 2 * units : units;
  const number = c.radii?.length;
  if (!(size * number > 0)) return "it lists no states";
  const shapes = {
    ...weightShapes(network.cell, units), norm: [size, size], states: [number, size], radii: [number],
    targets: [number, 4], carries: [number], bits: [number],
  };
  for (const name of [...names, ...NEEDED]) {
    const isRight = ["targets", "carries", "bits"].includes(name) ? Number.isSafeInteger : Number.isFinite;
    const array = w[name] ?? c[name], theirs = c[name] ?? array;
    if (!fits(array, shapes[name], isRight)) return `${name} is not what it should be`;
    if (JSON.stringify(theirs) !== JSON.stringify(array)) return `it is for other weights: ${name} differs`;
  }
  const resolution = network.resolution ?? 0;
  if (!Number.isFinite(c.slack ?? 0)) return "slack is not what it should be";
  if ((c.resolution ?? resolution) !== resolution || !Number.isInteger(resolution) || resolution < 0) {
    return "it is for another resolution";
  }
  if (c.radii.some((radius) => radius < 0)) return "a radius is negative";
  if (resolution > 0 && c.radii.some((radius) => radius > 0)) return "a rounded state needs no ball";
  const isRounded = (value) => value === Math.round(resolution * value) / resolution;
  const loose = c.states.findIndex((state) => resolution > 0 && !state.every(isRounded));
  if (loose >= 0) return `state ${loose} is not rounded`;
  if (c.states[0].some((value) => value !== 0) || c.carries[0] !== 0) return "it does not begin with zeros";
  const hasTargets = c.targets.flat().every((target) => target > 0 && target < number);
  if (!hasTargets) return "a step leads to no state in it";
  const addsOnPaper = c.targets.every((targets, i) => targets.every((target, pair) => {
    const total = (pair >> 1) + (pair & 1) + c.carries[i], carry = Math.floor(total / 2);
    return c.carries[target] === carry && c.bits[target] === total - 2 * carry;
  }));
  return addsOnPaper ? null : "it does not carry as one does on paper";
}

/**
 * Check a certificate, an object with the arrays that `gru_addition.verify` asks for by name. It need
 * not have weights or a resolution, since those of the network count, nor a slack, since the bound on
 * the errors is enough. The network computes in doubles.
 *
 * `steps` has an entry for each ball and pair of bits. From anywhere in the ball, the step ends at most
 * `distance` from the centre of the ball `target`, whose radius is `room`; the slack is in the distance.
 * With a rounded state, the unit is that of rounding, and the room half of it. `margin` is the share of
 * the room that is left, `outputMargin` how far outputs in the target are from 0.5, less the slack.
 * `error` bounds what rounding does to a step and to an output.
 * @param {any} network as the page's data describe it
 * @param {any} certificate
 * @param {{updateGate?: number}} options an update gate that is always 1
 * @returns {{holds: boolean, reason: string | null, steps: any[], error?: number}}
 */
export function check(network, certificate, { updateGate = network.updateGate } = {}) {
  const c = certificate, flaw = flawOf(network, c), inverse = flaw ? null : inverseOf(c.norm);
  const refused = (reason) => ({ holds: false, reason, steps: [] });
  if (!inverse) return refused(flaw ?? "its norm has no inverse");
  if (![undefined, 1].includes(updateGate)) return refused("only an update gate of 1 can be checked");
  const { weights: w, cell, resolution } = network, units = w.W_output.length;

  const computed = c.states.map((state, i) => {
    const A = arithmeticIn(c.radii[i], units);
    // No changes of a rounded state are of interest, but its last digit may be off.
    const slopes = (j) => (resolution ? [] : columnOf(inverse, j));
    const reach = (j) => Math.abs(state[j]) + c.radii[i] * lengthAbove(columnOf(inverse, j));
    const h = state.map((value, j) => A.number([value, 0], slopes(j), 2 * Number.EPSILON * reach(j)));
    const [output] = A.weighted(h.slice(0, units), w.W_output, [[w.b_output[0], 0]]);
    const steps = [0, 1, 2, 3].map((pair) => {
      const bits = [[pair >> 1, 0], [pair & 1, 0]];
      const x = Object.fromEntries(GATES[cell].map((gate) => [gate, (
        timesMatrix(bits, w[`W${gate}`]).map((sum, j) => addBalls(sum, [w[`b${gate}`][j], 0])))]));
      return EQUATIONS[cell](A, h, x, w, updateGate);
    });
    const errors = [[output], ...steps].map((numbers) => lengthAbove(numbers.map(({ error }) => [error, 0])));
    return { output, steps, error: Math.max(...errors) };
  });
  const error = above(Math.max(...columnOf(computed, "error"))), slack = c.slack ?? error;
  const outputMargins = computed.map(({ output }, i) => {
    const rightSide = multiplyBalls([2 * c.bits[i] - 1, 0], subtractBalls(output.range, [0.5, 0]));
    return i === 0 ? Infinity : endsOf(subtractBalls(rightSide, [slack, 0]))[0];
  });

  const slackInNorm = slack * normAbove(c.norm.map((row) => row.map((value) => [value, 0])));
  const distanceTo = (target, after, radius) => {
    if (resolution) {
      const off = after.map(({ centre }, j) => subtractBalls(
        multiplyBalls(centre, [resolution, 0]), [Math.round(resolution * target[j]), 0]));
      return above(Math.max(...off.map(sizeOf)) + resolution * slack);
    }
    const off = timesMatrix(after.map(({ centre }, j) => subtractBalls(centre, [target[j], 0])), c.norm);
    const slopes = inverse.map((_, d) => timesMatrix(after.map((number) => number.slopes[d]), c.norm));
    return above(lengthAbove(off) + radius * normAbove(slopes) + slackInNorm);
  };
  const steps = computed.flatMap((from, i) => from.steps.map((after, pair) => {
    const target = c.targets[i][pair], outputMargin = outputMargins[target];
    const distance = distanceTo(c.states[target], after, c.radii[i]);
    const room = resolution ? 0.5 : c.radii[target];
    const margin = (room - distance) / room, holds = distance < room && outputMargin > 0;
    return { ball: i, pair, target, distance, room, margin, outputMargin, holds };
  }));

  const wrong = outputMargins.findIndex((margin) => !(margin > 0));
  const failed = steps.find(({ holds }) => !holds);
  let reason = null;
  if (!(error < (c.slack ?? Infinity))) reason = "its slack is smaller than rounding errors";
  else if (wrong >= 0) reason = `the output of state ${wrong} may be wrong`;
  else if (failed) reason = `the step from ball ${failed.ball} may leave ball ${failed.target}`;
  return { holds: reason === null, reason, error, steps };
}
