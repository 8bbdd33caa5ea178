/**
 * The API’s version, `1.2`: the first number changes with what breaks a client, the second with what is added.
 * docs/api.md says what is which. vsockd tells it in this header of every answer.
 */
export const apiVersion = 1;
export const apiRevision = 2;
export const apiVersionHeader = 'x-vsocket-api';

export interface ApiVersion {
  version: number;
  revision: number;
}

export const ownApi: ApiVersion = { version: apiVersion, revision: apiRevision };

/** vsockds from before the header was there. */
export const firstApi: ApiVersion = { version: 1, revision: 1 };

export function formatApiVersion({ version, revision }: ApiVersion): string {
  return `${version}.${revision}`;
}

/** Null where the text is no version. */
export function parseApiVersion(text: string): ApiVersion | null {
  const match = /^(\d{1,6})\.(\d{1,6})$/.exec(text);
  return match === null ? null : { version: Number(match[1]), revision: Number(match[2]) };
}
