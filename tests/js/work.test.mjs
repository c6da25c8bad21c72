// What is typed during a call: nothing is lost while the server is away, and nothing is sent twice.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const kept = new Map();
globalThis.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => (kept.set(key, value), (localStorage[key] = value)),
  removeItem: (key) => (kept.delete(key), delete localStorage[key]),
};
globalThis.document = { getElementById: () => null };
const { Store } = await import("../../screenpop/static/js/store.js");
const { Work } = await import("../../screenpop/static/js/work.js");

const CALL = "main-1.1";

class Line {
  open = true;
  sent = [];
  answer = async (args) => ({ draft_version: (args.draft_version ?? 0) + 1, note_version: (args.note_version ?? 0) + 1, replaced: {} });
  async do(name, args) {
    if (!this.open) throw Object.assign(new Error(), { code: "not_connected" });
    this.sent.push(args);
    return this.answer(args);
  }
}

let line, store, work;
beforeEach(() => {
  for (const key of [...kept.keys()]) localStorage.removeItem(key);
  line = new Line();
  store = new Store();
  work = new Work(store, line);
});

test("what is typed is there at once and goes out when asked to", async () => {
  work.keep(CALL, "note", "one");
  assert.equal(work.value(CALL, "note"), "one");
  assert.equal(work.kept(CALL, "note"), false);
  await work.flush();
  assert.deepEqual(line.sent, [{ call_id: CALL, note: "one", note_version: 0 }]);
  assert.equal(work.kept(CALL, "note"), true);
  await work.flush();
  assert.equal(line.sent.length, 1);
});

test("while the server is away it stays, and goes out from another page load", async () => {
  line.open = false;
  work.keep(CALL, "draft", { subject: "Meter" });
  await work.flush();
  clearTimeout(work.timer);
  assert.equal(work.kept(CALL, "draft"), false);
  line.open = true;
  const later = new Work(store, line);
  assert.deepEqual(later.value(CALL, "draft"), { subject: "Meter" });
  await later.flush();
  assert.deepEqual(line.sent.map((args) => args.draft), [{ subject: "Meter" }]);
});

test("an answer that never came is asked for again", async () => {
  line.answer = async () => { throw Object.assign(new Error(), { code: "no_reply" }); };
  work.keep(CALL, "note", "one");
  await work.flush();
  clearTimeout(work.timer);
  assert.equal(work.kept(CALL, "note"), false);
});

test("what is typed while it is being sent is sent too", async () => {
  const answer = line.answer;
  line.answer = async (args) => {
    line.answer = answer;
    await new Promise((resolve) => setTimeout(resolve, 2));
    work.keep(CALL, "note", "one two");
    return answer(args);
  };
  work.keep(CALL, "note", "one");
  await work.flush();
  assert.equal(work.kept(CALL, "note"), false);
  await work.flush();
  assert.deepEqual(line.sent.map((args) => [args.note, args.note_version]), [["one", 0], ["one two", 1]]);
});

test("another page's text comes in where nothing is unsent, and never over what is", async () => {
  const told = [];
  work.follow((call, part) => told.push(part));
  const theirs = { call_id: CALL, draft: {}, draft_version: 0, draft_at: null, note: "theirs", note_version: 3, note_at: "2026-01-31T08:00:00.000Z", origin: "", ticket_id: "" };
  store.apply({ type: "context", data: theirs });
  assert.equal(work.value(CALL, "note"), "theirs");
  assert.deepEqual(told, ["draft", "note"]);
  work.keep(CALL, "note", "mine");
  store.apply({ type: "context", data: { ...theirs, note: "again", note_version: 4 } });
  assert.equal(work.value(CALL, "note"), "mine");
  await work.flush();
  assert.equal(line.sent[0].note_version, 3);
});
