// The live socket: keeps its place in the server's log, comes back by itself, and misses nothing.

import * as clock from "./clock.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const REPLY_WAIT = 10_000;
const QUIET = 25_000;
const SLOW = 4008;
const SIGNED_OUT = 4001;

/** How long to wait before try number `tries` (from 0): doubling, with full jitter, so that a crowd does not return at once. */
export function backOff(tries, random = Math.random) {
  return random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries);
}

export class Refusal extends Error {
  constructor(error) {
    super(error.message);
    this.code = error.code;
    this.details = error.details ?? {};
  }
}

/**
 * @typedef {{hello: (message: any) => void, event: (message: any) => void,
 *   state: (state: "connecting"|"open"|"lost"|"signed_out", since: number) => void}} Listener
 */
export class Live {
  /** @param {Listener} listener */
  constructor(listener, { url = "/ws", Socket = WebSocket } = {}) {
    this.listener = listener;
    this.url = url;
    this.Socket = Socket;
    this.epoch = "";
    this.seq = -1;
    this.tries = 0;
    this.commands = 0;
    this.waiting = new Map();
    this.lostAt = 0;
    this.heardAt = 0;
    this.socket = null;
    this.timer = 0;
  }

  start() {
    this.listener.state("connecting", clock.now());
    this.#connect();
    setInterval(() => this.#watch(), 5000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  get open() {
    return this.socket?.readyState === 1 && !this.lostAt;
  }

  /** Ask the server to do something; resolves with its result, rejects with a Refusal. Never sent twice. */
  do(name, args = {}) {
    if (!this.open) return Promise.reject(new Refusal({ code: "not_connected", message: "" }));
    const id = `c${++this.commands}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, false, { code: "no_reply", message: "" }), REPLY_WAIT);
      this.waiting.set(id, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ id, do: name, args }));
    });
  }

  #connect() {
    clearTimeout(this.timer);
    const place = this.epoch ? `?epoch=${encodeURIComponent(this.epoch)}&seq=${this.seq}` : "";
    const address = new URL(this.url + place, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.socket = new this.Socket(address.href));
    socket.onmessage = (event) => socket === this.socket && this.#heard(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.socket && this.#closed(event.code);
  }

  #heard(message) {
    this.heardAt = Date.now();
    if ("reply" in message) return this.#settle(message.reply, message.ok, message.ok ? message.result : message.error);
    if (message.type === "hello" || message.type === "resumed") return this.#greeted(message);
    if (message.epoch !== this.epoch || message.seq <= this.seq) return;
    this.seq = message.seq;
    clock.learn(message.at);
    this.listener.event(message);
  }

  #greeted(message) {
    this.tries = 0;
    this.lostAt = 0;
    clock.forget();
    if (message.type === "hello") {
      this.epoch = message.epoch;
      this.seq = message.seq;
      clock.learn(message.snapshot.server_time);
      this.listener.hello(message);
    }
    this.listener.state("open", clock.now());
  }

  #settle(id, ok, value) {
    const waiter = this.waiting.get(id);
    if (!waiter) return;
    this.waiting.delete(id);
    clearTimeout(waiter.timer);
    if (ok) waiter.resolve(value);
    else waiter.reject(new Refusal(value));
  }

  #closed(code) {
    for (const id of [...this.waiting.keys()]) this.#settle(id, false, { code: "no_reply", message: "" });
    if (code === SIGNED_OUT) return this.#signedOut();
    if (!this.lostAt) this.lostAt = clock.now();
    const wait = code === SLOW ? 0 : backOff(this.tries++);
    if (code !== SLOW) this.listener.state("lost", this.lostAt);
    this.timer = setTimeout(() => this.#connect(), wait);
    if (this.tries === 3) this.#stillSignedIn();
  }

  /** A refused handshake tells a script nothing: ask over HTTP whether it is the session that has ended. */
  async #stillSignedIn() {
    try {
      const answer = await fetch("/desk/session", { headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.status === 401 || answer.type === "opaqueredirect") this.#signedOut();
    } catch {
      // The server is away: the next try comes anyway.
    }
  }

  #signedOut() {
    clearTimeout(this.timer);
    this.socket = null;
    this.lostAt ||= clock.now();
    this.listener.state("signed_out", this.lostAt);
  }

  /** The network is back or the page is looked at again: do not sit out the wait. */
  #hurry() {
    if (this.socket && this.socket.readyState > 1) this.#connect();
    else this.#watch();
  }

  /** A dead line is silent: ask, and give the line up if nothing at all comes. */
  #watch() {
    if (!this.open) return;
    const quiet = Date.now() - this.heardAt;
    if (quiet > QUIET) {
      const socket = this.socket;
      socket.onclose = null;
      socket.close();
      this.#closed(0);
    } else if (quiet > QUIET / 2) {
      this.do("ping").catch(() => {});
    }
  }
}
