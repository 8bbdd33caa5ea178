import { LinkConfig } from '../../src/config/host-config.js';

/** A link whose test makes its connections itself: nothing in it is opened. */
export const bareLinkConfig = LinkConfig.parse({
  listen: { address: '127.0.0.1', port: 1 },
  certificate: '',
  key: '',
  authority: '',
  directory: '',
});
