// What forms share: mistakes beside their fields, and whether anything was typed.

import { put } from "./say.js";

/** Say what is wrong beside its field (or under the form); "" clears all. */
export function wrong(form, field, text) {
  const shown = (element) => element && !element.closest("[disabled]");
  for (const place of form.querySelectorAll("[data-wrong]")) place.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  if (!text) return;
  const named = [...form.querySelectorAll(`[data-wrong="${CSS.escape(field)}"]`)].find(shown);
  const place = named ?? form.querySelector('[data-wrong=""]');
  put(place, text);
  place.hidden = false;
  const input = field && [...form.querySelectorAll(`[name="${CSS.escape(field)}"]`)].find(shown);
  if (input) {
    input.setAttribute("aria-invalid", "true");
    if (place.id) input.setAttribute("aria-describedby", place.id);
    input.focus();
  }
}

/** Whether something was typed that is not sent yet. */
export function dirty(part) {
  return [...part.querySelectorAll("input, textarea")].some((input) => input.value !== input.defaultValue);
}
