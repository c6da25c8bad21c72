// The agent's desk: puts its parts together and hands them the keys.

import { CallBar, CallList } from "./calls.js";
import * as keys from "./keys.js";
import { live, onLink, store, tabs } from "./page.js";
import { Notes } from "./notes.js";
import { Middle } from "./pops.js";
import { put, t } from "./say.js";
import { StateBar } from "./state.js";
import { startForms } from "./ticket_events.js";
import { TicketForm } from "./ticket_form.js";
import { Transfer } from "./transfer.js";
import { Work } from "./work.js";

const byId = (id) => document.getElementById(id);

const state = new StateBar(store, live);
const middle = new Middle(store, live);
const work = new Work(store, live);
const form = new TicketForm(middle, work);
new Notes(work, middle);
const list = new CallList(store, middle);
const bar = new CallBar(store, live, middle);
// Whoever gets the customer sees what was typed to the last letter.
const transfer = new Transfer(live, bar, () => work.flush());

onLink.push((link) => state.showLink(link));
onLink.push((link) => {
  if (link !== "open") return;
  work.flush();
  middle.tellChoices();
});
tabs.followers.push(showTabs);
showTabs();

function showTabs() {
  byId("link-state").title = t(tabs.leads ? "this_tab" : "other_tab");
}

store.follow((part) => {
  if (part !== "all" && part !== "agents") return;
  const me = state.me;
  put(byId("idle-hint"), t(me?.state === "ready" ? "ready_hint" : me?.queues.length ? "paused_hint" : "offline_hint"));
});

// Search: results under the field, arrows to walk, Enter to open.
const search = byId("search");
const results = byId("search-results");
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target === results) results.hidden = !search.value.trim();
});
search.addEventListener("focus", () => (results.hidden = !search.value.trim() || !results.childElementCount));
search.parentElement.addEventListener("keydown", (event) => {
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!way && event.key !== "Enter") return;
  const items = [...results.querySelectorAll("button")];
  if (event.key === "Enter" && event.target === search) items[0]?.click();
  if (way) {
    (items[items.indexOf(document.activeElement) + way] ?? search).focus();
    event.preventDefault();
  }
});
document.addEventListener("click", (event) => {
  if (!search.parentElement.contains(event.target)) results.hidden = true;
});
results.addEventListener("click", (event) => {
  const found = event.target.closest("[data-look]");
  if (!found) return;
  results.hidden = true;
  middle.look(found.dataset.look);
});

function escape() {
  if (state.close() || transfer.close() || bar.close()) return;
  const active = document.activeElement;
  if (!results.hidden) results.hidden = true;
  else if (active && active !== document.body && active.matches("input, textarea, select")) active.blur();
  else middle.back();
}

const acts = {
  r: () => state.ready(),
  p: () => byId("do-pause").hidden || byId("do-pause").click(),
  l: () => byId("do-queues").click(),
  o: () => middle.showWaiting(),
  d: () => bar.ask(),
  t: () => transfer.open(),
  h: () => byId("do-complete").click(),
  b: () => byId("do-take-back").click(),
  x: () => bar.hangUp(true),
  w: () => middle.close(),
  v: () => middle.press("[data-act=customer]"),
  e: () => middle.press("[data-act=other]"),
  a: () => middle.field("find"),
  c: () => middle.field("new"),
  n: () => form.focus(),
  m: () => middle.field("note"),
  f: () => middle.press("[data-act=adopt]"),
  "/": () => search.focus(),
  "?": () => byId("keys").showModal(),
  escape,
};
for (const [key, act] of Object.entries(acts)) keys.onKey(key, act);
for (let digit = 1; digit <= 9; digit++) {
  keys.onKey(String(digit), () => state.digit(digit) || middle.press(`[data-digit="${digit}"]`));
}
keys.start();
startForms();
byId("do-help").onclick = acts["?"];
byId("do-ticket").onclick = acts.n;
byId("do-note").onclick = acts.m;
list.show();
