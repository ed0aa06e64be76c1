// Texts of the interface. Keys are the English source; texts of the plant come in
// both languages from the server.

const catalogues = { en: {}, zh: {} };
const files = { en: "en", zh: "zh-CN" };

export const i18n = new EventTarget();
let lang = localStorage.getItem("hmi.lang") === "zh" ? "zh" : "en";

export async function loadTexts() {
  await Promise.all(Object.entries(files).map(async ([key, file]) => {
    const answer = await fetch(`/assets/i18n/${file}.json`);
    if (answer.ok) catalogues[key] = await answer.json();
  }));
  document.documentElement.lang = files[lang];
}

export function language() { return lang; }

export function setLanguage(next) {
  lang = next === "zh" ? "zh" : "en";
  localStorage.setItem("hmi.lang", lang);
  document.documentElement.lang = files[lang];
  i18n.dispatchEvent(new Event("change"));
}

/** A text of the interface; `{name}` is replaced. */
export function t(key, values) {
  let text = catalogues[lang][key] ?? key;
  for (const [name, value] of Object.entries(values || {})) text = text.replace(`{${name}}`, value);
  return text;
}

/** A text of the plant: `{en, zh}`. */
export function say(text) {
  return text ? text[lang] || text.en || "" : "";
}
