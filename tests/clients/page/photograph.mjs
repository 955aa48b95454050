// Takes the pictures of docs/images: the page as it is on the demo's clip, desktop and phone, light and
// dark. IMAGES is the folder. Each picture gets a palette, so that none is larger than 250 kB.

import { execFileSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { changes, look, shown } from "./browser.mjs";

const MOST_BYTES = 250_000;
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

function shrink(from, to) {
  for (const colours of [256, 160, 96, 64]) {
    const palette = `split[a][b];[a]palettegen=max_colors=${colours}:stats_mode=full[p];[b][p]paletteuse=dither=none`;
    execFileSync("ffmpeg", ["-v", "error", "-y", "-i", from, "-vf", palette, "-compression_level", "9", to]);
    if (statSync(to).size <= MOST_BYTES) break;
  }
  rmSync(from);
}

await look(async (page, step, base) => {
  const at = (view) => `${base}/flows/yard/${view}`;
  const video = async () => {
    await changes(page, () => shown(page.locator(".stage .layer canvas").first()), 3);
    await page.getByText(/^Live, /).waitFor();
  };
  // An alert that is open, with something to see.
  const incident = () => page.getByText("1 open incident").filter({ visible: true }).first().waitFor({ timeout: 60_000 });
  const rates = () => page.getByText(/\d fps/).filter({ visible: true }).first().waitFor();
  const now = async () => {
    await page.locator("canvas.there").waitFor();
    await rates();
    await incident();
  };
  const alert = async () => {
    await page.locator("a.link-row").filter({ has: page.locator("img") }).first().click();
    await page.getByAltText(/The frame of this alert/).waitFor();
    await page.getByText(/An object \(\d+ %\) was in forbidden/).waitFor();
  };
  const graph = async () => {
    await page.locator('[data-id="node:zoned"]').getByText(/^[1-9]/).first().waitFor();
    await page.getByText(/last 10 s/).waitFor();
    await page.waitForFunction(() => (document.querySelector('[data-id="node:zoned"] .latency path')?.getAttribute("d").match(/L/g) ?? []).length > 20);
  };

  const SHOTS = [
    ["now", "desktop", "light", "now", now],
    ["flow", "desktop", "light", "flow", graph],
    ["camera", "desktop", "light", "camera/field", async () => { await video(); await page.getByText(/^[1-9][\d.]* fps, last 10 s/).waitFor(); await incident(); }],
    ["zones", "desktop", "light", "camera/field?zones=edit", async () => { await video(); await page.locator('[data-corner="1"]').focus(); }],
    ["alert", "desktop", "light", "alerts", alert],
    ["edit", "desktop", "light", "edit", async () => {
      await page.locator(".cm-line", { hasText: "hold: 2s" }).click();
      await page.keyboard.press("End");
      for (let times = 0; times < " } }".length + 1; times += 1) await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("Backspace");
      await page.keyboard.type("5");
      await page.getByText("1 node reconfigured, state kept").waitFor();
    }],
    ["now-dark", "desktop", "dark", "now", now],
    ["tap-dark", "desktop", "dark", "flow/zoned?tab=tap", async () => { await graph(); await page.getByText(/frame \d+/).nth(4).waitFor(); }],
    ["now-phone", "phone", "light", "now", now],
    ["flow-phone-dark", "phone", "dark", "flow", graph],
    ["camera-phone-dark", "phone", "dark", "camera/field", async () => { await video(); await incident(); }],
    ["alert-phone", "phone", "light", "alerts", alert],
  ];

  await page.emulateMedia({ reducedMotion: "reduce" });
  page.on("dialog", (dialog) => dialog.accept());
  for (const [name, size, colorScheme, view, ready] of SHOTS) {
    await step(name, async () => {
      await page.setViewportSize(SIZES[size]);
      await page.emulateMedia({ colorScheme });
      await page.goto(at(view));
      await ready();
      const raw = `${process.env.IMAGES}/page-${name}.raw.png`;
      await page.screenshot({ path: raw });
      shrink(raw, `${process.env.IMAGES}/page-${name}.png`);
    });
  }
});
