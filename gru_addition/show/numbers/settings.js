// What can be set before a training, as it is typed or stands in a link.

/**
 * The names are those of `gru_addition.config.Config`.
 * @typedef {object} Settings
 * @property {number} seed
 * @property {number} numBits
 * @property {number} batchSize
 * @property {number} hiddenSize
 * @property {number} iterations
 * @property {number} learningRate
 * @property {number | null} miniBatchSize
 * @property {boolean} freshBatches
 * @property {number} stateNoise
 * @property {number} jacobianPenalty
 */

/** @type {Settings} */
export const TUTORIAL = {
  seed: 0, numBits: 5, batchSize: 100, hiddenSize: 16, iterations: 5000, learningRate: 0.001,
  miniBatchSize: null, freshBatches: false, stateNoise: 0, jacobianPenalty: 0,
};
/**
 * A name in `Settings`, that in a link, and that for people; the least and the most; whether it is whole.
 * @typedef {[keyof Settings, string, string, number, number, boolean]} Field
 * @type {Field[]}
 */
export const FIELDS = [
  ["seed", "seed", "Seed", 0, 2 ** 32 - 1, true],
  ["numBits", "bits", "Bits", 2, 24, true],
  ["batchSize", "sums", "Sums", 1, 1000, true],
  ["miniBatchSize", "batch", "Mini-batches of", 1, 1000, true],
  ["hiddenSize", "units", "Units", 1, 32, true],
  ["iterations", "iterations", "Iterations", 1, 100000, true],
  ["learningRate", "rate", "Learning rate", 1e-9, 1, false],
  ["stateNoise", "noise", "Noise", 0, 1, false],
  ["jacobianPenalty", "penalty", "Penalty", 0, 1000, false],
];

/** A setting as it is typed. @param {Field} field @param {string} typed */
export function settingFrom([name, , label, least, most, isWhole], typed) {
  const text = typed.trim(), value = Number(text);
  if (text === "" && TUTORIAL[name] === null) return null;
  const isNumber = isWhole ? /^\d+$/.test(text) : /^(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(text);
  if (isNumber && value >= least && value <= most) return value;
  throw new Error(`${label} must be ${isWhole ? "a whole number" : "a number"} from ${least} to ${most}`);
}

/** Refuse mini-batches that can't be. @param {Settings} settings */
export function checkBatches({ miniBatchSize, batchSize, freshBatches }) {
  if (miniBatchSize === null) return;
  if (freshBatches) throw new Error("Mini-batches must be left empty with new sums each time");
  if (miniBatchSize > batchSize) throw new Error(`Mini-batches must be of at most ${batchSize}, all sums`);
}

/** The settings that a link names. @param {URLSearchParams} params @returns {Settings} */
export function settingsFrom(params) {
  const settings = { ...TUTORIAL };
  for (const [word, text] of params) {
    const field = FIELDS.find((each) => each[1] === word);
    if (field) Object.assign(settings, { [field[0]]: settingFrom(field, text) });
    else if (word === "fresh" && text === "1") settings.freshBatches = true;
    // The act's own name has no value.
    else if (text && `${word}=${text}` !== "go=1") {
      const words = FIELDS.map((each) => each[1]).join(", ");
      throw new Error(`${word}=${text} must be a value of ${words}, or fresh=1 or go=1`);
    }
  }
  checkBatches(settings);
  return settings;
}

/** What is not the tutorial's, as in a link. @param {Settings} settings @returns {Object<string, any>} */
export function changesOf(settings) {
  const changed = FIELDS.filter(([name]) => settings[name] !== TUTORIAL[name]);
  const words = Object.fromEntries(changed.map(([name, word]) => [word, settings[name]]));
  return settings.freshBatches ? { ...words, fresh: 1 } : words;
}
