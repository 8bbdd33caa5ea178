import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostRow, unknownHost } from '../../../src/ctl/columns/host-table.js';
import type { LiveFrame } from '../../../src/ctl/model/fleet-monitor.js';
import { VsocketError } from '../../../src/errors/vsocket-error.js';
import { endsOf } from '../../../src/ctl/model/connections.js';
import type { Glance } from '../../../src/ctl/model/glance.js';
import { frameLists } from '../../../src/ctl/model/frame.js';
import { Controller } from '../../../src/ctl/screen/controller.js';
import { keyBindings } from '../../../src/ctl/screen/key-bindings.js';
import { asciiGlyphs, lineWidth, unicodeGlyphs } from '../../../src/ctl/screen/line.js';
import { initialState, usualLayout } from '../../../src/ctl/screen/ui-state.js';
import { forEachView } from '../../../src/ctl/screen/views.js';
import { fixtureConnections } from '../support/fixture-connections.js';
import { fixtureData } from '../support/fixture-data.js';

function frameOf(flows: number, at = '2026-01-02T00:00:00.000Z'): LiveFrame {
  const data = fixtureData('alpha', flows);
  return {
    at,
    hosts: [
      hostRow(
        { host: 'alpha', ok: true, answer: data.host },
        { answeredAt: new Date(at), now: new Date(at), isStale: false },
      ),
    ],
    vms: data.vms,
    flows: data.flows,
    devices: data.devices,
    qps: data.qps,
    counters: data.counters,
    rules: data.rules,
    errors: [],
    answered: new Set(frameLists),
    stale: new Map(),
    isCut: false,
    stretch: 1,
  };
}

interface Stage {
  controller: Controller;
  effects: string[];
  glances: Glance[];
  text: () => string[];
}

function stage(size = { columns: 120, rows: 30 }, readonly = false, glyphs = unicodeGlyphs): Stage {
  const effects: string[] = [];
  const glances: Glance[] = [];
  const sort = { key: 'id', reverse: true };
  const controller = new Controller(
    initialState({
      ...{ filter: '', sort, delaySeconds: 2, wide: false, warning: null },
      layouts: forEachView(() => usualLayout),
    }),
    {
      kill: (targets) => {
        const names = targets.map((row) =>
          endsOf(row)
            .map(({ id }) => id)
            .join('+'),
        );
        effects.push(`kill ${names.join(' ')}`);
        return Promise.resolve({ rows: [], errors: [] });
      },
      open: (view) => effects.push(`open ${view}`),
      look: (glance) => glances.push(glance),
      setDelay: (seconds) => effects.push(`delay ${String(seconds)}`),
      remember: ({ wide, layouts }) => {
        effects.push(`remember ${JSON.stringify({ wide, ...layouts.flows })}`);
        return null;
      },
      effect: (name) => effects.push(name),
    },
    { readonly, glyphs, size },
  );
  return {
    controller,
    effects,
    glances,
    text: () => controller.lines().map((line) => line.map(({ text }) => text).join('')),
  };
}

const keys = fc.constantFrom(
  ...keyBindings.flatMap((binding) => [...binding.keys]),
  'x',
  '=',
  'backspace',
  'enter',
  'escape',
  'right',
);

test('whatever is pressed at whatever size, the screen is exactly full', () => {
  const size = fc.record({
    columns: fc.integer({ min: 1, max: 220 }),
    rows: fc.integer({ min: 1, max: 70 }),
  });
  const step = fc.oneof(keys, fc.integer({ min: 0, max: 300 }), size);
  fc.assert(
    fc.property(size, fc.array(step, { maxLength: 40 }), fc.boolean(), (first, steps, ascii) => {
      const { controller } = stage(first, false, ascii ? asciiGlyphs : unicodeGlyphs);
      let expected = first;
      for (const one of steps) {
        if (typeof one === 'string') controller.press(one);
        else if (typeof one === 'number') controller.takeFrame(frameOf(one));
        else controller.resize((expected = one));
        assert.equal(controller.lines().length, expected.rows);
        for (const line of controller.lines()) assert.equal(lineWidth(line), expected.columns);
      }
    }),
    { numRuns: 60 },
  );
});

test('read-only, no keys at all lead to a kill', () => {
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 60 }), (pressed) => {
      const { controller, effects } = stage(undefined, true);
      controller.takeFrame(frameOf(20));
      for (const key of pressed) controller.press(key);
      return effects.every((effect) => !effect.startsWith('kill'));
    }),
  );
});

test('a kill needs its button in focus, and takes the marked flows', () => {
  const { controller, effects } = stage();
  controller.takeFrame(frameOf(6));
  for (const key of ['K', 'enter', 'K', 'escape', 'K', 'right', 'left', 'enter']) controller.press(key);
  assert.deepEqual(effects, []);
  for (const key of ['g', 'space', 'j', 'space', 'K', 'tab', 'enter']) controller.press(key);
  assert.deepEqual(effects, ['kill red1:5000 red1:5004']);
});

test('marked flows that a filter hides are named first in the question, and counted above', () => {
  const { controller, text } = stage();
  controller.takeFrame(frameOf(12));
  for (const key of ['g', 'space', 'space', 'space', '/', ...'vm=blue1', 'enter']) controller.press(key);
  assert.match(text().join('\n'), / 3 marked, 3 not shown /);
  for (const key of ['/', 'ctrl-u', ...'vm=nosuch', 'enter', 'K']) controller.press(key);
  assert.match(
    text().join('\n'),
    /3 marked, 3 not shown[^]*Kill these 3 flows\?[^]*not shown[^]*3 marked, 3 not shown: /,
  );
});

test('above twenty flows the number is the answer, and all of them can be looked at', () => {
  const { controller, effects, text } = stage();
  controller.takeFrame(frameOf(25));
  for (const key of ['g', ...Array.from({ length: 25 }, () => 'space'), 'K', 'right', 'enter'])
    controller.press(key);
  assert.deepEqual(effects, []);
  const seen = new Set<string>();
  for (let step = 0; step < 25; step += 1) {
    for (const id of text()
      .join('\n')
      .match(/│ (red|blue)1:\d+ /g) ?? [])
      seen.add(id);
    controller.press('j');
  }
  assert.equal(seen.size, 25);
  for (const key of ['2', '4', 'enter', 'backspace', '5', 'enter']) controller.press(key);
  assert.deepEqual(
    effects.map((effect: string) => effect.split(' ').length),
    [26],
  );
});

test('before a host has answered there is no word of no flows', () => {
  const { controller, text } = stage();
  const frame = frameOf(0);
  controller.takeFrame({ ...frame, hosts: [unknownHost('alpha')], vms: [], answered: new Set() });
  assert.match(text().join('\n'), /hosts 0 ok, 1 connecting[^]*connecting to 1 host /);
  controller.takeFrame(frame);
  assert.match(text().join('\n'), / no flows /);
});

test('Escape takes the filter away before it leads out', () => {
  const { controller, effects, text } = stage();
  controller.takeFrame(frameOf(10));
  for (const key of ['/', ...'vm=red1', 'enter', 'escape']) controller.press(key);
  assert.doesNotMatch(text().join('\n'), /filter:/);
  assert.deepEqual(effects, []);
  controller.press('escape');
  assert.deepEqual(effects, ['open vms']);
});

test('the order moves over columns that are on the screen', () => {
  const { controller, text } = stage({ columns: 80, rows: 24 });
  controller.takeFrame(frameOf(10));
  for (let step = 0; step < 40; step += 1) {
    controller.press('>');
    const header = / by (.+?)(?: reversed)? {2}\d/.exec(text()[1] ?? '')?.[1] ?? '';
    assert.match(text()[2] ?? '', new RegExp(`\\b${header}▼`));
  }
});

test('a key that changes nothing of what is listed filters and sorts nothing again', () => {
  const { controller } = stage();
  const { flows, ...frame } = frameOf(50);
  let looks = 0;
  controller.takeFrame({
    ...frame,
    get flows() {
      looks += 1;
      return flows;
    },
  });
  const before = looks;
  assert.ok(before > 0);
  for (const key of ['j', 'j', 'k', 'pagedown', 'G', 'g', '?', 'escape']) controller.press(key);
  assert.equal(looks, before);
  controller.press('r');
  assert.ok(looks > before);
});

test('the cursor stays on its row when the order changes', () => {
  const { controller, text } = stage();
  controller.takeFrame(frameOf(10));
  for (const key of ['j', 'j']) controller.press(key);
  const row = (): string =>
    text()
      .find((line) => line.startsWith('>'))
      ?.slice(2, 12) ?? '';
  const before = row();
  controller.press('r');
  assert.equal(row(), before);
  controller.takeFrame(frameOf(200));
  assert.equal(row(), before);
});

test('the view of rules tells how often each decided, and what is open by it', () => {
  const { controller, text } = stage({ columns: 160, rows: 30 });
  controller.takeFrame(frameOf(10));
  controller.press('7');
  const [row] = text().filter((line) => line.includes('red/web-http'));
  assert.match(row ?? '', /web +ingress +100 +allow +tcp +80,8000-8099 +group:clients +12 +2 +4\.0 KiB/);
});

test('a frozen screen shows the same whatever comes', () => {
  const { controller, text } = stage();
  controller.takeFrame(frameOf(10));
  controller.press('Z');
  const before = text();
  controller.takeFrame(frameOf(3, '2026-01-03T00:00:00.000Z'));
  assert.deepEqual(text(), before);
  controller.press('Z');
  assert.notDeepEqual(text(), before);
});

test('a filter applies while it is typed, and Escape brings the old one back', () => {
  const { controller, text } = stage();
  controller.takeFrame(frameOf(10));
  const rows = (): number => text().filter((line) => /^[> ] (red|blue)1:/.test(line)).length;
  for (const key of ['/', ...'vm=red1']) controller.press(key);
  assert.equal(rows(), 5);
  controller.press('enter');
  for (const key of ['/', 'ctrl-u', ...'bogus=1']) controller.press(key);
  assert.match(text().at(-1) ?? '', /a flow has no “bogus”/);
  controller.press('escape');
  assert.equal(rows(), 5);
});

test('a figure of the fleet is there whole or not at all', () => {
  const flows = 23_456;
  for (let columns = 60; columns <= 120; columns += 1) {
    const { controller, text } = stage({ columns, rows: 24 });
    const whole = frameOf(3);
    const failed = ['beta', 'gamma'].map((host) => ({ ...unknownHost(host), status: 'failed' as const }));
    controller.takeFrame({ ...whole, hosts: [{ ...whole.hosts[0]!, flows }, ...failed] });
    const [head = ''] = text();
    assert.match(head, /^hosts 1 ok, 2 failed /);
    assert.doesNotMatch(head, /…/);
    assert.ok(!head.includes('flows') || head.includes(`flows ${String(flows)} `), head);
    if (columns >= 80) assert.ok(head.includes(`flows ${String(flows)} `), head);
  }
});

test('where hosts are asked less often than is wanted, both are said', () => {
  const { controller, text } = stage();
  const last = (): string => text().at(-1)!;
  controller.takeFrame(frameOf(3));
  assert.match(last(), / every 2 s$/);
  controller.takeFrame({ ...frameOf(3), stretch: 3.21 });
  assert.match(last(), / every 6\.4 s \(2 s wanted\)$/);
});

test('every key of the table has its own action, once', () => {
  const all = keyBindings.flatMap((binding) => [...binding.keys]);
  assert.equal(new Set(all).size, all.length);
});

/** A frame of some connections between VMs with names that are alike for long. */
function longNames(count: number): LiveFrame {
  const name = (number: number): string => `customer-database-frontend-0${String(number)}`;
  const flows = [1, 2, 3].flatMap((number) => {
    const client = { host: 'alpha', vm: name(number), address: `10.0.0.${String(number)}`, program: 'app' };
    const service = {
      host: 'beta',
      vm: name(number + 3),
      address: `10.0.0.${String(number + 3)}`,
      program: 'redis-server',
    };
    const ends = fixtureConnections(client, { ...service, port: 6379 }, count);
    return [...ends.client, ...ends.service];
  });
  return { ...frameOf(0), flows };
}

test('rows of VMs with long names differ, and the service’s side is seen, at every width', () => {
  for (const columns of [80, 120, 200]) {
    const { controller, text } = stage({ columns, rows: 24 });
    controller.takeFrame(longNames(2));
    const header = text()[2] ?? '';
    for (const title of ['FLOW', 'SERVICE', 'TENANT', 'PROGRAM', 'PATH', 'TX/S', 'RX/S'])
      assert.match(header, new RegExp(`\\b${title}`), `${String(columns)}: ${header}`);
    const rows = text().filter((line) => / rdma /.test(line));
    assert.equal(rows.length, 6);
    for (const row of rows) assert.match(row, /:6379 +red +redis-/);
    const [from, to] = [header.indexOf('FLOW'), header.indexOf('TENANT')];
    const names = rows.map((row) => row.slice(from, to).trimEnd());
    assert.equal(new Set(names).size, 6, names.join('\n'));
    if (columns === 200) assert.match(rows.join(), /customer-database-frontend-01:7000/);
  }
});

test('titles of views are whole where they have room; beside marks, filter and count the others are numbers', () => {
  const titles = ['1 Hosts', '2 VMs', '3 Flows', '4 Devices', '5 QPs', '6 Counters', '7 Rules'].join(' ');
  for (const columns of [60, 80, 120]) {
    const { controller, text } = stage({ columns, rows: 24 });
    controller.takeFrame(longNames(2));
    const line = (): string => text()[1] ?? '';
    for (const key of ['1', '2', '3', '4', '5', '6', '7', '3']) {
      controller.press(key);
      if (columns >= 80) assert.ok(line().includes(titles), line());
      assert.match(line(), /\d\/\d+\+? *$/);
    }
    for (const key of ['g', 'space', 'space', '/', ...'service=*:6379 tenant=red path=rdma', 'enter'])
      controller.press(key);
    assert.match(line(), / filter: serv.* 2 marked .*\d\/6 *$/);
    if (columns < 120) assert.match(line(), /^ 1 2 3 Flows 4 5 6 7 /);
    else assert.ok(line().includes(titles), line());
    for (const key of ['/', 'ctrl-u', ...'vm=nosuch', 'enter']) controller.press(key);
    assert.match(line(), / 2 marked, 2 not shown /);
  }
});

/** What is in the box, without its sides. */
function boxOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^ *│ (.*?) *│ *$/.exec(line)?.[1] ?? []);
}

test('in the question before a kill both ends, both hosts and what is hidden are seen at 80x24, with long names', () => {
  const { controller, text } = stage({ columns: 80, rows: 24 });
  const frame = longNames(2);
  const [near, far] = ['compute-node-rack12-07', 'compute-node-rack12-19'];
  const flows = frame.flows.map((flow) => ({ ...flow, host: flow.host === 'alpha' ? near : far }));
  controller.takeFrame({ ...frame, flows });
  for (const key of ['g', ...Array.from({ length: 6 }, () => 'space')]) controller.press(key);
  for (const key of ['/', ...'client=*-01:50000', 'enter', 'K']) controller.press(key);
  const [titles = '', ...rest] = boxOf(text());
  assert.match(titles, /^ +FLOW +HOST +CLIENT +SERVICE$/);
  const rows = rest.slice(0, 6);
  for (const [index, row] of rows.entries()) {
    assert.match(row, index < 5 ? /^not shown / : /^ {10}/);
    const [, host, client, service] = row.slice(10).split(/ +/);
    assert.match(host!, /^co.*07>co.*19$/);
    assert.match(client!, /^cus.*[123]:5000[01]$/);
    assert.match(service!, /^cus.*[456]:6379$/);
  }
  assert.equal(new Set(rows.map((row) => row.slice(10))).size, 6);
  assert.match(rest.join('\n'), /6 marked, 5 not shown: the filter or the view hides them/);
  assert.match(rest.at(-1)!, /^\[ Cancel \] {5}Kill$/);
});

test('however small the window is, the answer to the question before a kill is there', () => {
  for (const failures of [0, 3])
    for (const count of [2, 25]) {
      const { controller, text } = stage({ columns: 60, rows: 10 });
      const frame = frameOf(count);
      const errors = Array.from({ length: failures }, (_, index) => ({
        ...{ host: `dead${String(index)}`, code: 'unreachable', message: 'no answer' },
      }));
      controller.takeFrame({ ...frame, errors });
      for (const key of ['g', ...Array.from({ length: count }, () => 'space')]) controller.press(key);
      for (const key of ['/', ...'vm=nosuch', 'enter', 'K']) controller.press(key);
      const inside = boxOf(text()).join('\n');
      assert.match(inside, new RegExp(`${String(count)} marked, ${String(count)} not shown: `));
      assert.match(inside, count > 20 ? /Type 25 to kill them/ : /\[ Cancel \] {5}Kill/);
    }
});

test('both hosts of a connection are told apart in the list, at every width', () => {
  for (const columns of [100, 120, 200]) {
    const { controller, text } = stage({ columns, rows: 24 });
    const frame = longNames(1);
    const hosts = new Map(
      ['alpha', 'beta'].map((host, index) => [host, `compute-node-rack12-0${String(index)}`]),
    );
    controller.takeFrame({
      ...frame,
      flows: frame.flows.map((flow) => ({ ...flow, host: hosts.get(flow.host)! })),
    });
    const header = text()[2] ?? '';
    const from = header.indexOf('HOST');
    if (columns >= 120) assert.ok(from > 0, header);
    if (from < 0) continue;
    for (const row of text().filter((line) => / rdma /.test(line)))
      assert.match(row.slice(from).split(' ')[0]!, /^co.*00>co.*01$/);
  }
});

test('x splits connections into their ends; a kill of either row takes both', () => {
  const { controller, effects, text } = stage();
  controller.takeFrame(longNames(1));
  const rows = (): number => text().filter((line) => / rdma /.test(line)).length;
  assert.equal(rows(), 3);
  for (const key of ['K', 'right', 'enter']) controller.press(key);
  assert.match(
    effects[0] ?? '',
    /^kill customer-database-frontend-0\d:7000\+customer-database-frontend-0\d:8000$/,
  );
  controller.press('x');
  assert.equal(rows(), 6);
  for (const key of ['u', 'g', ...Array.from({ length: 6 }, () => 'space')]) controller.press(key);
  assert.match(text()[1] ?? '', / 6 marked /);
  controller.press('x');
  assert.match(text()[1] ?? '', / 3 marked {2}/);
  assert.doesNotMatch(text()[1] ?? '', /not shown/);
});

test('hosts are asked for both ends of each row', () => {
  const { controller, glances } = stage({ columns: 120, rows: 30 });
  controller.takeFrame(longNames(1));
  const together = glances.at(-1)?.rows ?? 0;
  controller.press('x');
  assert.equal(together, 2 * (glances.at(-1)?.rows ?? 0));
});

test('a host that failed has its reason over the cells that it has nothing for', () => {
  const { controller, text } = stage({ columns: 80, rows: 24 });
  const error = new VsocketError('unreachable', 'cannot connect to 192.0.2.7 port 22: refused', 'see');
  const now = new Date();
  const dead = hostRow({ host: 'gone', ok: false, error }, { answeredAt: now, now, isStale: false });
  const frame = frameOf(4);
  controller.takeFrame({ ...frame, hosts: [...frame.hosts, dead] });
  controller.press('1');
  assert.match(text().join('\n'), /gone +failed +cannot connect to 192\.0\.2\.7 port 22: refused/);
  assert.match(text()[2] ?? '', /FLOWS .*TX\/S/);
});

const titles = (text: () => string[]): string => text()[2] ?? '';

test('columns are chosen with c, at least one stays, and r brings back what was', () => {
  const { controller, effects, text } = stage();
  controller.takeFrame(frameOf(4));
  assert.match(titles(text), /TENANT/);
  controller.press('c');
  const row = (name: string): number => {
    controller.press('g');
    for (let step = 0; step < 60; step += 1) {
      const current = controller
        .lines()
        .findIndex((line) => line.some((one) => one.inverse && one.text.startsWith('[')));
      if (new RegExp(`\\] ${name} `).test(text()[current] ?? '')) return current;
      controller.press('j');
    }
    throw new Error(`no column ${name}`);
  };
  row('TENANT');
  controller.press('space');
  row('PID');
  controller.press('space');
  controller.press('escape');
  assert.doesNotMatch(titles(text), /TENANT/);
  assert.match(titles(text), /PID/);
  assert.match(effects.at(-1) ?? '', /^remember .*"columns":\["id",.*"pid"/);
  controller.press('w');
  assert.match(text().at(-1) ?? '', /chosen: press c, then r/);
  for (const key of ['c', 'r', 'escape']) controller.press(key);
  assert.match(titles(text), /TENANT/);
  // Everything out: one stays.
  controller.press('c');
  for (let step = 0; step < 60; step += 1) {
    if (text().some((line) => /\[x\]/.test(line))) controller.press('space');
    controller.press('j');
  }
  controller.press('escape');
  assert.ok(titles(text).trim() !== '');
});

test('sideways, every column comes into sight beside the name of the row, and there is a mark where there are more', () => {
  const { controller, effects, text } = stage({ columns: 80, rows: 24 });
  controller.takeFrame(frameOf(4));
  const seen = new Set(titles(text).match(/\S+/g));
  assert.match(titles(text), /^ ›FLOW/);
  for (let step = 0; step < 30; step += 1) {
    controller.press(']');
    assert.match(titles(text), /^‹[ ›]FLOW/);
    for (const title of titles(text).match(/\S+/g) ?? []) seen.add(title);
  }
  for (const title of ['HOST', 'CLIENT', 'DIR', 'STATE', 'TX', 'RX', 'AGE', 'REASON'])
    assert.ok(seen.has(title), title);
  assert.match(titles(text), /^‹ FLOW/);
  assert.match(effects.at(-1) ?? '', /"skipped":1\d/);
  for (let step = 0; step < 30; step += 1) controller.press('[');
  assert.match(titles(text), /^ ›FLOW/);
});

test('at 80x24 with twelve dead hosts every reason can be read whole, with what to do', () => {
  const { controller, text } = stage({ columns: 80, rows: 24 });
  const why =
    'the key of this host is not the one in known_hosts: somebody may be listening between you and it';
  const error = new VsocketError('host-key', why, 'ask who runs it, then see ssh-keygen -R');
  const now = new Date();
  const dead = Array.from({ length: 12 }, (_, index) =>
    hostRow(
      { host: `dead${String(index + 10)}`, ok: false, error },
      { answeredAt: now, now, isStale: false },
    ),
  );
  const frame = frameOf(4);
  const errors = dead.map(({ host }) => ({ host, code: error.code, message: error.line }));
  controller.takeFrame({ ...frame, hosts: [...frame.hosts, ...dead], errors });
  for (const key of ['1', 'g', 'j']) controller.press(key);
  for (const { host } of dead) {
    assert.ok(
      text().some((line) => line.includes(`${host} `)),
      host,
    );
    controller.press('i');
    const shown = text().map((line) =>
      line.replace(/^[^│]*│ | │.*$/g, '').replace(/^(HOST|STATUS|REASON|WHAT TO DO) +/, ''),
    );
    const whole = shown.map((line) => line.trim()).join(' ');
    assert.ok(whole.includes(why) && whole.includes('see ssh-keygen -R') && whole.includes(host), whole);
    for (const key of ['escape', 'j']) controller.press(key);
  }
});
