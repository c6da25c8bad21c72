// The top of the desk: my state with pause and queues, the queues' figures, the link.

import * as clock from "./clock.js";
import { el, fill, oops, page, put, t, toast, word } from "./say.js";

const byId = (id) => document.getElementById(id);

/** What opens below its button, closes on Escape, on a click elsewhere, and when it is done. */
export class Menu {
  constructor(button, list) {
    this.button = button;
    this.list = list;
    button.addEventListener("click", () => this.toggle());
    document.addEventListener("click", (event) => {
      if (this.open && !button.contains(event.target) && !list.contains(event.target)) this.close();
    });
    list.addEventListener("keydown", (event) => this.#step(event));
  }

  get open() {
    return !this.list.hidden;
  }

  toggle() {
    if (this.open) return this.close();
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.list.querySelector("button, input")?.focus();
  }

  close() {
    if (!this.open) return false;
    const inside = this.list.contains(document.activeElement);
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (inside) this.button.focus();
    return true;
  }

  #step(event) {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!way) return;
    const items = [...this.list.querySelectorAll("button, input")];
    items[(items.indexOf(document.activeElement) + way + items.length) % items.length]?.focus();
    event.preventDefault();
  }
}

export class StateBar {
  constructor(store, live) {
    this.store = store;
    this.live = live;
    this.pause = new Menu(byId("do-pause"), byId("menu-pause"));
    this.queues = new Menu(byId("do-queues"), byId("menu-queues"));
    byId("do-ready").onclick = () => this.ready();
    byId("menu-pause").onclick = (event) => this.#pauseFor(event.target.closest("button"));
    byId("menu-queues").onsubmit = (event) => this.#signIn(event);
    byId("queues-leave").onclick = () => this.#run(byId("queues-leave"), "agent.logout", {}, this.queues);
    byId("do-queues").addEventListener("click", () => this.#boxes());
    store.follow((part) => {
      if (part === "all" || part === "agents") this.#showMe();
      if (part === "all" || part === "queues" || part === "agents") this.#showQueues();
    });
  }

  get me() {
    return this.store.picture.agents.find((agent) => agent.user === page.user);
  }

  /** Take calls: out of the pause, or into the queues of the last time. */
  ready() {
    if (!byId("do-ready").disabled) return this.#run(byId("do-ready"), "agent.ready");
  }

  /** A digit while the pause menu is open chooses a reason. */
  digit(number) {
    if (!this.pause.open) return false;
    this.#pauseFor(byId("menu-pause").querySelector(`[data-digit="${number}"]`));
    return true;
  }

  close() {
    return this.pause.close() || this.queues.close();
  }

  showLink(state) {
    byId("link-state").dataset.link = state;
    put(byId("link-word"), t({ open: "link_ok", connecting: "link_connecting" }[state] ?? "link_short"));
  }

  #pauseFor(button) {
    if (button?.dataset.reason) this.#run(button, "agent.pause", { reason: button.dataset.reason }, this.pause);
  }

  #signIn(event) {
    event.preventDefault();
    const chosen = [...byId("queue-boxes").querySelectorAll(":checked")].map((box) => box.value);
    const wrong = event.target.querySelector("[data-wrong]");
    wrong.hidden = chosen.length > 0;
    wrong.textContent = t("queues_none");
    if (!chosen.length) return;
    localStorage.setItem(`ringdesk.queues.${page.user}`, JSON.stringify(chosen));
    this.#run(byId("queues-save"), "agent.login", { queues: chosen }, this.queues);
  }

  async #run(button, command, args = {}, menu = null) {
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      const done = await this.live.do(command, args);
      if (done?.applied === false) toast(t("kept"), "attention");
      menu?.close();
    } catch (error) {
      oops(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  #mine() {
    return this.store.picture.queues.filter((queue) => !this.me || queue.pbx === this.me.pbx);
  }

  #boxes() {
    const remembered = JSON.parse(localStorage.getItem(`ringdesk.queues.${page.user}`) ?? "null");
    const now = this.me?.queues.length ? this.me.queues : remembered;
    const boxes = this.#mine().map((queue) =>
      el("label", { className: "check" },
        el("input", { type: "checkbox", value: queue.name, checked: now ? now.includes(queue.name) : true }),
        word("queue", queue.name)));
    byId("queue-boxes").replaceChildren(...(boxes.length ? boxes : [el("p", { className: "muted" }, t("no_queues"))]));
    if (this.queues.open) byId("queue-boxes").querySelector("input")?.focus();
  }

  #showMe() {
    const me = this.me;
    const state = me?.state ?? "offline";
    byId("state-now").dataset.state = state;
    const reason = state === "paused" && me.reason ? ` · ${word("pause", me.reason)}` : "";
    put(byId("state-word"), word("agent_state", state) + reason);
    clock.run(byId("state-time"), me?.since);
    const working = Boolean(me?.queues.length);
    // Both stay where they are, so that nothing beside them moves when the state changes.
    byId("do-ready").disabled = ["ready", "ringing", "talking", "holding"].includes(state);
    byId("do-ready").classList.toggle("primary", ["offline", "paused", "wrap_up"].includes(state));
    byId("do-pause").disabled = !working;
    put(byId("queues-mine"), working ? `${me.queues.length}/${this.#mine().length}` : "");
  }

  #showQueues() {
    const list = byId("queue-figures");
    const own = (queue) => Number(this.me?.queues.includes(queue.name) ?? false);
    const queues = this.#mine().toSorted((a, b) => own(b) - own(a) || b.waiting - a.waiting || a.name.localeCompare(b.name));
    const waiting = queues.filter((queue) => queue.waiting);
    if (!queues.length) return list.replaceChildren(el("li", { className: "muted" }, t("no_queues")));
    if (!waiting.length) return list.replaceChildren(el("li", { className: "muted" }, t("none_waiting")));
    list.replaceChildren(...waiting.map(figure));
  }
}

/** “Service 3 waiting 0:41”: how many, and how long the first of them has. */
function figure(queue) {
  const time = el("time", { title: t("longest") });
  clock.run(time, queue.waiting_since);
  return el("li", { className: queue.waiting > queue.ready ? "busy" : "" },
    `${word("queue", queue.name)} ${fill(t("waiting"), { n: queue.waiting })} `, time);
}
