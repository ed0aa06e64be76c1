// Who is signed in at this station. The server knows; this is its newest answer.

import { getJson } from "./api.js";

const POLL_MS = 10000;

class Session extends EventTarget {
  state = { open: true, people: false, enrolled: false, user: null, full_name: null, roles: [], actions: [], locked: false, must_change: false, wallboard: null, force: "reason", change: "reason", acknowledge: "none", shelve: "reason", out_of_service: "reason", idle_s: 0 };
  #told = 0;

  start() {
    this.refresh();
    setInterval(() => this.refresh(), POLL_MS);
    for (const type of ["pointerdown", "keydown"]) addEventListener(type, () => this.#moved(), { capture: true, passive: true });
  }

  async refresh() {
    // A link that is down says so elsewhere.
    try { this.#take(await getJson("session")); } catch { /* the next poll asks again */ }
  }

  /** Asks one of the routes of people. Answers `{ok, code?, en?, zh?}`. */
  async post(path, body = {}) {
    try {
      const answer = await fetch(`/api/v1/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-HMI": "1" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(15000),
      });
      const said = await answer.json();
      if (!answer.ok) return said;
      this.#take(said);
      return { ok: true };
    } catch {
      return { ok: false, code: "no_answer", en: "No answer from the server.", zh: "服务器没有应答。" };
    }
  }

  /** A command could be given now, as far as the station is concerned. */
  get mayAsk() {
    const { open, user, locked, must_change, wallboard } = this.state;
    return !wallboard && (user ? !locked && !must_change : open);
  }

  #take(state) {
    const before = JSON.stringify(this.state);
    this.state = state;
    if (JSON.stringify(state) !== before) this.dispatchEvent(new Event("change"));
  }

  // The idle time is the server's; it is told that a person is there, but not of every key.
  #moved() {
    const { user, locked, idle_s } = this.state;
    const now = performance.now();
    if (!user || locked || now - this.#told < Math.min(60000, idle_s * 250)) return;
    this.#told = now;
    this.post("active").then((answer) => { if (!answer.ok) this.refresh(); });
  }
}

export const session = new Session();
