// Of all open tabs one leads: it rings and notifies, the others say so and stay quiet.

import { caller, fill, page, t } from "./say.js";

export class Tabs {
  constructor() {
    this.leads = !navigator.locks;
    /** @type {((leads: boolean) => void)[]} */
    this.followers = [];
    this.title = document.title;
    this.note = null;
    this.sound = null;
    navigator.locks?.request(`ringdesk-tab-${page.user}`, () => {
      this.leads = true;
      this.followers.forEach((follower) => follower(true));
      return new Promise(() => {}); // held until the tab is closed; then the next one leads
    });
  }

  /** A phone of ours rings: sound and notification, in the leading tab only. */
  ring(pop) {
    document.title = `☎ ${caller(pop)} · ${this.title}`;
    if (!this.leads) return;
    this.#startSound();
    if (document.hidden && window.Notification?.permission === "granted") {
      this.note = new Notification(fill(t("pop_said"), { who: caller(pop), queue: pop.queue ?? "" }), { tag: pop.pop_id });
      this.note.onclick = () => window.focus();
    }
  }

  /** Stop unless something still rings. */
  quiet(rings) {
    if (rings) return;
    document.title = this.title;
    this.note?.close();
    this.note = null;
    this.sound?.stop();
    this.sound = null;
  }

  #startSound() {
    if (this.sound || localStorage.getItem("ringdesk.sound") === "off") return;
    const context = new AudioContext();
    if (context.state === "suspended") {
      // Browsers keep a page silent until it has been touched once; the phone rings all the same.
      context.close();
      return;
    }
    this.sound = tone(context);
  }
}

/** Two soft notes every three seconds. */
function tone(context) {
  const gain = context.createGain();
  gain.gain.value = 0;
  gain.connect(context.destination);
  const notes = [660, 880].map((frequency) => {
    const note = context.createOscillator();
    note.frequency.value = frequency;
    note.connect(gain);
    note.start();
    return note;
  });
  const beat = () => {
    const at = context.currentTime;
    gain.gain.setTargetAtTime(0.05, at, 0.02);
    gain.gain.setTargetAtTime(0, at + 0.4, 0.05);
  };
  beat();
  const timer = setInterval(beat, 3000);
  return {
    stop() {
      clearInterval(timer);
      notes.forEach((note) => note.stop());
      context.close();
    },
  };
}
