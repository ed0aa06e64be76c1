// Short answers: what was accepted, what was refused and why.

import { h } from "../core/dom.js";
import { language, t } from "../core/i18n.js";

const KEEP_MS = { ok: 4000, refused: 12000 };

/** Shows the answer of a command. */
export function toast(answer, what) {
  const box = document.querySelector(".toasts");
  if (!box) return;
  const why = answer.ok ? "" : language() === "zh" ? answer.zh : answer.en;
  const node = h("div", { class: answer.ok ? "toast" : "toast refused", role: answer.ok ? "status" : "alert" },
    h("b", { text: answer.ok ? t("Accepted") : t("Refused") }), h("span", { text: why ? `${what}: ${why}` : what }));
  box.append(node);
  setTimeout(() => node.remove(), KEEP_MS[answer.ok ? "ok" : "refused"]);
}
