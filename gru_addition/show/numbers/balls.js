// Where a state lies: in which ball of a certificate, on which side of the carry; and weights by name.

import { step } from "./network.js";

/** How far a state is from the centre of a ball, in the norm of the certificate. */
export function distanceFrom({ norm, states }, number, h) {
  const off = h.map((value, i) => value - states[number][i]);
  return Math.hypot(...off.map((_, j) => off.reduce((sum, value, i) => sum + value * norm[i][j], 0)));
}

/** The ball in which a state lies, 0 at the start; -1 if there is none. */
export function ballOf(certificate, h) {
  return certificate.radii.findIndex((radius, number) => distanceFrom(certificate, number, h) <= radius);
}

/** The carry that a state stands for, by what is written in the next column; null if pairs disagree. */
export function carryOf(network, h) {
  const carries = [0, 1, 2, 3].map((pair) => {
    const a = pair >> 1, b = pair & 1;
    return a ^ b ^ Number(step(network, h, a, b).output > 0.5);
  });
  return carries.every((carry) => carry === carries[0]) ? carries[0] : null;
}

/** States all over a ball of two units, as it is drawn; the first 30 on its edge. */
export function statesIn({ x, y, rx, ry, angle }) {
  if (rx === 0) return [[x, y]];
  return Array.from({ length: 150 }, (_, i) => {
    const share = i < 30 ? 1 : Math.sqrt((i - 29.5) / 120), turn = i < 30 ? (Math.PI * i) / 15 : 2.4 * i;
    const u = rx * share * Math.cos(turn), v = ry * share * Math.sin(turn);
    return [x + u * Math.cos(angle) - v * Math.sin(angle), y + u * Math.sin(angle) + v * Math.cos(angle)];
  });
}

/** All weights by name, such as Uz_0_1 for the one from unit 0 to unit 1. @returns {Map<string, number>} */
export function weightsByName(weights) {
  return new Map(Object.entries(weights).flatMap(([name, rows]) => rows.flatMap((row, i) => (
    Array.isArray(row) ? row.map((value, j) => [`${name}_${i}_${j}`, value]) : [[`${name}_${i}`, row]]))));
}

/** The weights with another value for one of them. */
export function withWeight(weights, name, value) {
  const changed = structuredClone(weights), [matrix, i, j] = name.split(/_(?=\d)/);
  if (j === undefined) changed[matrix][i] = value;
  else changed[matrix][i][j] = value;
  return changed;
}
