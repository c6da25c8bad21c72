// What every signed-in page does: the live socket, bars for what is down, htmx with the session's token, tabs.

import { request } from "./api.js";
import * as clock from "./clock.js";
import { followLists } from "./lists.js";
import { Live } from "./live.js";
import { bar, caller, fill, page, say, t, toast, zone } from "./say.js";
import { Store } from "./store.js";
import { Tabs } from "./tabs.js";

export const store = new Store();
export const tabs = new Tabs();

/** @type {((state: string, since: number) => void)[]} */
export const onLink = [];

export const live = new Live({
  hello: (message) => store.reset(message.snapshot),
  event: (message) => store.apply(message),
  state: linkState,
});

let shown = 0;

function linkState(state, since) {
  clearTimeout(shown);
  if (state === "open" || state === "connecting") bar("bar-link", null);
  if (state === "signed_out") {
    bar("bar-link", t("link_signed_out"), { label: t("sign_in_again"), href: `/sign-in?next=${encodeURIComponent(location.pathname)}` });
  }
  // A blink of less than a second is no news.
  if (state === "lost") {
    shown = setTimeout(() => bar("bar-link", fill(t("link_lost"), { time: clock.timeOfDay(since, zone()) })), 1000);
  }
  for (const follower of onLink) follower(state, since);
}

function showPbxs() {
  const bad = store.picture.pbxs.filter((pbx) => pbx.state !== "up");
  const worst = bad.find((pbx) => pbx.state === "down") ?? bad[0];
  const text = worst && fill(t(worst.state === "down" ? "pbx_down" : "pbx_syncing"), {
    name: worst.name,
    time: clock.timeOfDay(Date.parse(worst.since), zone()),
    detail: page.details ? (worst.detail ?? "") : "",
  });
  bar("bar-pbx", text ?? null);
}

function showPopElsewhere() {
  if (document.getElementById("middle")) return;
  const pop = store.picture.pops.find((one) => one.stage === "ringing");
  bar("bar-pop", pop ? fill(t("pop_said"), { who: caller(pop), queue: pop.queue ?? "" }) : null, { label: t("on_desk"), href: "/desk" });
}

store.follow((part, message) => {
  if (part === "all" || part === "pbxs") showPbxs();
  if (part === "all" || part === "pops") showPopElsewhere();
  if (message?.type === "pop" && message.data.stage === "ringing") tabs.ring(message.data);
  if (part === "all" || part === "pops") tabs.quiet(store.picture.pops.some((pop) => pop.stage === "ringing" && !pop.ended_at));
  if (message?.type === "notice") toast(message.data.text, message.data.level);
});

let called = true;
store.follow((part, message) => {
  if (part === "all" || message?.type === "call") called = true;
});
followLists(() => {
  const news = called;
  called = false;
  return news;
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf]")?.content ?? "";
});
document.addEventListener("htmx:sendError", (event) => {
  // What a page asks for by itself again and again was sent by nobody; the bar says that the link is lost.
  if (!event.detail.requestConfig?.triggeringEvent) return;
  say(t("not_connected")) || toast(t("not_connected"), "danger");
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) linkState("signed_out", clock.now());
  else toast(fill(t("failed"), { message: String(event.detail.xhr.status) }), "danger");
});
document.addEventListener("submit", (event) => {
  // A form that is on its way is not sent again by a second click.
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

clock.start();
live.start();
export { request };
