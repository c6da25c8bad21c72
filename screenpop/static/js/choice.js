// Which rows of a list are chosen. The choice outlives a reload of the rows: it is of tickets, not of places.

export class Choice {
  /** @type {Set<string>} ids of the chosen tickets */
  #chosen = new Set();
  #last = null;

  constructor(body, all) {
    this.body = body;
    this.all = all;
    /** @type {(() => void)[]} */
    this.followers = [];
    body.addEventListener("click", (event) => this.#clicked(event));
    if (all) all.onchange = () => this.#each(all.checked);
  }

  /** What is chosen, as `id:version` of what the list shows. */
  get named() {
    return this.#boxes().filter((box) => box.checked).map((box) => box.value);
  }

  toggle(row) {
    const box = row?.querySelector(".pick input");
    if (!box) return;
    box.checked = !box.checked;
    this.#set(row, box.checked);
  }

  /** Choose all rows from the last one that was chosen up to this one. */
  upTo(row) {
    const rows = [...this.body.querySelectorAll("tr[data-ticket]")];
    const to = rows.indexOf(row);
    const from = rows.findIndex((one) => one.dataset.ticket === this.#last);
    if (to < 0 || !row.querySelector(".pick input")) return;
    for (const one of from < 0 ? [row] : rows.slice(Math.min(from, to), Math.max(from, to) + 1)) this.#chosen.add(one.dataset.ticket);
    this.#last = row.dataset.ticket;
    this.keep();
  }

  none() {
    this.#chosen.clear();
    this.keep();
  }

  drop(id) {
    this.#chosen.delete(id);
    this.keep();
  }

  /** Mark the rows again; tickets that the list no longer shows are no longer chosen. */
  keep() {
    const boxes = this.#boxes();
    const shown = new Set(boxes.map(idOf));
    for (const id of this.#chosen) if (!shown.has(id)) this.#chosen.delete(id);
    for (const box of boxes) {
      box.checked = this.#chosen.has(idOf(box));
      box.closest("tr").classList.toggle("chosen", box.checked);
    }
    if (this.all) {
      this.all.checked = boxes.length > 0 && this.#chosen.size === boxes.length;
      this.all.indeterminate = this.#chosen.size > 0 && !this.all.checked;
    }
    for (const follower of this.followers) follower();
  }

  #clicked(event) {
    const row = event.target.closest("tr[data-ticket]");
    if (!row || !event.target.closest(".pick")) return;
    if (event.shiftKey) this.upTo(row);
    else if (event.target.matches("input")) this.#set(row, event.target.checked);
    else this.toggle(row);
  }

  #set(row, on) {
    const id = row.dataset.ticket;
    if (on) this.#chosen.add(id);
    else this.#chosen.delete(id);
    this.#last = id;
    this.keep();
  }

  #each(on) {
    this.#chosen = new Set(on ? this.#boxes().map(idOf) : []);
    this.keep();
  }

  #boxes() {
    return [...this.body.querySelectorAll(".pick input")];
  }
}

function idOf(box) {
  return box.value.slice(0, box.value.lastIndexOf(":"));
}
