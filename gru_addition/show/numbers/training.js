// The tutorial's training in double precision: the gated recurrent unit (GRU), its gradients by
// back-propagation through time, and Adam as TensorFlow 1 computes it.

import { RandomState, truncatedNormal } from "./random.js";
import { TUTORIAL } from "./settings.js";
import { weightShapes } from "./shapes.js";
import { Batches, drawSums, merged } from "./sums.js";

/** @typedef {import("./sums.js").Column} Column */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {Record<string, Float64Array>} Weights by their names in Python, row by row */

// Each weight's op seed in the tutorial's graph, in the order in which it makes them.
const OP_SEEDS = {
  Wr: 3, Wz: 12, Wh: 21, Ur: 30, Uz: 39, Uh: 48, br: 57, bz: 66, bh: 75, W_output: 175, b_output: 184,
};
// What the penalty moves a state by, and which share of the sums it looks at.
const SMALL_CHANGE = 0.1, SUMS_PER_SENSITIVITY = 4;
// So many rows are multiplied by a matrix at a time.
const TOGETHER = 4;

/**
 * The weights before training.
 * @param {number} seed
 * @param {number} units
 * @returns {Weights}
 */
export function initialWeights(seed, units) {
  const shapes = weightShapes("gru", units);
  const draw = ([name, opSeed]) => {
    const number = shapes[name].reduce((a, b) => a * b, 1);
    return [name, truncatedNormal(seed, opSeed, number).map((value) => 0.01 * value)];
  };
  return Object.fromEntries(Object.entries(OP_SEEDS).map(draw));
}

/**
 * Room for all that is computed for some sums. In an array for all columns, each has the same room,
 * and a row of it a number for each unit.
 */
class Pass {
  /**
   * @param {number} size how many sums
   * @param {number} bits
   * @param {number} units
   */
  constructor(size, bits, units) {
    this.size = size;
    this.units = units;
    this.mostRows = Math.ceil(size / TOGETHER) * TOGETHER;
    const one = this.mostRows * units, all = bits * one;
    // The states before and after each column.
    this.before = new Float64Array(all);
    this.after = new Float64Array(all);
    // The reset and the update gate, the candidate, and what it uses of the state.
    this.r = new Float64Array(all);
    this.z = new Float64Array(all);
    this.candidate = new Float64Array(all);
    this.used = new Float64Array(all);
    this.errors = new Float64Array(bits * this.mostRows);
    // In one column, the derivatives of the loss by what the gates and the candidate are functions
    // of, by the states after the column and then before it, and by those before that.
    this.dr = new Float64Array(one);
    this.dz = new Float64Array(one);
    this.dc = new Float64Array(one);
    this.dh = new Float64Array(one);
    this.earlier = new Float64Array(one);
    this.room = new Float64Array(one);
    /** @type {Column[]} */
    this.columns = [];
  }

  /** Where a column starts, and how many rows of it are computed. @param {number} t */
  place(t) {
    const rows = Math.ceil(this.columns[t].size / TOGETHER) * TOGETHER;
    return { start: t * this.mostRows * this.units, rows };
  }
}

/** A run: its sums, its weights and Adam's memory. */
export class Training {
  /** @param {Partial<Settings>} settings those that are not the tutorial's */
  constructor(settings = {}) {
    this.settings = { ...TUTORIAL, ...settings };
    const { seed, numBits, batchSize, hiddenSize, miniBatchSize } = this.settings;
    this.weights = initialWeights(seed, hiddenSize);
    this.gradients = zerosLike(this.weights);
    this.takeStep = adam(this.weights, this.gradients, this.settings.learningRate);
    // Of the matrices for the state, and what each pair of bits adds to each gate, with the bias.
    const { Ur, Uz, Uh } = this.weights;
    this.transposed = zerosLike({ Ur, Uz, Uh });
    const each = new Float64Array(4 * hiddenSize);
    this.inputs = zerosLike({ r: each, z: each, h: each });
    const random = new RandomState(seed);
    this.trainingSums = drawSums(random, batchSize, numBits);
    this.testSums = drawSums(random, batchSize, numBits);
    this.testColumns = merged(this.testSums).columns;
    this.batches = new Batches(this.settings, this.trainingSums, random);
    const size = miniBatchSize ?? batchSize;
    this.pass = new Pass(size, numBits, hiddenSize);
    this.testPass = new Pass(batchSize, numBits, hiddenSize);
    this.moved = new Pass(Math.ceil(size / SUMS_PER_SENSITIVITY), numBits, hiddenSize);
    this.done = 0;
  }

  /** One iteration: the training loss before a step of Adam, and the test loss after it. */
  step() {
    const sums = this.batches.next();
    this.prepare();
    let train = this.lossOf(this.pass, merged(sums).columns, sums.size, sums.noise);
    if (this.settings.jacobianPenalty > 0) train += this.penaltyOf(sums);
    this.backward();
    this.takeStep();
    this.prepare();
    const test = this.lossOf(this.testPass, this.testColumns, this.testSums.size);
    this.done += 1;
    return { train, test };
  }

  /** The states of the test sums, as of the last iteration, each with its carry. */
  states() {
    const { after, units } = this.testPass;
    return this.testColumns.flatMap(({ size, carries }, t) => Array.from({ length: size }, (_, row) => {
      const at = this.testPass.place(t).start + row * units;
      return { state: after.subarray(at, at + units), carry: carries[row] };
    }));
  }

  /** The weights as Python writes them: nested arrays. */
  nestedWeights() {
    const shapes = weightShapes("gru", this.settings.hiddenSize);
    const nested = ([name, values]) => {
      const [rows, columns] = shapes[name], list = [...values];
      if (columns === undefined) return [name, list];
      return [name, Array.from({ length: rows }, (_, i) => list.slice(i * columns, (i + 1) * columns))];
    };
    return Object.fromEntries(Object.entries(this.weights).map(nested));
  }

  // What all columns have in common.
  prepare() {
    const { weights, transposed, inputs } = this, units = this.settings.hiddenSize;
    for (const name of ["Ur", "Uz", "Uh"]) {
      for (let i = 0, from = 0; i < units; i += 1) {
        for (let j = 0; j < units; j += 1, from += 1) transposed[name][j * units + i] = weights[name][from];
      }
    }
    for (const gate of ["r", "z", "h"]) {
      const W = weights[`W${gate}`], b = weights[`b${gate}`];
      for (let pair = 0, at = 0; pair < 4; pair += 1) {
        for (let j = 0; j < units; j += 1, at += 1) {
          inputs[gate][at] = (pair >> 1) * W[j] + (pair & 1) * W[units + j] + b[j];
        }
      }
    }
  }

  // Column t of a pass: from the states before it to those after it.
  column(pass, t) {
    const { units, before, after, r, z, candidate, used } = pass, { pairs } = pass.columns[t];
    const { inputs, transposed } = this, { start, rows } = pass.place(t), end = start + rows * units;
    for (let row = 0, at = start; row < rows; row += 1) {
      const from = pairs[row] * units;
      for (let j = 0; j < units; j += 1, at += 1) {
        r[at] = inputs.r[from + j];
        z[at] = inputs.z[from + j];
        candidate[at] = inputs.h[from + j];
      }
    }
    // The update gate: how much of a unit is replaced. The reset gate: how much of it may be used.
    addProducts(r, start, transposed.Ur, before, start, rows, units);
    addProducts(z, start, transposed.Uz, before, start, rows, units);
    for (let at = start; at < end; at += 1) {
      r[at] = 1 / (1 + Math.exp(-r[at]));
      z[at] = 1 / (1 + Math.exp(-z[at]));
      used[at] = r[at] * before[at];
    }
    // The candidate: what a unit would become if nothing of it were kept.
    addProducts(candidate, start, transposed.Uh, used, start, rows, units);
    for (let at = start; at < end; at += 1) {
      candidate[at] = Math.tanh(candidate[at]);
      after[at] = (1 - z[at]) * before[at] + z[at] * candidate[at];
    }
  }

  // Half the squared error, summed over the columns, averaged over the sums.
  lossOf(pass, columns, size, noise) {
    const { units, before, after, errors, mostRows } = pass, { W_output: W, b_output: b } = this.weights;
    const { stateNoise } = this.settings, number = size * units;
    pass.columns = columns;
    let loss = 0;
    for (let t = 0; t < columns.length; t += 1) {
      const { start } = pass.place(t), { parents, counts, answers } = columns[t];
      for (let row = 0, at = start; t > 0 && row < columns[t].size; row += 1) {
        const from = start + (parents[row] - mostRows) * units;
        for (let j = 0; j < units; j += 1, at += 1) before[at] = after[from + j];
      }
      this.column(pass, t);
      for (let i = 0; noise && stateNoise > 0 && i < number; i += 1) {
        after[start + i] += stateNoise * noise[t * number + i];
      }
      for (let row = 0, at = start; row < columns[t].size; row += 1) {
        let output = b[0];
        for (let j = 0; j < units; j += 1, at += 1) output += after[at] * W[j];
        const error = output - answers[row], share = counts[row] / size;
        errors[t * mostRows + row] = share * error;
        loss += share * 0.5 * error * error;
      }
    }
    return loss;
  }

  // What steps that stretch small changes of the state add to the loss: see
  // `gru_addition.cells.noisy`. It leaves its derivatives in `moved.after`.
  penaltyOf(sums) {
    const { pass, moved } = this, { units } = pass, { jacobianPenalty } = this.settings;
    const factor = (3 * jacobianPenalty) / moved.size;
    moved.columns = pass.columns.map((column) => {
      const pairs = new Uint8Array(moved.mostRows).map((_, i) => column.pairs[i * SUMS_PER_SENSITIVITY]);
      return { ...column, size: moved.size, pairs };
    });
    let sum = 0;
    for (let t = 0; t < sums.bits; t += 1) {
      const to = moved.place(t).start, from = pass.place(t).start, noiseAt = t * sums.size * units;
      forSome(moved, (i, main) => {
        moved.before[to + i] = pass.before[from + main] + SMALL_CHANGE * sums.noise[noiseAt + main];
      });
      this.column(moved, t);
      forSome(moved, (i, main) => {
        const z = pass.z[from + main];
        const plain = (1 - z) * pass.before[from + main] + z * pass.candidate[from + main];
        const change = (moved.after[to + i] - plain) / SMALL_CHANGE;
        sum += change * change;
        moved.after[to + i] = (2 * factor * change) / SMALL_CHANGE;
      });
    }
    return factor * sum;
  }

  // The derivatives of the loss by all weights.
  backward() {
    const { pass, moved, gradients } = this, { units, after, errors, mostRows } = pass;
    const { W_output: W } = this.weights, hasPenalty = this.settings.jacobianPenalty > 0;
    for (const gradient of Object.values(gradients)) gradient.fill(0);
    pass.dh.fill(0);
    for (let t = pass.columns.length - 1; t >= 0; t -= 1) {
      const { start } = pass.place(t), { size, parents } = pass.columns[t], { dh, earlier } = pass;
      for (let row = 0, i = 0; row < size; row += 1) {
        const error = errors[t * mostRows + row];
        gradients.b_output[0] += error;
        for (let j = 0; j < units; j += 1, i += 1) {
          gradients.W_output[j] += error * after[start + i];
          dh[i] += error * W[j];
        }
      }
      if (hasPenalty) {
        const from = moved.place(t).start;
        forSome(moved, (i, main) => {
          moved.dh[i] = moved.after[from + i];
          dh[main] -= moved.dh[i];
        });
        this.columnBackward(moved, t);
      }
      this.columnBackward(pass, t);
      if (hasPenalty) forSome(moved, (i, main) => { dh[main] += moved.dh[i]; });
      // Hand them on to the column before. Sums that were alike there meet again.
      earlier.fill(0);
      for (let row = 0, i = 0; row < size; row += 1) {
        const to = parents[row] * units;
        for (let j = 0; j < units; j += 1, i += 1) earlier[to + j] += dh[i];
      }
      pass.dh = earlier;
      pass.earlier = dh;
    }
  }

  // From the derivatives by the states after column t to those by the states before it, both in
  // `pass.dh`, and by the weights of the gates.
  columnBackward(pass, t) {
    const { units, before, r, z, candidate, used, dr, dz, dc, dh, room } = pass;
    const { weights, gradients } = this, { start, rows } = pass.place(t), number = rows * units;
    for (let i = 0, at = start; i < number; i += 1, at += 1) {
      const change = dh[i], c = candidate[at], gate = z[at];
      dc[i] = change * gate * (1 - c * c);
      dz[i] = change * (c - before[at]) * gate * (1 - gate);
      dh[i] = change * (1 - gate);
    }
    room.fill(0);
    addProducts(room, 0, weights.Uh, dc, 0, rows, units);
    for (let i = 0, at = start; i < number; i += 1, at += 1) {
      const gate = r[at];
      dr[i] = room[i] * before[at] * gate * (1 - gate);
      dh[i] += room[i] * gate;
    }
    addProducts(dh, 0, weights.Uz, dz, 0, rows, units);
    addProducts(dh, 0, weights.Ur, dr, 0, rows, units);
    const { pairs } = pass.columns[t];
    addInputs(gradients.Wr, gradients.br, pairs, dr, rows, units);
    addInputs(gradients.Wz, gradients.bz, pairs, dz, rows, units);
    addInputs(gradients.Wh, gradients.bh, pairs, dc, rows, units);
    if (t === 0 && pass === this.pass) return; // The states before it are zero.
    addOuterProducts(gradients.Ur, before, start, dr, rows, units);
    addOuterProducts(gradients.Uz, before, start, dz, rows, units);
    addOuterProducts(gradients.Uh, used, start, dc, rows, units);
  }
}

/** @param {Weights} weights @returns {Weights} */
function zerosLike(weights) {
  return Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, new Float64Array(w.length)]));
}

// Each number in a column of the moved states, and where it was moved from.
function forSome(moved, action) {
  for (let row = 0, i = 0; row < moved.size; row += 1) {
    const main = row * SUMS_PER_SENSITIVITY * moved.units;
    for (let j = 0; j < moved.units; j += 1, i += 1) action(i, main + j);
  }
}

// Adds to each row of `sums` the products of a row of `states` with the rows of `matrix`.
function addProducts(sums, sumsAt, matrix, states, statesAt, rows, units) {
  for (let row = 0; row < rows; row += TOGETHER) {
    const s0 = statesAt + row * units, s1 = s0 + units, s2 = s1 + units, s3 = s2 + units;
    const t0 = sumsAt + row * units, t1 = t0 + units, t2 = t1 + units, t3 = t2 + units;
    for (let j = 0, m = 0; j < units; j += 1) {
      let a = sums[t0 + j], b = sums[t1 + j], c = sums[t2 + j], d = sums[t3 + j];
      for (let k = 0; k < units; k += 1, m += 1) {
        const weight = matrix[m];
        a += states[s0 + k] * weight;
        b += states[s1 + k] * weight;
        c += states[s2 + k] * weight;
        d += states[s3 + k] * weight;
      }
      sums[t0 + j] = a;
      sums[t1 + j] = b;
      sums[t2 + j] = c;
      sums[t3 + j] = d;
    }
  }
}

// Adds to a matrix the outer products of the rows of `states` and `changes`.
function addOuterProducts(matrix, states, statesAt, changes, rows, units) {
  for (let row = 0; row < rows; row += TOGETHER) {
    const c0 = row * units, c1 = c0 + units, c2 = c1 + units, c3 = c2 + units;
    for (let k = 0, m = 0, at = statesAt + c0; k < units; k += 1, at += 1) {
      const a = states[at], b = states[at + units], c = states[at + 2 * units], d = states[at + 3 * units];
      for (let j = 0; j < units; j += 1, m += 1) {
        matrix[m] += a * changes[c0 + j] + b * changes[c1 + j] + c * changes[c2 + j] + d * changes[c3 + j];
      }
    }
  }
}

// Adds to a gate's gradients what comes from the bits, and by its bias.
function addInputs(W, b, pairs, changes, rows, units) {
  for (let row = 0, i = 0; row < rows; row += 1) {
    const first = pairs[row] >> 1, second = pairs[row] & 1;
    for (let j = 0; j < units; j += 1, i += 1) {
      b[j] += changes[i];
      W[j] += first * changes[i];
      W[units + j] += second * changes[i];
    }
  }
}

/**
 * Adam (Kingma and Ba 2015): a function that takes a step. TensorFlow 1 keeps its constants and the
 * powers of its betas in float32, even if the weights are in float64.
 * @param {Weights} weights
 * @param {Weights} gradients
 * @param {number} learningRate
 */
function adam(weights, gradients, learningRate) {
  const float32 = Math.fround;
  const beta1 = float32(0.9), beta2 = float32(0.999), epsilon = float32(1e-8), rate = float32(learningRate);
  const means = zerosLike(weights), squares = zerosLike(weights);
  let power1 = beta1, power2 = beta2;
  return () => {
    const step = (rate * Math.sqrt(1 - power2)) / (1 - power1);
    for (const name of Object.keys(weights)) {
      const w = weights[name], g = gradients[name], m = means[name], v = squares[name];
      for (let i = 0; i < w.length; i += 1) {
        m[i] += (g[i] - m[i]) * (1 - beta1);
        v[i] += (g[i] * g[i] - v[i]) * (1 - beta2);
        w[i] -= (step * m[i]) / (Math.sqrt(v[i]) + epsilon);
      }
    }
    power1 = float32(power1 * beta1);
    power2 = float32(power2 * beta2);
  };
}
