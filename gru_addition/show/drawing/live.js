// What grows and moves while a network is trained: its losses, and its states in a plane.

import { axes, kind, svg } from "./svg.js";

// How many points of each loss are drawn.
const POINTS = 600;
// How much the window on the plane may grow or shrink in a frame, and the share of its way it moves.
const GROWTH = 1.2, SHRINKAGE = 0.95, WAY = 0.2;

/**
 * Of many losses the least and the largest of each stretch, in their order, so that a spike stays.
 * @param {Float64Array[]} series
 * @param {number} done how many losses there are
 * @returns {number[][]} iterations, then the losses of each series
 */
function thinned(series, done) {
  const every = done <= POINTS ? 1 : Math.ceil((2 * done) / POINTS);
  const kept = series.map((losses) => {
    const values = [];
    for (let from = 0; from < done; from += every) {
      let least = from, most = from;
      for (let i = from; i < Math.min(from + every, done); i += 1) {
        if (losses[i] < losses[least]) least = i;
        if (losses[i] > losses[most]) most = i;
      }
      values.push(losses[Math.min(least, most)]);
      if (every > 1) values.push(losses[Math.max(least, most)]);
    }
    return values;
  });
  return [kept[0].map((_, i) => (every > 1 ? (i * every) / 2 : i)), ...kept];
}

/** The losses, by uPlot. @param {HTMLElement} box */
export function lossPlot(box) {
  /** @type {any} */
  const Plot = globalThis["uPlot"];
  let plot = null;
  const shown = { series: [new Float64Array(0)], done: 0, length: 1, isLog: false };
  // A style sheet can't change what has been drawn, and paper is white.
  let isOnPaper = false;
  const color = (name, onPaper) => () => (isOnPaper ? onPaper : getComputedStyle(box).getPropertyValue(name));
  const [ink, faint, grid] = [color("--ink", "#000"), color("--faint", "#777"), color("--line", "#ddd")];
  const data = () => thinned(shown.series, shown.done);
  const decades = (_, least, most) => [least, most].map(
    (loss, i) => 10 ** Math.floor(Math.log10(loss || 1) + i));
  const fromZero = (_, least, most) => [0, Math.max(1, most)];

  function remake() {
    plot?.destroy();
    plot = null;
    const { isLog } = shown, width = box.clientWidth, height = box.clientHeight;
    if (!width || !height) return;
    const axis = {
      stroke: ink, font: "12px system-ui", labelFont: "12px system-ui", ticks: { show: false },
      grid: { stroke: grid, width: 1 },
    };
    plot = new Plot({
      width, height, legend: { show: false }, cursor: { show: false }, padding: [8, 20, 0, 0],
      scales: {
        x: { time: false, range: () => [0, shown.length] },
        y: { distr: isLog ? 3 : 1, range: isLog ? decades : fromZero },
      },
      axes: [{ ...axis, label: "iteration", labelSize: 16, size: 22 }, { ...axis, size: 46 }],
      series: [{}, { stroke: ink, width: 2 }, { stroke: faint, width: 2, dash: [6, 4] }],
    }, data(), box);
  }

  new ResizeObserver(remake).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot?.redraw());
  const printed = (isBefore) => () => {
    isOnPaper = isBefore;
    plot?.redraw();
  };
  window.addEventListener("beforeprint", printed(true));
  window.addEventListener("afterprint", printed(false));
  return {
    /** @param {Float64Array[]} series @param {number} done of the losses @param {string} label */
    show(series, done, label) {
      Object.assign(shown, { series, done });
      plot?.setData(data());
      box.setAttribute("aria-label", label);
    },
    /** Begin again. @param {number} length the iterations there will be @param {boolean} isLog */
    begin(length, isLog) {
      Object.assign(shown, { length, isLog });
      remake();
    },
  };
}

/** States that move. @param {HTMLElement} box */
export function statesPicture(box) {
  const picture = svg("svg", { role: "img" }, box);
  /** @type {{x: number, y: number, half: number} | null} */
  let view = null;
  return {
    /**
     * @param {{points: number[][], carries: number[], names: string[]}} states
     * @param {boolean} isCalm whether the window jumps, and does not glide
     * @returns {boolean} whether the window is on its way
     */
    show({ points, carries, names }, isCalm) {
      const width = box.clientWidth, height = box.clientHeight;
      const frame = { left: 44, right: width - 8, top: 18, bottom: height - 30 };
      const across = frame.right - frame.left, down = frame.bottom - frame.top;
      if (across <= 0 || down <= 0) return false;
      const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
      const [x, y] = [xs, ys].map((values) => (Math.min(...values) + Math.max(...values)) / 2);
      const reach = (values, middle) => Math.max(...values.map((value) => Math.abs(value - middle)));
      const half = 1.1 * Math.max((reach(xs, x) * down) / across, reach(ys, y)) || 1;
      if (!view || isCalm) view = { x, y, half };
      view.x += WAY * (x - view.x);
      view.y += WAY * (y - view.y);
      view.half *= Math.min(GROWTH, Math.max(SHRINKAGE, half / view.half));
      const wide = (view.half * across) / down;
      picture.replaceChildren();
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const around = (middle, reach) => [middle - reach, middle + reach];
      const at = axes(picture, frame, around(view.x, wide), around(view.y, view.half), names);
      const viewBox = `${frame.left} ${frame.top} ${across} ${down}`;
      const window = { x: frame.left, y: frame.top, width: across, height: down, viewBox };
      const inside = svg("svg", window, picture);
      // The ends of lines without length are the marks: round ones, and square ones for a carry.
      for (const carry of [0, 1]) {
        const marks = points.map((point, i) => (
          carries[i] === carry ? `M${at.x(point[0]).toFixed(1)} ${at.y(point[1]).toFixed(1)}h0` : ""));
        svg("path", { d: marks.join(""), class: `marks ${kind(carry)}` }, inside);
      }
      return Math.abs(Math.log(half / view.half)) > 0.02;
    },
    /** What a screen reader says instead. @param {string} label */
    label(label) {
      picture.setAttribute("aria-label", label);
    },
    clear() {
      view = null;
      picture.replaceChildren();
    },
  };
}
