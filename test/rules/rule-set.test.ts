import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VsocketError } from '../../src/errors/vsocket-error.js';
import { changesBetween } from '../../src/rules/changes.js';
import { HostRules } from '../../src/rules/host-rules.js';
import { parseRuleSet } from '../../src/rules/parse-rule-set.js';
import { portRanges } from '../../src/rules/port-ranges.js';
import { emptyRuleSet } from '../../src/rules/rule-set.js';

const text = `version: 1
tenants:
  red:
    groups:
      web:
        rules:
          - { id: http, direction: ingress, protocol: tcp, ports: [80, 8000-8099], remote: { group: clients } }
          - { id: no-bad, direction: ingress, action: deny, remote: { cidr: 10.0.0.66/32 } }
      clients: {}
      watched:
        mode: audit
        rules:
          - { id: all-tcp, direction: ingress, protocol: tcp, priority: 5 }
    vms: { red1: [web, watched], red3: [clients], red4: [watched] }
`;

function problemOf(wrong: string): string {
  try {
    parseRuleSet(wrong, 'rules.yaml');
  } catch (error) {
    assert.ok(error instanceof VsocketError);
    return error.line;
  }
  return assert.fail('it parses');
}

describe('a rule set', () => {
  it('is read from YAML and from JSON', () => {
    const ruleSet = parseRuleSet(text, 'rules.yaml');
    assert.deepEqual(parseRuleSet(JSON.stringify(ruleSet), 'rules.json'), ruleSet);
    assert.deepEqual(ruleSet.tenants['red']?.defaults, { ingress: 'deny', egress: 'allow' });
  });

  it('that is wrong is refused with line, column and key', () => {
    for (const [from, to, line] of [
      [
        'direction: ingress, protocol: tcp, ports',
        'direction: inward, protocol: tcp, ports',
        /^rules.yaml:7:25: tenants.red.groups.web.rules.0.direction: /,
      ],
      ['8000-8099', '8099-8000', /^rules.yaml:7:72: .*ports.1: a range of ports goes from the lower/],
      ['group: clients', 'group: client', /^rules.yaml:7:\d+: .*there is no group client$/],
      ['id: no-bad', 'id: http', /^rules.yaml:8:\d+: .*the id http is taken in group web$/],
      ['10.0.0.66/32', '10.0.0.66', /^rules.yaml:8:\d+: .*/],
      ['clients: {}', 'clients: {}\n      clients: {}', /^rules.yaml:10:\d+: Map keys must be unique/],
      ['red3: [clients]', 'red3: [clients, clients]', /^rules.yaml:14:\d+: .*a group is named twice$/],
      ['protocol: tcp, ports', 'protocol: icmp, ports', /^rules.yaml:7:\d+: .*only tcp and udp have ports$/],
      [
        'protocol: tcp, priority',
        'protocol: 6, priority',
        /^rules.yaml:13:\d+: .*protocol 6 is written tcp$/,
      ],
    ] as const) {
      assert.ok(text.includes(from));
      assert.match(problemOf(text.replace(from, to)), line);
    }
    const many = Array.from({ length: 501 }, (_, n) => `{ id: x${n}, direction: ingress }`).join(', ');
    const large = `version: 1\ntenants: { red: { groups: { a: { rules: [${many}] }, b: { rules: [${many.replaceAll('id: x', 'id: y')}] } }, vms: { red1: [a, b] } } }`;
    assert.match(problemOf(large), /red1 has 1002 ingress rules, 1000 at most$/);
  });

  it('decides by priority, deny before allow, and groups in audit mode only beside', () => {
    const ruleSet = parseRuleSet(text, 'rules.yaml');
    const addresses = { red: { red1: ['10.0.0.1'], red3: ['10.0.0.3', '10.0.0.66', 'fd00::3'] } };
    const vms = ['red1', 'red4', 'red5'].map((name) => ({ name, tenant: 'red' }));
    const rules = new HostRules({ ruleSet, addresses }, [...vms, { name: 'blue1', tenant: 'blue' }]);
    const tcp = (vm: string, remoteAddress: string, port: number): string => {
      const { action, rule, audit } = rules.evaluate(vm, 'ingress', { remoteAddress, protocol: 6, port });
      const beside = audit === null ? '' : `, else ${audit.action} by ${audit.rule?.id ?? 'default'}`;
      return `${action} by ${rule?.id ?? 'default'}${beside}`;
    };
    assert.equal(tcp('red1', '10.0.0.3', 8010), 'allow by http, else allow by all-tcp');
    assert.equal(tcp('red1', 'fd00::3', 80), 'allow by http, else allow by all-tcp');
    assert.equal(tcp('red1', '10.0.0.66', 80), 'deny by no-bad, else allow by all-tcp');
    assert.equal(tcp('red1', '10.0.0.4', 80), 'deny by default, else allow by all-tcp');
    assert.equal(tcp('red4', '10.0.0.4', 80), 'allow by default, else allow by all-tcp');
    assert.equal(tcp('red5', '10.0.0.3', 80), 'deny by default');
    assert.equal(tcp('blue1', '10.0.0.3', 80), 'allow by default');
    assert.equal(
      rules.evaluate('red1', 'egress', { remoteAddress: '10.0.0.9', protocol: 17, port: 53 }).action,
      'allow',
    );
  });

  it('is worded anew only for the VMs and directions about which a change may decide otherwise', () => {
    const vms = ['red1', 'red3', 'red4'].map((name) => ({ name, tenant: 'red' }));
    const worded = (words: string, red3: string): Map<string, string> => {
      const addresses = { red: { red1: ['10.0.0.1'], red3: [red3], red4: ['10.0.0.4'] } };
      const rules = new HostRules({ ruleSet: parseRuleSet(words, 'rules.yaml'), addresses }, vms);
      const directions = ['ingress', 'egress'] as const;
      return new Map(
        vms.flatMap(({ name }) =>
          directions.map((direction) => [`${name} ${direction}`, rules.wording(name, direction)]),
        ),
      );
    };
    const before = worded(text, '10.0.0.3');
    const differs = (after: Map<string, string>): string[] =>
      [...before].filter(([place, wording]) => after.get(place) !== wording).map(([place]) => place);
    assert.deepEqual(differs(worded(text, '10.0.0.3')), []);
    assert.deepEqual(differs(worded(text.replace('ports: [80,', 'ports: [81,'), '10.0.0.3')), [
      'red1 ingress',
    ]);
    assert.deepEqual(
      differs(worded(text, '10.0.0.33')),
      ['red1 ingress'],
      'a member of a group that it names',
    );
    assert.deepEqual(differs(worded(text.replace('priority: 5', 'priority: 6'), '10.0.0.3')), []);
    assert.deepEqual(
      differs(worded(text.replace('mode: audit', 'mode: enforce'), '10.0.0.3')),
      ['red1 ingress', 'red4 ingress'],
      'a VM whose only group is in audit mode has no limits',
    );
    const defaults = text.replace('    groups:', '    defaults: { egress: deny }\n    groups:');
    assert.deepEqual(differs(worded(defaults, '10.0.0.3')), ['red1 egress', 'red3 egress']);
  });

  it('tells what it changes', () => {
    const before = parseRuleSet(text, 'rules.yaml');
    const after = parseRuleSet(
      text.replace('priority: 5', 'priority: 6').replace('red4: [watched]', 'red5: [web]'),
      'rules.yaml',
    );
    assert.deepEqual(changesBetween(before, before), []);
    const seen = changesBetween(before, after).map(({ change, kind, name }) => `${change} ${kind} ${name}`);
    assert.deepEqual(seen, ['changed rule all-tcp', 'removed vm red4', 'added vm red5']);
    assert.ok(changesBetween(emptyRuleSet, after).every(({ change }) => change === 'added'));
  });

  it('has its ports merged', () => {
    assert.deepEqual(portRanges([80, '8000-8010', 8011, '8005-8007', 79]), [
      [79, 80],
      [8000, 8011],
    ]);
  });
});
