// Searches for wrong sums, as in `gru_addition.prove.search`. The smallest has the fewest bits, then the
// smallest total, then the smallest a. In a sum of n bits, operands and total are written with n bits.

import { addWith, step } from "./network.js";

/** @typedef {{a: bigint, b: bigint, bits: number, answer?: bigint}} WrongSum */

// Two states with the same carry count as one if they are in the same cell of a grid of this spacing.
const SPACING = 0.005;

const startOf = (network) => ({ h: new Array(network.stateSize).fill(0), carry: 0, columns: 0 });

// The columns so far and one more.
function followed(network, before, pair) {
  const a = pair >> 1, b = pair & 1, total = a + b + before.carry;
  const { h, output } = step(network, before.h, a, b);
  const isWrong = (output > 0.5) !== (total % 2 === 1);
  return { h, carry: total >> 1, columns: before.columns + 1, before, pair, isWrong };
}

// The sum of some columns. A carry that is left over needs one more.
function sumOfColumns({ carry, ...last }) {
  let a = 0n, b = 0n;
  for (let at = last; at.before; at = at.before) {
    a = 2n * a + BigInt(at.pair >> 1);
    b = 2n * b + BigInt(at.pair & 1);
  }
  return { a, b, bits: last.columns + carry };
}

/**
 * The smaller of a wrong sum, or none, and that of some columns, which may be right.
 * @param {WrongSum | undefined} found @returns {WrongSum | undefined}
 */
function smallerOf(found, columns) {
  if (!columns.isWrong) return found;
  const other = sumOfColumns(columns);
  if (!found || other.bits < found.bits) return other;
  const more = other.a + other.b - found.a - found.b;
  return other.bits === found.bits && (more || other.a - found.a) < 0n ? other : found;
}

/** With what the network answers. @param {any} network @param {WrongSum} sum @returns {WrongSum} */
function withAnswer(network, { a, b, bits }) {
  const written = addWith(network, a, b, bits).map((column) => column.written).reverse();
  return { a, b, bits, answer: BigInt(`0b${written.join("")}`) };
}

/**
 * Try all sums of 1 bit, of 2 bits, and so on, for some milliseconds. It says up to how many bits all
 * were `tried`, and the smallest wrong one of these; without any, a, b, bits and answer are null.
 * @param {any} network as the page's data describe it
 */
export function smallestWrong(network, budget = 1000) {
  const end = performance.now() + budget;
  let tried = 0;
  /** @type {WrongSum | undefined} */
  let found;
  // Sums that begin alike share their first columns.
  const isInTime = (before) => [0, 1, 2, 3].every((pair) => {
    const after = followed(network, before, pair), isLast = before.columns === tried;
    if (isLast) found = smallerOf(found, after);
    return performance.now() < end && (isLast || isInTime(after));
  });
  const isDone = () => found && found.bits <= tried;
  while (!isDone() && isInTime(startOf(network))) tried += 1;
  const nothing = { a: null, b: null, bits: null, answer: null };
  return { ...(found && isDone() ? withAnswer(network, found) : nothing), tried };
}

/**
 * The shortest wrong sum found, with the answer, or null. Of the states that count as one, only the
 * first is followed; for two units, a few milliseconds are usually enough.
 * @param {any} network @param {number} budget how many states are followed at most
 */
export function wrongByStates(network, budget = 20000) {
  const met = new Set();
  let frontier = [startOf(network)], found;
  for (let left = budget; frontier.length > 0 && left > 0; left -= frontier.length) {
    const after = frontier.flatMap((before) => [0, 1, 2, 3].map((pair) => followed(network, before, pair)));
    found = after.reduce(smallerOf, found);
    if (found && found.bits <= after[0].columns) return withAnswer(network, found);
    frontier = after.filter(({ carry, h }) => {
      const cell = `${carry},${h.map((value) => Math.round(value / SPACING))}`;
      return !met.has(cell) && met.add(cell);
    });
  }
  return null;
}
