// The random numbers of NumPy and TensorFlow, so that a seed means here what it means there.

const WORDS = 624;
const MIDDLE = 397;

/** NumPy's `RandomState`: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998). */
export class RandomState {
  /** @param {number} seed a whole number from 0 to 2^32 - 1 */
  constructor(seed) {
    this.words = new Uint32Array(WORDS);
    this.position = WORDS;
    this.words[0] = seed;
    for (let i = 1; i < WORDS; i += 1) {
      const before = this.words[i - 1];
      this.words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** The next 32 bits. @returns {number} */
  word() {
    const words = this.words;
    if (this.position === WORDS) {
      for (let i = 0; i < WORDS; i += 1) {
        const joined = (words[i] & 0x80000000) | (words[(i + 1) % WORDS] & 0x7fffffff);
        words[i] = words[(i + MIDDLE) % WORDS] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
      }
      this.position = 0;
    }
    let word = words[this.position];
    this.position += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /**
   * A whole number from 0 to `largest`, which is below 2^32, as `randint(0, largest + 1)` draws it:
   * from as many bits as the largest has, again and again until it fits.
   * @param {number} largest
   * @returns {number}
   */
  upTo(largest) {
    if (largest === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(largest);
    let value;
    do value = (this.word() & mask) >>> 0; while (value > largest);
    return value;
  }

  /** A number from -1 to 1, with 53 random bits. @returns {number} */
  uniform() {
    const high = this.word() >>> 5, low = this.word() >>> 6;
    return -1 + 2 * ((high * 2 ** 26 + low) / 2 ** 53);
  }

  /** The numbers from 0 to `number` - 1 in random order. @param {number} number */
  permutation(number) {
    const order = Array.from({ length: number }, (_, i) => i);
    for (let i = number - 1; i > 0; i -= 1) {
      const j = this.upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

// The high and the low word of a product of two words.
function product(a, b) {
  const low = (a & 0xffff) * (b & 0xffff), left = (a >>> 16) * (b & 0xffff) + (low >>> 16);
  const right = (a & 0xffff) * (b >>> 16) + (left & 0xffff);
  const high = (a >>> 16) * (b >>> 16) + Math.floor(left / 65536) + Math.floor(right / 65536);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/**
 * Philox 4x32-10 (Salmon et al. 2011): four random words for a counter of four words.
 * @param {number[]} counter
 * @param {number[]} key two words
 */
function philox([c0, c1, c2, c3], [k0, k1]) {
  for (let round = 0; round < 10; round += 1) {
    const [high0, low0] = product(0xd2511f53, c0), [high2, low2] = product(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high2 ^ c1 ^ k0) >>> 0, low2, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

// TensorFlow makes two numbers at a time, each two from a part of the stream of their own.
const PER_GROUP = 2, COUNTERS_PER_GROUP = 128;

// TensorFlow takes seeds modulo this.
const SEEDS = 2 ** 31 - 1;

/**
 * What `tf.truncated_normal` draws in float64: a normal distribution without what lies two or more
 * standard deviations from zero. Box and Muller's method makes two numbers of four words.
 * @param {number} seed that of the graph, below 2^32
 * @param {number} opSeed that of the op
 * @param {number} number how many
 */
export function truncatedNormal(seed, opSeed, number) {
  const values = new Float64Array(number);
  for (let at = 0; at < number; at += PER_GROUP) {
    const found = [];
    let counter = (at / PER_GROUP) * COUNTERS_PER_GROUP;
    while (found.length < PER_GROUP) {
      const words = philox([counter, 0, opSeed, 0], [seed % SEEDS, 0]);
      const [u, v] = [0, 2].map((i) => ((words[i] & 0xfffff) * 2 ** 32 + words[i + 1]) / 2 ** 52);
      const radius = Math.sqrt(-2 * Math.log(Math.max(u, 1e-7))), angle = 2 * Math.PI * v;
      found.push(...[radius * Math.sin(angle), radius * Math.cos(angle)].filter((z) => Math.abs(z) < 2));
      counter += 1;
    }
    values.set(found.slice(0, Math.min(PER_GROUP, number - at)), at);
  }
  return values;
}
