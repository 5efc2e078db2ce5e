// Uses the laboratory in Firefox, and prints what it says:
//
//   node firefox.mjs FIREFOX ADDRESS
//
// Node finds puppeteer, which drives Firefox, beside the page's scripts.

import { createRequire } from "node:module";

const here = createRequire(new URL("../../gru_addition/show/package.json", import.meta.url));
const { default: puppeteer } = await import(here.resolve("puppeteer-core"));
const [executablePath, address] = process.argv.slice(2);
// Older releases of Firefox do not know the command that sets a page's size.
const browser = await puppeteer.launch({
  browser: "firefox", executablePath, headless: true, defaultViewport: null,
  args: ["--width=1280", "--height=800"],
});
const page = await browser.newPage(), said = { errors: [] };
page.on("pageerror", (error) => said.errors.push(error.message));

async function open(link) {
  await page.goto("about:blank");
  await page.goto(`${address}#${link}`);
}

async function press(act, text) {
  const buttons = await page.$$(`#${act} button`);
  for (const button of buttons) {
    if (await button.evaluate((element) => element.textContent) === text) await button.click();
  }
}

// Wait for a text, for at most a minute and a half.
async function until(selector, text) {
  let found = "";
  for (let tries = 0; tries < 450 && !found.includes(text); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    found = await page.$eval(selector, (element) => element.textContent);
  }
  return found;
}

await open("train&iterations=500&go=1");
said.trained = await until("#train .said", "Done in");
said.lines = await page.$eval("#train .lines pre", (element) => element.textContent);
said.answer = await until("#train .verdict", "Its smallest");
await open("touch");
await press("touch", "1+1");
said.moved = await until("#said", "1+1");
await press("touch", "Prove");
said.proved = await until("#touch", "Proved:");
await open("watch&a=13&b=12&column=4");
said.watched = await until("#watch section", "wrong");
await browser.close();
console.log(JSON.stringify(said));
