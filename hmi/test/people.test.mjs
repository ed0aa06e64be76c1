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
import { until, value } from "./station.mjs";

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

  test("two people who have signed in, one set-point: the second, who saw the old value, gets 409, and the record names both", async () => {
    const asks = async (path, body, cookie = "") => {
      const answer = await fetch(`${station.base}api/v1/${path}`, { method: "POST", headers: { Origin: new URL(station.base).origin, "X-HMI": "1", "Content-Type": "application/json", Cookie: cookie }, body: JSON.stringify(body) });
      return { status: answer.status, json: await answer.json(), cookie: answer.headers.get("set-cookie")?.split(";")[0] };
    };
    const cookies = {};
    for (const [name, user] of Object.entries(OWN)) {
      // Whoever has not been here before has still the first password.
      let answer = await asks("login", { user: name, password: user });
      if (answer.status !== 200) {
        answer = await asks("login", { user: name, password: FIRST });
        assert.equal((await asks("password", { old: FIRST, new: user }, answer.cookie)).status, 200);
      }
      assert.equal(answer.status, 200, name);
      cookies[name] = answer.cookie;
    }
    const page = await open(station.base, { hash: "#/display/r101" });
    // After a start the loop is in manual: its output is a person's to write.
    await until(page, "TIC-101.MODE_ACT", 0);
    const seen = await value(page, "TIC-101.OUT");
    const write = (to) => page.evaluate(() => window.hmi.link.serverMs).then((ms) => ({ id: crypto.randomUUID(), tag: "TIC-101.OUT", value: to, seen_value: seen, reason: "trial", seen_ms: Math.round(ms) }));
    const one = await asks("cmd", await write(seen + 0.5), cookies.li);
    await until(page, "TIC-101.OUT", seen + 0.5);
    const two = await asks("cmd", await write(seen + 1), cookies.wang);
    assert.deepEqual([one.status, two.status, two.json.code], [200, 409, "value_changed"], JSON.stringify([one.json, two.json]));
    assert.equal(await value(page, "TIC-101.OUT"), seen + 0.5);
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
