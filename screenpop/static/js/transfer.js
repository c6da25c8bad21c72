// Handing a call on: to a colleague by name, a queue, or a number; at once, or after asking there first.

import { isNumber } from "./calls.js";
import { el, fill, oops, say, t, word } from "./say.js";

const byId = (id) => document.getElementById(id);
const AGAIN = 3000;
const TONES = { ready: "good", ringing: "attention", talking: "attention", holding: "attention", wrap_up: "information" };

export class Transfer {
  /** `before` is waited for before a call goes: what was typed has to be there first. */
  constructor(live, bar, before) {
    this.live = live;
    this.bar = bar;
    this.before = before;
    this.targets = { colleagues: [], queues: [] };
    this.shown = [];
    this.chosen = 0;
    this.timer = 0;
    this.form = byId("transfer-form");
    this.box = byId("transfer");
    this.field = byId("transfer-to");
    byId("do-transfer").onclick = () => this.open();
    byId("transfer-close").onclick = () => this.close();
    byId("transfer-ask").onclick = () => this.#go("attended");
    this.form.onsubmit = (event) => (event.preventDefault(), this.#go("blind"));
    this.field.addEventListener("input", () => this.#filter());
    this.form.addEventListener("keydown", (event) => this.#key(event));
    byId("transfer-list").addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.#choose([...row.parentElement.children].indexOf(row));
      this.field.focus();
    });
    bar.store.follow((part) => part === "calls" && byId("do-transfer").disabled && this.close());
  }

  open() {
    const button = byId("do-transfer");
    if (button.disabled || button.hidden || !this.box.hidden) return;
    this.box.hidden = false;
    button.setAttribute("aria-expanded", "true");
    this.field.value = "";
    this.chosen = 0;
    this.#filter();
    this.field.focus();
    this.#ask();
  }

  close() {
    if (this.box.hidden) return false;
    clearTimeout(this.timer);
    const inside = this.form.contains(document.activeElement);
    this.box.hidden = true;
    this.shown = [];
    this.#show();
    byId("do-transfer").setAttribute("aria-expanded", "false");
    if (inside) (byId("do-transfer").disabled ? byId("middle") : byId("do-transfer")).focus();
    return true;
  }

  /** Who is there is asked for as long as the list is open: who was ready may talk by now. */
  async #ask() {
    try {
      this.targets = await this.live.do("call.targets");
      this.#filter();
    } catch (error) {
      oops(error);
    }
    clearTimeout(this.timer);
    if (!this.box.hidden) this.timer = setTimeout(() => this.#ask(), AGAIN);
  }

  #filter() {
    const text = this.field.value.trim().toLocaleLowerCase();
    const fits = (...parts) => !text || parts.some((part) => part.toLocaleLowerCase().includes(text));
    const before = this.shown[this.chosen]?.id;
    this.shown = [
      ...this.targets.colleagues.filter((one) => fits(one.name, one.user, one.extension)).map((one) => ({
        id: `u-${one.user}`, to: one.extension, name: one.name, tone: TONES[one.state] ?? "",
        more: one.reason && one.state === "paused" ? word("pause", one.reason) : word("agent_state", one.state),
      })),
      ...this.targets.queues.filter((one) => fits(one.name, word("queue", one.name), one.extension)).map((one) => ({
        id: `q-${one.name}`, to: one.extension, name: fill(t("queue_named"), { name: word("queue", one.name) }),
        tone: one.ready ? "good" : "", more: fill(t(one.waiting ? "waiting" : "none_waiting"), { n: one.waiting }),
      })),
    ];
    const typed = this.field.value.trim();
    const there = this.shown.some((one) => one.to === typed);
    if (typed && isNumber(typed) && !there) this.shown.push({ id: "n", to: typed, name: typed, tone: "", more: t("number") });
    this.chosen = Math.max(0, this.shown.findIndex((one) => one.id === before));
    this.#show();
  }

  #show() {
    byId("transfer-list").replaceChildren(...this.shown.map((one, at) => {
      const row = el("li", { id: `transfer-${at}`, className: "row" },
        el("span", { className: "cut" }, one.name),
        el("span", { className: "number muted" }, one.id === "n" ? "" : one.to),
        el("span", { className: `tag ${one.tone}` }, one.more));
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(at === this.chosen));
      return row;
    }));
    const none = !this.shown.length;
    byId("transfer-list").hidden = none;
    byId("transfer-none").hidden = !none;
    this.field.setAttribute("aria-activedescendant", none ? "" : `transfer-${this.chosen}`);
    for (const id of ["transfer-go", "transfer-ask"]) byId(id).disabled = none;
    byId(`transfer-${this.chosen}`)?.scrollIntoView({ block: "nearest" });
  }

  #choose(at) {
    this.chosen = at;
    this.#show();
  }

  #key(event) {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (way && this.shown.length) {
      this.#choose((this.chosen + way + this.shown.length) % this.shown.length);
      event.preventDefault();
    }
    if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      this.#go("attended");
    }
  }

  async #go(kind) {
    const target = this.shown[this.chosen];
    const { call } = this.bar;
    if (!target || !call) return;
    await this.before();
    const button = byId(kind === "blind" ? "transfer-go" : "transfer-ask");
    if (!(await this.bar.run(button, "call.transfer", { call_id: call.id, to: target.to, kind }))) return;
    if (kind === "attended") this.bar.asking = call.id;
    this.close();
    this.bar.show();
    // The card shows where the customer goes; who does not see it hears it.
    say(fill(t(kind === "blind" ? "transfer_sent" : "asking_sent"), { to: target.name }));
  }
}
