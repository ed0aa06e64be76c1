// A station of one's own for a test: a copy of plants/synthesis, simulated, in a folder
// that goes with it.

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { address } from "./browser.mjs";

export const BIN = process.env.SCANLOOP_BIN;
/** Why a test of the station is not run, if it is not. */
export const skip = BIN ? false : "SCANLOOP_BIN is not set";
const PLANTS = resolve(import.meta.dirname, "../../plants");

/**
 * Lays out a plant: `change(name, text)` answers the text of each TOML file as it shall
 * be. `start(port)` runs it; `end` ends it and leaves nothing.
 */
export function layOut({ args = [], change = (_, text) => text, prepare = () => {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "station-"));
  const plant = join(folder, "plants", "synthesis"), data = join(folder, "data");
  cpSync(PLANTS, join(folder, "plants"), { recursive: true });
  for (const name of ["plant.toml", "units/r101.toml", "alarms/r101.toml"]) {
    const file = join(plant, name), text = readFileSync(file, "utf8");
    // Servers of the plant itself listen anywhere: another station may hold their port.
    writeFileSync(file, change(name, text.replace(/(listen = "127\.0\.0\.1:)\d+"/, '$10"')));
  }
  prepare({ plant, data });
  let child, ended = Promise.resolve();
  const start = async (port = 0) => {
    child = spawn(BIN, ["run", plant, "--data", data, "--hmi", `127.0.0.1:${port}`, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    ended = new Promise((done) => child.on("exit", done).on("error", done));
    return address(child);
  };
  const stop = (signal) => { child?.kill(signal); return ended; };
  return {
    plant, data, start, stop,
    get pid() { return child.pid; },
    end: async () => { await stop("SIGINT"); rmSync(folder, { recursive: true, force: true }); },
  };
}

/** The newest value of a tag that the page knows, whether it shows it or not. */
export const until = async (page, tag, wanted, { timeout = 300_000 } = {}) => {
  await page.evaluate((name) => { window.hmi.store.watch(name, () => {}); }, tag);
  // By a timer and not by frames: a window behind others draws none.
  await page.waitForFunction(([name, value]) => window.hmi.store.read(name).value === value, [tag, wanted], { timeout, polling: 100 });
};

/** The value itself, when it has come. */
export const value = async (page, tag) => {
  await page.evaluate((name) => { window.hmi.store.watch(name, () => {}); }, tag);
  const handle = await page.waitForFunction((name) => { const { value: v } = window.hmi.store.read(name); return Number.isFinite(v) ? { v } : null; }, tag, { polling: 100 });
  return (await handle.jsonValue()).v;
};
