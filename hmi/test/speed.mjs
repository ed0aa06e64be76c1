// What the operator interface costs and how quick it is: figures for docs/performance.md.
//
//   cargo build --release -p scanloop && cargo build --release -p scanloop-benches --example hmi_load
//   npm --prefix hmi/test run speed [-- elements callup trend bytes]
//
// HMI_LOAD and SCANLOOP_BIN: the two programs, if not in ../../target/release.
// HMI_CHROMIUM: the browser (default /usr/bin/chromium).

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { chromium } from "playwright-core";
import { address, launchArguments } from "./launch.mjs";

const HERE = import.meta.dirname;
const TARGET = resolve(process.env.CARGO_TARGET_DIR ?? join(HERE, "../../target"), "release");
const LOAD = process.env.HMI_LOAD ?? join(TARGET, "examples/hmi_load");
const STATION = process.env.SCANLOOP_BIN ?? join(TARGET, "scanloop");
const WEB = join(HERE, "../web");
const PLANTS = join(HERE, "../../plants");
const SECONDS = 20, ROUNDS = 3, CALL_UPS = 65, TREND_ROUNDS = 12;
const PENS = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `P${n}.PV`);

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.max(0, Math.ceil(list.length * q) - 1)];
const busy = () => `load ${loadavg()[0].toFixed(1)} on ${cpus().length} processors`;

/** Processor seconds of a process: its own and its kernel's, in ticks of 10 ms. */
function used(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Percent of a core of some processes over the same seconds. */
async function share(pids, seconds) {
  const from = performance.now(), before = pids.map(used);
  await wait(seconds * 1000);
  const past = (performance.now() - from) / 1000;
  return pids.map((pid, i) => (100 * (used(pid) - before[i])) / past);
}

async function serve(program, args) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"] });
  const base = await address(child);
  running.add(child);
  const ended = new Promise((done) => child.on("exit", () => { running.delete(child); done(); }));
  return { base, pid: child.pid, end: () => { child.stdin.end(); child.kill("SIGINT"); return ended; } };
}

const load = (...args) => serve(LOAD, ["0", ...args.map(String)]);

async function station() {
  const folder = mkdtempSync(join(tmpdir(), "speed-"));
  cpSync(PLANTS, join(folder, "plants"), { recursive: true });
  const server = await serve(STATION, ["run", join(folder, "plants/synthesis"), "--data", join(folder, "data"), "--hmi", "127.0.0.1:0"]);
  return { ...server, end: async () => { await server.end(); rmSync(folder, { recursive: true, force: true }); } };
}

/** Servers that still run: they end with this process, whatever happened. */
const running = new Set();
process.on("exit", () => { for (const child of running) child.kill("SIGINT"); });

async function browse(work) {
  const browser = await chromium.launch({ executablePath: process.env.HMI_CHROMIUM ?? "/usr/bin/chromium", args: launchArguments });
  try { await work(browser); } finally { await browser.close(); }
}

async function open(browser, base, hash) {
  const page = await (await browser.newContext({ viewport: { width: 1920, height: 1080 } })).newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(base + hash);
  await page.waitForFunction(() => window.hmi && !window.hmi.link.stale, null, { polling: 100 });
  return page;
}

/** All renderers: the one that works most is that of the page. */
async function renderers(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter((p) => p.type === "renderer").map((p) => p.id);
}

/** 2 000 bound elements, ten times a second, a fifth of them changing. */
async function elements() {
  console.log(`\n## 2 000 bound elements, 10 Hz, 20 % changing (${busy()})\n\n| round | renderer | server, 1 window | messages/s | drawn/s | DOM elements | load |\n| --- | --- | --- | --- | --- | --- | --- |`);
  const server = await load(2000, 10, 0.2);
  await browse(async (browser) => {
    const page = await open(browser, server.base, "#/display/load");
    await page.waitForSelector(".drawing svg text");
    const pids = await renderers(browser);
    // A machine without time draws less often, and cheaper: so it is counted.
    await page.evaluate(() => { const { store } = window.hmi, flush = store.flush; store.drawn = 0; store.flush = function () { this.drawn++; flush.call(this); }; });
    for (let round = 1; round <= ROUNDS; round++) {
      await wait(3000);
      const [frames, drawn] = await page.evaluate(() => [window.hmi.link.frames, window.hmi.store.drawn]);
      const [serverShare, ...shares] = await share([server.pid, ...pids], SECONDS);
      const browserShare = Math.max(...shares);
      const [after, drawnAfter, nodes] = await page.evaluate(() => [window.hmi.link.frames, window.hmi.store.drawn, document.querySelectorAll("*").length]);
      console.log(`| ${round} | ${browserShare.toFixed(1)} % | ${serverShare.toFixed(2)} % | ${((after - frames) / SECONDS).toFixed(1)} | ${((drawnAfter - drawn) / SECONDS).toFixed(1)} | ${nodes} | ${loadavg()[0].toFixed(1)} |`);
    }
  });
  await server.end();
}

/** From the click on a page's name until every value it asks for is drawn. */
async function callUp() {
  console.log(`\n## Call-up of the demo plant's pages (${busy()})\n`);
  const server = await station();
  const all = new Map();
  await browse(async (browser) => {
    const page = await open(browser, server.base, "#/display/overview");
    // History for trends, alarms for the list.
    await wait(15_000);
    const links = await page.evaluate(() => [...document.querySelectorAll("hmi-nav a")].map((a) => a.getAttribute("href")));
    for (let n = 0; n < CALL_UPS; n++) {
      const href = links[n % links.length];
      const ms = await page.evaluate((to) => new Promise((done, fail) => {
        const { store } = window.hmi;
        // Asked for: every tag that something on the page watches, every trend, every drawing.
        const unknown = () => store.wanted().filter((name) => Number.isNaN(store.values[store.tag(name).handle]));
        const drawn = () => location.hash === to && document.querySelector("#main")?.firstElementChild?.childElementCount > 0
          && [...document.querySelectorAll(".drawing")].every((d) => d.querySelector("svg"))
          && [...document.querySelectorAll("hmi-trend")].every((trend) => trend.data || !trend.clientHeight)
          && unknown().length === 0;
        const from = performance.now();
        const look = () => {
          if (drawn()) requestAnimationFrame(() => done(performance.now() - from));
          else if (performance.now() - from > 20000) fail(new Error(`${to} is not drawn: ${unknown()}`));
          else requestAnimationFrame(look);
        };
        document.querySelector(`hmi-nav a[href="${to}"]`).click();
        requestAnimationFrame(look);
      }), href);
      all.set(href, [...(all.get(href) ?? []), ms]);
      await wait(400);
    }
  });
  await server.end();
  console.log("| page | call-ups | median | worst |\n| --- | --- | --- | --- |");
  for (const [href, list] of all) console.log(`| ${href} | ${list.length} | ${quantile(list, 0.5).toFixed(0)} ms | ${Math.max(...list).toFixed(0)} ms |`);
  const every = [...all.values()].flat();
  console.log(`\n${every.length} call-ups: median ${quantile(every, 0.5).toFixed(0)} ms, 95th percentile ${quantile(every, 0.95).toFixed(0)} ms, worst ${Math.max(...every).toFixed(0)} ms (goal 1 000 ms; ${busy()})`);
}

/** 8 pens of 100 000 stored samples: from the request until the picture stands. */
async function trend() {
  console.log(`\n## Trend of 8 pens × 100 000 samples over 24 h (${busy()})\n\n| round | click to drawn | request to answer | request to drawn | buckets |\n| --- | --- | --- | --- | --- |`);
  const server = await load(2000, 1, 0.2);
  const times = [], work = [];
  await browse(async (browser) => {
    for (let round = 1; round <= TREND_ROUNDS; round++) {
      // A new window each time: nothing is warm but the server.
      const page = await open(browser, server.base, `#/trends/${PENS.join(",")}`);
      await page.waitForFunction(() => document.querySelector("hmi-trend")?.data);
      await wait(1500);
      const pids = [server.pid, ...(await renderers(browser))], before = pids.map(used);
      const t = await page.evaluate(() => new Promise((done) => {
        const node = document.querySelector("hmi-trend"), ask = window.fetch, take = node.take, out = {};
        window.fetch = async (...args) => {
          const mine = String(args[0]).includes("/trend?") && out.asked === undefined;
          if (mine) out.asked = performance.now();
          const answer = await ask(...args);
          if (mine) out.answered = performance.now();
          return answer;
        };
        node.take = function (...args) {
          take.apply(this, args);
          if (out.asked === undefined) return;
          out.buckets = this.data.count;
          // The picture is on the canvas; the screen has it with the next frame but one.
          requestAnimationFrame(() => requestAnimationFrame(() => done({ ...out, drawn: performance.now() })));
        };
        out.clicked = performance.now();
        [...document.querySelectorAll("hmi-trend-page .seg button")].find((b) => b.textContent === "24 h").click();
      }));
      const from = (a, b) => (t[b] - t[a]).toFixed(0);
      times.push(t.drawn - t.asked);
      const [own, ...others] = pids.map((pid, i) => 1000 * (used(pid) - before[i]));
      work.push([own, Math.max(...others)]);
      console.log(`| ${round} | ${from("clicked", "drawn")} ms | ${from("asked", "answered")} ms | ${from("asked", "drawn")} ms | ${t.buckets} |`);
      await page.context().close();
    }
  });
  await server.end();
  const mean = (k) => (work.reduce((sum, w) => sum + w[k], 0) / work.length).toFixed(0);
  console.log(`\nprocessor time of a call, mean: server ${mean(0)} ms, renderer ${mean(1)} ms`);
  console.log(`median ${quantile(times, 0.5).toFixed(0)} ms, 95th percentile ${quantile(times, 0.95).toFixed(0)} ms (goal 300 ms; ${busy()})`);
}

/** Every file of the front end as it is sent. */
async function bytes() {
  const server = await load(10, 1, 0);
  const files = (folder) => readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [relative(WEB, path)];
  });
  let sum = 0, count = 0;
  for (const file of files(WEB)) {
    const answer = await fetch(server.base + (file === "index.html" ? "" : `assets/${file}`));
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    sum += (await answer.arrayBuffer()).byteLength;
    count++;
  }
  await server.end();
  console.log(`\n## Front end\n\n${sum} bytes in ${count} files, uncompressed as sent (goal 250 000)`);
}

const PARTS = { elements, callup: callUp, trend, bytes };
const asked = process.argv.slice(2);
for (const name of asked.length ? asked : Object.keys(PARTS)) await PARTS[name]();
