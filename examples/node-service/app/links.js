'use strict';

/* Short links over HTTP, kept one file each on a volume that all instances share.
 *
 *   GET /            the version, the instance, and how many links there are
 *   PUT /NAME        keeps the URL in the body; 201 means that it is on disk
 *   GET /NAME        302 to the URL
 *   GET /healthz     200 when the volume can be written, and no stop was asked for
 */

const { randomUUID } = require('node:crypto');
const fs = require('node:fs/promises');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const state = process.env.LINKS_STATE ?? '/var/lib/links';
const version = process.env.LINKS_VERSION ?? '0';
const port = Number(process.env.LINKS_PORT ?? '8080');
const limit = 4096;
const linkName = /^[A-Za-z0-9-]{1,64}$/;
let isStopping = false;

function answer(response, status, text, headers = {}) {
  const body = Buffer.from(text);
  if (isStopping) response.shouldKeepAlive = false;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    ...headers,
  });
  response.end(body);
}

/** Writes the link beside its place, syncs, renames: an acknowledged link survives a crash. */
async function keep(name, url) {
  const temporary = path.join(state, `.${name}.${randomUUID()}`);
  const file = await fs.open(temporary, 'wx');
  try {
    await file.writeFile(url);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(temporary, path.join(state, name));
  const folder = await fs.open(state, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function read(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > limit) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8').trim();
}

async function health(response) {
  const isWritable = await fs.access(state, fs.constants.W_OK).then(() => true, () => false);
  const isWell = isWritable && !isStopping;
  answer(response, isWell ? 200 : 503, isWell ? 'ok\n' : 'not now\n');
}

async function put(name, request, response) {
  const url = await read(request);
  if (url === undefined || !URL.canParse(url)) {
    answer(response, 400, `PUT /${name} with a URL of at most ${limit} bytes\n`);
    return;
  }
  await keep(name, url);
  answer(response, 201, `/${name}\n`);
}

async function follow(name, response) {
  const url = await fs.readFile(path.join(state, name), 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (url === undefined) answer(response, 404, 'no such link\n');
  else answer(response, 302, url + '\n', { Location: url });
}

async function handle(request, response) {
  const name = request.url.slice(1);
  if (name === '') {
    const count = (await fs.readdir(state)).filter((file) => linkName.test(file)).length;
    answer(response, 200, `links ${version}: ${count} links, ${os.hostname()}\n`);
  } else if (name === 'healthz') {
    await health(response);
  } else if (!linkName.test(name)) {
    answer(response, 404, 'no such page\n');
  } else if (request.method === 'PUT') {
    await put(name, request, response);
  } else if (request.method === 'GET') {
    await follow(name, response);
  } else {
    answer(response, 405, 'GET or PUT\n');
  }
}

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.log(`${request.method} ${request.url}: ${error.stack}`);
    if (response.headersSent) response.destroy();
    else answer(response, 500, 'this went wrong\n');
  });
});
// Longer than the balancer keeps an idle connection, so that it is never the service that hangs up first.
server.keepAliveTimeout = 30_000;
server.listen(port, () => console.log(`links ${version} listens on ${port}`));

process.on('SIGTERM', () => {
  isStopping = true;
  // Requests in flight are answered; the balancer sends no new ones by then.
  server.close(() => console.log('links ends'));
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 8_000).unref();
});
