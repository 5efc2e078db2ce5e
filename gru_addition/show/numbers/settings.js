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
 * A name in `Settings`, that in a link, and that for people; the least and the most; whether it is whole;
 * what it is; a value worth trying.
 * @typedef {[keyof Settings, string, string, number, number, boolean, string, string?]} Field
 * @type {Field[]}
 */
export const FIELDS = [
  ["seed", "seed", "Seed", 0, 2 ** 32 - 1, true,
    "which random numbers are drawn, for the first weights and for the sums."],
  ["numBits", "bits", "Bits", 2, 24, true,
    "how many columns the sums have, in training and in the test."],
  ["batchSize", "sums", "Sums", 1, 1000, true,
    "how many sums it learns from. As many others test it."],
  ["miniBatchSize", "batch", "Mini-batches of", 1, 1000, true,
    "how many of the sums one iteration learns from. Empty: all."],
  ["hiddenSize", "units", "Units", 1, 32, true,
    "how many numbers the state has, the network's memory. Two can be enough."],
  ["iterations", "iterations", "Iterations", 1, 100000, true,
    "how often all weights are changed a little, to make the loss smaller."],
  ["learningRate", "rate", "Learning rate", 1e-9, 1, false,
    "how far one iteration changes the weights.", "0.003"],
  ["stateNoise", "noise", "Noise", 0, 1, false,
    "random numbers up to this size are added to the state at each step, in training only.", "0.1"],
  ["jacobianPenalty", "penalty", "Penalty", 0, 1000, false,
    "the loss also counts how much each step enlarges small differences between states (its squared "
    + "Jacobian). Watch the states gather in tight spots. Useful: 0.001 to 0.1. At 1 it learns nothing.",
    "0.01"],
];

export const FRESH = "New sums each time: every iteration learns from sums that it has not seen.";

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
