import { forgetToken, hasToken, isAccepted, needsToken, useToken, whenRefused } from "./api.js";
import { byId, say } from "./dom.js";

const dialog = byId("token-dialog");
const input = byId("token");
const message = byId("token-message");

let asked = false;

function ask() {
  input.value = "";
  if (!dialog.open) {
    dialog.showModal();
  }
  input.focus();
}

function showButtons() {
  byId("enter-token").hidden = !needsToken();
  byId("forget-token").hidden = !hasToken();
}

async function submit(event, taken) {
  event.preventDefault();
  const candidate = input.value.trim();
  if (candidate === "" || /[^\x21-\x7e]/.test(candidate)) {
    say(message, "A token has only letters, digits and signs of ASCII, and no spaces.");
    return;
  }
  say(message, "Trying it …");
  try {
    if (await isAccepted(candidate)) {
      useToken(candidate);
      asked = false;
      input.value = "";
      say(message, "");
      dialog.close();
      showButtons();
      taken();
    } else {
      say(message, "The service does not accept this token.");
      input.select();
    }
  } catch (error) {
    say(message, `The token could not be tried: ${error.message}`);
  }
}

/** Asks for a token when the service first refuses for the lack of one; `taken` is called with each that is accepted. */
export function startToken(taken, refused) {
  whenRefused((withToken) => {
    forgetToken();
    say(message, withToken ? "The token that was in use is not accepted any more." : "");
    showButtons();
    // Who said "Not now" is not asked again; the button in the header is there for them.
    if (!asked) {
      asked = true;
      ask();
    }
    refused();
  });
  byId("token-form").addEventListener("submit", (event) => submit(event, taken));
  byId("token-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    input.value = "";
    say(message, "");
  });
  byId("enter-token").addEventListener("click", ask);
  byId("forget-token").addEventListener("click", () => {
    forgetToken();
    // What the token let one see goes with it.
    location.reload();
  });
  showButtons();
}
