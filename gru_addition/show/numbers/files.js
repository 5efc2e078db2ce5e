// Networks in files: weights as the laboratory writes them, and pages of `python -m gru_addition show`.

import { planesOf } from "./plane.js";
import { fits, GATES, weightShapes } from "./shapes.js";

// More would take the page too long.
const MOST_UNITS = 128;

/** What a file holds, read as JSON; of a page, its first network. @param {string} text */
function contentOf(text) {
  if (!text.trimStart().startsWith("<")) return JSON.parse(text);
  const data = new DOMParser().parseFromString(text, "text/html").querySelector("#data");
  return JSON.parse(data?.textContent ?? "")[0];
}

/**
 * The network in a file. Throws an error that says why it can't be used.
 * @param {string} text
 * @param {string} name of the file
 */
export function networkFrom(text, name) {
  const refuse = (reason) => { throw new Error(`${name} can't be used: ${reason}`); };
  let network;
  try {
    network = contentOf(text);
  } catch {
    refuse("it holds neither weights in JSON nor a page of networks, or it is damaged");
  }
  const { cell, resolution = null, weights } = network ?? {}, units = weights?.W_output?.length;
  if (!Object.hasOwn(GATES, cell ?? "")) refuse(`its cell must be ${Object.keys(GATES).join(", ")}`);
  if (!(units > 0 && units <= MOST_UNITS)) refuse(`W_output must have from 1 to ${MOST_UNITS} rows`);
  const shapes = weightShapes(cell, units);
  const hasShape = (values, shape) => fits(values, shape, Number.isFinite);
  for (const [key, shape] of Object.entries(shapes)) {
    if (!hasShape(weights[key], shape)) refuse(`${key} must be numbers of shape (${shape.join(", ")})`);
  }
  const unknown = Object.keys(weights).find((key) => !Object.hasOwn(shapes, key));
  if (unknown) refuse(`${cell} has no weights ${unknown}`);
  if (resolution !== null && !(Number.isInteger(resolution) && resolution > 0)) {
    refuse("its resolution must be null or a whole number above 0");
  }
  const about = `${units} units, read from a file.`, stateSize = cell === "lstm" ? 2 * units : units;
  const isPlane = ({ centre, directions, cloud, balls }) => hasShape(centre, [stateSize])
    && hasShape(directions, [2, stateSize]) && Array.isArray(cloud) && Array.isArray(balls);
  if (network.planes && !network.planes.every(isPlane)) refuse("its planes are damaged");
  const plain = { name, about, cell, resolution, stateSize, weights, certificate: null, losses: null };
  return { ...plain, ...(network.planes ? network : { planes: planesOf(plain) }), key: "file" };
}
