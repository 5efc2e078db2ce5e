// A trained network: one step of its cell, in double precision, as in the tutorial.

/** @param {number} x */
export function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// To the nearest whole number, and to an even one from halfway, as TensorFlow rounds.
function roundToEven(x) {
  const floor = Math.floor(x), rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

// x W + h U + b for each unit. x holds the bits of a column, h the state before it.
export function weighted(x, h, W, U, b) {
  return b.map((bias, unit) => {
    let sum = bias;
    for (let i = 0; i < x.length; i += 1) sum += x[i] * W[i][unit];
    for (let i = 0; i < h.length; i += 1) sum += h[i] * U[i][unit];
    return sum;
  });
}

/**
 * Each cell returns the state after a column, and by name what it computed on the way.
 * @type {Object<string, (x: number[], h: number[], weights: any, updateGate?: number) => any>}
 */
export const CELLS = {
  gru(x, h, w, updateGate) {
    const z = weighted(x, h, w.Wz, w.Uz, w.bz).map((value) => updateGate ?? sigmoid(value));
    const r = weighted(x, h, w.Wr, w.Ur, w.br).map(sigmoid);
    const reset = h.map((value, i) => r[i] * value);
    const candidate = weighted(x, reset, w.Wh, w.Uh, w.bh).map(Math.tanh);
    const after = h.map((value, i) => (1 - z[i]) * value + z[i] * candidate[i]);
    return { h: after, "update gate": z, "reset gate": r, candidate };
  },

  // Its reset gate acts on the product with Uh, and on a bias of its own.
  gru_reset_after(x, h, w) {
    const z = weighted(x, h, w.Wz, w.Uz, w.bz).map(sigmoid);
    const r = weighted(x, h, w.Wr, w.Ur, w.br).map(sigmoid);
    const kept = weighted([], h, [], w.Uh, w.bu);
    const sums = weighted(x, [], w.Wh, [], w.bh);
    const candidate = sums.map((value, i) => Math.tanh(value + r[i] * kept[i]));
    const after = h.map((value, i) => (1 - z[i]) * value + z[i] * candidate[i]);
    return { h: after, "update gate": z, "reset gate": r, candidate };
  },

  elman(x, h, w) {
    return { h: weighted(x, h, w.Wh, w.Uh, w.bh).map(Math.tanh) };
  },

  // Its state holds what it shows, and behind that its memory.
  lstm(x, state, w) {
    const units = w.bc.length, h = state.slice(0, units), c = state.slice(units);
    const i = weighted(x, h, w.Wi, w.Ui, w.bi).map(sigmoid);
    const f = weighted(x, h, w.Wf, w.Uf, w.bf).map(sigmoid);
    const o = weighted(x, h, w.Wo, w.Uo, w.bo).map(sigmoid);
    const candidate = weighted(x, h, w.Wc, w.Uc, w.bc).map(Math.tanh);
    const memory = c.map((value, k) => f[k] * value + i[k] * candidate[k]);
    const shown = memory.map((value, k) => o[k] * Math.tanh(value));
    return { h: [...shown, ...memory], "input gate": i, "forget gate": f, "output gate": o, candidate };
  },
};

/**
 * The step after a column with the bits a and b, with its output: above 0.5, it means a one.
 * network: as the page's data describe it. With an `updateGate`, its update gate is that number.
 * @param {any} network @param {number[]} h @param {number} a @param {number} b
 */
export function step(network, h, a, b) {
  const w = network.weights, after = CELLS[network.cell]([a, b], h, w, network.updateGate);
  if (network.resolution) {
    after.h = after.h.map((value) => roundToEven(value * network.resolution) / network.resolution);
  }
  after.output = w.b_output[0];
  w.W_output.forEach(([weight], unit) => { after.output += weight * after.h[unit]; });
  return after;
}

/**
 * All columns of a sum, the lowest first.
 * @param {any} network @param {bigint} a @param {bigint} b @param {number} bits
 */
export function addWith(network, a, b, bits) {
  const columns = [];
  let h = new Array(network.stateSize).fill(0), carry = 0, ball = 0;
  for (let k = 0; k < bits; k += 1) {
    const bitA = Number((a >> BigInt(k)) & 1n), bitB = Number((b >> BigInt(k)) & 1n);
    const total = bitA + bitB + carry, after = step(network, h, bitA, bitB);
    if (network.certificate) ball = network.certificate.targets[ball][2 * bitA + bitB];
    columns.push({
      ...after, a: bitA, b: bitB, carryIn: carry, total, ball,
      bit: total % 2, carry: total >> 1, written: after.output > 0.5 ? 1 : 0,
    });
    h = after.h;
    carry = total >> 1;
  }
  return columns;
}
