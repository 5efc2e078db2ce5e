// What a network is inside: its units as bars, and the losses of its training.

import { axes, chart, line, scale, svg } from "./svg.js";

/**
 * @param {Element} parent
 * @param {any[][]} groups a name, a number for each unit, and the least it can be
 */
export function drawBars(parent, groups) {
  const units = groups[0][1].length, row = Math.min(18, Math.max(9, 150 / units)), width = 310 / 4;
  parent.replaceChildren();
  const picture = chart(parent, 340, 34 + row * units, "state, gates and candidate of each unit, as bars");
  groups.forEach(([name, values, low], i) => {
    const left = 26 + i * width, x = scale(low, 1, left, left + width - 8);
    svg("text", { x: left, y: 12 }, picture, name);
    svg("text", { x: left, y: 24, class: "small" }, picture, low < 0 ? "−1 to 1" : "0 to 1");
    values.forEach((value, unit) => {
      const y = 30 + row * unit, from = x(0), to = x(value), height = row - 2;
      svg("rect", { x: left, y, width: width - 8, height, class: "room" }, picture);
      const bar = { x: Math.min(from, to), y, width: Math.abs(to - from), height, class: "bar" };
      svg("rect", bar, picture);
      const number = { x: 22, y: y + row / 2 + 3, "text-anchor": "end", class: "small" };
      if (i === 0) svg("text", number, picture, `${unit}`);
    });
  });
}

/** Training and test losses. @param {Element} parent @param {any} losses as `page_data` has them */
export function drawLosses(parent, losses) {
  const picture = chart(parent, 340, 180, "training and test loss against the iteration, logarithmic");
  const logs = [...losses.train, ...losses.test].filter((loss) => loss > 0).map(Math.log10);
  const range = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  const { x, y } = axes(picture, { left: 36, right: 332, top: 20, bottom: 150 },
    [0, losses.iterations.at(-1)], range, ["iteration", "loss, powers of ten"]);
  for (const name of ["train", "test"]) {
    const logOf = (loss) => Math.max(range[0], Math.log10(loss));
    const points = losses[name].map((loss, i) => [x(losses.iterations[i]), y(logOf(loss))]);
    svg("polyline", { points: line(points), class: `loss ${name}` }, picture);
    svg("text", { x: 328, y: points[points.length - 1][1] - 5, "text-anchor": "end" }, picture, name);
  }
}
