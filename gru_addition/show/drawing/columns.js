// The columns of a sum: its digits, and a network's outputs. The lowest column stands on the right,
// as on paper.

import { axes, chart, html, scale, svg, ticks } from "./svg.js";

/**
 * The digits of the columns that have been read, those that are wrong marked, in a <pre>.
 * columns: as `addWith` returns them. blockLength: on paper nothing scrolls, so there a sum is printed
 * in blocks of so many columns. at: the column to point out.
 */
export function drawDigits(parent, columns, read, blockLength = Infinity, at = read - 1) {
  const hidden = (name) => (c, k) => (k < read ? c[name] : "·");
  const isWrong = (c, k) => k < read && c.written !== c.bit;
  const rows = {
    a: (c) => c.a,
    b: (c) => c.b,
    "carry in": hidden("carryIn"),
    writes: hidden("written"),
    true: hidden("bit"),
    wrong: (c, k) => (isWrong(c, k) ? "^" : " "),
  };
  const put = (text, name = "span", attributes = {}) => html(name, attributes, parent, text);
  parent.replaceChildren();
  for (let high = columns.length; high > 0; high -= blockLength) {
    const low = Math.max(0, high - blockLength);
    if (blockLength < Infinity) put(` columns  ${high - 1} to ${low}\n`);
    for (const [name, digit] of Object.entries(rows)) {
      put(`${name.padStart(10)}  `, "span", { class: "row" });
      let plain = "";
      for (let k = high - 1; k >= low; k -= 1) {
        const wrong = isWrong(columns[k], k) && (name === "writes" || name === "wrong");
        if (wrong || k === at) {
          put(plain);
          put(digit(columns[k], k), k === at ? "mark" : "b", wrong ? { class: "wrong" } : {});
          plain = " ";
        } else {
          plain += `${digit(columns[k], k)} `;
        }
      }
      put(`${plain}\n`);
    }
  }
  const here = parent.querySelector("mark");
  if (here) parent.scrollLeft = here.offsetLeft - parent.clientWidth / 2;
}

/** The first column that is wrong, or -1. */
export function firstWrong(columns) {
  return columns.findIndex((c) => c.written !== c.bit);
}

/** The number that is written in some columns. */
export function writtenIn(columns) {
  return columns.reduce((sum, c, k) => sum + (BigInt(c.written) << BigInt(k)), 0n);
}

/**
 * The outputs as a chart; the function it returns shows those of the columns that have been read.
 * onColumn: called with how many columns to read, when one is clicked.
 */
export function drawOutputs(parent, columns, onColumn) {
  const picture = chart(parent, 340, 78, "");
  const box = { left: 36, right: 332, top: 16, bottom: 62 }, outputs = columns.map((c) => c.output);
  const ys = [Math.min(-0.1, ...outputs) - 0.1, Math.max(1.2, ...outputs) + 0.1];
  const xs = [columns.length - 0.5, -0.5];
  const { x, y } = axes(picture, box, xs, ys, [" ", "output"]), half = y(0.5);
  svg("text", { x: box.right, y: box.top - 6, "text-anchor": "end" }, picture, "column");
  // A round mark for a right output, a cross for a wrong one.
  const [r, d] = columns.length > 60 ? [1.2, 3] : [3.5, 5];
  const cross = `l${2 * d},${2 * d}m0,${-2 * d}l${-2 * d},${2 * d}`;
  if (!ticks(ys[0], ys[1]).includes(0.5)) {
    svg("text", { x: box.left - 5, y: half + 4, "text-anchor": "end" }, picture, "0.5");
  }
  svg("line", { x1: box.left, x2: box.right, y1: half, y2: half, class: "threshold" }, picture);
  const now = svg("line", { y1: box.top, y2: box.bottom, class: "now" }, picture);
  const marks = columns.map((c, k) => {
    const cx = x(k), cy = y(c.output);
    return c.written === c.bit
      ? svg("circle", { cx, cy, r, class: "output" }, picture)
      : svg("path", { d: `M${cx - d},${cy - d}${cross}`, class: "cross" }, picture);
  });
  picture.addEventListener("click", (event) => {
    const at = picture.getBoundingClientRect(), place = ((event.clientX - at.left) / at.width) * 340;
    const k = Math.round(scale(box.left, box.right, xs[0], xs[1])(place));
    onColumn(Math.min(Math.max(0, k + 1), columns.length));
  });
  return (read) => {
    now.setAttribute("x1", x(read - 1));
    now.setAttribute("x2", x(read - 1));
    now.classList.toggle("hidden", read === 0);
    marks.forEach((output, k) => output.classList.toggle("hidden", k >= read));
    const wrong = columns.slice(0, read).filter((c) => c.written !== c.bit).length;
    picture.setAttribute("aria-label", `the outputs of ${read} columns; ${wrong} of them are wrong`);
  };
}
