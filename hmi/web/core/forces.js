// Every value that a person holds, known on all pages.

import { getJson } from "./api.js";
import { link } from "./ws.js";

const EVERY_MS = 2000;

class Forces extends EventTarget {
  list = [];

  start() {
    setInterval(() => this.refresh(), EVERY_MS);
    this.refresh();
  }

  async refresh() {
    if (link.stale && this.list.length) return;
    try {
      const list = await getJson("forces");
      const changed = JSON.stringify(list) !== JSON.stringify(this.list);
      this.list = list;
      if (changed) this.dispatchEvent(new Event("change"));
    } catch {
      // Asked again soon; the page as a whole shows a lost link.
    }
  }
}

export const forces = new Forces();
