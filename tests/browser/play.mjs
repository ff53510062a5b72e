// Plays videos in Chromium and says what is seen of them. A line of standard input is a JSON object
// { file, from, until }, where a picture is shown from one time to the other; the answer is a line with { width,
// height, duration, moved, colors }, where `colors` are the red, green and blue of the middle of each quadrant of
// that picture, or with { error } if it does not play.

import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const { CHROMIUM = '/usr/bin/chromium' } = process.env;
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];
const PATIENCE_MS = 30_000;

/** Serves a page with the video, and the video in parts as players ask for them. */
function serve(file) {
  const size = statSync(file).size;
  const server = createServer((request, response) => {
    if (request.url !== '/video.mp4') {
      response.setHeader('content-type', 'text/html');
      response.end('<video src="/video.mp4" muted preload="auto"></video>');
      return;
    }
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const [start, end] = [Number(from), to === '' ? size - 1 : Number(to)];
    response.writeHead(206, {
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      'content-range': `bytes ${start}-${end}/${size}`,
      'content-length': end - start + 1,
    });
    createReadStream(file, { start, end }).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** In the page: plays a little, then looks at the picture between two times. */
async function play({ from, until }) {
  const video = document.querySelector('video');
  const next = (event) =>
    new Promise((resolve, reject) => {
      video.addEventListener(event, resolve, { once: true });
      video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    });
  if (video.error) throw new Error(video.error.message);
  if (video.readyState < 3) await next('canplay');
  // Which picture is on the screen. A busy browser says that it has sought before it shows what it found.
  let shown = -1;
  const watch = (_, picture) => {
    shown = picture.mediaTime;
    video.requestVideoFrameCallback(watch);
  };
  video.requestVideoFrameCallback(watch);
  const began = video.currentTime;
  await video.play();
  const goal = Math.min(0.3, video.duration / 2);
  while (video.currentTime - began < goal && !video.ended) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (video.error) throw new Error(video.error.message);
  }
  const moved = video.currentTime - began;
  video.pause();
  const sought = next('seeked');
  video.currentTime = (from + until) / 2;
  await sought;
  // Times of files are rounded to their clocks.
  while (shown < from - 0.002 || shown >= until) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const colors = [[1, 1], [3, 1], [1, 3], [3, 3]].map(([x, y]) => {
    const at = [Math.floor((canvas.width * x) / 4), Math.floor((canvas.height * y) / 4)];
    return [...context.getImageData(...at, 1, 1).data].slice(0, 3);
  });
  const { videoWidth: width, videoHeight: height, duration } = video;
  return { width, height, duration, moved, colors };
}

/** Opens a page with the video and says what is seen of it. */
async function show(browser, { file, from, until }) {
  const server = await serve(file);
  const page = await browser.newPage();
  const late = `it did not play within ${PATIENCE_MS / 1000} s`;
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), PATIENCE_MS);
  });
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return await Promise.race([page.evaluate(play, { from, until }), timeout]);
  } catch (error) {
    return { error: error.message };
  } finally {
    clearTimeout(timer);
    await page.close();
    server.close();
  }
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await show(browser, JSON.parse(line))));
}
await browser.close();
