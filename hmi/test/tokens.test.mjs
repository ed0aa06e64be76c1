// Colours of both themes against WCAG 2.2: text 4.5:1, graphics that carry meaning 3:1.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("../web/css/tokens.css", import.meta.url), "utf8");

function tokens(block) {
  return Object.fromEntries([...block.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6})/g)].map((m) => [m[1], m[2]]));
}

const [, day, night] = css.split(/:root/);
const themes = { day: tokens(day), night: { ...tokens(day), ...tokens(night) } };

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

test("black on white is 21:1, as WCAG defines it", () => {
  assert.equal(contrast("#000000", "#ffffff").toFixed(2), "21.00");
});

const TEXT = [
  ["t1", ["bg", "chrome", "panel", "field"]], ["t2", ["bg", "chrome", "panel", "field"]], ["t3", ["bg", "panel"]],
  ["live", ["bg", "panel", "field"]], ["sp", ["bg", "panel", "field"]], ["trip-t", ["field", "panel"]],
  ["act-t", ["act"]], ["sel-t", ["sel"]], ["p1-t", ["p1"]],
];
const GRAPHICS = [
  ["eq", ["bg", "vessel"]], ["pipe", ["bg"]], ["ptr", ["field", "band"]], ["focus", ["bg", "panel", "field"]],
  ["p1", ["field", "panel"]], ["line2", ["panel"]],
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((i) => [`g${i}`, ["field"]]),
];

for (const [name, theme] of Object.entries(themes)) {
  test(`every text colour of the ${name} theme reads on every ground it stands on`, () => {
    const low = [];
    for (const [pairs, least] of [[TEXT, 4.5], [GRAPHICS, 3]]) {
      for (const [ink, grounds] of pairs) {
        for (const ground of grounds) {
          const value = contrast(theme[ink], theme[ground]);
          if (!(value >= least)) low.push(`${ink} on ${ground}: ${value.toFixed(2)}`);
        }
      }
    }
    assert.deepEqual(low, []);
  });
}
