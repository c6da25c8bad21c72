import assert from "node:assert/strict";
import { test } from "node:test";
import * as clock from "../../screenpop/static/js/clock.js";

test("durations read as on a clock", () => {
  assert.deepEqual([-3, 7.9, 724, 3723].map(clock.duration), ["0:00", "0:07", "12:04", "1:02:03"]);
});

test("the least delayed message tells the server's time best", () => {
  clock.forget();
  const ahead = Date.now() + 90_000;
  clock.learn(new Date(ahead - 400).toISOString());
  clock.learn(new Date(ahead).toISOString());
  clock.learn(new Date(ahead - 2000).toISOString());
  assert.ok(Math.abs(clock.now() - ahead) < 50);
  clock.learn("not a time");
  assert.ok(Math.abs(clock.now() - ahead) < 100);
});
