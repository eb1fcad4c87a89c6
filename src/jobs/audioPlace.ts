import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VoicePrintsError } from '../core/errors.js';
import type { StorePlace } from '../core/storePlace.js';

/** Where the audio of jobs waits. */
export type AudioPlace = { readonly kind: 'folder'; readonly path: string } | ({ readonly kind: 's3' } & BucketPlace);

/** A part of a bucket of an S3-compatible store, and the right to use it. */
export interface BucketPlace {
  /** Of the bucket, without a slash at its end. */
  readonly url: string;
  /** Begins the names of all objects: empty, or ends in a slash. */
  readonly prefix: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const USUAL_REGION = 'us-east-1';

/** Throws CONFIG_INVALID, without the address, which may be confidential. */
export function audioPlaceOf({ storeDirectory, audioUrl }: StorePlace, env: NodeJS.ProcessEnv): AudioPlace {
  if (audioUrl === undefined) return { kind: 'folder', path: join(storeDirectory, 'jobs', 'audio') };
  const url = URL.canParse(audioUrl) ? new URL(audioUrl) : undefined;
  if (url?.protocol === 's3:' && url.hostname !== '') return { kind: 's3', ...bucketOf(url, env) };
  if (url?.protocol === 'file:' && url.hostname === '' && url.search === '') {
    return { kind: 'folder', path: fileURLToPath(url) };
  }
  throw invalid('is neither file:///folder nor s3://bucket/prefix');
}

function bucketOf(url: URL, env: NodeJS.ProcessEnv): BucketPlace {
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'endpoint' && name !== 'region');
  if (unknown !== undefined || url.username !== '' || url.password !== '') {
    throw invalid(
      'has other parts than bucket, prefix, endpoint and region; credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  const accessKeyId = env.VOICE_PRINTS_S3_ACCESS_KEY_ID || env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.VOICE_PRINTS_S3_SECRET_ACCESS_KEY || env.AWS_SECRET_ACCESS_KEY;
  if (!accessKeyId || !secretAccessKey)
    throw invalid('needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment');
  const isOwn = Boolean(env.VOICE_PRINTS_S3_ACCESS_KEY_ID);
  const region = url.searchParams.get('region') ?? (env.AWS_REGION || USUAL_REGION);
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  return {
    url: `${endpointOf(url, region)}/${url.hostname}`,
    prefix: prefix === '' ? '' : `${prefix}/`,
    region,
    accessKeyId,
    secretAccessKey,
    sessionToken: isOwn ? undefined : env.AWS_SESSION_TOKEN || undefined,
  };
}

function endpointOf(url: URL, region: string): string {
  const endpoint = url.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`;
  const parsed = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.search === '') return endpoint.replace(/\/+$/, '');
  throw invalid('has an endpoint that is no http or https address');
}

const invalid = (why: string) =>
  new VoicePrintsError('CONFIG_INVALID', `the address of the audio of jobs ${why}; correct VOICE_PRINTS_AUDIO_URL`);
