// The wallboard: queues and agents as they are now. Rows stay where they are, only their figures change.

import * as clock from "./clock.js";
import { store } from "./page.js";
import { el, fill, page, put, t, word, zone } from "./say.js";

const byId = (id) => document.getElementById(id);
const LONG_WAIT = 60;
const TOO_LONG_WAIT = 180;
const PAUSE = 200;
const ORDER = ["ringing", "talking", "holding", "ready", "wrap_up", "paused"];

let due = 0;
store.follow(() => {
  due ||= setTimeout(() => {
    due = 0;
    draw();
  }, PAUSE);
});

function draw() {
  const { queues, agents } = store.picture;
  keyed(byId("queues"), queues.toSorted((a, b) => a.name.localeCompare(b.name)), (queue) => queue.key, newQueue, fillQueue);
  byId("queues-empty").hidden = queues.length > 0;
  // Who is away is counted, not listed: the cards are for those who are here.
  const here = agents.filter((agent) => agent.state !== "offline");
  const sorted = here.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name));
  keyed(byId("agents"), sorted, (agent) => agent.user, newAgent, fillAgent);
  byId("agents-empty").hidden = here.length > 0;
  put(byId("agents-empty"), t(agents.length ? "nobody_in" : "nobody"));
  const count = (...states) => agents.filter((agent) => states.includes(agent.state)).length;
  byId("sums").replaceChildren(...[["ready"], ["talking", "holding"], ["paused"], ["offline"]].map((states) =>
    el("li", {}, `${word("agent_state", states[0])} `, el("strong", {}, String(count(...states))))));
}

/** Children by key: kept, moved, made or removed, never all made anew. */
function keyed(parent, items, keyOf, make, show) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, at) => {
    const key = keyOf(item);
    const child = before.get(key) ?? make();
    before.delete(key);
    child.dataset.key = key;
    show(child, item);
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
  for (const gone of before.values()) gone.remove();
}

function newQueue() {
  return el("tr", {}, ...["name", "waiting", "longest", "ready", "talking", "paused"].map((name) =>
    el("td", { dataset: { cell: name } }, ...(name === "longest" ? [el("time")] : []))));
}

function fillQueue(row, queue) {
  const cell = (name) => row.querySelector(`[data-cell="${name}"]`);
  put(cell("name"), word("queue", queue.name));
  for (const name of ["waiting", "ready", "talking", "paused"]) {
    put(cell(name), String(queue[name]));
    cell(name).className = queue[name] ? "" : "zero";
  }
  const since = queue.waiting_since;
  const time = cell("longest").firstChild;
  clock.run(time, since);
  if (!since) put(time, "–");
  const wait = since ? (clock.now() - Date.parse(since)) / 1000 : 0;
  cell("longest").className = wait > TOO_LONG_WAIT ? "danger" : wait > LONG_WAIT ? "attention" : since ? "" : "zero";
  if (queue.waiting > queue.ready && queue.waiting) cell("waiting").className = queue.ready ? "attention" : "danger";
}

function newAgent() {
  return el("li", {}, el("span", { className: "name cut" }), el("span", { className: "what cut" }), el("time"));
}

function fillAgent(item, agent) {
  item.dataset.state = agent.state;
  const [name, what, time] = item.children;
  put(name, agent.name || agent.user);
  put(what, word("agent_state", agent.state) + (agent.state === "paused" && agent.reason ? ` · ${word("pause", agent.reason)}` : ""));
  clock.run(time, agent.since);
}

// The clock on the wall, and waits that grow past a limit while nothing else happens.
setInterval(() => {
  put(byId("wall-clock"), clock.timeOfDay(clock.now(), zone()));
  for (const queue of store.picture.queues) {
    const row = byId("queues").querySelector(`[data-key="${CSS.escape(queue.key)}"]`);
    if (row) fillQueue(row, queue);
  }
}, 1000);
