// What service people do: hold a value, load the plant's text anew. Each deed takes a
// reason, and its refusal is shown in full.

import { changeEdition, force } from "../core/api.js";
import { Part, h, setText, thead } from "../core/dom.js";
import { clock, date, parse, withUnit } from "../core/fmt.js";
import { forces } from "../core/forces.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { askReason } from "./dialogs.js";
import { toast } from "./toasts.js";

/** The value that a person means by a word or a number; NaN if neither. */
function meant(tag, text) {
  const state = tag.states.find((x) => [x.text.en, x.text.zh].some((w) => w.toLowerCase() === text.trim().toLowerCase()));
  return state ? state.value : parse(text);
}

class ForcePanel extends Part {
  render() {
    this.classList.add("panel");
    const count = h("span", { class: "chip" });
    const body = h("div", { tabindex: 0, role: "region", "aria-label": t("Forced values") });
    this.append(h("header", {}, h("h2", { text: t("Forced values") }), count), body, this.form());
    const update = () => {
      const { list } = forces;
      setText(count, String(list.length));
      count.className = list.length ? "chip strong" : "chip";
      body.replaceChildren(list.length ? this.table(list) : h("div", { class: "none muted", text: t("none") }));
      this.permit();
    };
    this.listen(forces, "change", update);
    this.listen(link, "change", () => this.permit());
    update();
  }

  table(list) {
    return h("table", {}, thead(["Tag", "Value", "Since", "By", "Reason", ""]),
      h("tbody", {}, list.map((f) => {
        const tag = store.tag(f.tag);
        return h("tr", {}, h("td", { title: tag ? say(tag.desc) : "" }, h("b", { text: f.tag })), h("td", { text: tag ? withUnit(tag, f.value) : f.value }),
          h("td", { text: `${date(f.since_ms)} ${clock(f.since_ms)}` }), h("td", { text: f.actor }), h("td", { class: "wrap", text: f.reason }),
          h("td", { class: "num" }, h("button", { class: "act", "aria-label": `${t("Release")} ${f.tag}`, onclick: () => this.release(f) }, `${t("Release")} ...`)));
      })));
  }

  form() {
    this.name = h("input", { list: "force-tags", size: 22, placeholder: t("Tag"), "aria-label": t("Tag"), autocomplete: "off", spellcheck: "false", oninput: () => this.permit() });
    this.value = h("input", { size: 10, placeholder: t("Value"), "aria-label": t("Value"), autocomplete: "off", spellcheck: "false", oninput: () => this.permit() });
    this.note = h("span", { class: "small muted" });
    this.go = h("button", { onclick: () => this.hold_() }, `${t("Force")} ...`);
    const enter = (event) => { if (event.key === "Enter" && !this.go.disabled) { event.preventDefault(); this.hold_(); } };
    this.name.onkeydown = this.value.onkeydown = enter;
    return h("div", { class: "form" }, this.name, this.value, this.go, this.note,
      h("datalist", { id: "force-tags" }, store.directory.tags.map((tag) => h("option", { value: tag.name, text: say(tag.desc) }))));
  }

  permit() {
    const name = this.name.value.trim();
    const tag = store.tag(name);
    const value = tag ? meant(tag, this.value.value) : NaN;
    const words = tag && tag.states.length ? tag.states.map((x) => say(x.text)).join(" / ") : "";
    setText(this.note, name === "" ? t("A forced tag keeps its value whatever is measured.")
      : !tag ? t("no tag") : Number.isFinite(value) ? `${say(tag.desc)} → ${withUnit(tag, value)}` : `${say(tag.desc)} ${words || tag.unit}`);
    this.go.disabled = link.stale || !Number.isFinite(value);
    for (const button of this.querySelectorAll("button.act")) button.disabled = link.stale;
  }

  hold_() {
    const tag = store.tag(this.name.value.trim());
    const value = tag ? meant(tag, this.value.value) : NaN;
    // Not a number would be sent as null, and null releases.
    if (!tag || !Number.isFinite(value)) return;
    askReason({
      title: `${t("Force")} ${tag.name}`,
      body: h("p", {}, `${say(tag.desc)}: ${t("hold at")} `, h("b", { text: withUnit(tag, value) })),
      deed: t("Force"),
      act: (reason) => force(tag.name, value, reason),
      done: () => { this.value.value = ""; toast({ ok: true }, `${tag.name} → ${withUnit(tag, value)}`); forces.refresh(); },
    });
  }

  release(f) {
    askReason({
      title: `${t("Release")} ${f.tag}`,
      body: h("p", { text: t("The tag follows what is measured or computed again, at once.") }),
      deed: t("Release"),
      act: (reason) => force(f.tag, null, reason),
      done: () => { toast({ ok: true }, `${t("Release")} ${f.tag}`); forces.refresh(); },
    });
  }
}

class EditionPanel extends Part {
  render() {
    this.classList.add("panel");
    const { edition } = store.directory;
    const fact = (label, text) => [h("dt", { text: t(label) }), h("dd", { text })];
    const load = h("button", { onclick: () => askEdition(false) }, `${t("Load changed text")} ...`);
    const back = h("button", { onclick: () => askEdition(true) }, `${t("Back")} ...`);
    this.append(h("header", {}, h("h2", { text: t("Edition of the plant's text") })),
      h("div", { class: "body" },
        h("dl", { class: "facts" }, fact("Edition", String(edition.number)), fact("Digest", edition.digest)),
        h("div", { class: "seg-free" }, load, " ", back)));
    const permit = () => { load.disabled = back.disabled = link.stale; };
    this.listen(link, "change", permit);
    permit();
  }
}

/** Asks for an online change, or for the edition before; `digest`: of the text compared. */
export function askEdition(back, digest) {
  const deed = t(back ? "Back" : "Load changed text");
  askReason({
    title: deed,
    body: h("p", { text: t(back ? "The edition before this one takes over between two scans." : "The plant's text is read anew; if all of it holds, it takes over between two scans.") }),
    deed,
    act: (reason) => changeEdition(back, reason, digest),
    // A new edition begins the page anew: its answer is shown by the new page.
    done: () => { sessionStorage.setItem("hmi.done", deed); setTimeout(() => sessionStorage.removeItem("hmi.done"), 10000); toast({ ok: true }, deed); },
  });
}

customElements.define("hmi-force-panel", ForcePanel);
customElements.define("hmi-edition-panel", EditionPanel);
