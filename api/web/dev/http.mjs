// What the parts of the mock server answer with.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname } from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css',
  '.svg': 'image/svg+xml', '.mp4': 'video/mp4', '.jpg': 'image/jpeg',
};
const titles = {
  401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 409: 'Conflict', 412: 'Precondition Failed',
  413: 'Content Too Large', 422: 'Unprocessable Content', 429: 'Too Many Requests', 503: 'Service Unavailable',
};

export function json(response, status, value, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** RFC 9457. */
export function problem(response, status, code, detail = '', headers = {}) {
  const body = { type: 'about:blank', title: titles[status] ?? 'Error', status, detail, code };
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(body));
}

export function empty(response, headers = {}) {
  response.writeHead(204, headers).end();
}

/** The body as JSON, or null if the request was given up. */
export async function body(request) {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  } catch {
    return null;
  }
}

export function file(request, response, path) {
  if (!existsSync(path) || statSync(path).isDirectory()) return response.writeHead(404).end();
  const { size } = statSync(path);
  const headers = { 'content-type': types[extname(path)] ?? 'application/octet-stream', 'accept-ranges': 'bytes' };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) {
    response.writeHead(200, { ...headers, 'content-length': size });
    return createReadStream(path).pipe(response);
  }
  const start = Number(range[1]);
  const end = range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  response.writeHead(206, { ...headers, 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${size}` });
  return createReadStream(path, { start, end }).pipe(response);
}
