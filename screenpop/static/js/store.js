// The live picture as a pure reduction of the socket's messages; the mirror of `reduce` in screenpop/session.py.

/** Message type → the part of the snapshot that it changes, and the key within. Other types change nothing. */
export const PARTS = {
  call: ["calls", "id"],
  agent: ["agents", "user"],
  queue: ["queues", "key"],
  pbx: ["pbxs", "name"],
  ticket: ["tickets", "id"],
  pop: ["pops", "pop_id"],
  "pop.updated": ["pops", "pop_id"],
  "pop.withdrawn": ["pops", "pop_id"],
  context: ["contexts", "call_id"],
};

/**
 * The snapshot after one message; neither argument is changed.
 * @param {Record<string, any>} snapshot
 * @param {{type: string, data: any, html?: string}} message
 */
export function reduce(snapshot, message) {
  const place = PARTS[message.type];
  if (!place) return snapshot;
  const [part, key] = place;
  const before = snapshot[part] ?? [];
  const { data } = message;
  if (isGone(message.type, data)) {
    return { ...snapshot, [part]: before.filter((item) => item[key] !== data[key]) };
  }
  const item = "html" in message ? { ...data, html: message.html } : { ...data };
  const at = before.findIndex((other) => other[key] === data[key]);
  return { ...snapshot, [part]: at < 0 ? [...before, item] : before.with(at, item) };
}

function isGone(type, data) {
  return type === "pop.withdrawn" || Boolean(data.removed) || data.state === "ended" || Boolean(data.closed);
}

/** Keeps the picture and tells those who follow it which part has changed, and by which message. */
export class Store {
  constructor() {
    this.picture = { calls: [], agents: [], queues: [], pops: [], tickets: [], pbxs: [], contexts: [] };
    /** @type {((part: string, message: any) => void)[]} */
    this.followers = [];
  }

  /** @param {(part: string, message: any) => void} follower */
  follow(follower) {
    this.followers.push(follower);
  }

  /** A hello: everything is new. */
  reset(snapshot) {
    this.picture = { calls: [], agents: [], queues: [], pops: [], tickets: [], pbxs: [], contexts: [], ...snapshot };
    this.#tell("all", null);
  }

  apply(message) {
    this.picture = reduce(this.picture, message);
    this.#tell(PARTS[message.type]?.[0] ?? message.type, message);
  }

  #tell(part, message) {
    for (const follower of this.followers) follower(part, message);
  }
}
