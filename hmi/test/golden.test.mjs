// The way of a shift, in both languages, by mouse and keyboard alone: the demo scenario is
// played, the agitator trips while B is dosed, and the dose is brought to its end. Against
// the real station with its simulator, in real time, and with a batch of which nobody
// waits four hours for the end.
//
//   SCANLOOP_BIN=<target>/debug/scanloop node --test golden.test.mjs
//
// HMI_SHOTS: folder for a picture of every step.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { axe, clean, open, shoot } from "./browser.mjs";
import { layOut, skip, until, value } from "./station.mjs";

const WORDS = Object.fromEntries(["en", "zh-CN"].map((name) => [name.slice(0, 2), JSON.parse(readFileSync(new URL(`../web/i18n/${name}.json`, import.meta.url), "utf8"))]));
/** The machine may be slow. */
const PATIENCE_MS = 600_000;
/** So much is dosed in two minutes; too little to show that it reacts. */
const BATCH_KG = 2.5;
const smallBatch = (name, text) => (name !== "units/r101.toml" ? text : text.replace("target = 300.0", `target = ${BATCH_KG}`).replace('hold = "IC-101.HOLD"\n', ""));

/** What a person does, by what a person reads. */
function hands(page, lang, named) {
  const t = (text) => WORDS[lang][text] ?? text;
  let step = 0;
  const goTo = async (hash, ready) => {
    await page.locator(`hmi-nav a[href="${hash}"]`).click();
    await page.waitForSelector(ready);
  };
  return {
    t, goTo,
    picture: (name) => shoot(page, `${named}-${String(++step).padStart(2, "0")}-${name}`),
    press: (name, within = page) => within.getByRole("button", { name: t(name), exact: true }).click(),
    /** Finds a block as the key / does, and opens its faceplate. */
    face: async (block) => {
      await page.keyboard.press("/");
      await page.keyboard.type(block);
      await page.locator("dialog .hits button").filter({ has: page.locator("b", { hasText: new RegExp(`^${block}$`) }) }).click();
      await page.waitForSelector(`hmi-faceplate h2:text-is("${block}")`);
    },
    /** Chooses a state of a tag on the open faceplate, and applies it. */
    choose: async (tag, state) => {
      const [group, word] = await page.evaluate(([name, v, l]) => { const it = window.hmi.store.tag(name); return [it.desc[l], it.states.find((s) => s.value === v).text[l]]; }, [tag, state, lang]);
      await page.locator("hmi-faceplate").getByRole("group", { name: group, exact: true }).getByRole("button", { name: word, exact: true }).click();
      await page.locator("hmi-faceplate").getByRole("button", { name: `${t("Apply")} (Enter)` }).click();
    },
    /** Asks at the simulator panel. */
    simulate: async (what, name) => {
      await goTo("#/sim", ".sim-row");
      await page.getByRole("button", { name: `${t(what)} ${name}`, exact: true }).click();
    },
  };
}

describe("the golden path", { skip }, () => {
  for (const [lang, theme, simulation] of [["en", "day", "SIMULATION"], ["zh", "night", "仿真"]]) {
    test(`start, dose, trip, acknowledge, reset and dose to the end, in ${lang}`, { timeout: 20 * 60_000 }, async (t_) => {
      const station = layOut({ args: ["--play", "none"], change: smallBatch });
      t_.after(station.end);
      const page = await open(await station.start(), { lang, theme });
      page.context().setDefaultTimeout(PATIENCE_MS);
      const { t, goTo, picture, press, face, choose, simulate } = hands(page, lang, `golden-${lang}`);
      const shown = (selector, text) => page.waitForFunction(([s, words]) => [...document.querySelectorAll(s)].some((n) => n.offsetParent !== null && n.textContent.includes(words)), [selector, text], { polling: 100 });

      // A simulation is named as one, and after a start every trip is latched.
      assert.equal(await page.textContent(".watermark text"), simulation);
      assert.equal(await page.textContent(".sim-flag"), simulation);
      await shown(".trips", t("TRIPPED"));
      await picture("start");

      // The demo scenario does what an operator does first.
      await goTo("#/sim", ".sim-row");
      const scenario = page.getByRole("combobox", { name: t("Scenario"), exact: true });
      await scenario.selectOption("demo");
      await press("Play");
      await page.getByRole("button", { name: t("Stop"), exact: true }).waitFor();
      await picture("played");
      await goTo("#/display/r101", ".drawing svg [data-face]");
      await until(page, "DOSE.STATE", 1, { timeout: PATIENCE_MS });
      await page.waitForSelector(".trips", { state: "hidden" });
      await picture("dosing");
      // What waited since the start is acknowledged, page by page, so that what comes is seen.
      const acknowledge = async () => {
        await goTo("#/alarms", "hmi-alarm-page .title");
        const button = page.getByRole("button", { name: t("Acknowledge page"), exact: true });
        while (await button.isEnabled()) {
          const before = await page.evaluate(() => window.hmi.alarms.counts.priority.reduce((a, c) => a + c.unacknowledged, 0));
          await button.click();
          await page.waitForFunction((n) => window.hmi.alarms.counts.priority.reduce((a, c) => a + c.unacknowledged, 0) < n, before, { polling: 100 });
        }
        await page.waitForFunction(() => window.hmi.horn.sounding === null, null, { polling: 100 });
      };
      await acknowledge();

      // The agitator trips.
      await value(page, "DOSE.TOTAL");
      await page.waitForFunction(() => window.hmi.store.read("DOSE.TOTAL").value > 0.4, null, { polling: 100 });
      const dosed = await value(page, "DOSE.TOTAL");
      await simulate("Inject", "agitator-stop");
      await shown(".trips", `${t("first-out")} C06`);
      await page.waitForFunction(() => window.hmi.horn.sounding !== null, null, { polling: 100 });
      await page.locator("hmi-banner .chip", { hasText: t("HORN OFF") }).waitFor({ state: "hidden" });
      await shown("hmi-banner .newest b", "UA-06");
      assert.ok(await page.evaluate(() => window.hmi.alarms.counts.priority[0].unacknowledged) > 0, "an urgent alarm waits");
      await goTo("#/display/r101", ".drawing svg [data-face]");
      await shown("hmi-interlock-panel .cause.on", t("1st"));
      await until(page, "XV-101A.STATE", 0);
      await until(page, "DOSE.STATE", 0);
      await picture("tripped");
      await axe(page, "tripped");
      await goTo("#/alarms", ".alarms tbody tr");
      const first = page.locator(".alarms tbody tr", { hasText: "UA-06" }).filter({ hasText: t("First-out") });
      await first.first().waitFor();
      await first.first().click();
      await page.waitForSelector(".help h3");
      assert.doesNotMatch(await page.textContent("main"), /\[object /);
      await picture("alarms");
      await goTo("#/matrix", ".ce tbody tr");
      await shown(".ce tbody tr.on th b", "C06");
      for (const effect of ["E1", "E2", "E3"]) await shown(".ce .effect.acts b", effect);
      assert.match(await page.locator(".ce tbody tr.on", { has: page.locator("th", { hasText: "C06" }) }).textContent(), new RegExp(`${t("1st")}.*${t("TRIP")}`));
      await picture("matrix");
      await axe(page, "matrix tripped");

      // Silence is not acknowledgement.
      await press("Silence", page.locator("hmi-banner"));
      await page.waitForFunction(() => window.hmi.horn.sounding === null, null, { polling: 100 });
      assert.ok(await page.evaluate(() => window.hmi.alarms.counts.priority[0].unacknowledged) > 0);
      await acknowledge();
      await picture("acknowledged");

      // Why it cannot be started: two of its conditions are missing.
      await goTo("#/lists", "hmi-permit-panel .need");
      const permits = page.locator("hmi-permit-panel", { has: page.locator('h2[title="DP-101"]') });
      const missing = async () => permits.locator(".need.missing .txt").allTextContents();
      const words = await page.evaluate((l) => Object.fromEntries(window.hmi.store.block("DP-101").rows.map((r) => [r.tag, r.text[l]])), lang);
      const [runs, reset] = [words["M-101.RUN"], words["RG-1.TRIPPED"]];
      assert.ok((await missing()).includes(runs) && (await missing()).includes(reset), `${await missing()}`);
      await permits.scrollIntoViewIfNeeded();
      await picture("why-not");

      // The fault is removed, the drive started again, the group reset, the dose begun.
      await simulate("Clear", "agitator-stop");
      await page.waitForFunction((name) => ![...document.querySelectorAll("hmi-sim-page .rows b")].some((b) => b.textContent === name), "agitator-stop", { polling: 100 });
      // A reset while the cause stands is announced as one that does nothing.
      await goTo("#/display/r101", ".drawing svg [data-face]");
      const panel = page.locator("hmi-interlock-panel").first();
      await press("Reset", panel);
      await shown("hmi-interlock-panel .strip", t("A cause is still present: the reset will do nothing."));
      await page.keyboard.press("Escape");
      // Settled layers are not stirred up before the accumulation has reacted away.
      await until(page, "AG-101.PERMIT", 1, { timeout: PATIENCE_MS });
      await face("M-101");
      await choose("M-101.START", 0);
      await until(page, "M-101.START", 0);
      await choose("M-101.START", 1);
      await until(page, "C06.TRIP", 0, { timeout: PATIENCE_MS });
      await picture("running-again");
      // Whoever takes long finds that the independent SIS has tripped too, and R-102 with it.
      for (const [group, display] of [["RG-2", "r102"], ["RG-1", "r101"]]) {
        if (await value(page, `${group}.TRIPPED`) !== 1) continue;
        await goTo(`#/display/${display}`, "hmi-interlock-panel");
        await until(page, `${group}.ARMED_RESET`, 1, { timeout: PATIENCE_MS });
        const mine = page.locator("hmi-interlock-panel").filter({ has: page.locator("h2", { hasText: group }) });
        await press("Reset", mine);
        await mine.getByRole("button", { name: `${t("Apply")} (Enter)` }).click();
        await until(page, `${group}.TRIPPED`, 0);
      }
      await page.waitForSelector(".trips", { state: "hidden" });
      await picture("reset");
      await until(page, "DP-101.OK", 1, { timeout: PATIENCE_MS });
      await face("DOSE");
      await choose("DOSE.ENABLE", 1);
      await until(page, "DOSE.STATE", 1);
      await page.waitForFunction((kg) => window.hmi.store.read("DOSE.TOTAL").value > kg + 0.2, dosed, { timeout: PATIENCE_MS, polling: 100 });
      await picture("dosing-again");

      await until(page, "DOSE.STATE", 3, { timeout: PATIENCE_MS });
      await until(page, "XV-101A.STATE", 0);
      assert.equal(await page.locator("hmi-faceplate .big.fault").count(), 0, "what is done is no fault");
      await picture("done");
      const all = await value(page, "DOSE.TOTAL");
      assert.ok(Math.abs(all - BATCH_KG) < 0.2, `${all} kg`);
      t_.diagnostic(`${all.toFixed(2)} kg dosed, ${dosed.toFixed(2)} kg before the trip`);
      clean(page);
      await page.context().close();
    });
  }
});
