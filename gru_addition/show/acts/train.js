// Act 1, Train: the tutorial's training as it runs, and TensorFlow 1.3.0's losses beside it.

import { lossPlot, statesPicture, thinned } from "../drawing/live.js";
import { find, html, made } from "../drawing/svg.js";
import { networkFrom } from "../numbers/files.js";
import { addWith } from "../numbers/network.js";
import { changesOf, checkBatches, FIELDS, settingFrom, settingsFrom, TUTORIAL } from "../numbers/settings.js";

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
<details class="settings"><summary></summary><form></form></details>
<figure class="losses"><figcaption><b>Loss</b> <span>— training</span> <span class="test">┅ test</span>
<label><input type="checkbox" class="log"> logarithmic</label></figcaption>
<div class="plot" role="img"></div></figure>
<figure class="states"><figcaption><b>States of the test sums</b> <span class="no-carry">● no carry</span>
<span class="carry">■ carry</span></figcaption>
<div class="plot"></div></figure>
<p class="caption gap">Gap: how far the nearest states with and without a carry are apart, in percent of how
far states lie from their mean (root mean square).</p>
<div class="more">
<div class="asked">
<h3>What is 1024 + 16, on 20 bits?</h3>
<pre tabindex="0" aria-label="its answer"></pre>
<p class="verdict"></p>
<pre class="wrong-sum" tabindex="0" aria-label="a wrong sum" hidden></pre>
<p class="files"><a href="#watch&amp;a=13&amp;b=12&amp;network=0" hidden>Watch it add 13 + 12</a>
<button type="button" class="save" hidden>Download</button>
<label class="open">Open a network<input class="unseen" type="file" accept=".json,.html,.htm"></label></p>
</div>
<details class="lines"><summary>What the tutorial prints</summary>
<pre tabindex="0" aria-label="the losses, every 50 iterations"><span></span></pre></details>
<details class="golden"><summary>TensorFlow 1.3.0's losses</summary><div></div></details>
</div>`;
const PRINT_EVERY = 50;
// How long a sentence stays, in milliseconds, to be read and to be listened to; and how often those
// who want calm get another picture.
const READING_TIME = 700, LISTENING_TIME = 5000, CALM_TIME = 1000;
// How many losses are kept with a network.
const LOSSES_KEPT = 250;

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
  const size = Number.isFinite(gap) ? ` (gap ${Math.round(100 * gap)}%)` : "";
  const touching = `states with and without a carry touch${size}.`;
  const apart = `States with a carry lie apart from those without${size}.`;
  const rights = `${right} of ${sums} test sums are right.`;
  if (loss > 1.1 * guessing) {
    return ["start", `The loss falls to that of guessing, ${guessing.toFixed(2)}: the outputs are alike.`];
  }
  if (loss > 0.75 * guessing) {
    return ["plateau", `The plateau, hardly better than guessing: ${touching}`];
  }
  if (right === sums) return ["learnt", `Learnt: ${rights} ${apart}`];
  if (gap > 0.2) return ["apart", `${rights} ${apart}`];
  return ["drop", `The loss drops, as states with a carry come apart from those without${size}. ${rights}`];
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
  const calm = matchMedia("(prefers-reduced-motion: reduce)"), wide = matchMedia("(min-width: 900px)");
  let settings = { ...TUTORIAL }, run, isWaiting = false, drawnAt = 0, toldAt = 0, heardAt = 0;
  /** @type {Worker | null} */
  let worker = null;

  // Settings

  const fields = FIELDS.map((field) => {
    const [name, word, label] = field, usual = `${TUTORIAL[name] ?? ""}`, row = html("p", {}, form);
    const input = html("input", { name: word, autocomplete: "off" }, html("label", {}, row, label));
    if (!usual) input.placeholder = "all";
    const back = html("button", { type: "button" }, row, `↩ ${usual || "all"}`);
    back.setAttribute("aria-label", `${label}: back to ${usual || "all"}`);
    back.addEventListener("click", () => {
      input.value = usual;
      readFields();
      input.focus();
    });
    return { field, usual, input, back, allowed: html("span", { class: "wrong", role: "alert" }, row) };
  });
  const fresh = html("input", { type: "checkbox", name: "fresh" }, html("label", {}, html("p", {}, form)));
  fresh.after("new sums each time");

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
      const { field, usual, input, back } = each;
      back.hidden = input.value.trim() === usual;
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
    set(values);
    context.link("train", changesOf(settings));
  }

  function set(values) {
    settings = values;
    for (const { field, input } of fields) input.value = settings[field[0]] ?? "";
    fresh.checked = settings.freshBatches;
    fieldSettings();
    const changes = Object.entries(changesOf(settings)).map(([word, value]) => `${word} ${value}`);
    part(".settings summary").textContent = `Settings: ${changes.join(", ") || "the tutorial's"}`;
    prepare();
  }

  // The training

  function prepare() {
    worker?.terminate();
    worker = null;
    const [train, test] = [0, 1].map(() => new Float64Array(settings.iterations));
    run = {
      train, test, done: 0, printed: 0, isBusy: false, hasDiverged: false, time: 0, since: 0, report: null,
      verdict: "", phase: "", heard: "",
    };
    const { hiddenSize, batchSize, numBits } = settings;
    const units = hiddenSize === 1 ? "1 unit" : `${hiddenSize} units`;
    const sums = batchSize === 1 ? "1 sum" : `${batchSize} sums`;
    said.textContent = `A GRU of ${units} learns to add from ${sums} of ${numBits} bits. `
      + "When the loss drops, watch the carry.";
    answer.textContent = "It is asked when its training ends.";
    for (const element of [problem, verdict, lines, part(".progress")]) element.textContent = "";
    wrongSum.hidden = true;
    picture.clear();
    plot.begin(settings.iterations, isLog.checked);
    plot.show([run.train, run.test], 0, "The losses, when it is trained");
    picture.label("The states, when it is trained");
    drawGolden();
    drawButtons();
  }

  function trainUntil(iteration) {
    const wrong = firstWrong();
    if (wrong) {
      part(".settings").open = true;
      wrong.input.focus();
      return;
    }
    try {
      worker ??= newWorker();
    } catch (error) {
      refuseWorker(error);
      return;
    }
    Object.assign(run, { isBusy: true, since: performance.now() });
    worker.postMessage({ until: iteration });
    drawButtons();
    context.link("train", { ...changesOf(settings), go: 1 });
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
    const [iterations, train, test] = thinned([run.train, run.test], run.done, LOSSES_KEPT);
    network.losses = { iterations, train, test };
    const number = addWith(network, a, b, bits).reduce(
      (sum, { written }, k) => sum + (BigInt(written) << BigInt(k)), 0n);
    answer.textContent = showSum(a, b, number, bits);
    run.verdict = number === a + b ? `${number} is right.` : `${number} is wrong: it is ${a + b}.`;
    verdict.textContent = `${run.verdict} Looking for its smallest wrong sum …`;
    worker?.postMessage({ search: network });
    tell(true);
    // Others have much to draw.
    setTimeout(() => context.add(network));
  }

  function showFound({ a, b, answer: number, bits, tried }) {
    const found = bits === null ? `All sums of up to ${tried} bits are right, too.`
      : `Its smallest wrong sum: ${a} + ${b} is ${a + b}, not ${number}.`;
    verdict.textContent = `${run.verdict} ${found}`;
    wrongSum.hidden = bits === null;
    if (bits !== null) wrongSum.textContent = showSum(a, b, number, bits);
  }

  // Drawing

  function isOver() {
    return run.hasDiverged || run.done === settings.iterations;
  }

  function drawButtons() {
    const { done, isBusy, report } = run;
    go.textContent = isBusy ? "Stop" : isOver() ? "Train again" : done ? "Go on" : "Train";
    // A button that is disabled would lose the focus.
    step.setAttribute("aria-disabled", `${isBusy || isOver()}`);
    again.setAttribute("aria-disabled", `${done === 0 && !isBusy}`);
    save.hidden = !report?.network;
    watch.hidden = save.hidden || done < settings.iterations;
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

  // Say what is happening, not so often that it can't be read, or listened to.
  function tell(isLast = false) {
    const { report, done, test } = run, now = performance.now();
    if (!report) return;
    const [phase, words] = told(report, test[done - 1], settings.batchSize);
    if (run.isBusy && phase === run.phase && now < toldAt + READING_TIME) return;
    toldAt = now;
    const time = `Done in ${(run.time / 1000).toFixed(1)} s. `;
    said.textContent = (done === settings.iterations ? time : "") + words;
    picture.label(`The states of the test sums after ${done} iterations. ${words}`);
    run.phase = phase;
    if (!isLast && (phase === run.heard || now < heardAt + LISTENING_TIME)) return;
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
      context.go("#watch&a=13&b=12&network=0");
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
    // So that the same file can be opened once more.
    target.value = "";
  });

  go.addEventListener("click", () => {
    if (run.isBusy) return worker?.postMessage({ until: 0 });
    if (isOver()) prepare();
    return trainUntil(settings.iterations);
  });
  step.addEventListener("click", () => {
    if (!run.isBusy && !isOver()) trainUntil(run.done + 1);
  });
  again.addEventListener("click", prepare);
  isLog.addEventListener("change", () => plot.begin(settings.iterations, isLog.checked));
  form.addEventListener("change", readFields);
  form.addEventListener("submit", (event) => event.preventDefault());
  new ResizeObserver(draw).observe(part(".states .plot"));
  const fold = () => body.querySelectorAll("details").forEach((details) => { details.open = wide.matches; });
  wide.addEventListener("change", fold);
  fold();
  set(settings);

  return {
    /** @param {URLSearchParams} params */
    show(params) {
      // A link to the act alone leaves a training alone.
      if (![...params.values()].some(Boolean)) return;
      try {
        const given = settingsFrom(params);
        if (JSON.stringify(given) !== JSON.stringify(settings)) set(given);
        if (params.has("go") && !run.isBusy && !isOver()) trainUntil(settings.iterations);
      } catch (error) {
        problem.textContent = `The link can't be read: ${/** @type {Error} */ (error).message}.`;
      }
    },
  };
}
