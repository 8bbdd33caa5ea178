import { readFileSync } from 'node:fs';
import type { Misbehaviour } from '../ctl/support/fixture-api.js';

/** Answers of a vsockd of another version, by path: `v1.1` is the version before, `next` an invented one to come. */
export type GoldenVersion = 'v1.1' | 'next';

const headers: Record<GoldenVersion, Record<string, string>> = {
  'v1.1': {},
  next: { 'x-vsocket-api': '2.0' },
};

export function goldenAnswers(version: GoldenVersion): Record<string, unknown> {
  // From dist/test/api to the sources: the answers are data, not code.
  const file = new URL(`../../../test/api/golden/${version}/answers.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

/** Makes a fixture answer like a vsockd of that version. */
export function speaksLike(version: GoldenVersion): Misbehaviour {
  const answers = goldenAnswers(version);
  return (request, response) => {
    const path = (request.url ?? '').replace(/\?(?!dryRun).*/, '');
    const body = answers[path] ?? { code: 'no-such-path', message: 'vsockd has no such path' };
    const status = path in answers ? 200 : 404;
    response.writeHead(status, { 'content-type': 'application/json', ...headers[version] });
    response.end(JSON.stringify(body));
    return true;
  };
}
