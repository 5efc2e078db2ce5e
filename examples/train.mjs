// The tutorial's training by the page's own numbers, without a browser:
//
//   node examples/train.mjs --seed 3 --iterations 5000
//
// prints {"train": [...], "test": [...]}, the losses of all iterations. The flags are those of
// `python -m gru_addition train`.

import { parseArgs } from "node:util";
import { TUTORIAL } from "../gru_addition/show/numbers/settings.js";
import { Training } from "../gru_addition/show/numbers/training.js";

const FLAGS = {
  "num-bits": "numBits", "batch-size": "batchSize", "hidden-size": "hiddenSize", iterations: "iterations",
  "learning-rate": "learningRate", seed: "seed", "mini-batch-size": "miniBatchSize",
  "fresh-batches": "freshBatches", "state-noise": "stateNoise", "jacobian-penalty": "jacobianPenalty",
};

function settingsOf(values) {
  const settings = { ...TUTORIAL };
  for (const [flag, value] of Object.entries(values)) {
    settings[FLAGS[flag]] = value === true || Number(value);
    if (Number.isNaN(settings[FLAGS[flag]])) throw new Error(`--${flag} must be a number, not '${value}'`);
  }
  return settings;
}

try {
  const options = Object.keys(FLAGS).map((flag) => [flag, { type: flag === "fresh-batches" ? "boolean" : "string" }]);
  const { values } = parseArgs({ options: Object.fromEntries(options) });
  const training = new Training(settingsOf(values)), losses = { train: [], test: [] };
  while (training.done < training.settings.iterations) {
    const { train, test } = training.step();
    losses.train.push(train);
    losses.test.push(test);
  }
  console.log(JSON.stringify(losses));
} catch (error) {
  console.error(`train.mjs: ${error.message}`);
  process.exitCode = 2;
}
