import { z } from 'zod';
import { linesType } from '../../api/define-list.js';
import { ApiError } from '../../api/error.js';
import { version } from '../version.js';
import type { Route } from './route.js';

/** The API as an OpenAPI 3.1 document: the same schemas as the types and the checks. */
export function openApiDocument(routes: readonly Route[]): Record<string, unknown> {
  return {
    openapi: '3.1.0',
    info: { title: 'vsockd', version },
    paths: Object.fromEntries(
      routes.map((route) => [route.path, { [route.method.toLowerCase()]: operation(route) }]),
    ),
  };
}

function operation(route: Route): Record<string, unknown> {
  return {
    summary: route.summary,
    description: route.right === 'read' ? 'On read.sock and admin.sock.' : 'On admin.sock only.',
    parameters: parameters(route.query),
    ...(route.body && { requestBody: { required: true, content: json(schemaOf(route.body, 'input')) } }),
    responses: {
      200: {
        description: 'done',
        content: {
          ...json(schemaOf(route.answer, 'output')),
          ...(route.row && { [linesType]: { schema: schemaOf(route.row, 'output') } }),
        },
      },
      default: { description: 'not done', content: json(schemaOf(ApiError, 'output')) },
    },
  };
}

function parameters(query: z.ZodType | null): unknown[] {
  if (query === null) return [];
  const { properties = {} } = schemaOf(query, 'input') as {
    properties?: Record<string, { description?: string }>;
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    schema,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const json: Record<string, unknown> = z.toJSONSchema(schema, { io });
  // OpenAPI 3.1 has this dialect of JSON Schema without a word.
  delete json.$schema;
  return json;
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}
