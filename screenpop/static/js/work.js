// What the agent types during a call: kept in this browser at once, and on the server as soon as it can be.
// The server's copy goes with the customer to the next agent; this browser's copy is there while the server is away.

import * as clock from "./clock.js";
import { fill, page, problem, t, time, toast } from "./say.js";

const PAUSE = 500;
const LONGEST = 2000;
const AGAIN = 5000;
const KEPT_DAYS = 3;
/** A little less than the server takes. */
const MOST_BYTES = 90_000;
const PREFIX = "ringdesk.work.";

export class Work {
  constructor(store, live) {
    this.store = store;
    this.live = live;
    /** @type {((call: string, part: "draft"|"note") => void)[]} */
    this.followers = [];
    this.timer = 0;
    this.since = 0;
    this.sending = null;
    forgetOld();
    store.follow((part, message) => (part === "all" || part === "contexts") && this.#heard(message));
  }

  /** Have `follower` called with a call and a part that another page, or the server, has changed. */
  follow(follower) {
    this.followers.push(follower);
  }

  /** What is in a part of a call now: what was typed here last, or what the server has. Null where nothing ever was. */
  value(call, part) {
    const mine = read(call)[part];
    const theirs = this.#server(call);
    const known = theirs && theirs[`${part}_version`] > 0 ? theirs : null;
    if (mine?.dirty || !known) return mine?.value ?? null;
    return known[part];
  }

  /** When it was last changed, in milliseconds. */
  at(call, part) {
    const mine = read(call)[part];
    const theirs = this.#server(call)?.[`${part}_at`];
    return mine?.dirty || !theirs ? (mine?.at ?? 0) : Date.parse(theirs);
  }

  /** Whether the server has it. */
  kept(call, part) {
    return !read(call)[part]?.dirty;
  }

  /** From whom the draft of a call was taken over: user and name, or null. */
  origin(call) {
    const mine = read(call);
    if (mine.draft?.dirty) return mine.origin ?? null;
    const theirs = this.#server(call);
    return theirs?.origin ? { user: theirs.origin, name: theirs.origin_name } : null;
  }

  /** The ticket that the last draft of a call became. */
  ticket(call) {
    return this.#server(call)?.ticket_id ?? "";
  }

  /** Keep what was typed; it is sent after a pause in the typing. `origin` goes with a draft that was taken over. */
  keep(call, part, value, origin = undefined) {
    const all = read(call);
    const base = all[part]?.dirty ? all[part].base : (this.#server(call)?.[`${part}_version`] ?? all[part]?.base ?? 0);
    if (part === "draft") all.origin = origin === undefined ? this.origin(call) : origin;
    all[part] = { value, base, dirty: true, at: clock.now() };
    write(call, all);
    this.#soon();
  }

  /** The draft of a call has become a ticket, which the server knows by itself. */
  done(call) {
    const all = read(call);
    delete all.draft;
    delete all.origin;
    write(call, all);
  }

  /** Send what is not sent yet; resolves when that is settled, one way or the other. */
  async flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.since = 0;
    this.sending ??= this.#sendAll().finally(() => (this.sending = null));
    await this.sending;
  }

  #soon() {
    this.since ||= Date.now();
    clearTimeout(this.timer);
    const wait = Math.max(0, Math.min(PAUSE, this.since + LONGEST - Date.now()));
    this.timer = setTimeout(() => this.flush(), wait);
  }

  async #sendAll() {
    for (const call of unsent()) {
      if (!this.live.open) return;
      if (!(await this.#send(call))) {
        this.timer ||= setTimeout(() => this.flush(), AGAIN);
        return;
      }
    }
    if (unsent().length) this.#soon();
  }

  /** True where the server took it, or never will. */
  async #send(call) {
    const before = read(call);
    const args = { call_id: call };
    for (const part of ["draft", "note"]) {
      if (before[part]?.dirty) Object.assign(args, { [part]: before[part].value, [`${part}_version`]: before[part].base });
    }
    if ("draft" in args) args.origin = before.origin?.user ?? "";
    if (new Blob([JSON.stringify(args)]).size > MOST_BYTES) return this.#refused(call, { code: "too_large" });
    try {
      const result = await this.live.do("context.save", args);
      this.#saved(call, before, result);
      return true;
    } catch (error) {
      if (["not_connected", "no_reply", "internal", "unavailable"].includes(error.code)) return false;
      return this.#refused(call, error);
    }
  }

  #saved(call, before, result) {
    const after = read(call);
    for (const part of ["draft", "note"]) {
      if (!before[part]?.dirty || !after[part]) continue;
      after[part].base = result[`${part}_version`];
      after[part].dirty = JSON.stringify(after[part].value) !== JSON.stringify(before[part].value);
    }
    write(call, after);
    for (const part of ["draft", "note"]) {
      if (result.replaced[part] !== undefined) this.#conflict(call, part, result.replaced[part]);
      else if (before[part]?.dirty) this.#tell(call, part);
    }
  }

  /** It stays in this browser; the server is not asked again until something else is typed. */
  #refused(call, error) {
    const all = read(call);
    for (const part of ["draft", "note"]) if (all[part]) all[part].dirty = false;
    write(call, all);
    if (error.code !== "not_found") toast(`${t("only_here")} ${problem(error)}`, "attention");
    return true;
  }

  #conflict(call, part, value) {
    const act = () => {
      this.keep(call, part, value);
      this.#tell(call, part);
    };
    toast(t(`${part}_conflict`), "attention", { act, label: t("other_back") });
  }

  #heard(message) {
    if (!message) {
      for (const { call_id: call } of this.store.picture.contexts) this.#tellBoth(call);
      if (unsent().length) this.#soon();
    } else if (!message.data.removed) {
      this.#tellBoth(message.data.call_id);
    }
  }

  #tellBoth(call) {
    const all = read(call);
    for (const part of ["draft", "note"]) if (!all[part]?.dirty) this.#tell(call, part);
  }

  #tell(call, part) {
    for (const follower of this.followers) follower(call, part);
  }

  #server(call) {
    return this.store.picture.contexts.find((one) => one.call_id === call) ?? null;
  }
}

/** When something was kept, and whether it is here only. */
export function keptText(work, call, part) {
  const at = work.at(call, part);
  if (!at) return "";
  return fill(t(work.kept(call, part) ? `${part}_kept` : "draft_here"), { time: time(new Date(at).toISOString()) });
}

function name(call) {
  return `${PREFIX}${page.user}.${call}`;
}

function read(call) {
  return JSON.parse(localStorage.getItem(name(call)) ?? "{}");
}

function write(call, all) {
  localStorage.setItem(name(call), JSON.stringify(all));
}

/** The calls of which something is not on the server yet. */
function unsent() {
  const own = `${PREFIX}${page.user}.`;
  return Object.keys(localStorage).filter((key) => key.startsWith(own)).map((key) => key.slice(own.length))
    .filter((call) => read(call).draft?.dirty || read(call).note?.dirty);
}

/** What was typed in calls long gone does not pile up. */
function forgetOld() {
  const before = Date.now() - KEPT_DAYS * 86_400_000;
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue;
    const all = JSON.parse(localStorage.getItem(key));
    if (Math.max(all.draft?.at ?? 0, all.note?.at ?? 0) < before) localStorage.removeItem(key);
  }
}
