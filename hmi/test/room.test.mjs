// The control room at the real station: a server that is killed, two people at one
// set-point.
//
//   SCANLOOP_BIN=<target>/debug/scanloop node --test room.test.mjs

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "../web/core/cbor.js";
import { live, open, shoot } from "./browser.mjs";
import { layOut, skip, until, value } from "./station.mjs";

const PAGES = ["#/display/r101", "#/alarms", "#/lists", "#/scan", "#/sim", "#/matrix"];
/** What is old is shown as old after so long. */
const STALE_MS = 3000;
/** So many values of the page must stand still to be compared: set-points, modes, states, limits. */
const SAME_MIN = 30;

const post = (base, path, body) => fetch(`${base}api/v1/${path}`, {
  method: "POST", headers: { Origin: new URL(base).origin, "X-HMI": "1", "Content-Type": "application/json" }, body: JSON.stringify({ id: crypto.randomUUID(), ...body }),
}).then((answer) => answer.json());

/** Tags whose history is straight lines within a deviation: its last value is not the newest. */
const LINES = /^(TT-10[3-7]|TT-203|PT-10[34])\.PV$/;

/** The newest values of at most eight tags, as the HTTP interface answers them: `[name, value]`. */
async function newest(base, tags) {
  const now = Date.now();
  const query = new URLSearchParams({ tags: tags.join(","), from_ms: now - 10_000, to_ms: now + 1_000, buckets: 10 });
  const answer = await fetch(`${base}api/v1/trend?${query}`);
  assert.equal(answer.status, 200);
  const { series } = decode(await answer.arrayBuffer());
  return series.map((s) => [s.tag, s.last.findLast(Number.isFinite)]);
}

/** Waits until the page is told that it is old; when, by the clock of the machine. */
const watchStale = (page) => page.evaluate(() => {
  window.staleAt = new Promise((done) => {
    const look = () => { if (window.hmi.link.stale) done(Date.now()); };
    window.hmi.link.addEventListener("change", look);
  });
});

describe("the control room", { skip }, () => {
  test("a killed server: within 3 s every page is hatched and asks nothing; started again, pages show what the server knows", async (t) => {
    const station = layOut({ args: ["--play", "demo"] });
    t.after(station.end);
    const base = await station.start();
    const first = await open(base, { hash: PAGES[0] });
    await first.waitForSelector(".drawing svg [data-face]");
    await until(first, "TIC-101.MODE_ACT", 1);
    const pages = [first];
    for (const hash of PAGES.slice(1)) {
      const page = await first.context().newPage();
      await page.goto(base + hash);
      await live(page);
      pages.push(page);
    }
    await pages[4].waitForSelector(".sim-row");
    // Something is half entered when the server dies.
    await first.bringToFront();
    await first.focus("hmi-faceplate input");
    await first.keyboard.type("41");
    for (const page of pages) await watchStale(page);
    const asked = [];
    for (const page of pages) page.on("request", (r) => { if (r.method() === "POST") asked.push(`${r.url()} ${r.postData()}`); });

    const killed = Date.now();
    process.kill(station.pid, "SIGKILL");
    for (const [i, page] of pages.entries()) {
      const after = await page.evaluate(() => window.staleAt) - killed;
      t.diagnostic(`${PAGES[i]}: old after ${after} ms`);
      assert.ok(after <= STALE_MS, `${PAGES[i]}: ${after} ms`);
      assert.equal(await page.evaluate(() => { const n = document.querySelector("hmi-stale"); return !n.hidden && getComputedStyle(n.querySelector(".stale-sheet")).backgroundImage.includes("gradient"); }), true, "hatched");
      assert.match(await page.textContent(".stale-bar"), /Link to the server lost/);
    }
    await shoot(first, "killed");
    const enabled = (page, selector) => page.locator(selector).evaluateAll((list) => list.filter((n) => !n.disabled && n.offsetParent !== null).map((n) => n.textContent || n.getAttribute("aria-label")));
    assert.deepEqual(await enabled(first, "hmi-faceplate input, hmi-faceplate .seg[role=group] button, hmi-faceplate .steps button, hmi-interlock-panel header button, hmi-banner button"), []);
    assert.equal(await first.isVisible("hmi-faceplate .strip"), false, "what was half entered is void");
    // Guidance may be read; it asks for nothing to be done.
    assert.deepEqual(await enabled(pages[1], "hmi-alarm-page .bar button:not(.chipb)"), ["Help (H)"]);
    assert.deepEqual(await enabled(pages[3], "hmi-force-panel button, hmi-edition-panel button"), []);
    assert.deepEqual(await enabled(pages[4], "hmi-sim-page button"), []);
    // Whatever can still be pressed on any page, by mouse or by key, asks nothing of the
    // plant. That the horn be quiet may always be asked.
    for (const page of pages) {
      await page.evaluate(() => { for (const b of document.querySelectorAll("main button:enabled, hmi-banner button:enabled")) b.click(); });
      for (const key of ["Enter", "Control+k", "F12", "a", "Escape", "Escape"]) await page.keyboard.press(key);
    }
    assert.deepEqual(asked.filter((question) => !question.includes('"do":"silence"')), []);

    const starts = await Promise.all(pages.map((page) => page.evaluate(() => performance.timeOrigin)));
    assert.equal(await station.start(new URL(base).port), base);
    for (const [i, page] of pages.entries()) {
      await page.waitForFunction((was) => performance.timeOrigin !== was && window.hmi?.link && !window.hmi.link.stale && document.querySelector("hmi-stale")?.hidden, starts[i], { polling: 100 });
    }
    // Process and controller stand still, so that two looks see the same.
    assert.equal((await post(base, "simulation/act", { do: "freeze" })).ok, true);
    await first.bringToFront();
    // The releases that were due come first, and their pictures.
    await first.waitForFunction(() => {
      const { scan } = window.hmi.link, at = performance.now();
      if (window.seen?.scan !== scan) window.seen = { scan, at };
      return at - window.seen.at > 3000;
    }, null, { polling: 200 });
    // What was pressed led elsewhere.
    await first.evaluate((hash) => { location.hash = hash; }, PAGES[0]);
    await first.waitForFunction(() => document.querySelectorAll(".drawing .value").length >= 20 && ![...document.querySelectorAll(".drawing .value")].some((v) => v.textContent.startsWith("—")));
    const tags = (await first.evaluate(() => window.hmi.store.wanted())).filter((name) => !LINES.test(name)).slice(0, 80);
    const look = () => first.evaluate((names) => names.map((n) => window.hmi.store.read(n).value), tags);
    let same = 0;
    // What did not change while the server was asked is what it answered; the rest is asked again.
    for (let round = 0; round < 10 && same < SAME_MIN; round++) {
      const before = await look();
      // The page has the last scan before all stood still.
      await first.waitForFunction(async () => window.hmi.link.scan >= (await (await fetch("/api/v1/health")).json()).scan, null, { polling: 100 });
      const known = new Map();
      for (let i = 0; i < tags.length; i += 8) for (const [name, last] of await newest(base, tags.slice(i, i + 8))) known.set(name, last);
      const after = await look();
      same = 0;
      for (const [i, name] of tags.entries()) {
        if (!Object.is(before[i], after[i]) || !Number.isFinite(known.get(name))) continue;
        assert.equal(after[i], known.get(name), name);
        same++;
      }
    }
    const [[, sp]] = await newest(base, ["TIC-101.SP"]);
    assert.equal(await first.locator("hmi-faceplate dd.sp span").first().textContent(), sp.toFixed(1), "and the text is that of the value");
    t.diagnostic(`${same} of ${tags.length} values are those of the server`);
    assert.ok(same >= SAME_MIN, `${same} of ${tags.length} values`);
    const alarms = await first.waitForFunction(async () => {
      const list = await (await fetch("/api/v1/alarms")).json();
      const of = (rows) => JSON.stringify(rows.map((r) => [r.alarm, r.state]).sort());
      return of(list.rows) === of([...window.hmi.alarms.rows.values()]) && list.rows.length;
    }, null, { polling: 500 });
    assert.ok(await alarms.jsonValue() > 0, "alarms stand after a start");
    await shoot(first, "started-again");
    assert.deepEqual(first.foreign, []);
    await first.context().close();
  });

  test("two people at one set-point: the second, who saw the old value, is refused, told why and shown the new one", async (t) => {
    const station = layOut({ args: ["--play", "none"] });
    t.after(station.end);
    const base = await station.start();
    const [one, two] = [await open(base, { hash: "#/display/r101/PIC-101" }), await open(base, { hash: "#/display/r101/PIC-101" })];
    for (const page of [one, two]) await page.waitForSelector("hmi-faceplate h2:text-is('PIC-101')");
    await one.locator("hmi-faceplate .seg[role=group]").getByRole("button", { name: "AUTO", exact: true }).click();
    await one.getByRole("button", { name: /^Apply/ }).click();
    for (const page of [one, two]) {
      await until(page, "PIC-101.MODE_ACT", 1);
      await page.waitForSelector("hmi-faceplate label:has-text('New SP')");
    }
    const old = await value(one, "PIC-101.SP");
    const answers = [];
    for (const [i, page] of [one, two].entries()) page.on("response", async (r) => { if (r.url().endsWith("/cmd")) answers.push([i, r.status(), (await r.json()).code]); });
    // Both begin to type at what both see.
    const field = (page) => page.locator("hmi-faceplate .entry input");
    await field(one).fill((old + 1).toFixed(1));
    await field(two).fill((old + 2).toFixed(1));
    await field(one).press("Enter");
    for (const page of [one, two]) await until(page, "PIC-101.SP", old + 1);
    // The strip still says from what the second person decided.
    assert.match(await two.textContent("hmi-faceplate .strip"), new RegExp(`from ${old.toFixed(1)} to`));
    await field(two).press("Enter");
    await two.waitForSelector(".toast.refused");
    assert.match(await two.textContent(".toast.refused"), new RegExp(`changed to ${(old + 1).toFixed(1)}`));
    // The page has read the answer before this test has.
    for (let i = 0; i < 600 && answers.length < 2; i++) await new Promise((done) => setTimeout(done, 50));
    assert.deepEqual(answers, [[0, 200, undefined], [1, 409, "value_changed"]]);
    assert.equal(await two.locator("hmi-faceplate dd.sp span").first().textContent(), (old + 1).toFixed(1), "the new value is shown");
    assert.equal(await value(one, "PIC-101.SP"), old + 1);
    await shoot(two, "two-people");
    // Looked at again, it is the second person's to change.
    await field(two).fill((old + 2).toFixed(1));
    await field(two).press("Enter");
    for (const page of [one, two]) await until(page, "PIC-101.SP", old + 2);
    await one.context().close();
    await two.context().close();
  });

  test("a simulation that runs faster than real time takes what a person enters", async (t) => {
    const station = layOut({ args: ["--play", "none", "--speed", "3"] });
    t.after(station.end);
    const page = await open(await station.start(), { hash: "#/display/r101" });
    await until(page, "TIC-101.MODE_ACT", 0);
    const old = await value(page, "TIC-101.OUT");
    // Far enough from the start that its clock is not the machine's.
    await page.waitForFunction(() => window.hmi.link.nowMs() > Date.now() + 8_000, null, { polling: 100 });
    await page.waitForSelector("hmi-faceplate label:has-text('New OP')");
    await page.locator("hmi-faceplate .entry input").fill((old + 1).toFixed(1));
    await page.locator("hmi-faceplate .entry input").press("Enter");
    await page.waitForFunction((was) => window.hmi.store.read("TIC-101.OUT").value > was + 0.5, old, { polling: 100 });
    assert.equal(await page.locator(".toast.refused").count(), 0);
    await page.context().close();
  });
});
