// The ticket form: one draft per call in the browser's store, sent once, its mistakes beside their fields.

import { newKey, request } from "./api.js";
import * as clock from "./clock.js";
import { wrong } from "./forms.js";
import { caller, el, fill, page, problem, put, t, time, toast, word } from "./say.js";

const byId = (id) => document.getElementById(id);
const KEPT_DAYS = 3;

export class TicketForm {
  constructor(middle) {
    this.middle = middle;
    this.form = byId("ticket-form");
    this.pop = null;
    this.slot = "none";
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
    byId("ticket-clear").onclick = () => this.#cleared();
    middle.writing = () => this.writing;
    middle.onShow((pop) => this.#shown(pop));
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

  /** The draft follows the shown card; while it is being written it stays where it is. */
  #shown(pop) {
    const slot = pop?.pop_id ?? "none";
    if (slot !== this.slot && (this.writing || (!pop && this.#filled()))) return;
    this.pop = pop;
    if (slot !== this.slot) {
      this.slot = slot;
      this.#load();
    }
    this.#showCustomer();
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
        el("span", { className: "cut" }, ticket.subject), el("span", { className: "tag" }, ticket.state_label || ticket.state));
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

  #keep() {
    const values = Object.fromEntries([...this.form.elements].filter((input) => input.name && (input.type !== "radio" || input.checked))
      .map((input) => [nameOf(input), input.type === "checkbox" ? input.checked : input.value]));
    const before = read(this.#store);
    localStorage.setItem(this.#store, JSON.stringify({ at: clock.now(), values, call: this.pop?.call_id ?? before?.call ?? null, customer: before?.customer ?? null, sent: before?.sent ?? null }));
    put(byId("ticket-draft"), fill(t("draft_kept"), { time: time(new Date(clock.now()).toISOString()) }));
  }

  #load() {
    const draft = read(this.#store);
    this.form.reset();
    wrong(this.form, "", "");
    for (const input of this.form.elements) {
      const value = draft?.values[nameOf(input)];
      if (input.name && value !== undefined) fillIn(input, value);
    }
    this.#kind();
    put(byId("ticket-draft"), draft ? fill(t("draft_kept"), { time: time(new Date(draft.at).toISOString()) }) : "");
  }

  #cleared() {
    localStorage.removeItem(this.#store);
    const now = this.middle.pop;
    this.slot = now?.pop_id ?? "none";
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
    const draft = read(this.#store) ?? { at: clock.now(), values: {} };
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
      this.#cleared();
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
