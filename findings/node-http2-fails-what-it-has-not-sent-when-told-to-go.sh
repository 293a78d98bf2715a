#!/usr/bin/env bash
# Node.js 22.23.3, http2: a request that is made on a session just when a GOAWAY without an error comes, one that excludes no stream (RFC 9113 section 6.8), fails with
# ERR_HTTP2_STREAM_ERROR, "Stream closed with error code NGHTTP2_REFUSED_STREAM". Neither has the server refused it nor has the client sent it: a session writes a
# request later in the turn of the event loop in which it was made, and takes what has come in before that first. The request may be sent again (section 8.7), and
# the caller must do it. Who posted a hundred times a second met it once in 16 restarts of a server, and twice in 16 more.
# Seen: that error, and a server that has seen nothing of the request; with Node.js 20.20.2 too.
# Needs npm.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
npm install --no-audit --no-fund --silent node@22.23.3
PATH=$work/node_modules/.bin:$PATH
cat > server.mjs <<'JS'
import http2 from 'node:http2';

const server = http2.createServer();
server.on('stream', (stream, headers) => {
  const session = stream.session;
  stream.respond({':status': 200});
  stream.end();
  if (headers[':path'] === '/last') {
    setTimeout(() => session.goaway(http2.constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1), 100);
  } else {
    console.error(`the server sees ${headers[':path']}`);
  }
});
server.listen(0, 'localhost', () => console.log(server.address().port));
JS
cat > client.mjs <<'JS'
import http2 from 'node:http2';

const session = http2.connect(`http://localhost:${process.argv[2]}`);
const first = session.request({':path': '/last'});
first.resume();
first.on('end', () => setTimeout(() => {
  // The GOAWAY comes while this turn of the event loop takes its time.
  for (const end = Date.now() + 400; Date.now() < end; ) {
    // Something that takes long.
  }
  const request = session.request({':path': '/next'});
  let seen = 'nothing';
  request.on('response', () => (seen = 'an answer'));
  request.on('error', error => (seen = error.message));
  request.on('close', () => {
    console.log(seen);
    process.exit();
  });
  request.resume();
}, 20));
JS
node server.mjs > port 2> served &
server=$!
for _ in $(seq 100); do [[ -s port ]] && break; sleep 0.1; done
seen=$(timeout 20 node client.mjs "$(cat port)")
echo "Node.js $(node --version): $seen; $(grep -c next served || true) such request seen by the server"
[[ "$seen" == *NGHTTP2_REFUSED_STREAM* ]] && ! grep -q next served || { echo 'changed'; exit 1; }
