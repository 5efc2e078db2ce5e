// Arithmetic whose rounding is accounted for, in a language that always rounds to the nearest double.
//
// A ball [m, r] stands for any number that is at most r from m. The m of a result is off by at most
// 2^-53 of it, or by 2^-1075 if that is more; `ball` adds more than that to r. An r is computed from
// numbers that are not negative, by + * / and square roots, and `above` adds 2^-52 of it for each of
// these. What is too large for a double becomes infinite or not a number, which passes no comparison
// that asks for less. Trusted are + - * / and Math.sqrt, to round as IEEE 754 says, and Math.tanh, to be
// off by at most 100 * 2^-52.

const ULP = Number.EPSILON, TINY = 1e-300, FUNCTION_ERROR = 100 * ULP;
// More operations than any r needs, apart from long sums.
const FEW = 12;

export const above = (x, terms = 0) => x * (1 + (terms + FEW) * ULP) + TINY;
/** @returns {any} */
const ball = (m, r) => [m, above(r + Math.abs(m) * ULP)];
export const addBalls = ([a, r], [b, s]) => ball(a + b, r + s);
export const subtractBalls = ([a, r], [b, s]) => ball(a - b, r + s);
export const multiplyBalls = ([a, r], [b, s]) => ball(a * b, Math.abs(a) * s + r * (Math.abs(b) + s));
const halfOf = (x) => multiplyBalls(x, [0.5, 0]);
const squareOf = (x) => multiplyBalls(x, x);
export const sizeOf = ([m, r]) => above(Math.abs(m) + r);

// A double below a ball and one above it; and a ball that holds all between two doubles.
export function endsOf([m, r]) {
  const reach = ball(m, r)[1];
  return [m - reach, m + reach];
}

/** @returns {any} */
function ballBetween(low, high) {
  const m = low / 2 + high / 2;
  return [m, above(Math.max(high - m, m - low))];
}

function commonPart(x, y) {
  const [low, high] = endsOf(x), [lowest, highest] = endsOf(y);
  return ballBetween(Math.max(low, lowest), Math.min(high, highest));
}

function tanhOf(x) {
  const [low, high] = endsOf(x).map(Math.tanh), off = FUNCTION_ERROR + ULP;
  return ballBetween(Math.max(-1, low - off), Math.min(1, high + off));
}

// Written like this, it can't overflow.
const sigmoidOf = (x) => halfOf(addBalls([1, 0], tanhOf(halfOf(x))));

export const columnOf = (rows, j) => rows.map((row) => row[j]);
const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

// The sum of the products of balls and numbers. Rounding moves it by less than 2^-52 of the sum of
// their sizes for each of them.
function sumOfProducts(balls, numbers) {
  let m = 0, r = 0, sizes = 0;
  for (let k = 0; k < numbers.length; k += 1) {
    const product = balls[k][0] * numbers[k];
    m += product;
    sizes += Math.abs(product);
    r += balls[k][1] * Math.abs(numbers[k]);
  }
  return [m, above(r + numbers.length * ULP * sizes, numbers.length)];
}

export const timesMatrix = (row, M) => M[0].map((_, j) => sumOfProducts(row, columnOf(M, j)));
const squaresAbove = (numbers) => above(sumOf(numbers.map((x) => x * x)), numbers.length);
// A bound on the Euclidean length of some balls.
export const lengthAbove = (balls) => above(Math.sqrt(squaresAbove(balls.map(sizeOf))));

// A bound on the spectral norm of all matrices in a matrix of balls.
export function normAbove(balls) {
  const [middles, radii] = [0, 1].map((part) => balls.map((row) => columnOf(row, part)));
  return above(normOf(middles) + normOf(radii));
}

// The square of a norm is the norm of M^T M, which is divided here by a bound on it. The Frobenius
// norm is such a bound; at the end, only the 256th root of what it is too large by counts.
function normOf(M, squarings = 8) {
  const most = squaresAbove(M.flat()), columns = M[0].map((_, j) => columnOf(M, j));
  if (squarings === 0) return above(Math.sqrt(most));
  const square = columns.map((x) => columns.map((y) => sumOf(x.map((value, k) => value * y[k])) / most));
  return above(Math.sqrt(above(most * (normOf(square, squarings - 1) + (M.length + 4) * ULP))));
}

// The inverse of a matrix of numbers, in balls, by Gauss and Jordan; null if there may be none.
export function inverseOf(M) {
  const rows = M.map((row, i) => [...row, ...M.map((_, j) => Number(i === j))].map((value) => [value, 0]));
  for (let k = 0; k < M.length; k += 1) {
    let best = k;
    for (let i = k; i < M.length; i += 1) if (Math.abs(rows[i][k][0]) > Math.abs(rows[best][k][0])) best = i;
    [rows[k], rows[best]] = [rows[best], rows[k]];
    const [low, high] = endsOf(/** @type {any} */ (rows[k][k])), [m, r] = ballBetween(1 / high, 1 / low);
    if (!(low * high > 0)) return null;
    rows[k] = rows[k].map((x) => multiplyBalls(x, ball(m, r)));
    rows.forEach((row, i) => {
      if (i !== k) rows[i] = row.map((x, j) => subtractBalls(x, multiplyBalls(row[k], rows[k][j])));
    });
  }
  return rows.map((row) => row.slice(M.length));
}

/**
 * Arithmetic with what depends on a state in a ball. A number has its value at the centre; its slopes,
 * the changes for a unit step in each direction; its range, a ball that holds all its values; and
 * a bound on the error if it is computed in doubles, sums in any order, and if a sigmoid or tanh may be
 * off by 100 * 2^-52.
 * @param {number} radius @param {number} units the most terms of a sum, apart from the input
 */
export function arithmeticIn(radius, units) {
  const number = (centre, slopes, error, known = null) => {
    const range = addBalls(centre, [0, above(radius * lengthAbove(slopes))]);
    return { centre, slopes, error: above(error, units), range: known ? commonPart(range, known) : range };
  };
  const slopesOf = (x, y, change) => x.slopes.map((slope, d) => change(slope, y.slopes[d]));
  const joined = (change) => (x, y) => number(
    change(x.centre, y.centre), slopesOf(x, y, change),
    x.error + y.error + ULP * (sizeOf(x.range) + sizeOf(y.range)), change(x.range, y.range));
  const applied = (change, slopeOf, steepest) => (x) => {
    const range = change(x.range), slope = slopeOf(range);
    const slopes = x.slopes.map((s) => multiplyBalls(s, slope));
    return number(change(x.centre), slopes, steepest * x.error + FUNCTION_ERROR, range);
  };
  return {
    number,
    add: joined(addBalls),
    subtract: joined(subtractBalls),
    multiply(x, y) {
      const [a, b] = [x, y].map(({ range }) => sizeOf(range));
      const slopes = slopesOf(x, y, (s, t) => addBalls(multiplyBalls(s, y.range), multiplyBalls(t, x.range)));
      const error = (a + x.error) * y.error + x.error * b + ULP * a * b;
      return number(multiplyBalls(x.centre, y.centre), slopes, error, multiplyBalls(x.range, y.range));
    },
    // The slope s (1 - s) is written so that only a square varies.
    sigmoid: applied(sigmoidOf, (s) => subtractBalls([0.25, 0], squareOf(subtractBalls(s, [0.5, 0]))), 0.25),
    tanh: applied(tanhOf, (t) => subtractBalls([1, 0], squareOf(t)), 1),
    // A number of whose products with weights the error is known, and the input, a ball: the bound on
    // the one error has room for that of adding the other.
    shifted(x, input) {
      const error = x.error + (units + 6) * ULP * sizeOf(input);
      return number(addBalls(x.centre, input), x.slopes, error, addBalls(x.range, input));
    },
    // h U + x for each unit.
    weighted(h, U, x) {
      const centres = timesMatrix(columnOf(h, "centre"), U);
      const slopes = h[0].slopes.map((_, d) => timesMatrix(h.map((value) => value.slopes[d]), U));
      return x.map((input, j) => {
        const sizes = [sizeOf(input), ...h.map(({ range }, i) => sizeOf(range) * Math.abs(U[i][j]))];
        const errors = h.map(({ error }, i) => error * Math.abs(U[i][j]));
        const error = sumOf(errors) + (units + 6) * ULP * sumOf(sizes);
        return number(addBalls(centres[j], input), columnOf(slopes, j), error);
      });
    },
  };
}
