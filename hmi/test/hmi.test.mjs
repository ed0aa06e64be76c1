// Browser tests of the operator interface against the make-believe reactor.
//
//   cargo build -p scanloop-hmi --example fake
//   HMI_FAKE=<target>/debug/examples/fake npm test
//
// HMI_CHROMIUM: the browser (default /usr/bin/chromium). HMI_SHOTS: folder for pictures.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { address, axe, clean, open, shoot } from "./browser.mjs";

const R101 = { hash: "#/display/r101" };
const FAKE = process.env.HMI_FAKE ?? "../../target/debug/examples/fake";

/** Starts a make-believe reactor of its own; resolves with its address and a way to end it. */
async function serve(port = 0) {
  const child = spawn(FAKE, [String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  const base = await address(child);
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return { base, end: () => { child.kill("SIGINT"); return ended; } };
}

test("every page is drawn without errors, foreign requests or accessibility violations, in both themes and languages", async (t) => {
  const server = await serve();
  t.after(server.end);
  const pages = [["overview", "#/display/overview", ".madis b"], ["r101", "#/display/r101", ".drawing svg [data-face]"], ["r102", "#/display/r102", ".drawing svg [data-face]"], ["transfer", "#/display/u100", ".drawing svg [data-face]"], ["jacket", "#/display/jacket-102", ".drawing svg [data-face]"],
    ["alarms", "#/alarms", ".alarms tbody tr"], ["trends", "#/trends/r101", ".pens td.live"], ["matrix", "#/matrix", ".ce tbody tr"], ["lists", "#/lists", "hmi-permit-panel .need"], ["plant", "#/plant", ".tree summary"],
    ["unit", "#/unit/R-101", ".unit-grid .val"], ["scan", "#/scan", ".histo rect"], ["events", "#/events", "tbody tr"], ["sequence", "#/events/sequence", "hmi-sequence tbody tr"], ["trips", "#/events/trips", "hmi-trip-list tbody tr"], ["audit", "#/events/audit", "hmi-records"]];
  for (const [lang, theme] of [["en", "day"], ["zh", "night"], ["en", "night"], ["zh", "day"]]) {
    const page = await open(server.base, { lang, theme, hash: pages[0][1] });
    for (const [name, hash, ready] of pages) {
      await page.evaluate((h) => { location.hash = h; }, hash);
      await page.waitForSelector(ready);
      await shoot(page, `${name}-${lang}-${theme}`);
      await axe(page, `${name} ${lang} ${theme}`);
      clean(page);
    }
    await page.context().close();
  }
});

test("the simulation is named on every page and the statement of no SIL is in the about dialog", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { lang: "en", ...R101 });
  for (const hash of ["#/display/r101", "#/trends", "#/scan", "#/events"]) {
    await page.evaluate((h) => { location.hash = h; }, hash);
    await page.waitForSelector(".watermark text");
    assert.equal(await page.textContent(".sim-flag"), "SIMULATION");
  }
  await page.getByRole("button", { name: "About" }).click();
  assert.match(await page.textContent("dialog"), /no SIL/);
  const statement = readFileSync(new URL("../../README.md", import.meta.url), "utf8").match(/^> (This software has not been .*)$/m)[1];
  assert.equal(await page.textContent("dialog .notice"), statement, "as in README.md, word for word");
  await shoot(page, "about");
  await axe(page, "about");
  await page.keyboard.press("Escape");
  clean(page);
});

test("every text of the interface has a Chinese form", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { lang: "zh", ...R101 });
  await page.waitForSelector(".drawing svg [data-face]");
  for (const [hash, ready] of [["#/display/overview", ".madis b"], ["#/display/u100", ".drawing svg [data-face]"], ["#/alarms", ".alarms tbody tr"], ["#/trends", ".pens td.live"], ["#/matrix", ".ce tbody tr"], ["#/lists", ".need"], ["#/plant", ".tree summary"], ["#/scan", ".histo rect"], ["#/events", "tbody tr"], ["#/events/sequence", "hmi-sequence tbody tr"], ["#/events/trips", "hmi-trip-list tbody tr"], ["#/display/r101", ".drawing svg [data-face]"]]) {
    await page.evaluate((h) => { location.hash = h; }, hash);
    await page.waitForSelector(ready);
    const english = await page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) {
        const node = walker.currentNode;
        // Option lists repeat the plant's own words; names, units and figures are the same everywhere.
        if (node.parentElement.closest("datalist, script, style, [lang=en]")) continue;
        const words = node.data.match(/[A-Za-z]{4,}/g) || [];
        // Kinds of block are words of the plant text: AOUT, CAUSE, PID.
        for (const word of words) if (!/^[A-Z]+$/.test(word) && !["Scanloop", "operator", "Enter", "TUNE", "modbus", "fast", "scan", "wake", "read", "update", "write", "publish", "START", "DOSE"].includes(word)) found.push(`${word} in «${node.data}»`);
      }
      return found;
    });
    assert.deepEqual(english, [], hash);
  }
  clean(page);
});

test("a setpoint is entered in two steps by keyboard alone and follows from the server", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, R101);
  await page.waitForSelector("hmi-faceplate input");
  const sp = () => page.evaluate(() => window.hmi.store.read("TIC-101.SP").value);
  await page.waitForFunction(() => Number.isFinite(window.hmi.store.read("TIC-101.SP").value));
  assert.equal(await sp(), 40);
  await page.focus("hmi-faceplate input");
  await page.keyboard.type("43.5");
  assert.match(await page.textContent("hmi-faceplate .strip"), /from 40\.0 to 43\.5 °C/);
  await shoot(page, "entry");
  await page.keyboard.press("Escape");
  assert.equal(await page.isVisible("hmi-faceplate .strip"), false);
  await page.keyboard.type("43.5");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => window.hmi.store.read("TIC-101.SP").value === 43.5);
  assert.match(await page.textContent(".toast"), /Accepted/);
  // Out of range and too large a step never leave the window.
  for (const [typed, words] of [["75", /Out of range/], ["58", /Step too large/], ["4x", /Not a number/]]) {
    await page.fill("hmi-faceplate input", typed);
    assert.match(await page.textContent("hmi-faceplate .hint"), words);
    await page.keyboard.press("Enter");
  }
  assert.equal(await sp(), 43.5);
  await page.waitForFunction(() => document.querySelector("hmi-faceplate ul").textContent.includes("43.5"));
  clean(page);
});

test("the first reading of the mode leaves the field a person already types into", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, R101);
  await page.waitForSelector("hmi-faceplate input");
  const kept = await page.evaluate(() => {
    const { store } = window.hmi;
    const handle = store.tag("TIC-101.MODE_ACT").handle;
    const mode = store.read("TIC-101.MODE_ACT").value;
    const old = document.querySelector("hmi-faceplate");
    const part = document.createElement("hmi-faceplate");
    part.name = old.name;
    part.close = old.close;
    store.forget("TIC-101.MODE_ACT");
    old.replaceWith(part);
    const before = part.querySelector("input");
    store.apply([handle], [mode], [0]);
    store.flush();
    return before.isConnected && before === part.querySelector("input");
  });
  assert.equal(kept, true);
  clean(page);
});

test("manual mode opens the output and closes the setpoint", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, R101);
  await page.getByRole("button", { name: "MAN", exact: true }).click();
  await page.getByRole("button", { name: /^Apply/ }).click();
  await page.waitForSelector("hmi-faceplate label:has-text('New OP')");
  await page.waitForFunction(() => window.hmi.store.read("TIC-101.MODE_ACT").value === 0);
  await page.fill("hmi-faceplate input", "60");
  await page.press("hmi-faceplate input", "Enter");
  await page.waitForFunction(() => window.hmi.store.read("TIC-101.OUT").value === 60);
  await page.waitForFunction(() => document.querySelector(".drawing [data-face='TIC-101'] .limbox"));
  await shoot(page, "manual");
  clean(page);
});

test("a stopped agitator trips, the first-out is marked, and reset works only when the cause is gone", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, R101);
  await page.waitForSelector(".drawing svg [data-face='M-101']");
  await page.focus(".drawing [data-face='M-101']");
  await page.keyboard.press("Enter");
  const press = async (name) => {
    await page.locator("hmi-faceplate .seg").getByRole("button", { name, exact: true }).click();
    await page.getByRole("button", { name: /^Apply/ }).click();
  };
  await press("stop");
  await page.waitForSelector(".trips:visible");
  // The group and what was first are two tags: the second may be drawn a frame later.
  await page.waitForFunction(() => /C06/.test(document.querySelector(".trips").textContent) && document.querySelector(".cause .first")?.textContent === "1st");
  await page.waitForFunction(() => window.hmi.store.read("XV-101A.STATE").value === 0);
  await shoot(page, "tripped");
  await axe(page, "tripped");
  const reset = async () => {
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await page.locator("hmi-interlock-panel").getByRole("button", { name: /^Apply/ }).click();
  };
  await reset();
  await page.waitForFunction(() => window.hmi.store.events.some((e) => /not reset/.test(e.en)));
  assert.equal(await page.evaluate(() => window.hmi.store.read("RG-1.TRIPPED").value), 1);
  await press("start");
  await page.waitForFunction(() => window.hmi.store.read("C06.TRIP").value === 0);
  await reset();
  await page.waitForFunction(() => window.hmi.store.read("RG-1.TRIPPED").value === 0);
  await page.waitForSelector(".trips", { state: "hidden" });
  clean(page);
});

test("when the server is gone the page is hatched and no command can be given; when it is back all is live again", async (t) => {
  const server = await serve();
  const page = await open(server.base, R101);
  await page.focus("hmi-faceplate input");
  await page.keyboard.type("41");
  const port = new URL(server.base).port;
  await server.end();
  await page.waitForSelector(".stale-bar:visible");
  assert.match(await page.textContent(".stale-bar"), /Link to the server lost/);
  await shoot(page, "stale");
  assert.equal(await page.locator("hmi-faceplate input").isDisabled(), true);
  assert.equal(await page.isVisible("hmi-faceplate .strip"), false);
  assert.equal(await page.locator("hmi-faceplate .seg[role=group] button:enabled").count(), 0);
  const before = await page.evaluate(() => performance.timeOrigin);
  const again = await serve(port);
  t.after(again.end);
  // A runtime that was started anew has a new epoch: the page begins again by itself.
  await page.waitForFunction((o) => performance.timeOrigin !== o && window.hmi && !window.hmi.link.stale, before);
  await page.waitForFunction(() => document.querySelector("hmi-faceplate input:enabled"));
  assert.equal(await page.locator("hmi-faceplate input").isDisabled(), false);
  assert.deepEqual(page.foreign, []);
});

test("a tag that does not exist is marked and nothing breaks", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/trends/TT-101.PV,NO-SUCH.PV" });
  await page.waitForSelector("td:has-text('no tag')");
  await page.evaluate(() => { location.hash = "#/display/r101"; });
  await page.waitForSelector(".drawing svg [data-face]");
  await page.evaluate(() => document.querySelector("hmi-display").showFace("NO-SUCH", true));
  assert.match(await page.textContent("hmi-faceplate"), /no tag/);
  clean(page);
});

test("arrow keys walk over the drawing, slash finds a tag, language and theme switch at run time", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, R101);
  await page.waitForSelector(".drawing svg [data-face]");
  await page.focus(".drawing [data-face='XV-101A']");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.face), "XV-101B");
  await page.keyboard.press("/");
  await page.keyboard.type("tic-102 jacket");
  await page.keyboard.press("Enter");
  await page.waitForSelector("hmi-faceplate h2:has-text('TIC-102')");
  await page.keyboard.press("Escape");
  await page.waitForSelector("hmi-loops");
  await page.getByRole("button", { name: "中文" }).click();
  await page.waitForSelector("hmi-nav:has-text('趋势')");
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await page.getByRole("button", { name: "日间 → 夜间" }).click();
  assert.equal(await page.getAttribute("html", "data-theme"), "night");
  await page.keyboard.press("F9");
  await page.waitForSelector("hmi-trend-page");
  clean(page);
});

test("the smallest supported screen shows the whole frame without a sideways scroll bar", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { width: 1366, height: 768, ...R101 });
  await page.waitForSelector(".drawing svg [data-face]");
  await shoot(page, "small");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  clean(page);
});

test("a forced value is announced and marked, and a refused force stays to be read", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/scan", lang: "zh" });
  const panel = page.locator("hmi-force-panel");
  const ask = async (tag, value) => {
    await panel.locator("input").nth(0).fill(tag);
    await panel.locator("input").nth(1).fill(value);
    await panel.locator(".form button").click();
    await page.fill("dialog textarea", "回路检查");
    await page.locator("dialog button.primary").click();
  };
  assert.equal(await page.isVisible("hmi-forced"), false);
  await ask("M-101.STATE", "故障");
  await page.waitForSelector("hmi-forced:visible");
  assert.match(await page.textContent("hmi-force-panel tbody"), /故障/);
  await axe(page, "forced");
  await ask("RG-1.TRIPPED", "0");
  await page.waitForSelector("dialog .refusal:visible");
  assert.match(await page.textContent("dialog .refusal"), /保护/);
  assert.deepEqual(page.foreign, []);
});
