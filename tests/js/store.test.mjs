import assert from "node:assert/strict";
import { test } from "node:test";
import { reduce, Store } from "../../screenpop/static/js/store.js";

const pop = (id, stage = "ringing") => ({ type: "pop", data: { pop_id: id, stage }, html: `<p>${stage}</p>` });

test("an object is added, changed in its place, and removed", () => {
  let picture = { pops: [] };
  picture = reduce(picture, pop("a"));
  picture = reduce(picture, pop("b"));
  picture = reduce(picture, { ...pop("a", "answered"), type: "pop.updated" });
  assert.deepEqual(picture.pops.map((one) => [one.pop_id, one.stage, one.html]), [["a", "answered", "<p>answered</p>"], ["b", "ringing", "<p>ringing</p>"]]);
  picture = reduce(picture, { type: "pop.withdrawn", data: { pop_id: "a", reason: "no_answer" } });
  assert.deepEqual(picture.pops.map((one) => one.pop_id), ["b"]);
});

test("what has ended, is closed or removed leaves the picture", () => {
  const picture = { calls: [{ id: "c" }], tickets: [{ id: "t" }], agents: [{ user: "anna" }] };
  assert.deepEqual(reduce(picture, { type: "call", data: { id: "c", state: "ended" } }).calls, []);
  assert.deepEqual(reduce(picture, { type: "ticket", data: { id: "t", closed: true } }).tickets, []);
  assert.deepEqual(reduce(picture, { type: "agent", data: { user: "anna", removed: true } }).agents, []);
});

test("the picture before is not changed, and an unknown message changes nothing", () => {
  const picture = { queues: [{ key: "main/service", waiting: 1 }] };
  const before = structuredClone(picture);
  reduce(picture, { type: "queue", data: { key: "main/service", waiting: 2 } });
  assert.deepEqual(picture, before);
  assert.equal(reduce(picture, { type: "notice", data: { text: "x" } }), picture);
});

test("followers hear which part has changed", () => {
  const store = new Store();
  const heard = [];
  store.follow((part, message) => heard.push([part, message?.type ?? null]));
  store.reset({ calls: [] });
  store.apply({ type: "call", data: { id: "c", state: "ringing" } });
  store.apply({ type: "notice", data: {} });
  assert.deepEqual(heard, [["all", null], ["calls", "call"], ["notice", "notice"]]);
  assert.deepEqual(store.picture.queues, []);
});
