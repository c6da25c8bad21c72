// Letters as commands: alone while no field has the focus, with Alt everywhere.

/** @type {Map<string, () => void>} */
const keys = new Map();

/** Have `key` (as in KeyboardEvent.key, lower case) do something. */
export function onKey(key, act) {
  keys.set(key, act);
}

function writing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || (target.matches("input, textarea, select") && !target.matches("[type=radio], [type=checkbox]")));
}

/** The command of a key press: its name, or null where it belongs to the page. */
export function commandOf(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.repeat) return null;
  if (event.key === "Escape") return "escape";
  if (event.altKey) {
    const letter = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
    return letter ? letter.toLowerCase() : null;
  }
  if (writing(event.target) || document.querySelector("dialog[open]")) return null;
  const key = event.key.toLowerCase();
  return event.shiftKey && keys.has(`shift+${key}`) ? `shift+${key}` : key;
}

export function start() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const act = keys.get(commandOf(event) ?? "");
    if (!act) return;
    if (event.key !== "Escape") event.preventDefault();
    act();
  });
}
