// A ticket's own page: keys for what can be done, and the way from ticket to ticket of the list it came from.

import * as keys from "./keys.js";
import { store } from "./page.js";
import { bar, fill, t } from "./say.js";
import { startForms } from "./ticket_events.js";
import { neighbours } from "./ticket_way.js";

const zoom = () => document.querySelector(".ticket-zoom");
const way = document.getElementById("ticket-way");
const id = way.dataset.ticket;
const near = neighbours(id);

function show() {
  if (near.back) document.getElementById("ticket-back").href = near.back;
  if (!near.total) return;
  way.hidden = false;
  way.querySelector("[data-at]").textContent = fill(t("ticket_of"), { at: near.at, total: near.total });
  for (const [name, to] of [["before", near.before], ["after", near.after]]) {
    const link = way.querySelector(`[data-go=${name}]`);
    if (to) link.href = `/tickets/${to}`;
    else link.removeAttribute("href");
  }
}

function go(to) {
  if (to) location.href = `/tickets/${to}`;
}

function open(digit) {
  zoom().querySelectorAll(".event > summary")[digit - 1]?.click();
}

function leave() {
  const form = zoom().querySelector(".event[open]");
  const writing = document.activeElement?.matches("input, textarea, select");
  if (writing) document.activeElement.blur();
  else if (form) form.querySelector("summary").click();
  else location.href = near.back ?? "/tickets";
}

// Somebody else was quicker: told at once in a bar, and nothing on the page changes under the hands.
store.follow((part, message) => {
  if (message?.type !== "ticket" || message.data.id !== id) return;
  const newer = () => message.data.version > Number(zoom().dataset.version);
  const text = fill(t("ticket_newer"), { state: message.data.state_label ?? "" });
  // The page's own step comes back on the socket too, sometimes before its answer.
  setTimeout(() => newer() && bar("bar-ticket", text, { href: location.href, label: t("ticket_again") }), 1500);
});
document.addEventListener("htmx:afterSwap", () => bar("bar-ticket", null));

for (let digit = 1; digit <= 9; digit++) keys.onKey(String(digit), () => open(digit));
keys.onKey("j", () => go(near.after));
keys.onKey("k", () => go(near.before));
keys.onKey("escape", leave);
keys.onKey("?", () => document.getElementById("keys").showModal());
document.getElementById("ticket-keys").onclick = () => document.getElementById("keys").showModal();
keys.start();
startForms();
show();
