import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { alwaysAllowedTypes } from '../../src/rules/always-allowed.js';
import { Evaluator, type Decision } from '../../src/rules/evaluate.js';
import { GroupMembers } from '../../src/rules/group-members.js';
import { difference } from '../../src/rules/nft/difference.js';
import type { GuardedVm } from '../../src/rules/nft/guarded-vm.js';
import type { Layout } from '../../src/rules/nft/layout.js';
import { defaultCounter, ruleCounter } from '../../src/rules/nft/names.js';
import { tableLayout } from '../../src/rules/nft/table-layout.js';
import { policyOf } from '../../src/rules/policy.js';
import { familyOf, type Direction, type RuleSet } from '../../src/rules/rule-set.js';
import { drawnRuleSet, ownAddresses } from './support/drawn-rules.js';
import { attemptOf, drawnProbe, framesOf, macs, probeIn, type Probe } from './support/probes.js';
import { ethernet } from './support/raw-frames.js';
import { eventually, TestBridge } from './support/test-bridge.js';

const ruleSets = 200;
const probesOfEach = 12;

const vms: GuardedVm[] = (['a', 'b'] as const).map((name) => ({
  name,
  tenant: 'red',
  interface: name,
  mac: macs[name],
  addresses: ownAddresses[name],
}));

const addresses: Record<string, readonly string[]> = { ...ownAddresses, far: ['10.0.0.3', 'fd00::3'] };

/** What the evaluator says: whether a probe arrives, and which counters it leaves behind. */
class Expectation {
  readonly counts = new Map<string, number>();
  private readonly members: GroupMembers;

  constructor(private readonly ruleSet: RuleSet) {
    this.members = new GroupMembers(ruleSet, (tenant, vm) => (tenant === 'red' ? (addresses[vm] ?? []) : []));
  }

  get layout(): Layout {
    return tableLayout(this.ruleSet, this.members, vms, ['up']);
  }

  passes(probe: Probe): boolean {
    const family = familyOf(probe.source);
    if (probe.kind === 'icmp' && alwaysAllowedTypes[family].includes(probe.type)) return true;
    return this.allows(probe, 'from', 'egress') && this.allows(probe, 'to', 'ingress');
  }

  private allows(probe: Probe, end: 'from' | 'to', direction: Direction): boolean {
    const vm = probe[end];
    if (vm === 'up') return true;
    const policy = policyOf(this.ruleSet, 'red', vm, direction);
    const verdict = new Evaluator(policy, this.members).evaluate(attemptOf(probe, end));
    this.count(verdict, direction, false);
    if (
      verdict.audit !== null &&
      (verdict.audit.rule === null || policy.audit!.audited.has(verdict.audit.rule.group))
    )
      this.count(verdict.audit, direction, true);
    return verdict.action === 'allow';
  }

  private count({ rule }: Decision, direction: Direction, audit: boolean): void {
    const name = rule === null ? defaultCounter('red', direction, audit) : ruleCounter('red', rule.id);
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}

let bridge: TestBridge;
let installed: Layout | null = null;
/** As they were when the rule set before was done with; those that are new since count from nothing. */
let countedBefore = new Map<string, number>();
let sent = 0;
const totals = { ruleSets: 0, connections: 0, passed: 0, kinds: new Map<string, number>() };

before(() => {
  bridge = new TestBridge((['a', 'b', 'up'] as const).map((name) => ({ name, mac: macs[name] })));
});
after(() => bridge.remove());

function counters(): Map<string, number> {
  const text = bridge.run('nft', '-j', 'list', 'counters', 'table', 'bridge', 'vsocket');
  const { nftables } = JSON.parse(text) as { nftables: { counter?: { name: string; packets: number } }[] };
  return new Map(nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])));
}

/** The kernel’s rules become those of the set, as vsockd would change them; what was open is forgotten. */
function install(layout: Layout): void {
  const dynamic = [...layout.sets].filter(([, { elements }]) => elements === null).map(([name]) => name);
  bridge.nft([
    ...difference(installed, layout).flat(),
    ...dynamic.map((name) => `flush set bridge vsocket ${name}`),
  ]);
  installed = layout;
}

/** Sends the probes. @returns the parts that arrived, each with the port where */
async function send(probes: readonly Probe[], expected: ReadonlySet<string>): Promise<Set<string>> {
  const arrived = new Set<string>();
  const marks = new Set<string>();
  const endMark = Buffer.from(`end of ${sent}`);
  const take = (): void => {
    for (const port of ['a', 'b', 'up'])
      for (const frame of bridge.received(port)) {
        if (frame.includes(endMark)) marks.add(port);
        const part = probeIn(frame);
        if (part !== null) arrived.add(`${part} at ${port}`);
      }
  };
  for (const probe of probes) for (const frame of framesOf(probe, sent++)) bridge.send(probe.from, frame);
  // RARP passes every rule, and comes behind the probes.
  for (const from of ['a', 'b', 'up'] as const) {
    const way = { sourceMac: macs[from], destinationMac: 'ff:ff:ff:ff:ff:ff', source: '', destination: '' };
    bridge.send(from, ethernet(way, 0x8035, Buffer.concat([endMark, Buffer.alloc(32)])));
  }
  await eventually(() => {
    take();
    return marks.size === 3 && [...expected].every((part) => arrived.has(part));
  });
  take();
  return arrived;
}

/** Of the same kind and way back, a probe would be an answer and no attempt. */
function withoutAnswers(probes: Probe[]): Probe[] {
  const seen = new Set<string>();
  return probes.filter(({ kind, source, destination, protocol }) => {
    if (kind !== 'other') return true;
    seen.add(`${source} ${destination} ${protocol}`);
    return !seen.has(`${destination} ${source} ${protocol}`);
  });
}

test('the kernel and the evaluator decide alike, by the same rule', async () => {
  await fc.assert(
    fc.asyncProperty(
      drawnRuleSet,
      fc.array(drawnProbe, { minLength: probesOfEach, maxLength: probesOfEach }),
      async (ruleSet, drawn) => {
        const probes = withoutAnswers(drawn);
        const expectation = new Expectation(ruleSet);
        install(expectation.layout);
        const first = sent;
        const expected = new Set(
          probes.flatMap((probe, index) =>
            expectation.passes(probe)
              ? (probe.fragmented ? [0, 1] : [0]).map((part) => `${first + index} ${part} at ${probe.to}`)
              : [],
          ),
        );
        const arrived = await send(probes, expected);
        const now = counters();
        const counted = new Map(
          [...now]
            .map(([name, packets]): [string, number] => [name, packets - (countedBefore.get(name) ?? 0)])
            .filter(([name, packets]) => packets > 0 && !name.startsWith('v_')),
        );
        countedBefore = now;
        assert.deepEqual([...arrived].sort(), [...expected].sort());
        assert.deepEqual([...counted].sort(), [...expectation.counts].sort());
        totals.ruleSets++;
        totals.connections += probes.length;
        totals.passed += probes.filter((_, index) =>
          expected.has(`${first + index} 0 at ${probes[index]!.to}`),
        ).length;
        for (const probe of probes) {
          const kind = `${probe.kind}${familyOf(probe.source)}${probe.fragmented ? ' fragments' : ''}`;
          totals.kinds.set(kind, (totals.kinds.get(kind) ?? 0) + 1);
        }
      },
    ),
    { numRuns: ruleSets, endOnFailure: false },
  );
  const { connections, passed, kinds } = totals;
  console.log(
    `${totals.ruleSets} rule sets, ${connections} connections, ${passed} passed; ${[...kinds]
      .map(([kind, count]) => `${kind}: ${count}`)
      .sort()
      .join(', ')}`,
  );
  assert.ok(connections >= 2000);
  assert.ok(passed > connections / 5 && passed < connections * 0.9);
  assert.equal(kinds.size, 16);
});
