// The sums that a network is trained on, as `gru_addition.dataset` and `runs.batches` draw them.

/** @typedef {import("./random.js").RandomState} RandomState */

/**
 * Sums of `bits` columns, the lowest first. Entry t * size + i belongs to column t of sum i.
 * @typedef {object} Sums
 * @property {number} size how many sums
 * @property {number} bits how many columns
 * @property {Uint8Array} pairs two bits, as 2 a + b
 * @property {Uint8Array} carries the carry out of the column
 * @property {Uint8Array} answers the bit of the sum
 * @property {Float64Array} [noise] a number from -1 to 1 for each column, sum and unit
 */

/**
 * @param {[number, number][]} operands below 2^32
 * @param {number} bits
 * @returns {Sums}
 */
export function sumsOf(operands, bits) {
  const size = operands.length;
  const [pairs, carries, answers] = [0, 1, 2].map(() => new Uint8Array(bits * size));
  operands.forEach(([a, b], i) => {
    for (let t = 0, carry = 0; t < bits; t += 1) {
      const bitA = (a >>> t) & 1, bitB = (b >>> t) & 1, total = bitA + bitB + carry;
      carry = total >> 1;
      pairs[t * size + i] = 2 * bitA + bitB;
      carries[t * size + i] = carry;
      answers[t * size + i] = total & 1;
    }
  });
  return { size, bits, pairs, carries, answers };
}

/**
 * What a network has to compute for some sums. Sums that begin alike have the same states there,
 * so in each column what is alike is one row, which counts several times.
 * @typedef {object} Column
 * @property {number} size how many rows
 * @property {Uint8Array} pairs of each row
 * @property {Uint32Array} parents for each row, which row of the column before it comes from
 * @property {Uint32Array} counts how many sums it stands for
 * @property {Uint8Array} carries of each row
 * @property {Uint8Array} answers of each row
 */

/**
 * The rows of each column, and for each sum its row there (entry t * size + i).
 * @param {Sums} sums
 * @returns {{columns: Column[], rows: Uint32Array}}
 */
export function merged(sums) {
  const { size, bits } = sums, rows = new Uint32Array(bits * size), columns = [];
  for (let t = 0; t < bits; t += 1) {
    // A multiple of four rows is computed, so there may be up to three more.
    const bytes = () => new Uint8Array(size + 3), words = () => new Uint32Array(size + 3);
    const column = {
      size: 0, parents: words(), counts: words(), pairs: bytes(), carries: bytes(), answers: bytes(),
    };
    const found = new Map();
    for (let i = 0; i < size; i += 1) {
      const parent = t > 0 ? rows[(t - 1) * size + i] : 0, at = t * size + i;
      // With noise no two sums are alike.
      const key = sums.noise ? i : 4 * parent + sums.pairs[at];
      if (!found.has(key)) found.set(key, found.size);
      const row = found.get(key);
      rows[at] = row;
      column.parents[row] = parent;
      column.counts[row] += 1;
      column.pairs[row] = sums.pairs[at];
      column.carries[row] = sums.carries[at];
      column.answers[row] = sums.answers[at];
    }
    column.size = found.size;
    columns.push(column);
  }
  return { columns, rows };
}

/**
 * Draw sums. As in the tutorial, both operands are below 2^(bits - 1) - 1.
 * @param {RandomState} random
 * @param {number} size
 * @param {number} bits from 2 to 32
 */
export function drawSums(random, size, bits) {
  const largest = 2 ** (bits - 1) - 2;
  const operands = Array.from({ length: size }, () => [random.upTo(largest), random.upTo(largest)]);
  return sumsOf(/** @type {[number, number][]} */ (operands), bits);
}

// Some of the sums, by their numbers.
function chosenFrom(sums, chosen) {
  const size = chosen.length;
  const pick = (values) => {
    const picked = new Uint8Array(sums.bits * size);
    for (let t = 0; t < sums.bits; t += 1) {
      for (let i = 0; i < size; i += 1) picked[t * size + i] = values[t * sums.size + chosen[i]];
    }
    return picked;
  };
  const [pairs, carries, answers] = [sums.pairs, sums.carries, sums.answers].map(pick);
  return { size, bits: sums.bits, pairs, carries, answers };
}

/**
 * The batches that a run trains on, one for each iteration: all sums, mini-batches of them, or new
 * ones.
 */
export class Batches {
  /**
   * @param {import("./settings.js").Settings} settings
   * @param {Sums} sums the training set
   * @param {RandomState} random
   */
  constructor(settings, sums, random) {
    this.settings = settings;
    this.sums = sums;
    this.random = random;
    /** @type {number[]} the sums still to come in the epochs begun so far */
    this.order = [];
  }

  /** @returns {Sums} */
  next() {
    const { settings, random } = this, sums = this.nextSums();
    if (settings.stateNoise === 0 && settings.jacobianPenalty === 0) return sums;
    const noise = new Float64Array(sums.bits * sums.size * settings.hiddenSize);
    // NumPy's array has all columns of the first sum first.
    for (let i = 0; i < sums.size; i += 1) {
      for (let t = 0; t < sums.bits; t += 1) {
        const at = (t * sums.size + i) * settings.hiddenSize;
        for (let unit = 0; unit < settings.hiddenSize; unit += 1) noise[at + unit] = random.uniform();
      }
    }
    return { ...sums, noise };
  }

  nextSums() {
    const { settings, sums, random } = this, size = settings.miniBatchSize;
    if (settings.freshBatches) return drawSums(random, settings.batchSize, settings.numBits);
    if (size === null) return sums;
    while (this.order.length < size) this.order.push(...random.permutation(sums.size));
    return chosenFrom(sums, this.order.splice(0, size));
  }
}
