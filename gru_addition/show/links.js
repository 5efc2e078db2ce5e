// What is shown has an address of its own, which can be shared: "#watch&a=13&b=12".

/**
 * What an act gets from the page it is in.
 * @typedef {object} Context
 * @property {any[]} networks
 * @property {(network: any) => void} add
 * @property {(act: string, params: Object<string, any>) => void} link writes the address
 * @property {(hash: string) => void} go follows a link
 * @property {(text: string) => void} say to a screen reader
 */

/** The act that a link names, or "", and the rest. @param {string} hash */
export function readLink(hash) {
  // In an address a form writes a space as a plus; here a plus is one.
  const text = hash.slice(1).replaceAll("+", "%2B"), [first] = text.split("&");
  return { act: first.includes("=") ? "watch" : first, params: new URLSearchParams(text) };
}

/**
 * Follow the page's links, and write its address.
 * @param {(hash: string, clicked: boolean) => void} open shows what a link names
 */
export function followLinks(open) {
  let writing;
  const go = (hash) => {
    open(hash, true);
    location.hash = hash;
  };
  window.addEventListener("hashchange", () => open(location.hash, false));
  // In a page inside another, or under a <base>, such a link would lead to another page.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (!link || !link.hash || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.hash);
  });
  // Safari refuses to change an address more than 100 times in half a minute, and a page inside
  // another may not change it at all.
  const link = (act, params) => {
    clearTimeout(writing);
    writing = setTimeout(() => {
      const words = Object.entries(params).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`);
      try {
        // A <base> does not move this page.
        const address = `${location.href.split("#")[0]}#${act}${words.join("")}`;
        history.replaceState(null, "", address.replaceAll("%5E", "^"));
      } catch { /* Without a link, the rest works. */ }
    }, 400);
  };
  return { go, link };
}
