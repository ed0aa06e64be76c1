// Browser tests of people at the real station: sign-in, lock, signatures.
//
//   SCANLOOP_BIN=<target>/debug/scanloop npm test
//
// The station runs a copy of plants/synthesis whose simulation is not open.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { address, axe, clean, open, shoot } from "./browser.mjs";

const BIN = process.env.SCANLOOP_BIN;
const PLANT = resolve(import.meta.dirname, "../../plants");
const FIRST = "seven green kettles";
const OWN = { li: "nine blue kettles sing", wang: "ten red kettles rest" };

let station;

async function start() {
  const folder = mkdtempSync(join(tmpdir(), "people-"));
  cpSync(PLANT, join(folder, "plants"), { recursive: true });
  const plant = join(folder, "plants", "synthesis");
  // No server of the plant itself: another station may hold its port.
  const text = readFileSync(join(plant, "plant.toml"), "utf8");
  writeFileSync(join(plant, "plant.toml"), text.replace("open_in_simulation = true", "open_in_simulation = false").replace(/(listen = "127\.0\.0\.1:)\d+"/, '$10"')
    .concat('\n[people.signature]\noperate = "reason"\n'));
  const state = join(folder, "data", "sim");
  for (const name of ["li", "wang"]) execFileSync(BIN, ["users", "add", name, "--full-name", `Name of ${name}`, "--role", "shift-lead", "--state", state], { input: `${FIRST}\n` });
  const child = spawn(BIN, ["run", plant, "--data", join(folder, "data"), "--hmi", "127.0.0.1:0", "--play", "none"], { stdio: ["ignore", "pipe", "inherit"] });
  const base = await address(child);
  const ended = new Promise((done) => child.on("exit", done));
  return { base, end: async () => { child.kill("SIGINT"); await ended; rmSync(folder, { recursive: true, force: true }); } };
}

const person = (page) => page.locator("hmi-person");
const press = (page, name) => person(page).getByRole("button", { name, exact: true }).click();
const field = (page, name) => page.locator("dialog").getByLabel(name, { exact: true });

async function signIn(page, name, password) {
  await field(page, "User").fill(name);
  await field(page, "Password").fill(password);
  await page.keyboard.press("Enter");
}

describe("people", { skip: BIN ? false : "SCANLOOP_BIN is not set" }, () => {
  before(async () => { station = await start(); });
  after(() => station?.end());

  test("a person signs in by keyboard, changes the first password, locks, unlocks and leaves; the picture stays", async () => {
    const page = await open(station.base, { hash: "#/display/r101" });
    await page.waitForSelector(".drawing svg [data-face]");
    await page.waitForFunction(() => document.querySelector("hmi-person").textContent.includes("View only"));
    await page.keyboard.press("Control+Alt+i");
    await axe(page, "sign in");
    await shoot(page, "sign-in");
    await signIn(page, "li", "wrong");
    await page.waitForSelector("dialog .refusal:not([hidden])");
    assert.match(await page.textContent("dialog .refusal"), /name or password wrong/);
    await signIn(page, "li", FIRST);
    await page.waitForSelector('dialog[aria-label="Change the password"]');
    await axe(page, "change the password");
    await field(page, "Password").fill(FIRST);
    await field(page, "New password").fill(OWN.li);
    await field(page, "New password once more").fill(OWN.li);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => !document.querySelector("dialog") && document.querySelector("hmi-person").textContent.includes("Name of li"));
    await axe(page, "signed in");
    await shoot(page, "signed-in");
    await page.keyboard.press("Control+Alt+k");
    await page.waitForFunction(() => document.querySelector("hmi-person").textContent.includes("LOCKED"));
    const scan = await page.evaluate(() => window.hmi.link.scan);
    await page.waitForFunction((before) => window.hmi.link.scan > before, scan);
    await press(page, "Unlock");
    await axe(page, "unlock");
    await field(page, "Password").fill(OWN.li);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => window.hmi.session.state.user === "li" && !window.hmi.session.state.locked);
    assert.equal(await page.evaluate(() => document.cookie), "", "no script sees the session");
    await press(page, "Sign out");
    await page.waitForFunction(() => window.hmi.session.state.user === null);
    // The browser tells the refused sign-in on its console.
    page.errors = page.errors.filter((text) => !text.includes("401"));
    clean(page);
    await page.context().close();
  });

  test("a setpoint that needs a reason is signed in a dialog, and nobody writes it without a sign-in", async () => {
    const page = await open(station.base, { hash: "#/display/r101" });
    await page.waitForSelector("hmi-faceplate input");
    await page.waitForFunction(() => Number.isFinite(window.hmi.store.read("TIC-101.SP").value));
    const before_ = await page.evaluate(() => window.hmi.store.read("TIC-101.SP").value);
    const type = async () => { await page.fill("hmi-faceplate input", (before_ + 1).toFixed(1)); await page.locator("hmi-faceplate input").first().press("Enter"); };
    await type();
    await page.waitForSelector('dialog[aria-label="Sign in"]');
    await signIn(page, "wang", FIRST);
    await page.waitForSelector('dialog[aria-label="Change the password"]');
    await field(page, "Password").fill(FIRST);
    await field(page, "New password").fill(OWN.wang);
    await field(page, "New password once more").fill(OWN.wang);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => window.hmi.session.state.user === "wang" && !window.hmi.session.state.must_change && !document.querySelector("dialog"));
    assert.equal(await page.evaluate(() => window.hmi.store.read("TIC-101.SP").value), before_);
    await type();
    await page.waitForSelector('dialog[aria-label="Signature"]');
    await axe(page, "signature");
    await shoot(page, "signature");
    assert.match(await page.textContent("dialog"), /performed by Name of wang/);
    await field(page, "Reason, for the record").fill("trial of the dialog");
    await page.keyboard.press("Enter");
    // After a start the loop is in manual: what was entered is its output.
    await page.waitForFunction((value) => ["TIC-101.SP", "TIC-101.OUT"].some((tag) => window.hmi.store.read(tag).value === value), before_ + 1);
    await page.context().close();
  });

  test("a maintenance override is signed by two with a permit number, and the list says who, why and under which", async () => {
    const page = await open(station.base, { hash: "#/lists" });
    await page.waitForFunction(() => window.hmi.session.state.people && window.hmi.store.tag("C09.MOS_1"));
    await page.keyboard.press("Control+Alt+i");
    await signIn(page, "li", OWN.li);
    await page.waitForFunction(() => window.hmi.session.state.user === "li" && !document.querySelector("dialog"));
    await page.evaluate(async () => {
      window.hmi.store.watch("BYPASS.KEY", () => {});
      const { ask } = await import("/assets/core/api.js");
      await ask("simulation/act", { do: "act", name: "turn-bypass-key-on" }, 5000);
    });
    await page.waitForFunction(() => window.hmi.store.read("BYPASS.KEY").value === 1);
    await page.evaluate(() => { import("/assets/core/api.js").then(({ command }) => command("C09.MOS_1", 1, 0)); });
    await page.waitForSelector('dialog[aria-label="Signature of two persons"]');
    await axe(page, "signature of a bypass");
    await field(page, "Reason, for the record").fill("PT-101A is exchanged");
    await field(page, "Permit number").fill("PTW-2026-118");
    await page.locator("dialog input[type=password]").first().fill(OWN.li);
    await field(page, "Second person").fill("wang");
    await field(page, "Password of the second person").fill(OWN.wang);
    await page.keyboard.press("Enter");
    const row = page.locator("hmi-lists-page tr", { hasText: "C09.MOS_1" });
    await row.waitFor();
    assert.match(await row.textContent(), /7 h 5\d min.*li \+ wang.*PT-101A is exchanged.*PTW-2026-118/);
    // Whoever opens the page later reads the same: the server knows, not the window.
    await page.reload();
    await row.waitFor();
    assert.match(await row.textContent(), /li \+ wang.*PTW-2026-118/);
    await axe(page, "bypasses");
    await page.context().close();
  });

  test("the dialogs have a Chinese form", async () => {
    const page = await open(station.base, { lang: "zh" });
    await page.waitForFunction(() => window.hmi.session.state.people);
    await page.keyboard.press("Control+Alt+i");
    const text = await page.textContent("dialog");
    assert.doesNotMatch(text.replace("Esc", ""), /[A-Za-z]{3,}/);
    await axe(page, "sign in zh");
    await page.context().close();
  });
});
