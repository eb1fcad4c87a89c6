// Home Assistant of PyPI in a Debian of its own, since it needs a newer Python than most machines have.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Kept between runs: it takes ten minutes to make. */
const root = join(tmpdir(), 'voice-prints-home-assistant');
const DEBIAN = 'sid';
const PACKAGES = ['ca-certificates', 'python3', 'python3-venv', 'python3-dev', 'g++'];
/** What its own parts ask for when they start, beside what the package itself needs. */
const PARTS = ['api', 'config', 'conversation', 'frontend', 'hassio', 'mqtt', 'onboarding', 'wyoming', 'zeroconf'];
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** `version`: of Home Assistant, the latest by default. Returns the root folder, in which it is `/opt/ha/bin/hass`. */
export function installHomeAssistant({ isFresh, version }) {
  if (isFresh) rmSync(root, { recursive: true, force: true });
  if (!existsSync(join(root, 'etc/debian_version'))) {
    mkdirSync(root, { recursive: true });
    run('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, DEBIAN, root]);
  }
  for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/pip.conf', AUTHORITIES]) {
    if (existsSync(file)) cpSync(file, join(root, file), { dereference: true });
  }
  if (!existsSync(join(root, 'opt/complete'))) {
    inside(['python3', '-m', 'venv', '/opt/ha']);
    pip(['install', '--quiet', `homeassistant${version ? `==${version}` : ''}`]);
    writeFileSync(join(root, 'opt/requirements.py'), requirementsScript);
    const listed = spawnSync('chroot', [root, '/opt/ha/bin/python', '/opt/requirements.py', ...PARTS]);
    const requirements = listed.stdout.toString().split('\n').filter(Boolean);
    pip(['install', '--quiet', '--constraint', constraints(), ...requirements]);
    writeFileSync(join(root, 'opt/complete'), '');
  }
  return root;
}

/** Prints what these integrations and those they depend on need from PyPI. */
const requirementsScript = `
import json, pathlib, sys, homeassistant.components as parts
folder = pathlib.Path(parts.__path__[0])
wanted, seen, needs = list(sys.argv[1:]), set(), set()
from homeassistant.bootstrap import DEFAULT_INTEGRATIONS, CRITICAL_INTEGRATIONS, CORE_INTEGRATIONS
wanted += [*DEFAULT_INTEGRATIONS, *CRITICAL_INTEGRATIONS, *CORE_INTEGRATIONS]
while wanted:
    name = wanted.pop()
    manifest = folder / name / "manifest.json"
    if name in seen or not manifest.exists():
        continue
    seen.add(name)
    told = json.loads(manifest.read_text())
    needs.update(told.get("requirements", []))
    wanted += told.get("dependencies", [])
print("\\n".join(sorted(needs)))
`;

function constraints() {
  const script =
    'import homeassistant, pathlib; print(pathlib.Path(homeassistant.__file__).parent / "package_constraints.txt")';
  return spawnSync('chroot', [root, '/opt/ha/bin/python', '-c', script]).stdout.toString().trim();
}

const pip = (args) => inside(['/opt/ha/bin/pip', ...args]);
const inside = (command) => run('chroot', [root, ...command]);

function run(command, args) {
  const env = { ...process.env, LD_PRELOAD: '', PIP_CERT: AUTHORITIES, SSL_CERT_FILE: AUTHORITIES };
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed`);
}
