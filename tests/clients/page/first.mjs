// Comes to the first alert as somebody does who has a camera's address and the page, and has read
// nothing. CAMERA is its address, NOBODY one where nothing listens, CAMERA_USER and CAMERA_PASSWORD
// the login. MODEL is a file on this computer, and NO_MODEL one that is none. RECEIVER is a web
// address that takes alerts.

import { accessible, expect, look, shown } from "./browser.mjs";

const { CAMERA, NOBODY, CAMERA_USER, CAMERA_PASSWORD, MODEL, NO_MODEL, RECEIVER } = process.env;
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

  await step("the camera is added by its address alone", async () => {
    const add = dialog.getByRole("button", { name: "Add this camera" });
    await dialog.getByLabel("Name").fill("The Gate");
    await dialog.getByText("A name has letters, digits").waitFor();
    await dialog.getByRole("button", { name: "Call it “the-gate”" }).click();
    expect((await dialog.getByLabel("Name").inputValue()) === "the-gate", "it is called as was offered");
    await dialog.getByLabel("Name").fill("gate");
    // What is wrong with a field is said there, until it is another.
    await dialog.getByLabel("Model").selectOption("A file somewhere else on Agave’s machine…");
    await dialog.getByLabel("Where it is").fill("people.onnx");
    await add.click();
    await told("There is no file people.onnx");
    await accessible(page);
    await dialog.getByLabel("Where it is").fill("people2.onnx");
    await dialog.getByText("There is no file").waitFor({ state: "hidden" });
    await dialog.getByRole("option", { name: "Agave’s own: agave plants, workers, objects" }).waitFor({ state: "attached" });
    await dialog.getByLabel("Model").selectOption("None yet: it shows its picture only");
    await add.click();
    await page.waitForURL("**/camera/gate?zones=edit");
    await dialog.waitFor({ state: "hidden" });
  });

  await step("a model is sent from this computer, and looks at the camera", async () => {
    await page.getByRole("button", { name: "Stop editing" }).click();
    await page.getByRole("heading", { name: "No model yet" }).waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Choose a model" }).first().click();
    const chooser = dialog.locator("input[type=file]");
    await chooser.setInputFiles(NO_MODEL);
    await told("cannot load the model letter.onnx");
    await accessible(page);
    await chooser.setInputFiles(MODEL);
    await dialog.getByText("people can be used: 3 classes, 416 × 256 pixels.").waitFor();
    await dialog.getByText("this one knows pina, worker, object").waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Use this model" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "No zone yet" }).waitFor();
    await page.getByRole("button", { name: "Draw a zone" }).click();
  });

  await step("a zone is drawn", async () => {
    await page.getByText("No zone yet.").waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "New zone" }).click();
    const picture = await page.getByRole("group", { name: "Zones on the picture" }).boundingBox();
    for (const [x, y] of [[0.2, 0.93], [0.8, 0.93], [0.72, 0.62], [0.28, 0.62]]) await page.mouse.click(picture.x + picture.width * x, picture.y + picture.height * y);
    await page.getByRole("button", { name: "Finish" }).click();
    await page.getByLabel("Name").fill("the yard");
    await page.getByRole("button", { name: "Call it “the-yard”" }).waitFor();
    await page.getByLabel("Name").fill("yard");
    // It counts as it is typed.
    expect((await page.getByRole("button", { name: "Save and reload" }).getAttribute("aria-disabled")) === "false", "it can be saved");
    await page.getByRole("button", { name: /^yard/ }).waitFor();
    await page.getByText("Corners in numbers").click();
    for (const [at, [x, y]] of [[20, 93], [80, 93], [72, 62], [28, 62]].entries()) {
      await page.getByLabel(`Corner ${at + 1}, % from the left`).fill(`${x}`);
      await page.getByLabel(`Corner ${at + 1}, % from the top`).fill(`${y}`);
    }
    await page.getByRole("button", { name: "Save and reload" }).focus();
    await page.getByRole("button", { name: "Save and reload" }).click();
    await page.getByText("Zone “yard” added.").waitFor();
  });

  await step("a rule is picked, and what it does is shown before", async () => {
    await page.getByRole("button", { name: "Pick a rule for “yard”" }).click();
    await dialog.getByLabel("object").check();
    await dialog.getByLabel("when it stays for at least").selectOption("500ms");
    await dialog.getByText("Alert when an object is in yard for half a second.").waitFor();
    await dialog.getByText("What is written into the flow file").click();
    await dialog.getByText("3 nodes added").waitFor();
    await dialog.getByText("object-in-yard:").first().waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Apply this rule" }).click();
    await dialog.getByText(/^The rule watches/).waitFor();
    await dialog.getByRole("button", { name: /the first alert/ }).waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.keyboard.press("1");
  });

  await step("a rule is changed in the form that made it", async () => {
    await page.goto(`${base}/flows/my-farm/camera/gate`);
    await page.getByText("Alert when an object is there for half a second").waitFor();
    await page.getByRole("button", { name: "Change the rule object-in-yard" }).click();
    const save = dialog.getByRole("button", { name: "Save the rule" });
    expect((await save.getAttribute("aria-disabled")) === "true", "nothing has changed");
    await dialog.getByLabel("when it comes back").selectOption("within 10 seconds");
    await dialog.getByLabel("How much it matters").selectOption("info");
    await dialog.getByText("What is written into the flow file").click();
    await dialog.locator("pre", { hasText: "hold: 10s" }).waitFor();
    await accessible(page);
    await save.click();
    await dialog.getByText("It watches so from now on.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.getByRole("button", { name: "Change the rule object-in-yard" }).click();
    await dialog.getByLabel("How much it matters").selectOption("warning");
    await dialog.getByLabel("when it comes back").selectOption("within 2 seconds");
    await save.click();
    await dialog.getByText("It watches so from now on.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
  });

  await step("the zone of a rule does not go without it", async () => {
    await page.goto(`${base}/flows/my-farm/camera/gate?zones=edit`);
    await page.getByRole("button", { name: "Delete the zone yard" }).click();
    await dialog.getByText("The rule “object-in-yard” watches this zone").waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Keep" }).click();
    await page.getByRole("button", { name: "Delete the zone yard" }).waitFor();
    await page.getByRole("button", { name: "Stop editing" }).click();
  });

  await step("a zone is renamed with the rule that watches it, and both go together", async () => {
    await page.getByRole("button", { name: "Edit zones" }).click();
    await page.getByRole("button", { name: "Rectangle" }).click();
    await page.getByLabel("Name").fill("shed");
    await page.getByRole("button", { name: "Save and reload" }).click();
    await page.getByRole("button", { name: "Pick a rule for “shed”" }).click();
    await dialog.getByLabel("worker").check();
    await dialog.getByRole("button", { name: "Apply this rule" }).click();
    await dialog.getByText(/^The rule watches/).waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.getByLabel("Name").fill("barn");
    await page.getByRole("button", { name: "Save and reload" }).click();
    await page.getByText("Zone “shed” is “barn” now.").waitFor();
    await page.getByRole("list", { name: "Rules about barn" }).getByRole("link", { name: "worker-in-shed" }).waitFor();
    await page.getByRole("button", { name: "Delete the zone barn" }).click();
    await dialog.getByRole("button", { name: "Remove both" }).click();
    await page.getByRole("button", { name: "Save and reload" }).click();
    await page.getByText("Zone “barn” removed, with “worker-in-shed”.").waitFor();
    await page.getByRole("button", { name: "Stop editing" }).click();
  });

  await step("an address is changed after it was tried", async () => {
    await page.getByRole("button", { name: "Change address or login" }).first().click();
    expect((await dialog.getByLabel("Address").inputValue()) === CAMERA, "it has the address");
    expect(await dialog.getByLabel(/Keep the login/).isChecked(), "it keeps its login");
    await dialog.getByLabel(/Keep the login/).uncheck();
    await page.keyboard.press("Enter");
    await dialog.getByText("The login is not right").waitFor();
    await dialog.getByLabel(/Keep the login/).check();
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

  await step("alerts are sent somewhere from there, and a test says that they arrive", async () => {
    await page.getByRole("link", { name: "Send alerts somewhere" }).click();
    await dialog.getByRole("heading", { name: /^Adapters/ }).waitFor();
    await dialog.getByRole("button", { name: /^webhook/ }).click();
    expect((await dialog.getByLabel("Reads").inputValue()) === "alerts", "it reads all alerts");
    await dialog.getByLabel("url").fill(RECEIVER);
    await accessible(page);
    await dialog.getByRole("button", { name: "Add and apply" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "Does “webhook” reach anybody?" }).waitFor();
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText(/^Arrived after/).waitFor();
    await accessible(page);
    await page.goto(`${base}/flows/my-farm/system/deliveries`);
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText(/^Arrived after/).waitFor();
  });

  await step("a rule is removed, and what that does is shown before", async () => {
    await page.goto(`${base}/flows/my-farm/flow/object-in-yard?tab=config`);
    await page.getByRole("complementary").getByRole("button", { name: "Remove" }).click();
    await dialog.getByText("2 nodes removed").waitFor();
    await accessible(page);
    await dialog.getByRole("button", { name: "Keep it" }).click();
  });
});
