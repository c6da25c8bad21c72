// The left list of calls and tickets, and the call bar at the bottom.

import { request } from "./api.js";
import * as clock from "./clock.js";
import { caller, el, fill, icon, oops, page, put, say, t, time, toast, when, word } from "./say.js";

const byId = (id) => document.getElementById(id);
const LAST_SHOWN = 12;

/** My open segment of a call: the one that I am offered or in. */
export function mySegment(call) {
  return call.segments.findLast((segment) => segment.agent === page.user && !segment.ended_at);
}

/** The call that I am in, else the one that rings for me. */
export function myCall(calls) {
  const mine = calls.filter(mySegment);
  const inCall = mine.filter((call) => mySegment(call).answered_at);
  return inCall.find((call) => myState(call) !== "held") ?? inCall[0] ?? mine[0];
}

/** What a call is to me: ringing, talking, held; asked, while a colleague asks me and the customer waits. */
export function myState(call) {
  const segment = mySegment(call);
  if (!segment) return call.state;
  if (!segment.answered_at) return "ringing";
  if (segment.consult_since) return "asked";
  return call.state === "held" || segment.held_since ? "held" : "talking";
}

/** The other side's number, as people read it. */
export function otherSide(call) {
  const number = (call.direction === "outbound" ? call.dialled : call.caller.number) || "";
  return number.replace(/^(?:\+?86)?(1\d\d)(\d{4})(\d{4})$/, "$1 $2 $3");
}

/** Whether the text can be dialled. */
export function isNumber(text) {
  return /^\+?[\d*#\s().-]+$/.test(text);
}

export class CallList {
  constructor(store, middle) {
    this.store = store;
    this.middle = middle;
    this.last = [];
    store.follow((part, message) => this.#changed(part, message));
    middle.onShow(() => this.show());
    this.#load();
  }

  async #load() {
    try {
      const found = await request("GET", `/api/v1/calls?limit=${LAST_SHOWN}`);
      this.last = found.items.filter((call) => call.state === "ended");
      this.show();
    } catch {
      // The list of last calls is a convenience; the live list does not need it.
    }
  }

  #changed(part, message) {
    if (message?.type === "call" && message.data.state === "ended") {
      this.last = [message.data, ...this.last.filter((call) => call.id !== message.data.id)].slice(0, LAST_SHOWN);
    }
    if (["all", "calls", "pops", "agents"].includes(part)) this.show();
    if (part === "all" || part === "tickets") this.#showTickets();
  }

  show() {
    const { pops, calls } = this.store.picture;
    const withPop = new Set(pops.map((pop) => pop.call_id));
    const own = calls.filter((call) => mySegment(call) && !withPop.has(call.id));
    const now = [...pops.map((pop) => this.#popRow(this.middle.known(pop))), ...own.map((call) => this.#callRow(call))];
    byId("calls-now").replaceChildren(...now);
    const last = this.last.filter((call) => !withPop.has(call.id));
    byId("calls-last").replaceChildren(...last.map((call) => this.#lastRow(call)));
    const waiting = pops.filter((pop) => !pop.ended_at).length;
    put(byId("calls-count"), waiting > 1 ? String(waiting) : "");
    byId("calls-empty").hidden = now.length + last.length > 0;
    put(byId("calls-empty"), t("no_calls"));
  }

  #popRow(pop) {
    const call = this.store.picture.calls.find((one) => one.id === pop.call_id && mySegment(one));
    const stage = pop.ended_at ? "ended" : call ? myState(call) : pop.stage === "ringing" ? "ringing" : "talking";
    const here = this.middle.current === pop.pop_id;
    const running = el("time", { className: "number" });
    if (stage === "ended") put(running, time(pop.ended_at));
    else clock.run(running, pop.stage === "ringing" ? pop.offered_at : pop.answered_at);
    const more = pop.match === "several" ? fill(t("several"), { n: pop.customers.length })
      : caller(pop) === pop.caller.shown || !pop.caller.shown ? word("queue", pop.queue) : pop.caller.shown;
    const row = el("button", { type: "button", className: `row${stage === "ringing" && !here ? " waits" : ""}` },
      el("span", { className: "cut" }, el("strong", {}, caller(pop))),
      running,
      el("span", { className: "row-more muted small" }, [word("my_call", stage), more].join(" · ")));
    row.setAttribute("aria-current", String(here));
    row.onclick = () => this.middle.show(pop.pop_id);
    return el("li", {}, row);
  }

  #callRow(call) {
    const running = el("time", { className: "number" });
    clock.run(running, mySegment(call).answered_at ?? mySegment(call).offered_at);
    return el("li", { className: "row" },
      el("span", { className: "cut" }, el("strong", {}, otherSide(call) || t("anonymous"))), running,
      el("span", { className: "row-more muted small" }, `${word("my_call", myState(call))} · ${word("direction", call.direction)}`));
  }

  #lastRow(call) {
    const answered = call.outcome === "answered";
    const sign = !answered ? "missed" : call.direction === "outbound" ? "outgoing" : "in";
    const row = el("button", { type: "button", className: "row" },
      el("span", { className: "cut number" }, otherSide(call) || t("anonymous")),
      el("time", { className: "muted small", dateTime: call.ended_at }, when(call.ended_at ?? call.started_at)),
      el("span", { className: "row-more muted small row-end" }, icon(sign),
        answered ? `${word("outcome", "answered")} ${clock.duration(call.talk_seconds)}` : word("outcome", call.outcome ?? "lost")));
    row.onclick = () => this.middle.look(`/desk/calls/${encodeURIComponent(call.id)}`);
    return el("li", {}, row);
  }

  #showTickets() {
    const tickets = this.store.picture.tickets.toSorted((a, b) => b.updated_at.localeCompare(a.updated_at));
    byId("tickets-mine").replaceChildren(...tickets.map((ticket) => {
      const row = el("button", { type: "button", className: "row" },
        el("span", { className: "cut" }, ticket.subject),
        el("time", { className: "muted small", dateTime: ticket.updated_at }, when(ticket.updated_at)),
        el("span", { className: "row-more muted small cut" }, `${ticket.number} · ${ticket.state_label}${ticket.customer_name ? ` · ${ticket.customer_name}` : ""}`));
      row.onclick = () => this.middle.look(`/desk/tickets/${encodeURIComponent(ticket.id)}`);
      return el("li", {}, row);
    }));
    put(byId("tickets-count"), tickets.length ? String(tickets.length) : "");
    byId("tickets-empty").hidden = tickets.length > 0;
    put(byId("tickets-empty"), t("no_tickets"));
  }
}

export class CallBar {
  constructor(store, live, middle) {
    this.store = store;
    this.live = live;
    this.middle = middle;
    middle.onShow(() => this.show());
    this.armed = 0;
    /** The call in which we ask a colleague before we hand over, as far as this page knows. */
    this.asking = "";
    byId("do-dial").onclick = () => this.ask();
    byId("do-complete").onclick = () => this.settle("complete");
    byId("do-take-back").onclick = () => this.settle("cancel");
    byId("dial-cancel").onclick = () => this.close();
    byId("dial-form").onsubmit = (event) => this.#go(event);
    byId("do-hangup").onclick = () => this.hangUp();
    store.follow((part) => ["all", "calls", "agents", "pops"].includes(part) && this.show());
    this.show();
  }

  get call() {
    return myCall(this.store.picture.calls);
  }

  show() {
    const { call } = this;
    const state = call ? myState(call) : "none";
    byId("callbar").dataset.state = state;
    byId("call-state").className = `call-state tag ${{ ringing: "attention", talking: "good", held: "information", asked: "information" }[state] ?? ""}`;
    put(byId("call-state"), call ? word("my_call", state) : t("no_call"));
    const segment = call && mySegment(call);
    clock.run(byId("call-time"), segment ? (segment.held_since ?? segment.answered_at ?? segment.offered_at) : null);
    put(byId("call-who"), call ? this.#who(call) : "");
    const asking = Boolean(call) && this.#asks(call);
    put(byId("call-hint"), call ? t(`${asking ? "asking" : state}_hint`) : "");
    byId("do-transfer").disabled = state !== "talking";
    byId("do-transfer").hidden = asking;
    for (const id of ["do-complete", "do-take-back"]) byId(id).hidden = !asking;
    byId("do-note").disabled = !this.middle.card;
    // A call that rings for us is not ours to end: the next agent may take it.
    byId("do-hangup").disabled = !call || (state === "ringing" && call.direction !== "outbound");
    if (byId("do-hangup").disabled) this.#disarm();
    byId("do-dial").disabled = Boolean(call);
    byId("do-dial").hidden = Boolean(call) || !byId("dial-form").hidden;
    if (call) this.close();
  }

  /** Whether we ask somebody about this call: the card knows of colleagues, this page of who is outside. */
  #asks(call) {
    if (this.asking && this.asking !== call.id) this.asking = "";
    const pop = this.store.picture.pops.find((one) => one.call_id === call.id && !one.ended_at);
    if (pop?.went?.asking) this.asked = call.id;
    else if (this.asked === call.id) this.asked = this.asking = "";
    return Boolean(pop?.went?.asking) || this.asking === call.id;
  }

  /** Hand over to whom we asked, or take the customer back. */
  async settle(how) {
    const { call } = this;
    const button = byId(how === "complete" ? "do-complete" : "do-take-back");
    if (!call || button.hidden) return;
    await this.run(button, `call.transfer.${how}`, { call_id: call.id });
    this.asking = "";
    this.show();
  }

  #who(call) {
    const pop = this.store.picture.pops.find((one) => one.call_id === call.id);
    const queue = call.queue ? ` · ${word("queue", call.queue)}` : "";
    return (pop ? caller(this.middle.known(pop)) : otherSide(call) || t("anonymous")) + queue;
  }

  /** Open the small form for a number to dial. */
  ask() {
    if (byId("do-dial").disabled) return;
    byId("dial-form").hidden = false;
    byId("do-dial").hidden = true;
    byId("dial-to").focus();
  }

  close() {
    if (byId("dial-form").hidden) return false;
    const inside = byId("dial-form").contains(document.activeElement);
    byId("dial-form").hidden = true;
    byId("do-dial").hidden = Boolean(this.call);
    if (inside) byId("do-dial").focus();
    return true;
  }

  async #go(event) {
    event.preventDefault();
    const to = byId("dial-to").value.trim();
    if (!isNumber(to)) {
      byId("dial-to").focus();
      return toast(t("dial_digits"), "attention");
    }
    if (await this.run(byId("dial-go"), "call.dial", { to })) {
      toast(fill(t("dial_sent"), { to }));
      byId("dial-to").value = "";
      this.close();
    }
  }

  /** Ends my call. A key is pressed by mistake more easily than a button: it asks once. */
  hangUp(byKey = false) {
    const button = byId("do-hangup");
    if (button.disabled) return;
    if (byKey && !this.armed) {
      this.armed = setTimeout(() => this.#disarm(), 3000);
      put(button.querySelector("span"), t("sure_hangup"));
      return say(`${t("hangup")}: ${t("sure_hangup")}`);
    }
    this.#disarm();
    this.run(button, "call.hangup", { call_id: this.call.id });
  }

  #disarm() {
    clearTimeout(this.armed);
    this.armed = 0;
    put(byId("do-hangup").querySelector("span"), t("hangup"));
  }

  /** Have the server do something; the button is busy meanwhile. True where it was done. */
  async run(button, command, args) {
    if (button.getAttribute("aria-busy")) return false;
    button.setAttribute("aria-busy", "true");
    try {
      await this.live.do(command, args);
      return true;
    } catch (error) {
      oops(error);
      return false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}
