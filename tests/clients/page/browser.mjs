// A real browser that looks at the page: steps that are told as they pass, what must never happen on
// any of them, and axe.
//
// PAGE_PACKAGES is the folder with playwright-core and axe-core in its node_modules.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.PAGE_PACKAGES}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const BROWSER = "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const LIMIT_MS = 30_000;
const SERIOUS = ["serious", "critical"];

/** Runs `steps(page, step, base)` in a fresh browser on the address in the first argument. */
export async function look(steps, options = {}) {
  const [, , base] = process.argv;
  const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
  const page = await open(browser, options);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`an error in the page: ${error.stack}`));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
  });
  let doing = "opening";
  const step = async (name, act) => {
    doing = name;
    await act();
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    console.log(`ok ${name}`);
  };
  try {
    await steps(page, step, base);
  } catch (error) {
    console.error(`not ok ${doing} at ${page.url()}\n${error.stack}\n${wrong.join("\n")}`);
    console.error((await page.locator("body").innerText().catch(() => "")).slice(0, 2000));
    process.exitCode = 1;
  }
  await browser.close();
}

async function open(browser, options) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(LIMIT_MS);
  return context.newPage();
}

/** Throws what axe calls serious. It is injected beside the Content-Security-Policy, as a person's extension is. */
export async function accessible(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const expression = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => JSON.stringify(violations))";
  const { result } = await session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  await session.detach();
  const serious = JSON.parse(result.value).filter(({ impact }) => SERIOUS.includes(impact));
  if (serious.length === 0) return;
  const told = serious.map(({ help, nodes }) => `${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
  throw new Error(`axe at ${page.url()}:\n${told.join("\n")}`);
}

/** Waits until `look()` has given another answer `times` times. */
export async function changes(page, look, times) {
  const seen = new Set();
  const deadline = Date.now() + LIMIT_MS;
  while (seen.size <= times) {
    if (Date.now() > deadline) throw new Error(`it changed ${seen.size - 1} times, not ${times}: ${[...seen].slice(-3)}`);
    const answer = await look();
    if (answer !== null) seen.add(answer);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** What a canvas shows, as a number that another picture hardly has; `null` while it shows nothing. */
export function shown(canvas) {
  return canvas.evaluate((element) => {
    const { width, height } = element;
    if (width === 0 || height === 0) return null;
    const { data } = element.getContext("2d").getImageData(0, 0, width, height);
    let hash = 0;
    let painted = 0;
    for (let at = 0; at < data.length; at += 4 * 37) {
      hash = (hash * 31 + data[at] * 7 + data[at + 1] * 3 + data[at + 2]) | 0;
      if (data[at + 3] > 0 && data[at] + data[at + 1] + data[at + 2] > 0) painted += 1;
    }
    return painted > 20 ? hash : null;
  });
}

export function expect(condition, message) {
  if (!condition) throw new Error(message);
}
