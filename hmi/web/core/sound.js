// The horn. One pattern a priority, looped by the sound hardware and not by timers, which
// sleep in hidden windows. A browser lets a page sound only after a person has touched it:
// until then the banner says so.

import { alarms } from "./alarms.js";

/** Tones of a loop, by priority: [frequency Hz, from s, to s]; length of the loop, s. */
const PATTERNS = {
  1: { length: 1, tones: [[880, 0, 0.2], [660, 0.25, 0.45], [880, 0.5, 0.7], [660, 0.75, 0.95]] },
  2: { length: 1.6, tones: [[740, 0, 0.3], [740, 0.5, 0.8]] },
  3: { length: 2.4, tones: [[520, 0, 0.5]] },
  4: { length: 4, tones: [[392, 0, 0.25]] },
};
const LOUD = 0.25;

class Horn extends EventTarget {
  context = null;
  source = null;
  sounding = null;

  start() {
    const unlock = () => {
      this.context ??= new AudioContext();
      this.context.onstatechange = () => this.dispatchEvent(new Event("change"));
      this.context.resume().then(() => this.follow());
    };
    for (const type of ["pointerdown", "keydown"]) addEventListener(type, unlock, { capture: true });
    alarms.addEventListener("change", () => this.follow());
  }

  get locked() { return !this.context || this.context.state !== "running"; }

  follow() {
    const wanted = alarms.counts.horn;
    if (wanted !== this.sounding && !this.locked) {
      this.source?.stop();
      this.source = wanted ? this.play(wanted) : null;
      this.sounding = wanted;
    }
    this.dispatchEvent(new Event("change"));
  }

  play(priority) {
    const { length, tones } = PATTERNS[priority] || PATTERNS[4];
    const rate = this.context.sampleRate, buffer = this.context.createBuffer(1, length * rate, rate), data = buffer.getChannelData(0);
    for (const [hz, from, to] of tones) {
      for (let i = Math.floor(from * rate); i < to * rate; i++) {
        const at = i / rate, edge = Math.min(1, (at - from) / 0.01, (to - at) / 0.01);
        data[i] = LOUD * edge * Math.sin(2 * Math.PI * hz * at);
      }
    }
    const source = this.context.createBufferSource();
    Object.assign(source, { buffer, loop: true });
    source.connect(this.context.destination);
    source.start();
    return source;
  }
}

export const horn = new Horn();
