// One step for all chosen tickets: in small parcels, so that progress shows and a break loses none but the last parcel.

import { fragment } from "./api.js";
import { problem, fill, put, t } from "./say.js";

const PARCEL = 10;
const WAIT = 30_000;
const LOOKED_AT = 200;

export class Bulk {
  #asked = "";
  #timer = 0;
  #running = false;

  /** `reload` reads the list again. */
  constructor(element, choice, reload) {
    this.element = element;
    this.choice = choice;
    this.reload = reload;
    this.actions = this.#part("bulk-actions");
    choice.followers.push(() => this.#changed());
    this.#part("bulk-none").onclick = () => choice.none();
    this.#part("bulk-close").onclick = () => this.#closeResults();
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#running) this.#run(event.target);
    });
  }

  focus() {
    this.actions.querySelector(".event > summary")?.focus();
  }

  /** Leave a field, close a form or the results; false where there was nothing to leave. */
  escape() {
    const active = document.activeElement;
    const open = this.actions.querySelector(".event[open]");
    if (this.element.contains(active) && active.matches("input, select, textarea")) active.blur();
    else if (open) open.querySelector("summary").click();
    else if (!this.#part("bulk-close").hidden) this.#closeResults();
    else return false;
    return true;
  }

  #part(id) {
    return this.element.querySelector(`#${id}`);
  }

  #changed() {
    const { named } = this.choice;
    const results = this.#part("bulk-results").childElementCount > 0;
    this.element.hidden = !named.length && !results && !this.#running;
    document.body.classList.toggle("with-bulk", !this.element.hidden);
    put(this.#part("bulk-count"), named.length ? fill(t("chosen"), { n: named.length }) : "");
    if (this.#running) return;
    clearTimeout(this.#timer);
    // Walking over twenty rows with Shift asks once.
    this.#timer = setTimeout(() => this.#ask(), 150);
  }

  async #ask() {
    const { named } = this.choice;
    const asked = named.join(",");
    if (asked === this.#asked) return;
    this.#asked = asked;
    if (!named.length) return this.actions.replaceChildren();
    const typed = this.#typed();
    try {
      const ids = named.slice(0, LOOKED_AT).map((one) => one.slice(0, one.lastIndexOf(":")));
      const html = await fragment(`/tickets/bulk?ids=${encodeURIComponent(ids.join(","))}`);
      if (this.#asked !== asked || this.#running) return;
      this.actions.innerHTML = html;
      this.#typeAgain(typed);
    } catch (error) {
      this.#asked = "";
      this.actions.textContent = problem(error);
    }
  }

  /** What stands in the open form: choosing one more ticket must not lose it. */
  #typed() {
    const form = this.actions.querySelector(".event[open] form");
    return form && [...new FormData(form)];
  }

  #typeAgain(typed) {
    const event = typed?.find(([name]) => name === "event")?.[1];
    const form = event && [...this.actions.querySelectorAll("form")].find((one) => one.elements.event.value === event);
    if (!form) return;
    for (const [name, value] of typed) {
      const input = form.elements[name];
      if (!input) continue;
      if (input.type === "checkbox") input.checked = true;
      else input.value = value;
    }
    form.parentElement.dataset.quiet = "yes";
    form.parentElement.open = true;
  }

  async #run(form) {
    const named = this.choice.named;
    const data = new URLSearchParams(new FormData(form));
    const progress = this.#part("bulk-progress");
    const results = this.#part("bulk-results");
    this.#running = true;
    form.querySelector("button").setAttribute("aria-busy", "true");
    results.replaceChildren();
    this.#part("bulk-run").hidden = false;
    this.#part("bulk-close").hidden = true;
    progress.max = named.length;
    progress.value = 0;
    let wrong = "";
    for (let at = 0; at < named.length && !wrong; at += PARCEL) {
      this.#say(progress.value, named.length);
      try {
        data.set("tickets", named.slice(at, at + PARCEL).join(","));
        results.insertAdjacentHTML("beforeend", await send(data));
        progress.value = Math.min(at + PARCEL, named.length);
      } catch (error) {
        wrong = problem(error);
      }
    }
    this.#running = false;
    form.querySelector("button").removeAttribute("aria-busy");
    this.#ended(named, wrong);
  }

  #say(done, total) {
    put(this.#part("bulk-said"), fill(t("bulk_goes"), { n: done, total }));
  }

  /** What was done is no longer chosen; what was refused, or not sent, stays chosen with the form as it is. */
  #ended(named, wrong) {
    const rows = [...this.#part("bulk-results").children];
    const done = rows.filter((row) => row.dataset.done === "yes");
    // The refused first: those are what is to be looked at.
    this.#part("bulk-results").prepend(...rows.filter((row) => row.dataset.done !== "yes"));
    const text = fill(t("bulk_ended"), { done: done.length, refused: rows.length - done.length });
    const rest = named.length - rows.length;
    put(this.#part("bulk-said"), [text, wrong, rest ? fill(t("bulk_rest"), { n: rest }) : ""].filter(Boolean).join(" "));
    this.#part("bulk-close").hidden = false;
    for (const row of done) this.choice.drop(row.dataset.ticket);
    this.element.scrollTo({ top: 0 });
    this.#part("bulk-close").focus({ preventScroll: true });
    this.reload();
  }

  #closeResults() {
    this.#part("bulk-run").hidden = true;
    this.#part("bulk-results").replaceChildren();
    this.#part("bulk-close").hidden = true;
    this.#changed();
    document.querySelector("#rows a")?.focus();
  }
}

async function send(data) {
  const headers = { Accept: "text/html", "HX-Request": "true", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
  const answer = await fetch("/tickets/bulk", { method: "POST", headers, body: data, signal: AbortSignal.timeout(WAIT) });
  if (!answer.ok || answer.redirected) throw Object.assign(new Error(String(answer.status)), { code: `http_${answer.status}` });
  return answer.text();
}
