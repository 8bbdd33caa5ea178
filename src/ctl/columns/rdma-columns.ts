import { field, hostField, type Column } from './column.js';

/** Columns that several kinds of RDMA objects have. `priority` says how soon they go in a narrow window. */

export function hostAndDevice<Row extends { host: string; device: string | null }>(): Column<Row>[] {
  return [
    hostField({ priority: 3, usualWidth: 16, summary: 'host on which it is' }),
    field('device', {
      header: 'DEVICE',
      kind: 'text',
      show: 'wide',
      priority: 12,
      usualWidth: 16,
      summary: 'its RDMA device',
    }),
  ];
}

export function portColumn<Row extends { port: number | null }>(): Column<Row> {
  return field('port', {
    header: 'PORT',
    kind: 'count',
    show: 'wide',
    priority: 13,
    usualWidth: 4,
    summary: 'port of the device',
  });
}

export function domainColumn<Row extends { pdn: number | null }>(): Column<Row> {
  return field('pdn', {
    header: 'PD',
    kind: 'count',
    show: 'wide',
    priority: 14,
    usualWidth: 8,
    summary: 'number of its protection domain',
  });
}

/** Who made it, and in which context of the device. */
export function ownerColumns<Row extends { pid: number | null; program: string | null }>(): Column<Row>[] {
  return [
    field('pid', {
      header: 'PID',
      kind: 'count',
      show: 'always',
      priority: 5,
      usualWidth: 8,
      summary: 'process that made it, where it is not the kernel',
    }),
    field('program', {
      header: 'PROGRAM',
      kind: 'text',
      show: 'always',
      priority: 4,
      usualWidth: 16,
      summary: 'name of the process, or in brackets the part of the kernel',
    }),
  ];
}

export function contextColumn<Row extends { ctxn: number | null }>(): Column<Row> {
  return field('ctxn', {
    header: 'CONTEXT',
    kind: 'count',
    show: 'wide',
    priority: 15,
    usualWidth: 8,
    summary: 'number of the process’s context of the device',
  });
}

export function usersColumn<Row extends { users: number | null }>(): Column<Row> {
  return field('users', {
    header: 'USERS',
    kind: 'count',
    show: 'always',
    priority: 6,
    usualWidth: 8,
    summary: 'objects that use it',
  });
}

/** The number that names it, with its device. */
export function idColumn<Row extends { id: string }>(header: string, summary: string): Column<Row> {
  return field('id', {
    header,
    kind: 'text',
    show: 'always',
    priority: 1,
    usualWidth: 24,
    leastWidth: 10,
    summary,
  });
}
