// What the page says: texts by key, bars, toasts, and the voice for screen readers.

import { timeOfDay, timeOrDay } from "./clock.js";

export const page = JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");
const texts = page.texts ?? {};

/** A text of the page's language. */
export function t(key) {
  return texts[key] ?? key;
}

/** The label of a name such as `ringing`; what is not ours is shown as written. */
export function word(group, name) {
  return texts.words?.[group]?.[name] ?? String(name ?? "").replaceAll("_", " ");
}

/** `%(name)s` filled in. */
export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

export function zone() {
  return page.time_zone;
}

export function time(iso) {
  return timeOfDay(Date.parse(iso), zone());
}

export function when(iso) {
  return timeOrDay(Date.parse(iso), zone());
}

/** Who calls, in a few words. */
export function caller(pop) {
  if (pop.match === "one" && pop.customers.length) return pop.customers[0].name;
  if (pop.match === "anonymous") return t("anonymous");
  return pop.caller.shown || pop.caller.number || t("unknown_caller");
}

/** An element with classes, properties and children; texts never become markup. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { dataset, ...rest } = properties;
  Object.assign(element, rest);
  Object.assign(element.dataset, dataset ?? {});
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** One of the icons that the page carries. */
export function icon(name) {
  const source = document.getElementById("icons").content.querySelector(`[data-icon="${name}"] svg`);
  return source.cloneNode(true);
}

/** Set the text of an element only if it is another one. */
export function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Said to a screen reader: calmly, or at once. */
export function say(text, urgent = false) {
  const voice = document.getElementById(urgent ? "alarm" : "voice");
  voice.textContent = "";
  setTimeout(() => (voice.textContent = text), 50);
}

/** A bar above the bottom edge; null takes it away. */
export function bar(id, text, link = null) {
  const element = document.getElementById(id);
  if (!element || (element.dataset.text ?? "") === (text ?? "")) return;
  element.dataset.text = text ?? "";
  element.hidden = text === null;
  const parts = text === null ? [] : [icon("warn"), el("span", {}, text)];
  if (text !== null && link) parts.push(el("a", { className: "button end", href: link.href }, link.label));
  element.replaceChildren(...parts);
  if (text) say(text, true);
}

/** A short message that goes by itself; what went wrong stays until it is closed. `link` leads somewhere (`href`) or does something (`act`). */
export function toast(text, level = "information", link = null) {
  const close = el("button", { type: "button", className: "plain", title: t("close") }, icon("close"), el("span", { className: "sr" }, t("close")));
  const body = el("p", {}, text);
  if (link?.href) body.append(" ", el("a", { href: link.href }, link.label));
  const element = el("div", { className: `toast ${level}` }, body, close);
  if (link?.act) body.append(" ", el("button", { type: "button", onclick: () => (element.remove(), link.act()) }, link.label));
  close.onclick = () => element.remove();
  const toasts = document.getElementById("toasts");
  for (const other of [...toasts.children]) if (other.firstChild.textContent === body.textContent) other.remove();
  toasts.append(element);
  while (toasts.children.length > 4) toasts.firstElementChild.remove();
  if (level !== "danger") setTimeout(() => element.remove(), link?.act ? 20_000 : 7000);
  say(text, level === "danger");
}

/** What went wrong, in the page's language where the code is known. */
export function problem(error) {
  if (error.code === "not_connected" || error instanceof TypeError) return t("not_connected");
  if (error.code === "no_reply") return t("no_answer");
  return texts.errors?.[error.code] ?? fill(t("failed"), { message: error.message });
}

export function oops(error) {
  toast(problem(error), "danger");
}
