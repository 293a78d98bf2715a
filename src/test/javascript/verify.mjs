// Verifies a message as a receiver does who uses the official library: node verify.mjs SECRET ID TIMESTAMP SIGNATURE BODY. Prints the type.
import { Webhook } from 'standardwebhooks';

const [secret, id, timestamp, signature, body] = process.argv.slice(2);
const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
console.log(new Webhook(secret).verify(body, headers).type);
