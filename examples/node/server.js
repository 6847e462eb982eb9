'use strict';
// A service that checks links: POST / with a list of addresses, GET / for the
// last results, which are kept in a file.
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const file = path.join(process.env.STATE_DIRECTORY ?? '/var/lib/links', 'results.json');

async function check(address) {
  try {
    const answer = await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(5000) });
    return { address, status: answer.status };
  } catch (error) {
    return { address, error: error.cause?.code ?? error.name };
  }
}

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

async function answer(request) {
  if (request.method === 'POST') {
    const results = await Promise.all((await body(request)).map(check));
    fs.writeFileSync(`${file}.new`, JSON.stringify(results));
    fs.renameSync(`${file}.new`, file);
  }
  return fs.existsSync(file) ? fs.readFileSync(file) : '[]';
}

http.createServer((request, response) => {
  answer(request).then(
    (text) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
    (error) => response.writeHead(400).end(`${error.message}\n`),
  );
}).listen(8001, '127.0.0.1');
