// Uploads a file with tus-js-client, as the pages do, over a network that breaks.
//   tus.mjs SERVER TOKEN REPORT FILE PARALLEL

import { createReadStream } from 'node:fs';
import { Upload } from 'tus-js-client';

const [server, token, report, path, parallel] = process.argv.slice(2);

const upload = new Upload(createReadStream(path), {
  endpoint: `${server}/api/v1/uploads/`,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { report_id: report, role: 'video', filename: '录像.mp4' },
  parallelUploads: Number(parallel),
  retryDelays: Array(40).fill(150),
  onError(error) {
    console.error(error);
    process.exit(1);
  },
  onSuccess() {
    process.exit(0);
  },
});
upload.start();
