// The socket: values and events come in, nothing of consequence goes out. Decides
// whether what is on the screen is still true.

import { alarms } from "./alarms.js";
import { decode } from "./cbor.js";
import { store } from "./store.js";

// Looked at every LOOK_MS, so that what is old is shown as old within 3 s.
const STALE_MS = 2500;
const LOOK_MS = 200;
const PERIOD_MS = 100;
/** Parts of a page that come together ask together. */
const WANT_MS = 5;

export class Link extends EventTarget {
  constructor() {
    super();
    this.stale = true;
    this.why = "connecting"; // connecting | link | runtime
    this.serverMs = 0;       // server time of the newest frame
    this.scan = -1;
    this.frameAt = -Infinity; // this window's clock
    this.scanAt = -Infinity;
    this.startedAt = performance.now();
    this.frames = 0;
    this.retryMs = 250;
    this.epoch = null;
    this.subscribed = [];
  }

  start() {
    this.connect();
    setInterval(() => this.judge(), LOOK_MS);
    store.addEventListener("wanted", () => this.wantSoon());
    const now = () => { if (!this.socket) this.connect(); };
    addEventListener("online", now);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) now(); });
  }

  connect() {
    clearTimeout(this.timer);
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws`, "hmi.v1.cbor");
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      const last = store.events.at(-1);
      this.say({ t: "hello", events_since: last ? last.seq : 0 });
      this.ackAt = performance.now();
      this.want();
    };
    socket.onmessage = (message) => {
      if (socket === this.socket) this.hear(decode(message.data));
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.socket = null;
      this.judge();
      this.timer = setTimeout(() => this.connect(), this.retryMs * (0.7 + 0.6 * Math.random()));
      this.retryMs = Math.min(this.retryMs * 1.7, 5000);
    };
  }

  say(message) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  wantSoon() {
    if (!this.wantTimer) this.wantTimer = setTimeout(() => this.want(), WANT_MS);
  }

  want() {
    clearTimeout(this.wantTimer);
    this.wantTimer = 0;
    const wanted = store.wanted();
    // A tag that one page leaves and the next takes up at once stays subscribed: its
    // value is kept, since the server sends only what changes.
    for (const name of this.subscribed) if (!store.watchers.has(name)) store.forget(name);
    this.subscribed = wanted;
    this.say({ t: "sub", id: 1, tags: wanted, period_ms: PERIOD_MS });
  }

  hear(frame) {
    const now = performance.now();
    this.frameAt = now;
    this.frames++;
    switch (frame[0]) {
      case 0: {
        this.retryMs = 250;
        const epoch = frame[1].epoch;
        if (this.epoch !== null && epoch !== this.epoch) this.dispatchEvent(new Event("epoch"));
        this.epoch = epoch;
        break;
      }
      case 1:
        this.seen(frame[1], frame[2], frame[3], now);
        store.apply(frame[4], frame[5], frame[6]);
        break;
      case 3:
        alarms.apply(JSON.parse(frame[1]));
        break;
      case 4:
        store.addEvents(frame[1]);
        break;
      case 5:
        this.seen(frame[1], frame[2], frame[3], now);
        if (this.revision !== undefined && frame[5] !== this.revision) this.dispatchEvent(new Event("displays"));
        this.revision = frame[5];
        // A simulation that stands still on purpose does not age by its own clock.
        if (frame[4] === this.beatAge) this.scanAt = now;
        this.beatAge = frame[4];
        this.dispatchEvent(new Event("beat"));
        break;
      case 6:
        break;
    }
    // Acknowledged on arrival, not by a timer: timers sleep in hidden windows.
    if (now - this.ackAt > 2000) { this.ackAt = now; this.say({ t: "ack", seq: this.seq || 0 }); }
    this.judge();
  }

  seen(seq, scan, utcMs, now) {
    this.seq = seq;
    if (utcMs > this.serverMs || this.serverMs - utcMs > 60000) this.serverMs = utcMs;
    if (scan !== this.scan) { this.scan = scan; this.scanAt = now; }
  }

  /** Milliseconds since the image last moved. */
  ageMs() { return performance.now() - Math.max(this.scanAt, this.startedAt); }

  /** Server time now, as well as this window can know it. */
  nowMs() {
    return this.serverMs ? this.serverMs + performance.now() - this.frameAt : Date.now();
  }

  judge() {
    const now = performance.now();
    const linked = now - this.frameAt <= STALE_MS;
    const scanning = now - this.scanAt <= STALE_MS;
    const stale = !linked || !scanning;
    const why = !stale ? "" : this.scanAt === -Infinity && now - this.startedAt <= STALE_MS ? "connecting" : linked ? "runtime" : "link";
    const changed = stale !== this.stale || why !== this.why;
    this.stale = stale;
    this.why = why;
    if (changed) this.dispatchEvent(new Event("change"));
    else if (stale) this.dispatchEvent(new Event("age"));
  }
}

export const link = new Link();
