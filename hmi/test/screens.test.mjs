// Browser tests of what screens must show: on a narrow screen, in words, by keys.
//
//   HMI_FAKE=<target>/debug/examples/fake SCANLOOP_BIN=<target>/debug/scanloop npm test

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { address, axe, clean, live, open, shoot } from "./browser.mjs";
import { layOut, skip } from "./station.mjs";

const FAKE = process.env.HMI_FAKE ?? "../../target/debug/examples/fake";
const NARROW = { width: 1280, height: 800 };

let server;
before(async () => {
  const child = spawn(FAKE, ["0"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => child.on("exit", done).on("error", done));
  server = { base: await address(child), end: () => { child.kill("SIGINT"); return ended; } };
});
after(() => server?.end());

const show = async (page, hash, ready) => {
  await page.evaluate((h) => { location.hash = h; }, hash);
  await page.waitForSelector(ready);
};

test("on a screen of 1280 no letter of a drawing is smaller than 12 px, and nothing stands beyond the edge", async () => {
  for (const lang of ["en", "zh"]) {
    const page = await open(server.base, { ...NARROW, lang, hash: "#/display/r101" });
    for (const id of ["r101", "r102", "u100", "jacket-101"]) {
      await show(page, `#/display/${id}`, ".drawing svg [data-face]");
      const small = await page.evaluate(() => {
        const svg = document.querySelector(".drawing svg");
        return [...svg.querySelectorAll("text, tspan")].filter((x) => x.textContent.trim() && !x.closest("defs, .alarm"))
          .map((x) => [x.textContent, parseFloat(getComputedStyle(x).fontSize) * x.getScreenCTM().a]).filter(([, px]) => px < 11.95);
      });
      assert.deepEqual(small, [], `${id} ${lang}`);
    }
    for (const [hash, ready] of [["#/display/overview", ".madis b"], ["#/display/r101", ".drawing svg"], ["#/alarms", ".alarms tbody tr"], ["#/trends/r101", ".pens td.live"], ["#/scan", ".histo rect"], ["#/plant", ".tree summary"]]) {
      await show(page, hash, ready);
      const beyond = await page.evaluate(() => [...document.querySelectorAll("header *, .title > *, .bar > *, th, hmi-header *")].filter((x) => x.getClientRects().length && x.getBoundingClientRect().right > innerWidth + 1).map((x) => x.textContent.slice(0, 40)));
      assert.deepEqual(beyond, [], `${hash} ${lang}`);
      await axe(page, `${hash} narrow ${lang}`);
    }
    clean(page);
    await page.context().close();
  }
});

test("a narrow header shows tag and text of the newest alarm, also while a person is signed in and a group is tripped", async () => {
  const page = await open(server.base, { ...NARROW, hash: "#/alarms" });
  await page.waitForSelector("hmi-banner .newest b");
  await page.evaluate(() => {
    const { session } = window.hmi;
    session.refresh = () => {};
    session.state = { ...session.state, people: true, open: false, user: "li", full_name: "A person with a long name" };
    session.dispatchEvent(new Event("change"));
  });
  await page.waitForSelector("hmi-person button:has-text('Sign out')");
  const cut = () => page.evaluate(() => ["b", ".msg"].filter((part) => { const x = document.querySelector(`.newest ${part}`); return x.scrollWidth > x.clientWidth + 1 && x.clientWidth > 0 || !x.getClientRects().length; }));
  assert.deepEqual(await cut(), []);
  // Nothing of the header stands on something else of it.
  const boxes = await page.evaluate(() => [...document.querySelectorAll("hmi-header button, .newest, .sim-flag, .clock, .tallies")].filter((x) => x.getClientRects().length).map((x) => { const r = x.getBoundingClientRect(); return [x.textContent.slice(0, 20), r.left, r.right, r.top, r.bottom]; }));
  for (const a of boxes) for (const b of boxes) if (a !== b) assert.ok(a[2] <= b[1] + 1 || b[2] <= a[1] + 1 || a[4] <= b[3] + 1 || b[4] <= a[3] + 1, `${a[0]} / ${b[0]}`);
  // With two groups and a first-out it takes a row more, and stays whole.
  await page.evaluate(() => { const trips = document.querySelector(".trips"); trips.hidden = false; trips.append(" RG-1 RG-2 RG-3 first-out start-up of the station"); });
  const outside = await page.evaluate(() => { const head = document.querySelector("hmi-header").getBoundingClientRect(); return [...document.querySelectorAll("hmi-header button, .newest, .sim-flag, .clock, .tallies, .trips")].filter((x) => x.getClientRects().length).filter((x) => { const r = x.getBoundingClientRect(); return r.top < head.top - 1 || r.bottom > head.bottom + 1; }).map((x) => x.className || x.textContent); });
  assert.deepEqual(outside, [], "the header is cut");
  await shoot(page, "narrow-header");
  await page.context().close();
});

test("the list of keys is true: each key of it is bound, and Ctrl+Alt+L locks and does not change the language", async () => {
  const page = await open(server.base, { hash: "#/alarms" });
  await page.keyboard.press("?");
  const keys = await page.locator("dialog .keys dt").allTextContents(), words = await page.locator("dialog .keys dd").allTextContents();
  const of = (text) => keys[words.indexOf(text)];
  assert.equal(of("Lock the station"), "Ctrl+Alt+l");
  assert.equal(new Set(keys.filter((x) => /^(F\d+|Ctrl|Alt|[a-z/?])/.test(x))).size, keys.filter((x) => /^(F\d+|Ctrl|Alt|[a-z/?])/.test(x)).length, "no key twice");
  await page.keyboard.press("Escape");
  const asked = [];
  await page.route("**/api/v1/lock", (route) => { asked.push(route.request().method()); return route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify({}) }); });
  await page.evaluate(() => { const { session } = window.hmi; session.state = { ...session.state, people: true, user: "li" }; });
  await page.keyboard.press("Control+Alt+l");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  await page.waitForFunction(() => window.hmi.session.state.user !== "li");
  assert.deepEqual(asked, ["POST"]);
  await page.keyboard.press(of("English / Chinese").replace("Ctrl", "Control"));
  await page.waitForFunction(() => document.documentElement.lang === "zh-CN");
  await page.context().close();
});

test("the sequence tells what is done, how long the step lasts and may, and what is to come, also on the overview", async () => {
  const page = await open(server.base, { hash: "#/display/r101" });
  const rows = page.locator(".panels hmi-phase-panel .need");
  await page.waitForFunction(() => document.querySelector(".panels .need.now")?.textContent.includes("/"));
  assert.deepEqual(await rows.allTextContents(), ["✓inert", "✓charge A", "→dose21 min 00 s / 1 h 00 min", "cool to 25 °C"]);
  assert.deepEqual(await page.locator(".panels .need.later").allTextContents(), ["cool to 25 °C"]);
  await show(page, "#/display/overview", ".steps .now");
  // 21 minutes of an hour.
  await page.waitForFunction(() => document.querySelector(".steps .now").style.backgroundSize.startsWith("35%"));
  assert.equal(await page.locator(".steps .done").count(), 2);
  assert.deepEqual(await page.locator(".counts4 thead text").allTextContents(), ["1", "2", "3", "4"]);
  await page.waitForFunction(() => /24 h mean \d/.test(document.querySelector(".rate").textContent));
  await page.context().close();
});

test("the plant's tree lives, and a tag is found by its name and by its words in both languages, there and by /", async () => {
  const page = await open(server.base, { hash: "#/plant" });
  const field = page.getByLabel("Search tag or text");
  for (const words of ["tt-101.pv", "reactor temperature, median", "釜温(三取中)"]) {
    await field.fill(words);
    const leaf = page.locator(".leaf", { hasText: "TT-101.PV" });
    await leaf.waitFor();
    await page.waitForFunction(() => /^[−\d.]+ °C/.test([...document.querySelectorAll(".leaf")].find((x) => x.textContent.includes("TT-101.PV"))?.querySelector(".val")?.textContent));
    assert.equal(await leaf.locator(".val.live").count(), 1, "with its quality");
  }
  await axe(page, "tree");
  await shoot(page, "tree");
  // Without a word the tree is closed, and what is opened in it lives too.
  await field.fill("");
  assert.equal(await page.locator(".leaf").count(), 0);
  await page.locator(".tree summary", { hasText: "PID" }).first().click();
  await page.waitForFunction(() => /\d/.test([...document.querySelectorAll(".tree summary")].find((x) => x.textContent.includes("TIC-101"))?.querySelector(".val")?.textContent ?? ""));
  for (const words of ["TIC-101.SP", "釜温控制设定值"]) {
    await page.keyboard.press("Escape");
    await page.locator("h1").click();
    await page.keyboard.press("/");
    await page.getByRole("textbox", { name: "Go to tag" }).fill(words);
    await page.locator(".hits button", { hasText: "TIC-101.SP" }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
  }
  clean(page);
  await page.context().close();
});

test("the system page tells the state of each part of the station", async () => {
  const page = await open(server.base, { hash: "#/scan" });
  const row = (name) => page.locator("hmi-scan-page tr", { has: page.locator(`b:text-is("${name}")`) }).first();
  for (const [name, state] of [["ledger", "works"], ["second place", "FAILS"], ["recording", "works"], ["history", "works"], ["messages", "not set up"], ["free disk space", "works"], ["clock", "works"], ["people", "not set up"]]) {
    await row(name).waitFor();
    assert.equal(await row(name).locator(".chip").textContent(), state, name);
  }
  assert.match(await row("second place").textContent(), /No such file/);
  await page.context().close();
});

test("the list is sorted by a column, the other way round, and by itself again; guidance shows the live value", async () => {
  const page = await open(server.base, { hash: "#/alarms" });
  await page.waitForFunction(() => document.querySelectorAll(".alarms tbody tr[aria-selected]").length >= 3);
  const names = () => page.evaluate(() => document.querySelector("hmi-alarm-page").shown.map((r) => r.alarm));
  const own = await names(), sorted = [...own].sort();
  const head = page.locator(".alarms th").getByRole("button", { name: "Alarm", exact: true });
  await head.click();
  assert.deepEqual(await names(), sorted);
  assert.equal(await page.locator('.alarms th[aria-sort="ascending"]').textContent(), "Alarm");
  await head.click();
  assert.deepEqual(await names(), sorted.reverse());
  await head.click();
  assert.deepEqual(await names(), own);
  await page.locator(".alarms tbody tr[aria-selected]").first().click();
  await page.waitForFunction(() => /^[−\d.]+ \S+/.test(document.querySelector(".help dd.live")?.textContent ?? ""));
  await page.getByRole("button", { name: "Help (H)" }).click();
  await page.waitForFunction(() => document.activeElement.closest(".help"));
  clean(page);
  await page.context().close();
});

test("an alarm is taken out of service with a reason, stands in its list, and comes back", async () => {
  const page = await open(server.base, { hash: "#/alarms" });
  const row = page.locator(".alarms tbody tr[aria-selected]").first();
  await row.click();
  const name = await page.evaluate(() => document.querySelector("hmi-alarm-page").selected);
  await page.getByRole("button", { name: "Out of service...", exact: true }).click();
  await page.fill("dialog textarea", "transmitter in the workshop");
  await axe(page, "out of service");
  await page.locator("dialog button.primary").click();
  await page.waitForFunction((n) => window.hmi.alarms.rows.get(n)?.state === "out_of_service", name);
  const tab = page.getByRole("tab", { name: /^Out of service/ });
  await tab.click();
  assert.match(await tab.textContent(), /\(1\)/);
  const aside = page.locator(".alarms tbody tr", { hasText: name });
  assert.match(await aside.textContent(), /out of service.*transmitter in the workshop/);
  await aside.click();
  await page.getByRole("button", { name: "Put back", exact: true }).click();
  await page.waitForFunction((n) => window.hmi.alarms.rows.get(n)?.state !== "out_of_service", name);
  clean(page);
  await page.context().close();
});

test("a trend tells the scale of each pen and the moment of its cursor on the plot", async () => {
  const page = await open(server.base, { ...NARROW, hash: "#/trends/r101" });
  await page.waitForFunction(() => document.querySelector("hmi-trend-page hmi-trend")?.data);
  const at = (await page.locator(".pens th").allTextContents()).indexOf("Scale");
  await page.waitForFunction((i) => /^[−\d.]+ – [−\d.]+$/.test(document.querySelector(".pens tbody tr").cells[i].textContent), at);
  // A flag of ink stands at the foot of the plot, under the cursor and nowhere else.
  const ink = () => page.evaluate(() => {
    const trend = document.querySelector("hmi-trend-page hmi-trend"), { canvas, box, data } = trend, px = devicePixelRatio;
    const x = box.left + ((trend.at ?? data.count / 2) + 0.5) / data.count * box.width;
    const [r, g, b] = canvas.getContext("2d").getImageData((x - 20) * px, (box.top + box.height - 16) * px, 1, 1).data;
    return r + g + b;
  });
  const before_ = await ink();
  await page.evaluate(() => { const trend = document.querySelector("hmi-trend-page hmi-trend"); trend.live = false; trend.cursor(Math.floor(trend.data.count / 2)); });
  assert.ok(before_ - await ink() > 300, "a dark flag");
  await page.context().close();
});

describe("at the station", { skip }, () => {
  let station, base;
  before(async () => { station = layOut({ args: ["--play", "none"] }); base = await station.start(); });
  after(() => station?.end());

  test("its own parts tell their states, and alarms suppressed by design stand in their list and cannot be put back", async () => {
    const page = await open(base, { hash: "#/scan" });
    for (const name of ["ledger", "recording", "history", "free disk space"]) {
      await page.waitForFunction((part) => [...document.querySelectorAll("hmi-scan-page tr")].some((row) => row.cells[0]?.textContent === part && row.cells[1].textContent === "works"), name);
    }
    assert.match(await page.locator("hmi-scan-page tr", { has: page.locator('b:text-is("free disk space")') }).textContent(), /\d+ MiB/);
    await page.waitForFunction(() => window.hmi.alarms.counts.suppressed > 0);
    await show(page, "#/alarms", "hmi-alarm-page");
    await page.getByRole("tab", { name: /^Suppressed by design/ }).click();
    await page.locator(".alarms tbody tr[aria-selected]").first().click();
    assert.match(await page.locator(".alarms tbody tr[aria-selected=true]").textContent(), /suppressed/);
    for (const name of ["Shelve... (S)", "Out of service..."]) assert.equal(await page.getByRole("button", { name, exact: true }).isDisabled(), true, name);
    assert.equal(await page.getByRole("button", { name: "Put back", exact: true }).isVisible(), false);
    await axe(page, "suppressed");
    await live(page);
    await page.context().close();
  });
});
