// Act 1, Train: the tutorial's training as it runs, and TensorFlow 1.3.0's losses beside it.

import { lossPlot, statesPicture } from "../drawing/live.js";
import { find, html, made } from "../drawing/svg.js";
import { networkFrom } from "../numbers/files.js";
import { addWith } from "../numbers/network.js";
import {
  changesOf, checkBatches, FIELDS, FRESH, settingFrom, settingsFrom, TUTORIAL,
} from "../numbers/settings.js";

/** @typedef {import("../links.js").Context} Context */

const TRAIN = `
<div class="run">
<button type="button" class="go">Train</button>
<button type="button" class="step">One step</button>
<button type="button" class="again">Start again</button>
<span class="progress"></span>
</div>
<p class="problem" role="alert"></p>
<p class="said"></p>
<details class="settings roomy"><summary></summary><form><button hidden></button></form>
<div class="about"></div></details>
<figure class="losses"><figcaption><span><b>Loss</b>, the error</span> <span class="training"></span>
<span class="test">┅ test</span>
<label><input type="checkbox" class="log"> logarithmic</label></figcaption>
<div class="plot" role="img"></div></figure>
<figure class="states"><figcaption><b>States of the test sums</b> <span class="no-carry">● no carry</span>
<span class="carry">■ carry</span></figcaption>
<div class="plot"><p>Each dot will be a state, the network's memory, after one column of a test sum: blue if
nothing is carried to the next column, orange if a 1 is.</p></div></figure>
<div class="asked">
<h3>What is 1024 + 16, on 20 bits?</h3>
<pre tabindex="0" aria-label="its answer"></pre>
<p class="verdict"></p>
<pre class="wrong-sum" tabindex="0" aria-label="a wrong sum" hidden></pre>
<p class="files">
<label class="open">Open a network<input class="unseen" type="file" accept=".json,.html,.htm"></label>
<button type="button" class="save" hidden>Download</button> <a href="#watch" hidden></a></p>
</div>
<details class="more roomy"><summary>What happened, and the run before</summary>
<div>
<p class="caption gap">Gap: between the nearest blue and orange states, over the spread of all: 0% if they
touch, 100% and more in tight spots.</p>
<div class="story"><h3>What happened</h3><ol></ol></div>
<div class="before"><h3>The run before</h3>
<p class="caption">Train again with another setting: this run will stay here, to compare.</p>
<div></div></div>
<details class="lines"><summary>What is printed</summary>
<pre tabindex="0" aria-label="the losses, every 50 iterations"><span></span></pre></details>
<details class="golden"><summary>TensorFlow 1.3.0's losses</summary><div></div></details>
</div></details>`;
const PRINT_EVERY = 50;
const SOURCE = "https://www.data-blogger.com/2017/08/27/gru-implementation-tensorflow/";
// How long a sentence stays, in milliseconds, to be read and to be listened to; and how often those
// who want calm get another picture.
const READING_TIME = 700, LISTENING_TIME = 5000, CALM_TIME = 1000;

/**
 * A sum as columns of bits, the highest first, with the wrong ones marked, as Python's `show_sum`.
 * @param {bigint} a @param {bigint} b @param {bigint} answer @param {number} bits
 */
export function showSum(a, b, answer, bits) {
  const width = `${a + b > answer ? a + b : answer}`.length;
  const spaced = (number) => [...number.toString(2).padStart(bits, "0")].join(" ");
  const row = (label, text, value) => `${label.padStart(9)}  ${text}  ${value.padStart(width)}`.trimEnd();
  const rows = Object.entries({ a, b, carry: (a + b) ^ a ^ b, predicted: answer, true: a + b }).map(
    ([label, number]) => row(label, spaced(number), label === "carry" ? "" : `${number}`));
  const wrong = spaced(answer ^ (a + b)).replaceAll("0", " ").replaceAll("1", "^");
  if (answer !== a + b) rows.push(row("wrong", wrong, ""));
  return rows.join("\n");
}

/**
 * What is happening, by the numbers: a word for it, and a sentence.
 * @param {{guessing: number, gap: number, right: number}} report
 * @param {number} loss of the test sums
 * @param {number} sums
 */
export function told({ guessing, gap, right }, loss, sums) {
  const percents = Math.round(100 * gap);
  const lie = percents > 20 ? "lie apart" : percents ? "are close" : "touch";
  const states = Number.isFinite(gap) ? `States with and without a carry ${lie} (gap ${percents}%).` : "";
  const rights = `${right} of ${sums} test sums are right`;
  if (loss > 1.1 * guessing) {
    return ["start", `The test loss is still above that of guessing, ${guessing.toFixed(2)}.`];
  }
  if (loss > 0.75 * guessing) return ["plateau", `The plateau: hardly better than guessing. ${states}`];
  if (right === sums) return ["learnt", `Learnt: ${rights}; others may be wrong. ${states}`];
  if (percents > 20) return ["apart", `${states} ${rights}.`];
  return ["drop", `The loss drops. ${states} ${rights}.`];
}

/** @param {Element} root @param {Context} context */
export function trainAct(root, context) {
  const body = made(root, TRAIN), part = (selector) => find(body, selector);
  body.classList.add("train");
  const [go, step, again, save, watch] = [".go", ".step", ".again", ".save", ".files a"].map(part);
  const [problem, said, form, isLog] = [".problem", ".said", "form", ".log"].map(part);
  const [answer, verdict, wrongSum] = [".asked pre", ".verdict", ".wrong-sum"].map(part);
  const lines = part(".lines span");
  const golden = JSON.parse(document.querySelector("#golden")?.textContent || "{}");
  const plot = lossPlot(part(".losses .plot")), picture = statesPicture(part(".states .plot"));
  const [story, before] = [".story ol", ".before"].map(part);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  // The settings of the run, and those in the fields.
  let settings = { ...TUTORIAL }, chosen = settings, run;
  let isWaiting = false, drawnAt = 0, toldAt = 0, heardAt = 0;
  /** @type {Worker | null} */
  let worker = null;

  // Settings

  const freshRow = html("p", {}), fresh = html("input", { type: "checkbox", name: "fresh" });
  html("label", {}, freshRow).append(fresh, "new sums each time");
  explain(freshRow, fresh, FRESH);
  const fields = FIELDS.map((field) => {
    const [name, word, label, , , , about] = field, usual = `${TUTORIAL[name] ?? ""}`;
    const row = html("p", {}, form);
    const input = html("input", { name: word, autocomplete: "off" }, html("label", {}, row, label));
    if (!usual) input.placeholder = "all";
    const button = html("button", { type: "button" }, row);
    button.addEventListener("click", () => {
      input.value = button.value;
      readFields();
      if (button.hidden) input.focus();
      if (input.value === field[7]) trainAnew();
    });
    explain(row, input, `${label}: ${about}`);
    return { field, usual, input, button, allowed: html("span", { class: "wrong", role: "alert" }, row) };
  });
  form.append(freshRow);

  // A sentence about a setting, shown when the setting has the focus or the pointer; else the last.
  function explain(row, input, text) {
    const box = part(".about"), about = html("p", { id: `about-${input.name}` }, box, text);
    const show = () => {
      const shown = row.matches(":hover, :focus-within") ? about : box.lastChild;
      [...box.children].forEach((each) => each.classList.toggle("now", each === shown));
    };
    for (const type of ["in", "out"]) row.addEventListener(`focus${type}`, show);
    for (const type of ["enter", "leave"]) row.addEventListener(`pointer${type}`, show);
    input.setAttribute("aria-describedby", about.id);
    show();
  }

  // Beside a field: a button with a value worth trying, or back to the tutorial's.
  function drawButton({ field, usual, input, button }) {
    const isUsual = input.value.trim() === usual, worthTrying = field[7];
    button.hidden = isUsual && !worthTrying;
    button.value = isUsual ? worthTrying : usual;
    button.textContent = isUsual ? `Try ${worthTrying}` : `↩ ${usual || "all"}`;
    button.ariaLabel = `${field[2]}: ${isUsual ? "try" : "back to"} ${button.value || "all"}`;
  }

  // The settings in the fields; null if one is not allowed, which is said beside it.
  function fieldSettings() {
    const values = { ...TUTORIAL, freshBatches: fresh.checked };
    const check = ({ input, allowed }, action) => {
      try {
        allowed.textContent = "";
        action();
      } catch (error) {
        allowed.textContent = /** @type {Error} */ (error).message;
      }
      input.setAttribute("aria-invalid", `${allowed.textContent !== ""}`);
    };
    for (const each of fields) {
      const { field, input } = each;
      drawButton(each);
      check(each, () => Object.assign(values, { [field[0]]: settingFrom(field, input.value) }));
    }
    if (!firstWrong()) check(fields.filter(({ usual }) => !usual)[0], () => checkBatches(values));
    return firstWrong() ? null : values;
  }

  function firstWrong() {
    return fields.find(({ allowed }) => allowed.textContent);
  }

  function readFields() {
    const values = fieldSettings();
    if (!values) return;
    choose(values);
    writeLink();
    if (run.done === 0 && !run.isBusy) prepare();
    else if (isStale()) say(`The next run: ${inWords(chosen)}. This run stays until you press Train.`);
    else tell();
    drawButtons();
  }

  function choose(values) {
    chosen = values;
    for (const { field, input } of fields) input.value = chosen[field[0]] ?? "";
    fresh.checked = chosen.freshBatches;
    fieldSettings();
    part(".settings summary").textContent = `Settings: ${inWords(chosen)}`;
  }

  function inWords(values) {
    const changes = Object.entries(changesOf(values)).map(([word, value]) => `${word} ${value}`);
    return changes.join(", ") || "the tutorial's";
  }

  // Whether a run would be another one now.
  function isStale() {
    return JSON.stringify(chosen) !== JSON.stringify(settings);
  }

  // The training

  function prepare() {
    if (run?.verdict) keep();
    worker?.terminate();
    worker = null;
    settings = chosen;
    const [train, test] = [0, 1].map(() => new Float64Array(settings.iterations));
    part(".training").textContent = `— training${settings.jacobianPenalty ? ", with the penalty" : ""}`;
    run = {
      train, test, done: 0, printed: 0, isBusy: false, hasDiverged: false, time: 0, since: 0, report: null,
      verdict: "", found: "", told: [], phase: "", phases: new Set(), heard: "",
    };
    const { hiddenSize, batchSize, numBits } = settings;
    const units = hiddenSize === 1 ? "1 unit" : `${hiddenSize} units`;
    const sums = batchSize === 1 ? "1 sum" : `${batchSize} sums`;
    said.replaceChildren();
    html("a", { href: SOURCE }, said, "Kevin Jacobs' tutorial of 2017");
    said.append(`, live: a GRU of ${units} learns to add from ${sums} of ${numBits} bits. `
      + "When the loss drops, watch the carry.");
    context.say("");
    answer.textContent = "It is asked when its training ends.";
    for (const element of [problem, verdict, lines, story, part(".progress")]) element.textContent = "";
    wrongSum.hidden = true;
    picture.clear();
    plot.begin(settings.iterations, isLog.checked);
    plot.show([run.train, run.test], 0, "The losses, when it is trained");
    picture.label("The states, when it is trained");
    drawGolden();
    drawButtons();
  }

  // Keep the picture of a run that is over, beside the next one.
  function keep() {
    find(before, "p").textContent = `Settings: ${inWords(settings)}. ${run.told[1]} ${run.found}`;
    find(before, "div").replaceChildren(part(".states svg").cloneNode(true));
  }

  // Whether a setting is wrong, which is said; what has been trained stays.
  function isRefused() {
    const wrong = firstWrong();
    if (!wrong) return false;
    part(".settings").open = true;
    wrong.input.focus();
    say(`Nothing was trained. ${wrong.allowed.textContent}.`);
    return true;
  }

  // Train with the settings in the fields.
  function trainAnew() {
    if (isRefused()) return;
    if (isOver() || isStale()) prepare();
    if (!run.isBusy) trainUntil(settings.iterations);
    go.scrollIntoView({ block: "nearest" });
  }

  function trainUntil(iteration) {
    try {
      worker ??= newWorker();
    } catch (error) {
      refuseWorker(error);
      return;
    }
    Object.assign(run, { isBusy: true, since: performance.now() });
    worker.postMessage({ until: iteration });
    drawButtons();
    writeLink();
  }

  function writeLink() {
    const isTrained = !isStale() && (run.done || run.isBusy);
    context.link("train", { ...changesOf(chosen), ...(isTrained && { go: 1 }) });
  }

  function newWorker() {
    const source = document.querySelector("#worker")?.textContent ?? "";
    const thread = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    thread.onerror = refuseWorker;
    thread.onmessage = ({ data }) => (data.found ? showFound(data.found) : take(data));
    thread.postMessage({ settings });
    return thread;
  }

  function refuseWorker(error) {
    const why = error.message || "it is blocked";
    problem.textContent = `Nothing can be trained here, as the browser starts no worker: ${why}.`;
    run.isBusy = false;
    drawButtons();
  }

  // Take what the worker has done since it last told.
  function take({ done, losses, isBusy, hasDiverged, report }) {
    for (let i = run.done, at = 0; i < done; i += 1, at += 2) {
      [run.train[i], run.test[i]] = [losses[at], losses[at + 1]];
    }
    Object.assign(run, { done, isBusy, hasDiverged, report: report ?? run.report });
    if (report) note();
    draw();
    if (isBusy) return;
    run.time += performance.now() - run.since;
    drawButtons();
    if (hasDiverged) {
      problem.textContent = `It diverges and has stopped: the loss of iteration ${done - 1} is not finite. `
        + "A smaller learning rate may help.";
    } else if (done === settings.iterations) finish();
  }

  function finish() {
    const { network } = run.report, [a, b, bits] = [1024n, 16n, 20];
    Object.assign(network, {
      key: "trained", name: `Just trained (settings: ${inWords(settings)})`,
      about: inWords(settings) === "the tutorial's"
        ? "The same numbers as the tutorial's network, trained here just now. The plane may be mirrored."
        : `${settings.hiddenSize} units. Settings that the title does not name are the tutorial's.`,
    });
    const number = addWith(network, a, b, bits).reduce(
      (sum, { written }, k) => sum + (BigInt(written) << BigInt(k)), 0n);
    answer.textContent = showSum(a, b, number, bits);
    run.verdict = number === a + b ? `${number} is right.` : `${number} is wrong: it is ${a + b}.`;
    verdict.textContent = `${run.verdict} Looking for the network's smallest wrong sum …`;
    worker?.postMessage({ search: network });
    story.append(html("li", {}, null, `${run.done.toLocaleString("en")}: the end.`));
    tell();
    // Others have much to draw.
    setTimeout(() => context.add(network));
  }

  function showFound({ a, b, answer: number, bits, tried }) {
    run.found = bits === null ? `All sums of up to ${tried} bits are right, too.`
      : `The network's smallest wrong sum: ${a} + ${b} is ${a + b}, not ${number}.`;
    verdict.textContent = `${run.verdict} ${run.found}`;
    // The first wrong column is that of the lowest bit in which the two differ.
    const differs = bits === null ? "" : (number ^ (a + b)).toString(2);
    const column = differs.length - differs.lastIndexOf("1");
    const sum = bits === null ? "a=13&b=12&bits=5&column=4" : `a=${a}&b=${b}&bits=${bits}&column=${column}`;
    watch.textContent = `Watch it add ${bits === null ? "13 + 12" : `${a} + ${b}`}`;
    watch.href = `#watch&${sum}&network=trained`;
    drawButtons();
    context.say(`${said.textContent} ${verdict.textContent}`);
    wrongSum.hidden = bits === null;
    if (bits !== null) wrongSum.textContent = showSum(a, b, number, bits);
  }

  // Drawing

  function isOver() {
    return run.hasDiverged || run.done === settings.iterations;
  }

  function drawButtons() {
    const { done, isBusy, report } = run;
    go.textContent = isBusy ? "Stop" : isStale() || !done ? "Train" : isOver() ? "Train again" : "Go on";
    // A button that is disabled would lose the focus.
    step.setAttribute("aria-disabled", `${isBusy || (isOver() && !isStale())}`);
    again.setAttribute("aria-disabled", `${done === 0 && !isBusy}`);
    save.hidden = !report?.network;
    watch.hidden = !run.found;
  }

  // Once in a frame at most.
  function draw() {
    if (isWaiting) return;
    isWaiting = true;
    const pause = calm.matches ? drawnAt + CALM_TIME - performance.now() : 0;
    setTimeout(() => requestAnimationFrame(drawNow), Math.max(0, pause));
  }

  function drawNow() {
    const { done, report, train, test } = run;
    isWaiting = false;
    drawnAt = performance.now();
    if (done === 0) return;
    const [ofTraining, ofTest] = [train, test].map((losses) => losses[done - 1].toFixed(4));
    const progress = `Iteration ${done} of ${settings.iterations}: train ${ofTraining}, test ${ofTest}`;
    part(".progress").textContent = progress;
    const first = `At first the losses were ${train[0].toFixed(2)} and ${test[0].toFixed(2)}`;
    plot.show([train, test], done, `${first}. ${progress}`);
    if (report && picture.show(report, calm.matches)) draw();
    printLines();
    fillGolden();
    tell();
  }

  function printLines() {
    const rows = [];
    for (; run.printed < run.done; run.printed += PRINT_EVERY) {
      const [train, test] = [run.train, run.test].map((losses) => losses[run.printed].toFixed(4));
      rows.push(`Iteration: ${run.printed}, train loss: ${train}, test loss: ${test}\n`);
    }
    if (rows.length) lines.append(rows.join(""));
  }

  // Each phase as it begins: it passes too soon to be read.
  function note() {
    const { report, test, done, phases } = run;
    run.told = told(report, test[done - 1], settings.batchSize);
    const [phase, words] = run.told;
    if (!phases.has(phase)) html("li", {}, story, `${done.toLocaleString("en")}: ${words}`);
    phases.add(phase);
  }

  function say(text) {
    if (!run.isBusy) said.textContent = text;
    context.say(text);
  }

  // Say what is happening, not so often that it can't be read, or listened to.
  function tell() {
    const { done, told: [phase, words] } = run, now = performance.now();
    if (!phase || (isStale() && !run.isBusy)) return;
    // Once it rests, it is told once: the picture may still move, and other things be said.
    const state = run.isBusy ? phase : `${phase}, ${done}`;
    if (state === run.phase && (!run.isBusy || now < toldAt + READING_TIME)) return;
    toldAt = now;
    const time = `Done in ${(run.time / 1000).toFixed(1)} s. `;
    said.textContent = (done === settings.iterations ? time : "") + words;
    picture.label(`The states of the test sums after ${done} iterations. ${words}`);
    run.phase = state;
    // The end is told with the answer, in `showFound`.
    if (done === settings.iterations || phase === run.heard || now < heardAt + LISTENING_TIME) return;
    [run.heard, heardAt] = [phase, now];
    context.say(said.textContent);
  }

  // The losses that TensorFlow 1.3.0 computed, if it did for these settings.
  function drawGolden() {
    const box = part(".golden div"), recorded = golden[settings.seed];
    const other = Object.entries(changesOf({ ...settings, seed: 0, iterations: TUTORIAL.iterations }))[0];
    box.replaceChildren();
    if (other || !recorded) {
      const seeds = Object.keys(golden).join(", "), here = (other ?? ["seed", settings.seed]).join(" ");
      html("p", {}, box, `Recorded for the seeds ${seeds} and the tutorial's settings, so not for ${here}.`);
      return;
    }
    const table = html("table", {}, box);
    html("caption", { class: "caption" }, table, "Test losses, and the relative differences of both losses");
    const head = html("tr", {}, html("thead", {}, table)), rows = html("tbody", {}, table);
    const names = ["iteration", "TensorFlow", "this page", "test", "training"];
    for (const name of names) html("th", { scope: "col" }, head, name);
    for (const iteration of recorded.iterations) html("td", {}, html("tr", {}, rows), iteration);
    if (settings.seed !== 10) return;
    html("p", {}, box, "A spike comes: after about 3,800 iterations versions of TensorFlow part, too.");
  }

  function fillGolden() {
    const { iterations, train, test } = golden[settings.seed] ?? {};
    const differ = (here, there) => (Math.abs(here - there) / there).toExponential(0).replace("0e+0", "0");
    part(".golden div").querySelectorAll("tbody tr").forEach((row, i) => {
      if (row.children.length > 1 || iterations[i] >= run.done) return;
      const [ofTraining, ofTest] = [run.train, run.test].map((losses) => losses[iterations[i]]);
      for (const loss of [test[i], ofTest]) html("td", {}, row, loss.toPrecision(9));
      html("td", {}, row, differ(ofTest, test[i]));
      html("td", {}, row, differ(ofTraining, train[i]));
    });
  }

  // Files

  save.addEventListener("click", () => {
    const { cell, resolution, weights } = run.report.network;
    const file = new Blob([JSON.stringify({ cell, resolution, weights })], { type: "application/json" });
    html("a", { href: URL.createObjectURL(file), download: `gru-seed-${settings.seed}.json` }).click();
  });
  part("[type=file]").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    try {
      problem.textContent = "";
      context.add(networkFrom(await file.text(), file.name));
      context.go("#watch&a=13&b=12&network=file");
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
    // So that the same file can be opened once more.
    target.value = "";
  });

  go.addEventListener("click", () => (run.isBusy ? worker?.postMessage({ until: 0 }) : trainAnew()));
  step.addEventListener("click", () => {
    if (run.isBusy) return say("It is running: press Stop first.");
    if (isRefused()) return undefined;
    if (isStale()) prepare();
    else if (isOver()) return say("The training is over: press Train again.");
    return trainUntil(run.done + 1);
  });
  again.addEventListener("click", prepare);
  isLog.addEventListener("change", () => plot.begin(settings.iterations, isLog.checked));
  form.addEventListener("change", readFields);
  form.addEventListener("submit", (event) => { event.preventDefault(); trainAnew(); });
  new ResizeObserver(draw).observe(part(".states .plot"));
  choose(settings);
  prepare();

  return {
    /** @param {URLSearchParams} params */
    show(params) {
      // A link to the act alone leaves a training alone.
      if (![...params.values()].some(Boolean)) return void writeLink();
      try {
        const given = settingsFrom(params);
        choose(given);
        if (isStale()) prepare();
        if (params.has("go") && !run.isBusy && !isOver()) trainUntil(settings.iterations);
      } catch (error) {
        problem.textContent = `The link can't be read: ${/** @type {Error} */ (error).message}.`;
      }
    },
  };
}
