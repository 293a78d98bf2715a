// Posts a body as a sender does who uses the official library: node send.mjs URL SECRET BODY. Prints the status.
import { Webhook } from 'standardwebhooks';

const [url, secret, body] = process.argv.slice(2);
const id = 'msg_js';
const now = new Date();
const answer = await fetch(url, {
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': Math.floor(now.getTime() / 1000).toString(),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  },
  body,
});
console.log(answer.status);
