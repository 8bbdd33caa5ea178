import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '../../src/bench/figure.js';
import { hostsReportOf, renderHostsTable } from '../../src/bench/hosts/hosts-report.js';

const roundTrip: Figure = {
  key: 'roundTripP50',
  title: 'round trip',
  unit: 'us',
  better: 'lower',
  target: { of: 'ratio', limit: 0.2 },
};

test('the table between hosts says that its NICs are a model, and what comes on top of them', () => {
  const measured = [{ figure: roundTrip, medians: { plain: 50, vsocket: 9 } }];
  const table = renderHostsTable(hostsReportOf(measured, { roundTripP50: 6.5 }, 3, []));
  assert.match(table, /a MODEL in software, no hardware/);
  assert.match(table, /^round trip +50 +9 +6\.5 {2}us +0\.18x +<= 0\.2x {2}yes$/m);
  assert.match(table, /^ {2}above the model alone +43\.5 +2\.5 +- {2}us +- +<= 3 us {2}yes$/m);
});

test('a run that the NICs did not carry gives a dash and a line', () => {
  const measured = [{ figure: roundTrip, medians: { plain: 50 } }];
  const table = renderHostsTable(hostsReportOf(measured, {}, 1, ['round trip, run 1: not on path rdma']));
  assert.match(table, /^round trip +50 +- +- {2}us +- +<= 0\.2x {2}-$/m);
  assert.match(table, /^Not counted: round trip, run 1: not on path rdma$/m);
});
