// What is refused at the real station is refused and recorded, whoever asks; and what
// people and plants write is shown as text, whatever it is.
//
//   SCANLOOP_BIN=<target>/debug/scanloop node --test refusals.test.mjs

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { clean, open, shoot } from "./browser.mjs";
import { BIN, layOut, skip } from "./station.mjs";

const FIRST = "seven green kettles";
const OWN = { op: "nine blue kettles sing", eng: "ten red kettles rest", qa: "six grey kettles wait" };
const state = (data) => join(data, "sim");
const users = (data, args, input = "") => execFileSync(BIN, ["users", ...args, "--state", state(data)], { input, encoding: "utf8" });

/** Asks as a page would; `change(headers)` makes it another. */
async function ask(base, path, body, { cookie = "", change = (h) => h } = {}) {
  const headers = change({ Origin: new URL(base).origin, "X-HMI": "1", "Content-Type": "application/json", ...(cookie ? { Cookie: cookie } : {}) });
  const answer = await fetch(`${base}api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, json: await answer.json(), cookie: answer.headers.get("set-cookie")?.split(";")[0] };
}

async function signIn(base, user) {
  const first = await ask(base, "login", { user, password: FIRST });
  assert.equal(first.status, 200, JSON.stringify(first.json));
  const next = await ask(base, "password", { old: FIRST, new: OWN[user] }, { cookie: first.cookie });
  assert.equal(next.status, 200, JSON.stringify(next.json));
  return first.cookie;
}

describe("refusals", { skip }, () => {
  test("each kind of refused command is in the audit trail with its reason and who asked", async (t) => {
    const station = layOut({
      args: ["--play", "none"],
      change: (name, text) => text.replace("open_in_simulation = true", "open_in_simulation = false"),
      prepare: ({ data }) => { for (const [name, role] of [["op", "operator"], ["eng", "process-engineer"], ["qa", "auditor"]]) users(data, ["add", name, "--full-name", `Name of ${name}`, "--role", role], `${FIRST}\n`); },
    });
    t.after(station.end);
    const token = users(station.data, ["wallboard", "hall"]).match(/token=([0-9a-f]+)/)[1];
    const base = await station.start();
    const board = (await fetch(`${base}wallboard?token=${token}`, { redirect: "manual" })).headers.get("set-cookie").split(";")[0];
    const op = await signIn(base, "op"), eng = await signIn(base, "eng"), qa = await signIn(base, "qa");
    // One of one's own at the foreign page: it has no session, but the browser is on this machine.
    const evil = createServer((_, answer) => answer.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>evil</title>"));
    await new Promise((done) => evil.listen(0, "127.0.0.1", done));
    t.after(() => new Promise((done) => evil.close(done)));

    const write = (more = {}) => ({ id: crypto.randomUUID(), tag: "TIC-101.OUT", value: 41, seen_ms: Date.now(), ...more });
    const look = (path, cookie) => fetch(`${base}api/v1/${path}`, { headers: { Cookie: cookie } });
    const records = async (text) => (await (await look(`records?${new URLSearchParams({ text, limit: 200 })}`, qa)).json()).rows;
    const seen = new Set((await records("")).map((row) => row.seq));
    /** The newest record that was not there before, when it has come. */
    const recorded = async (fits, what) => {
      for (let i = 0; i < 200; i++) {
        const row = (await records("")).find((r) => !seen.has(r.seq) && fits(r));
        if (row) { seen.add(row.seq); return row; }
        await new Promise((done) => setTimeout(done, 50));
      }
      throw new Error(`${what} is not in the audit trail: ${JSON.stringify((await records("")).filter((r) => !seen.has(r.seq)))}`);
    };
    const refused = async (what, answer, status, code, who) => {
      assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer.json)}`);
      assert.equal(answer.json.code, code, what);
      const row = await recorded((r) => `${r.why} ${r.new} ${r.what}`.includes(code) || r.why.includes(answer.json.en), what);
      t.diagnostic(`${what}: ${JSON.stringify(row)}`);
      assert.match(row.who, who, what);
    };

    await refused("foreign origin", await ask(base, "cmd", write(), { cookie: op, change: (h) => ({ ...h, Origin: "http://evil.example" }) }), 403, "bad_origin", /op/);
    await refused("missing header", await ask(base, "cmd", write(), { cookie: op, change: ({ "X-HMI": _, ...h }) => h }), 403, "missing_header", /op/);
    await refused("expired", await ask(base, "cmd", write({ seen_ms: Date.now() - 6_000 }), { cookie: op }), 409, "expired", /op/);
    const once = write();
    assert.equal((await ask(base, "cmd", once, { cookie: op })).status, 200);
    await refused("replayed", await ask(base, "cmd", { ...once, value: 42 }, { cookie: op }), 409, "replayed", /op/);
    await refused("wrong role", await ask(base, "cmd", write(), { cookie: eng }), 403, "forbidden", /eng/);
    await refused("wallboard", await ask(base, "cmd", write(), { cookie: board }), 403, "forbidden", /wallboard hall/);
    await refused("wallboard with a session", await ask(base, "cmd", write(), { cookie: `${board}; ${op}` }), 403, "forbidden", /wallboard hall/);
    await refused("nobody", await ask(base, "cmd", write()), 401, "sign_in_needed", /./);

    // The audit trail is for reviewers, alarms of the record for everybody who signs in, and
    // a wallboard has neither; that it was tried is recorded once, not each time.
    for (const [who, cookie, all, alarms] of [["op", op, 403, 200], ["nobody", "", 401, 200], ["wallboard", board, 403, 403], ["qa", qa, 200, 200]]) {
      for (let i = 0; i < 3; i++) assert.equal((await look("records?limit=5", cookie)).status, all, who);
      assert.equal((await look("records?class=alarm&limit=5", cookie)).status, alarms, who);
    }
    await recorded((r) => r.what === "refused" && r.who === "op" && r.why.includes("/api/v1/records"), "who looked");
    assert.equal((await records("/api/v1/records")).filter((r) => r.what === "refused").length, 1, "one a minute for an address");

    // A page of another site in the very browser: neither its requests nor its socket.
    const page = await open(base);
    const foreign = await (await page.context().browser().newContext()).newPage();
    await foreign.goto(`http://127.0.0.1:${evil.address().port}/`);
    const result = await foreign.evaluate(async (to) => {
      // The answer is kept from it; the question has gone out.
      await fetch(`${to}api/v1/cmd`, { method: "POST", mode: "no-cors", credentials: "include", body: JSON.stringify({ id: crypto.randomUUID(), tag: "TIC-101.SP", value: 55, seen_ms: Date.now() }) }).catch(() => {});
      const socket = new WebSocket(`${to.replace("http", "ws")}ws`, "hmi.v1.cbor");
      return new Promise((done) => { socket.onopen = () => done("open"); socket.onerror = () => done("refused"); });
    }, base);
    assert.equal(result, "refused");
    for (const what of ["a command", "a socket"]) {
      const row = await recorded((r) => r.what === "refused" && r.why.includes("own pages"), `${what} of a foreign page`);
      t.diagnostic(`${what} of a foreign page: ${JSON.stringify(row)}`);
    }
    await foreign.context().close();
    await page.context().close();

    // The same by the command line, and the trail is whole.
    await station.stop("SIGINT");
    const list = execFileSync(BIN, ["audit", "list", state(station.data), "--class", "command", "--json"], { encoding: "utf8" });
    for (const words of ["own pages", "X-HMI: 1 is missing", "older than 5 s", "was used before", "needs another role", "A wallboard shows", "sign in first"]) assert.ok(list.includes(words), words);
    execFileSync(BIN, ["audit", "verify", state(station.data)]);
  });

  test("hostile texts in plant text, alarms and comments stay text on every page", async (t) => {
    const XSS = ['<img src=x onerror="window.owned=1">', '"><script>window.owned=1</script>'];
    const toml = (text) => text.replaceAll('"', '\\"');
    const station = layOut({
      args: ["--play", "demo"],
      change: (name, text) => (name === "plant.toml" ? text.replace('en = "API synthesis U100"', `en = "${toml(XSS[0])}"`)
        : name.startsWith("units/") ? text.replace('en = "R-101 bulk temperature"', `en = "${toml(XSS[1])}"`).replace('en = "Reactor R-101"', `en = "${toml(XSS[0])} R-101"`).replace('en = "agitator running"', `en = "${toml(XSS[1])}"`)
        : text.replaceAll(/causes = \{ en = "[^"]*"/g, `causes = { en = "${toml(XSS[0])}"`).replaceAll(/text = \{ en = "[^"]*"/g, `text = { en = "${toml(XSS[1])}"`)),
    });
    t.after(station.end);
    const base = await station.start();
    const page = await open(base, { hash: "#/display/r101" });
    let dialogs = 0;
    page.on("dialog", (d) => { dialogs++; d.dismiss(); });
    await page.waitForSelector("hmi-faceplate h2");
    assert.match(await page.textContent("hmi-faceplate header"), /<script>window\.owned/);
    assert.match(await page.textContent(".plant"), /<img src=x/);
    // A person writes such a text as reason; what is forced stands as an alarm, LAH-101.
    await page.evaluate(() => { location.hash = "#/scan"; });
    await page.locator("hmi-force-panel").getByLabel("Tag", { exact: true }).fill("LT-101.PV");
    await page.locator("hmi-force-panel").getByLabel("Value", { exact: true }).fill("90");
    await page.locator("hmi-force-panel").getByRole("button", { name: /^Force/ }).click();
    await page.fill("dialog textarea", XSS.join(" "));
    await page.locator("dialog button.primary").click();
    await page.waitForFunction((x) => document.querySelector("hmi-force-panel tbody")?.textContent.includes(x), XSS[0]);
    const texts = { "#/lists": ["hmi-permit-panel .need", XSS[1]], "#/plant": [".tree summary", XSS[0]], "#/unit/R-101": [".unit-grid .val", XSS[1]], "#/alarms": [".alarms tbody tr[aria-selected]:has-text('LAH-101')", XSS[1]], "#/events": ["tbody tr", XSS[0]], "#/matrix": [".ce tbody tr", ""], "#/trends/r101": [".pens td.live", ""] };
    for (const [hash, [ready, text]] of Object.entries(texts)) {
      await page.evaluate((h) => { location.hash = h; }, hash);
      await page.waitForSelector(ready);
      if (hash === "#/alarms") {
        await page.locator(ready).click();
        await page.waitForSelector(".help h3");
      }
      // The reason stands in the audit trail.
      if (hash === "#/events") await page.getByRole("tab", { name: "Audit trail" }).click();
      if (text) await page.waitForFunction((x) => document.querySelector("main").textContent.includes(x), text);
      assert.equal(await page.locator("img, main script, iframe").count(), 0, hash);
      assert.equal(await page.evaluate(() => window.owned), undefined, hash);
      assert.doesNotMatch(await page.textContent("main"), /\[object /, hash);
      await shoot(page, `hostile-${hash.split("/")[1]}`);
    }
    assert.equal(dialogs, 0);
    clean(page);
    await page.context().close();
  });
});
