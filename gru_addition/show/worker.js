// The training's thread. A message {settings} prepares a training, {until: 5000} trains up to that
// iteration, {until: 0} stops, {search: network} looks for a wrong sum. It tells what it has done.

import { FollowingPlane, gapBetween, placesIn, planesOf } from "./numbers/plane.js";
import { smallestWrong } from "./numbers/search.js";
import { Training } from "./numbers/training.js";

// How long it trains before it tells and listens, and how long it searches, in milliseconds.
const SLICE = 50, SEARCH_TIME = 1000;
// More states than these would hide each other.
const MOST_STATES = 400;

/** @type {Training} */
let training;
/** @type {FollowingPlane | null} */
let plane = null;
let until = 0, isBusy = false;
// Unlike a timer, a message to oneself comes at once, and yet others come before the next.
const { port1, port2 } = new MessageChannel();
port1.onmessage = trainOn;

addEventListener("message", ({ data }) => {
  if (data.settings) training = new Training(data.settings);
  if (data.search) postMessage({ found: smallestWrong(data.search, SEARCH_TIME) });
  until = data.until ?? until;
  if (isBusy || training.done >= until) return;
  isBusy = true;
  port2.postMessage(null);
});

function trainOn() {
  const end = performance.now() + SLICE, losses = [];
  while (training.done < until && losses.every(Number.isFinite) && performance.now() < end) {
    const { train, test } = training.step();
    losses.push(train, test);
  }
  // States may be drawn only where they are finite.
  const hasDiverged = !losses.every(Number.isFinite);
  isBusy = training.done < until && !hasDiverged;
  postMessage({ done: training.done, losses, isBusy, hasDiverged, report: hasDiverged ? null : report() });
  if (isBusy) port2.postMessage(null);
}

function report() {
  const all = training.states(), every = Math.ceil(all.length / MOST_STATES);
  const some = all.filter((_, i) => i % every === 0);
  const states = some.map(({ state }) => state), carries = some.map(({ carry }) => carry);
  plane ??= new FollowingPlane(states, carries);
  const shown = plane.follow(states);
  return {
    points: placesIn(shown, states), carries, names: shown.names, gap: gapBetween(states, carries),
    ...answersOf(all), network: isBusy ? null : network(),
  };
}

// How many of the test sums are right in all columns, and the loss of always answering the share of ones.
function answersOf(all) {
  const { W_output: W, b_output: b } = training.weights, { numBits, batchSize } = training.settings;
  let at = 0, isRight = [true], right = 0, ones = 0;
  for (const { size, parents, answers, counts } of training.testColumns) {
    const before = isRight;
    isRight = [];
    right = 0;
    for (let row = 0; row < size; row += 1, at += 1) {
      const output = all[at].state.reduce((sum, value, unit) => sum + value * W[unit], b[0]);
      isRight.push(before[parents[row]] && Number(output > 0.5) === answers[row]);
      if (isRight[row]) right += counts[row];
      ones += answers[row] * counts[row];
    }
  }
  const share = ones / (numBits * batchSize);
  return { right, guessing: (numBits * share * (1 - share)) / 2 };
}

// As the page has it, but for its name.
function network() {
  const plain = {
    cell: "gru", resolution: null, stateSize: training.settings.hiddenSize,
    weights: training.nestedWeights(), certificate: null, losses: null,
  };
  return { ...plain, planes: planesOf(plain) };
}
