import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { serve } from '../../src/cli/commands/serve.js';
import { parseCommandLine } from '../../src/cli/options/parseCommandLine.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const chart = `${root}packaging/helm/voice-prints`;
const packages = process.env.VOICE_PRINTS_HELM ?? `${root}.helm`;
const hasHelm = existsSync(`${packages}/helm_python`);
if (!hasHelm) console.warn('skipped: Helm is not installed; npm test installs it');

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly securityContext: object;
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: manifests are looked into field by field
  readonly spec: any;
}

interface Case {
  readonly lint: readonly string[];
  readonly error: string | null;
  readonly problems: readonly string[];
  readonly objects: readonly Rendered[];
}

const LEAST = { audio: { url: 's3://recordings' } };
const EVERYTHING = {
  audio: { url: 's3://recordings/waiting?endpoint=http://objects:7070' },
  apiKeys: { existingSecret: 'keys' },
  api: { autoscaling: { enabled: true }, trustedProxies: '10.0.0.0/8', extraArgs: ['--require-consent'] },
  worker: { autoscaling: { enabled: true } },
  live: { replicas: 2, sources: { existingConfigMap: 'sources' } },
  ingress: { enabled: true, host: 'voices.example.org', className: 'haproxy', tlsSecret: 'tls' },
  serviceMonitor: { enabled: true, bearerTokenSecret: 'metrics' },
  models: { existingClaim: 'models' },
  env: [{ name: 'VOICE_PRINTS_ALLOWED_HOSTS', value: 'files.example.org' }],
  podAnnotations: { 'example.org/team': 'voices' },
  nodeSelector: { disk: 'fast' },
};
const REFUSED = {
  'audio in no store that processes share': { audio: { url: '/data/audio' } },
  'sources without their file': { ...LEAST, live: { replicas: 1 } },
  'an unknown value': { ...LEAST, replicas: 3 },
  'a password in place of a secret': { ...LEAST, database: { existingSecret: 'postgres://a:b@c/d' } },
};

describe.skipIf(!hasHelm)('the Helm chart', () => {
  let cases: Readonly<Record<string, Case>>;
  beforeAll(() => {
    const helper = fileURLToPath(new URL('./helmChart.py', import.meta.url));
    const { stdout, stderr, status } = spawnSync('python3', [helper, chart, '1.34'], {
      input: JSON.stringify({ least: LEAST, everything: EVERYTHING, ...REFUSED }),
      env: { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
      maxBuffer: 64e6,
    });
    expect(status, stderr).toBe(0);
    cases = JSON.parse(stdout);
  });
  const podsOf = ({ objects }: Case) =>
    objects
      .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
      .map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, pod: spec.template.spec }));

  test.each(['least', 'everything'])('passes the strict lint of Helm and the schemas of Kubernetes with %s', (name) => {
    expect(cases[name]).toMatchObject({ lint: [], error: null, problems: [] });
  });

  test.each(Object.keys(REFUSED))('refuses %s', (name) => {
    expect(cases[name]!.error).not.toBeNull();
  });

  test('has one deployment for each role, with options that exist and probes', () => {
    const pods = podsOf(cases.everything!).filter(({ kind }) => kind === 'Deployment');
    expect(pods.map(({ name }) => name)).toEqual(['api', 'worker', 'live'].map((role) => `fleet-voice-prints-${role}`));
    for (const { name, pod } of pods) {
      const [container] = pod.containers as readonly [Container];
      const [command, ...args] = container.args;
      expect(command).toBe('serve');
      const { values } = parseCommandLine(serve, args);
      expect(name.endsWith(`-${values.roles}`)).toBe(true);
      const drains = Number(values['drain-wait']);
      expect(drains).toBeLessThan(Number(values['stop-within']));
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(values['stop-within']));
      expect(container.readinessProbe?.httpGet.path).toBe('/readyz');
      expect(container.livenessProbe?.httpGet.path).toBe('/healthz');
    }
  });

  test('gives no rights, and secrets by reference only', () => {
    const pods = podsOf(cases.everything!);
    expect(pods).toHaveLength(4);
    for (const { pod } of pods) {
      expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
      for (const { env, securityContext } of pod.containers as readonly Container[]) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const given = env.filter(({ value }) => value !== undefined).map(({ name }) => name);
        expect(given).toEqual(['VOICE_PRINTS_AUDIO_URL', 'VOICE_PRINTS_ALLOWED_HOSTS']);
      }
    }
  });

  test('migrates before processes start, and scales workers by the queue', () => {
    const { objects } = cases.everything!;
    const job = objects.find(({ kind }) => kind === 'Job')!;
    expect(job.metadata.annotations?.['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    expect(job.spec.template.spec.containers[0].args).toEqual(['migrate']);
    const scaler = objects.find(
      ({ kind, metadata }) => kind === 'HorizontalPodAutoscaler' && /worker$/.test(metadata.name),
    )!;
    expect(scaler.spec.metrics[0].external.metric.name).toBe('voice_prints_jobs_waiting');
    const worker = objects.find(({ kind, metadata }) => kind === 'Deployment' && /worker$/.test(metadata.name))!;
    expect(worker.spec.replicas).toBeUndefined();
    expect(objects.filter(({ kind }) => kind === 'PodDisruptionBudget')).toHaveLength(3);
  });
});

test('the chart is of this version', () => {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const text = readFileSync(`${chart}/Chart.yaml`, 'utf8');
  expect([...text.matchAll(/^(?:appV|v)ersion: (.*)$/gm)].map((match) => match[1])).toEqual([version, version]);
});
