// Calls to the HTTP API with the session's token.

import { Refusal } from "./live.js";

const WAIT = 15_000;

/**
 * One request; resolves with the JSON, rejects with a Refusal (or a TypeError where the server is away).
 * @param {string} method
 * @param {string} path
 * @param {any} [body]
 * @param {string} [key] idempotency key: the same key is never carried out twice
 */
export async function request(method, path, body, key) {
  const headers = { Accept: "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf]")?.content ?? "" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(WAIT),
  });
  const text = await answer.text();
  const content = answer.headers.get("Content-Type")?.includes("json") && text ? JSON.parse(text) : text;
  if (answer.ok) return content;
  throw new Refusal(content?.error ?? { code: `http_${answer.status}`, message: String(answer.status) });
}

/** A piece of a page as html. */
export async function fragment(path) {
  const answer = await fetch(path, { headers: { Accept: "text/html", "HX-Request": "true" }, signal: AbortSignal.timeout(WAIT) });
  if (!answer.ok || answer.redirected) throw new Refusal({ code: `http_${answer.status}`, message: String(answer.status) });
  return answer.text();
}

/** A key for one act. */
export function newKey() {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
