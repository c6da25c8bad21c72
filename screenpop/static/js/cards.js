// Cards of calls as elements: made from the server's html, and changed part by part.

import { tick } from "./clock.js";
import { dirty } from "./forms.js";
import { el, t } from "./say.js";

export class Cards {
  constructor(parent) {
    this.parent = parent;
    /** The source html of each part, to know what a later message changes. @type {WeakMap<Element, string>} */
    this.sources = new WeakMap();
  }

  /** A new card, hidden until it is shown. */
  adopt(fresh) {
    for (const part of fresh.querySelectorAll("[data-part]")) this.sources.set(part, part.outerHTML);
    fresh.hidden = true;
    this.parent.append(fresh);
    globalThis.htmx?.process(fresh);
    return fresh;
  }

  /** Bring a card up to date: what has not changed keeps its focus, its scroll and its typed text. */
  merge(old, fresh) {
    for (const name of ["stage", "match", "customer", "name"]) old.dataset[name] = fresh.dataset[name] ?? "";
    const parts = [...fresh.querySelectorAll("[data-part]")];
    const names = (one) => [...one.querySelectorAll(".pop-lists [data-part]")].map((part) => part.dataset.part).join();
    const sameLists = names(fresh) === names(old);
    for (const part of parts) {
      const place = old.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!place || this.sources.get(place) === part.outerHTML) continue;
      if (["head", "went", "handed"].includes(part.dataset.part) || !dirty(place)) this.#replace(place, part);
      else this.#offer(place, part.cloneNode(true));
    }
    this.#comeAndGo(old, parts.filter((part) => !part.closest(".pop-lists")));
    if (!sameLists) this.#addLists(old, fresh);
    return old;
  }

  /** Parts that were not there before come where they belong; those that are no more go. */
  #comeAndGo(old, parts) {
    const wanted = new Set(parts.map((part) => part.dataset.part));
    for (const place of old.querySelectorAll(":scope > [data-part]")) if (!wanted.has(place.dataset.part)) place.remove();
    let before = null;
    for (const part of parts) {
      const place = old.querySelector(`:scope > [data-part="${part.dataset.part}"]`);
      if (place) before = place;
      else {
        const copy = part.cloneNode(true);
        this.sources.set(copy, part.outerHTML);
        if (before) before.after(copy);
        else old.prepend(copy);
        tick(copy);
        before = copy;
      }
    }
  }

  #addLists(old, fresh) {
    old.querySelector(".pop-lists")?.remove();
    const lists = fresh.querySelector(".pop-lists");
    if (!lists) return;
    for (const part of lists.querySelectorAll("[data-part]")) this.sources.set(part, part.outerHTML);
    old.append(lists);
    globalThis.htmx?.process(lists);
  }

  #replace(place, part) {
    const source = part.outerHTML;
    const copy = part.cloneNode(true);
    const focused = place.contains(document.activeElement) ? document.activeElement.id || document.activeElement.dataset.act : "";
    this.sources.set(copy, source);
    place.replaceWith(copy);
    globalThis.htmx?.process(copy);
    tick(copy);
    if (focused) (copy.querySelector(`#${CSS.escape(focused)}, [data-act="${CSS.escape(focused)}"]`) ?? this.parent).focus();
  }

  /** The agent is typing where something new would go: say so, and leave it to them. */
  #offer(place, part) {
    place.querySelector(":scope > .came")?.remove();
    const button = el("button", { type: "button" }, t("show"));
    const note = el("p", { className: "notice attention came" }, `${t("record_came")} `, button);
    button.onclick = () => this.#replace(place, part);
    place.prepend(note);
  }
}
