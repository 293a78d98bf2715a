import { act } from "./act.js";
import { postOpenly } from "./api.js";
import { byId } from "./dom.js";

const isDevelopment = document.documentElement.dataset.mode === "development";

/** In dev mode nobody has to find out first how a webhook is posted. */
export function offerFirst(isEmpty) {
  const offer = byId("first");
  const hides = !isDevelopment || !isEmpty;
  if (hides && offer.contains(document.activeElement)) {
    byId("transactions-heading").focus(); // Focus is not lost with the button.
  }
  offer.hidden = hides;
}

async function postOne() {
  const id = `txn_test_${Date.now().toString(36)}`;
  await postOpenly("v1/webhooks/transactions", {
    transaction_id: id,
    source_account: "acc_user_789",
    destination_account: "acc_merchant_456",
    amount: 1500.5,
    currency: "INR",
  });
  return `${id} was accepted.`;
}

export function startFirst() {
  const button = byId("first-post");
  button.addEventListener("click", () => act(button, byId("first-message"), postOne));
}
