// Logs in and is refused. VIEWER and OPERATOR are tokens.

import { accessible, expect, look } from "./browser.mjs";

await look(async (page, step, base) => {
  const logIn = async (token) => {
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
  };
  const isOff = async (name) => {
    const button = page.getByRole("button", { name });
    await button.waitFor();
    return (await button.getAttribute("aria-disabled")) === "true" && /operator/.test(await button.getAttribute("title"));
  };

  await step("nobody gets in without a token, whatever the address", async () => {
    await page.goto(`${base}/flows/yard/camera/field`);
    await page.getByRole("heading", { name: "Log in to Agave" }).waitFor();
    await accessible(page);
    await logIn("agv_nobody-has-this-one");
    await page.getByRole("alert").waitFor();
  });

  await step("a viewer looks, where the address said", async () => {
    await logIn(process.env.VIEWER);
    await page.getByRole("heading", { name: "field" }).waitFor();
    await page.getByText("viewer").first().waitFor();
    expect(await isOff(/Edit zones/), "a viewer can edit zones, or is not told why not");
  });

  await step("a viewer is told what is not theirs", async () => {
    await page.keyboard.press("5");
    await page.getByText("The flow file is for operators").waitFor();
    await accessible(page);
    await page.keyboard.press("2");
    expect(await isOff(/Reload the files/), "a viewer can reload, or is not told why not");
    await page.keyboard.press("6");
    await page.getByText("Tokens and the audit log are shown to administrators.").waitFor();
    expect((await page.getByRole("tab", { name: "Tokens" }).count()) === 0, "a viewer sees tokens");
  });

  await step("an operator may", async () => {
    await page.getByRole("button", { name: "Log out" }).click();
    await logIn(process.env.OPERATOR);
    await page.getByText("operator").first().waitFor();
    await page.keyboard.press("5");
    await page.locator(".cm-line", { hasText: "hold: 2s" }).waitFor();
    await page.keyboard.press("2");
    const reload = page.getByRole("button", { name: "Reload the files" });
    await reload.click();
    await page.getByRole("dialog", { name: "Reload" }).getByText("Nothing changes").waitFor();
  });
});
