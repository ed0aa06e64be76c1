// Browser tests of the pages Configuration and Simulation on the real station.
//
//   SCANLOOP_BIN=<target>/release/scanloop npm run config

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { address, axe, clean, open, shoot } from "./browser.mjs";

const BIN = process.env.SCANLOOP_BIN;
const PLANT = resolve(import.meta.dirname, "../../plants");
const skip = BIN ? false : "SCANLOOP_BIN is not set";

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
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  cpSync(PLANT, join(folder, "plants"), { recursive: true });
  const plant = join(folder, "plants", "synthesis");
  const text = readFileSync(join(plant, "plant.toml"), "utf8");
  const port = await freePort();
  writeFileSync(join(plant, "plant.toml"), text.replace(/(listen = "127\.0\.0\.1:)\d+"/, `$1${port}"`));
  const child = spawn(BIN, ["run", plant, "--data", join(folder, "data"), "--hmi", "127.0.0.1:0", "--play", "none"], { stdio: ["ignore", "pipe", "ignore"] });
  const base = await address(child);
  const ended = new Promise((done) => child.on("exit", done));
  return { base, plant, end: async () => { child.kill("SIGINT"); await ended; rmSync(folder, { recursive: true, force: true }); } };
}

const edit = (from, to, file = "units/r101.toml") => {
  const path = join(station.plant, file), text = readFileSync(path, "utf8");
  assert.ok(text.includes(from), from);
  writeFileSync(path, text.replace(from, to));
};

describe("the configuration", { skip }, () => {
  before(async () => { station = await start(); });
  after(() => station?.end());

  test("a changed text is compared, its impact is shown, it is adopted and goes back; a broken one shows its place", async () => {
    const page = await open(station.base, { hash: "#/config" });
    const state = () => page.textContent("hmi-config-page .fact");
    const compare = async (ready) => {
      // A machine that is busy with other things may be too slow once.
      for (let tries = 0; tries < 30; tries++) {
        await page.getByRole("button", { name: "Compare with the files" }).click();
        await page.waitForFunction(() => !/Comparing/.test(document.querySelector("hmi-config-page .fact").textContent));
        if (!/^Refused/.test(await state())) break;
        await page.waitForTimeout(3000);
      }
      assert.ok((await state()).includes(ready), `${ready}: ${await state()}`);
    };
    const online = page.getByRole("button", { name: /^Change online/ });
    assert.equal(await online.isDisabled(), true, "nothing is adopted that nobody has looked at");
    await compare("the one that runs");
    assert.equal(await online.isDisabled(), true);

    edit("ti_s = 1800.0", "ti_s = 1700.0");
    await compare("→");
    assert.match(await page.textContent(".diff"), /TIC-101.*ti_s.*1800\.0.*1700\.0.*s/s);
    assert.match(await page.textContent(".config section:last-child"), /Final elements.*TV-101/s);
    await shoot(page, "config-impact");
    await axe(page, "impact");

    // Every trip is latched after the start, and one of them hangs on this loop.
    assert.match(await page.textContent(".config .stop"), /RG-1/);
    edit("ti_s = 1700.0", "ti_s = 1800.0");
    edit("# Jacket and bulk may not differ", '[[block]]\nkind = "COMPARE"\nname = "A-1"\ndesc = { en = "bulk warm", zh = "釜温" }\nin = "TT-101.PV"\nwhen = "above"\nlimit = 30.0\non_bad = "false"\n\n# Jacket and bulk may not differ');
    await compare("→");
    assert.match(await page.textContent(".diff"), /added.*A-1/s);

    const number = await page.evaluate(() => window.hmi.store.directory.edition.number);
    const sign = async (button) => {
      await button.click();
      await page.fill("dialog textarea", "trial");
      await page.locator("dialog button.primary").click();
    };
    const adopted = (old) => page.waitForFunction((n) => window.hmi && window.hmi.store.directory.edition.number > n && !window.hmi.link.stale, old);
    await sign(online);
    await adopted(number);
    await sign(page.getByRole("button", { name: /^Roll back/ }));
    await adopted(number + 1);

    edit('in = "TT-101.PV"', 'in = "TT-1O1.PV"');
    await compare("problems in the text");
    assert.match(await page.textContent(".diff"), /P\d{4}.*units\/r101\.toml:\d+/s);
    assert.equal(await online.isDisabled(), true);
    await axe(page, "problems");
    edit('in = "TT-1O1.PV"', 'in = "TT-101.PV"');
    clean(page);
    await page.context().close();
  });

  test("a simulation goes at another speed, stands still without growing old, and goes on; the deeds are in the records", async () => {
    const page = await open(station.base, { hash: "#/sim" });
    const chip = (words) => page.waitForFunction((w) => document.querySelector("hmi-sim-page .chip").textContent === w, words);
    const scan = () => page.evaluate(() => window.hmi.link.scan);
    await chip("× 1");
    await page.getByRole("button", { name: "× 5", exact: true }).click();
    await chip("× 5");
    assert.equal(await page.getAttribute("hmi-sim-page [aria-pressed=true]", "aria-pressed"), "true");
    const before_ = await scan();
    await page.waitForFunction((n) => window.hmi.link.scan > n, before_);
    await page.getByRole("button", { name: "Freeze", exact: true }).click();
    await chip("stands still");
    // What was on its way comes: the releases that were due, and their pictures.
    await page.waitForFunction(() => {
      const { scan: now } = window.hmi.link, at = performance.now();
      if (window.seen?.scan !== now) window.seen = { scan: now, at };
      return at - window.seen.at > 3000;
    }, null, { polling: 200 });
    const still = await scan();
    await page.waitForTimeout(6000); // longer than what is called old
    assert.equal(await scan(), still);
    assert.equal(await page.evaluate(() => window.hmi.link.stale), false, "nothing grows old while all stands still");
    await shoot(page, "sim-still");
    await axe(page, "simulation");
    await page.getByRole("button", { name: "Go on", exact: true }).click();
    await chip("× 5");
    await page.getByRole("button", { name: "× 1", exact: true }).click();
    await chip("× 1");
    // The index of the records follows the records.
    await page.waitForFunction(async (deeds) => {
      const { rows } = await (await fetch("/api/v1/records?class=command&limit=20")).json();
      return deeds.every((deed) => rows.some((r) => r.object === deed));
    }, ["speed × 5", "stands still", "goes on", "speed × 1"], { polling: 200, timeout: 60_000 });
    clean(page);
    await page.context().close();
  });

  test("a limit of protection behind a latched trip is told before it is refused, in Chinese", async () => {
    const page = await open(station.base, { hash: "#/config", lang: "zh", theme: "night" });
    edit("limit = 50.0", "limit = 52.0", "matrix/u100.toml");
    // Every trip is latched after the start.
    const told = () => page.evaluate(() => /RG-1/.test(document.querySelector(".config .stop")?.textContent ?? ""));
    for (let tries = 0; tries < 30 && !(await told()); tries++) {
      await page.getByRole("button", { name: "与文件比较" }).click();
      await page.waitForTimeout(3000);
    }
    assert.ok(await told());
    await shoot(page, "config-zh");
    await axe(page, "config zh");
    edit("limit = 52.0", "limit = 50.0", "matrix/u100.toml");
    clean(page);
    await page.context().close();
  });
});
