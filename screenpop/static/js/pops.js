// The middle of the desk: one card per call, each kept in the page with what was typed into it.

import { fragment, newKey, request } from "./api.js";
import { Cards } from "./cards.js";
import * as clock from "./clock.js";
import { wrong } from "./forms.js";
import { caller, fill, oops, problem, put, say, t, time, word } from "./say.js";

const byId = (id) => document.getElementById(id);

export class Middle {
  constructor(store, live) {
    this.store = store;
    this.live = live;
    this.current = null;
    /** @type {Map<string, HTMLElement>} */
    this.cards = new Map();
    this.maker = new Cards(byId("middle"));
    /** @type {((pop: any) => void)[]} */
    this.followers = [];
    /** @type {((card: HTMLElement) => void)[]} */
    this.cardFollowers = [];
    /** @type {Map<string, (card: HTMLElement) => void>} */
    this.acts = new Map();
    this.turn = 0;
    this.element = byId("middle");
    this.writing = () => false;
    store.follow((part, message) => (part === "all" || part === "pops") && this.#changed(message));
    byId("middle").addEventListener("click", (event) => this.#clicked(event));
    byId("middle").addEventListener("submit", (event) => this.#submitted(event));
    byId("middle").addEventListener("input", (event) => {
      if (event.target.getAttribute("aria-invalid")) wrong(event.target.form, "", "");
    });
    byId("look-back").onclick = () => this.back();
  }

  /** Have `follower` called with the shown pop (or null) whenever another one is shown or it changes. */
  onShow(follower) {
    this.followers.push(follower);
  }

  /** Have `follower` called with each card that is made or changed. */
  onCard(follower) {
    this.cardFollowers.push(follower);
  }

  /** Have `act` called with its card where a button for it is pressed. */
  onAct(name, act) {
    this.acts.set(name, act);
  }

  /** The cards of a call: rarely more than one. */
  cardsOf(call) {
    return [...this.cards.values()].filter((card) => card.dataset.call === call);
  }

  popOf(card) {
    const pop = this.store.picture.pops.find((one) => one.pop_id === card.dataset.pop);
    return pop ? this.known(pop) : null;
  }

  get pop() {
    const pop = this.store.picture.pops.find((one) => one.pop_id === this.current);
    return pop ? this.known(pop) : null;
  }

  /** A pop with what the agent has found out about who it is. */
  known(pop) {
    return { ...pop, ...this.#chosen(pop) };
  }

  get card() {
    return this.cards.get(this.current) ?? null;
  }

  show(popId) {
    this.current = popId;
    byId("look").hidden = true;
    this.#arrange();
  }

  /** Show a record, a ticket or an old call in the middle; Esc goes back. */
  async look(path) {
    const turn = ++this.turn;
    try {
      const html = await fragment(path);
      if (turn !== this.turn) return; // something else was asked for meanwhile, and came sooner
      byId("look-body").innerHTML = html;
      globalThis.htmx?.process(byId("look-body"));
      clock.tick(byId("look-body"));
      byId("look").hidden = false;
      byId("middle").scrollTop = 0;
      this.#arrange();
    } catch (error) {
      oops(error);
    }
  }

  back() {
    if (byId("look").hidden) return false;
    byId("look").hidden = true;
    byId("look-body").replaceChildren();
    this.#arrange();
    return true;
  }

  /** The oldest call that waits to be looked at. */
  showWaiting() {
    const { pops } = this.store.picture;
    const waits = pops.find((pop) => pop.pop_id !== this.current && !pop.ended_at) ?? pops.find((pop) => pop.pop_id !== this.current);
    if (waits) this.show(waits.pop_id);
  }

  async close() {
    if (!this.pop?.ended_at) return;
    try {
      await this.live.do("pop.close", { pop_id: this.current });
    } catch (error) {
      oops(error);
    }
  }

  /** Press the button for an act, or one of the numbered candidates, on the shown card. */
  press(selector) {
    const button = byId("look").hidden && this.card?.querySelector(selector);
    button?.click();
    return Boolean(button);
  }

  /** Put the focus into a field of the card that the agent asked for by key. */
  field(name) {
    const card = this.card;
    if (!card) return;
    let target = card.querySelector(`[data-key-target="${name}"]`);
    if (target?.closest("[hidden]")) card.querySelector("[data-act=other]")?.click();
    target = card.querySelector(`[data-key-target="${name}"]`);
    target?.focus();
  }

  #changed(message) {
    const { pops } = this.store.picture;
    if (message?.type === "pop.withdrawn") this.#withdrawn(message.data);
    for (const [id, card] of this.cards) {
      if (pops.some((pop) => pop.pop_id === id)) continue;
      card.remove();
      this.cards.delete(id);
      if (this.current === id) this.current = null;
    }
    for (const pop of message ? pops.filter((pop) => pop.pop_id === message.data.pop_id) : pops) this.#draw(pop);
    this.#choose(message);
    this.#arrange();
  }

  /** Which card to show: never from under the agent's hands. */
  #choose(message) {
    const { pops } = this.store.picture;
    const live = pops.filter((pop) => !pop.ended_at);
    const best = live.find((pop) => pop.stage === "answered") ?? live[0] ?? null;
    const shown = pops.find((pop) => pop.pop_id === this.current);
    const busy = this.writing() || (shown && !shown.ended_at) || this.card?.contains(document.activeElement);
    const mine = message?.type === "pop" || message?.type === "pop.updated" ? message.data : null;
    if (best && best.pop_id !== this.current && !busy) this.show(best.pop_id);
    else if (!this.current && pops.length) this.current = (best ?? pops[pops.length - 1]).pop_id;
    if (message?.type === "pop" && mine.stage === "ringing") this.#announce(mine);
    if (message?.type === "pop.updated" && mine.stage === "answered" && !mine.ended_at && shown?.pop_id === mine.pop_id) {
      say(fill(t("pop_answered"), { who: caller(mine) }));
    }
  }

  #announce(pop) {
    const here = this.current === pop.pop_id;
    const who = caller(pop) + (pop.customers[0]?.vip && pop.match === "one" ? ", VIP" : "");
    say(fill(t(here ? "pop_said" : "pop_waits"), { who, queue: word("queue", pop.queue) }), true);
  }

  #withdrawn(data) {
    const card = this.cards.get(data.pop_id);
    // A card that was put away needs no word; one that goes by itself does.
    if (data.reason === "cancelled" && card?.dataset.stage === "ended") return;
    const who = card?.dataset.who ?? "";
    const taken = data.reason === "cancelled" && data.by;
    const text = taken ? fill(t("taken_back"), { who, name: data.by }) : fill(t("pop_gone"), { who, reason: word("withdrawn", data.reason) });
    put(byId("idle-last"), `${time(new Date(clock.now()).toISOString())}  ${text}`);
    byId("idle-last").hidden = false;
    say(text);
  }

  /** Make or change the card of a pop. */
  async #draw(pop) {
    let html = pop.html;
    const chosen = this.#remembered(pop.pop_id);
    if (chosen && pop.match !== "one") html = await this.#chosenHtml(pop, chosen, html);
    if (!this.store.picture.pops.some((one) => one.pop_id === pop.pop_id && one.html === pop.html)) return;
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const fresh = holder.content.querySelector("article");
    const old = this.cards.get(pop.pop_id);
    const card = old ? this.maker.merge(old, fresh) : this.maker.adopt(fresh);
    this.cards.set(pop.pop_id, card);
    card.dataset.who = caller(this.known(pop));
    clock.tick(card);
    for (const follower of this.cardFollowers) follower(card);
    if (this.current === pop.pop_id) this.#arrange();
  }

  #arrange() {
    const looking = !byId("look").hidden;
    for (const [id, card] of this.cards) card.hidden = looking || id !== this.current;
    byId("idle").hidden = looking || Boolean(this.card);
    this.#tell();
  }

  #tell() {
    for (const follower of this.followers) follower(this.pop);
  }

  // Who of several it is, or who was found: kept per pop, so that a reload and another tab know it too.

  #remembered(popId) {
    return JSON.parse(localStorage.getItem(`ringdesk.chosen.${popId}`) ?? "null");
  }

  #chosen(pop) {
    const chosen = this.#remembered(pop.pop_id);
    if (!chosen || pop.match === "one") return {};
    const known = pop.customers.find((customer) => customer.id === chosen.id);
    return { match: "one", customers: [known ?? { vip: false, ...chosen }], tickets: chosen.tickets ?? [] };
  }

  async #chosenHtml(pop, chosen, otherwise) {
    try {
      return await fragment(`/desk/pops/${encodeURIComponent(pop.pop_id)}/card?customer=${encodeURIComponent(chosen.id)}`);
    } catch {
      return otherwise;
    }
  }

  /** So it is for everybody in the call; while the server is away, for this browser. */
  async choose(popId, customer) {
    localStorage.setItem(`ringdesk.chosen.${popId}`, JSON.stringify(customer));
    const pop = this.store.picture.pops.find((one) => one.pop_id === popId);
    if (pop) await Promise.all([this.#draw(pop), this.#tellChoice(pop, customer)]);
    this.#arrange();
    say(fill(t("customer_chosen"), { name: customer.name }));
  }

  async #tellChoice(pop, customer) {
    try {
      await this.live.do("context.choose", { call_id: pop.call_id, customer_id: customer.id });
    } catch {
      localStorage.setItem(`ringdesk.chosen.${pop.pop_id}`, JSON.stringify({ ...customer, untold: true }));
    }
  }

  /** The link is back: tell the choices that could not be told. */
  tellChoices() {
    for (const pop of this.store.picture.pops) {
      const { untold, ...customer } = this.#remembered(pop.pop_id) ?? {};
      if (untold) this.choose(pop.pop_id, customer);
    }
  }

  #clicked(event) {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const { act } = button.dataset;
    const card = button.closest("article");
    if (act === "close") this.close();
    if (act === "ticket") this.look(`/desk/tickets/${encodeURIComponent(button.dataset.ticket)}`);
    if (act === "call") this.look(`/desk/calls/${encodeURIComponent(button.dataset.call)}`);
    if (act === "customer") this.look(`/desk/customers/${encodeURIComponent(button.dataset.customer)}`);
    if (act === "choose" && card) this.#take(button, card);
    if (act === "other") this.#other(button, card);
    if (card) this.acts.get(act)?.(card);
    if (act === "ticket" || act === "call") event.preventDefault();
  }

  #other(button, card) {
    const panel = card.querySelector(".pop-other");
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) panel.querySelector("input").focus();
  }

  async #take(button, card) {
    const { customer, name, attach } = button.dataset;
    const chosen = { id: customer, name: name ?? button.closest("tr")?.querySelector("strong")?.textContent ?? "" };
    // What was typed has done its work: the card may change as soon as the server says so.
    for (const input of card.querySelectorAll(".find input")) input.value = input.defaultValue;
    try {
      if (attach && card.dataset.number) {
        await request("POST", `/api/v1/customers/${encodeURIComponent(customer)}/phones`, { number: card.dataset.number }, newKey());
      }
      await this.choose(card.dataset.pop, chosen);
    } catch (error) {
      oops(error);
    }
  }

  async #submitted(event) {
    const form = event.target.closest("[data-form=customer]");
    if (!form) return;
    event.preventDefault();
    const card = form.closest("article");
    const button = form.querySelector("button");
    if (button.getAttribute("aria-busy")) return;
    if (!form.elements.name.value.trim()) return wrong(form, "name", t("required"));
    wrong(form, "", "");
    button.setAttribute("aria-busy", "true");
    form.dataset.key ||= newKey();
    try {
      const saved = await request("POST", "/api/v1/customers", newCustomer(form, card), form.dataset.key);
      form.reset();
      await this.choose(card.dataset.pop, { id: saved.id, name: saved.name });
    } catch (error) {
      if (error.details?.field) delete form.dataset.key;
      wrong(form, error.details?.field ?? "", problem(error));
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

function newCustomer(form, card) {
  const { name, address, account } = form.elements;
  const number = card.dataset.match === "anonymous" ? "" : card.dataset.number;
  return {
    name: name.value.trim(),
    ...(account.value.trim() && { account: account.value.trim() }),
    ...(address.value.trim() && { address: { text: address.value.trim() } }),
    ...(number && { phones: [{ number }] }),
  };
}
