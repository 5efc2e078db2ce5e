// The plane of two units, with a state that can be moved, and below it two lenses: places of the
// plane, enlarged, where small balls can be seen.

import { axes, find, kind, line, mark, scale, svg } from "./svg.js";

const LENS = { width: 174, top: 18, height: 150 }, SHADED_ROWS = 54, PLANE_REACH = 1.08;

// A ball around a place in a picture, with so many pixels to a unit.
function oval(parent, ball, place, unit) {
  const [cx, cy] = place;
  const turn = `rotate(${(-ball.angle * 180) / Math.PI} ${cx} ${cy})`;
  const size = { cx, cy, rx: ball.rx * unit, ry: ball.ry * unit };
  return svg("ellipse", { ...size, transform: turn, class: `ball ${kind(ball.carry)}` }, parent);
}

// The lens that shows some balls.
function lensAround(balls) {
  const [low, high] = [-1, 1].map((side) => ["x", "y"].map((axis) => (
    side * Math.max(...balls.map((ball) => side * ball[axis] + Math.max(ball.rx, ball.ry))))));
  const half = 0.62 * Math.max(high[0] - low[0], high[1] - low[1]);
  return { centre: low.map((value, i) => (value + high[i]) / 2), half, carry: balls[0].carry };
}

/** @param {Element} element @param {number[]} from @param {number[]} to */
function placeLine(element, [x1, y1], [x2, y2]) {
  Object.entries({ x1, y1, x2, y2 }).forEach(([key, value]) => element.setAttribute(key, `${value}`));
}

/**
 * balls: as the page's data have them. names: of each. labels: what is written beside each in its
 * lens. onMove, onBall: what to call with a state or the number of a ball, if the reader chooses one.
 * @param {Element} parent @param {any} given
 */
export function handPlane(parent, { balls, names, labels, onMove, onBall }) {
  const plane = svg("svg", { viewBox: "0 0 360 370", class: "units-plane", role: "group" }, parent);
  const shade = svg("g", { class: "shade" }, plane), range = [-PLANE_REACH, PLANE_REACH];
  const box = { left: 30, right: 354, top: 18, bottom: 342 };
  const { x, y } = axes(plane, box, range, range, ["unit 0", "unit 1"]);
  const at = ([u, v]) => [x(u), y(v)], unit = x(1) - x(0);
  const threshold = svg("line", { class: "threshold" }, plane);
  svg("text", { x: x(-0.62), y: y(0.56), class: "faint" }, plane, "above the dashed line it writes 1");
  svg("circle", { cx: x(balls[0].x), cy: y(balls[0].y), r: 3, class: "start" }, plane);
  svg("text", { x: x(balls[0].x) + 9, y: y(balls[0].y) + 14, class: "name" }, plane, names[0]);
  const clusters = [0, 1].map((carry) => lensAround(balls.filter((ball, i) => i && ball.carry === carry)))
    .sort((one, other) => one.centre[0] - other.centre[0]);
  clusters.forEach(({ centre: [cx, cy], half, carry }, i) => {
    const width = (2 * half * unit * LENS.width) / LENS.height, left = x(cx) - width / 2, top = y(cy + half);
    svg("rect", { x: left, y: top, width, height: 2 * half * unit, class: "looked-at" }, plane);
    const attributes = { x: left + i * width, y: top - 5, "text-anchor": i ? "end" : "start", class: "name" };
    svg("text", attributes, plane, carry ? "carry" : "no carry");
  });
  const ovals = balls.map((ball) => [oval(plane, ball, at([ball.x, ball.y]), unit)]);
  const trail = svg("polyline", { class: "path" }, plane);
  const head = { id: "touch-arrow", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7 };
  svg("path", { d: "M0 0L10 5L0 10z" }, svg("marker", { ...head, orient: "auto" }, plane));
  const arrow = svg("line", { class: "arrow", "marker-end": "url(#touch-arrow)" }, plane);
  const handle = svg("g", { class: "handle", tabindex: 0, role: "slider" }, plane);
  handle.setAttribute("aria-label", "the state, two numbers: arrow keys move it, with Shift by less");

  const lenses = svg("svg", { viewBox: "0 0 360 170", class: "lenses", role: "group" }, parent);
  const frames = [3, 183].map((left, i) => {
    const box = { x: left, y: LENS.top, width: LENS.width, height: LENS.height };
    const clip = { "clip-path": `url(#touch-lens-${i})` };
    svg("rect", box, svg("clipPath", { id: `touch-lens-${i}` }, lenses));
    svg("rect", { ...box, class: "frame" }, lenses);
    const title = svg("text", { x: left, y: 12 }, lenses);
    const [inside, above] = [0, 1].map(() => svg("g", clip, lenses));
    return { middle: left + LENS.width / 2, title, inside, above, place: at };
  });
  const flying = svg("g", {}, lenses);
  let state = [0, 0], lensesShow = "", shading = 0, output;

  const move = (h) => onMove(h.map((value) => Math.min(1, Math.max(-1, value))));
  function follow(event) {
    const box = plane.getBoundingClientRect(), pixel = 360 / box.width;
    const u = ((event.clientX - box.left) * pixel - x(0)) / unit;
    move([u, (y(0) - (event.clientY - box.top) * pixel) / unit]);
  }
  plane.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    plane.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    follow(event);
  });
  plane.addEventListener("pointermove", (event) => {
    if (plane.hasPointerCapture(event.pointerId)) follow(event);
  });
  handle.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    move(state.map((value, i) => value + by[i] * (event.shiftKey ? 0.005 : 0.05)));
  });

  function drawBall(parent, number, [cx, cy], size, middle) {
    const attributes = { role: "button", tabindex: 0, "aria-label": `${names[number]}: show its states` };
    const button = svg("g", attributes, parent), r = Math.max(balls[number].rx, balls[number].ry) * size;
    svg("circle", { cx, cy, r: Math.max(21, r), class: "to-touch" }, button);
    ovals[number].push(oval(button, balls[number], [cx, cy], size));
    // In a large ball, else on the side with more room.
    const side = r > 25 ? 0 : Math.sign(middle - cx) || 1, anchor = ["end", "middle", "start"][side + 1];
    const text = { x: cx + side * (r + 6), y: cy + 4, "text-anchor": anchor, class: "name" };
    if (r < 50) svg("text", text, button, labels[number]);
    button.addEventListener("click", () => onBall(number));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onBall(number);
    });
  }

  function drawLens(i, { centre, half }, title) {
    const { middle, inside } = frames[i], size = LENS.height / (2 * half);
    const x = scale(0, 1, middle - centre[0] * size, middle + (1 - centre[0]) * size);
    const y = scale(0, 1, LENS.top + (half + centre[1]) * size, LENS.top + (half + centre[1] - 1) * size);
    frames[i].place = ([u, v]) => [x(u), y(v)];
    frames[i].title.textContent = title;
    inside.replaceChildren();
    const [from, to] = output(frames[i].place);
    placeLine(svg("line", { class: "threshold" }, inside), from, to);
    balls.forEach((ball, number) => {
      const isHere = Math.abs(ball.x - centre[0]) < 1.2 * half && Math.abs(ball.y - centre[1]) < half;
      if (isHere) drawBall(inside, number, [x(ball.x), y(ball.y)], size, middle);
    });
  }

  function drawLenses(cloud) {
    const hadFocus = lenses.contains(document.activeElement);
    ovals.forEach((drawn) => drawn.splice(1));
    flying.replaceChildren();
    if (!cloud) {
      clusters.forEach((view, i) => {
        const times = Math.round(LENS.height / (2 * view.half * unit));
        drawLens(i, view, `${view.carry ? "carry" : "no carry"}, ${times}× as large`);
      });
    } else {
      [cloud.ball, cloud.target].forEach((number, i) => {
        const { x, y, rx, ry } = balls[number];
        const far = cloud.images.flatMap(([u, v]) => [Math.abs(u - x), Math.abs(v - y)]);
        const half = Math.max(1.3 * rx, 1.3 * ry, i ? 1.15 * Math.max(...far) : 0.003);
        drawLens(i, { centre: [x, y], half }, `${i ? `${cloud.pair} → ` : ""}${names[number]}`);
      });
      cloud.states.forEach((h, i) => {
        const [[x0, y0], [x1, y1]] = [frames[0].place(h), frames[1].place(cloud.images[i])];
        const style = `--x0: ${x0}px; --y0: ${y0}px; --x: ${x1}px; --y: ${y1}px`;
        svg("circle", { cx: x0, cy: y0, r: 1.3, class: "dot" }, flying);
        svg("circle", { r: 1.5, class: `dot flying ${cloud.shares[i] > 1 ? "wrong" : ""}`, style }, flying);
      });
    }
    if (hadFocus) find(lenses, "[role=button]").focus();
  }

  return {
    /**
     * Colour the plane by the carry that states stand for, a few rows at a time, so that nothing waits.
     * weights, bias: of the output.
     */
    shade(carryOf, weights, bias) {
      const size = (2 * PLANE_REACH) / SHADED_ROWS, mine = shading += 1, paths = ["", ""];
      const outputHalfAt = (u) => (0.5 - bias - weights[0] * u) / weights[1];
      output = (place) => [-PLANE_REACH, PLANE_REACH].map((u) => place([u, outputHalfAt(u)]));
      const [from, to] = output(at);
      placeLine(threshold, from, to);
      lensesShow = "";
      let row = 0;
      const some = () => {
        const until = performance.now() + 8;
        for (; row < SHADED_ROWS && mine === shading && performance.now() < until; row += 1) {
          for (let column = 0; column < SHADED_ROWS; column += 1) {
            const [u, v] = [column, row].map((k) => k * size - PLANE_REACH);
            const carry = carryOf([u + size / 2, v + size / 2]);
            if (carry !== null) paths[carry] += `M${x(u)} ${y(v)}h6v-6h-6z`;
          }
        }
        if (mine !== shading) return;
        if (row < SHADED_ROWS) return void requestAnimationFrame(some);
        shade.replaceChildren();
        paths.forEach((d, carry) => svg("path", { d, class: kind(carry) }, shade));
      };
      requestAnimationFrame(some);
    },

    /**
     * Show a state h and the carry it stands for (null: neither), in words; the states before it; an
     * arrow from one place to another, or null; the states of a ball and where they go, or null;
     * which ball is missed, or -1; and whether the step shown is wrong.
     */
    show({ h, carry, words, before, way, cloud, wrong, isWrong }) {
      state = h;
      h.forEach((_, i) => handle.style.setProperty(["--x", "--y"][i], `${at(h)[i]}px`));
      Object.entries({ valuemin: -1, valuemax: 1, valuenow: h[0].toFixed(2), valuetext: words.split(";")[0] })
        .forEach(([key, value]) => handle.setAttribute(`aria-${key}`, value));
      plane.setAttribute("aria-label", `the plane of the two units. ${words}`);
      lenses.setAttribute("aria-label", cloud ? "a ball, and where its states go" : "the balls, enlarged");
      const here = `here ${carry === null ? "neither" : ""}`;
      handle.replaceChildren(svg("circle", { r: 20, class: "to-touch" }));
      mark(handle, 0, 0, carry, 6, here);
      trail.setAttribute("points", line(before.map(at)));
      const [[x1, y1], [x2, y2]] = (way ?? [h, h]).map(at);
      placeLine(arrow, [x1, y1], [x2, y2]);
      // A short one would be all head.
      const isLong = Math.hypot(x2 - x1, y2 - y1) > 9;
      arrow.setAttribute("class", `arrow ${isLong ? "" : "hidden"} ${isWrong ? "wrong" : ""}`);
      const show = `${JSON.stringify(cloud)}`;
      if (show !== lensesShow) drawLenses(cloud);
      lensesShow = show;
      frames.forEach((frame) => {
        frame.above.replaceChildren();
        const [px, py] = frame.place(h);
        if (!cloud) mark(frame.above, px, py, carry, 4, here);
      });
      ovals.forEach((drawn, number) => drawn.forEach((ball) => {
        ball.classList.toggle("wrong", number === wrong);
        ball.classList.toggle("lit", number === cloud?.ball);
      }));
    },
  };
}
