import { z } from 'zod';
import { packageVersion } from '../packageVersion.js';
import { problem } from './answers.js';
import { fault } from './dropInAnswers.js';
import { DROP_IN_OPERATIONS } from './dropInOperations.js';
import type { Operation } from './operation.js';
import { OPERATIONS } from './operations.js';

type Json = Readonly<Record<string, unknown>>;

/** A JSON schema (2020-12, as required by OpenAPI 3.1) of the input or output of a zod schema. */
function jsonSchema(schema: z.ZodType): Json {
  // Output: inputs also accept deprecated forms of old clients (numbers as text), which are not documented.
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as Json;
  return json;
}

/** Of what a call takes: a field with a default need not be given, which is true of outputs only. */
function fieldsSchema(fields: z.ZodObject): Json {
  const { required = [], ...json } = jsonSchema(fields) as { readonly required?: readonly string[] };
  const needed = required.filter((name) => !fields.shape[name]!.safeParse(undefined).success);
  return needed.length > 0 ? { ...json, required: needed } : json;
}

/** OpenAPI 3.1 of all calls, generated from the schemas that validate them. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of [...OPERATIONS, ...DROP_IN_OPERATIONS]) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method] = described(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'voice-prints',
      version: packageVersion(),
      description: 'Who speaks, when: enrol voiceprints and name voices in recordings.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { header: [] }, { query: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        query: { type: 'apiKey', in: 'query', name: 'apikey' },
      },
      schemas: { Problem: jsonSchema(problem), Fault: jsonSchema(fault) },
    },
  };
}

function described(operation: Operation): Json {
  const {
    operationId,
    summary,
    scope,
    status,
    answer,
    body,
    audioQuery,
    query,
    headers,
    tag = 'voice-prints',
  } = operation;
  const timeline = operation.hasTimeline && { 'image/svg+xml': { schema: { type: 'string' } } };
  const refusal = operation.refusal === 'fault' ? faultRefusal : problemRefusal;
  const content = answer ? { content: { 'application/json': { schema: jsonSchema(answer) }, ...timeline } } : {};
  return {
    operationId,
    tags: [tag],
    summary,
    description: scope === 'any' ? 'Needs a key of any scope.' : `Needs a key with the scope ${scope}.`,
    parameters: [
      ...pathParameters(operation),
      ...parametersIn('query', query),
      ...beside(parametersIn('query', audioQuery)),
      ...parametersIn('header', headers),
    ],
    ...(body && { requestBody: requestBody(body, audioQuery) }),
    responses: {
      [status]: { description: summary, ...content },
      ...(operationId === 'submitJob' && { 200: { description: 'The job existed already', ...content } }),
      ...(audioQuery && { 402: refusal("Today's minutes of audio of the tenant are used up (QUOTA_USED_UP)") }),
      // Said by the HTTP server before it knows which call it is.
      ...(refusal === faultRefusal && { 431: problemRefusal('Address and headers are too long (HEAD_TOO_LARGE)') }),
      default: refusal('A refusal'),
    },
  };
}

const problemRefusal = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const faultRefusal = (description: string): Json => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Fault' } } },
});

/** Binary content, in a form that client generators understand. */
const BINARY: Json = { type: 'string', format: 'binary' };

function requestBody(body: z.ZodObject, audioQuery: z.ZodObject | undefined): Json {
  const schema = fieldsSchema(body);
  if (audioQuery === undefined) return { required: true, content: { 'application/json': { schema } } };
  // Stated in the description: client generators cannot handle `oneOf` beside `properties`.
  const carried = { description: 'Exactly one of content and url' };
  const file = { ...BINARY, description: 'The recording; the field may have any name' };
  const form = { type: 'object', properties: { file, ...propertiesOf(audioQuery) }, required: ['file'] };
  return {
    required: true,
    content: {
      'application/json': { schema: { ...schema, ...carried } },
      'multipart/form-data': { schema: form },
      'application/octet-stream': {
        schema: {
          ...BINARY,
          description: 'The recording itself, in any format; audio/* and video/* are taken as well',
        },
      },
    },
  };
}

function pathParameters({ path, parameters }: Operation): Json[] {
  const schemas = parameters ? propertiesOf(parameters) : {};
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: schemas[name!] ?? { type: 'string' },
  }));
}

const parametersIn = (place: 'query' | 'header', fields: z.ZodObject | undefined): Json[] =>
  fields
    ? Object.entries(propertiesOf(fields)).map(([name, schema]) => ({
        name,
        in: place,
        schema,
        required: (fieldsSchema(fields).required as readonly string[] | undefined)?.includes(name) ?? false,
      }))
    : [];

/** Parameters that the body may also carry are optional in the query. */
const beside = (parameters: readonly Json[]): Json[] =>
  parameters.map((parameter) => ({ ...parameter, required: false }));

const propertiesOf = (schema: z.ZodObject): Readonly<Record<string, Json>> =>
  jsonSchema(schema).properties as Readonly<Record<string, Json>>;
