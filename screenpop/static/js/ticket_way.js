// The list that a ticket was opened from, so that its page knows the one before and the one after.

const NAME = "ringdesk.tickets";

/** Remember the tickets of the list that is shown, in its order. */
export function remember(ids) {
  sessionStorage.setItem(NAME, JSON.stringify({ back: location.pathname + location.search, ids }));
}

/** Where a ticket stands in that list. */
export function neighbours(id) {
  const { back = null, ids = [] } = JSON.parse(sessionStorage.getItem(NAME) ?? "{}");
  const at = ids.indexOf(id);
  if (at < 0) return { back, at: 0, total: 0, before: null, after: null };
  return { back, at: at + 1, total: ids.length, before: ids[at - 1] ?? null, after: ids[at + 1] ?? null };
}
