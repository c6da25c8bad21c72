// Lists that htmx replaces, by itself or because somebody asked for more: nobody loses their place in them.

const POLLED = "[hx-trigger^='every']";

const TAKES_FOCUS = "a[href], button, input, select";

/** Which link or button this is, also after the list came anew. */
function named(element) {
  for (const name of ["id", "href", "hx-post", "hx-get"]) {
    const value = element.getAttribute(name);
    if (value) return `[${name}="${CSS.escape(value)}"]`;
  }
  return null;
}

/** Where somebody is in what will be replaced. */
function placeIn(target) {
  const focus = document.activeElement;
  if (!target.contains(focus)) return null;
  const at = [...target.querySelectorAll(TAKES_FOCUS)].indexOf(focus);
  return { target, name: named(focus), at, before: target.previousElementSibling, list: target.parentElement };
}

/** The same link; else the one that stands there now; else the first of what came instead. */
function placeAgain({ target, name, at, before, list }) {
  const came = before ? before.nextElementSibling : list.firstElementChild;
  return (
    (name && list.querySelector(name)) ||
    (target.isConnected && target.querySelectorAll(TAKES_FOCUS)[at]) ||
    came?.querySelector(TAKES_FOCUS) ||
    came
  );
}

/** Keep the focus where it was, and what was asked for by “more” from going away. `news` says whether anything has
 * happened since it was asked last: a list of calls in which nothing did is not read again. */
export function followLists(news) {
  let held = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const list = event.detail.elt;
    // What nobody has asked for: a list that looks again from time to time.
    if (event.detail.requestConfig?.triggeringEvent || !list.matches(POLLED)) return;
    if (document.hidden || list.dataset.grown || (list.dataset.live && !news())) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, shouldSwap } = event.detail;
    held = shouldSwap ? placeIn(target) : null;
    if (!shouldSwap) return;
    if (target.matches(".more-row, .more")) target.closest(POLLED)?.setAttribute("data-grown", "yes");
    else delete target.dataset.grown;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (held && document.activeElement === document.body) {
      const there = placeAgain(held);
      if (there && !there.matches(TAKES_FOCUS)) there.tabIndex = -1;
      there?.focus({ preventScroll: true });
    }
    held = null;
  });
}
