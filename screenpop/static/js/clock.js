// The server's time in the browser, and one timer for everything that runs on the page.

let offset = -Infinity;

/** Learn from a moment that the server has just said. The least delayed of all messages gives the best estimate. */
export function learn(iso) {
  const found = Date.parse(iso) - Date.now();
  if (!Number.isNaN(found) && (found > offset || offset - found > 60_000)) offset = found;
}

/** A new connection: forget what was learned, the machine may have slept or its clock been set. */
export function forget() {
  offset = -Infinity;
}

/** Milliseconds since 1970 by the server's clock. */
export function now() {
  return Date.now() + (offset === -Infinity ? 0 : offset);
}

/** Seconds as 0:07, 12:04 or 1:02:03. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/** Have `element` show the time since `iso`; null empties it. */
export function run(element, iso) {
  if (iso) element.dataset.since = iso;
  else delete element.dataset.since;
  show(element);
}

function show(element) {
  const since = element.dataset.since;
  const text = since ? duration((now() - Date.parse(since)) / 1000) : "";
  if (element.textContent !== text) element.textContent = text;
}

/** Show every running time of the page now. */
export function tick(root = document) {
  for (const element of root.querySelectorAll("[data-since]")) show(element);
}

/** Start the page's one timer. It ticks four times a second and writes only what has changed. */
export function start() {
  tick();
  setInterval(tick, 250);
}

/** The time of day of a moment of today, else its day. */
export function timeOrDay(at, zone) {
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", day: "numeric", timeZone: zone });
  const text = day.format(new Date(at));
  return text === day.format(new Date(now())) ? timeOfDay(at, zone) : text;
}

/** The time of day of a moment, in the page's language and the installation's zone. */
export function timeOfDay(at, zone) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone });
  return format.format(new Date(at));
}
