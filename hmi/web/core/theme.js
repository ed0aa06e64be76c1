// Day and night.

export const theme = new EventTarget();

const root = document.documentElement;
root.dataset.theme = localStorage.getItem("hmi.theme") === "night" ? "night" : "day";

export function isNight() { return root.dataset.theme === "night"; }

export function setNight(night) {
  root.dataset.theme = night ? "night" : "day";
  localStorage.setItem("hmi.theme", root.dataset.theme);
  theme.dispatchEvent(new Event("change"));
}

/** The value of a colour token in the theme now shown. */
export function token(name) {
  return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
}
