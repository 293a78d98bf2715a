#!/usr/bin/env bash
# standardwebhooks 1.0.0 and svix 1.45.1 (npm): verify(body, headers) does not answer yes or no, it answers with the body as JSON.parse reads it, where a number is a
# binary float. So a receiver of payments that goes on with what verify has returned has other amounts than were signed:
# beyond 2^53 other digits, and a decimal that ends in zero without it. The signed text itself is right; who wants the digits parses that with a reader of
# decimals. https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries
# Seen: 9007199254740993.01 comes back as 9007199254740994, 1500.50 as 1500.5, of both.
# Needs Node.js and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund --loglevel=error standardwebhooks@1.0.0 svix@1.45.1 >/dev/null
cat > verified.js <<'JS'
const body = '{"amount":9007199254740993.01,"fee":1500.50}';
const secret = `whsec_${Buffer.alloc(32, "example").toString("base64")}`;
for (const [name, { Webhook }, prefix] of [
  ["standardwebhooks", require("standardwebhooks"), "webhook"],
  ["svix", require("svix"), "svix"],
]) {
  const webhook = new Webhook(secret);
  const now = new Date();
  const headers = {
    [`${prefix}-id`]: "msg_1",
    [`${prefix}-timestamp`]: String(Math.floor(now / 1000)),
    [`${prefix}-signature`]: webhook.sign("msg_1", now, body),
  };
  console.log(`${name}: ${JSON.stringify(webhook.verify(body, headers))}`);
}
JS
seen=$(node verified.js)
echo "$seen"
[[ "$seen" == 'standardwebhooks: {"amount":9007199254740994,"fee":1500.5}
svix: {"amount":9007199254740994,"fee":1500.5}' ]] || { echo 'changed'; exit 1; }
