// Browser tests of trends, the sequence of events and records of trips, against the
// make-believe reactor (HMI_FAKE, see hmi.test.mjs).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { address, axe, clean, open, shoot } from "./browser.mjs";

const FAKE = process.env.HMI_FAKE ?? "../../target/debug/examples/fake";

async function serve(t) {
  const child = spawn(FAKE, ["0"], { stdio: ["ignore", "pipe", "inherit"] });
  const base = await address(child);
  const ended = new Promise((resolve) => child.on("exit", resolve));
  t.after(() => { child.kill("SIGINT"); return ended; });
  return base;
}

/** The agitator stops, and its group trips. */
async function trip(page) {
  const said = await page.evaluate(async () => (await import("/assets/core/api.js")).command("M-101.START", 0, NaN));
  assert.equal(said.ok, true);
  await page.waitForFunction(() => window.hmi.store.events.some((e) => e.kind === "trip"));
}

const go = (page, hash) => page.evaluate((to) => { location.hash = to; }, hash);

/** What a button saves, as lines. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return { name: download.suggestedFilename(), lines: readFileSync(await download.path(), "utf8").replace("\ufeff", "").split("\r\n") };
}

test("the sequence of events tells every edge to the millisecond, is filtered and exported", async (t) => {
  const page = await open(await serve(t), { hash: "#/display/r101" });
  await trip(page);
  await go(page, "#/events/sequence");
  const row = page.locator("hmi-sequence tbody tr", { hasText: "RG-1.TRIPPED" });
  await row.waitFor();
  assert.match(await row.locator("td").nth(1).textContent(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
  assert.equal(await row.locator("td").nth(7).textContent(), "yes");
  // Edges of one scan have no order in time, and that is said.
  assert.ok(await page.locator("hmi-sequence td.same[title]").count() > 0);
  await shoot(page, "sequence");
  await axe(page, "sequence");
  await page.getByLabel("Kind").selectOption("INTERLOCK");
  await page.waitForFunction(() => [...document.querySelectorAll("hmi-sequence tbody tr")].every((r) => r.children[4].textContent === "INTERLOCK"));
  const { name, lines } = await saved(page, page.getByRole("button", { name: "Export CSV" }));
  assert.match(name, /^sequence-.*\.csv$/);
  assert.match(lines[0], /^seq,time,scan,place/);
  assert.ok(lines.length > 1 && lines.slice(1).every((line) => /T\d\d:\d\d:\d\d\.\d{3}Z,/.test(line) && line.includes("INTERLOCK")));
  await page.getByLabel("Quality").selectOption("bad");
  await page.waitForSelector("hmi-sequence td:has-text('none')");
  clean(page);
});

test("a trip is listed with what was first, and its record is drawn and exported at scan rate", async (t) => {
  const page = await open(await serve(t), { hash: "#/events/trips" });
  await page.waitForSelector("hmi-trip-list td:has-text('No trip')");
  await axe(page, "no trips");
  await trip(page);
  const link = page.locator("hmi-trip-list a");
  await link.waitFor();
  assert.match(await page.textContent("hmi-trip-list tbody tr"), /R-101RG-1C06 Agitator stopped/);
  // Reached and opened by keyboard alone.
  await link.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("hmi-trip hmi-trend")?.data);
  const drawn = await page.evaluate(() => {
    const trend = document.querySelector("hmi-trip hmi-trend");
    return { pens: trend.pens, step: trend.data.step, flags: trend.flags.map((f) => f.text), inside: trend.flags[0].ms > trend.data.from && trend.flags[0].ms < trend.data.to, ink: trend.canvas.width > 500 };
  });
  assert.deepEqual({ ...drawn, pens: drawn.pens[0] }, { pens: "ST-101.PV", step: 100, flags: ["Trip"], inside: true, ink: true });
  await page.focus("hmi-trip hmi-trend");
  await page.keyboard.press("Home");
  assert.match(await page.locator("hmi-trip th").nth(7).textContent(), /^\u2212\d+\.\d{3} s$/);
  assert.doesNotMatch(await page.locator("hmi-trip tbody tr", { hasText: "ST-101.PV" }).locator("td").nth(7).textContent(), /—/);
  await shoot(page, "trip");
  await axe(page, "trip");
  const box = page.getByLabel("Show C06.TRIP");
  await box.check();
  await page.waitForFunction(() => document.querySelector("hmi-trip hmi-trend").pens.includes("C06.TRIP"));
  const { name, lines } = await saved(page, page.getByRole("button", { name: "Export CSV" }));
  assert.match(name, /^trip-RG-1-.*\.csv$/);
  assert.match(lines[0], /^time,s from trip,/);
  assert.ok(lines.some((line) => line.split(",")[1] === "0.000"), "the moment of the trip is a sample");
  // An address leads to the same record again.
  await page.reload();
  await page.waitForFunction(() => document.querySelector("hmi-trip hmi-trend")?.data);
  for (const [lang, theme] of [["zh", "night"], ["zh", "day"], ["en", "night"]]) {
    await page.evaluate(async ([l, night]) => {
      (await import("/assets/core/i18n.js")).setLanguage(l);
      (await import("/assets/core/theme.js")).setNight(night);
    }, [lang, theme === "night"]);
    await page.waitForFunction(() => document.querySelector("hmi-trip hmi-trend")?.data);
    await axe(page, `trip ${lang} ${theme}`);
    await shoot(page, `trip-${lang}-${theme}`);
    if (lang === "zh") assert.match(await page.textContent("hmi-trip-list tbody"), /搅拌停/);
  }
  clean(page);
});

test("marks, limits, an earlier range and the cursor of a trend are there for keyboard and mouse", async (t) => {
  const page = await open(await serve(t), { hash: "#/trends/r101" });
  await page.waitForFunction(() => document.querySelector("hmi-trend")?.data);
  await trip(page);
  await page.waitForFunction(() => ["alarm", "trip"].every((kind) => document.querySelector("hmi-trend").marks.some((m) => m.kind === kind)));
  const trend = page.locator("hmi-trend");
  await trend.focus();
  await page.keyboard.press("End");
  const at = await page.evaluate(() => { const x = document.querySelector("hmi-trend"); return Math.floor((x.marks[0].ms - x.data.from) / x.data.step) - x.data.count + 1; });
  for (let k = at; k < 0; k++) await page.keyboard.press("ArrowLeft");
  assert.match(await trend.getAttribute("aria-valuetext"), /^\d\d:\d\d:\d\d$/);
  await page.waitForFunction(() => /\d\d:\d\d:\d\d \S+/.test(document.querySelector(".told").textContent));
  assert.match(await page.locator(".pens th", { hasText: "Cursor" }).textContent(), /\d\d:\d\d:\d\d/);
  await shoot(page, "trend-marks");
  // Limits are those of the pen that is chosen.
  await page.getByRole("button", { name: "TT-102.PV", exact: true }).click();
  assert.equal(await page.evaluate(() => { const x = document.querySelector("hmi-trend"); return x.pens[x.limited()]; }), "TT-102.PV");
  // An hour earlier, and the values of both at the cursor.
  await page.getByLabel("Compare with").selectOption("1 h earlier");
  await page.waitForFunction(() => document.querySelector("hmi-trend").data.pens.every((p) => p.other));
  await trend.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+ArrowRight");
  await page.waitForFunction(() => [...document.querySelectorAll(".pens tbody tr")].every((r) => r.children[6].textContent !== "—"));
  const { lines } = await saved(page, page.getByRole("button", { name: "Export CSV" }));
  assert.match(lines[0], /TT-101\.PV earlier/);
  // Any earlier range: it began at a time that a person says.
  await page.getByLabel("Compare with").selectOption("from a time ...");
  const from = await page.evaluate(() => { const d = new Date(document.querySelector("hmi-trend").data.from - 1800000), two = (n) => String(n).padStart(2, "0"); return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`; });
  await page.getByLabel("Earlier range from").fill(from);
  await page.waitForFunction(() => Math.abs(document.querySelector("hmi-trend").compareMs - 1800000) < 120000);
  await axe(page, "trend compared");
  await shoot(page, "trend-compared");
  const minutes = () => page.evaluate(() => document.querySelector("hmi-trend").minutes);
  await trend.focus();
  await page.keyboard.press("+");
  assert.equal(await minutes(), 5);
  await page.keyboard.press("-");
  assert.equal(await minutes(), 10);
  clean(page);
});

test("bad quality is a gap of a trend, never a line", async (t) => {
  const page = await open(await serve(t), { hash: "#/trends/TT-101.PV" });
  await page.waitForFunction(() => document.querySelector("hmi-trend")?.data);
  const values = await page.evaluate(() => document.querySelector("hmi-trend").line({ last: [1, 2, NaN, 4, NaN, 6], min: [1, 2, NaN, 4, NaN, 6], max: [1, 2, NaN, 4, NaN, 6], mark: [0, 0, 2, 0, 3, 0] }, 0, 1, 6, Infinity).values);
  assert.deepEqual(values, [1, 2, null, 4, 4, 6]);
  clean(page);
});
