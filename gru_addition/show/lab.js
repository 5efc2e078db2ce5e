// The laboratory: three acts, of which one is shown.

import { touchAct } from "./acts/touch.js";
import { trainAct } from "./acts/train.js";
import { watchAct } from "./acts/watch.js";
import { find } from "./drawing/svg.js";
import { followLinks, readLink } from "./links.js";

const networks = JSON.parse(find(document, "#data").textContent);
// How many networks the page brought along; one that is added stands before them.
const number = networks.length;
const { go, link } = followLinks(open);
const context = {
  networks,
  add(network) {
    networks.splice(0, networks.length - number, network);
    acts.watch.redraw();
  },
  link,
  go,
  say(text) { find(document, "#said").textContent = text; },
};
const acts = {};
let shown = "";
for (const [name, start] of Object.entries({ train: trainAct, touch: touchAct, watch: watchAct })) {
  acts[name] = start(find(document, `#${name}`), context);
}

function open(hash, clicked) {
  const { act, params } = readLink(hash), name = Object.hasOwn(acts, act) ? act : "train";
  for (const other of Object.keys(acts)) {
    find(document, `#${other}`).hidden = other !== name;
    const tab = find(document, `nav a[href="#${other}"]`);
    tab.ariaCurrent = other === name ? "page" : null;
    if (other !== name && acts[other].hide) acts[other].hide();
  }
  const isOther = name !== shown;
  // What was said before is about another act.
  if (isOther) context.say("");
  acts[name].show(params);
  // A screen reader says the name of what gets the focus.
  if (isOther && shown) find(document, `#${name}`).focus({ preventScroll: true });
  shown = name;
  if (clicked) find(document, `#${name}`).scrollIntoView({ block: "start" });
}

// What is unfolded is in view.
document.addEventListener("toggle", ({ target }) => {
  if (target instanceof HTMLDetailsElement && target.open) target.scrollIntoView({ block: "nearest" });
}, true);
find(document, "#no-script").hidden = true;
find(document, "#page").hidden = false;
open(location.hash, false);
