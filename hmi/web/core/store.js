// The newest value of every subscribed tag, and who wants to know.

import { complete } from "./pins.js";

const NOT_WRITTEN = (2 << 14) | (6 << 8);

export class Store extends EventTarget {
  constructor() {
    super();
    this.directory = null;
    this.byName = new Map();
    this.watchers = new Map(); // name -> Set of functions
    this.dirty = new Set();
    this.events = [];
    this.frame = 0;
  }

  /** Takes a new directory: every value is unknown again. */
  load(directory) {
    complete(directory);
    this.directory = directory;
    this.byName = new Map(directory.tags.map((tag) => [tag.name, tag]));
    const top = directory.tags.reduce((m, tag) => Math.max(m, tag.handle), 0) + 1;
    this.nameOf = new Array(top);
    for (const tag of directory.tags) this.nameOf[tag.handle] = tag.name;
    this.values = new Float64Array(top).fill(NaN);
    this.qualities = new Uint16Array(top).fill(NOT_WRITTEN);
    this.blocks = blocks(directory);
    directory.equipment ??= { units: [], blocks: [], matrices: [] };
    this.facts = new Map(directory.equipment.blocks.map((b) => [b.name, b]));
  }

  /** Kind, unit, rows of a block, if it is known. */
  block(name) { return this.facts.get(name); }

  tag(name) { return this.byName.get(name); }

  /** `{tag, value, q}`; value NaN until the first frame; tag undefined if there is none. */
  read(name) {
    const tag = this.byName.get(name);
    if (!tag) return { name, tag: undefined, value: NaN, q: NOT_WRITTEN };
    return { name, tag, value: this.values[tag.handle], q: this.qualities[tag.handle] };
  }

  /** Calls `fn(reading)` now and after each change; returns the function that ends it. */
  watch(name, fn) {
    let set = this.watchers.get(name);
    if (!set) {
      this.watchers.set(name, (set = new Set()));
      this.dispatchEvent(new Event("wanted"));
    }
    set.add(fn);
    fn(this.read(name));
    return () => {
      set.delete(fn);
      if (set.size === 0 && this.watchers.get(name) === set) {
        this.watchers.delete(name);
        this.dispatchEvent(new Event("wanted"));
      }
    };
  }

  /** A tag that the server no longer sends is unknown again. */
  forget(name) {
    const tag = this.byName.get(name);
    if (tag) { this.values[tag.handle] = NaN; this.qualities[tag.handle] = NOT_WRITTEN; }
  }

  /** Tag names that somebody watches and that exist. */
  wanted() { return [...this.watchers.keys()].filter((name) => this.byName.has(name)); }

  apply(handles, values, qualities) {
    for (let i = 0; i < handles.length; i++) {
      const handle = handles[i];
      this.values[handle] = values[i];
      this.qualities[handle] = qualities[i];
      this.dirty.add(handle);
    }
    // One drawing per frame of the screen, however many messages came.
    if (!this.frame) this.frame = requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = 0;
    const dirty = [...this.dirty];
    this.dirty.clear();
    for (const handle of dirty) {
      const name = this.nameOf[handle];
      const set = this.watchers.get(name);
      if (set) { const reading = this.read(name); for (const fn of [...set]) fn(reading); }
    }
  }

  addEvents(list) {
    if (list.length === 0) return;
    this.events.push(...list);
    if (this.events.length > 500) this.events.splice(0, this.events.length - 500);
    this.dispatchEvent(new Event("events"));
  }
}

function blocks(directory) {
  const map = new Map();
  for (const tag of directory.tags) {
    const block = tag.name.slice(0, tag.name.lastIndexOf("."));
    if (!map.has(block)) map.set(block, []);
    map.get(block).push(tag);
  }
  return map;
}

export const store = new Store();
