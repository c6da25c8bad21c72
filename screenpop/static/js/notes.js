// The note on a call: a field on its card, the same on every page of the agent.

import { put } from "./say.js";
import { keptText } from "./work.js";

export class Notes {
  constructor(work, middle) {
    this.work = work;
    middle.element.addEventListener("input", (event) => {
      const field = event.target.closest("[data-note]");
      if (!field) return;
      const card = field.closest("article");
      work.keep(card.dataset.call, "note", field.value);
      this.#say(card);
    });
    middle.onCard((card) => this.#show(card));
    work.follow((call, part) => {
      if (part !== "note") return;
      for (const card of middle.cardsOf(call)) this.#show(card);
    });
  }

  /** What another page wrote comes in, but never under the agent's hands. */
  #show(card) {
    const field = card.querySelector("[data-note]");
    const value = this.work.value(card.dataset.call, "note") ?? "";
    if (field.value !== value && field !== document.activeElement) field.value = value;
    this.#say(card);
  }

  #say(card) {
    put(card.querySelector("[data-note-kept]"), keptText(this.work, card.dataset.call, "note"));
  }
}
