import { byId, element, say } from "./dom.js";

const dialog = byId("secret-dialog");
const place = byId("secret");

/** Shows what is shown once: until it is closed, and from then on it is nowhere on the page. */
export function showSecret(secret, explanation) {
  say(byId("secret-why"), explanation);
  place.replaceChildren(element("code", {}, secret));
  dialog.showModal();
}

export function startSecret() {
  const copy = byId("secret-copy");
  copy.hidden = navigator.clipboard === undefined;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(place.textContent);
    say(copy, "Copied");
    setTimeout(() => say(copy, "Copy"), 1500);
  });
  byId("secret-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => place.replaceChildren());
}
