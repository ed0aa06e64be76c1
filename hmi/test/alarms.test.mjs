// Browser tests of alarms, and of what must hold under load, against the make-believe
// plant. Environment as in hmi.test.mjs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { address, axe, clean, live, open, shoot } from "./browser.mjs";

const FAKE = process.env.HMI_FAKE ?? "../../target/debug/examples/fake";
const DISPLAYS = resolve(import.meta.dirname, "../../plants/synthesis/displays");

async function serve({ flood = 0, displays = DISPLAYS } = {}) {
  const child = spawn(FAKE, ["0", displays], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...(flood ? { FAKE_FLOOD: String(flood) } : {}) } });
  const base = await address(child);
  const ended = new Promise((done) => child.on("exit", done));
  return { base, end: () => { child.kill("SIGINT"); return ended; } };
}

const rowsOf = (page) => page.evaluate(() => [...window.hmi.alarms.rows.values()].map((r) => [r.alarm, r.state]));
const stateOf = (page, name) => page.evaluate((n) => window.hmi.alarms.rows.get(n)?.state, name);
/** Makes TT-101 alarm: the make-believe temperature is held at 47 °C. */
async function hot(page) {
  await page.evaluate(async () => {
    const { force } = await import("/assets/core/api.js");
    await force("TT-101.PV", 47, "test");
  });
  // By a timer and not by frames: a window behind others draws none.
  await page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.H")?.state === "unacknowledged", null, { polling: 100 });
}

test("an alarm comes to the banner and the list, is acknowledged by key, and its guidance is read", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/alarms" });
  await hot(page);
  await page.waitForFunction(() => /TT-101\.H/.test(document.querySelector("hmi-banner .newest")?.textContent));
  await page.locator(".alarms tbody tr", { hasText: "TT-101.H" }).click();
  await page.waitForSelector(".help h3");
  assert.match(await page.textContent(".help"), /Operator action/);
  assert.equal(await page.locator(".alarms tr[aria-selected=true]").count(), 1);
  await shoot(page, "alarms-guidance");
  await axe(page, "alarms");
  await page.keyboard.press("a");
  await page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.H")?.state === "acknowledged");
  assert.match(await page.textContent(".toast"), /Accepted/);
  // On the drawing the badge stands beside the measurement.
  await page.evaluate(() => { location.hash = "#/display/r101"; });
  await page.waitForSelector(".drawing [data-face='TIC-101'] .badge.p2");
  clean(page);
});

test("an alarm whose class demands a comment asks for it, and a raise that nobody saw is not acknowledged", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/alarms" });
  const cold = async (value) => {
    await page.evaluate(async (v) => {
      const { force } = await import("/assets/core/api.js");
      await force("TT-101.PV", v, "test");
    }, value);
  };
  const comes = () => page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.L")?.state === "unacknowledged", null, { polling: 100 });
  const explain = async (ask) => {
    await ask();
    const confirm = page.locator("dialog button.primary");
    await confirm.waitFor();
    assert.equal(await confirm.isDisabled(), true, "no deed without a comment");
    assert.equal(await stateOf(page, "TT-101.L"), "unacknowledged");
    await page.fill("dialog textarea", "charge is cold");
    await confirm.click();
    await page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.L")?.state === "acknowledged");
    await page.waitForSelector("dialog", { state: "detached" });
  };
  const again = async () => { await cold(40); await page.waitForFunction(() => !window.hmi.alarms.rows.has("TT-101.L")); await cold(33); await comes(); };
  await cold(33);
  await comes();
  await explain(async () => {
    await page.locator(".alarms tbody tr", { hasText: "TT-101.L" }).click();
    await page.keyboard.press("a");
  });
  await again();
  // A raise that nobody saw is not acknowledged: the page asks with the one that it showed.
  const old = await page.evaluate(() => ({ ...window.hmi.alarms.rows.get("TT-101.L") }));
  await cold(40);
  await page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.L")?.state === "returned_unacknowledged");
  await cold(33);
  await comes();
  await page.evaluate(async (row) => (await import("/assets/ui/dialogs.js")).acknowledge([row]), old);
  await page.fill("dialog textarea", "unseen");
  await page.locator("dialog button.primary").click();
  await page.waitForSelector("dialog .refusal:visible");
  assert.match(await page.textContent("dialog .refusal"), /come anew/);
  assert.equal(await stateOf(page, "TT-101.L"), "unacknowledged");
  assert.deepEqual(page.foreign, []);
});

test("Ctrl+K acknowledges what the banner shows, on every page", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/matrix" });
  await hot(page);
  await page.waitForSelector("hmi-banner .newest b");
  const first = await page.textContent("hmi-banner .newest b");
  await page.keyboard.press("Control+k");
  await page.waitForFunction((n) => document.querySelector("hmi-banner .newest b")?.textContent !== n, first);
  clean(page);
});

test("shelving needs a reason and a time, is listed, and is taken back", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/alarms", lang: "zh" });
  await hot(page);
  await page.locator(".alarms tbody tr", { hasText: "TT-101.H" }).click();
  await page.keyboard.press("s");
  const confirm = page.locator("dialog button.primary");
  assert.equal(await confirm.isDisabled(), true, "no deed without a reason");
  await page.getByRole("button", { name: "1 h", exact: true }).click();
  await axe(page, "shelve");
  await page.fill("dialog textarea", "仪表检修");
  await confirm.click();
  await page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.H")?.state === "shelved");
  await page.locator("hmi-alarm-page [role=tab]").nth(2).click();
  const row = page.locator(".alarms tbody tr", { hasText: "TT-101.H" });
  assert.match(await row.textContent(), /仪表检修/);
  await row.click();
  await page.getByRole("button", { name: "恢复", exact: true }).click();
  await page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.H")?.state !== "shelved");
  await page.locator("hmi-alarm-page [role=tab]").nth(5).click();
  await page.waitForFunction(() => /TT-101\.H/.test(document.querySelector("hmi-records tbody")?.textContent));
  await page.waitForFunction(() => /每天报警数 96\.0 \/ 144/.test(document.querySelector("hmi-alarm-page .past").textContent));
  await axe(page, "history of alarms");
  clean(page);
});

test("two thousand alarms with hostile texts: the list stays small in elements, runs no script, and a page is acknowledged, not all", async (t) => {
  const server = await serve({ flood: 2000 });
  t.after(server.end);
  const page = await open(server.base, { hash: "#/alarms" });
  await page.waitForFunction(() => window.hmi.alarms.rows.size >= 2000 && document.querySelectorAll(".alarms tbody tr[aria-selected]").length > 10);
  assert.ok(await page.locator(".alarms tbody tr").count() < 80);
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.match(await page.textContent(".alarms tbody"), /<img src=x/);
  assert.notEqual(await page.title(), "owned");
  await page.waitForSelector("hmi-alarm-page .title .chip.first:visible");
  // Each of P1 has its row, the others one a unit with their numbers; choosing it lists them.
  const listed = await page.evaluate(() => document.querySelector("hmi-alarm-page").shown.map((r) => [r.priority, r.unit, r.of]));
  assert.equal(listed.filter(([p]) => p === 1).length, await page.evaluate(() => [...window.hmi.alarms.rows.values()].filter((r) => r.priority === 1).length));
  const groups = listed.filter(([p]) => p > 1);
  assert.equal(new Set(groups.map(([, unit]) => unit)).size, groups.length);
  const u3 = await page.evaluate(() => [2, 3, 4].map((p) => `P${p} × ${[...window.hmi.alarms.rows.values()].filter((r) => r.unit === "U3" && r.priority === p).length}`).join(" "));
  assert.equal(groups.find(([, unit]) => unit === "U3")[2], u3);
  await page.focus(".view");
  await page.keyboard.press("End");
  await page.locator(".alarms tbody tr", { hasText: "U3" }).locator("button.chipb").click();
  await page.waitForFunction(() => document.querySelector("hmi-alarm-page").shown.every((r) => r.unit === "U3" && !r.of));
  await page.getByLabel("Unit", { exact: true }).selectOption("");
  await page.keyboard.press("Home");
  await shoot(page, "flood");
  await axe(page, "flood");
  await page.focus(".view");
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelector(".alarms tr[aria-selected=true]")?.getAttribute("aria-rowindex") === document.querySelector(".alarms").getAttribute("aria-rowcount"));
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector(".alarms tr[aria-selected=true]")?.getAttribute("aria-rowindex") === "1");
  const before = await page.evaluate(() => window.hmi.alarms.counts.priority.reduce((a, c) => a + c.unacknowledged, 0));
  await page.getByRole("button", { name: "Acknowledge page" }).click();
  await page.waitForFunction((n) => window.hmi.alarms.counts.priority.reduce((a, c) => a + c.unacknowledged, 0) < n, before);
  const after = await page.evaluate(() => window.hmi.alarms.counts.priority.reduce((a, c) => a + c.unacknowledged, 0));
  assert.ok(before - after >= 10 && before - after <= 40, `${before - after} rows fit on a page`);
  // Those that need a comment are left, and named.
  assert.match(await page.textContent(".toast.refused"), /XA-0010\.STATE.*needs a comment/);
  assert.equal(await stateOf(page, "XA-0010.STATE"), "unacknowledged");
  assert.equal(await stateOf(page, "XA-0000.STATE"), "acknowledged");
  // The freeze keeps the rows where they are.
  await page.getByRole("button", { name: /^Freeze list/ }).click();
  const frozen = await page.evaluate(() => document.querySelector("hmi-alarm-page").shown.map((r) => r.alarm).join());
  await hot(page);
  await page.waitForFunction(() => /\+\d/.test([...document.querySelectorAll("hmi-alarm-page button")].find((b) => b.textContent.startsWith("Freeze list")).textContent));
  assert.equal(await page.evaluate(() => document.querySelector("hmi-alarm-page").shown.map((r) => r.alarm).join()), frozen);
  assert.deepEqual(page.foreign, []);
  clean(page);
});

test("the horn sounds until it is silenced or acknowledged, also in a hidden window, each priority with its own pattern", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/matrix" });
  await page.waitForFunction(() => window.hmi.alarms.counts.horn !== null);
  await page.waitForSelector("hmi-banner .chip:has-text('HORN OFF'):visible");
  await page.mouse.click(900, 700);
  await page.waitForFunction(() => window.hmi.horn.sounding !== null);
  await page.waitForSelector("hmi-banner .chip:has-text('HORN OFF')", { state: "hidden" });
  await page.keyboard.press("F12");
  await page.waitForFunction(() => window.hmi.horn.sounding === null);
  assert.ok((await rowsOf(page)).some(([, state]) => state === "unacknowledged"), "silence acknowledges nothing");
  // Another window in front: this one is hidden, its timers and frames may sleep.
  await page.evaluate(() => { Object.defineProperty(document, "hidden", { get: () => true }); document.dispatchEvent(new Event("visibilitychange")); window.requestAnimationFrame = () => 0; });
  await hot(page);
  await page.waitForFunction(() => window.hmi.horn.sounding === 2, null, { polling: 100 });
  const lengths = await page.evaluate(() => [1, 2, 3, 4].map((p) => { const s = window.hmi.horn.play(p); s.stop(); return s.buffer.duration; }));
  assert.equal(new Set(lengths).size, 4);
  clean(page);
});

test("after the link was lost the picture is the server's, whole", async (t) => {
  const server = await serve();
  t.after(server.end);
  const page = await open(server.base, { hash: "#/display/r101" });
  await page.waitForSelector(".drawing svg [data-face]");
  await hot(page);
  await page.evaluate(() => { window.hmi.alarms.rows.set("GHOST.H", { ...window.hmi.alarms.rows.get("TT-101.H"), alarm: "GHOST.H" }); window.hmi.link.socket.close(); });
  await page.waitForFunction(() => !window.hmi.alarms.rows.has("GHOST.H") && window.hmi.link.socket?.readyState === 1);
  await live(page);
  // An alarm that comes between the two looks is in both at the next.
  await page.waitForFunction(async () => {
    const list = await (await fetch("/api/v1/alarms")).json();
    return JSON.stringify(list.rows.map((r) => r.alarm).sort()) === JSON.stringify([...window.hmi.alarms.rows.keys()].sort());
  }, null, { polling: 200 });
  clean(page);
});

test("eight windows are live at the same time and see the same", async (t) => {
  const server = await serve();
  t.after(server.end);
  const first = await open(server.base, { hash: "#/display/overview" });
  const pages = [first];
  for (const id of ["r101", "r102", "u100", "jacket-101", "jacket-102", "overview", "r101"]) {
    const page = await first.context().newPage();
    await page.goto(`${server.base}#/display/${id}`);
    await live(page);
    pages.push(page);
  }
  await hot(first);
  for (const page of pages) {
    await page.waitForFunction(() => window.hmi.alarms.rows.get("TT-101.H") && !window.hmi.link.stale, null, { polling: 100 });
    assert.equal(await stateOf(page, "TT-101.H"), "unacknowledged");
  }
  clean(first);
});

test("grey is normal: without alarms less than one pixel in a hundred of the overview is coloured", async (t) => {
  const server = await serve();
  t.after(server.end);
  for (const theme of ["day", "night"]) {
    const page = await open(server.base, { hash: "#/display/overview", theme });
    await page.waitForSelector(".madis b");
    await page.evaluate(async () => { const { alarms } = window.hmi; await alarms.act("acknowledge", [...alarms.rows.keys()], { reason: "trial" }); });
    // The answer may overtake the list; and what has come is drawn with the next frames.
    await page.waitForFunction(() => [...window.hmi.alarms.rows.values()].every((r) => r.state !== "unacknowledged"), null, { polling: 100 });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const png = (await page.screenshot()).toString("base64");
    const part = await page.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      const c = canvas.getContext("2d");
      c.drawImage(image, 0, 0);
      const { data: px } = c.getImageData(0, 0, image.width, image.height);
      let coloured = 0;
      for (let i = 0; i < px.length; i += 4) {
        const high = Math.max(px[i], px[i + 1], px[i + 2]), low = Math.min(px[i], px[i + 1], px[i + 2]);
        // Saturation of HSV above one half, on what is bright enough to see it.
        if (high > 60 && (high - low) / high > 0.5) coloured++;
      }
      return coloured / (px.length / 4);
    }, png);
    t.diagnostic(`${theme}: ${(100 * part).toFixed(2)} % coloured`);
    assert.ok(part < 0.01, `${theme}: ${part}`);
    await page.context().close();
  }
});

test("a display is drawn anew when its file changes, and a broken file leaves what is shown", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "displays-"));
  cpSync(DISPLAYS, folder, { recursive: true });
  const server = await serve({ displays: folder });
  t.after(async () => { await server.end(); rmSync(folder, { recursive: true, force: true }); });
  const page = await open(server.base, { hash: "#/display/r101" });
  await page.waitForSelector(".drawing svg [data-face]");
  const file = join(folder, "r101.svg"), good = readFileSync(file, "utf8");
  writeFileSync(file, good.replace("3 m³ glass-lined\" data-zh", "3 m³ glass-lined, new\" data-zh"));
  await page.waitForFunction(() => /glass-lined, new/.test(document.querySelector(".drawing")?.textContent));
  writeFileSync(file, good.slice(0, 400));
  await page.waitForFunction(async () => (await (await fetch("/api/v1/displays")).json()).problem !== "");
  await page.evaluate(() => { location.hash = "#/display/r102"; });
  await page.evaluate(() => { location.hash = "#/display/r101"; });
  await page.waitForFunction(() => /glass-lined, new/.test(document.querySelector(".drawing")?.textContent));
  clean(page);
});

test("a plant without displays is operable: overview and unit pages are made of its blocks", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "displays-"));
  const server = await serve({ displays: folder });
  t.after(async () => { await server.end(); rmSync(folder, { recursive: true, force: true }); });
  const page = await open(server.base);
  await page.waitForSelector(".madis b");
  await axe(page, "generated overview");
  await page.locator(".card h2 button").first().click();
  await page.waitForSelector(".unit-grid .val");
  await shoot(page, "generated-unit");
  await axe(page, "generated unit");
  clean(page);
});
