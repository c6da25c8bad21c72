// The forms of what can be done with a ticket: ready to be typed into when they open, sent by keyboard.

/** Follow the forms of all tickets on the page, those that come later too. */
export function startForms() {
  // `toggle` does not bubble, but it can be caught on its way down.
  document.addEventListener("toggle", opened, true);
  document.addEventListener("keydown", send);
}

function opened(event) {
  const details = event.target;
  if (!(details instanceof HTMLDetailsElement) || !details.matches(".event[open]")) return;
  if (details.dataset.quiet) return void delete details.dataset.quiet;
  // A form that comes back from the server does not take the hands from what is typed elsewhere.
  const active = document.activeElement;
  if (active && active !== document.body && !details.closest(".ticket-zoom, .bulk").contains(active)) return;
  const form = details.querySelector("form");
  const first = form.querySelector("[aria-invalid]") ?? form.querySelector("input:not([type=hidden]), select, textarea");
  first?.focus({ preventScroll: true });
  form.scrollIntoView({ block: "nearest" });
}

function send(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.(".event-form, .bulk-form");
  if (form) form.requestSubmit();
}
