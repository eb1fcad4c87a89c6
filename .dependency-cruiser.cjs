// Who may import whom: nodes, api, cli, lab -> the front door or the engine -> stages -> stream -> core; one owner per package.
// Read on the TypeScript sources, so that imports of types count as well.
const STAGES = 'audio|speech|features|inference|identity|registry|evaluation|net|jobs';

/** The code of the dialogs: it runs in the browser. */
const EDITOR = '^nodes/([^/]+)/editor(\\.ts$|/)';

/** The components of the console and of Node-RED's editor: they run in the browser as well. */
const UI = '^src/ui/';

/** npm package `name` (a pattern) may be imported only from `owner` (a pattern). */
const ownedBy = (name, owner) => ({
  name: `${name.replaceAll(/[^a-z-]+/g, '-')}-only-in-${owner.replaceAll(/[^a-z-]+/g, '-')}`,
  severity: 'error',
  comment: 'One owner per package: a change of library stays in one folder.',
  from: { path: '^(src|nodes)/', pathNot: `^(${owner})` },
  to: { path: `(^|/)node_modules/(${name})/|^(${name})$`, dependencyTypesNot: ['type-only'] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-imports-nothing',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'stream-imports-core-only',
      severity: 'error',
      from: { path: '^src/stream/' },
      to: { path: '^(src|nodes)/', pathNot: '^src/(stream|core)/' },
    },
    {
      name: 'sealing-imports-core-only',
      severity: 'error',
      comment: 'Encryption at rest lies below the stages: whatever stores something biometric seals it the same way.',
      from: { path: '^src/sealing/' },
      to: { path: '^(src|nodes)/', pathNot: '^src/(sealing|core)/' },
    },
    {
      name: 'sealing-for-stores-only',
      severity: 'error',
      from: { path: '^(src|nodes)/', pathNot: '^src/(sealing|database|registry|jobs|api/keptStreams)/' },
      to: { path: '^src/sealing/' },
    },
    {
      name: 'tls-imports-core-only',
      severity: 'error',
      comment: 'Which certificates are believed lies below the stages: every connection decides it the same way.',
      from: { path: '^src/tls/' },
      to: { path: '^(src|nodes)/', pathNot: '^src/(tls|core)/' },
    },
    {
      name: 'files-import-core-only',
      severity: 'error',
      comment:
        'Replacing a file and locking one lie below the stages: every store of the product does both the same way.',
      from: { path: '^src/files/' },
      to: { path: '^(src|nodes)/', pathNot: '^src/(files|core)/' },
    },
    {
      name: 'database-imports-core-and-sealing-only',
      severity: 'error',
      comment: 'Connections, migrations and notices of changes lie below the stages; each stage keeps its own tables.',
      from: { path: '^src/database/' },
      to: { path: '^(src|nodes)/', pathNot: '^src/(database|sealing|core)/' },
    },
    {
      name: 'tracing-imports-core-only',
      severity: 'error',
      comment: 'Traces lie below the stages: calls, jobs and webhooks report to one port.',
      from: { path: '^src/tracing/' },
      to: { path: '^(src|nodes)/', pathNot: '^src/(tracing|core)/' },
    },
    {
      name: 'stages-do-not-import-each-other',
      severity: 'error',
      comment:
        'The engine is where stages meet. Three exceptions below: features for inference, the network port for speech, the guarded way out for live media.',
      from: { path: `^src/(${STAGES})/` },
      to: { path: `^src/(${STAGES})/`, pathNot: ['^src/$1/', '^src/(features|inference|net)/'] },
    },
    {
      name: 'features-for-inference-only',
      severity: 'error',
      from: { path: `^src/(${STAGES})/`, pathNot: '^src/(features|inference)/' },
      to: { path: '^src/features/' },
    },
    {
      name: 'inference-for-speech-only',
      severity: 'error',
      from: { path: `^src/(${STAGES})/`, pathNot: '^src/(inference|speech)/' },
      to: { path: '^src/inference/' },
    },
    {
      name: 'stages-look-down',
      severity: 'error',
      from: { path: `^src/(${STAGES})/` },
      to: { path: '^(src|nodes)/', pathNot: `^src/(${STAGES}|stream|sealing|files|database|tls|tracing|core)/` },
    },
    {
      name: 'events-import-core-only',
      severity: 'error',
      comment: 'What surfaces tell is made of what the engine answers, without the engine: pure, and the same for all.',
      from: { path: '^src/events/' },
      to: { path: '^(src|nodes)/', pathNot: '^src/(events|core)/' },
    },
    {
      name: 'events-for-surfaces-only',
      severity: 'error',
      from: { path: `^src/(${STAGES}|stream|engine|lab)/` },
      to: { path: '^src/events/' },
    },
    {
      name: 'display-imports-core-only',
      severity: 'error',
      comment: 'How results look is the same on every surface, browsers included: pure, and without Node.js.',
      from: { path: '^src/display/' },
      to: { path: '^(src|nodes)/|^node:', pathNot: '^src/(display|core)/' },
    },
    {
      name: 'display-for-surfaces-only',
      severity: 'error',
      from: { path: `^src/(${STAGES}|stream|events|engine|lab)/` },
      to: { path: '^src/display/' },
    },
    {
      name: 'engine-knows-no-surface',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^(nodes|src/(api|cli|lab))/' },
    },
    {
      name: 'lab-for-the-command-line-only',
      severity: 'error',
      comment: 'Measuring and fitting stand beside the engine: the command line and scripts/accuracy use them.',
      from: { path: '^(src|nodes)/', pathNot: '^src/(lab|cli)/' },
      to: { path: '^src/lab/' },
    },
    {
      name: 'mqtt-and-sources-know-no-surface',
      severity: 'error',
      comment:
        'What publishes events, and what listens to sources by itself: the command line opens both and connects them.',
      from: { path: '^src/(mqtt|sources)/' },
      to: { path: '^(nodes|src/(api|cli|lab))/' },
    },
    {
      name: 'surfaces-use-the-front-door',
      severity: 'error',
      comment: 'The engine, or the front door. Measures are pure and only the command line shows them.',
      from: { path: '^(nodes|src/(api|cli|mqtt|sources))/' },
      to: { path: `^src/(${STAGES}|stream)/`, pathNot: '^src/(evaluation|net)/' },
    },
    {
      name: 'urls-for-the-engine-and-rest-only',
      severity: 'error',
      comment:
        'One guarded way out of the house: REST fetches audio by it, the engine speaker models, live sources media.',
      from: { path: '^(src|nodes)/', pathNot: '^src/(net|api|engine|audio/live/(http|rtsp))/' },
      to: { path: '^src/net/' },
    },
    {
      name: 'measures-for-the-command-line-only',
      severity: 'error',
      from: { path: '^(nodes|src/api)/' },
      to: { path: '^src/evaluation/' },
    },
    {
      name: 'surfaces-stand-side-by-side',
      severity: 'error',
      comment: 'The command line starts the REST surface, and a store node mounts it; nothing else crosses.',
      from: { path: '^src/api/' },
      to: { path: '^(nodes|src/cli)/' },
    },
    {
      name: 'dialogs-import-dialogs-only',
      severity: 'error',
      comment:
        'A dialog is bundled for the browser: it uses its own code, what all dialogs share, how results look, and the components.',
      from: { path: EDITOR },
      to: { pathNot: ['^nodes/$1/editor/', '^nodes/shared/editor/', '^src/display/', UI, '(^|/)node_modules/preact/'] },
    },
    {
      name: 'components-import-components-only',
      severity: 'error',
      comment: 'Bundled for the browser. Of the program they take the types of its answers, and how results look.',
      from: { path: UI },
      to: { pathNot: [UI, '^src/display/', '(^|/)node_modules/preact/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-else-imports-components',
      severity: 'error',
      from: { path: '^(src|nodes)/', pathNot: [EDITOR, UI] },
      to: { path: UI },
    },
    {
      name: 'nothing-else-imports-dialogs',
      severity: 'error',
      from: { path: '^(src|nodes)/', pathNot: EDITOR },
      to: { path: EDITOR },
    },
    { name: 'nobody-imports-nodes', severity: 'error', from: { path: '^src/' }, to: { path: '^nodes/' } },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { path: '^(src|nodes)/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    ownedBy('onnxruntime-node|piscina', 'src/inference/|src/engine/compute/'),
    ownedBy('lowdb', 'src/registry/'),
    ownedBy('pg', 'src/database/'),
    ownedBy('@opentelemetry/[a-z-]+', 'src/tracing/'),
    ownedBy('express|proxy-addr|@fastify/busboy', 'src/api/'),
    ownedBy('@grpc/(grpc-js|proto-loader|reflection)|grpc-health-check', 'src/api/grpc/'),
    ownedBy('ws', 'src/api/websocket/'),
    ownedBy('mqtt', 'src/mqtt/'),
    ownedBy('multicast-dns', 'src/api/wyoming/'),
    ownedBy('yaml', 'src/sources/'),
    ownedBy('classic-level|standardwebhooks', 'src/jobs/'),
    ownedBy('aws4fetch', 'src/jobs/s3/'),
    ownedBy('request-filtering-agent', 'src/net/'),
    ownedBy('@wasm-audio-decoders/flac|mpg123-decoder|ogg-opus-decoder|opus-decoder', 'src/audio/'),
    ownedBy('sip\\.js', 'src/audio/sip/'),
    ownedBy('sdp-transform|gstreamer-superficial', 'src/audio/'),
    ownedBy('string-width', 'src/(cli/output|display)/'),
    ownedBy('tar-stream|unbzip2-stream|yauzl', 'src/engine/models/'),
    {
      name: 'node-red-types-only-in-nodes',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '(^|/)node_modules/(@types/)?node-red/' },
    },
    {
      name: 'processes-only-in-audio',
      severity: 'error',
      comment: 'And for the trial of a model, which nothing else could stop.',
      from: { path: '^(src|nodes)/', pathNot: '^src/(audio/|engine/models/modelTrial\\.ts)' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'zod-at-the-edges',
      severity: 'error',
      comment: 'Configuration, surfaces, stored rows and manifests are checked; inside, types are trusted.',
      from: {
        path: '^(src|nodes)/',
        pathNot:
          '^(nodes|src/(api|cli|mqtt|sources|registry|sealing|files|database|jobs)|src/engine/config|src/evaluation/manifest|src/inference/(modelManifest|modelStore|modelIndex|frontEnd))',
      },
      to: { path: '(^|/)node_modules/zod/' },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      comment:
        'Development dependencies may be imported: what is not installed with the package, the build puts into dist/vendor.',
      from: { path: '^(src|nodes)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.d\\.ts$' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js'],
    },
  },
};
