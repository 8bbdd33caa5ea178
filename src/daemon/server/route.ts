import type { z } from 'zod';
import type { Requester } from '../audit/requester.js';

/** What a route’s handler gets, checked. */
export interface RouteRequest {
  query: unknown;
  body: unknown;
  /** The client’s name for what it changes; null where it gives none that is one. */
  change: string | null;
  requester: () => Requester;
}

/** One entry of the API, as data: the server, the checks and the OpenAPI document come from it. */
export interface Route {
  method: 'GET' | 'POST';
  path: string;
  summary: string;
  /** `change` is served on admin.sock only. */
  right: 'read' | 'change';
  query: z.ZodType | null;
  body: z.ZodType | null;
  answer: z.ZodType;
  /** Of a list, whose handler gives a Selection: it can be had one row a line. */
  row?: z.ZodType;
  handle: (request: RouteRequest) => Promise<unknown>;
}

type Checked<Schema extends z.ZodType | null> = Schema extends z.ZodType ? z.infer<Schema> : undefined;

/** Ties the handler’s types to the schemas. */
export function route<
  Query extends z.ZodType | null,
  Body extends z.ZodType | null,
  Answer extends z.ZodType,
>(definition: {
  method: Route['method'];
  path: string;
  summary: string;
  right: Route['right'];
  query: Query;
  body: Body;
  answer: Answer;
  handle: (request: {
    query: Checked<Query>;
    body: Checked<Body>;
    change: string | null;
    requester: () => Requester;
  }) => Promise<z.infer<Answer>>;
}): Route {
  return definition as unknown as Route;
}
