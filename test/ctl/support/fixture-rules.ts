import type { FixtureData } from './fixture-data.js';

/** A host’s rules: one of a group, and what is in force. */
export function fixtureRules(host: string): Pick<FixtureData, 'rules' | 'revisions' | 'audit'> {
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
        flows: 2,
        flowBytes: 4096,
        description: '',
      },
    ],
    audit: [
      {
        id: '00000000-0000-4000-8000-000000000001',
        host,
        at: '2026-01-01T00:00:00.000Z',
        user: 'alice',
        uid: 1000,
        sshClient: '192.0.2.7',
        command: 'rules apply',
        outcome: 'done',
        what: '{}',
        result: '{}',
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
