// Whole numbers as they are typed, such as 13 or 2^81 - 1, and what is refused.

export const MOST_BITS = 2000;

/** @param {string} text @param {string} name of the field @returns {bigint} */
export function parseNumber(text, name) {
  const refusal = new Error(
    `${name} must be a whole number from 0 to 2^${MOST_BITS} - 1, such as 13 or 2^81 - 1`);
  let number = 0n;
  for (const term of text.replace(/\s*([-+^])\s*/g, "$1").trim().split(/(?=[-+])/)) {
    const parts = term.match(/^([-+]?)(\d+)(?:\^(\d+))?$/);
    // A number that is longer is too large.
    if (!parts || parts[2].length * Number(parts[3] || 1) > MOST_BITS) throw refusal;
    const value = BigInt(parts[2]) ** BigInt(parts[3] || 1);
    number += parts[1] === "-" ? -value : value;
  }
  if (number < 0n || number >= 2n ** BigInt(MOST_BITS)) throw refusal;
  return number;
}

/** @param {number} least @param {number} most @param {string | number} text @param {string} name */
export function parseBetween(least, most, text, name) {
  if (!/^\d+$/.test(`${text}`) || Number(text) < least || Number(text) > most) {
    throw new Error(`${name} must be a whole number from ${least} to ${most}`);
  }
  return Number(text);
}

/** How many bits a number has. @param {bigint} number */
export function lengthOf(number) {
  return number.toString(2).length;
}

/** @param {number} bits at most 32 */
export function randomNumber(bits) {
  return BigInt(crypto.getRandomValues(new Uint32Array(1))[0]) % (2n ** BigInt(bits));
}
