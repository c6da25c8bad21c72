import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { backOff, Live } from "../../screenpop/static/js/live.js";

class FakeSocket {
  static all = [];
  constructor(address) {
    this.address = new URL(address);
    this.readyState = 1;
    this.sent = [];
    FakeSocket.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
  drop(code) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

let said;
let live;
const hello = (seq = 5) => ({ type: "hello", epoch: "e1", seq, snapshot: { server_time: "2026-01-31T08:00:00.000Z" } });
const event = (seq, epoch = "e1") => ({ type: "agent", epoch, seq, at: "2026-01-31T08:00:01.000Z", data: {} });
const last = () => FakeSocket.all.at(-1);

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.parse("2026-01-31T08:00:00Z") });
  globalThis.location = { href: "https://desk.example/desk" };
  globalThis.document = { addEventListener() {}, hidden: false };
  globalThis.addEventListener = () => {};
  FakeSocket.all = [];
  said = { states: [], events: [], hellos: 0 };
  live = new Live({
    hello: () => said.hellos++,
    event: (message) => said.events.push(message.seq),
    state: (state) => said.states.push(state),
  }, { Socket: FakeSocket });
  live.start();
});
afterEach(() => mock.timers.reset());

test("it connects by wss and hands events on in order, each once", () => {
  assert.equal(last().address.href, "wss://desk.example/ws");
  last().say(hello());
  for (const seq of [6, 9, 9, 8, 10]) last().say(event(seq));
  last().say(event(11, "another life"));
  assert.deepEqual(said.events, [6, 9, 10]);
  assert.deepEqual(said.states, ["connecting", "open"]);
});

test("after a break it comes back to its place and misses nothing", () => {
  last().say(hello());
  last().say(event(7));
  last().drop(1006);
  assert.equal(said.states.at(-1), "lost");
  mock.timers.tick(500);
  assert.equal(last().address.search, "?epoch=e1&seq=7");
  last().say({ type: "resumed", epoch: "e1", seq: 12 });
  last().say(event(8));
  last().say(event(12));
  assert.deepEqual(said.events, [7, 8, 12]);
  assert.equal(said.hellos, 1);
  assert.equal(said.states.at(-1), "open");
});

test("cut off as slow it comes back at once, without an alarm", () => {
  last().say(hello());
  last().drop(4008);
  mock.timers.tick(0);
  assert.equal(FakeSocket.all.length, 2);
  assert.ok(!said.states.includes("lost"));
});

test("signed out it says so and does not try again", () => {
  last().say(hello());
  last().drop(4001);
  mock.timers.tick(600_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(said.states.at(-1), "signed_out");
});

test("a command is answered by its own reply", async () => {
  last().say(hello());
  const pause = live.do("agent.pause", { reason: "lunch" });
  const dial = live.do("call.dial", { to: "x" });
  const [first, second] = last().sent;
  assert.deepEqual(first, { id: first.id, do: "agent.pause", args: { reason: "lunch" } });
  last().say({ reply: second.id, ok: false, error: { code: "invalid", message: "no" } });
  last().say({ reply: first.id, ok: true, result: 7 });
  assert.equal(await pause, 7);
  await assert.rejects(dial, { code: "invalid" });
});

test("a command without an answer is refused in time, and never sent twice", async () => {
  last().say(hello());
  const lost = assert.rejects(live.do("call.dial", { to: "1" }), { code: "no_reply" });
  last().drop(1006);
  await lost;
  await assert.rejects(live.do("call.dial", { to: "1" }), { code: "not_connected" });
  mock.timers.tick(500);
  last().say({ type: "resumed", epoch: "e1", seq: 5 });
  assert.deepEqual(last().sent, []);
});

test("a silent line is asked, then given up", async () => {
  last().say(hello());
  mock.timers.tick(15_000);
  assert.equal(last().sent[0].do, "ping");
  mock.timers.tick(15_000);
  assert.equal(said.states.at(-1), "lost");
});

test("waits double up to a limit, with full jitter", () => {
  assert.deepEqual([0, 1, 2, 3, 10].map((tries) => backOff(tries, () => 1)), [500, 1000, 2000, 4000, 15_000]);
  assert.equal(backOff(4, () => 0), 0);
});
