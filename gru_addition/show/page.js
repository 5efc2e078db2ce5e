// The page of `python -m gru_addition show`: act 3 alone.

import { watchAct } from "./acts/watch.js";
import { find } from "./drawing/svg.js";
import { followLinks, readLink } from "./links.js";

const root = find(document, "#watch");
const { go, link } = followLinks((hash, clicked) => {
  act.show(readLink(hash).params);
  if (clicked) find(root, ".chosen .plane").scrollIntoView({ block: "nearest" });
});
const act = watchAct(root, {
  networks: JSON.parse(find(document, "#data").textContent),
  add() {},
  link,
  go,
  say(text) { find(document, "#said").textContent = text; },
});
act.show(readLink(location.hash).params);
find(document, "#no-script").hidden = true;
find(document, "#page").hidden = false;
