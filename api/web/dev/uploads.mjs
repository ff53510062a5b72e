// A minimal tus server for the mock: creation, HEAD, PATCH, termination. Bytes are counted and not kept, but
// for the first ones, which tell what is no video.

import { randomUUID } from 'node:crypto';
import { empty, problem } from './http.mjs';

const uploads = new Map();
const tus = { 'tus-resumable': '1.0.0', 'cache-control': 'no-store' };

/** Files of a report that were sent since it was last handed in. */
export function uploadsOf(reportId) {
  return [...uploads.values()].filter((upload) => upload.report_id === reportId);
}

export const uploadView = ({ id, role, filename, length, offset }) => ({
  id, role, filename, length, offset, finished: offset === length,
});

/** Takes the finished files of a report away from its draft, to hand them in. */
export function take(reportId) {
  const files = {};
  for (const upload of uploadsOf(reportId)) {
    if (upload.offset === upload.length) files[upload.role] = upload;
    uploads.delete(upload.id);
  }
  return files;
}

/** Adds a file that was sent before the mock began. */
export function addUpload(report_id, role, filename, length, offset) {
  const id = randomUUID();
  uploads.set(id, { id, report_id, role, filename, length, offset, head: 'ftyp' });
}

function metadata(request) {
  const pairs = String(request.headers['upload-metadata'] ?? '').split(',').map((pair) => pair.trim().split(' '));
  return Object.fromEntries(pairs.map(([key, value]) => [key, Buffer.from(value ?? '', 'base64').toString('utf8')]));
}

function create(request, response, mayUpload) {
  const { report_id, role, filename } = metadata(request);
  if (!mayUpload(report_id)) return problem(response, 404, 'not_found', '', tus);
  const id = randomUUID();
  uploads.set(id, { id, report_id, role, filename, length: Number(request.headers['upload-length']), offset: 0, head: '' });
  return response.writeHead(201, { ...tus, location: `/api/v1/uploads/${id}` }).end();
}

async function append(request, response, upload) {
  if (Number(request.headers['upload-offset']) !== upload.offset) return problem(response, 409, 'wrong_offset', '', tus);
  try {
    for await (const chunk of request) {
      if (upload.head.length < 64) upload.head += chunk.subarray(0, 64).toString('latin1');
      upload.offset += chunk.length;
    }
  } catch {
    return; // The connection broke; what came before it counts.
  }
  if (upload.offset === upload.length) {
    for (const other of uploadsOf(upload.report_id)) {
      if (other !== upload && other.role === upload.role && other.offset === other.length) uploads.delete(other.id);
    }
  }
  return empty(response, { ...tus, 'upload-offset': String(upload.offset) });
}

export function handle(request, response, path, mayUpload) {
  const id = path.slice('/uploads/'.length);
  if (id === '') return create(request, response, mayUpload);
  const upload = uploads.get(id);
  if (!upload || !mayUpload(upload.report_id)) return problem(response, 404, 'not_found', '', tus);
  if (request.method === 'PATCH') return append(request, response, upload);
  if (request.method === 'DELETE') {
    uploads.delete(id);
    return empty(response, tus);
  }
  return response.writeHead(200, { ...tus, 'upload-offset': upload.offset, 'upload-length': upload.length }).end();
}
