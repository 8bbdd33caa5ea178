import type { RowsOf } from '../../../src/api/lists.js';

/** A host’s rules: one of a group, and what is in force. */
export function fixtureRules(host: string): { rules: RowsOf['rules'][]; revisions: RowsOf['revisions'][] } {
  return {
    rules: [
      {
        id: 'red/web-http',
        host,
        tenant: 'red',
        group: 'web',
        rule: 'web-http',
        mode: 'enforce',
        direction: 'ingress',
        action: 'allow',
        priority: 100,
        protocol: 'tcp',
        ports: '80,8000-8099',
        remote: 'group:clients',
        vms: 1,
        hits: 12,
        description: '',
      },
    ],
    revisions: [
      {
        id: `${host}/17`,
        host,
        revision: 17,
        at: '2026-01-01T00:00:00.000Z',
        by: 'alice',
        note: '',
        rules: 1,
        confirmBefore: null,
        inForce: true,
      },
    ],
  };
}
