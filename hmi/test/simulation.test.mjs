// The simulator panel at the real station: standing still, single steps, snapshots that
// are taken, put back and removed.
//
//   SCANLOOP_BIN=<target>/debug/scanloop node --test simulation.test.mjs

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { axe, clean, open, shoot } from "./browser.mjs";
import { layOut, skip, until } from "./station.mjs";

const NAME = "before the trip <b>1</b>";

describe("the simulator panel", { skip }, () => {
  test("a snapshot is taken, another story is lived, and it is put back with process and controller and stands still", async (t) => {
    const station = layOut({ args: ["--play", "none"] });
    t.after(station.end);
    const page = await open(await station.start(), { hash: "#/sim" });
    await page.waitForSelector(".sim-row");
    const button = (name) => page.getByRole("button", { name, exact: true });
    const chip = (words) => page.waitForFunction((w) => document.querySelector("hmi-sim-page .chip").textContent === w, words, { polling: 100 });
    const row = page.locator("hmi-sim-page .rows > div", { has: page.locator("b", { hasText: NAME }) });
    const scan = () => page.evaluate(() => window.hmi.link.scan);
    /** The page has the last scan that was run. */
    const rest = () => page.waitForFunction(async () => window.hmi.link.scan === (await (await fetch("/api/v1/health")).json()).scan, null, { polling: 100 });

    await chip("× 1");
    assert.equal(await button("Single step").isDisabled(), true, "a step is taken from standing still");
    await button("Freeze").click();
    await chip("stands still");
    await page.waitForFunction(() => [...document.querySelectorAll("button")].some((b) => b.textContent === "Single step" && !b.disabled), null, { polling: 100 });
    await rest();
    // That it is one scan and no other is for trial_snapshot.rs to say: a page is told of
    // scans when the desk has time to.
    for (let step = 0; step < 3; step++) {
      const before = await scan();
      await button("Single step").click();
      await page.waitForFunction((n) => window.hmi.link.scan > n, before, { polling: 50 });
    }
    await chip("stands still");
    await until(page, "TIC-101.KP", 4);
    await page.getByLabel("Name", { exact: true }).fill(NAME);
    await button("Take").click();
    await row.waitFor();
    assert.equal(await page.locator("hmi-sim-page .rows b b").count(), 0, "a name is text");
    await shoot(page, "sim-snapshot");
    await axe(page, "snapshots");

    // Another story: an engineer's tuning, a sensor that fails.
    await button("Go on").click();
    await chip("× 1");
    const said = await page.evaluate(async () => (await import("/assets/core/api.js")).command("TIC-101.KP", 4.5, NaN));
    assert.equal(said.ok, true, JSON.stringify(said));
    await until(page, "TIC-101.KP", 4.5);
    await page.getByLabel("Target sensor-fail-high", { exact: true }).fill("TT-101A");
    await button("Inject sensor-fail-high").click();
    await page.locator("hmi-sim-page .rows b", { hasText: "sensor-fail-high:TT-101A" }).waitFor();

    const before = await scan();
    await button(`Put back ${NAME}`).click();
    await chip("stands still");
    await until(page, "TIC-101.KP", 4);
    await page.locator("hmi-sim-page .rows b", { hasText: "sensor-fail-high:TT-101A" }).waitFor({ state: "detached" });
    await rest();
    const back = await scan();
    assert.ok(back > before, "scans are counted on");
    assert.equal(await page.evaluate(() => window.hmi.link.stale), false);
    const state = await page.evaluate(async () => (await fetch("/api/v1/simulation")).json());
    assert.deepEqual([state.speed, state.active, state.snapshots.map((s) => [s.name, s.fits])], [0, [], [[NAME, true]]]);
    await button("Go on").click();
    await page.waitForFunction((n) => window.hmi.link.scan > n + 5, back, { polling: 100 });

    await button(`Remove ${NAME}`).click();
    await row.waitFor({ state: "detached" });
    // The index of the records follows the records.
    await page.waitForFunction(async (deeds) => {
      const { rows } = await (await fetch("/api/v1/records?class=command&limit=50")).json();
      return deeds.every((deed) => rows.some((r) => r.object === deed));
    }, ["single step", `snapshot ${NAME} taken`, `snapshot ${NAME} restored`, `snapshot ${NAME} deleted`], { polling: 200, timeout: 60_000 });
    clean(page);
    await page.context().close();
  });
});
