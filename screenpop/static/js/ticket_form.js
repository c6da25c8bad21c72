// The ticket form: one draft per call, kept by work.js, sent once, its mistakes beside their fields.

import { newKey, request } from "./api.js";
import * as clock from "./clock.js";
import { wrong } from "./forms.js";
import { caller, el, fill, page, problem, put, t, time, toast, word } from "./say.js";
import { keptText } from "./work.js";

const byId = (id) => document.getElementById(id);
const KEPT_DAYS = 3;
/** Where a ticket without a call is kept. */
const NONE = "none";

export class TicketForm {
  constructor(middle, work) {
    this.middle = middle;
    this.work = work;
    this.form = byId("ticket-form");
    this.pop = null;
    this.slot = NONE;
    if (!this.form) return;
    this.form.addEventListener("input", (event) => {
      if (event.target.getAttribute("aria-invalid")) wrong(this.form, "", "");
      this.#keep();
    });
    this.form.addEventListener("change", (event) => event.target.name === "workflow" && this.#kind());
    this.form.addEventListener("submit", (event) => this.#send(event));
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    byId("ticket-clear").onclick = () => this.#clear();
    byId("ticket-copy").onclick = () => this.#takeCopy();
    middle.writing = () => this.writing;
    middle.onShow((pop) => this.#shown(pop));
    middle.onAct("adopt", (card) => this.adopt(middle.popOf(card)));
    work.follow((call, part) => part === "draft" && call === this.slot && !this.writing && this.#load());
    forgetOld();
    this.#load();
  }

  /** Whether the agent's hands are in the form, or something unsent is in it that belongs to another call. */
  get writing() {
    return Boolean(this.form?.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
  }

  focus() {
    this.form?.elements.subject.focus();
  }

  /** Go on with the draft that a colleague began. What was typed here comes back with one press. */
  adopt(pop) {
    const draft = pop?.handed_over?.draft;
    if (!this.form || !draft) return;
    const call = pop.call_id;
    const own = this.slot === call && this.#filled() ? this.#values() : null;
    const before = this.work.origin(call);
    this.slot = call;
    this.pop = pop;
    this.work.keep(call, "draft", draft.values, { user: draft.user, name: draft.name });
    this.#load();
    this.#showCustomer();
    const act = () => (this.work.keep(call, "draft", own, before), this.#load());
    toast(fill(t("draft_taken"), { who: draft.name }), "information", own && { act, label: t("own_back") });
  }

  /** The draft follows the shown card; while it is being written it stays where it is. */
  #shown(pop) {
    const slot = pop?.call_id ?? NONE;
    if (slot !== this.slot && (this.writing || (!pop && this.#filled()))) return;
    this.pop = pop;
    if (slot !== this.slot) {
      this.slot = slot;
      this.#load();
    }
    const handed = pop?.handed_over;
    const ours = pop?.stage === "answered" && !pop.ended_at && handed?.stage === "handed";
    if (ours && handed.draft && !this.#filled() && this.work.value(slot, "draft") === null) this.adopt(pop);
    this.#showCustomer();
    this.#showFrom();
  }

  /** From whom the draft is, or to whom it went: then it is only to be read, until a copy is taken back. */
  #showFrom() {
    const origin = this.slot === NONE ? null : this.work.origin(this.slot);
    const went = this.pop?.call_id === this.slot ? this.pop?.went : null;
    const gone = Boolean(went && !went.asking && this.#filled() && origin?.user !== page.user);
    byId("ticket-from").hidden = !gone && (!origin || origin.user === page.user || !this.#filled());
    put(byId("ticket-from-text"), gone ? fill(t("draft_went"), { time: time(went.at) }) : fill(t("draft_from"), { who: origin?.name ?? "" }));
    byId("ticket-copy").hidden = !gone;
    if (this.form.dataset.gone === String(gone)) return;
    this.form.dataset.gone = String(gone);
    for (const input of this.form.elements) {
      if (input.id === "ticket-copy" || input.matches("fieldset")) continue;
      if (input.matches("textarea, input:not([type=radio], [type=checkbox])")) input.readOnly = gone;
      else input.disabled = gone;
    }
  }

  #takeCopy() {
    this.work.keep(this.slot, "draft", this.#values(), { user: page.user, name: page.name });
    this.#showFrom();
    this.focus();
  }

  #showCustomer() {
    const { pop } = this;
    const customer = pop?.match === "one" ? pop.customers[0] : null;
    put(byId("ticket-for"), pop ? fill(t("draft_for"), { who: pop.caller.shown || caller(pop) }) : t("no_call_ticket"));
    put(byId("ticket-customer-name"), customer?.name ?? "–");
    const open = customer ? (pop.tickets ?? []) : [];
    byId("ticket-suggested").hidden = !open.length;
    byId("ticket-suggested-list").replaceChildren(...open.slice(0, 3).map((ticket) => {
      const row = el("button", { type: "button", className: "row" },
        el("span", { className: "cut", title: ticket.subject }, el("span", { className: "muted small number" }, ticket.number), " ", ticket.subject), el("span", { className: "tag" }, ticket.state_label || ticket.state));
      row.onclick = () => this.middle.look(`/desk/tickets/${encodeURIComponent(ticket.id)}`);
      return el("li", {}, row);
    }));
  }

  #kind() {
    const kind = this.form.elements.workflow.value;
    for (const fields of this.form.querySelectorAll("[data-kind]")) {
      fields.hidden = fields.disabled = fields.dataset.kind !== kind;
    }
  }

  get #store() {
    return `ringdesk.draft.${page.user}.${this.slot}`;
  }

  #filled() {
    return [...new FormData(this.form)].some(([name, value]) => !["workflow", "priority", "category"].includes(name) && String(value).trim());
  }

  #values() {
    return Object.fromEntries([...this.form.elements].filter((input) => input.name && (input.type !== "radio" || input.checked))
      .map((input) => [nameOf(input), input.type === "checkbox" ? input.checked : input.value]));
  }

  #keep() {
    const values = this.#filled() ? this.#values() : {};
    if (this.slot === NONE) localStorage.setItem(this.#store, JSON.stringify({ ...read(this.#store), at: clock.now(), values }));
    else this.work.keep(this.slot, "draft", values);
    this.#showKept();
    this.#showFrom();
  }

  #showKept() {
    const at = this.slot === NONE ? read(this.#store)?.at : null;
    const text = at ? fill(t("draft_kept"), { time: time(new Date(at).toISOString()) }) : "";
    put(byId("ticket-draft"), this.slot === NONE ? text : keptText(this.work, this.slot, "draft"));
  }

  #load() {
    const values = this.slot === NONE ? read(this.#store)?.values : this.work.value(this.slot, "draft");
    this.form.reset();
    wrong(this.form, "", "");
    for (const input of this.form.elements) {
      const value = values?.[nameOf(input)];
      if (input.name && value !== undefined) fillIn(input, value);
    }
    this.#kind();
    this.#showKept();
    this.#showFrom();
  }

  #clear() {
    if (this.slot !== NONE) this.work.keep(this.slot, "draft", {}, null);
    this.#next();
  }

  /** The form is free for the call that is shown. */
  #next() {
    localStorage.removeItem(this.#store);
    const now = this.middle.pop;
    this.slot = now?.call_id ?? NONE;
    this.pop = now;
    this.#load();
    this.#showCustomer();
  }

  #content() {
    const { elements } = this.form;
    const kind = elements.workflow.value;
    const own = { fields: {} };
    for (const input of this.form.querySelectorAll(`[data-kind="${CSS.escape(kind)}"] [name]`)) {
      const value = valueOf(input);
      if (!input.name.startsWith("fields.")) own[input.name] = value;
      else if (value !== "") own.fields[input.name.slice("fields.".length)] = value;
    }
    const customer = this.pop?.match === "one" ? this.pop.customers[0]?.id : null;
    return {
      workflow: kind,
      subject: elements.subject.value.trim(),
      body: elements.body.value.trim(),
      customer_id: customer ?? null,
      call_id: this.pop?.call_id ?? null,
      channel: "phone",
      ...own,
    };
  }

  /** The key stays the same for the same content, also after a reload, so that a doubtful answer can be asked for again. */
  #key(content) {
    const draft = read(this.#store) ?? { at: clock.now() };
    const body = JSON.stringify(content);
    if (draft.sent?.body !== body) draft.sent = { body, key: newKey() };
    localStorage.setItem(this.#store, JSON.stringify(draft));
    return draft.sent.key;
  }

  async #send(event) {
    event.preventDefault();
    const button = byId("ticket-send");
    if (button.getAttribute("aria-busy")) return;
    const missing = [...this.form.querySelectorAll(":required")].find((input) => !input.closest("[disabled]") && !input.value.trim());
    if (missing) return wrong(this.form, missing.name, t("required"));
    wrong(this.form, "", "");
    button.setAttribute("aria-busy", "true");
    try {
      const content = this.#content();
      const ticket = await request("POST", "/api/v1/tickets", content, this.#key(content));
      toast(fill(t("sent"), { number: ticket.number }), "good", { href: `/tickets/${ticket.id}`, label: t("show") });
      this.form.contains(document.activeElement) && document.activeElement.blur();
      this.work.done(this.slot);
      this.#next();
    } catch (error) {
      wrong(this.form, fieldOf(this.form, error), problem(error));
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

/** Kinds may have fields of the same name: a draft keeps them apart. */
function nameOf(input) {
  const kind = input.closest("[data-kind]")?.dataset.kind;
  return kind ? `${kind}/${input.name}` : input.name;
}

function fillIn(input, value) {
  if (input.type === "radio") input.checked = input.value === value;
  else if (input.type === "checkbox") input.checked = Boolean(value);
  else input.value = value;
}

function valueOf(input) {
  if (input.type === "checkbox") return input.checked;
  if (input.type === "number") return input.value === "" ? "" : Number(input.value);
  return input.value.trim();
}

/** The input that an error is about: the API says `meter` or `fields.meter`. */
function fieldOf(form, error) {
  const field = error.details?.field ?? "";
  return form.querySelector(`[data-wrong="${CSS.escape(`fields.${field}`)}"]`) && field ? `fields.${field}` : field;
}

function read(name) {
  return JSON.parse(localStorage.getItem(name) ?? "null");
}

/** Drafts and choices of calls long gone do not pile up. */
function forgetOld() {
  const before = Date.now() - KEPT_DAYS * 86_400_000;
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith("ringdesk.draft.") && (read(name)?.at ?? 0) < before) localStorage.removeItem(name);
  }
}
