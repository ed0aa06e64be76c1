// Browser tests of faceplates at the real station: one of each kind, with its parts.
//
//   SCANLOOP_BIN=<target>/debug/scanloop npm test

import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, clean, open, shoot } from "./browser.mjs";
import { layOut, skip, until } from "./station.mjs";

/** Block of each kind, and what its faceplate must have beside its tabs. */
const KINDS = {
  "TIC-101": ["PID", [".bars svg .frame", ".bars .pv", ".seg [aria-pressed='true']", ".entry input"]],
  "XV-101A": ["VALVE", [".face-state .big", ".rows .seg"]],
  "M-101": ["MOTOR", [".face-state .big", ".rows .seg"]],
  "TT-101": ["MEDIAN", [".gauge .big", ".gauge svg .band", ".spark canvas"]],
  "TT-101A": ["AI", [".gauge .big", ".spark canvas"]],
  "C01": ["CAUSE", ["p + .small", ".rows .chip"]],
  "RG-1": ["INTERLOCK", ["hmi-interlock-panel .cause", "hmi-interlock-panel header button"]],
  "DOSE": ["DOSE", [".face-state .big", "hmi-permit-panel .need", ".entry input"]],
  "IN-101": ["INERT", [".face-state .big", ".rows .val"]],
  "UP-101": ["PHASE", ["hmi-phase-panel .need", "hmi-phase-panel .chip"]],
};

test("a faceplate of each kind has its parts, its tabs and no accessibility violation, in both languages", { skip }, async (t) => {
  const station = layOut({ args: ["--play", "none"] });
  t.after(station.end);
  const base = await station.start();
  for (const [lang, theme] of [["en", "day"], ["zh", "night"]]) {
    const page = await open(base, { lang, theme, hash: "#/display/r101", width: 1280, height: 800 });
    await page.waitForSelector(".drawing svg [data-face]");
    for (const [name, [kind, parts]] of Object.entries(KINDS)) {
      assert.equal(await page.evaluate((block) => window.hmi.store.block(block)?.kind, name), kind, name);
      await page.evaluate((block) => document.querySelector("hmi-app").openFace(block), name);
      const face = page.locator(`hmi-faceplate:has(header h2:text-is("${name}"))`);
      await face.waitFor();
      for (const part of parts) await face.locator(part).first().waitFor({ state: "attached" });
      const tabs = face.getByRole("tab");
      assert.equal(await tabs.count(), kind === "PID" ? 5 : 4, name);
      await axe(page, `${name} ${lang}`);
      await shoot(page, `face-${kind}-${lang}`);
      if (lang === "zh") continue;
      for (const tab of await tabs.allTextContents()) {
        await face.getByRole("tab", { name: tab }).click();
        await page.waitForFunction((text) => document.querySelector("hmi-faceplate [role=tab][aria-selected=true]").textContent === text, tab);
        assert.notEqual((await face.locator(".body > :not(.tabs)").allTextContents()).join(""), "", `${name}: ${tab} is not empty`);
      }
      await axe(page, `${name} last tab`);
    }
    clean(page);
    await page.context().close();
  }
});

test("an alarm stands in the head of the faceplate and about its value; locks name what holds a valve", { skip }, async (t) => {
  const station = layOut({ args: ["--play", "none"] });
  t.after(station.end);
  const page = await open(await station.start(), { hash: "#/display/r101" });
  await page.waitForSelector("hmi-faceplate .bars");
  // Held beyond its limit, the temperature alarms.
  await page.evaluate(async () => {
    const { link } = window.hmi;
    const body = { id: crypto.randomUUID(), tag: "TT-101.PV", value: 49, reason: "trial", seen_ms: Math.round(link.serverMs) };
    await fetch("/api/v1/force", { method: "POST", headers: { "Content-Type": "application/json", "X-HMI": "1" }, body: JSON.stringify(body) });
  });
  await page.waitForSelector("hmi-faceplate > header .badge");
  const priority = (await page.textContent("hmi-faceplate > header .badge text")).trim();
  await page.waitForSelector(`hmi-faceplate .bars .frame.a${priority}`, { state: "attached" });
  await page.waitForSelector(`hmi-faceplate dd.pv.a${priority}`);
  await page.getByRole("tab", { name: "Alarms" }).click();
  await page.waitForSelector("hmi-faceplate .face-alarm .chip");
  await page.evaluate(() => document.querySelector("hmi-app").openFace("XV-101A"));
  await page.getByRole("tab", { name: "Locks" }).click();
  // After a start every trip is latched: the valve is held.
  await page.waitForSelector("hmi-faceplate .rows .chip.trip");
  await page.context().close();
});

test("a command of the sequence is proposed before it is given, and is recorded", { skip }, async (t) => {
  const station = layOut({ args: ["--play", "none"] });
  t.after(station.end);
  const page = await open(await station.start(), { hash: "#/display/r101" });
  const panel = page.locator(".panels hmi-phase-panel");
  await panel.locator(".need").nth(14).waitFor({ state: "attached" });
  assert.equal(await panel.locator(".need.later").count(), 15, "nothing is done yet");
  await until(page, "UP-101.STATE", 0);
  const given = () => page.evaluate(() => window.hmi.store.events.some((e) => e.kind === "command" && e.tag === "UP-101.START"));
  await panel.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForSelector('hmi-faceplate[aria-label="Faceplate UP-101"] .strip .primary');
  assert.equal(await given(), false, "a proposal is no command");
  await page.locator("hmi-faceplate .strip .primary").click();
  await page.waitForFunction(() => window.hmi.store.events.some((e) => e.kind === "command" && e.tag === "UP-101.START"), null, { polling: 100 });
  await page.context().close();
});

test("a permission whose conditions hold says how long they must hold yet", { skip }, async (t) => {
  const station = layOut({ args: ["--speed", "3"] });
  t.after(station.end);
  const page = await open(await station.start(), { hash: "#/lists" });
  await page.waitForSelector('hmi-permit-panel h2[title="DP-101"]');
  const told = await page.evaluate(() => new Promise((done) => {
    const chip = document.querySelector('h2[title="DP-101"]').closest("hmi-permit-panel").querySelector(".chip");
    const all = [chip.textContent];
    new MutationObserver(() => { all.push(chip.textContent); if (chip.textContent === "may start") done(all); }).observe(chip, { childList: true, characterData: true, subtree: true });
  }));
  // The demo scenario makes them hold, one after the other.
  assert.match(told[0], /^\d+ missing$/);
  assert.ok(told.some((text) => /^\d+ s$/.test(text)), told.join(", "));
  clean(page);
  await page.context().close();
});
