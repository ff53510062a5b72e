/** Shows a file that is on this device in a video element. */

import type { Attachment } from 'svelte/attachments';

/** Requests of such a file end long before. */
const REQUEST_ENDS_MS = 10_000;

/** A request that is under way when its address is revoked would be an error in the console. */
export function shows(file: Blob): Attachment<HTMLVideoElement> {
  return (video) => {
    const url = URL.createObjectURL(file);
    video.src = url;
    return () => {
      video.removeAttribute('src');
      video.load();
      setTimeout(() => URL.revokeObjectURL(url), REQUEST_ENDS_MS);
    };
  };
}
