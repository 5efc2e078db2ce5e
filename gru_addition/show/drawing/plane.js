// States in a plane: those of random sums, the balls of a proof, and the trail of one sum.

import { axes, chart, kind, line, mark, svg } from "./svg.js";

// A smaller ball gets a ring of this radius, in pixels. Milliseconds, for the eye to follow a zoom.
const LEAST_RADIUS = 8, ZOOM_TIME = 600;

/** The place of a state, such as [0.2, 0.7], in a plane as `page_data` describes it. */
export function placeIn(plane, h) {
  const along = (direction) => direction.reduce((sum, d, i) => sum + d * (h[i] - plane.centre[i]), 0);
  return plane.directions.map(along);
}

/** The edge of a ball in the plane, turned as it is. */
function edgeOf(ball) {
  return Array.from({ length: 48 }, (_, i) => {
    const t = (2 * Math.PI * i) / 48, u = ball.rx * Math.cos(t), v = ball.ry * Math.sin(t);
    const c = Math.cos(ball.angle), s = Math.sin(ball.angle);
    return [ball.x + u * c - v * s, ball.y + u * s + v * c];
  });
}

// A window on the plane, some share of the way from one to another.
function between(from, to, share) {
  return from.map((ends, i) => ends.map((end, j) => end + share * (to[i][j] - end)));
}

/**
 * Draw a plane with the states of random sums and the balls of a proof.
 *
 * start: where a sum begins. Returns two functions: `show(places, carries, ball, label)` draws
 * the trail of a sum as far as it has come, and lights a ball; `zoom(closely)` shows that ball, or the
 * whole plane.
 */
export function drawPlane(parent, plane, start) {
  const width = 340, height = 172, box = { left: 36, right: 332, top: 18, bottom: 142 };
  const across = box.right - box.left, down = box.bottom - box.top;
  const picture = chart(parent, width, height, "");
  picture.classList.add("plane");
  const all = [...plane.cloud, ...plane.balls.flatMap(edgeOf), start];
  const whole = [0, 1].map((i) => {
    const values = all.map((p) => p[i]), low = Math.min(...values), high = Math.max(...values);
    const margin = [0.12, 0.18][i] * (high - low) || 0.1;
    return [low - margin, high + margin];
  });
  let view = whole, near = false, moving = 0, x, y, path, trail, drawnBalls;
  /** @type {{places: number[][], carries: number[], ball: number}} */
  let shown = { places: [], carries: [], ball: 0 };

  // All but the trail of a sum.
  function drawBackground() {
    picture.replaceChildren();
    ({ x, y } = axes(picture, box, view[0], view[1], plane.names));
    const viewBox = `${box.left} ${box.top} ${across} ${down}`;
    // What is beyond its edges is not seen.
    const inside = svg("svg", { x: box.left, y: box.top, width: across, height: down, viewBox }, picture);
    plane.cloud.forEach(([px, py, carry]) => mark(inside, x(px), y(py), carry, 1.7, "cloud"));
    drawnBalls = plane.balls.map((ball, i) => drawBall(inside, ball, i));
    if (!near && inside.querySelector(".ring")) {
      svg("text", { x: box.left, y: height - 4 }, picture, "rings: balls too small to be seen here");
    }
    path = svg("polyline", { class: "path" }, inside);
    // Names are above the path, which would strike them through, and below the states.
    if (!near) [0, 1].forEach((carry) => nameCloud(inside, carry));
    // The balls' numbers, if there is room for them.
    if (plane.balls.length <= 6) plane.balls.forEach((ball, i) => nameBall(inside, ball, i));
    trail = svg("g", {}, inside);
    drawTrail();
  }

  function drawBall(inside, ball, i) {
    const group = svg("g", { class: `ball ${kind(ball.carry)}`, "data-ball": i }, inside);
    const cx = x(ball.x), cy = y(ball.y), edge = edgeOf(ball).map(([px, py]) => [x(px), y(py)]);
    svg("polygon", { points: line(edge) }, group);
    const radius = Math.max(...edge.map(([px, py]) => Math.hypot(px - cx, py - cy)));
    if (radius < LEAST_RADIUS) svg("circle", { cx, cy, r: LEAST_RADIUS, class: "ring" }, group);
    return group;
  }

  function nameBall(inside, ball, i) {
    const left = Math.min(...edgeOf(ball).map(([px]) => x(px)), x(ball.x) - LEAST_RADIUS) - 4;
    const at = { x: left, y: y(ball.y) + 4, "text-anchor": "end", class: "name" };
    svg("text", at, inside, i ? `${i}` : "start");
  }

  function nameCloud(inside, carry) {
    const cloud = plane.cloud.filter((p) => p[2] === carry);
    if (!cloud.length) return;
    const middle = x(cloud.reduce((sum, p) => sum + p[0], 0) / cloud.length);
    const balls = plane.balls.filter((ball) => ball.carry === carry && ball.rx);
    const top = y(Math.max(...cloud.map((p) => p[1]), ...balls.map((ball) => ball.y + ball.rx)));
    // Beside the start, not on it.
    const isOnStart = Math.abs(x(start[0]) - middle) < 36 && Math.abs(y(start[1]) - top + 11) < 16;
    const left = isOnStart ? x(start[0]) - 8 : middle;
    const anchor = isOnStart || left > box.right - 30 ? "end" : left < box.left + 30 ? "start" : "middle";
    const words = carry ? "carry" : "no carry";
    svg("text", { x: left, y: top - 7, "text-anchor": anchor, class: "name" }, inside, words);
  }

  function drawTrail() {
    const { places, carries, ball } = shown, last = places.length - 1;
    const at = places.map(([px, py]) => [x(px), y(py)]);
    trail.replaceChildren();
    path.setAttribute("points", line(at));
    if (last < 60) at.forEach(([px, py], k) => mark(trail, px, py, carries[k], 2.2));
    if (last >= 0) mark(trail, at[last][0], at[last][1], carries[last], 5, "here");
    drawnBalls.forEach((group, i) => group.classList.toggle("lit", i === ball));
  }

  // The window that is wanted: the whole plane, or the ball that is lit, as round as it is.
  function wanted() {
    if (!near) return whole;
    const ball = plane.balls[shown.ball], sizes = plane.balls.map(({ rx, ry }) => Math.max(rx, ry));
    const half = 1.6 * (sizes[shown.ball] || Math.max(...sizes) || 0.01), wide = (half * across) / down;
    return [[ball.x - wide, ball.x + wide], [ball.y - half, ball.y + half]];
  }

  function move() {
    cancelAnimationFrame(moving);
    const from = view, to = wanted(), start = performance.now();
    if (`${from}` === `${to}`) return drawTrail();
    const frame = (now) => {
      const share = matchMedia("(prefers-reduced-motion: reduce)").matches
        ? 1 : Math.min(1, Math.max(0, now - start) / ZOOM_TIME);
      view = share === 1 ? to : between(from, to, share * share * (3 - 2 * share));
      drawBackground();
      if (share < 1) moving = requestAnimationFrame(frame);
    };
    frame(start);
  }

  drawBackground();
  return {
    show(places, carries, ball, label) {
      shown = { places, carries, ball };
      picture.setAttribute("aria-label", label);
      move();
    },
    zoom(closely) {
      near = closely;
      move();
    },
  };
}
