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
const OWN = { li: "nine blue kettles sing", wang: "ten red kettles rest", zhao: "" };

let station;

async function start() {
  const folder = mkdtempSync(join(tmpdir(), "people-"));
  cpSync(PLANT, join(folder, "plants"), { recursive: true });
  const plant = join(folder, "plants", "synthesis");
  // No server of the plant itself: another station may hold its port.
  const text = readFileSync(join(plant, "plant.toml"), "utf8");
  writeFileSync(join(plant, "plant.toml"), text.replace("open_in_simulation = true", "open_in_simulation = false").replace(/(listen = "127\.0\.0\.1:)\d+"/, '$10"')
    .concat('\n[people.signature]\noperate = "reason"\nmode = "reauthenticate"\nreset = "second"\n[people.lockout]\nfailures_max = 2\n'));
  const state = join(folder, "data", "sim");
  for (const name of Object.keys(OWN)) execFileSync(BIN, ["users", "add", name, "--full-name", `Name of ${name}`, "--role", "shift-lead", "--state", state], { input: `${FIRST}\n` });
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

/** A page of a person who has a password of their own. */
async function signedIn(name) {
  const page = await open(station.base, { hash: "#/display/r101" });
  await page.waitForFunction(() => window.hmi.session.state.people);
  await page.keyboard.press("Control+Alt+i");
  await signIn(page, name, OWN[name]);
  await page.waitForFunction((user) => window.hmi.session.state.user === user && !document.querySelector("dialog"), name);
  return page;
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
    await page.keyboard.press("Control+Alt+l");
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
    await page.waitForSelector("dialog .sign");
    await axe(page, "reason");
    await shoot(page, "reason");
    const sign = page.locator("dialog .primary");
    assert.equal(await sign.isDisabled(), true, "no deed without a reason");
    // Words of one's own are asked for where no reason of the list fits.
    await field(page, "Reason").selectOption("Other");
    assert.equal(await sign.isDisabled(), true);
    await field(page, "Comment").fill("trial of the dialog");
    await page.keyboard.press("Enter");
    // After a start the loop is in manual: what was entered is its output.
    await page.waitForFunction((value) => ["TIC-101.SP", "TIC-101.OUT"].some((tag) => window.hmi.store.read(tag).value === value), before_ + 1);
    await page.context().close();
  });

  test("a maintenance override is signed by two with a permit number, and the list says who, why and under which", async () => {
    const page = await signedIn("li");
    await page.evaluate(() => { location.hash = "#/lists"; });
    await page.waitForFunction(() => window.hmi.store.tag("C09.MOS_1"));
    await page.evaluate(async () => {
      window.hmi.store.watch("BYPASS.KEY", () => {});
      const { ask } = await import("/assets/core/api.js");
      await ask("simulation/act", { do: "act", name: "turn-bypass-key-on" }, 5000);
    });
    await page.waitForFunction(() => window.hmi.store.read("BYPASS.KEY").value === 1);
    await page.evaluate(() => { import("/assets/core/api.js").then(({ command }) => command("C09.MOS_1", 1, 0)); });
    await page.waitForSelector("dialog .sign");
    await axe(page, "signature of a bypass");
    await field(page, "Reason").selectOption("Other");
    await field(page, "Comment").fill("PT-101A is exchanged");
    await field(page, "Permit number").fill("PTW-2026-118");
    const first = page.getByRole("group", { name: /^1 · Performed by/ }), second = page.getByRole("group", { name: /^2 · Verified by/ });
    await first.getByLabel("Password").fill(OWN.li);
    await second.getByLabel("User").fill("wang");
    assert.equal(await page.locator("dialog .primary").isDisabled(), true, "not complete");
    await second.getByLabel("Password").fill(OWN.wang);
    await page.locator("dialog .primary").click();
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

  test("a mode is signed by the person's own password: a wrong one is refused, what was typed goes, the right one moves the loop", async () => {
    const page = await signedIn("li");
    await page.waitForSelector("hmi-faceplate .seg [aria-pressed=true]");
    const apply = async () => {
      await page.locator("hmi-faceplate .seg").getByRole("button", { name: "AUTO", exact: true }).click();
      await page.getByRole("button", { name: /^Apply/ }).click();
      await page.waitForSelector("dialog .sign");
    };
    await apply();
    await axe(page, "re-authenticate");
    await shoot(page, "signature");
    const dialog = page.locator("dialog"), sign = dialog.getByRole("button", { name: "Sign and execute" });
    assert.equal(await dialog.locator("fieldset").count(), 1, "nobody else is asked");
    assert.match(await dialog.locator(".deed").textContent(), /TIC-101\.MODE .*MAN → AUTO.*Consequence: Moves TIC-101\.OUT/);
    assert.match(await dialog.textContent(), /The server sets the time\. Each signature is bound to this action/);
    assert.equal(await field(page, "User").inputValue(), "li · Name of li");
    await field(page, "Reason").selectOption({ index: 1 });
    assert.equal(await sign.isDisabled(), true, "not complete without the password");
    await field(page, "Password").fill("wrong");
    await sign.click();
    await page.waitForSelector("dialog .refusal:not([hidden])");
    assert.match(await page.textContent("dialog .refusal"), /password/);
    assert.equal(await field(page, "Password").inputValue(), "", "a password does not stay");
    assert.equal(await sign.isDisabled(), true);
    await axe(page, "refused signature");
    await field(page, "Password").fill(OWN.li);
    await sign.click();
    await page.waitForFunction(() => !document.querySelector("dialog") && window.hmi.store.read("TIC-101.MODE").value === 1);
    // Whoever leaves the dialog has asked for nothing.
    await page.locator("hmi-faceplate .seg").getByRole("button", { name: "MAN", exact: true }).click();
    await page.getByRole("button", { name: /^Apply/ }).click();
    await page.waitForSelector("dialog .sign");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    assert.equal(await page.evaluate(() => window.hmi.store.read("TIC-101.MODE").value), 1);
    await page.context().close();
  });

  test("a reset is signed by two: the same person, a wrong password and a locked person are refused, another person is not", async () => {
    const page = await signedIn("li");
    await page.waitForFunction(() => window.hmi.store.read("RG-1.TRIPPED").value === 1);
    const count = await page.evaluate(() => window.hmi.store.events.length);
    await page.locator("hmi-interlock-panel header").getByRole("button", { name: "Reset" }).click();
    await page.locator("hmi-interlock-panel .strip").getByRole("button", { name: /^Apply/ }).click();
    await page.waitForSelector("dialog .sign");
    const first = page.getByRole("group", { name: /^1 · Performed by/ }), second = page.getByRole("group", { name: /^2 · Verified by \(a different person\)/ });
    const sign = page.getByRole("button", { name: "Sign and execute" });
    await field(page, "Reason").selectOption({ index: 1 });
    const attempt = async (name, password) => {
      await first.getByLabel("Password").fill(OWN.li);
      assert.equal(await sign.isDisabled(), true, "not complete without the second person");
      await second.getByLabel("User").fill(name);
      await second.getByLabel("Password").fill(password);
      await page.evaluate(() => { document.querySelector("dialog .refusal").textContent = ""; });
      await sign.click();
      await page.waitForFunction(() => !document.querySelector("dialog") || document.querySelector("dialog .refusal").textContent !== "");
      return page.locator("dialog .refusal").textContent({ timeout: 1000 }).catch(() => "");
    };
    assert.match(await attempt("li", OWN.li), /must be another person/);
    await axe(page, "two persons");
    await shoot(page, "signature-second");
    assert.match(await attempt("zhao", "wrong"), /password/);
    assert.match(await attempt("zhao", "wrong again"), /password|locked/);
    assert.match(await attempt("zhao", FIRST), /locked/);
    assert.equal(await attempt("wang", OWN.wang), "");
    await page.waitForFunction((n) => window.hmi.store.events.slice(n).some((e) => e.kind === "command" && e.tag === "RG-1.RESET" && /wang/.test(e.en + e.actor)) || window.hmi.store.events.slice(n).some((e) => e.tag === "RG-1.RESET" && e.kind !== "refused"), count);
    await page.context().close();
  });

  test("two people who have signed in, one set-point: the second, who saw the old value, gets 409, and the record names both", async () => {
    const asks = async (path, body, cookie = "") => {
      const answer = await fetch(`${station.base}api/v1/${path}`, { method: "POST", headers: { Origin: new URL(station.base).origin, "X-HMI": "1", "Content-Type": "application/json", Cookie: cookie }, body: JSON.stringify(body) });
      return { status: answer.status, json: await answer.json(), cookie: answer.headers.get("set-cookie")?.split(";")[0] };
    };
    const cookies = {};
    for (const name of ["li", "wang"]) {
      const user = OWN[name];
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
    await until(page, "PIC-101.MODE_ACT", 0);
    const seen = await value(page, "PIC-101.OUT");
    const write = (to) => page.evaluate(() => window.hmi.link.serverMs).then((ms) => ({ id: crypto.randomUUID(), tag: "PIC-101.OUT", value: to, seen_value: seen, reason: "trial", seen_ms: Math.round(ms) }));
    const one = await asks("cmd", await write(seen + 0.5), cookies.li);
    await until(page, "PIC-101.OUT", seen + 0.5);
    const two = await asks("cmd", await write(seen + 1), cookies.wang);
    assert.deepEqual([one.status, two.status, two.json.code], [200, 409, "value_changed"], JSON.stringify([one.json, two.json]));
    assert.equal(await value(page, "PIC-101.OUT"), seen + 0.5);
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
