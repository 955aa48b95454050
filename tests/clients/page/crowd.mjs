// Two hundred cameras: goes round the views for SECONDS, and measures the page. No task of the main
// thread takes more than 100 ms of the processor in a Chromium trace, and after a collection of garbage
// the heap is as large at the end as after the first rounds. By the clock a task waits for whatever else
// the machine does; that is told and not tested.

import { expect, LIMIT_MS, look } from "./browser.mjs";

const SECONDS = Number(process.env.SECONDS ?? "60");
const LONGEST_TASK_MS = 100;
/** The first rounds load the views, and fill what has a bound. */
const WARM_ROUNDS = 2;
const MOST_GROWTH = 1.1;
const SLACK_BYTES = 2 << 20;
const TRACED = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];
const TASK = "ThreadControllerImpl::RunTask";

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** What the main thread of the page did, the longest first: what it took by the clock and of the processor. */
function tasks(buffer) {
  const { traceEvents } = JSON.parse(buffer.toString());
  const main = new Set(traceEvents.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain").map(({ pid, tid }) => `${pid}/${tid}`));
  const there = traceEvents.filter((event) => event.ph === "X" && main.has(`${event.pid}/${event.tid}`));
  const within = (task) => there.filter((event) => event !== task && event.tid === task.tid && event.pid === task.pid && event.ts >= task.ts && event.ts + event.dur <= task.ts + task.dur && event.name !== TASK && event.name !== "RunTask");
  const longest = there.filter(({ name }) => name === TASK).toSorted((one, other) => (other.tdur ?? other.dur) - (one.tdur ?? one.dur));
  return {
    count: longest.length,
    by_clock_ms: Math.max(...longest.map(({ dur }) => dur)) / 1000,
    longest: longest.slice(0, 3).map((task) => ({
      wall_ms: task.dur / 1000,
      cpu_ms: (task.tdur ?? task.dur) / 1000,
      did: within(task).toSorted((one, other) => other.dur - one.dur).slice(0, 4).map(({ name, dur }) => `${name} ${(dur / 1000).toFixed(0)} ms`).join(", "),
    })),
  };
}

await look(async (page, step, base) => {
  const session = await page.context().newCDPSession(page);
  const browser = page.context().browser();
  const at = (view) => page.locator(`nav a[href$="/${view}"]`).first();
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  /** As long as somebody looks at a view, moving about in it. */
  const stay = async (milliseconds) => {
    const until = Date.now() + milliseconds;
    for (let down = true; Date.now() < until; down = !down) {
      await page.mouse.wheel(0, down ? 900 : -900);
      await page.waitForTimeout(250);
    }
  };

  await step("two hundred cameras are there", async () => {
    await page.goto(base);
    await page.getByText("200 cameras live").waitFor();
    await page.getByText("A recording: what was seen, without pictures").first().waitFor();
  });

  const round = async () => {
    await page.keyboard.press("2");
    await page.waitForURL("**/flow");
    await page.locator('[data-id="node:zoned"]').getByText(/^[1-9][\d.,]*/).first().waitFor();
    await stay(2000);
    await page.locator('[data-id="node:tracked"]').click();
    await page.getByRole("tab", { name: "Tap" }).click();
    await page.getByText(/frame \d+: \d+ detections?/).first().waitFor();
    await page.waitForTimeout(3000);
    await page.keyboard.press("Escape");
    await page.keyboard.press("3");
    await page.waitForURL("**/camera");
    await stay(2000);
    await page.locator('a[href*="/camera/"]').filter({ visible: true }).first().click();
    await page.getByText("Plays a recording").waitFor();
    await stay(1500);
    await page.keyboard.press("4");
    await page.locator("a", { hasText: "person in zone" }).first().waitFor({ timeout: LIMIT_MS });
    await stay(2000);
    await page.keyboard.press("ArrowDown");
    await page.waitForURL(/alerts\/\d+/);
    await page.waitForTimeout(1000);
    await page.keyboard.press("1");
    await page.waitForURL("**/now");
    await stay(2000);
  };

  const heaps = [];
  const longest = [];
  const by_clock = [];
  let count = 0;
  await step(`it stays usable for ${SECONDS} s`, async () => {
    const until = Date.now() + SECONDS * 1000;
    while (Date.now() < until || heaps.length < WARM_ROUNDS + 2) {
      await browser.startTracing(page, { categories: TRACED });
      await round();
      const traced = tasks(await browser.stopTracing());
      count += traced.count;
      by_clock.push(traced.by_clock_ms);
      longest.push(...traced.longest);
      heaps.push(await heap());
    }
  });

  await step("no task is long, and the heap is flat", async () => {
    longest.sort((one, other) => other.cpu_ms - one.cpu_ms);
    const warm = heaps.slice(WARM_ROUNDS);
    const [first, last] = [warm.slice(0, Math.ceil(warm.length / 3)), warm.slice(-Math.ceil(warm.length / 3))].map(median);
    console.log(JSON.stringify({ rounds: heaps.length, tasks: count, longest_task_ms: longest[0].cpu_ms, longest_by_clock_ms: Math.max(...by_clock), heap_first: mebibytes(first), heap_last: mebibytes(last), heaps: heaps.map(mebibytes) }));
    for (const task of longest.slice(0, 5)) console.log(JSON.stringify(task));
    expect(count > 100, `the trace has only ${count} tasks`);
    expect(longest[0].cpu_ms < LONGEST_TASK_MS, `a task took ${longest[0].cpu_ms} ms: ${longest[0].did}`);
    expect(last < first * MOST_GROWTH + SLACK_BYTES, `the heap grew from ${mebibytes(first)} to ${mebibytes(last)}`);
  });
});
