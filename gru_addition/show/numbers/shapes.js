// What a network's weights are called, and their shapes.

export const GATES = {
  gru: ["r", "z", "h"], elman: ["h"], lstm: ["i", "f", "o", "c"], gru_reset_after: ["r", "z", "h"],
};
// More biases.
const BIASES = { gru_reset_after: ["bu"] };

/** The shape of each weight by its name. @param {string} cell @param {number} units */
export function weightShapes(cell, units) {
  const shapes = GATES[cell].flatMap((gate) => [
    [`W${gate}`, [2, units]], [`U${gate}`, [units, units]], [`b${gate}`, [units]],
  ]);
  shapes.push(...(BIASES[cell] ?? []).map((name) => [name, [units]]));
  return Object.fromEntries([...shapes, ["W_output", [units, 1]], ["b_output", [1]]]);
}

/**
 * Whether nested arrays have a shape, and all their entries pass.
 * @param {any} array @param {number[]} shape @param {(entry: any) => boolean} isRight
 */
export function fits(array, [length, ...rest], isRight) {
  return Array.isArray(array) && array.length === length
    && array.every((entry) => (rest.length > 0 ? fits(entry, rest, isRight) : isRight(entry)));
}
