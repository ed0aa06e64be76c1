// Sign-in, lock, password: the person in the header. A locked or empty station keeps its
// picture and loses its commands.

import { Part, h, setText } from "../core/dom.js";
import { language, t } from "../core/i18n.js";
import { session } from "../core/session.js";

/**
 * A dialog with fields and one deed; a refusal stays to be read. Fields of one `group`
 * stand in a box; one that is `free` now may stay empty.
 */
export function ask({ title, body = [], fields, note, deed, act, done, closed }) {
  const refusal = h("div", { class: "refusal", role: "alert", tabindex: 0, hidden: true });
  const confirm = h("button", { class: "primary", disabled: true, type: "submit" }, deed);
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, `${t("Cancel")} (Esc)`);
  const rows = [], boxes = new Map();
  for (const { label, node, group } of fields) {
    if (!node.hasAttribute("aria-label")) node.setAttribute("aria-label", label);
    const row = h("label", {}, h("span", { class: "label", text: label }), node);
    if (!group) rows.push(row);
    else if (boxes.has(group)) boxes.get(group).append(row);
    else { const box = h("fieldset", {}, h("legend", { text: group }), row); boxes.set(group, box); rows.push(box); }
  }
  const form = h("form", { novalidate: true, class: note ? "sign" : null }, h("div", { class: "body" }, body, rows, note ? h("p", { class: "small muted", text: note }) : null, refusal), h("footer", {}, cancel, confirm));
  const dialog = h("dialog", { "aria-label": title }, h("h2", { text: title }), form);
  let busy = false;
  const permit = () => { confirm.disabled = busy || fields.some(({ node, free }) => node.value === "" && !free?.()); };
  form.addEventListener("input", permit);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (confirm.disabled) return;
    busy = true;
    permit();
    const answer = await act(...fields.map((field) => field.node.value));
    busy = false;
    if (!dialog.open) return;
    if (answer.ok) { done?.(answer); dialog.close(); return; }
    for (const { node } of fields) if (node.type === "password") node.value = "";
    refusal.hidden = false;
    setText(refusal, `${t("Refused")}: ${language() === "zh" ? answer.zh : answer.en}`);
    permit();
    refusal.focus();
  });
  dialog.addEventListener("close", () => {
    // What was typed does not stay in the page.
    for (const { node } of fields) node.value = "";
    dialog.remove();
    closed?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  fields.find(({ node }) => !node.readOnly)?.node.focus();
  return dialog;
}

export const nameField = (label) => h("input", { "aria-label": label, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 32 });
export const secretField = (label) => h("input", { type: "password", "aria-label": label, autocomplete: "off", maxlength: 256 });

export function signIn() {
  const { enrolled } = session.state;
  ask({
    title: t("Sign in"),
    body: enrolled ? [] : [h("p", { text: t("Nobody is enrolled yet. An administrator enrols the first user at the station:") }), h("p", {}, h("code", { lang: "en", text: "scanloop users add NAME --full-name … --role … --state …" }))],
    fields: [{ label: t("User"), node: nameField(t("User")) }, { label: t("Password"), node: secretField(t("Password")) }],
    deed: t("Sign in"),
    act: (user, password) => session.post("login", { user: user.trim(), password }),
    done: () => { if (session.state.must_change) setTimeout(changePassword); },
  });
}

export function unlock() {
  ask({
    title: `${t("Unlock")}: ${session.state.full_name}`,
    body: [h("p", { class: "muted", text: t("Another person signs in instead; the picture stays.") }), h("div", {}, h("button", { type: "button", onclick: (event) => { event.target.closest("dialog").close(); signIn(); } }, t("Another person")))],
    fields: [{ label: t("Password"), node: secretField(t("Password")) }],
    deed: t("Unlock"),
    act: (password) => session.post("unlock", { password }),
  });
}

export function changePassword() {
  const again = secretField(t("New password once more"));
  ask({
    title: t("Change the password"),
    body: session.state.must_change ? [h("p", { text: t("Change the password before anything else.") })] : [],
    fields: [{ label: t("Password"), node: secretField(t("Password")) }, { label: t("New password"), node: secretField(t("New password")) }, { label: t("New password once more"), node: again }],
    deed: t("Change"),
    act: (old, next, twice) => (next === twice ? session.post("password", { old, new: next })
      : Promise.resolve({ ok: false, en: "The two new passwords differ.", zh: "两次输入的新密码不同。" })),
  });
}

export const lock = () => { if (session.state.user && !session.state.locked) session.post("lock"); };

/** Name, lock and sign-out in the header; nothing at a desk without people. */
class Person extends Part {
  render() {
    this.classList.add("person");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", t("Person"));
    const button = (label, act) => h("button", { onclick: act }, t(label));
    const update = () => {
      const { people, open, user, full_name, roles, locked, must_change, wallboard } = session.state;
      this.hidden = !people;
      if (wallboard) this.replaceChildren(h("span", { class: "chip", text: `${t("Wallboard")} ${wallboard}` }));
      else if (!user) this.replaceChildren(h("span", { class: "name muted", text: t(open ? "Open simulation" : "View only") }), button("Sign in", signIn));
      else if (locked) this.replaceChildren(h("span", { class: "name", text: full_name }), h("span", { class: "chip strong", text: t("LOCKED") }), button("Unlock", unlock));
      else {
        this.replaceChildren(must_change ? h("span", { class: "name", text: full_name }) : h("button", { class: "plain name", title: `${roles.join(", ")} · ${t("Change the password")}`, onclick: changePassword }, full_name),
          ...(must_change ? [h("span", { class: "chip strong", text: t("new password") }), button("Change", changePassword)] : []), button("Lock", lock), button("Sign out", () => session.post("logout")));
      }
    };
    this.listen(session, "change", update);
    update();
  }
}

customElements.define("hmi-person", Person);
