// Looks at a camera that is lost as somebody does who wants it back: what is said of it on the wall and
// on its page, an attempt by hand, and the way back. NOBODY is an address where nothing listens.

import { accessible, expect, look } from "./browser.mjs";

const { NOBODY } = process.env;
const FLOW = "/api/v1/flows/yard";

await look(async (page, step, base) => {
  await step("a camera is there", async () => {
    await page.goto(base);
    await page.getByText("1 camera live").waitFor();
    await page.getByRole("link", { name: /field.*live/s }).locator("canvas.there").waitFor();
  });

  await step("it gets an address where nothing listens", async () => {
    const seen = await fetch(`${base}${FLOW}/file`);
    const text = (await seen.text()).replace(/rtsp:\/\/[^"]*/, NOBODY);
    const headers = { "if-match": seen.headers.get("etag"), "content-type": "text/yaml" };
    const written = await fetch(`${base}${FLOW}/file`, { method: "PUT", headers, body: text });
    expect(written.ok, `${written.status} ${await written.text()}`);
  });

  await step("the wall does not say that all is well", async () => {
    await page.getByText(/Cannot tell: field is lost since \d\d:\d\d/).waitFor();
    await page.getByText(/1 camera lost since \d\d:\d\d/).waitFor();
    const tile = page.locator("a.tile");
    await tile.getByText(/127\.0\.0\.1 is there, and nothing listens at port \d+\./).waitFor();
    await tile.getByText(/last picture/).waitFor();
    const dim = await tile.locator(".picture canvas").evaluate((canvas) => Number(getComputedStyle(canvas).opacity));
    expect(dim < 0.5, `the picture is not dimmed: ${dim}`);
    await accessible(page);
  });

  await step("its page says why, and tries it at once", async () => {
    await page.goto(`${base}/flows/yard/camera/field`);
    const note = page.getByRole("region", { name: "Why there is no picture" });
    await note.getByText("Nothing listens there").waitFor();
    await note.getByText("Is the port right").waitFor();
    await note.getByText(/next attempt in \d+ s|trying now/).waitFor();
    await note.getByText("What the program says").click();
    await note.getByText(/Connection refused/).waitFor();
    await note.getByRole("button", { name: "Try now" }).click();
    await note.getByText("field is tried now.").waitFor();
    await accessible(page);
  });

  await step("after a change it is followed until it is there", async () => {
    await page.goto(`${base}/flows/yard/edit`);
    await page.getByRole("button", { name: "Look" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Bring it back" }).click();
    const plan = page.getByRole("region", { name: "Done" });
    await plan.getByRole("link", { name: "field" }).waitFor();
    await plan.getByText("connected", { exact: true }).waitFor();
    await page.goto(base);
    await page.getByText("1 camera live").waitFor();
    await page.locator("a.tile .picture.old").waitFor({ state: "detached" });
  });
});
