/** What a hand-in needs of the server; tests bring their own. */

import * as api from './api';
import { send } from './tus';

export type Server = Pick<
  typeof api,
  'createReport' | 'changeReport' | 'getTagged' | 'submitReport' | 'removeUpload'
> & { send: typeof send };

export const server: Server = { ...api, send };
