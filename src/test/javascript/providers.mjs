// Makes a valid webhook of each provider with the provider's own library, and prints them as one JSON array. Where a library only
// verifies, the webhook is signed here and shown to the library first; one that it refuses ends this program.
//
// An element: provider; library and version; signedAt (seconds); config (settings of the source, by their names); headers; query; bodyBase64;
// signed (headers whose every character counts); covered (the parts of the body whose every byte counts; null means all of it);
// coversQuery; expect (fields of the events, in their order; a field that is not named is not told by the library).
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { hmacValidator as AdyenHmacValidator } from '@adyen/api-library';
import { sign as signAsGitHub, verify as verifyAsGitHub } from '@octokit/webhooks-methods';
import { Environment as PaddleEnvironment, Paddle } from '@paddle/paddle-node-sdk';
import '@shopify/shopify-api/adapters/node';
import { shopifyApi } from '@shopify/shopify-api';
import braintree from 'braintree';
import coinbase from 'coinbase-commerce-node';
import * as gocardless from 'gocardless-nodejs/webhooks';
import mercadopago from 'mercadopago';
import { SignatureValidator as MollieSignatureValidator } from 'mollie-api-typescript';
import Razorpay from 'razorpay';
import { WebhooksHelper as SquareWebhooks } from 'square';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import twilio from 'twilio';

const require = createRequire(import.meta.url);
const now = new Date();
const seconds = Math.floor(now.getTime() / 1000);
const time = new Date(seconds * 1000).toISOString();

// A library that logs must not spoil the answer.
console.log = console.info = console.debug = console.error;

/** As it is installed, whatever package.json asked for. */
function versionOf(library) {
  for (const folder of require.resolve.paths(library)) {
    try {
      return JSON.parse(readFileSync(join(folder, library, 'package.json'), 'utf8')).version;
    } catch {
      // Not in this one.
    }
  }
  throw new Error(`${library} is not installed in ${dirname(import.meta.url)}`);
}

function must(condition, what) {
  if (condition !== true) {
    throw new Error(`${what} refuses what was signed for it: ${condition}`);
  }
}

const hmac = (algorithm, key, text, encoding) => createHmac(algorithm, key).update(text, 'utf8').digest(encoding);
const secret = (prefix = '') => prefix + randomBytes(24).toString('hex');
/** With letters beyond ASCII: what is signed are bytes. */
const json = (value) => JSON.stringify({ ...value, note: 'Zoë, 東京 & 💶' });

const deliveries = [];
function add(provider, library, delivery) {
  const { body, headers = {}, query = null, signed = Object.keys(headers), covered = null, ...rest } = delivery;
  deliveries.push({
    provider,
    library,
    version: versionOf(library),
    signedAt: seconds,
    headers,
    query,
    signed,
    covered,
    coversQuery: false,
    bodyBase64: Buffer.from(body, 'utf8').toString('base64'),
    ...rest,
  });
}

{
  const secrets = secret('whsec_');
  const body = json({
    id: 'evt_1',
    object: 'event',
    api_version: '2026-07-29.dahlia',
    created: seconds,
    livemode: true,
    pending_webhooks: 1,
    type: 'payment_intent.succeeded',
    data: {
      object: { id: 'pi_1', object: 'payment_intent', amount: 1099, amount_received: 1099, currency: 'eur', customer: 'cus_1' },
    },
  });
  const header = await Stripe.webhooks.generateTestHeaderStringAsync({ payload: body, secret: secrets, timestamp: seconds });
  add('stripe', 'stripe', {
    config: { secrets },
    headers: { 'stripe-signature': header },
    body,
    expect: [
      {
        identity: 'evt_1',
        type: 'payment_intent.succeeded',
        subject: 'pi_1',
        amount: '10.99',
        currency: 'EUR',
      },
    ],
  });
}

{
  const secrets = secret();
  const body = json({
    action: 'created',
    sponsorship: {
      node_id: 'S_1',
      created_at: time,
      sponsorable: { login: 'org-a' },
      sponsor: { login: 'org-b' },
      tier: { node_id: 'T_1', monthly_price_in_cents: 500 },
    },
  });
  const header = await signAsGitHub(secrets, body);
  must(await verifyAsGitHub(secrets, body, header), 'octokit');
  add('github', '@octokit/webhooks-methods', {
    config: { secrets },
    headers: { 'x-hub-signature-256': header, 'x-github-event': 'sponsorship', 'x-github-delivery': 'd-1' },
    signed: ['x-hub-signature-256'],
    body,
    expect: [{ subject: 'S_1', amount: '5', currency: 'USD' }],
  });
}

{
  const secrets = secret();
  const body = json({
    entity: 'event',
    account_id: 'acc_1',
    event: 'payment.captured',
    contains: ['payment'],
    payload: {
      payment: {
        entity: { id: 'pay_1', entity: 'payment', amount: 50000, currency: 'INR', status: 'captured', created_at: seconds },
      },
    },
    created_at: seconds,
  });
  const header = hmac('sha256', secrets, body, 'hex');
  must(Razorpay.validateWebhookSignature(body, header, secrets), 'razorpay');
  add('razorpay', 'razorpay', {
    config: { secrets },
    headers: { 'x-razorpay-signature': header, 'x-razorpay-event-id': 'e-1' },
    signed: ['x-razorpay-signature'],
    body,
    expect: [{ type: 'payment.captured', subject: 'pay_1', amount: '500', currency: 'INR' }],
  });
}

{
  const secrets = randomBytes(32).toString('hex').toUpperCase();
  const item = {
    additionalData: {},
    amount: { currency: 'ISK', value: 1130 },
    eventCode: 'CAPTURE',
    eventDate: time,
    merchantAccountCode: 'TestMerchant',
    merchantReference: 'order-1',
    originalReference: 'PSP0000000000001',
    paymentMethod: 'visa',
    pspReference: 'PSP0000000000002',
    reason: '',
    success: 'true',
  };
  const validator = new AdyenHmacValidator();
  item.additionalData.hmacSignature = validator.calculateHmac(item, secrets);
  must(validator.validateHMAC(item, secrets), 'adyen');
  add('adyen', '@adyen/api-library', {
    config: { secrets },
    body: JSON.stringify({ live: 'false', notificationItems: [{ NotificationRequestItem: item }] }),
    covered: [
      item.additionalData.hmacSignature,
      '1130',
      'ISK',
      'CAPTURE',
      'TestMerchant',
      'order-1',
      'PSP0000000000001',
      'PSP0000000000002',
      'true',
    ],
    expect: [{ type: 'CAPTURE', subject: 'PSP0000000000001', amount: '11.30', currency: 'ISK' }],
  });
}

{
  const secrets = randomBytes(32).toString('hex').toUpperCase();
  const body = json({
    environment: 'test',
    timestamp: time,
    type: 'balancePlatform.transfer.updated',
    data: {
      id: 'TRF1',
      balancePlatform: 'P1',
      balanceAccount: { id: 'BA1' },
      amount: { currency: 'EUR', value: 500 },
      direction: 'outgoing',
      status: 'booked',
      sequenceNumber: 3,
    },
  });
  const validator = new AdyenHmacValidator();
  const header = validator.calculateHmac(body, secrets);
  must(validator.validateHMACSignature(secrets, header, body), 'adyen');
  add('adyen-platform', '@adyen/api-library', {
    config: { secrets },
    headers: { hmacsignature: header },
    body,
    expect: [{ type: 'balancePlatform.transfer.updated', subject: 'TRF1', amount: '5', currency: 'EUR' }],
  });
}

{
  const secrets = secret();
  const url = 'https://shop.example:8443/webhooks/square?shop=1';
  const body = json({
    merchant_id: 'MLR1',
    type: 'payment.updated',
    event_id: 'e-1',
    created_at: time,
    data: {
      type: 'payment',
      id: 'other',
      object: { payment: { id: 'PAY1', amount_money: { amount: 1500, currency: 'JPY' }, customer_id: 'CUST1' } },
    },
  });
  const header = hmac('sha256', secrets, url + body, 'base64');
  must(
    await SquareWebhooks.verifySignature({
      requestBody: body,
      signatureHeader: header,
      signatureKey: secrets,
      notificationUrl: url,
    }),
    'square',
  );
  add('square', 'square', {
    config: { secrets, url },
    headers: { 'x-square-hmacsha256-signature': header },
    body,
    expect: [{ identity: 'e-1', type: 'payment.updated', subject: 'PAY1', amount: '1500', currency: 'JPY' }],
  });
}

{
  const secrets = secret('pdl_ntfset_');
  const body = json({
    event_id: 'evt_01',
    event_type: 'transaction.completed',
    occurred_at: time,
    notification_id: 'ntf_01',
    data: {
      id: 'txn_01',
      status: 'completed',
      customer_id: 'ctm_01',
      currency_code: 'USD',
      details: { totals: { subtotal: '1000', tax: '200', total: '1200', grand_total: '1200', currency_code: 'USD' } },
    },
  });
  const at = Math.floor(Date.now() / 1000);
  const header = `ts=${at};h1=${hmac('sha256', secrets, `${at}:${body}`, 'hex')}`;
  const paddle = new Paddle('none', { environment: PaddleEnvironment.sandbox });
  must(await paddle.webhooks.isSignatureValid(body, secrets, header), 'paddle');
  add('paddle', '@paddle/paddle-node-sdk', {
    signedAt: at,
    config: { secrets },
    headers: { 'paddle-signature': header },
    body,
    expect: [{ identity: 'evt_01', type: 'transaction.completed', subject: 'txn_01', amount: '12', currency: 'USD' }],
  });
}

{
  const secrets = secret('shpss_');
  // Written by hand: no number of JavaScript has so many digits.
  const body =
    '{"id":820982911946154599,"currency":"USD","total_price":"398.10","financial_status":"paid",' +
    `"customer":{"id":115310627314723950},"updated_at":"${time}","note":"Zoë"}`;
  const header = hmac('sha256', secrets, body, 'base64');
  const headers = {
    'x-shopify-hmac-sha256': header,
    'x-shopify-topic': 'orders/paid',
    'x-shopify-shop-domain': 'shop.myshopify.com',
    'x-shopify-api-version': '2026-10',
    'x-shopify-webhook-id': 'w-1',
    'x-shopify-event-id': 'e-1',
    'x-shopify-triggered-at': time,
  };
  const shopify = shopifyApi({
    apiKey: 'none',
    apiSecretKey: secrets,
    apiVersion: '2026-10',
    hostName: 'shop.example',
    isEmbeddedApp: false,
    logger: { log: () => {} },
  });
  const verified = await shopify.webhooks.validate({
    rawBody: body,
    rawRequest: { method: 'POST', url: '/webhooks', headers },
    rawResponse: {},
  });
  must(verified.valid, 'shopify');
  add('shopify', '@shopify/shopify-api', {
    config: { secrets },
    headers,
    signed: ['x-shopify-hmac-sha256'],
    body,
    expect: [{ subject: '820982911946154599', amount: '398.10', currency: 'USD' }],
  });
}

{
  const secrets = secret();
  const event = (id, action) => ({
    id,
    created_at: time,
    resource_type: 'payments',
    action,
    links: { payment: 'PM1', creditor: 'CR1' },
    details: { origin: 'gocardless' },
  });
  const body = json({ events: [event('EV1', 'confirmed'), event('EV2', 'paid_out')], meta: { webhook_id: 'WB1' } });
  const header = hmac('sha256', secrets, body, 'hex');
  must(gocardless.parse(body, secrets, header).length === 2, 'gocardless');
  const expected = { subject: 'PM1', amount: null, currency: null };
  add('gocardless', 'gocardless-nodejs', {
    config: { secrets },
    headers: { 'webhook-signature': header },
    body,
    expect: [
      { ...expected, identity: 'EV1', type: 'payments.confirmed' },
      { ...expected, identity: 'EV2', type: 'payments.paid_out' },
    ],
  });
}

{
  const secrets = secret();
  const body = json({
    attempt_number: 1,
    id: 'dlv-1',
    event: {
      id: 'ev-1',
      resource: 'event',
      type: 'charge:confirmed',
      created_at: time,
      data: { id: 'ch-1', code: 'AAAA1111', pricing: { local: { amount: '10.00', currency: 'USD' } } },
    },
  });
  const header = coinbase.Webhook.computeSignature(body, secrets);
  must(coinbase.Webhook.verifyEventBody(body, header, secrets).id === 'ev-1', 'coinbase');
  add('coinbase', 'coinbase-commerce-node', {
    config: { secrets },
    headers: { 'x-cc-webhook-signature': header },
    body,
    expect: [{ identity: 'ev-1', type: 'charge:confirmed', subject: 'ch-1', amount: '10.00', currency: 'USD' }],
  });
}

for (const dataId of ['999999999', 'ORD01AbC', null]) {
  const secrets = secret();
  const requestId = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const manifest = (dataId ? `id:${dataId};` : '') + `request-id:${requestId};ts:${seconds};`;
  const header = `ts=${seconds},v1=${hmac('sha256', secrets, manifest, 'hex')}`;
  mercadopago.WebhookSignatureValidator.validate({
    xSignature: header,
    xRequestId: requestId,
    dataId,
    secret: secrets,
    toleranceSeconds: 300,
  });
  add('mercadopago', 'mercadopago', {
    config: { secrets },
    headers: { 'x-signature': header, 'x-request-id': requestId },
    query: dataId ? `data.id=${dataId}` : null,
    coversQuery: dataId !== null,
    body: json({ id: 12345, type: 'payment', data: { id: '1', transaction_amount: 1 } }),
    covered: [],
    expect: [
      {
        identity: `${(dataId ?? '').toLowerCase()}~${requestId}~${seconds}`,
        type: null,
        subject: dataId,
        amount: null,
        currency: null,
      },
    ],
  });
}

{
  const gateway = new braintree.BraintreeGateway({
    environment: braintree.Environment.Sandbox,
    merchantId: 'merchant',
    publicKey: 'public1',
    privateKey: secret(),
  });
  const { bt_signature, bt_payload } = gateway.webhookTesting.sampleNotification(
    braintree.WebhookNotification.Kind.TransactionSettled,
    'tx1',
  );
  const parsed = await gateway.webhookNotification.parse(bt_signature, bt_payload);
  must(parsed.transaction.id === 'tx1', 'braintree');
  add('braintree', 'braintree', {
    config: { secrets: gateway.config.privateKey, 'public-key': gateway.config.publicKey },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    signed: [],
    body: new URLSearchParams({ bt_signature, bt_payload }).toString(),
    expect: [{ type: 'transaction_settled', subject: 'tx1', amount: '100', currency: 'USD' }],
  });
}

{
  const secrets = secret();
  const url = 'https://shop.example/webhooks/twilio';
  const query = 'shop=1';
  const parameters = { AccountSid: 'AC0', MessageSid: 'SM1', MessageStatus: 'delivered', To: '+49 30 1', Body: 'Zoë & 💶 = 1+1' };
  const header = twilio.getExpectedTwilioSignature(secrets, `${url}?${query}`, parameters);
  must(twilio.validateRequest(secrets, header, `${url}?${query}`, parameters), 'twilio');
  add('twilio', 'twilio', {
    config: { secrets, url },
    headers: { 'x-twilio-signature': header, 'content-type': 'application/x-www-form-urlencoded' },
    signed: ['x-twilio-signature'],
    body: new URLSearchParams(parameters).toString(),
    query,
    coversQuery: true,
    expect: [{ subject: 'SM1', amount: null, currency: null }],
  });
}

{
  const secrets = secret();
  const url = 'https://shop.example/webhooks/twilio';
  const body = json({ MessageSid: 'SM1' });
  const query = `bodySHA256=${twilio.getExpectedBodyHash(body)}`;
  const header = twilio.getExpectedTwilioSignature(secrets, `${url}?${query}`, null);
  must(twilio.validateRequestWithBody(secrets, header, `${url}?${query}`, body), 'twilio');
  add('twilio', 'twilio', {
    config: { secrets, url },
    headers: { 'x-twilio-signature': header, 'content-type': 'application/json' },
    signed: ['x-twilio-signature'],
    body,
    query,
    coversQuery: true,
    expect: [{ amount: null, currency: null }],
  });
}

{
  const secrets = `whsec_${randomBytes(32).toString('base64')}`;
  const body = json({ type: 'invoice.paid', timestamp: time, data: { id: 'inv_1', amount: '10.00', currency: 'EUR' } });
  const webhook = new StandardWebhook(secrets);
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': webhook.sign('msg_1', new Date(seconds * 1000), body),
  };
  must(webhook.verify(body, headers).type === 'invoice.paid', 'standardwebhooks');
  add('standard-webhooks', 'standardwebhooks', {
    config: {
      secrets,
      type: '/type',
      subject: '/data/id',
      'occurred-at': '/timestamp',
      amount: '/data/amount',
      currency: '/data/currency',
      unit: 'major',
    },
    headers,
    body,
    expect: [{ identity: 'msg_1', type: 'invoice.paid', subject: 'inv_1', amount: '10.00', currency: 'EUR' }],
  });
}

for (const prefix of ['sha256=', '']) {
  const secrets = secret();
  const body = json({
    resource: 'event',
    id: 'event_1',
    type: 'payment-link.paid',
    entityId: 'pl_1',
    createdAt: time,
    _embedded: {
      entity: { resource: 'payment-link', id: 'pl_1', amount: { value: '24.95', currency: 'EUR' }, profileId: 'pfl_1' },
    },
  });
  const header = prefix + hmac('sha256', secrets, body, 'hex');
  must(await MollieSignatureValidator.validate(body, secrets, header), 'mollie');
  add('mollie', 'mollie-api-typescript', {
    config: { secrets },
    headers: { 'x-mollie-signature': header },
    body,
    expect: [{ identity: 'event_1', type: 'payment-link.paid', subject: 'pl_1', amount: '24.95', currency: 'EUR' }],
  });
}

process.stdout.write(JSON.stringify(deliveries));
