// Plain requests, and commands. A command is sent once or not at all: no queue, no retry.

import { decode } from "./cbor.js";
import { link } from "./ws.js";

export async function getJson(path) {
  const answer = await fetch(`/api/v1/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export async function getText(path) {
  const answer = await fetch(`/api/v1/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
}

export async function getTrend(tags, fromMs, toMs, buckets) {
  const query = new URLSearchParams({ tags: tags.join(","), from_ms: fromMs, to_ms: toMs, buckets });
  const answer = await fetch(`/api/v1/trend?${query}`);
  if (!answer.ok) throw new Error(`trend: ${answer.status}`);
  return decode(await answer.arrayBuffer());
}

function uuid() {
  // crypto.randomUUID exists on loopback (a secure context) in every current browser.
  return crypto.randomUUID();
}

/** Asks for one write. Answers `{ok, code?, en?, zh?}`. */
export function command(tag, value, seenValue, reason = "") {
  return ask("cmd", { tag, value, seen_value: Number.isFinite(seenValue) ? seenValue : null, reason }, 5000);
}

/** Asks that a tag is held at `value`, or released if it is null. */
export function force(tag, value, reason) {
  return ask("force", { tag, value, reason }, 5000);
}

/** Asks that the plant's text is loaded anew, or that the edition before comes back. */
export function changeEdition(back, reason, digest) {
  return ask("edition", { back, reason, digest }, 15000);
}

let sign = (path, what, send) => send({});

/** Who asks for a signature before a request is sent: `sign(path, what, send)`. */
export function signWith(next) { sign = next; }

/** One question that changes something; `anyway` even if the picture is old. */
export const ask = (path, what, patienceMs, anyway = false) => sign(path, what, (more) => post(path, { ...what, ...more }, patienceMs, anyway));

async function post(path, what, patienceMs, anyway) {
  if (link.stale && !anyway) {
    return { ok: false, code: "stale", en: "The values on the screen are old; nothing is sent.", zh: "画面数据已过期，不发送任何命令。" };
  }
  const body = { id: uuid(), ...what, seen_ms: Math.round(link.serverMs) };
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-HMI": "1" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    });
    return await answer.json();
  } catch {
    return { ok: false, code: "no_answer", en: "No answer from the server. Look whether the value changed before trying again.", zh: "服务器没有应答。重试前请先查看数值是否已改变。" };
  }
}
