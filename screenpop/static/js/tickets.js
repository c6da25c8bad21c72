// The list of tickets by keyboard: rows are walked, chosen and opened; the filters change the rows and nothing else.

import { Bulk } from "./bulk.js";
import * as keys from "./keys.js";
import "./page.js";
import { Choice } from "./choice.js";
import { startForms } from "./ticket_events.js";
import { remember } from "./ticket_way.js";

const byId = (id) => document.getElementById(id);
const body = byId("rows");
const search = byId("q");
const table = body.closest("table");
const choice = new Choice(body, byId("pick-all"));
const bulk = byId("bulk") && new Bulk(byId("bulk"), choice, reload);
const FIRST = 50;
const MOST = 200;
let wanted = 0;

const rows = () => [...body.querySelectorAll("tr[data-ticket]")];
const here = () => document.activeElement?.closest?.("#rows tr[data-ticket]") ?? null;

/** Read the list again, as far as it is shown: what was chosen further down stays in it. */
function reload() {
  wanted = Math.min(MOST, rows().length);
  search.form.requestSubmit();
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt === search.form && wanted > FIRST) event.detail.parameters.limit = wanted;
  wanted = 0;
});

function walk(way) {
  const all = rows();
  const row = here();
  const next = row ? all[all.indexOf(row) + way] : all[way > 0 ? 0 : all.length - 1];
  const more = way > 0 && row && !next && body.querySelector(".more-row button");
  (next?.querySelector("a") ?? more ?? document.activeElement).focus();
}

function escape() {
  const active = document.activeElement;
  if (bulk?.escape()) return;
  if (active?.matches("input:not([type=checkbox]), select, textarea")) active.blur();
  else choice.none();
}

function shown() {
  remember(rows().map((row) => row.dataset.ticket));
  choice.keep();
}

// Letters that are typed wait for each other; whatever is chosen counts at once. Nothing is asked twice.
let typing = 0;
let asked = search.value;
search.form.addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => search.form.requestSubmit(), event.target === search ? 200 : 0);
});
search.form.addEventListener("submit", () => (asked = search.value));
// From the field into the rows; Escape leaves it without emptying it, which browsers do of themselves.
search.addEventListener("keydown", (event) => {
  if (!["Escape", "ArrowDown"].includes(event.key) || event.isComposing) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "ArrowDown") walk(1);
  else search.blur();
});
search.addEventListener("search", () => search.value !== asked && search.form.requestSubmit());

// What is being loaded dims only if it takes long, so that nothing flickers.
let late = 0;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target !== body) return;
  clearTimeout(late);
  late = setTimeout(() => table.setAttribute("aria-busy", "true"), 250);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.target !== body) return;
  clearTimeout(late);
  table.removeAttribute("aria-busy");
  byId("rows-wrong").hidden = event.detail.successful;
});
document.addEventListener("htmx:afterSettle", shown);
byId("rows-again").onclick = () => search.form.requestSubmit();
byId("tickets-keys").onclick = () => byId("keys").showModal();

keys.onKey("j", () => walk(1));
keys.onKey("k", () => walk(-1));
keys.onKey("arrowdown", () => walk(1));
keys.onKey("arrowup", () => walk(-1));
keys.onKey("x", () => choice.toggle(here()));
keys.onKey("shift+x", () => choice.upTo(here()));
keys.onKey("b", () => bulk?.focus());
keys.onKey("/", () => (search.focus(), search.select()));
keys.onKey("?", () => byId("keys").showModal());
keys.onKey("escape", escape);
keys.start();
startForms();
shown();
