// Looks at a running flow as somebody does who changes nothing: the wall, the graph, a tap, the video,
// an alert and why it was raised; with the keyboard where that is possible.

import { accessible, changes, expect, look, shown } from "./browser.mjs";

await look(async (page, step, base) => {
  await step("the wall says in words how the field is", async () => {
    await page.goto(base);
    await page.waitForURL("**/flows/yard/now");
    await page.getByText("1 camera live").waitFor();
    await page.getByRole("link", { name: /field.*live/s }).locator("canvas.there").waitFor();
    await accessible(page);
  });

  await step("the graph lives", async () => {
    await page.keyboard.press("2");
    await page.waitForURL("**/flow");
    const card = page.locator('[data-id="node:zoned"]');
    await card.getByText(/^[1-9][\d.,]*$/).waitFor();
    await changes(page, () => card.innerText(), 2);
  });

  await step("a node is reached with the arrow keys, and tapped", async () => {
    await page.locator('[data-id="node:detect"]').focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/flow/zoned");
    await page.getByRole("tab", { name: "Numbers" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText("The point of the box that has to be inside a zone.").waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByText(/frame \d+: \d+ detections?/).first().waitFor();
    await accessible(page);
  });

  await step("a camera is found by its name", async () => {
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("fiel");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/camera/field");
  });

  await step("the video plays, and boxes move on it", async () => {
    const video = page.getByRole("img", { name: "Live video of field" }).locator("canvas");
    await changes(page, () => shown(video), 3);
    await page.getByLabel("Boxes").selectOption("all");
    await changes(page, () => shown(page.locator(".stage > canvas")), 2);
    await page.getByText(/^Live, \d\d:\d\d:\d\d/).waitFor();
    await accessible(page);
  });

  await step("alerts are listed, and filtered by typing", async () => {
    await page.keyboard.press("4");
    await page.locator("a", { hasText: "object in forbidden" }).first().waitFor();
    const filter = page.getByRole("combobox", { name: "Filter of alerts" });
    await filter.fill("class:pina ");
    await page.getByText("No alert is like that").waitFor();
    await filter.fill("since:soon ");
    await page.getByText(/“soon” is no time/).waitFor();
    await filter.fill("camera:field class:object ");
    await page.locator("a", { hasText: "object in forbidden" }).first().waitFor();
    await page.waitForURL(/q=camera/);
    await page.getByLabel("Any severity").selectOption("warning");
    await page.getByText("No alert is like that").waitFor();
    const typed = await filter.inputValue();
    expect(typed.trim() === "camera:field class:object severity:warning", `what is clicked stands in the text: ${typed}`);
    await page.getByLabel("Any severity").selectOption("critical");
    await page.getByLabel("Open or ended").selectOption("ended");
    await page.locator("a", { hasText: /object in forbidden.*for \d/s }).first().waitFor();
    await accessible(page);
  });

  await step("an alert says why it was raised, and its way is lit", async () => {
    await page.getByRole("heading", { name: "Alerts" }).click();
    await page.keyboard.press("ArrowDown");
    await page.waitForURL(/alerts\/\d+/);
    await page.getByText(/^An object \(\d+ %\) was in forbidden of field for .* the rule rule raised “forbidden-object”\. It ended after/).waitFor();
    await page.locator('.picture polygon[data-zone="forbidden"]').waitFor();
    await page.locator(".picture .label").filter({ hasText: /^object \d+ %$/ }).waitFor();
    const why = page.locator("section", { has: page.getByRole("heading", { name: "Why" }) });
    await why.getByText("What each node saw and gave").click();
    for (const node of ["detect", "zoned", "rule", "calm"]) await why.getByRole("link", { name: node, exact: true }).waitFor();
    await why.getByText(/object \d+ % in forbidden/).first().waitFor();
    await page.getByAltText(/The frame of this alert/).waitFor();
    await accessible(page);
    await page.getByRole("link", { name: "Show its way in the graph" }).click();
    await page.getByText(/The way of alert \d+ .* is lit/).waitFor();
    await page.locator('.svelte-flow__node.lit[data-id="node:calm"]').waitFor();
    expect((await page.locator(".svelte-flow__node.lit").count()) === 5, "the camera and four nodes are lit");
  });

  await step("the keys are told", async () => {
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "hidden" });
  });

  await step("axe is content with the rest, on a phone in the dark", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    const views = [
      ["now", "Open incidents"],
      ["flow/rule", "Ledger, since the start"],
      ["flow/calm?tab=config", "Change settings"],
      ["now?new=camera", "The camera’s RTSP address"],
      ["now?new=rule", "Alert when one of these is seen"],
      ["camera/field?new=model&of=field", "Where does a model come from?"],
      ["camera/field?new=change&rule=rule", "When it stays for at least"],
      ["camera/field?zones=edit", "forbidden"],
      ["edit", "Versions"],
      ["edit?add=rule", "forbidden-object"],
      ["system", "Journal"],
      ["system/deliveries", "Dead letters"],
      ["system/plugins", "debounce"],
      ["system/models", "least confidence"],
      ["system/tokens", "Make a token"],
      ["system/audit", /From|Nothing has been changed/],
    ];
    for (const [view, word] of views) {
      await page.goto(`${base}/flows/yard/${view}`);
      await page.getByText(word).filter({ visible: true }).first().waitFor();
      await accessible(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide <= 0, `${view} is ${wide} pixels wider than the phone`);
    }
  });
});
