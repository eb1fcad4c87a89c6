// Who may import whom: nodes, api, cli, lab -> the front door or the engine -> stages -> stream -> core; one owner a package.
// Read on dist, so that what is checked is what runs; types that vanish in compiling bind nobody.
const STAGES = 'audio|speech|features|inference|identity|registry|evaluation|net|jobs';

/** npm package `name` (a pattern) may be imported only from `owner` (a pattern). */
const ownedBy = (name, owner) => ({
  name: `${name.replaceAll(/[^a-z-]+/g, '-')}-only-in-${owner.replaceAll(/[^a-z-]+/g, '-')}`,
  severity: 'error',
  comment: 'One owner a package: a change of library stays in one folder.',
  from: { path: '^dist/', pathNot: `^dist/(${owner})` },
  to: { path: `(^|/)node_modules/(${name})/|^(${name})$` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-imports-nothing',
      severity: 'error',
      from: { path: '^dist/src/core/' },
      to: { pathNot: '^dist/src/core/' },
    },
    {
      name: 'stream-imports-core-only',
      severity: 'error',
      from: { path: '^dist/src/stream/' },
      to: { path: '^dist/', pathNot: '^dist/src/(stream|core)/' },
    },
    {
      name: 'sealing-imports-core-only',
      severity: 'error',
      comment: 'Encryption at rest lies below the stages: whatever stores something biometric seals it the same way.',
      from: { path: '^dist/src/sealing/' },
      to: { path: '^dist/', pathNot: '^dist/src/(sealing|core)/' },
    },
    {
      name: 'sealing-for-stores-only',
      severity: 'error',
      from: { path: '^dist/', pathNot: '^dist/src/(sealing|registry|jobs)/' },
      to: { path: '^dist/src/sealing/' },
    },
    {
      name: 'stages-do-not-import-each-other',
      severity: 'error',
      comment:
        'The engine is where stages meet. Two exceptions below: features for inference, the network port for speech.',
      from: { path: `^dist/src/(${STAGES})/` },
      to: { path: `^dist/src/(${STAGES})/`, pathNot: ['^dist/src/$1/', '^dist/src/(features|inference)/'] },
    },
    {
      name: 'features-for-inference-only',
      severity: 'error',
      from: { path: `^dist/src/(${STAGES})/`, pathNot: '^dist/src/(features|inference)/' },
      to: { path: '^dist/src/features/' },
    },
    {
      name: 'inference-for-speech-only',
      severity: 'error',
      from: { path: `^dist/src/(${STAGES})/`, pathNot: '^dist/src/(inference|speech)/' },
      to: { path: '^dist/src/inference/' },
    },
    {
      name: 'stages-look-down',
      severity: 'error',
      from: { path: `^dist/src/(${STAGES})/` },
      to: { path: '^dist/', pathNot: `^dist/src/(${STAGES}|stream|sealing|core)/` },
    },
    {
      name: 'events-import-core-only',
      severity: 'error',
      comment: 'What surfaces tell is made of what the engine answers, without the engine: pure, and the same for all.',
      from: { path: '^dist/src/events/' },
      to: { path: '^dist/', pathNot: '^dist/src/(events|core)/' },
    },
    {
      name: 'events-for-surfaces-only',
      severity: 'error',
      from: { path: `^dist/src/(${STAGES}|stream|engine|lab)/` },
      to: { path: '^dist/src/events/' },
    },
    {
      name: 'engine-knows-no-surface',
      severity: 'error',
      from: { path: '^dist/src/engine/' },
      to: { path: '^dist/(nodes|src/(api|cli|lab))/' },
    },
    {
      name: 'lab-for-the-command-line-only',
      severity: 'error',
      comment: 'Measuring and fitting stand beside the engine: the command line and scripts/accuracy use them.',
      from: { path: '^dist/', pathNot: '^dist/src/(lab|cli)/' },
      to: { path: '^dist/src/lab/' },
    },
    {
      name: 'surfaces-use-the-front-door',
      severity: 'error',
      comment: 'The engine, or the front door. Measures are pure and only the command line shows them.',
      from: { path: '^dist/(nodes|src/(api|cli))/' },
      to: { path: `^dist/src/(${STAGES}|stream)/`, pathNot: '^dist/src/(evaluation|net)/' },
    },
    {
      name: 'urls-for-the-engine-and-rest-only',
      severity: 'error',
      comment: 'One guarded way out of the house: REST fetches audio by it, the engine speaker models.',
      from: { path: '^dist/', pathNot: '^dist/src/(net|api|engine)/' },
      to: { path: '^dist/src/net/' },
    },
    {
      name: 'measures-for-the-command-line-only',
      severity: 'error',
      from: { path: '^dist/(nodes|src/api)/' },
      to: { path: '^dist/src/evaluation/' },
    },
    {
      name: 'surfaces-stand-side-by-side',
      severity: 'error',
      comment: 'The command line starts the REST surface, and a store node mounts it; nothing else crosses.',
      from: { path: '^dist/src/api/' },
      to: { path: '^dist/(nodes|src/cli)/' },
    },
    { name: 'nobody-imports-nodes', severity: 'error', from: { path: '^dist/src/' }, to: { path: '^dist/nodes/' } },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { path: '^dist/', pathNot: '^dist/src/cli/' },
      to: { path: '^dist/src/cli/' },
    },
    ownedBy('onnxruntime-node|piscina', 'src/inference/|src/engine/compute/'),
    ownedBy('lowdb', 'src/registry/'),
    ownedBy('express|@fastify/busboy', 'src/api/'),
    ownedBy('@grpc/(grpc-js|proto-loader|reflection)|grpc-health-check', 'src/api/grpc/'),
    ownedBy('ws', 'src/api/websocket/'),
    ownedBy('classic-level|standardwebhooks', 'src/jobs/'),
    ownedBy('request-filtering-agent', 'src/net/'),
    ownedBy('@wasm-audio-decoders/flac|mpg123-decoder|ogg-opus-decoder|opus-decoder', 'src/audio/'),
    ownedBy('sip\\.js', 'src/audio/sip/'),
    ownedBy('sdp-transform|gstreamer-superficial', 'src/audio/'),
    {
      name: 'processes-only-in-audio',
      severity: 'error',
      from: { path: '^dist/', pathNot: '^dist/src/audio/' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'zod-at-the-edges',
      severity: 'error',
      comment: 'Configuration, surfaces, stored rows and manifests are checked; inside, types are trusted.',
      from: {
        path: '^dist/',
        pathNot:
          '^dist/(nodes|src/(api|cli|registry|sealing|jobs)|src/engine/config|src/evaluation/manifest|src/inference/(modelManifest|modelStore|modelIndex|frontEnd))',
      },
      to: { path: '(^|/)node_modules/zod/' },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^dist/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.d\\.ts$' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
