// States in the plane in which they differ most, that of their two largest principal components.

import { step } from "./network.js";
import { RandomState } from "./random.js";

/** @typedef {ArrayLike<number>[]} States */
/** @typedef {{centre: number[], directions: number[][], names: string[]}} Plane */

// How often a plane is brought nearer: at first, and when its states have changed.
const ROUNDS = 200, ROUNDS_AT_A_TIME = 2;
// The random sums whose states are drawn for a network.
const CLOUD_SUMS = 20, CLOUD_COLUMNS = 20;

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
}

/** @returns {number[]} */
function axis(units, unit) {
  return Array.from({ length: units }, (_, i) => (i === unit ? 1 : 0));
}

function centreOf(states) {
  return Array.from(states[0], (_, unit) => states.reduce((sum, h) => sum + h[unit], 0) / states.length);
}

// What the states differ by, multiplied unit by unit and summed.
function covarianceOf(states, centre) {
  const sums = centre.map(() => centre.map(() => 0)), difference = [...centre];
  for (const h of states) {
    for (let i = 0; i < centre.length; i += 1) difference[i] = h[i] - centre[i];
    for (let i = 0; i < centre.length; i += 1) {
      for (let j = 0; j < centre.length; j += 1) sums[i][j] += difference[i] * difference[j];
    }
  }
  return sums;
}

/** The places of states in a plane. @param {Plane} plane @param {States} states */
export function placesIn({ centre, directions: [x, y] }, states) {
  const x0 = dot(x, centre), y0 = dot(y, centre);
  return states.map((h) => [dot(x, h) - x0, dot(y, h) - y0]);
}

// Two directions, turned within their plane.
/** @param {number[][]} directions @param {number} angle */
function turned(directions, angle) {
  const [x, y] = directions;
  const c = Math.cos(angle), s = Math.sin(angle);
  return [x.map((value, i) => c * value + s * y[i]), y.map((value, i) => c * value - s * x[i])];
}

// Two directions in the same plane, of length 1 and at right angles.
/** @param {number[][]} directions */
function orthonormal([x, y]) {
  const unit = (v) => v.map((value) => value / Math.hypot(...v)), first = unit(x);
  const besideFirst = (v) => {
    const overlap = dot(first, v);
    return unit(v.map((value, i) => value - overlap * first[i]));
  };
  // Once more, as rounding errors count where the two are much alike.
  return [first, besideFirst(besideFirst(y))];
}

// Orthogonal iteration: multiplied by the covariance and made orthonormal again, two directions come
// nearer to those of the largest differences. Then they are turned to lie as they lay, or nearly so.
function nearer(directions, covariance) {
  const all = covariance.reduce((sum, row, i) => sum + row[i], 0);
  // Where the states differ in one direction only, the other one stays.
  const times = (old) => old.map((value, i) => dot(covariance[i], old) + 1e-12 * all * value);
  const [first, second] = orthonormal(directions.map(times));
  // States that are all the same differ in no direction.
  if (!second.every(Number.isFinite)) return directions;
  const [u, v] = directions;
  const angle = Math.atan2(dot(second, u) - dot(first, v), dot(first, u) + dot(second, v));
  return turned([first, second], angle);
}

/**
 * The mean of states and the two directions in which they differ most, as rows.
 * @param {States} states of two units or more
 */
export function principalPlane(states) {
  const centre = centreOf(states), covariance = covarianceOf(states, centre);
  // Any start will do in which no direction is missing.
  let directions = orthonormal([1, 2].map((i) => centre.map((_, unit) => Math.cos(i * unit + i))));
  for (let round = 0; round < ROUNDS; round += 1) directions = nearer(directions, covariance);
  const along = (a, b) => dot(a, covariance.map((row) => dot(row, b)));
  const [x, y] = directions;
  return { centre, directions: turned([x, y], Math.atan2(2 * along(x, y), along(x, x) - along(y, y)) / 2) };
}

/** A plane that follows states as they change, without a jump. One or two units are shown as they are. */
export class FollowingPlane {
  /**
   * @param {States} states
   * @param {ArrayLike<number>} carries states with a carry lie on the right at first
   */
  constructor(states, carries) {
    const units = states[0].length;
    this.isFixed = units <= 2;
    /** @type {Plane} */
    this.plane = this.isFixed ? planeOfUnits(units, units - 1)
      : { ...principalPlane(states), names: ["the plane in which the states differ most", ""] };
    const places = placesIn(this.plane, states).filter((_, i) => carries[i] === 1);
    const isTurned = !this.isFixed && places.reduce((sum, [x]) => sum + x, 0) < 0;
    if (isTurned) this.plane.directions = turned(this.plane.directions, Math.PI);
  }

  /** @param {States} states @returns {Plane} */
  follow(states) {
    if (this.isFixed) return this.plane;
    const centre = centreOf(states), covariance = covarianceOf(states, centre);
    let { directions } = this.plane;
    for (let round = 0; round < ROUNDS_AT_A_TIME; round += 1) directions = nearer(directions, covariance);
    this.plane = { ...this.plane, centre, directions };
    return this.plane;
  }
}

function planeOfUnits(size, unit) {
  const names = ["unit 0", `unit ${unit}`];
  return { centre: axis(size, -1), directions: [axis(size, 0), axis(size, unit)], names };
}

/**
 * How far the nearest two states with and without a carry are from each other, as a share of how
 * far states are from their mean, the root of the mean square.
 * @param {States} states
 * @param {ArrayLike<number>} carries
 */
export function gapBetween(states, carries) {
  const distance = (a, b) => {
    let sum = 0;
    for (let i = 0; i < a.length; i += 1) sum += (a[i] - b[i]) ** 2;
    return sum;
  };
  const [without, having] = [0, 1].map((carry) => states.filter((_, i) => carries[i] === carry));
  let nearest = Infinity;
  for (const h of without) for (const other of having) nearest = Math.min(nearest, distance(h, other));
  const centre = centreOf(states);
  const spread = states.reduce((sum, h) => sum + distance(h, centre), 0) / states.length;
  return Math.sqrt(nearest / spread);
}

/**
 * The planes that a network is shown in, with states of random sums, as `page_data` in Python has
 * them: planes of units for up to three units, the principal plane for more.
 * @param {any} network
 */
export function planesOf(network) {
  const size = network.stateSize, random = new RandomState(0), states = [], carries = [];
  for (let sum = 0; sum < CLOUD_SUMS; sum += 1) {
    for (let column = 0, h = axis(size, -1), carry = 0; column < CLOUD_COLUMNS; column += 1) {
      const pair = random.upTo(3), a = pair >> 1, b = pair & 1;
      h = step(network, h, a, b).h;
      carry = (a + b + carry) >> 1;
      states.push(h);
      carries.push(carry);
    }
  }
  const names = ["first", "second"].map((nth) => `${nth} principal component`);
  const planes = size > 3 ? [{ ...principalPlane(states), names }]
    : Array.from({ length: Math.max(1, size - 1) }, (_, i) => planeOfUnits(size, Math.min(i + 1, size - 1)));
  return planes.map((plane) => ({
    ...plane, cloud: placesIn(plane, states).map(([x, y], i) => [x, y, carries[i]]), balls: [],
  }));
}
