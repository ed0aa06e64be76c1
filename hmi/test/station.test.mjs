// Browser tests of the real station with its simulator, in real time.
//
//   SCANLOOP_BIN=<target>/release/scanloop npm test     starts one with a copy of plants/synthesis
//   HMI_URL=http://127.0.0.1:8080 npm test              looks at one that runs already, changes nothing
//
// HMI_PICTURE: file for the picture of R-101 while it doses.
// Without either of the two there is nothing to look at and the tests are skipped.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { address, axe, clean, live, open, shoot } from "./browser.mjs";

const BIN = process.env.SCANLOOP_BIN;
const URL_ = process.env.HMI_URL;
const PICTURE = process.env.HMI_PICTURE;
const PLANT = resolve(import.meta.dirname, "../../plants");
const skip = BIN || URL_ ? false : "neither SCANLOOP_BIN nor HMI_URL is set";
const own = skip || (BIN ? false : "only with a station of its own (SCANLOOP_BIN)");
/** A build without optimisation reads the plant's text several times slower. */
const swift = own || (/[\\/]debug[\\/]/.test(BIN) ? "only with a release build" : false);
/** From the start of the process to its first page, at most. */
const FIRST_ANSWER_MS = 1_000;
/** The demonstration starts dosing 45 s after the start; the machine may be slow. */
const PATIENCE_MS = 300_000;

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

let station;

async function start() {
  const folder = mkdtempSync(join(tmpdir(), "station-"));
  cpSync(PLANT, join(folder, "plants"), { recursive: true });
  const plant = join(folder, "plants", "synthesis");
  // Servers of the plant itself listen elsewhere, so that another station may run.
  const text = readFileSync(join(plant, "plant.toml"), "utf8");
  const port = await freePort();
  writeFileSync(join(plant, "plant.toml"), text.replace(/(listen = "127\.0\.0\.1:)\d+"/, `$1${port}"`));
  const from = performance.now();
  const child = spawn(BIN, ["run", plant, "--data", join(folder, "data"), "--hmi", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  const base = await address(child);
  const page = await fetch(base);
  assert.equal(page.status, 200);
  const readyMs = performance.now() - from;
  const ended = new Promise((done) => child.on("exit", done));
  return { base, plant, readyMs, end: async () => { child.kill("SIGINT"); await ended; rmSync(folder, { recursive: true, force: true }); } };
}

const read = (page, tag) => page.evaluate((name) => window.hmi.store.read(name).value, tag);
const until = (page, tag, value) => page.waitForFunction(([name, wanted]) => window.hmi.store.read(name).value === wanted, [tag, value], { timeout: PATIENCE_MS });

describe("the station", { skip }, () => {
  before(async () => { station = BIN ? await start() : { base: URL_.endsWith("/") ? URL_ : `${URL_}/`, end: () => {} }; });
  after(() => station?.end());

  test("it answers within a second of its start", { skip: swift }, async (t) => {
    const starts = [station.readyMs];
    // A machine with other work may be slow once, or twice.
    while (Math.min(...starts) >= FIRST_ANSWER_MS && starts.length < 3) {
      const other = await start();
      await other.end();
      starts.push(other.readyMs);
    }
    const said = `first answer ${starts.map((ms) => ms.toFixed(0)).join(", ")} ms after the process was started`;
    t.diagnostic(said);
    assert.ok(Math.min(...starts) < FIRST_ANSWER_MS, said);
  });

  for (const [lang, theme, word] of [["en", "day", "SIMULATION"], ["zh", "night", "仿真"]]) {
    test(`R-101 lives in ${lang}: values change, nothing is missing, the simulation is named`, async () => {
      const page = await open(station.base, { lang, theme, hash: "#/display/r101" });
      await page.waitForSelector(".drawing svg [data-face]");
      assert.equal(await page.textContent(".sim-flag"), word);
      assert.equal(await page.textContent(".watermark text"), word);
      // Every value has come before any is compared.
      await page.waitForFunction(() => document.querySelectorAll(".drawing .value").length >= 20 && ![...document.querySelectorAll(".drawing .value")].some((v) => v.textContent.startsWith("—")));
      // Values and scan are read at one moment: a batch that comes between two reads
      // would be counted for one of them only.
      const before_ = await page.evaluate(() => ({ scan: window.hmi.link.scan, values: [...document.querySelectorAll(".drawing .value")].map((v) => v.textContent) }));
      await page.waitForFunction(({ scan, values }) => window.hmi.link.scan > scan && [...document.querySelectorAll(".drawing .value")].filter((v, i) => v.textContent !== values[i]).length >= 3, before_);
      assert.deepEqual(await page.locator(".notag").allTextContents(), [], "every tag that the display names is there");
      await shoot(page, `station-r101-${lang}-${theme}`);
      await axe(page, `r101 ${lang}`);
      clean(page);
      await page.context().close();
    });
  }

  test("every display of the plant is drawn with every tag that it names, in both languages", async () => {
    for (const lang of ["en", "zh"]) {
      const page = await open(station.base, { lang, theme: lang === "en" ? "day" : "night", hash: "#/display/overview" });
      await page.waitForSelector(".madis b");
      for (const id of ["overview", "r102", "u100", "jacket-101", "jacket-102"]) {
        await page.evaluate((h) => { location.hash = `#/display/${h}`; }, id);
        await page.waitForSelector(id === "overview" ? ".madis b" : ".drawing svg [data-face]");
        await page.waitForFunction(() => ![...document.querySelectorAll(".drawing .value, .madis b")].some((v) => v.textContent.startsWith("—")));
        assert.deepEqual(await page.locator(".notag").allTextContents(), [], id);
        for (const [width, height] of [[1280, 800], [1920, 1080]]) {
          await page.setViewportSize({ width, height });
          const over = await page.evaluate(() => [...document.querySelectorAll(".panel > table")].filter((x) => x.offsetWidth > x.parentElement.clientWidth + 1).map((x) => x.parentElement.textContent.slice(0, 30)));
          assert.deepEqual(over, [], `${id} at ${width}: a table runs out of its card`);
        }
        await shoot(page, `station-${id}-${lang}`);
        await axe(page, `${id} ${lang}`);
      }
      await page.evaluate(() => { location.hash = "#/matrix"; });
      await page.waitForFunction(() => document.querySelectorAll(".ce tbody tr").length === 30);
      await axe(page, `matrix ${lang}`);
      clean(page);
      await page.context().close();
    }
  });

  test("the other pages are drawn without errors or accessibility violations, and constants keep their values between pages", async () => {
    const page = await open(station.base, { hash: "#/display/r101" });
    await page.waitForSelector(".drawing svg [data-face]");
    for (const [hash, ready] of [["#/trends/r101", ".pens td.live"], ["#/events", "tbody tr"], ["#/scan", ".histo rect"]]) {
      await page.evaluate((h) => { location.hash = h; }, hash);
      await page.waitForSelector(ready);
      if (hash.startsWith("#/trends")) {
        // The set-point does not change: the server sends it once.
        await page.waitForFunction(() => [...document.querySelectorAll(".pens tbody tr")].every((r) => !r.cells[4].textContent.includes("—")));
      }
      await shoot(page, `station-${hash.split("/")[1]}`);
      await axe(page, hash);
    }
    clean(page);
    await page.context().close();
  });

  test("a picture of R-101 while it doses", { skip: !PICTURE && "HMI_PICTURE is not set" }, async () => {
    const page = await open(station.base, { hash: "#/display/r101" });
    // About a minute of dosing.
    await page.waitForFunction(() => window.hmi.store.read("DOSE.TOTAL").value > 1, null, { timeout: 3 * PATIENCE_MS });
    await live(page);
    await page.waitForTimeout(2500); // the next answer of the trend; nothing is asserted on it
    await page.screenshot({ path: PICTURE });
    clean(page);
    await page.context().close();
  });

  test("a stopped agitator trips while dosing, with the first-out marked, and a standing cause holds the reset", { skip: own }, async () => {
    const page = await open(station.base, { hash: "#/display/r101" });
    await until(page, "DOSE.STATE", 1);
    await page.focus(".drawing [data-face='M-101']");
    await page.keyboard.press("Enter");
    const press = async (name) => {
      await page.locator("hmi-faceplate .seg").getByRole("button", { name, exact: true }).click();
      await page.getByRole("button", { name: /^Apply/ }).click();
    };
    await press("stop");
    await page.waitForSelector(".trips:visible");
    await page.waitForFunction(() => /first-out C06/.test(document.querySelector(".trips").textContent));
    await page.waitForFunction(() => document.querySelector(".cause.on .first")?.textContent === "1st");
    await until(page, "XV-101A.STATE", 0);
    await page.waitForFunction(() => window.hmi.store.read("DOSE.STATE").value !== 1);
    await page.locator("hmi-interlock-panel").getByRole("button", { name: "Reset", exact: true }).click();
    assert.match(await page.textContent("hmi-interlock-panel .strip"), /the reset will do nothing/);
    await shoot(page, "station-tripped");
    await axe(page, "tripped");
    await page.keyboard.press("Escape");
    await press("start");
    await until(page, "C06.TRIP", 0);
    // The first-out stays, but shows that its cause is gone.
    await page.waitForFunction(() => /gone/.test(document.querySelector(".cause [title^='First-out']")?.title ?? ""));
    assert.equal(await read(page, "RG-1.TRIPPED"), 1);
    clean(page);
    await page.context().close();
  });

  test("a forced value is announced on every page until it is released, and protection cannot be forced", { skip: own }, async () => {
    const page = await open(station.base, { hash: "#/scan" });
    const panel = page.locator("hmi-force-panel");
    const force = async (tag, value) => {
      await panel.getByLabel("Tag", { exact: true }).fill(tag);
      await panel.getByLabel("Value", { exact: true }).fill(value);
      await panel.getByRole("button", { name: /^Force/ }).click();
      const confirm = page.locator("dialog button.primary");
      assert.equal(await confirm.isDisabled(), true, "no deed without a reason");
      await page.fill("dialog textarea", "loop check");
      await confirm.click();
    };
    await force("LT-101.PV", "66.6");
    await page.waitForSelector("hmi-forced:visible");
    await axe(page, "forced");
    await force("RG-1.TRIPPED", "no");
    await page.waitForSelector("dialog .refusal:visible");
    assert.match(await page.textContent("dialog .refusal"), /protection/);
    await axe(page, "refused force");
    await page.keyboard.press("Escape");
    await page.evaluate(() => { location.hash = "#/display/r101"; });
    await page.waitForFunction(() => /66\.6/.test(document.querySelector(".drawing [data-face='LT-101'] .value")?.textContent ?? ""));
    assert.match(await page.textContent("hmi-forced"), /LT-101\.PV/);
    await shoot(page, "station-forced");
    await page.click("hmi-forced a");
    await page.getByRole("button", { name: "Release LT-101.PV" }).click();
    await page.fill("dialog textarea", "done");
    await page.locator("dialog button.primary").click();
    await page.waitForSelector("hmi-forced", { state: "hidden" });
    assert.deepEqual(page.foreign, []);
    await page.context().close();
  });

  test("a broken text is refused with its place, a changed one is adopted while it runs, and the edition before comes back", { skip: own }, async () => {
    const file = join(station.plant, "units", "r101.toml");
    const good = readFileSync(file, "utf8");
    const page = await open(station.base, { hash: "#/scan" });
    const panel = page.locator("hmi-edition-panel");
    const number = () => page.evaluate(() => window.hmi.store.directory.edition.number);
    const begin = async (name) => {
      await panel.getByRole("button", { name }).click();
      await page.fill("dialog textarea", "trial");
    };
    const confirm = () => page.locator("dialog button.primary").click();
    const adopted = (old) => page.waitForFunction((n) => window.hmi && window.hmi.store.directory.edition.number > n && !window.hmi.link.stale, old);
    const first = await number();

    writeFileSync(file, good.replace('in = "TT-101.PV"', 'in = "TT-1O1.PV"'));
    await begin(/^Load/);
    await confirm();
    await page.waitForSelector("dialog .refusal:visible");
    assert.match(await page.textContent("dialog .refusal"), /units\/r101\.toml:\d+/);
    await shoot(page, "station-refused-text");
    await axe(page, "refused text");
    assert.equal(await number(), first);

    // It feeds no trip: one that stands would bar the change.
    writeFileSync(file, good.replace(/(name = "PIC-101"\n[^[]*\nkp = )5\.0/, (_, head) => `${head}5.5`));
    await confirm();
    await adopted(first);
    await page.waitForSelector(".toast");
    const second = await number();
    await begin(/^Back/);
    await confirm();
    await adopted(second);
    assert.deepEqual(page.foreign, []);
    await page.context().close();
  });

  test("an environmental alarm is acknowledged with a comment, which stands in the record", { skip: own }, async () => {
    const page = await open(station.base, { hash: "#/alarms" });
    const force = (value, why) => page.evaluate(async ([v, reason]) => (await import("/assets/core/api.js")).force("TT-105.PV", v, reason), [value, why]);
    assert.equal((await force(50, "trial of the alarm")).ok, true);
    const state = (wanted) => page.waitForFunction((w) => window.hmi.alarms.rows.get("TAHH-105")?.state === w, wanted, { timeout: PATIENCE_MS });
    await state("unacknowledged");
    await page.getByLabel("Search tag or text").fill("TAHH-105");
    await page.locator(".alarms tbody tr", { hasText: "TAHH-105" }).click();
    await page.getByRole("button", { name: /^Acknowledge \(A\)/ }).click();
    const confirm = page.locator("dialog button.primary");
    assert.equal(await confirm.isDisabled(), true, "no deed without a comment");
    await axe(page, "comment of an alarm");
    await page.fill("dialog textarea", "condenser looked at");
    await confirm.click();
    await state("acknowledged");
    const records = await page.evaluate(async () => (await fetch("/api/v1/records?class=alarm&object=TAHH-105")).json());
    assert.ok(records.rows.some((r) => r.what === "acknowledge" && r.why === "condenser looked at"), JSON.stringify(records.rows));
    // The key figures of the day stand above the history.
    await page.locator("hmi-alarm-page [role=tab]").nth(5).click();
    await page.waitForFunction(() => /alarms a day .* \/ 144/.test(document.querySelector("hmi-alarm-page .past").textContent));
    await force(null, "done");
    assert.deepEqual(page.foreign, []);
    await page.context().close();
  });
});
