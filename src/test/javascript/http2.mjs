// Posts webhooks over one session of HTTP/2 at a time: node http2.mjs PORT PATH RATE, each with an id of its own, until its input ends. A session that is told to go
// gets no new request, as RFC 9113 section 6.8 has it, and what is under way on it is waited for. Prints how many were answered what.
import http2 from 'node:http2';

const [port, path, rate] = process.argv.slice(2);
const outcomes = {};
let session;
let number = 0;
let open = 0;
let over = false;

function connected() {
  if (!session) {
    const mine = http2.connect(`https://127.0.0.1:${port}`, {rejectUnauthorized: false});
    const gone = () => {
      session = session === mine ? undefined : session;
    };
    mine.on('goaway', gone).on('close', gone).on('error', gone);
    session = mine;
  }
  return session;
}

function endIfOver() {
  if (over && open === 0) {
    console.log(JSON.stringify(outcomes));
    process.exit(0);
  }
}

function count(outcome) {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  open--;
  endIfOver();
}

function post(body, again) {
  const request = connected().request({':method': 'POST', ':path': path, 'content-type': 'application/json'});
  let outcome = 'no answer';
  request.on('response', headers => (outcome = headers[':status']));
  request.on('error', error => (outcome = error.code));
  request.on('close', () => {
    // Nobody has looked at it, so it is sent again, once, as section 8.7 allows; Node.js says so of what it has not sent yet when it is told to go.
    if (!again && outcome === 'ERR_HTTP2_STREAM_ERROR' && request.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM) {
      post(body, true);
    } else {
      count(outcome);
    }
  });
  request.resume();
  request.end(body);
}

function postNext() {
  if (over) {
    return;
  }
  open++;
  post(JSON.stringify({
    transaction_id: `node_${process.pid}_${number++}`,
    source_account: 'a',
    destination_account: 'b',
    amount: 1,
    currency: 'INR',
  }));
}

process.stdin.on('end', () => {
  over = true;
  endIfOver();
}).resume();
setInterval(postNext, 1000 / Number(rate));
