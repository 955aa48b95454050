// The document of the API as a person reads it: by day and by night, at a desk and on a phone.

import { accessible, expect, look } from "./browser.mjs";

await look(async (page, step, base) => {
  await step("every operation is there, with the role that it needs", async () => {
    await page.goto(`${base}/api/docs`);
    await page.getByText(/^[4-9]\d operations$/).waitFor();
    const put = page.locator("#put-api-v1-flows-flow-cameras-camera-zones-zone");
    await put.getByText("needs the role operator").waitFor();
    await put.getByText("On the command line").click();
    await put.getByText("If-Match").first().waitFor();
  });

  await step("it is filtered by words, with the keyboard", async () => {
    await page.getByLabel("Filter by path, word or role").focus();
    await page.keyboard.type("infer");
    await page.getByText(/^\d of \d\d operations$/).waitFor();
    expect(await page.locator("#post-api-v1-infer").isVisible(), "what was asked for is hidden");
    expect(!(await page.locator("#get-api-v1-flows").isVisible()), "what was not asked for is there");
    await page.locator("#post-api-v1-infer").getByText("Example of an answer, 200").click();
    await page.getByText('"class": "worker"').waitFor();
    await page.getByLabel("Filter by path, word or role").fill("");
  });

  await step("a schema is found from where it is named", async () => {
    await page.locator("#post-api-v1-infer").getByRole("link", { name: "Inferred", exact: true }).click();
    await page.waitForURL("**#schema-inferred");
    expect(await page.locator("#schema-inferred").isVisible(), "there is no such schema");
  });

  for (const colorScheme of ["light", "dark"]) {
    await step(`it is accessible by ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await accessible(page);
    });
  }

  await step("it fits a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    expect(!wide, "the page is wider than the phone");
    await accessible(page);
  });
});
