import { existsSync } from 'node:fs';
import type { AnyAuthMethod } from 'ssh2';
import { readIdentities, type Identity } from './identities.js';
import type { ResolvedHost } from './resolve-host.js';
import { SelectedAgent } from './selected-agent.js';

export interface AuthenticationPlan {
  /** In the order in which ssh tries them: the agent's keys, then key files that the agent does not hold. */
  methods: AnyAuthMethod[];
  /** What was at hand, in words, for the message when the host refuses it all. */
  summary: string;
}

/** Keys only. vsockctl never asks for a password or a passphrase: it talks to many hosts at once. */
export function planAuthentication(host: ResolvedHost): AuthenticationPlan {
  const identities = readIdentities(host);
  const username = host.user;
  const methods: AnyAuthMethod[] = [];
  const tried: string[] = [];
  if (host.agentSocket !== null && existsSync(host.agentSocket)) {
    const agent = new SelectedAgent(host.agentSocket, identities, host.identitiesOnly);
    methods.push({ type: 'agent', username, agent });
    tried.push('the agent');
  }
  for (const identity of identities) {
    if (identity.privateKey === null) continue;
    methods.push({ type: 'publickey', username, key: identity.privateKey as unknown as Buffer });
    tried.push(identity.path);
  }
  return { methods, summary: summarize(tried, identities) };
}

function summarize(tried: readonly string[], identities: readonly Identity[]): string {
  const locked = identities
    .filter((identity) => identity.privateKey === null)
    .map((identity) => identity.path);
  const offered = tried.length === 0 ? 'no usable key was found' : `offered: ${tried.join(', ')}`;
  return locked.length === 0 ? offered : `${offered}; for the agent only: ${locked.join(', ')}`;
}
