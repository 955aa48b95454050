// Comes to the first alert as somebody does who has a camera's address and the page, and has read
// nothing. CAMERA is its address, NOBODY one where nothing listens, CAMERA_USER and CAMERA_PASSWORD
// the login.

import { accessible, expect, look, shown } from "./browser.mjs";

const { CAMERA, NOBODY, CAMERA_USER, CAMERA_PASSWORD } = process.env;
/** The clip shows an object every seven seconds. */
const ALERT_MS = 90_000;

await look(async (page, step, base) => {
  const dialog = page.getByRole("dialog");
  const tryIt = () => dialog.getByRole("button", { name: /^Try it/ }).click();
  const told = (words) => dialog.getByRole("alert").filter({ hasText: words }).waitFor();

  await step("an empty flow says how to begin", async () => {
    await page.goto(base);
    await page.getByRole("heading", { name: "From a camera to its first alert" }).waitFor();
    await accessible(page);
    for (const [view, words] of [["camera", "No camera yet"], ["alerts", "No camera yet"]]) {
      await page.goto(`${base}/flows/my-farm/${view}`);
      await page.getByText(words).waitFor();
      await page.getByRole("main").getByRole("button", { name: "Add a camera" }).last().waitFor();
      await accessible(page);
    }
    await page.goto(base);
  });

  await step("what is wrong with an address is said in plain words", async () => {
    await page.getByRole("button", { name: "Add a camera" }).click();
    const address = dialog.getByLabel("Address");
    expect(await address.evaluate((input) => input === document.activeElement), "the address has the focus");
    await page.keyboard.type("http://10.0.0.5/");
    await page.keyboard.press("Enter");
    await told("This is the address of a web page");
    await address.fill(NOBODY);
    await page.keyboard.press("Enter");
    await told("nothing listens at port");
    await address.fill(CAMERA);
    await tryIt();
    await told("The camera wants a user name and a password.");
    await dialog.getByLabel("User").fill(CAMERA_USER);
    await dialog.getByLabel("Password").fill("not this one");
    await tryIt();
    await told("The camera refused the user name or the password.");
    await address.fill(CAMERA.replace("/clip", "/nothing"));
    await dialog.getByLabel("Password").fill(CAMERA_PASSWORD);
    await tryIt();
    await told("no stream at this path");
    await accessible(page);
  });

  await step("the camera's first picture is shown before it is added", async () => {
    await dialog.getByLabel("Address").fill(CAMERA);
    await tryIt();
    await dialog.getByText("It works").waitFor();
    const picture = dialog.getByRole("img", { name: "The first picture of the camera" }).locator("canvas");
    await page.waitForFunction((canvas) => canvas.width === 960, await picture.elementHandle());
    expect((await shown(picture)) !== null, "the picture is black");
    await accessible(page);
  });

  await step("the camera is added", async () => {
    await dialog.getByLabel("Name").fill("the gate");
    await dialog.getByText("A name has letters, digits").waitFor();
    await dialog.getByLabel("Name").fill("gate");
    await dialog.getByText("pina, worker, object").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/camera/gate?zones=edit");
    await dialog.waitFor({ state: "hidden" });
  });

  await step("a zone is drawn", async () => {
    await page.getByText("No zone yet.").waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "New zone" }).click();
    const picture = await page.getByRole("group", { name: "Zones on the picture" }).boundingBox();
    for (const [x, y] of [[0.2, 0.93], [0.8, 0.93], [0.72, 0.62], [0.28, 0.62]]) await page.mouse.click(picture.x + picture.width * x, picture.y + picture.height * y);
    await page.getByRole("button", { name: "Finish" }).click();
    await page.getByLabel("Name").fill("yard");
    await page.getByLabel("Name").press("Tab");
    for (const [at, [x, y]] of [[20, 93], [80, 93], [72, 62], [28, 62]].entries()) {
      await page.getByLabel(`Corner ${at + 1}, % from the left`).fill(`${x}`);
      await page.getByLabel(`Corner ${at + 1}, % from the top`).fill(`${y}`);
    }
    await page.getByRole("button", { name: "Save and reload" }).focus();
    await page.getByRole("button", { name: "Save and reload" }).click();
    await page.getByText("Applied", { exact: true }).waitFor();
  });

  await step("a rule is picked, and what it does is shown before", async () => {
    await page.getByRole("button", { name: "Pick a rule for “yard”" }).click();
    await dialog.getByText("Choose what raises the alert").first().waitFor();
    await dialog.getByLabel("object").check();
    await dialog.getByLabel("for at least").selectOption("500ms");
    await dialog.getByText("Alert when an object is in yard for half a second.").waitFor();
    await dialog.getByText("3 nodes added").waitFor();
    await dialog.getByText("object-in-yard:").first().waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Apply this rule" }).click();
    await dialog.getByText("Applied", { exact: true }).waitFor();
    await dialog.getByRole("button", { name: /the first alert/ }).waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.keyboard.press("1");
  });

  await step("the zone of a rule does not go without it, in plain words", async () => {
    await page.goto(`${base}/flows/my-farm/camera/gate?zones=edit`);
    await page.getByRole("button", { name: "Delete the zone yard" }).click();
    await page.getByRole("button", { name: "Save and reload" }).click();
    await page.getByText("the rule 'object-in-yard' looks at the zone 'yard'; remove the rule first").waitFor();
    await page.getByRole("link", { name: "Look at the rule “object-in-yard”" }).waitFor();
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByRole("button", { name: "Stop editing" }).click();
  });

  await step("an address is changed after it was tried", async () => {
    await page.getByRole("button", { name: "Change address or login" }).first().click();
    expect((await dialog.getByLabel("Address").inputValue()) === CAMERA, "it has the address");
    await dialog.getByLabel("User").fill(CAMERA_USER);
    await dialog.getByLabel("Password").fill(CAMERA_PASSWORD);
    await page.keyboard.press("Enter");
    await dialog.getByText("It works").waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Use this address" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.keyboard.press("1");
  });

  await step("the first alert comes, with its picture", async () => {
    await page.waitForURL("**/now");
    const incidents = page.getByRole("region", { name: "Open incidents" });
    await incidents.getByRole("link", { name: /object in yard/ }).waitFor({ timeout: ALERT_MS });
    await incidents.locator("img").waitFor();
    await accessible(page);
    await page.getByRole("link", { name: "See why it was raised" }).click();
    await page.getByAltText(/The frame of this alert/).waitFor();
    await page.getByText(/^An object \(\d+ %\) was in yard of gate for/).waitFor();
    await page.locator('.picture polygon[data-zone="yard"]').waitFor();
    await page.getByText("What each node saw and gave").click();
    await page.getByText(/object \d+ % in yard/).first().waitFor();
    await accessible(page);
  });

  await step("a rule is removed, and what that does is shown before", async () => {
    await page.goto(`${base}/flows/my-farm/flow/object-in-yard?tab=config`);
    await page.getByRole("complementary").getByRole("button", { name: "Remove" }).click();
    await dialog.getByText("2 nodes removed").waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Keep it" }).click();
  });
});
