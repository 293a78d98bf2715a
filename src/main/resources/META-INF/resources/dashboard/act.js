import { say } from "./dom.js";

/**
 * Does what a button asks for, once at a time, and says in the message what came of it: text, or nodes. Answers whether it was done.
 * The button is disabled by ARIA alone, because one that is disabled while it has the focus loses it.
 */
export async function act(button, message, task) {
  if (button.getAttribute("aria-disabled") === "true") {
    return false;
  }
  button.setAttribute("aria-disabled", "true");
  message.dataset.level = "ok";
  say(message, "Telling the service …");
  try {
    message.replaceChildren(...[await task()].flat());
    return true;
  } catch (error) {
    message.dataset.level = "critical";
    say(message, error.message);
    return false;
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** Has a button open and close a form; the function returned closes it. */
export function unfold(button, form, first) {
  const open = (isOpen) => {
    form.hidden = !isOpen;
    button.setAttribute("aria-expanded", isOpen);
  };
  button.addEventListener("click", () => {
    open(form.hidden);
    if (!form.hidden) {
      first.focus();
    }
  });
  return () => open(false);
}
