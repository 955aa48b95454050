// Changes a running flow as an operator does: a zone on the picture, a setting in the editor, and back.

import { accessible, expect, look } from "./browser.mjs";

await look(async (page, step, base) => {
  const corner = (number) => page.locator(`[data-corner="${number - 1}"]`);
  const place = async (number) => (await corner(number).getAttribute("aria-label")).replace(/^.*?, /, "");
  const save = page.getByRole("button", { name: "Save and reload" });

  await step("a corner is moved with the keyboard, undone and done again", async () => {
    await page.goto(`${base}/flows/yard/camera/field?zones=edit`);
    await corner(4).focus();
    for (let times = 0; times < 5; times += 1) await page.keyboard.press("Shift+ArrowUp");
    await page.keyboard.press("ArrowLeft");
    expect((await place(4)) === "28.4 % from the left, 57.3 % from the top", await place(4));
    await page.keyboard.press("Control+z");
    expect((await place(4)).startsWith("28.5 %"), await place(4));
    await page.keyboard.press("Control+y");
    expect((await place(4)).startsWith("28.4 %"), await place(4));
  });

  await step("edges that cross are explained, and cannot be saved", async () => {
    const box = await corner(1).locator(".dot").boundingBox();
    await page.mouse.move(box.x + 5, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y - 240, { steps: 4 });
    await page.mouse.up();
    await page.getByText("The edge 1–2 crosses the edge 3–4.").waitFor();
    expect((await save.getAttribute("aria-disabled")) === "true", "it can be saved");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("crosses the edge").waitFor({ state: "hidden" });
  });

  await step("corners are added and deleted", async () => {
    await corner(4).focus();
    await page.keyboard.press("a");
    await corner(5).waitFor();
    await page.keyboard.press("Delete");
    await corner(5).waitFor({ state: "hidden" });
  });

  await step("the zone is saved, and the flow reloads", async () => {
    await save.click();
    await page.getByText("Zone “forbidden” moved.").waitFor();
    await page.getByText("What that did to the flow").click();
    await page.getByText("~ node 'zoned'").or(page.getByText("node 'zoned': state kept")).first().waitFor();
  });

  await step("a zone is drawn, saved, deleted and saved", async () => {
    await page.getByRole("button", { name: "New zone" }).click();
    const picture = await page.getByRole("group", { name: "Zones on the picture" }).boundingBox();
    for (const [x, y] of [[0.6, 0.1], [0.9, 0.1], [0.9, 0.3], [0.6, 0.1]]) await page.mouse.click(picture.x + picture.width * x, picture.y + picture.height * y);
    await page.getByLabel("Name").fill("sky");
    await save.click();
    await page.getByText("Zone “sky” added.").waitFor();
    await page.getByRole("button", { name: "Delete the zone sky" }).click();
    await page.getByText("Zone “sky” added.").waitFor({ state: "hidden" });
    await save.click();
    await page.getByText("Zone “sky” removed.").waitFor();
    await page.getByRole("button", { name: "Stop editing" }).click();
  });

  await step("a setting is changed in the drawer, which says before what that does, and back", async () => {
    const drawer = page.getByRole("complementary", { name: "Node calm" });
    for (const [from, to] of [["2s", "4s"], ["4s", "2s"]]) {
      await page.goto(`${base}/flows/yard/flow/calm?tab=config`);
      await drawer.getByRole("button", { name: "Change settings" }).click();
      const hold = drawer.getByLabel("hold");
      expect((await hold.inputValue()) === from, `it is ${await hold.inputValue()}`);
      await hold.fill("three");
      await drawer.getByText("`hold` of plugin 'debounce'").first().waitFor();
      await hold.fill(to);
      await drawer.getByText(`config: { hold: ${to} } }`).waitFor();
      await accessible(page);
      await drawer.getByRole("button", { name: "Apply" }).click();
      await drawer.getByRole("button", { name: "Change settings" }).waitFor();
      await drawer.locator("pre", { hasText: `hold: ${to}` }).waitFor();
    }
  });

  await step("a broken flow file says in the editor what is wrong", async () => {
    await page.keyboard.press("5");
    await page.locator(".cm-line", { hasText: "hold: 2s" }).click();
    await page.keyboard.press("End");
    for (let times = 0; times < " 2s } }:".length; times += 1) await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("x");
    await page.getByText("plugin 'debounce' has no setting 'holdx'").first().waitFor();
    await page.getByText("did you mean 'hold'?").first().waitFor();
    await page.locator(".cm-lintRange-error", { hasText: "holdx" }).waitFor();
    await page.keyboard.press("Backspace");
    await page.locator(".cm-lintRange-error").waitFor({ state: "hidden" });
  });

  await step("what can stand there is offered", async () => {
    for (let times = 0; times < ": 2s".length; times += 1) await page.keyboard.press("ArrowRight");
    await page.keyboard.type(", ");
    await page.keyboard.press("Control+Space");
    await page.getByRole("option", { name: "hold" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Backspace");
  });

  await step("a plan says what would change, and applying changes it", async () => {
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Backspace");
    await page.keyboard.type("3s");
    await page.getByText("1 node reconfigured, state kept; no cameras reconnect").waitFor();
    await page.keyboard.press("Control+s");
    await page.getByText("Applied", { exact: true }).waitFor();
  });

  await step("the version before is brought back", async () => {
    const versions = page.locator("section", { has: page.getByRole("heading", { name: "Versions" }) });
    await versions.getByText(/hold: 2s → hold: 3s/).waitFor();
    await versions.getByRole("button", { name: "Look" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.locator(".added", { hasText: "hold: 2s" }).waitFor();
    await dialog.getByRole("button", { name: "Bring it back" }).click();
    await versions.getByText(/hold: 3s → hold: 2s/).waitFor();
    await page.locator(".cm-line", { hasText: "hold: 2s" }).waitFor();
  });
});
